"""Phones of the statistical voices and IPA: which is which."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CMU_BY_IPA: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ɑː": "aa", "ɑ": "aa", "æ": "ae", "a": "ae", "ʌ": "ah", "ɔː": "ao", "ɔ": "ao",
        "ɒ": "aa", "oː": "ao", "aʊ": "aw", "ə": "ax", "ɐ": "ax", "aɪ": "ay", "ɛ": "eh",
        "e": "eh", "ɜː": "er", "ɜ": "er", "ɚ": "er", "eɪ": "ey", "ɪ": "ih", "ᵻ": "ih",
        "i": "iy", "iː": "iy", "oʊ": "ow", "əʊ": "ow", "o": "ow", "ɔɪ": "oy", "ʊ": "uh",
        "u": "uw", "uː": "uw", "ɪː": "iy", "y": "uw",
        "b": "b", "tʃ": "ch", "d": "d", "ð": "dh", "f": "f", "ɡ": "g", "g": "g", "h": "hh",
        "dʒ": "jh", "k": "k", "l": "l", "ɫ": "l", "m": "m", "n": "n", "ŋ": "ng", "p": "p",
        "ɹ": "r", "r": "r", "s": "s", "ʃ": "sh", "t": "t", "ɾ": "t", "ʔ": "t", "θ": "th",
        "v": "v", "w": "w", "ʍ": "w", "j": "y", "z": "z", "ʒ": "zh", "x": "k", "ç": "hh",
        "ɬ": "l", "ɲ": "n y", "ʎ": "l y", "ts": "t s", "dz": "d z", "tɕ": "ch", "dʑ": "jh",
        "ɕ": "sh", "ʂ": "sh", "ʐ": "zh", "ʑ": "zh", "χ": "hh", "ħ": "hh", "ɦ": "hh", "ɣ": "g",
        "ʁ": "r", "ɽ": "r", "β": "v", "ʋ": "v", "ɸ": "f", "c": "k", "q": "k", "ɟ": "g",
        "ʈ": "t", "ɖ": "d", "ɳ": "n", "ɭ": "l", "ɨ": "ih", "ʉ": "uw", "ɯ": "uw", "ɵ": "ow",
        "ɤ": "ah", "ø": "er", "œ": "er", "ä": "aa", "ɘ": "ax",
        "əl": "ax l", "n̩": "ax n", "ɑːɹ": "aa r", "ɔːɹ": "ao r", "oːɹ": "ao r", "ɛɹ": "eh r",
        "ɪɹ": "ih r", "ʊɹ": "uh r", "aɪɚ": "ay er", "aɪə": "ay ax", "iə": "iy ax",
    }
)  # fmt: skip
"""Phones of the CMU dictionary by IPA: eSpeak's American English, then the nearest for others."""

CMU_VOWELS: Final = frozenset(
    ("aa", "ae", "ah", "ao", "aw", "ax", "ay", "eh", "er", "ey", "ih", "iy", "ow", "oy", "uh", "uw")
)

_PLAIN: Final = dict(zip("bdfhjklmnprstvwzg", "bdfhjklmnprstvwzɡ", strict=True))
_VOWELS: Final = dict(zip("aeiou", "aeiou", strict=True))

_ENGLISH: Final = _PLAIN | {
    "aa": "ɑ", "ae": "æ", "ah": "ʌ", "ao": "ɔ", "aw": "aʊ", "ax": "ə", "ay": "aɪ", "eh": "ɛ",
    "er": "ɚ", "ey": "eɪ", "ih": "ɪ", "iy": "i", "ow": "oʊ", "oy": "ɔɪ", "uh": "ʊ", "uw": "u",
    "ch": "tʃ", "dh": "ð", "hh": "h", "jh": "dʒ", "ng": "ŋ", "r": "ɹ", "sh": "ʃ", "th": "θ",
    "y": "j", "zh": "ʒ",
}  # fmt: skip

_RUSSIAN: Final = (
    _PLAIN
    | {2 * name: ipa + "ʲ" for name, ipa in (_PLAIN | {"h": "x"}).items()}
    | _VOWELS
    | {
        "y": "ɨ", "a0": "ɐ", "e0": "ɪ", "i0": "ɪ", "o0": "ɐ", "y0": "ɨ", "u0": "ʊ",
        "c": "ts", "ch": "tɕ", "h": "x", "sch": "ɕː", "sh": "ʂ", "zh": "ʐ",
    }
)  # fmt: skip

_UKRAINIAN_HARD: Final = _PLAIN | {
    "w": "ʋ", "ts": "ts", "dz": "dz", "tsh": "tʃ", "dzh": "dʒ", "sh": "ʃ", "zh": "ʒ", "h": "x",
    "gh": "ɦ",
}  # fmt: skip
_UKRAINIAN: Final = (
    {name + "j": ipa + "ʲ" for name, ipa in _UKRAINIAN_HARD.items()}
    | _UKRAINIAN_HARD
    | {"ii": "i", "i": "ɪ", "e": "ɛ", "a": "ɑ", "o": "ɔ", "u": "u"}
)

_PORTUGUESE: Final = (
    _PLAIN
    | _VOWELS
    | {
        "an": "ɐ̃", "ee": "ɛ", "en": "ẽ", "in": "ĩ", "oo": "ɔ", "on": "õ", "un": "ũ",
        "sh": "ʃ", "zh": "ʒ", "dj": "dʒ", "tj": "tʃ", "nj": "ɲ", "lj": "ʎ", "r": "ɾ", "rh": "x",
        "jn": "j̃", "wn": "w̃",
    }
)  # fmt: skip

_ESPERANTO: Final = (
    _PLAIN | _VOWELS | {"c": "ts", "ch": "tʃ", "j": "dʒ", "sh": "ʃ", "zh": "ʒ", "hh": "x", "y": "j"}
)

_KYRGYZ_VOWELS: Final = _VOWELS | {"y": "ɯ"}
_KYRGYZ: Final = (
    _PLAIN
    | _KYRGYZ_VOWELS
    | {2 * name: ipa + "ː" for name, ipa in _KYRGYZ_VOWELS.items()}
    | {
        "of": "ø", "uf": "y", "oof": "øː", "uuf": "yː", "dzh": "dʒ", "c": "ts", "ch": "tʃ",
        "ng": "ŋ", "sh": "ʃ", "sch": "ɕː", "zh": "ʒ", "h": "x",
    }
)  # fmt: skip

IPA: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "en": _ENGLISH,
        "ru": _RUSSIAN,
        "uk": _UKRAINIAN,
        "pt": _PORTUGUESE,
        "eo": _ESPERANTO,
        "ky": _KYRGYZ,
    }
)
"""IPA by language and phone of its voices."""
