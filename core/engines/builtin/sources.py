"""The two kinds of speech source, and which there are for a language.

HTS voices give parameters directly. eSpeak NG gives sound, which WORLD describes.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import soxr
from numpy.typing import NDArray

from core.engines.builtin import world
from core.engines.builtin.espeak import VOICES, EspeakSpeech, espeak
from core.engines.builtin.front_ends import front_end, language_folder
from core.engines.builtin.hts import Generated, HtsVoice
from core.engines.builtin.japanese import to_kana
from core.engines.builtin.labels import PAUSE, Labeller, Phone, PhoneSet, Phrase, Utterance
from core.engines.builtin.melody import question_rise
from core.engines.builtin.phone_tables import IPA
from core.engines.builtin.speech import F64, FRAME_S, MCEP_ORDER, N_BAP, RATE, Source, SourceSpeech
from core.engines.builtin.voices import HTS_VOICES, HtsVoiceCard, voice_folder

SPEED_LOW: Final = 0.25
SPEED_HIGH: Final = 4.0

SPEECH_RANGE_DB: Final = 35.0
"""Frames this far below the loudest ones are pauses."""

SILENCE_S: Final = 0.2
"""What a text without words becomes."""

_HTS_LEVEL: Final = math.log(32_768.0)
"""The voices' c0 lies this much above WORLD's scale: they were trained on 16-bit integers."""

_BAND_HZ: Final = (456.0, 1500.0, 3000.0, 5000.0, 7000.0, 9000.0, 11052.0)
"""Centres of the voices' aperiodicity bands: centroids of the filters in `bpf.txt`."""

_WORLD_BAND_HZ: Final = (3000.0, 6000.0, 9000.0)

_NOISY_DB: Final = -12.0
"""Lowest band's noise weight above which a voiceless sound is voiceless: vowels measured at -15
and below, `s` at -4, `p` at -11 (voices natalia, anatol, spomenka)."""

_MAX_PHONES: Final = 400
"""Most phones generated in one go; a longer sentence is cut between phrases."""

_MAX_ESPEAK_CHARS: Final = 300

_ESPEAK_PITCH_RATE: Final = 12_000
"""Formant speech is clean: its pitch is found as well at this rate (Hz), in half the time."""

_FEMALE_VARIANT: Final = "f2"
_MALE_VARIANT: Final = "klatt4"


def text_languages() -> tuple[str, ...]:
    """ISO codes of all languages that some source speaks, in alphabetical order."""
    return tuple(sorted(VOICES))


def sources_for(language: str) -> tuple[Source, ...]:
    """Candidates for a language, best first.

    HTS voices where there are any, else eSpeak NG's female and male variant. None for a language
    that nothing speaks.

    Args:
        language: ISO 639-1 code; a region after it (`pt-BR`, `zh_CN`) is left out.
    """
    code = re.split("[-_]", language.lower())[0]
    statistical = tuple(HtsSource(card) for card in HTS_VOICES if card.language == code)
    return statistical or espeak_sources(code)


def espeak_sources(language: str) -> tuple[EspeakSource, ...]:
    """eSpeak NG's female and male voice for a language; none where it has none."""
    if language not in VOICES:
        return ()
    return (EspeakSource(language, is_female=True), EspeakSource(language, is_female=False))


class HtsSource:
    """A statistical voice. Its file is read when it first speaks.

    Args:
        card: Which voice.
    """

    is_flat = True

    def __init__(self, card: HtsVoiceCard) -> None:
        self.card = card
        self.name = f"hts:{card.name}"
        self.is_female = card.is_female

    def say(self, text: str, *, speed: float = 1.0) -> SourceSpeech:
        """See `Source`."""
        speed = float(np.clip(speed, SPEED_LOW, SPEED_HIGH))
        language = front_end(self.card.language)
        labeller = _labeller(self.card.language)
        voice = _voice(self.card)
        parts = []
        for utterance in language.utterances(text):
            for piece in _short(utterance):
                labels, phones = labeller.labels(piece)
                made = voice.generate(labels, speed=speed)
                rise = question_rise(piece, phones, made.frames, self.card.language)
                made = dataclasses.replace(made, log_f0=made.log_f0 + rise)
                parts.append(self._speech(made, phones, language.phone_set))
        return _joined(parts)

    def _speech(
        self, made: Generated, phones: Sequence[Phone], phone_set: PhoneSet
    ) -> SourceSpeech:
        ipa = IPA[self.card.language]
        signs = np.array([*(ipa.get(phone.name, "") for phone in phones), ""], dtype=object)[:-1]
        is_voiced = made.is_voiced
        if self.card.is_always_voiced:
            is_noise = np.array([_is_noise(phone_set, phone.name) for phone in phones])
            is_voiced = is_voiced & ~(
                np.repeat(is_noise, made.frames) & (made.bap[:, 0] > _NOISY_DB)
            )
        mcep = made.mcep.copy()
        mcep[:, 0] -= _HTS_LEVEL
        said = np.repeat(signs, made.frames)
        level = 10 * np.log10(world.mean_power(mcep) + 1e-12)
        return SourceSpeech(
            f0=np.where(is_voiced, np.exp(np.clip(made.log_f0, 3.0, 7.0)), 0.0),
            mcep=mcep,
            bap=_world_bap(made.bap, is_voiced),
            phones=said,
            is_speech=world.speech_frames(level, SPEECH_RANGE_DB) & (said != ""),
        )


class EspeakSource:
    """eSpeak NG, described by WORLD.

    Args:
        language: A key of `espeak.VOICES`.
        is_female: Which of the two variants.
    """

    is_flat = False

    def __init__(self, language: str, *, is_female: bool) -> None:
        variant = _FEMALE_VARIANT if is_female else _MALE_VARIANT
        self.language = language
        self.is_female = is_female
        self.voice = f"{VOICES[language]}+{variant}"
        self.name = f"espeak:{self.voice}"

    def say(self, text: str, *, speed: float = 1.0) -> SourceSpeech:
        """See `Source`."""
        speed = float(np.clip(speed, SPEED_LOW, SPEED_HIGH))
        readable = to_kana(text) if self.language == "ja" else text
        said = (espeak().say(part, self.voice, speed=speed) for part in _stretches(readable))
        return _joined([_described(s, self.is_female) for s in said if len(s.samples) > 0])


def _described(speech: EspeakSpeech, is_female: bool) -> SourceSpeech:
    samples = soxr.resample(speech.samples.astype(np.float64), speech.rate, RATE)
    samples = np.pad(samples, (0, max(0, 2 * world.HOP - len(samples))))
    low_hz, high_hz = (90.0, 400.0) if is_female else (65.0, 240.0)
    frames = world.analyse(
        samples, f0_floor_hz=low_hz, f0_ceil_hz=high_hz, pitch_rate=_ESPEAK_PITCH_RATE
    )
    n_frames = len(frames.f0)
    phones = np.full(n_frames, "", dtype=object)
    starts = [round(phoneme.start_s / FRAME_S) for phoneme in speech.phonemes]
    for phoneme, start, stop in zip(speech.phonemes, starts, [*starts[1:], n_frames], strict=False):
        phones[start:stop] = phoneme.ipa
    level = world.level_db(samples, n_frames)
    return SourceSpeech(
        f0=frames.f0,
        mcep=frames.mcep,
        bap=frames.bap,
        phones=phones,
        is_speech=world.speech_frames(level, SPEECH_RANGE_DB),
    )


def _world_bap(bap: F64, is_voiced: NDArray[np.bool_]) -> F64:
    """WORLD's coded aperiodicity for the voices' noise weights in seven bands.

    A weight w mixes w of noise with 1 - w of pulses; WORLD's aperiodicity is the share of noise
    in the amplitude. Voiceless frames are all noise.

    Args:
        bap: f64 [T, 7], 10 log10 w.
        is_voiced: bool [T].

    Returns:
        f64 [T, 3] (dB).
    """
    at = np.interp(_WORLD_BAND_HZ, _BAND_HZ, np.arange(len(_BAND_HZ)))
    left = np.floor(at).astype(int)
    share = at - left
    right = np.minimum(left + 1, len(_BAND_HZ) - 1)
    weight = 10 ** (np.minimum(bap[:, left] * (1 - share) + bap[:, right] * share, 0.0) / 10)
    noise = weight / np.sqrt(weight**2 + (1 - weight) ** 2)
    coded: F64 = 20 * np.log10(np.clip(noise, 1e-3, 1.0 - 1e-9))
    coded[~is_voiced] = 0.0
    return coded


def _is_noise(phone_set: PhoneSet, name: str) -> bool:
    return name == PAUSE or phone_set.feature(name, "cvox") == "-"


def _short(utterance: Utterance) -> Iterator[Utterance]:
    """The utterance in parts of whole phrases, so that memory does not grow with a sentence."""
    phrases: list[Phrase] = []
    n_phones = 0
    for phrase in utterance.phrases:
        size = sum(len(word.phones) for word in phrase.words)
        if phrases and n_phones + size > _MAX_PHONES:
            yield Utterance(phrases, utterance.kind)
            phrases, n_phones = [], 0
        phrases.append(phrase)
        n_phones += size
    yield Utterance(phrases, utterance.kind, utterance.end_tone)


def _stretches(text: str) -> Iterator[str]:
    """The text in parts of at most `_MAX_ESPEAK_CHARS`, cut after a stop, else at a blank."""
    rest = text.strip()
    while len(rest) > _MAX_ESPEAK_CHARS:
        head = rest[:_MAX_ESPEAK_CHARS]
        stops = [found.end() for found in re.finditer(r"[.!?;:,…。！？、，]+\s*|\s+(?=\S)", head)]
        ends = [found.end() for found in re.finditer(r"[.!?…。！？]+\s*", head)]
        late = [end for end in ends if end > _MAX_ESPEAK_CHARS // 3] or stops
        cut = late[-1] if late else _MAX_ESPEAK_CHARS
        yield rest[:cut]
        rest = rest[cut:].lstrip()
    if rest:
        yield rest


def _joined(parts: Sequence[SourceSpeech]) -> SourceSpeech:
    if not parts:
        return silence(SILENCE_S)
    if len(parts) == 1:
        return parts[0]
    return SourceSpeech(
        f0=np.concatenate([part.f0 for part in parts]),
        mcep=np.concatenate([part.mcep for part in parts]),
        bap=np.concatenate([part.bap for part in parts]),
        phones=np.concatenate([part.phones for part in parts]),
        is_speech=np.concatenate([part.is_speech for part in parts]),
    )


def silence(seconds: float) -> SourceSpeech:
    """Nothing, said for a while."""
    n_frames = max(1, round(seconds / FRAME_S))
    mcep = np.zeros((n_frames, MCEP_ORDER + 1))
    mcep[:, 0] = -12.0  # about -104 dB below full scale
    phones: NDArray[Any] = np.full(n_frames, "", dtype=object)
    return SourceSpeech(
        f0=np.zeros(n_frames),
        mcep=mcep,
        bap=np.zeros((n_frames, N_BAP)),
        phones=phones,
        is_speech=np.zeros(n_frames, bool),
    )


@functools.lru_cache(maxsize=4)
def _voice(card: HtsVoiceCard) -> HtsVoice:
    """A voice, read once while it is among the last four used: 10 to 30 MB each."""
    return HtsVoice.read(voice_folder(card) / "voice.data")


@functools.cache
def _labeller(language: str) -> Labeller:
    return Labeller.read(language_folder(language) / "labelling.xml", front_end(language).phone_set)
