"""What the rules of one language have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from core.text.locale import Locale

Say = Callable[[re.Match[str]], str]
Written = tuple[str, Say]
"""A pattern and what a match of it says.

No pattern backtracks far: runs of digits are matched possessively, all else has a small bound.
"""


class LocaleRules:
    """Rules that are made from a locale."""

    def __init__(self, locale: Locale) -> None:
        self._locale = locale


def word_before(match: re.Match[str]) -> str:
    """The word that a match follows, or nothing."""
    words = match.string[max(match.start() - 24, 0) : match.start()].split()
    return words[-1].strip("(\"'“„«") if words else ""


def one_of(written: Iterable[str]) -> str:
    """Alternatives of a pattern, longest first."""
    return "|".join(map(re.escape, sorted(written, key=len, reverse=True)))
