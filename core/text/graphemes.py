"""Where a text may be cut without tearing a letter from its marks.

A short form of the extended grapheme clusters of Unicode Standard Annex 29: enough for cutting, in
the standard library alone.
"""

from __future__ import annotations

import unicodedata

_ZWJ = "\u200d"
# Vowel-killing signs that bind the next consonant (Devanagari ... Malayalam, Sinhala left out:
# there a conjunct needs a joiner).
_VIRAMAS = frozenset("\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d")
_LOOK_BACK = 64
"""No cluster that a person writes is longer; keeps the search for its start bounded."""


def is_break(text: str, at: int) -> bool:  # noqa: PLR0911 - one rule a line, as in the annex
    """Whether a letter ends right before `at`."""
    if at <= 0 or at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if unicodedata.category(after)[0] == "M" or after in "\u200c\u200d\uff9e\uff9f":
        return False
    if "\U0001f3fb" <= after <= "\U0001f3ff":  # skin tones
        return False
    if before == _ZWJ and after > "\u2000":  # emoji sequences
        return False
    if before in _VIRAMAS and unicodedata.category(after) == "Lo":
        return False
    if _is_flag_half(before) and _is_flag_half(after):
        return _flag_halves_before(text, at) % 2 == 0
    return not _joins_hangul(before, after)


def cut_before(text: str, at: int, start: int) -> int:
    """Last place in (start, at] where a letter ends; `at` itself when there is none near."""
    lowest = max(start + 1, at - _LOOK_BACK)
    for place in range(at, lowest - 1, -1):
        if is_break(text, place):
            return place
    return at


def _is_flag_half(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _flag_halves_before(text: str, at: int) -> int:
    place = at
    while place > 0 and at - place < _LOOK_BACK and _is_flag_half(text[place - 1]):
        place -= 1
    return at - place


def _joins_hangul(before: str, after: str) -> bool:
    if not ("\u1100" <= after <= "\u11ff"):
        return False
    leading = "\u1100" <= before <= "\u115f"
    syllable = "\u1160" <= before <= "\u11ff" or "\uac00" <= before <= "\ud7a3"
    return leading or (syllable and after >= "\u1160")
