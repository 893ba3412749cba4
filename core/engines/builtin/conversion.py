"""A source moved toward a speaker: what was learnt, and how a text is said with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.ndimage import gaussian_filter1d

from core.engines.builtin import world
from core.engines.builtin.formant import clauses
from core.engines.builtin.mapping import EnvelopeMap, Frames
from core.engines.builtin.prosody import PitchMap
from core.engines.builtin.sources import EspeakSource
from core.engines.builtin.speech import Source, SourceSpeech
from core.engines.builtin.world import Array

EDGE_FRAMES = 12
"""Silence that is kept around what is said."""

STATISTICAL_PACE = 1.12
"""Power of the speed asked of a statistical voice: its pauses give way first, so that its speech
changes less than asked."""

PACE_VARIATION = 0.015
DRIFT = 0.015
DRIFT_FRAMES = 30.0
"""Two takes differ by about 1.5 % in pace and, slowly, in pitch: as little as people do."""

LEVEL = 0.07
PEAK = 0.97


class Recipe(StrEnum):
    """What the envelope map was learnt from."""

    ALIGNED = "aligned"
    PHONE_MEANS = "phone means"
    NEAREST = "nearest frames"


@dataclass(frozen=True, kw_only=True, eq=False)
class Conversion:
    """A source and the way from it to a speaker.

    Args:
        source: Who says the text.
        speed: The speaker's pace, as a factor on the source's own.
        pitch: Melody.
        envelope: Timbre.
        recipe: What the timbre was learnt from.
    """

    source: Source
    speed: float
    pitch: PitchMap
    envelope: EnvelopeMap
    recipe: Recipe

    @property
    def nbytes(self) -> int:
        return self.envelope.nbytes


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How an utterance is to be said.

    Args:
        speed: Factor on the speaker's own pace.
        semitones: Shift of the pitch.
        expressiveness: Factor on the movement of the pitch.
        similarity: 0 is the source's voice, 1 is the speaker's.
    """

    speed: float = 1.0
    semitones: float = 0.0
    expressiveness: float = 1.0
    similarity: float = 1.0


def convert(
    conversion: Conversion,
    text: str,
    manner: Manner,
    random: np.random.Generator,
    between: Callable[[], None] = lambda: None,
) -> Array:
    """Say a text in the speaker's voice.

    Args:
        conversion: From `fit`.
        text: Any text; one without words gives a short silence.
        manner: What the person set.
        random: Decides the small differences between two takes.
        between: Called between steps; may raise.

    Returns:
        f64 [N] at 24 kHz, at a fixed level.
    """
    asked = manner.speed * float(np.exp(PACE_VARIATION * np.clip(random.standard_normal(), -2, 2)))
    pace = conversion.speed**manner.similarity
    pace *= asked**STATISTICAL_PACE if conversion.source.is_flat else asked
    said = _trim(_say(conversion.source, text, pace, between))
    between()
    if not (said.is_speech & (said.f0 > 0)).any():
        return np.zeros(max(1, len(said)) * world.HOP)
    mcep = conversion.envelope.apply(frames_of(said), similarity=manner.similarity)
    f0 = conversion.pitch.apply(
        said.f0,
        similarity=manner.similarity,
        expressiveness=manner.expressiveness,
        semitones=manner.semitones,
    )
    drift = gaussian_filter1d(random.standard_normal(len(f0)), DRIFT_FRAMES, mode="nearest")
    drift *= DRIFT * np.sqrt(2 * np.sqrt(np.pi) * DRIFT_FRAMES)
    f0 = f0 * np.exp(manner.expressiveness * drift)
    sound = world.synthesise(f0, mcep, said.bap)
    return _at_level(sound, said)


def frames_of(said: SourceSpeech) -> Frames:
    return Frames(mcep=said.mcep, phones=said.phones, is_speech=said.is_speech)


def _say(source: Source, text: str, pace: float, between: Callable[[], None]) -> SourceSpeech:
    """In one go where that is quick, else clause by clause."""
    if not isinstance(source, EspeakSource):
        return source.say(text, speed=pace)
    parts = []
    for clause in clauses(text):
        between()
        parts.append(source.say(clause, speed=pace))
    return SourceSpeech(
        f0=np.concatenate([part.f0 for part in parts]),
        mcep=np.concatenate([part.mcep for part in parts]),
        bap=np.concatenate([part.bap for part in parts]),
        phones=np.concatenate([part.phones for part in parts]),
        is_speech=np.concatenate([part.is_speech for part in parts]),
    )


def _trim(said: SourceSpeech) -> SourceSpeech:
    """Without the silence around it, but for `EDGE_FRAMES`."""
    spoken = np.flatnonzero(said.is_speech)
    if len(spoken) == 0:
        return said
    kept = slice(max(0, spoken[0] - EDGE_FRAMES), spoken[-1] + 1 + EDGE_FRAMES)
    return SourceSpeech(
        f0=said.f0[kept],
        mcep=said.mcep[kept],
        bap=said.bap[kept],
        phones=said.phones[kept],
        is_speech=said.is_speech[kept],
    )


def _at_level(sound: Array, said: SourceSpeech) -> Array:
    """Speech at RMS `LEVEL`, no sample beyond `PEAK`."""
    level = world.level_db(sound, len(said))
    loud = level > np.percentile(level, 99) - 30
    power = float(np.mean(10 ** (level[loud] / 10)))
    sound = sound * (LEVEL / np.sqrt(power))
    result: Array = sound / max(1.0, float(np.abs(sound).max()) / PEAK)
    return result
