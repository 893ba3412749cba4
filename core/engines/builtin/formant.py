"""The formant voice of a language, in the small steps that learning and stopping need."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import soxr

from core.engines.builtin import world
from core.engines.builtin.espeak import espeak
from core.engines.builtin.japanese import to_kana
from core.engines.builtin.sources import SPEECH_RANGE_DB, EspeakSource, espeak_sources

LEAST_CLAUSE_CHARS = 40
"""Shorter clauses are said together with the next."""

LONGEST_CLAUSE_CHARS = 110
"""About 7 s of speech, which WORLD describes in about a second."""


def formant_voice(language: str, *, is_female: bool) -> EspeakSource | None:
    """eSpeak NG's voice of a language; None where it has none."""
    found = [one for one in espeak_sources(language) if one.is_female == is_female]
    return found[0] if found else None


def speech_s(source: EspeakSource, text: str, speed: float) -> float:
    """How long a text takes, pauses left out (s), without describing its sound."""
    readable = to_kana(text) if source.language == "ja" else text
    made = espeak().say(readable, source.voice, speed=speed)
    if len(made.samples) == 0:
        return 0.0
    samples = soxr.resample(made.samples.astype(np.float64), made.rate, world.RATE)
    level = world.level_db(samples, len(samples) // world.HOP + 1)
    return float(world.speech_frames(level, SPEECH_RANGE_DB).sum() * world.FRAME_S)


def clauses(text: str) -> Iterator[str]:
    """A text in steps short enough to stop between; formant speech plans no further anyway."""
    start = 0
    for found in re.finditer(r"[,;:.!?…]+[\s\"'”’)\]]+|[，、。；：！？]+|\s+", text):
        length = found.end() - start
        is_stop = found.group().strip() != ""
        if (is_stop and length >= LEAST_CLAUSE_CHARS) or length >= LONGEST_CLAUSE_CHARS:
            yield text[start : found.end()]
            start = found.end()
    if text[start:].strip() or start == 0:
        yield text[start:]
