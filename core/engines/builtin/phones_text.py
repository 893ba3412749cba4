"""Splits a text into stretches, punctuation and scripts, before any language's rules apply."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

MAX_TOKEN_CHARS: Final = 60
"""Longer words are said in parts."""

BREAKS: Final = '.,;:!?…()[]{}«»"“”„—–。，、；：！？।؛،؟'
ENDS: Final = ".!?…。！？।؟"
_APOSTROPHES: Final = {ord(sign): "'" for sign in "’‘ʼ`´"}
_GLUED: Final = re.compile(
    r"(?<=[^\W\d_][,;:!?…—–])(?=[^\W\d_]{2})|(?<=[^\W\d_]{2}\.)(?=[A-ZА-ЯЁЄІЇҐ])"
)
"""Where a blank was forgotten after punctuation."""

_LIGATURES: Final = {
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i",
    "Æ": "Ae", "Œ": "Oe", "Ø": "O", "Ł": "L", "Đ": "D", "Ð": "D", "Þ": "Th", "ẞ": "SS",
}  # fmt: skip

SCRIPTS: Final = {
    "ru": "\u0400-\u052f",
    "el": "\u0370-\u03ff\u1f00-\u1fff",
    "he": "\u0590-\u05ff",
    "ar": "\u0600-\u06ff\u0750-\u077f",
    "hi": "\u0900-\u097f",
    "ko": "\u1100-\u11ff\uac00-\ud7af",
    "ja": "\u3040-\u30ff",
    "cmn": "\u3400-\u9fff",
}
"""Letters by the eSpeak voice that reads them, for words of another script in a text."""


def letters_of(*voices: str) -> str:
    return "[" + "".join(SCRIPTS[voice] for voice in voices) + "]"


OTHER_THAN_CYRILLIC: Final = letters_of(*(voice for voice in SCRIPTS if voice != "ru"))


def folded(text: str, own: str) -> str:
    """The text with letters that the language lacks in their plain form: `é` as `e`."""
    kept = frozenset(own + own.upper())
    return "".join(
        sign if sign.isascii() or sign in kept else _plain(sign)
        for sign in unicodedata.normalize("NFC", text)
    )


def _plain(sign: str) -> str:
    if sign in _LIGATURES:
        return _LIGATURES[sign]
    base = unicodedata.normalize("NFKD", sign)[0]
    return base if base.isascii() and base.isalpha() else sign


def tokens(text: str) -> Iterator[tuple[str, str]]:
    """Stretches without blanks, each with the punctuation that follows it (`""` for none).

    Punctuation inside a stretch stays there: decimals, clock times, addresses.
    """
    normal = unicodedata.normalize("NFC", text).translate(_APOSTROPHES)
    for stretch in re.split(r"(\s+)", normal):
        if not stretch:
            continue
        if stretch.isspace():
            if "\n\n" in stretch:
                yield "", "."
            continue
        for piece in _GLUED.split(stretch):
            core = piece.strip(BREAKS + "-")
            start = piece.find(core) if core else len(piece)
            if start and any(sign in BREAKS for sign in piece[:start]):
                yield "", _mark(piece[:start])
            for at in range(0, len(core), MAX_TOKEN_CHARS):
                yield core[at : at + MAX_TOKEN_CHARS], ""
            if core and len(piece) > start + len(core):
                yield "", _mark(piece[start + len(core) :])
            elif not core and piece == "-":
                yield "", ","


def _mark(signs: str) -> str:
    return "".join(sign for sign in signs if sign in BREAKS)
