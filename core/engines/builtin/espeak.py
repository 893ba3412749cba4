"""eSpeak NG by its C interface: text in, sound and timed phonemes out.

The library keeps one voice and one state for the whole process, so calls take turns.
"""

from __future__ import annotations

import _ctypes
import ctypes
import functools
import re
import sys
import threading
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import espeakng_loader
import numpy as np
from numpy.typing import NDArray

from core.errors import InputError, ResourceError

_SAME_CODE: Final = (
    "af", "am", "an", "ar", "as", "az", "ba", "be", "bg", "bn", "bs", "ca", "cs", "cy", "da", "de",
    "el", "eo", "es", "et", "eu", "fa", "fi", "fr", "ga", "gd", "gu", "he", "hi", "hr", "ht", "hu",
    "hy", "id", "is", "it", "ja", "ka", "kk", "kn", "ko", "ku", "ky", "la", "lb", "lt", "lv", "mi",
    "mk", "ml", "mr", "ms", "mt", "my", "ne", "nl", "om", "or", "pa", "pl", "pt", "ro", "ru", "sd",
    "si", "sk", "sl", "sq", "sr", "sv", "sw", "ta", "te", "th", "tk", "tn", "tr", "tt", "ug", "uk",
    "ur", "uz", "vi", "yue",
)  # fmt: skip

VOICES: Final[Mapping[str, str]] = MappingProxyType(
    {code: code for code in _SAME_CODE}
    | {"en": "en-us", "pt": "pt-br", "no": "nb", "nb": "nb", "nn": "nb", "zh": "cmn"}
)
"""eSpeak voice by language code."""

WORDS_PER_MINUTE: Final = 175
"""eSpeak's own rate; `speed` multiplies it."""

MAX_CHARS: Final = 20_000
"""Longest text of one call; sources cut far earlier."""

MAX_SECONDS: Final = 1_800
"""Sound of one call is cut here: memory stays below 80 MB."""

_SYNCHRONOUS: Final = 2
_PHONEME_EVENTS: Final = 0x1
_PHONEME_IPA: Final = 0x2
_DONT_EXIT: Final = 0x8000
_UTF8: Final = 1
_RATE: Final = 1
_PITCH: Final = 3
_RANGE: Final = 4
_EVENT_END: Final = 0
_EVENT_WORD: Final = 1
_EVENT_PHONEME: Final = 7


class _Id(ctypes.Union):
    _fields_ = (
        ("number", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("string", ctypes.c_char * 8),
    )


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@dataclass(frozen=True)
class Phoneme:
    """One sound of what was said.

    Args:
        ipa: IPA letters without stress marks; empty in a pause.
        start_s: When it begins (s).
        is_stressed: It carries primary stress.
        word_at: Place of its word in the text, in characters from 0; words that eSpeak joins
            (`of the`) share one place.
    """

    ipa: str
    start_s: float
    is_stressed: bool
    word_at: int = 0


@dataclass(frozen=True, eq=False)
class EspeakSpeech:
    """Sound with its phonemes.

    Args:
        samples: f32 [T] in [-1, 1].
        rate: Samples per second (Hz).
        phonemes: In order of time.
    """

    samples: NDArray[np.float32]
    rate: int
    phonemes: tuple[Phoneme, ...]


class Espeak:
    """eSpeak NG, ready to speak. Use `espeak()`: one lock serves a process.

    The library carries noise, phase and flutter over from one text to the next, out of reach of
    its interface, so the same text would never sound the same twice. Every call therefore loads
    it anew (0.6 ms) and lets it go.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def say(
        self,
        text: str,
        voice: str,
        *,
        speed: float = 1.0,
        pitch: int = 50,
        pitch_range: int = 50,
    ) -> EspeakSpeech:
        """Say a text; the same arguments make the same samples.

        Args:
            text: Anything; what eSpeak cannot read is left out.
            voice: A voice name such as `fr` or `en-us+f2`.
            speed: 1 is its own rate.
            pitch: 0 to 100, 50 is the voice's own.
            pitch_range: 0 (monotone) to 100, 50 is the voice's own.

        Raises:
            InputError: There is no such voice.
            ResourceError: The library or its data does not load.
        """
        clean = readable(text)[:MAX_CHARS]
        words_per_minute = min(450, max(80, round(WORDS_PER_MINUTE * speed)))
        settings = ((_RATE, words_per_minute), (_PITCH, pitch), (_RANGE, pitch_range))
        with self._lock, _Library() as library:
            library.choose(voice, settings)
            if clean.strip():
                library.synthesise(clean)
        samples = np.concatenate(library.sound) if library.sound else np.zeros(0, np.int16)
        return EspeakSpeech(
            samples=samples.astype(np.float32) / 32768.0,
            rate=library.rate,
            phonemes=tuple(
                _phoneme(at / library.rate, raw, word_at) for at, raw, word_at in library.events
            ),
        )

    def phonemes(self, text: str, voice: str) -> tuple[Phoneme, ...]:
        """The sounds of a text, without keeping its audio."""
        return self.say(text, voice).phonemes


class _Library:
    """The shared library between its loading and its unloading, and what it said meanwhile."""

    def __init__(self) -> None:
        self.sound: list[NDArray[np.int16]] = []
        self.events: list[tuple[int, bytes, int]] = []
        self.rate = 0
        self._n_samples = 0
        self._word_at = 0

    def __enter__(self) -> _Library:
        try:
            self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        except OSError as error:
            raise ResourceError(
                f"The speech library eSpeak NG does not load ({error}).",
                "Install the requirements again.",
            ) from error
        self._declare()
        options = _PHONEME_EVENTS | _PHONEME_IPA | _DONT_EXIT
        data = espeakng_loader.get_data_path().encode()
        self.rate = int(self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, options))
        if self.rate <= 0:
            self.__exit__()
            raise ResourceError(
                "The speech library eSpeak NG finds no data.", "Install the requirements again."
            )
        self._callback = _Callback(self._collect)  # kept: the library holds a bare pointer
        self._library.espeak_SetSynthCallback(self._callback)
        return self

    def __exit__(self, *_: object) -> None:
        self._library.espeak_Terminate()
        handle = self._library._handle
        del self._library
        if sys.platform == "win32":
            _ctypes.FreeLibrary(handle)
        else:
            _ctypes.dlclose(handle)

    def choose(self, voice: str, settings: Sequence[tuple[int, int]]) -> None:
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise InputError(f"eSpeak NG has no voice {voice!r}.")
        for parameter, value in settings:
            self._library.espeak_SetParameter(parameter, value, 0)

    def synthesise(self, text: str) -> None:
        encoded = text.encode("utf-8") + b"\0"
        self._library.espeak_ng_SetRandSeed(1)
        ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None).srand(1)
        self._library.espeak_Synth(encoded, len(encoded), 0, 1, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()

    def _collect(self, wave: Any, count: int, events: Any) -> int:
        if wave and count > 0:
            self.sound.append(np.ctypeslib.as_array(wave, (count,)).copy())
            self._n_samples += count
        index = 0
        while events[index].type != _EVENT_END:
            event = events[index]
            if event.type == _EVENT_WORD:
                self._word_at = max(0, event.text_position - 1)
            elif event.type == _EVENT_PHONEME:
                self.events.append((event.sample, bytes(event.id.string), self._word_at))
            index += 1
        return int(self._n_samples > MAX_SECONDS * self.rate)  # 1 ends the synthesis

    def _declare(self) -> None:
        library, number = self._library, ctypes.c_int
        library.espeak_Initialize.argtypes = [number, number, ctypes.c_char_p, number]
        library.espeak_SetVoiceByName.argtypes = [ctypes.c_char_p]
        library.espeak_SetParameter.argtypes = [number, number, number]
        library.espeak_ng_SetRandSeed.argtypes = [ctypes.c_long]
        library.espeak_Synth.argtypes = [
            ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, number,
            ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p,
        ]  # fmt: skip


@functools.cache
def espeak() -> Espeak:
    """The one eSpeak NG of this process."""
    return Espeak()


def decode_phoneme(raw: bytes) -> str:
    """The IPA text of an event: at most 8 bytes, which may end inside a character."""
    return raw.split(b"\0", 1)[0].decode("utf-8", "ignore")


_NOT_SOUND: Final = re.compile(r"\([a-z-]*\)?|[\s_|:;'\-0-9]+")
_STRESS: Final = "ˈˌ"


def _phoneme(start_s: float, raw: bytes, word_at: int) -> Phoneme:
    text = decode_phoneme(raw)
    ipa = _NOT_SOUND.sub("", text.translate({ord(mark): None for mark in _STRESS}))
    return Phoneme(ipa=ipa, start_s=start_s, is_stressed="ˈ" in text, word_at=word_at)


def readable(text: str) -> str:
    """The text without what eSpeak trips over: controls, lone surrogates, private use, SSML."""
    kept = []
    for sign in text:
        category = unicodedata.category(sign)
        if category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
            kept.append(sign if sign in "\u200c\u200d" else " ")
        else:
            kept.append(sign)
    return "".join(kept)
