"""Voices for tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.audio.samples import Audio, Note, ReferenceReport, Span
from core.voices.library import VoiceLibrary
from core.voices.voice import Voice

REPORT = ReferenceReport(
    seconds=1.0,
    speech_s=0.8,
    snr_db=31.25,
    clipped=0.0,
    loudness_lufs=None,
    bandwidth_hz=7_800.0,
    notes=(Note(code="snr_good", text="Clean: 31 dB", value=31.25),),
)


def a_sound(seed: int = 0, seconds: float = 1.0, rate: int = 16_000) -> Audio:
    noise = np.random.default_rng(seed).uniform(-0.9, 0.9, round(seconds * rate))
    return Audio(samples=noise.astype(np.float32), rate=rate)


def add_voice(library: VoiceLibrary, **changes: Any) -> Voice:
    given: dict[str, Any] = {
        "audio": a_sound(),
        "name": "Ada",
        "transcript": "It was a bright cold day.",
        "language": "en",
        "span": Span(start_s=2.5, stop_s=3.5),
        "report": REPORT,
        "statement": "This is my own voice.",
    }
    given.update(changes)
    return library.add(given.pop("audio"), **given)
