"""What the page process and the engine process say to each other, and its bytes.

A frame is a mark (4 bytes), the length of its header and of its payload (u32 each, big endian),
the header (a JSON object: the message's kind and fields) and the payload (samples, f32 little
endian). Both lengths are capped before anything is read. Nothing is ever unpickled.
"""

from __future__ import annotations

import dataclasses
import json
import struct
import sys
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, BinaryIO

import numpy as np

from core.audio.samples import Audio, Samples
from core.engines.protocol import Utterance
from core.memory.cost import CostModel
from core.memory.ladder import Origin
from core.memory.moments import MemoryEvent
from core.memory.picture import Split
from core.memory.plan import Limits

MARK = b"TMB1"
HEADER_MAX_BYTES = 4 << 20
PAYLOAD_MAX_BYTES = 256 << 20
_HEAD = struct.Struct(">4sII")


class WireError(Exception):
    """The bytes are no frame, or a frame that nobody sends."""


def _no_sound() -> Samples:
    return np.zeros(0, dtype=np.float32)


# To the engine process


@dataclass(frozen=True, kw_only=True)
class Model:
    """A chosen model: `core.engines.protocol.Weights` as it travels."""

    name: str
    files: Mapping[str, str]
    digest: str
    copies: str | None


@dataclass(frozen=True, kw_only=True)
class Load:
    """Load an engine; the first message, and sent once.

    Args:
        factory: As on its card.
        device: As in `--device`.
        devices: As on its card.
        engine: Name and version, and what the model is, if one was chosen.
        model: The chosen model; None for an engine that carries its own.
        prompts: Folder in which prepared references are kept, or None.
        calibration: File in which measured costs are kept, or None.
        cap_bytes: Most memory that the person allows; None for what there is.
        cost: As on its card.
        limits: As on its card.
        units_per_char: As on its card.
    """

    factory: str
    device: str
    devices: tuple[str, ...]
    engine: str
    model: Model | None
    prompts: str | None
    calibration: str | None
    cap_bytes: int | None
    cost: CostModel | None
    limits: Limits
    units_per_char: float


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Where one sound ends and the next begins in a row of samples.

    Args:
        n_samples: Of it.
        rate: Hz.
    """

    n_samples: int
    rate: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Speak:
    """Say a batch. An empty one has the reference prepared, for later.

    Args:
        number: Counts up by one; every answer carries it.
        places: Of each utterance its place in the text, from 0, for the guard's sentences.
        more: Further recordings, which follow the reference in the samples.
        wants_early: Somebody listens to the one utterance while it is made.
        languages: Of the text that is being said, as far as it is still to come: what one of
            them needs is not given back between two batches.
        samples: The reference: f32 [T] at `rate` (Hz), then `more`.
    """

    number: int
    digest: str
    transcript: str | None
    language: str | None
    rate: int
    utterances: tuple[Utterance, ...]
    places: tuple[int, ...]
    settings: dict[str, float]
    more: tuple[Stretch, ...] = ()
    wants_early: bool = False
    languages: tuple[str, ...] = ()
    samples: Samples = field(default_factory=_no_sound)

    def sounds(self) -> list[Audio]:
        """The reference, then the further recordings. Raises WireError where they do not fit."""
        lengths = [each.n_samples for each in self.more]
        rest = len(self.samples) - sum(lengths)
        if rest < 0 or min([rest, *lengths]) < 0:
            raise WireError(f"{len(self.samples)} samples hold no recordings of {lengths}")
        sounds, at = [], 0
        for n, rate in [(rest, self.rate), *((each.n_samples, each.rate) for each in self.more)]:
            sounds.append(Audio(samples=self.samples[at : at + n], rate=rate))
            at += n
        return sounds


@dataclass(frozen=True, kw_only=True)
class Stop:
    """Stop saying this batch and every one before it."""

    number: int


@dataclass(frozen=True, kw_only=True)
class Clear:
    """Give back what is held and not used; answered by `Told`."""

    number: int


@dataclass(frozen=True, kw_only=True)
class Measure:
    """Find out what references and texts of growing length take; answered by `Measured`.

    Args:
        samples: The reference: f32 [T] at `rate` (Hz), the longest of those that are measured.
        reference_s: Lengths of reference to prepare (s), ascending.
        utterances: Texts of growing length.
    """

    number: int
    rate: int
    reference_s: tuple[float, ...]
    utterances: tuple[Utterance, ...]
    settings: dict[str, float]
    max_batch: int
    samples: Samples = field(default_factory=_no_sound)


# From the engine process


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The engine is ready."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """The reference is understood; the batch begins."""

    number: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Sounding:
    """A part of the one utterance that is being made, for who listens already.

    Args:
        start: Samples of it that came before.
        samples: f32 [T] at `rate` (Hz).
    """

    number: int
    start: int
    rate: int
    samples: Samples = field(default_factory=_no_sound)


@dataclass(frozen=True, kw_only=True, eq=False)
class Spoken:
    """One utterance is finished.

    Args:
        position: Place in the batch.
        wall_s: Time since the one before it, or since the batch began (s).
        peak_bytes: Highest resident memory of the process so far; None where not known.
        origin: With what it was made.
        verdict: What the engine's own check had to say about it; empty: all is well.
        samples: f32 [T] at `rate` (Hz).
    """

    number: int
    position: int
    rate: int
    wall_s: float
    peak_bytes: int | None
    origin: Origin
    verdict: str
    samples: Samples = field(default_factory=_no_sound)


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The batch is over: all of it was said, or it was stopped."""

    number: int
    is_stopped: bool


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A `StudioError` of the engine, which goes on living.

    Args:
        number: 0 while loading.
        code: As in `core.errors.ERRORS`.
        in_batch: It came while the batch was being said, not before.
    """

    number: int
    code: str
    message: str
    hint: str
    in_batch: bool


@dataclass(frozen=True, kw_only=True)
class Broken:
    """Something that the engine did not foresee; its process should not be used again.

    Args:
        number: 0 while loading.
        fault: Class and message of the exception; its traceback is in the log.
        is_memory: There was not enough memory.
        is_fatal: The device is lost to this process.
    """

    number: int
    fault: str
    is_memory: bool
    is_fatal: bool


@dataclass(frozen=True, kw_only=True)
class Working:
    """A sign of life between two pieces: the engine is at work on this batch."""

    number: int


@dataclass(frozen=True, kw_only=True)
class Told:
    """How memory stands, and what the guard did since it was last told. Once a piece at most,
    and when the guard takes a step.

    Args:
        number: Of the batch; 0 while loading.
        device: Where the engine runs.
        uuid: Of that card in NVML's spelling.
        split: What memory is used for now.
        batch: Utterances said at once; None between batches.
        predicted_bytes: Peak that was foreseen for this batch.
        peak_bytes: Highest since the batch began.
        budget_bytes: What may be used.
        n_said: Utterances that this process has said.
        is_settled: A batch is over: what lives now stays.
        events: Oldest first.
    """

    number: int
    device: str
    uuid: str | None
    split: Split
    batch: int | None
    predicted_bytes: int | None
    peak_bytes: int | None
    budget_bytes: int | None
    n_said: int
    is_settled: bool
    events: tuple[MemoryEvent, ...]


@dataclass(frozen=True, kw_only=True)
class Peak:
    """One measured run.

    Args:
        stage: As in the costs.
        n: Length: of the reference in seconds, of a text in characters.
        batch: Rows.
        peak_bytes: Above what was in use before.
    """

    stage: str
    n: int
    batch: int
    peak_bytes: int


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One run of `Measure`, and with `is_last` the end of it.

    Args:
        peak: None where it did not fit.
        cost: As fitted, with the last.
        budget_bytes: What may be used.
    """

    number: int
    peak: Peak | None
    is_last: bool
    cost: CostModel | None
    budget_bytes: int | None


Message = (
    Load | Speak | Stop | Clear | Measure
    | Loaded | Prepared | Sounding | Spoken | Finished | Refused | Broken | Working | Told
    | Measured
)  # fmt: skip

_KINDS: dict[str, type[Message]] = {
    kind.__name__.lower(): kind for kind in typing.get_args(Message)
}


def write(stream: BinaryIO, message: Message) -> None:
    """Send a message and flush. Raises OSError when nobody listens, ValueError when too large."""
    fields = {
        each.name: getattr(message, each.name)
        for each in dataclasses.fields(message)
        if each.name != "samples"
    }
    header = json.dumps(
        {"kind": type(message).__name__.lower(), **fields}, default=_plain, allow_nan=False
    ).encode("ascii")
    samples: Samples = getattr(message, "samples", _no_sound())
    payload = np.ascontiguousarray(samples, dtype="<f4")
    if len(header) > HEADER_MAX_BYTES or payload.nbytes > PAYLOAD_MAX_BYTES:
        raise ValueError(f"a message of {len(header)} + {payload.nbytes} bytes is too large")
    stream.write(_HEAD.pack(MARK, len(header), payload.nbytes))
    stream.write(header)
    stream.write(payload.data)
    stream.flush()


def read(stream: BinaryIO) -> Message | None:
    """The next message, or None where the stream ends between two. Raises WireError."""
    head = stream.read(_HEAD.size)
    if not head:
        return None
    if len(head) < _HEAD.size:
        raise WireError("the stream ends inside a frame")
    mark, n_header, n_payload = _HEAD.unpack(head)
    if mark != MARK:
        raise WireError(f"a frame begins with {mark!r}")
    if n_header > HEADER_MAX_BYTES or n_payload > PAYLOAD_MAX_BYTES:
        raise WireError(f"a frame of {n_header} + {n_payload} bytes is too large")
    header, payload = stream.read(n_header), stream.read(n_payload)
    if len(header) < n_header or len(payload) < n_payload:
        raise WireError("the stream ends inside a frame")
    return _message(header, payload)


def _message(header: bytes, payload: bytes) -> Message:
    try:
        fields = json.loads(header)
    except (ValueError, RecursionError) as error:
        raise WireError("a header is not JSON") from error
    kind = _KINDS.get(str(fields.pop("kind", None))) if isinstance(fields, dict) else None
    if kind is None:
        raise WireError("a header names no known kind of message")
    if any(each.name == "samples" for each in dataclasses.fields(kind)):
        if len(payload) % 4:
            raise WireError("a payload is no row of samples")
        fields["samples"] = np.frombuffer(payload, dtype="<f4").astype(np.float32)
    elif payload:
        raise WireError(f"{kind.__name__} carries no payload")
    return typing.cast("Message", _build(kind, fields))


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} does not travel")


def _build(kind: type[Any], fields: dict[str, Any]) -> object:
    hints = typing.get_type_hints(kind)
    if fields.keys() != hints.keys():
        raise WireError(f"{kind.__name__} has other fields than {sorted(fields)}")
    samples = {name: fields.pop(name) for name in ("samples",) if name in fields}
    return kind(**samples, **{name: _value(hints[name], each) for name, each in fields.items()})


def _value(hint: Any, value: Any) -> Any:
    """`value` as a `hint`. Raises WireError where it is something else."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType:
        return None if value is None else _value(inner[0], value)
    if origin is tuple and isinstance(value, list):
        return tuple(_value(inner[0], each) for each in value)
    if origin in (dict, Mapping) and isinstance(value, dict):
        return {key: _value(inner[1], each) for key, each in value.items()}
    if dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return _build(typing.cast("type[Any]", hint), value)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        try:
            return hint(value)
        except ValueError as error:
            raise WireError(f"{str(value)[:40]!r} is no {hint.__name__}") from error
    # JSON may write a float without its point, and to Python a bool is an int.
    is_float = hint is float and type(value) in (float, int) and abs(value) <= sys.float_info.max
    if is_float or (hint in (str, int, bool) and type(value) is hint):
        return hint(value)
    raise WireError(f"{str(value)[:40]!r} is no {hint}")
