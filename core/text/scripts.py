"""Which script a character belongs to, and which languages are written in it."""

from __future__ import annotations

import re
from collections.abc import Mapping

_RANGES: dict[str, str] = {
    "latin": "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff\uff21-\uff5a",
    "cyrillic": "\u0400-\u052f\u1c80-\u1c8f",
    "greek": "\u0370-\u03ff\u1f00-\u1fff",
    "arabic": "\u0620-\u064a\u066e-\u06d3\u06fa-\u06ff\u0750-\u077f\u08a0-\u08ff"
    "\ufb50-\ufdff\ufe70-\ufefc",
    "hebrew": "\u05d0-\u05f2",
    "armenian": "\u0531-\u0587",
    "georgian": "\u10a0-\u10ff\u1c90-\u1cbf\u2d00-\u2d2f",
    "devanagari": "\u0904-\u0963\u0971-\u097f",
    "bengali": "\u0980-\u09e3",
    "gurmukhi": "\u0a00-\u0a65\u0a70-\u0a7f",
    "gujarati": "\u0a80-\u0ae5",
    "oriya": "\u0b00-\u0b65",
    "tamil": "\u0b80-\u0be5",
    "telugu": "\u0c00-\u0c65",
    "kannada": "\u0c80-\u0ce5",
    "malayalam": "\u0d00-\u0d65",
    "sinhala": "\u0d80-\u0de5",
    "thai": "\u0e01-\u0e4e",
    "lao": "\u0e81-\u0ecd",
    "myanmar": "\u1000-\u103f",
    "ethiopic": "\u1200-\u135f",
    "khmer": "\u1780-\u17d3",
    "hangul": "\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3",
    "kana": "\u3041-\u3096\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f",
    "han": "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\u3005\u3007",
}
_RUN = re.compile("|".join(f"(?P<{name}>[{chars}]+)" for name, chars in _RANGES.items()))
_LETTERS_PER_IDEOGRAM = 2.5
"""About as many Latin letters as one ideogram or syllable block stands for."""
_DENSE = frozenset({"han", "kana", "hangul"})

LANGUAGES: Mapping[str, tuple[str, ...]] = {
    "cyrillic": ("ru", "uk", "bg", "sr", "mk", "be", "kk", "ky", "tt", "mn", "tg", "ba", "cv"),
    "greek": ("el",),
    "arabic": ("ar", "fa", "ur", "ps", "ug", "sd", "ku"),
    "hebrew": ("he", "yi"),
    "armenian": ("hy",),
    "georgian": ("ka",),
    "devanagari": ("hi", "mr", "ne", "sa"),
    "bengali": ("bn", "as"),
    "gurmukhi": ("pa",),
    "gujarati": ("gu",),
    "oriya": ("or",),
    "tamil": ("ta",),
    "telugu": ("te",),
    "kannada": ("kn",),
    "malayalam": ("ml",),
    "sinhala": ("si",),
    "thai": ("th",),
    "lao": ("lo",),
    "myanmar": ("my",),
    "ethiopic": ("am", "ti"),
    "khmer": ("km",),
    "hangul": ("ko",),
    "kana": ("ja",),
    "han": ("zh", "ja"),
}
"""Languages of a script, most common first. Any language not named here is taken as Latin."""


def weights(text: str) -> dict[str, float]:
    """How much of a text each script says, in Latin letters' worth."""
    found: dict[str, float] = {}
    for run in _RUN.finditer(text):
        script = str(run.lastgroup)
        worth = _LETTERS_PER_IDEOGRAM if script in _DENSE else 1.0
        found[script] = found.get(script, 0.0) + worth * (run.end() - run.start())
    return found


def writes(script: str, language: str) -> bool:
    """Whether `language` is written in `script`."""
    if script == "latin":
        return language not in _NEVER_LATIN
    return language in LANGUAGES[script]


_NEVER_LATIN = frozenset(code for codes in LANGUAGES.values() for code in codes) - {
    "sr", "ku", "kk", "tt", "mn",
}  # fmt: skip
