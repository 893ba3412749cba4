"""Generating is over before decoding begins, and is not done twice."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Generator, Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from core.audio.samples import Audio
from core.engines.phases import MAX_WAITING, Phases
from core.engines.protocol import Piece, Unsaid, Utterance
from core.errors import Cancelled, InputError, StudioError
from core.memory.guard import Guard
from core.memory.ladder import Ladder, Way
from core.synthesis.resident import Resident
from tests.fakes import FakePrompt

Tokens = NDArray[np.int64]
RATE = 8000


class Keys:
    """Stands for the keys and values of a batch."""


class Voice:
    """Makes a token per character and a sample per token; its decoder takes small chunks only.

    Args:
        fails_above: Chunks larger than this run out of memory.
    """

    def __init__(self, fails_above: int = 1000) -> None:
        self.phases: Phases[Tokens] = Phases()
        self.prompt = FakePrompt(100.0)
        self.generated: list[str] = []
        self.chunk = 32
        self.fails_above = fails_above
        self.fails_to_generate_after: int | None = None
        self._keys: weakref.ref[Keys] | None = None

    def speak(
        self, batch: Sequence[Utterance], stop: threading.Event | None = None
    ) -> Iterator[Piece]:
        return self.phases.speak(
            self.prompt,
            batch,
            {},
            stop or threading.Event(),
            generate=self.generate,
            decode=self.decode,
            units=len,
        )

    def generate(
        self, batch: Sequence[Utterance]
    ) -> Generator[tuple[int, Tokens | StudioError], None, None]:
        keys = Keys()
        self._keys = weakref.ref(keys)
        for place, said in reversed(list(enumerate(batch))):  # the shortest may be ready first
            if self.fails_to_generate_after == len(self.generated):
                self.fails_to_generate_after = None
                raise MemoryError
            self.generated.append(said.text)
            yield place, np.array([ord(each) for each in said.text])

    def decode(self, tokens: Tokens) -> Audio:
        assert self._keys is not None
        assert self._keys() is None, "keys and values live while a sound is decoded"
        if self.chunk > self.fails_above:
            raise MemoryError
        return Audio(samples=(tokens / 1000).astype(np.float32), rate=RATE)


def said(*texts: str) -> list[Utterance]:
    return [Utterance(text=text, language="en", seed=0) for text in texts]


def sounds(pieces: Iterator[Piece]) -> list[bytes]:
    return [piece.audio.samples.tobytes() for piece in pieces]


def test_no_keys_and_values_live_when_the_first_sound_is_decoded() -> None:
    voice = Voice()
    pieces = list(voice.speak(said("one", "three", "five")))
    assert [piece.position for piece in pieces] == [0, 1, 2]
    assert [piece.units for piece in pieces] == [3, 5, 4]


def test_a_decoder_that_runs_out_of_memory_costs_no_token() -> None:
    batch = said("one", "three", "five", "seven")
    expected = sounds(Voice().speak(batch))
    voice = Voice(fails_above=8)
    guard = Guard(Resident(), clock=lambda: 0.0, sink=lambda _: None)

    def say(way: Way, keys: tuple[int, ...]) -> Iterator[tuple[int, bytes]]:
        voice.chunk = way.decode_chunk
        for piece in voice.speak([batch[key] for key in keys]):
            yield keys[piece.position], piece.audio.samples.tobytes()

    made = dict(
        guard.each(
            "speak",
            say,
            range(len(batch)),
            Way(batch=4, decode_chunk=32),
            ladder=Ladder(cpu_dtype=None),
        )
    )
    assert [made[at] for at in range(len(batch))] == expected
    assert sorted(voice.generated) == ["five", "one", "seven", "three"]


class ParticularVoice(Voice):
    """Cannot read what begins with `?`, and has no sound for what begins with `!`."""

    def generate(
        self, batch: Sequence[Utterance]
    ) -> Generator[tuple[int, Tokens | StudioError], None, None]:
        readable = [at for at, each in enumerate(batch) if each.text[0] != "?"]
        for at in set(range(len(batch))) - set(readable):
            yield at, InputError(f"{batch[at].text} cannot be read.")
        for place, tokens in super().generate([batch[at] for at in readable]):
            yield readable[place], tokens

    def decode(self, tokens: Tokens) -> Audio:
        if tokens[0] == ord("!"):
            raise StudioError("It is silent.")
        return super().decode(tokens)


def test_what_cannot_be_said_costs_no_other_of_its_batch_and_is_named() -> None:
    batch = said("one", "?two", "three", "!four", "five")
    pieces = []
    with pytest.raises(Unsaid) as refusal:
        pieces.extend(ParticularVoice().speak(batch))
    assert [piece.position for piece in pieces] == [0, 2, 4]
    good = [batch[at] for at in (0, 2, 4)]
    assert sounds(iter(pieces)) == sounds(Voice().speak(good))
    assert {at: error.message for at, error in refusal.value.errors.items()} == {
        1: "?two cannot be read.",
        3: "It is silent.",
    }
    assert (refusal.value.code, refusal.value.message) == ("input", "?two cannot be read.")


def test_the_same_words_twice_are_said_twice() -> None:
    pieces = list(Voice().speak(said("one", "one")))
    assert [piece.position for piece in pieces] == [0, 1]


def test_rows_that_were_generated_before_a_failure_are_kept() -> None:
    voice = Voice()
    voice.fails_to_generate_after = 2
    batch = said("one", "three", "five")
    with pytest.raises(MemoryError):
        list(voice.speak(batch))
    assert len(list(voice.speak(batch))) == 3
    assert sorted(voice.generated) == ["five", "one", "three"]


def test_another_voice_begins_anew_and_what_waits_is_bounded() -> None:
    voice = Voice(fails_above=8)
    many = said(*(f"number {at}" for at in range(2 * MAX_WAITING)))
    with pytest.raises(MemoryError):
        list(voice.speak(many))
    assert len(voice.phases._waiting) == MAX_WAITING
    voice.prompt, voice.chunk = FakePrompt(200.0), 8
    before = len(voice.generated)
    list(voice.speak(many[-1:]))
    assert len(voice.generated) == before + 1


def test_stop_is_heard_between_two_sounds() -> None:
    voice, stop = Voice(), threading.Event()
    pieces = voice.speak(said("one", "two"), stop)
    next(pieces)
    stop.set()
    with pytest.raises(Cancelled):
        next(pieces)
