"""How near the built-in engine comes to real speakers, and what it costs.

    python -m benchmarks.fidelity --voices DIR [--sentences N] [--json OUT] [--markdown OUT]

`DIR` holds one folder per speaker (see benchmarks/fetch_voices.py). Every speaker says English
sentences; speakers of other languages also say their own held sentences. Needs
benchmarks/requirements.txt. Set OMP_NUM_THREADS=1 for figures of one core.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.fidelity_texts import SENTENCES
from benchmarks.measures import (
    Likeness,
    Naturalness,
    Recogniser,
    at_16k,
    distortion_db,
    mel_cepstra,
    spoken_s,
)
from core.audio.samples import Audio

Say = Callable[[str, str], tuple[np.ndarray, int]]
"""(text, language) -> (samples, rate)."""


@dataclass(frozen=True, kw_only=True)
class Speaker:
    name: str
    language: str
    reference: Audio
    transcript: str
    held: tuple[tuple[np.ndarray, str], ...]
    """(samples at 16 kHz, what they say)."""

    @property
    def person(self) -> str:
        return self.name.split("_")[1]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One system on one speaker; None where it cannot be measured."""

    system: str
    speaker: str
    similarity: float
    best_other: float
    wrong_words: int
    n_words: int
    naturalness: float
    distortion_db: float | None
    f0_deviation: float
    duration_deviation: float | None
    real_time_factor: float


class Bench:
    """The measuring instruments, and what they say of the real speakers."""

    def __init__(self, speakers: Sequence[Speaker], n_sentences: int) -> None:
        self.speakers = speakers
        self.sentences = SENTENCES[:n_sentences]
        english = [text for one in speakers if one.language == "en" for _, text in one.held]
        self.recogniser = Recogniser([*SENTENCES, *english])
        self.likeness = Likeness()
        self.naturalness = Naturalness()
        self.centres = {
            one.name: self.likeness.centre(sound for sound, _ in one.held) for one in speakers
        }
        self.f0 = {one.name: _median_f0(sound for sound, _ in one.held) for one in speakers}

    def measure(self, system: str, speaker: Speaker, say: Say) -> Row:
        """Say everything and compare with the speaker."""
        started, sounds = time.process_time(), []
        seconds = 0.0
        for sentence in self.sentences:
            samples, rate = say(sentence, "en")
            seconds += len(samples) / rate
            sounds.append(at_16k(samples, rate))
        real_time_factor = (time.process_time() - started) / seconds
        wrong, total = np.sum(
            [self.recogniser.errors(x, s) for x, s in zip(sounds, self.sentences, strict=True)],
            axis=0,
        )
        similarity, best_other = self._similarity(speaker, sounds)
        own = [(at_16k(*say(text, speaker.language)), real) for real, text in speaker.held[:3]]
        made_s, real_s = (sum(spoken_s(pair[i]) for pair in own) for i in (0, 1))
        return Row(
            system=system,
            speaker=speaker.name,
            similarity=similarity,
            best_other=best_other,
            wrong_words=int(wrong),
            n_words=int(total),
            naturalness=float(np.mean([self.naturalness.score(x) for x in sounds[:6]])),
            distortion_db=_mean(distortion_db(made, real) for made, real in own),
            f0_deviation=_median_f0(sounds[:5]) / self.f0[speaker.name] - 1,
            duration_deviation=made_s / real_s - 1 if real_s else None,
            real_time_factor=real_time_factor,
        )

    def measure_real(self, speaker: Speaker) -> Row:
        """The speaker's own held sentences: the ceiling of every measure."""
        errors = (0, 0)
        if speaker.language == "en":
            errors = tuple(
                np.sum([self.recogniser.errors(x, text) for x, text in speaker.held], axis=0)
            )
        reference = at_16k(speaker.reference.samples, speaker.reference.rate)
        similarity, best_other = self._similarity(speaker, [reference])
        return Row(
            system="real speech",
            speaker=speaker.name,
            similarity=similarity,
            best_other=best_other,
            wrong_words=int(errors[0]),
            n_words=int(errors[1]),
            naturalness=float(np.mean([self.naturalness.score(x) for x, _ in speaker.held[:6]])),
            distortion_db=None,
            f0_deviation=_median_f0([reference]) / self.f0[speaker.name] - 1,
            duration_deviation=None,
            real_time_factor=0.0,
        )

    def _similarity(self, speaker: Speaker, sounds: Sequence[np.ndarray]) -> tuple[float, float]:
        voices = np.array([self.likeness.embed(sound) for sound in sounds[:8]])
        others = [
            float((voices @ self.centres[one.name]).mean())
            for one in self.speakers
            if one.person != speaker.person
        ]
        return float((voices @ self.centres[speaker.name]).mean()), max(others, default=0.0)


def read_speaker(folder: Path) -> Speaker:
    """A speaker's folder, as benchmarks/fetch_voices.py describes it."""
    about = json.loads((folder / "voice.json").read_text())
    samples, rate = soundfile.read(folder / about["reference_joined"]["file"], dtype="float32")
    return Speaker(
        name=about["voice"],
        language=about["language"][:2],
        reference=Audio(samples=samples, rate=rate),
        transcript=about["reference_joined"]["text"],
        held=tuple(
            (at_16k(*soundfile.read(folder / one["file"])), one["text"]) for one in about["held"]
        ),
    )


def _mean(values: Iterable[float]) -> float | None:
    listed = list(values)
    return float(np.mean(listed)) if listed else None


def _median_f0(sounds: Iterable[np.ndarray]) -> float:
    tracks = [mel_cepstra(sound) for sound in sounds]
    voiced = np.concatenate([f0[speech & (f0 > 0)] for _, speech, f0 in tracks])
    return float(np.median(voiced))
