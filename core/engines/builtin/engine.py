"""The built-in engine: a source says the text, the conversion moves it toward the reference.

Needs no weights, no network and no graphics card.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.audio.samples import Audio
from core.engines.builtin import sources
from core.engines.builtin.card import CARD
from core.engines.builtin.conversion import Conversion, Manner, convert
from core.engines.builtin.fitting import fit
from core.engines.builtin.reference import ReferenceSpeech, analyse_reference
from core.engines.builtin.speech import Source
from core.engines.protocol import (
    Piece,
    Prompt,
    Reference,
    StopFlag,
    Unsaid,
    Utterance,
    Weights,
)
from core.errors import Cancelled, InputError, StudioError

MOST_CONVERSIONS = 8
"""Speaker and language pairs that are kept ready."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BuiltinPrompt:
    """A prepared reference; what a language needs of it is learnt when that is first spoken.

    Args:
        digest: The reference's.
        speech: What it sounds like.
        transcript: What it says, or None.
        language: In which language (ISO 639-1), or None.
    """

    digest: str
    speech: ReferenceSpeech
    transcript: str | None
    language: str | None

    @property
    def nbytes(self) -> int:
        return self.speech.nbytes

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """For `numpy.savez`; nothing in it needs unpickling."""
        return {
            "f0": self.speech.f0,
            "mcep": self.speech.mcep,
            "bap": self.speech.bap,
            "level_db": self.speech.level_db,
            "is_speech": self.speech.is_speech,
            "bandwidth_hz": np.array(self.speech.bandwidth_hz),
            "digest": np.array(self.digest),
            "transcript": np.array(self.transcript or ""),
            "language": np.array(self.language or ""),
        }

    @staticmethod
    def from_arrays(arrays: Mapping[str, NDArray[np.generic]]) -> BuiltinPrompt:
        """What `to_arrays` gave."""
        return BuiltinPrompt(
            digest=str(arrays["digest"]),
            speech=ReferenceSpeech(
                f0=arrays["f0"].astype(np.float64),
                mcep=arrays["mcep"].astype(np.float64),
                bap=arrays["bap"].astype(np.float64),
                level_db=arrays["level_db"].astype(np.float64),
                is_speech=arrays["is_speech"].astype(np.bool_),
                bandwidth_hz=float(arrays["bandwidth_hz"].astype(np.float64)),
            ),
            transcript=str(arrays["transcript"]) or None,
            language=str(arrays["language"]) or None,
        )


class Builtin:
    """The engine of `CARD`."""

    def load(self, weights: Weights | None, device: str) -> BuiltinSession:
        """Both arguments change nothing: the voices come in a package and run on the CPU."""
        del weights, device
        return BuiltinSession()


class BuiltinSession:
    """Voices are read when their language is first spoken."""

    def __init__(self) -> None:
        self._sources: dict[str, tuple[Source, ...]] = {}
        self._conversions: OrderedDict[tuple[str, str], Conversion] = OrderedDict()

    def prepare(self, reference: Reference) -> BuiltinPrompt:
        """Raises InputError when the reference holds too little speech."""
        speech = analyse_reference(
            reference.audio, least_s=CARD.reference_min_s, most_s=CARD.reference_max_s
        )
        prompt = BuiltinPrompt(
            digest=reference.digest,
            speech=speech,
            transcript=(reference.transcript or "").strip() or None,
            language=reference.language,
        )
        if prompt.language in CARD.languages:
            self._conversion(prompt, prompt.language)
        return prompt

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> BuiltinPrompt:
        """A prompt from the disk, instead of seconds of analysis."""
        return BuiltinPrompt.from_arrays(arrays)

    def speak(
        self,
        prompt: Prompt,
        batch: Sequence[Utterance],
        settings: Mapping[str, float],
        stop: StopFlag,
    ) -> Iterator[Piece]:
        """One after the other, each on its own, so that company changes nothing."""
        assert isinstance(prompt, BuiltinPrompt)
        manner = read_manner(settings)
        unsaid: dict[int, StudioError] = {}
        for position, utterance in enumerate(batch):
            _check(stop)
            random = np.random.default_rng(abs(utterance.seed))
            try:
                conversion = self._conversion(prompt, utterance.language)
                samples = convert(
                    conversion, utterance.text, manner, random, between=lambda: _check(stop)
                )
            except StudioError as error:
                unsaid[position] = error
                continue
            audio = Audio(samples=samples.astype(np.float32), rate=CARD.rate)
            yield Piece(position=position, audio=audio)
        if unsaid:
            raise Unsaid(unsaid)

    def close(self) -> None:
        self._sources.clear()
        self._conversions.clear()

    def _conversion(self, prompt: BuiltinPrompt, language: str) -> Conversion:
        """Learnt once for each speaker and language; the oldest are forgotten."""
        key = (prompt.digest, language)
        if key not in self._conversions:
            self._conversions[key] = fit(
                prompt.speech,
                transcript=prompt.transcript,
                spoken_language=prompt.language,
                language=language,
                sources=self._sources_for,
            )
            while len(self._conversions) > MOST_CONVERSIONS:
                self._conversions.popitem(last=False)
        self._conversions.move_to_end(key)
        return self._conversions[key]

    def _sources_for(self, language: str) -> tuple[Source, ...]:
        if language not in self._sources:
            found = sources.sources_for(language)
            if not found:
                some = ", ".join(CARD.languages[:8])
                raise InputError(
                    f"The built-in engine does not speak “{language}”.",
                    f"It speaks {len(CARD.languages)} languages, such as {some}.",
                )
            self._sources[language] = found
        return self._sources[language]


def read_manner(settings: Mapping[str, float]) -> Manner:
    """Settings by knob name, held inside the knobs' ranges."""
    value = {
        knob.name: min(knob.high, max(knob.low, settings.get(knob.name, knob.default)))
        for knob in CARD.knobs
    }
    return Manner(
        speed=value["speed"],
        semitones=value["pitch"],
        expressiveness=value["expressiveness"],
        similarity=value["similarity"],
    )


def _check(stop: StopFlag) -> None:
    if stop.is_set():
        raise Cancelled
