"""Learns how to move a source toward a reference.

With a transcript the source says the same words as the reference and each phone gets its own
offset; without one, or where it does not match, phones learn from the frames they resemble.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.spatial.distance import cdist

from core.engines.builtin import mapping, world
from core.engines.builtin.align import Alignment, Features, Path, align, mismatch
from core.engines.builtin.conversion import Conversion, Recipe, frames_of
from core.engines.builtin.formant import formant_voice, speech_s
from core.engines.builtin.mapping import EnvelopeMap, Frames
from core.engines.builtin.nearest import nearest_pairs
from core.engines.builtin.passages import passage
from core.engines.builtin.prosody import PitchMap, pitch_of, syllables_per_s
from core.engines.builtin.reference import ReferenceSpeech
from core.engines.builtin.sources import EspeakSource
from core.engines.builtin.speech import Source, SourceSpeech
from core.engines.builtin.world import Array

SLOWEST, FASTEST = 0.8, 1.9
"""Speeds of a source when it follows a speaker. Slower than this, statistical voices become hard
to understand (word error .36 to .56 at .68). At 0.8 it was no worse than at 0.88 for two slow
speakers (.17 against .19), and nearer to their pace."""

SLOWEST_FORMANT = 0.65
"""Formant speech stands more: a slow Spanish speaker was 8 % too short instead of 28 %."""

FASTEST_HEARD = 1.5
"""Of a pace that was counted, not aligned."""

STATISTICAL_NUCLEI = 0.85
"""Of as many syllables a statistical voice shows so many: its loudness is an average. Measured on
five speakers whose pace is known from a transcript: .87, .84, .86, .87 and .81."""

PLAUSIBLE_SPEED = (0.5, 2.0)
WORST_MISMATCH = 0.94
WORST_FORMANT_MISMATCH = 0.975
"""Beyond these a transcript is taken to be of something else. Measured on six speakers: right
transcripts 0.80 to 0.89 with statistical voices, 0.87 to 0.97 with formant speech; wrong ones 0.96
and more, 0.98 and more."""

LOWEST_WOMAN_HZ, HIGH_VOICE_HZ, HIGHEST_MAN_HZ = 140.0, 160.0, 185.0
"""Median F0: outside of the first and last there is little doubt."""

SHARPENING = 0.2
"""Of statistical voices, whose envelopes are averages; formant voices are sharp already."""

FORMANT_PHONE_SHARE = 0.5
"""Of what is learnt of each phone, with formant speech as the source. Measured on five speakers:
none of it word error .45, similarity .64; half .39, .66; all of it .54, .66."""

NEAREST_ROUNDS = 3
NEAREST_SHARE = 0.7

Candidates = Callable[[str], Sequence[Source]]
"""Language (ISO 639-1) -> who can speak it; raises where nobody can."""


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
    if transcript and not _is_readable(transcript, sources(spoken_language or language)[0]):
        transcript = None
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
    return _fit_anything(reference, source, language, spoken_language=spoken_language)


def choose_source(candidates: Sequence[Source], reference: ReferenceSpeech, words: str) -> Source:
    """The candidate whose voiced sounds lie nearest to the speaker's, means taken out.

    Where the pitch leaves no doubt it is asked first: sounds alone give a man of 89 Hz a Russian
    woman's voice. Where it does, sounds decide: pitch alone gives a man of 172 Hz a woman's.
    Formant voices are chosen by pitch alone: the two share their sounds.
    """
    pitch_hz = float(np.exp(reference.pitch.log_median))
    is_clear = not HIGHEST_MAN_HZ > pitch_hz > LOWEST_WOMAN_HZ
    if is_clear or isinstance(candidates[0], EspeakSource):
        is_high = pitch_hz > HIGH_VOICE_HZ
        candidates = [one for one in candidates if one.is_female == is_high] or candidates
    if len(candidates) == 1:
        return candidates[0]
    theirs = _centred(reference.mcep[reference.voiced_speech])[::3]
    distances = []
    for source in candidates:
        said = source.say(words)
        ours = said.mcep[said.is_speech & (said.f0 > 0)][::2]
        near = cdist(theirs, _centred(ours)).min(axis=1).mean() if len(ours) else np.inf
        distances.append(float(near))
    return candidates[int(np.argmin(distances))]


def _fit_same_words(
    reference: ReferenceSpeech, source: Source, transcript: str
) -> Conversion | None:
    """None where the transcript does not match the sound."""
    found = _say_the_same(source, transcript, reference)
    if found is None:
        return None
    said, speed = found
    pairs = _align_twice(said, reference).pairs
    tau = mapping.STATISTICAL_PHONE_TAU if source.is_flat else mapping.PHONE_TAU
    envelope = _fit_pairs(said, reference, pairs, _sharpening(source), tau)
    if source.is_flat:
        envelope = mapping.with_regression(
            envelope, frames_of(said), _unlabelled(reference), pairs, reference.bandwidth_hz
        )
    return Conversion(
        source=source,
        speed=_held_pace(speed, source),
        pitch=_pitch_map(said, reference),
        envelope=_toward_shift(envelope, source, said, reference),
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
    speed = _held_pace(speed, source)
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
        envelope=_toward_shift(envelope, source, own, reference),
        recipe=Recipe.PHONE_MEANS,
    )


def _fit_anything(
    reference: ReferenceSpeech, source: Source, language: str, *, spoken_language: str | None
) -> Conversion:
    """Without a transcript."""
    said = source.say(passage(language))
    speed = 1.0
    # A language that nobody named is most often that of the text. Where it is not, Italian and
    # Russian would come out up to 1.2 times too fast, so that it makes a statistical voice slower
    # alone; with formant voices it is not sure enough even for that.
    is_named = spoken_language == language
    if is_named or (spoken_language is None and source.is_flat):
        own = syllables_per_s(_loudness(said.mcep), said.f0, said.is_speech)
        ratio = reference.syllables_per_s / max(own, 0.1)
        ratio *= STATISTICAL_NUCLEI if source.is_flat else 1.0
        speed = float(np.clip(ratio, SLOWEST, FASTEST_HEARD if is_named else 1.0))
        said = source.say(passage(language), speed=speed)
    return Conversion(
        source=source,
        speed=speed,
        pitch=_pitch_map(said, reference),
        envelope=_fit_nearest(source, said, reference),
        recipe=Recipe.NEAREST,
    )


def _fit_nearest(source: Source, said: SourceSpeech, reference: ReferenceSpeech) -> EnvelopeMap:
    """Start with one shift, then learn phones from the frames that resemble each other.

    Measured on five speakers and statistical voices: similarity .66 -> .69, word error .12 -> .14;
    the nearest frames alone, without a share of the plain shift, .70 and .18.
    """
    envelope = shift = _fit_shift(source, said, reference)
    if not source.is_flat:
        return shift
    for _ in range(NEAREST_ROUNDS):
        converted = mapping.offsets_only(envelope).apply(frames_of(said), similarity=1.0)
        pairs = nearest_pairs(_features(said), converted, reference.features)
        envelope = _fit_pairs(said, reference, pairs, _sharpening(source))
    return mapping.blend(shift, envelope, NEAREST_SHARE)


def _toward_shift(
    envelope: EnvelopeMap, source: Source, said: SourceSpeech, reference: ReferenceSpeech
) -> EnvelopeMap:
    """A map of phones, halved where the source is formant speech."""
    if source.is_flat:
        return envelope
    return mapping.blend(_fit_shift(source, said, reference), envelope, FORMANT_PHONE_SHARE)


def _fit_shift(source: Source, said: SourceSpeech, reference: ReferenceSpeech) -> EnvelopeMap:
    return mapping.fit_shift(
        frames_of(said),
        _unlabelled(reference),
        bandwidth_hz=reference.bandwidth_hz,
        sharpening=_sharpening(source),
    )


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
    if not _has_voice(said):
        return None
    worst = WORST_MISMATCH if source.is_flat else WORST_FORMANT_MISMATCH
    if mismatch(_features(said), reference.features) > worst:
        return None
    return said, speed


def _is_readable(transcript: str, source: Source) -> bool:
    """Not signs alone, nor a script that the source does not read. Formant voices read nearly
    everything, and what they make of it is judged where it is compared."""
    return not source.is_flat or _has_voice(source.say(transcript))


def _has_voice(said: SourceSpeech) -> bool:
    return bool((said.is_speech & (said.f0 > 0)).any())


def _formant_pace(transcript: str, language: str, reference: ReferenceSpeech) -> float | None:
    """The reference's pace as a speed of the formant voices, which are of one make everywhere."""
    voice = formant_voice(language, is_female=True)
    if voice is None:
        return None
    return speech_s(voice, transcript, 1.0) / _reference_s(reference)


def _reference_s(reference: ReferenceSpeech) -> float:
    return float(reference.is_speech.sum() * world.FRAME_S)


def _held_pace(speed: float, source: Source) -> float:
    """A speed that the source bears."""
    return float(np.clip(speed, SLOWEST if source.is_flat else SLOWEST_FORMANT, FASTEST))


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
    said: SourceSpeech,
    reference: ReferenceSpeech,
    pairs: Path,
    sharpening: float,
    phone_tau: float = mapping.PHONE_TAU,
) -> EnvelopeMap:
    return mapping.fit_aligned(
        frames_of(said),
        _unlabelled(reference),
        pairs,
        bandwidth_hz=reference.bandwidth_hz,
        sharpening=sharpening,
        phone_tau=phone_tau,
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
