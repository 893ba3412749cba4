from __future__ import annotations

import dataclasses
import io
import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.engines.protocol import Utterance
from core.memory.cost import CostModel, StageCost
from core.memory.ladder import Origin
from core.memory.moments import Kind, MemoryEvent
from core.memory.picture import Split
from core.memory.plan import Limits
from core.synthesis import wire

text = st.text(max_size=30)
whole = st.integers(0, 2**53)
number = st.floats(allow_nan=False, allow_infinity=False)
samples = arrays(np.float32, st.integers(0, 50), elements=st.floats(width=32))
counts = st.none() | whole
stages = st.builds(
    StageCost, name=text, fixed_bytes=whole, per_unit_bytes=number, per_unit2_bytes=number
)
costs = st.none() | st.builds(
    CostModel, stages=st.dictionaries(text, stages), weights_bytes=whole, dtype=text
)
events = st.builds(
    MemoryEvent,
    kind=st.sampled_from(Kind),
    at_s=number,
    text=text,
    needed_bytes=counts,
    free_bytes=counts,
)
messages = st.one_of(
    st.builds(
        wire.Load,
        factory=text,
        device=text,
        devices=st.lists(text).map(tuple),
        engine=text,
        prompts=st.none() | text,
        calibration=st.none() | text,
        cap_bytes=counts,
        cost=costs,
        limits=st.builds(Limits, dtypes=st.lists(text).map(tuple), chunk=whole),
        units_per_char=number,
    ),
    st.builds(
        wire.Speak,
        number=whole,
        digest=text,
        transcript=st.none() | text,
        language=st.none() | text,
        rate=whole,
        utterances=st.lists(st.builds(Utterance, text=text, language=text, seed=whole)).map(tuple),
        places=st.lists(whole).map(tuple),
        settings=st.dictionaries(text, number),
        wants_early=st.booleans(),
        more=st.lists(st.builds(wire.Stretch, n_samples=whole, rate=whole)).map(tuple),
        samples=samples,
    ),
    st.builds(wire.Stop, number=whole),
    st.builds(wire.Clear, number=whole),
    st.builds(
        wire.Measure,
        number=whole,
        rate=whole,
        reference_s=st.lists(number).map(tuple),
        utterances=st.just(()),
        settings=st.dictionaries(text, number),
        max_batch=whole,
        samples=samples,
    ),
    st.just(wire.Loaded()),
    st.builds(wire.Prepared, number=whole),
    st.builds(wire.Sounding, number=whole, start=whole, rate=whole, samples=samples),
    st.builds(
        wire.Spoken,
        number=whole,
        position=whole,
        rate=whole,
        wall_s=number,
        peak_bytes=st.none() | whole,
        origin=st.builds(Origin, device=text, dtype=st.none() | text, instead_of=st.none() | text),
        samples=samples,
    ),
    st.builds(wire.Working, number=whole),
    st.builds(wire.Finished, number=whole, is_stopped=st.booleans()),
    st.builds(
        wire.Refused, number=whole, code=text, message=text, hint=text, in_batch=st.booleans()
    ),
    st.builds(
        wire.Broken, number=whole, fault=text, is_memory=st.booleans(), is_fatal=st.booleans()
    ),
    st.builds(
        wire.Told,
        number=whole,
        device=text,
        uuid=st.none() | text,
        split=st.builds(Split, weights_bytes=counts, ours_bytes=counts),
        batch=counts,
        predicted_bytes=counts,
        peak_bytes=counts,
        budget_bytes=counts,
        n_said=whole,
        is_settled=st.booleans(),
        events=st.lists(events, max_size=3).map(tuple),
    ),
    st.builds(
        wire.Measured,
        number=whole,
        peak=st.none() | st.builds(wire.Peak, stage=text, n=whole, batch=whole, peak_bytes=whole),
        is_last=st.booleans(),
        cost=costs,
        budget_bytes=counts,
    ),
)


def frame_of(message: wire.Message) -> bytes:
    stream = io.BytesIO()
    wire.write(stream, message)
    return stream.getvalue()


def frame(header: bytes, payload: bytes = b"") -> bytes:
    return struct.pack(">4sII", wire.MARK, len(header), len(payload)) + header + payload


def values(message: wire.Message) -> dict[str, object]:
    return {
        each.name: value.tobytes() if isinstance(value, np.ndarray) else value
        for each in dataclasses.fields(message)
        for value in [getattr(message, each.name)]
    }


@given(st.lists(messages, max_size=4))
def test_what_is_written_is_read(sent: list[wire.Message]) -> None:
    stream = io.BytesIO(b"".join(frame_of(each) for each in sent))
    for message in sent:
        received = wire.read(stream)
        assert type(received) is type(message)
        assert values(received) == values(message)
    assert wire.read(stream) is None


@given(messages, st.data())
def test_a_stream_that_ends_inside_a_frame_is_an_error(
    message: wire.Message, data: st.DataObject
) -> None:
    whole_frame = frame_of(message)
    cut = data.draw(st.integers(1, len(whole_frame) - 1))
    with pytest.raises(wire.WireError):
        wire.read(io.BytesIO(whole_frame[:cut]))


@given(st.binary(min_size=1))
def test_random_bytes_are_an_error(junk: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.read(io.BytesIO(junk))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=10,
)


@given(messages, st.data())
def test_a_message_with_one_wrong_field_is_an_error_or_another_message(
    message: wire.Message, data: st.DataObject
) -> None:
    stream = io.BytesIO(frame_of(message))
    _, n_header, _ = struct.unpack(">4sII", stream.read(12))
    header, payload = json.loads(stream.read(n_header)), stream.read()
    name = data.draw(st.sampled_from([*header, "unknown"]))
    header[name] = data.draw(json_values)
    spoiled = io.BytesIO(frame(json.dumps(header).encode(), payload))
    try:
        received = wire.read(spoiled)
    except wire.WireError:
        return
    # The new value happened to fit: then it arrived with the type that it must have.
    assert received is not None
    assert name in values(received) or name == "kind"
    assert frame_of(received)


@pytest.mark.parametrize(
    "bad",
    [
        frame(b"[" * 100_000),
        frame(b"{}"),
        frame(b"[1]"),
        frame(b'{"kind": ["stop"]}'),
        frame(b'{"kind": "stop"}'),
        frame(b'{"kind": "stop", "number": true}'),
        frame(b'{"kind": "stop", "number": 1}', b"1234"),
        frame(b'{"kind": "stop", "number": 1, "samples": 2}'),
        frame(b"\xff\xfe"),
        frame(
            b'{"kind":"spoken","number":1,"position":0,"rate":1,"wall_s":0,"peak_bytes":1}', b"1"
        ),
        frame(b'{"kind":"spoken","number":1,"position":0,"rate":1,"wall_s":NaN,"peak_bytes":1}'),
        frame(b'{"kind":"spoken","number":1,"position":0,"rate":1,"wall_s":1e999,"peak_bytes":1}'),
        frame(
            b'{"kind":"spoken","number":1,"position":0,"rate":1,"wall_s":1%s,"peak_bytes":1}'
            % (b"0" * 400)
        ),
    ],
)
def test_what_nobody_sends_is_an_error(bad: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.read(io.BytesIO(bad))


@pytest.mark.parametrize(
    ("n_header", "n_payload"),
    [(wire.HEADER_MAX_BYTES + 1, 0), (2, wire.PAYLOAD_MAX_BYTES + 1), (2**32 - 1, 2**32 - 1)],
)
def test_lengths_are_checked_before_anything_is_read(n_header: int, n_payload: int) -> None:
    stream = io.BytesIO(struct.pack(">4sII", wire.MARK, n_header, n_payload) + b"x" * 100)
    with pytest.raises(wire.WireError, match="too large"):
        wire.read(stream)
    assert stream.tell() == 12


def test_too_much_is_not_sent() -> None:
    with pytest.raises(ValueError, match="too large"):
        wire.write(
            io.BytesIO(),
            wire.Broken(
                number=1, fault="x" * wire.HEADER_MAX_BYTES, is_memory=False, is_fatal=False
            ),
        )


def a_speak(n_samples: int, *lengths: int) -> wire.Speak:
    return wire.Speak(
        number=1, digest="", transcript=None, language=None, rate=8000, utterances=(), places=(),
        settings={}, more=tuple(wire.Stretch(n_samples=n, rate=9000) for n in lengths),
        samples=np.arange(n_samples, dtype=np.float32),
    )  # fmt: skip


def test_recordings_that_travel_together_come_apart_again() -> None:
    sounds = a_speak(10, 3, 2).sounds()
    assert [(each.samples.tolist(), each.rate) for each in sounds] == [
        ([0, 1, 2, 3, 4], 8000),
        ([5, 6, 7], 9000),
        ([8, 9], 9000),
    ]


@pytest.mark.parametrize("lengths", [(6,), (3, 3), (-1,), (7, -2)])
def test_recordings_longer_than_what_came_are_an_error(lengths: tuple[int, ...]) -> None:
    with pytest.raises(wire.WireError):
        a_speak(5, *lengths).sounds()
