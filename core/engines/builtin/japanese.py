"""Readings of Japanese: kanji to kana, offline, because eSpeak NG reads kana only."""

from __future__ import annotations

import re
import warnings
from typing import Final

_NEEDS_READING: Final = re.compile(r"[\u3400-\u9fff\uf900-\ufaff々〆〇0-9０-９]")
_MARKS: Final = {"、": "、", "。": "。", "？": "？", "！": "！"}
MAX_CHARS: Final = 200
"""Longest stretch that is read in one go: OpenJTalk's time and memory grow with it."""


def to_kana(text: str) -> str:
    """The text in katakana with its punctuation; text without kanji or digits stays as it is.

    Args:
        text: Any text. What OpenJTalk cannot read is left out.
    """
    if not _NEEDS_READING.search(text):
        return text
    stretches = re.split(r"(?<=[。！？!?\n])", text)
    parts = (s[at : at + MAX_CHARS] for s in stretches for at in range(0, len(s), MAX_CHARS))
    return "".join(_read(part) for part in parts)


def _read(text: str) -> str:
    if not _NEEDS_READING.search(text):
        return text
    import pyopenjtalk  # noqa: PLC0415 - loads a dictionary of 100 MB; most texts are not Japanese

    with warnings.catch_warnings():  # it calls a dictionary (Sudachi) by an old name
        warnings.simplefilter("ignore", DeprecationWarning)
        words = pyopenjtalk.run_frontend(text.replace("\0", ""))
    return "".join(_said(str(word["string"]), str(word["pron"])) for word in words)


def _said(written: str, pronounced: str) -> str:
    """How one word is said: its pronunciation, with particles as they sound (は -> ワ)."""
    if written in _MARKS:
        return _MARKS[written]
    return pronounced.replace("’", "") if pronounced not in ("*", "") else written
