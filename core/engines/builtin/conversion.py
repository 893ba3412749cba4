"""Learns how to move a source toward a reference, and moves what the source says.

With a transcript the source says the same words as the reference and each phone gets its own
offset; without one, or where it does not match, phones learn from the frames they resemble.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.distance import cdist

from core.engines.builtin import mapping, world
from core.engines.builtin.align import Alignment, Features, Path, align, mismatch
from core.engines.builtin.formant import clauses, formant_voice, speech_s
from core.engines.builtin.mapping import EnvelopeMap, Frames
from core.engines.builtin.nearest import nearest_pairs
from core.engines.builtin.passages import passage
from core.engines.builtin.prosody import PitchMap, pitch_of, syllables_per_s
from core.engines.builtin.reference import ReferenceSpeech
from core.engines.builtin.sources import EspeakSource
from core.engines.builtin.speech import Source, SourceSpeech
from core.engines.builtin.world import Array

SLOWEST, FASTEST = 0.88, 1.9
"""Speeds of a source when it follows a speaker. Slower than this, statistical voices become hard
to understand (word error .36 to .56 at .68)."""

PLAUSIBLE_SPEED = (0.5, 2.0)
WORST_MISMATCH = 0.955
"""Beyond these a transcript is taken to be of something else. Measured on six speakers: right
transcripts 0.80 to 0.89 with statistical voices, 0.87 to 0.94 with formant speech (one 0.97);
wrong ones 0.97 to 1.00."""

HIGH_VOICE_HZ = 160.0
"""Median F0 between most men and most women."""

STATISTICAL_PACE = 1.12
"""Power of the speed asked of a statistical voice: its pauses give way first, so that its speech
changes less than asked."""

SHARPENING = 0.2
"""Of statistical voices, whose envelopes are averages; formant voices are sharp already."""

NEAREST_ROUNDS = 3
NEAREST_SHARE = 0.7

EDGE_FRAMES = 12
"""Silence that is kept around what is said."""

LEVEL = 0.07
PEAK = 0.97

Candidates = Callable[[str], Sequence[Source]]
"""Language (ISO 639-1) -> who can speak it; raises where nobody can."""


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


PACE_VARIATION = 0.015
DRIFT = 0.015
DRIFT_FRAMES = 30.0
"""Two takes differ by about 1.5 % in pace and, slowly, in pitch: as little as people do."""


def fit(
    reference: ReferenceSpeech,
    *,
    transcript: str | None,
    spoken_language: str | None,
    language: str,
    sources: Candidates,
) -> Conversion:
    """Learn the way from the best source of a language to a speaker.

    Args:
        reference: The speaker.
        transcript: What the reference says, or None.
        spoken_language: Its language (ISO 639-1), or None where not known.
        language: Of the texts to be said (ISO 639-1).
        sources: Candidates per language, never empty.
    """
    same_language = spoken_language in (None, language)
    words = transcript if transcript and same_language else passage(language)
    source = choose_source(sources(language), reference, words)
    if transcript and same_language:
        learnt = _fit_same_words(reference, source, transcript)
        if learnt is not None:
            return learnt
    if transcript and spoken_language is not None and not same_language:
        learnt = _fit_across(
            reference,
            source,
            transcript=transcript,
            spoken_language=spoken_language,
            language=language,
            sources=sources,
        )
        if learnt is not None:
            return learnt
    return _fit_anything(reference, source, language, knows_pace=spoken_language == language)


def choose_source(candidates: Sequence[Source], reference: ReferenceSpeech, words: str) -> Source:
    """The candidate whose voiced sounds lie nearest to the speaker's, means taken out.

    Pitch alone chooses wrongly among people: it put a man of 172 Hz on a woman's voice. Formant
    voices are chosen by pitch: their two voices share their sounds.
    """
    if len(candidates) == 1:
        return candidates[0]
    if isinstance(candidates[0], EspeakSource):
        is_high = reference.pitch.log_median > np.log(HIGH_VOICE_HZ)
        return next((one for one in candidates if one.is_female == is_high), candidates[0])
    theirs = _centred(reference.mcep[reference.voiced_speech])
    distances = []
    for source in candidates:
        said = source.say(words)
        ours = _centred(said.mcep[said.is_speech & (said.f0 > 0)])
        distances.append(float(cdist(theirs[::3], ours[::2]).min(axis=1).mean()))
    return candidates[int(np.argmin(distances))]


def frames_of(said: SourceSpeech) -> Frames:
    return Frames(mcep=said.mcep, phones=said.phones, is_speech=said.is_speech)


def _fit_same_words(
    reference: ReferenceSpeech, source: Source, transcript: str
) -> Conversion | None:
    """None where the transcript does not match the sound."""
    found = _say_the_same(source, transcript, reference)
    if found is None:
        return None
    said, speed = found
    aligned = _align_twice(said, reference)
    return Conversion(
        source=source,
        speed=float(np.clip(speed, SLOWEST, FASTEST)),
        pitch=_pitch_map(said, reference),
        envelope=mapping.with_regression(
            _fit_pairs(said, reference, aligned.pairs, _sharpening(source)),
            frames_of(said),
            _unlabelled(reference),
            aligned.pairs,
            reference.bandwidth_hz,
        ),
        recipe=Recipe.ALIGNED,
    )


def _fit_across(
    reference: ReferenceSpeech,
    source: Source,
    *,
    transcript: str,
    spoken_language: str,
    language: str,
    sources: Candidates,
) -> Conversion | None:
    """The reference speaks another language: its phones are found by aligning a source of that
    language; None where the transcript does not match the sound."""
    pace = _formant_pace(transcript, spoken_language, reference)
    if pace is None:
        return None
    guide = choose_source(sources(spoken_language), reference, transcript)
    found = _say_the_same(guide, transcript, reference)
    if found is None:
        return None
    said, _ = found
    pairs = _align_twice(said, reference).pairs
    phones = np.full(len(reference.f0), "", dtype=object)
    phones[pairs[:, 1]] = said.phones[pairs[:, 0]]
    words = passage(language)
    speed = pace
    like_guide = formant_voice(language, is_female=True)
    if like_guide is not None and not isinstance(source, EspeakSource):
        speed = _speech_s(source, words, 1.0) / max(speech_s(like_guide, words, pace), 0.1)
    speed = float(np.clip(speed, SLOWEST, FASTEST))
    own = source.say(words, speed=speed)
    envelope = mapping.fit_phone_means(
        frames_of(own),
        Frames(mcep=reference.mcep, phones=phones, is_speech=reference.is_speech),
        bandwidth_hz=reference.bandwidth_hz,
        sharpening=_sharpening(source),
    )
    return Conversion(
        source=source,
        speed=speed,
        pitch=_pitch_map(own, reference),
        envelope=envelope,
        recipe=Recipe.PHONE_MEANS,
    )


def _fit_anything(
    reference: ReferenceSpeech, source: Source, language: str, *, knows_pace: bool
) -> Conversion:
    """Without a transcript."""
    said = source.say(passage(language))
    speed = 1.0
    if knows_pace:
        own = syllables_per_s(_loudness(said.mcep), said.f0, said.is_speech)
        speed = float(np.clip(reference.syllables_per_s / max(own, 0.1), SLOWEST, 1.5))
        said = source.say(passage(language), speed=speed)
    return Conversion(
        source=source,
        speed=speed,
        pitch=_pitch_map(said, reference),
        envelope=_fit_nearest(said, reference, _sharpening(source)),
        recipe=Recipe.NEAREST,
    )


def _fit_nearest(said: SourceSpeech, reference: ReferenceSpeech, sharpening: float) -> EnvelopeMap:
    """Start with one shift, then learn phones from the frames that resemble each other.

    Measured on five speakers: similarity .66 -> .69, word error .12 -> .14; the nearest frames
    alone, without the share of the plain shift, .70 and .18.
    """
    shifted = mapping.fit_shift(
        frames_of(said),
        _unlabelled(reference),
        bandwidth_hz=reference.bandwidth_hz,
        sharpening=sharpening,
    )
    envelope = shifted
    for _ in range(NEAREST_ROUNDS):
        converted = mapping.offsets_only(envelope).apply(frames_of(said), similarity=1.0)
        pairs = nearest_pairs(_features(said), converted, reference.features)
        envelope = _fit_pairs(said, reference, pairs, sharpening)
    return mapping.blend(shifted, envelope, NEAREST_SHARE)


def _say_the_same(
    source: Source, transcript: str, reference: ReferenceSpeech
) -> tuple[SourceSpeech, float] | None:
    """The transcript said in the time that the reference took, and the speed that takes; None
    where it does not match the sound."""
    speed, target_s = 1.0, _reference_s(reference)
    for _ in range(2):
        speed *= _speech_s(source, transcript, speed) / target_s
        if not PLAUSIBLE_SPEED[0] < speed < PLAUSIBLE_SPEED[1]:
            return None
    said = source.say(transcript, speed=speed)
    if not (said.is_speech & (said.f0 > 0)).any():
        return None
    if mismatch(_features(said), reference.features) > WORST_MISMATCH:
        return None
    return said, speed


def _formant_pace(transcript: str, language: str, reference: ReferenceSpeech) -> float | None:
    """The reference's pace as a speed of the formant voices, which are of one make everywhere."""
    voice = formant_voice(language, is_female=True)
    if voice is None:
        return None
    return speech_s(voice, transcript, 1.0) / _reference_s(reference)


def _reference_s(reference: ReferenceSpeech) -> float:
    return float(reference.is_speech.sum() * world.FRAME_S)


def _features(said: SourceSpeech) -> Features:
    return Features(mcep=said.mcep, is_voiced=said.f0 > 0, is_speech=said.is_speech)


def _speech_s(source: Source, text: str, speed: float) -> float:
    """How long the text takes, pauses left out (s)."""
    if isinstance(source, EspeakSource):
        return speech_s(source, text, speed)
    return float(source.say(text, speed=speed).is_speech.sum() * world.FRAME_S)


def _align_twice(said: SourceSpeech, reference: ReferenceSpeech) -> Alignment:
    """Align, convert by what that says, and align what comes out."""
    own = _features(said)
    first = align(own, reference.features)
    rough = _fit_pairs(said, reference, first.pairs, 0.0)
    converted = mapping.offsets_only(rough).apply(frames_of(said), similarity=1.0)
    return align(own, reference.features, converted)


def _fit_pairs(
    said: SourceSpeech, reference: ReferenceSpeech, pairs: Path, sharpening: float
) -> EnvelopeMap:
    return mapping.fit_aligned(
        frames_of(said),
        _unlabelled(reference),
        pairs,
        bandwidth_hz=reference.bandwidth_hz,
        sharpening=sharpening,
    )


def _unlabelled(reference: ReferenceSpeech) -> Frames:
    return Frames(
        mcep=reference.mcep,
        phones=np.full(len(reference.f0), "", dtype=object),
        is_speech=reference.is_speech,
    )


def _pitch_map(said: SourceSpeech, reference: ReferenceSpeech) -> PitchMap:
    return PitchMap(source=pitch_of(said.f0), target=reference.pitch)


def _sharpening(source: Source) -> float:
    return SHARPENING if source.is_flat else 0.0


def _centred(mcep: Array) -> Array:
    result: Array = mcep[:, 1:] - mcep[:, 1:].mean(axis=0)
    return result


def _loudness(mcep: Array) -> Array:
    result: Array = 10 * np.log10(world.mean_power(mcep) + 1e-12)
    return result


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
