"""The rules that put the numbers and signs of a text in words, language by language.

Each rule rewrites what it knows and leaves the rest to the next, so the order matters: a date
before its digits, money before its number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from core.text.locales import locale_of
from core.text.rules.amounts import AmountRules
from core.text.rules.base import Say, Written
from core.text.rules.calendar import CalendarRules
from core.text.rules.codes import CodeRules
from core.text.rules.words import WordRules

Rule = tuple[re.Pattern[str], Say]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """In the order in which they must be applied.

    Args:
        words: Addresses, abbreviations, Roman numerals: for any text.
        digits: For a text with digits in it.
    """

    words: tuple[Rule, ...]
    digits: tuple[Rule, ...]


@lru_cache(maxsize=32)
def rules_for(language: str) -> Rules:
    """The rules of a language.

    Args:
        language: One that `locale_of` knows.
    """
    locale = locale_of(language)
    assert locale is not None
    calendar = CalendarRules(locale)
    digits = [
        *locale.extra,
        *calendar.dates(),
        *CodeRules(locale).all(),
        *calendar.times(),
        *AmountRules(locale).all(),
    ]
    return Rules(
        words=_compiled(WordRules(locale).all(), language), digits=_compiled(digits, language)
    )


def _compiled(written: list[Written], language: str) -> tuple[Rule, ...]:
    # Where words are not parted by spaces, only Latin letters can make a digit part of a word.
    flags = re.ASCII if language in ("zh", "ja", "ko") else re.NOFLAG
    return tuple((re.compile(pattern, flags), say) for pattern, say in written)
