"""What a language needs in order to say numbers, dates, money, units and signs in words.

One value per language, in `core.text.locales`; this module holds the type and what the languages
have in common.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from core.text import numbers


@dataclass(frozen=True, kw_only=True)
class Noun:
    """
    Args:
        forms: Singular, plural; Slavic languages: after 1, after 2-4, after 5, after a fraction.
        gender: m, f or n; decides how the number before it is said.
    """

    forms: tuple[str, ...]
    gender: str = "m"


@dataclass(frozen=True, kw_only=True)
class Value:
    """A number as it was written.

    Args:
        whole: ASCII digits before the decimal mark, without group marks.
        fraction: Digits after it, or empty.
        negative: Whether a minus stands before it.
    """

    whole: str
    fraction: str = ""
    negative: bool = False

    @property
    def count(self) -> int | None:
        """The number where nouns can agree with it: whole and not too long."""
        return int(self.whole) if not self.fraction and numbers.is_sayable(self.whole) else None


def one_or_many(count: int) -> int:
    return 0 if count == 1 else 1


def slavic(count: int) -> int:
    """Russian and Ukrainian: 1, 21 / 2-4, 22-24 / the rest."""
    if count % 10 == 1 and count % 100 != 11:
        return 0
    return 1 if count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14) else 2


@dataclass(frozen=True, kw_only=True)
class Locale:
    """
    Args:
        code: ISO 639-1.
        decimal: The decimal marks in writing.
        groups: Characters that may part thousands.
        point: How the decimal mark is said.
        minus: How a minus is said.
        to: Between the ends of a range.
        percent: With `{n}` for the number.
        dot, slash, at, dash: For addresses on the web.
        signs: What single characters say.
        currencies: By sign or code (the sign may stand before or after the amount).
        cents: The hundredth part, by the same sign; without one, the fraction is said as decimals.
        money_joint: Between both.
        units: By what is written after the number.
        scales: Words and short forms for thousands, millions ...: as written -> as said.
        months: In the form a date needs, January first.
        month_names: Further ways to write them, lower case -> 1 to 12.
        month_first: 12/31 rather than 31/12.
        date: (day, month, year or None, word before) -> words.
        written_date: The same for a date that was written "5 October", where it is said otherwise.
        date_tail: Pattern of a word after a date that `date` says already.
        time: (hour, minute, second or None) -> words.
        time_tail: Pattern of a word that belongs to a time and is said by `time` already.
        hour_letter: Whether 14h30 is a time.
        ordinal: Pattern with `digits`, and what it says from (number, match text, word before).
        fraction: (numerator, denominator) -> words.
        plural: Index into a noun's forms.
        decimals: (whole words, digits) -> words, where a language has a way of its own.
        decimals_as_number: 3,14 is said "three comma fourteen".
        gendered: By gender: endings of a cardinal that change before a noun.
        chapters: Pattern of words before which a Roman numeral is a number.
        rulers: Pattern of names after which a Roman numeral is an ordinal.
        ruler: How that ordinal is said, from (number, name).
        centuries: Pattern with `roman`; and how it is said from (number, match text).
        space: What parts words.
        short_forms: Abbreviations, and what they stand for.
        counted_words: Nouns that are often counted, for their gender.
        extra: Patterns of its own and what they say, tried before anything else on numbers.
    """

    code: str
    decimal: str = ","
    groups: str = ".\u00a0\u202f\u2009'’"
    point: str = ""
    minus: str = ""
    to: str = ""
    percent: str = "{n} %"
    dot: str = ""
    slash: str = ""
    at: str = ""
    dash: str = ""
    signs: Mapping[str, str] = field(default_factory=dict)
    currencies: Mapping[str, Noun] = field(default_factory=dict)
    cents: Mapping[str, Noun] = field(default_factory=dict)
    money_joint: str = " "
    units: Mapping[str, Noun] = field(default_factory=dict)
    scales: Mapping[str, str] = field(default_factory=dict)
    scale_joint: str = " "
    months: tuple[str, ...] = ()
    month_names: Mapping[str, int] = field(default_factory=dict)
    month_first: bool = False
    date: Callable[[int, int, int | None, str], str] | None = None
    written_date: Callable[[int, int, int | None, str], str] | None = None
    date_tail: str = ""
    time: Callable[[int, int, int | None], str] | None = None
    time_tail: str = ""
    hour_letter: bool = False
    ordinal: tuple[str, Callable[[int, str, str], str]] | None = None
    fraction: Callable[[int, int], str] | None = None
    plural: Callable[[int], int] = one_or_many
    decimals: Callable[[int, str], str] | None = None
    decimals_as_number: bool = False
    gendered: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    chapters: str = ""
    rulers: str = ""
    ruler: Callable[[int, str], str] | None = None
    centuries: tuple[str, Callable[[int, str], str]] | None = None
    space: str = " "
    short_forms: Mapping[str, str] = field(default_factory=dict)
    counted_words: Mapping[str, Noun] = field(default_factory=dict)
    extra: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = ()

    def say(self, value: Value, gender: str = "", noun_follows: bool = False) -> str:
        """A number in words.

        Args:
            value: Any; one that is too long is read digit by digit.
            gender: Of the noun that follows, if any.
            noun_follows: Whether one does.
        """
        sign = f"{self.minus}{self.space}" if value.negative else ""
        if not numbers.is_sayable(value.whole):
            words = numbers.digit_by_digit(value.whole, self.code)
        elif value.fraction and self.decimals and len(value.fraction) <= 3:
            return sign + self.decimals(int(value.whole), value.fraction)
        else:
            words = numbers.cardinal(int(value.whole), self.code, gender or "m")
        if value.fraction:
            return sign + self.space.join((words, self.point, self._fraction(value.fraction)))
        return sign + (self._before_noun(words, gender) if noun_follows else words)

    def counted(self, value: Value, noun: Noun) -> str:
        """A number and what it counts, in agreement."""
        words = self.say(value, noun.gender, noun_follows=True)
        return f"{words}{self.space}{self.form(value, noun)}"

    def form(self, value: Value, noun: Noun) -> str:
        count = value.count
        if count is not None:
            index = self.plural(count)
        else:
            index = 3 if value.fraction and len(noun.forms) > 3 else 1
        return noun.forms[min(index, len(noun.forms) - 1)]

    def _fraction(self, digits: str) -> str:
        if self.decimals_as_number and len(digits) <= 2 and not digits.startswith("0"):
            return numbers.cardinal(int(digits), self.code)
        return numbers.digit_by_digit(digits, self.code)

    def _before_noun(self, words: str, gender: str) -> str:
        for ending, replacement in self.gendered.get(gender, ()):
            if words.endswith(ending):
                return words.removesuffix(ending) + replacement
        return words


def nouns(table: str) -> dict[str, Noun]:
    """Read `km=kilometre|kilometres; h=Stunde|Stunden:f` into nouns by what is written.

    Several ways of writing are parted by commas: `€,EUR=euro|euros`.
    """
    found: dict[str, Noun] = {}
    for entry in filter(str.strip, table.split(";")):
        written, _, said = entry.partition("=")
        forms, _, gender = said.strip().partition(":")
        noun = Noun(forms=tuple(forms.split("|")), gender=gender or "m")
        found |= {key.strip(): noun for key in written.split(",")}
    return found


def pairs(table: str) -> dict[str, str]:
    """Read `&=and; %=percent`; several ways of writing are parted by spaces."""
    entries = [entry.strip().rpartition("=") for entry in table.split("; ") if entry.strip()]
    return {key: said for written, _, said in entries for key in written.split()}


def month_names(names: str) -> dict[str, int]:
    """Read twelve groups of names, parted by commas; inside a group by spaces."""
    return {
        name.lower(): number
        for number, group in enumerate(names.split(","), start=1)
        for name in group.split()
    }


def short_forms(table: str) -> dict[str, str]:
    """Read `z. B.=zum Beispiel; d. h.=das heißt`."""
    entries = [entry.strip().partition("=") for entry in table.split("; ") if entry.strip()]
    return {short: said for short, _, said in entries}


def feminine(words: str) -> dict[str, Noun]:
    """Forms of feminine nouns, parted by spaces."""
    return {word: Noun(forms=(word,), gender="f") for word in words.split()}
