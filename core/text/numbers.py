"""How whole numbers are said: cardinals, ordinals, years, single digits.

Words come from num2words where it knows a language (and is only asked for what it does well: whole
numbers below 10^12), from here for Chinese.
"""

from __future__ import annotations

from functools import lru_cache

LARGEST = 10**12 - 1
"""Longer numbers are read digit by digit."""

_NUM2WORDS = {"pt": "pt_BR"}
SPOKEN_BY_US = frozenset(
    ["en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "uk", "cs", "ja", "ko", "zh"]
)  # fmt: skip
"""Languages whose numbers are put in words; for any other the engine reads digits itself."""

_ZH_DIGITS = "零一二三四五六七八九"


def is_sayable(digits: str) -> bool:
    """Whether a run of ASCII digits is a number rather than a code or a phone number.

    Asked before `int`, which refuses more than 4300 digits.
    """
    return len(digits) <= 12 and (digits == "0" or not digits.startswith("0"))


@lru_cache(maxsize=4096)
def cardinal(number: int, language: str, gender: str = "m") -> str:
    """A whole number in words.

    Args:
        number: 0 to `LARGEST`.
        language: One of `SPOKEN_BY_US`.
        gender: `m`, `f` or `n` of what is counted, where the language cares.
    """
    assert 0 <= number <= LARGEST
    if language == "zh":
        return chinese(number)
    if language == "ru":
        return _num2words(number, language, gender=gender)
    words = _num2words(number, language)
    return words.replace(",", "").replace(" ", "") if language == "ja" else _tidy(words, language)


@lru_cache(maxsize=1024)
def ordinal(number: int, language: str, gender: str = "m", case: str = "n") -> str:
    """
    Args:
        number: 1 to `LARGEST`.
        language: One of `SPOKEN_BY_US` that num2words has ordinals for (not cs).
        gender: For Russian: m, f, n.
        case: For Russian: n(ominative), g(enitive), d(ative), a, i(nstrumental), p(repositional).
    """
    assert 0 < number <= LARGEST
    if language == "ru":
        return _num2words(number, language, to="ordinal", gender=gender, case=case)
    return _tidy(_num2words(number, language, to="ordinal"), language)


@lru_cache(maxsize=512)
def year(number: int, language: str) -> str:
    """A year as it is said: nineteen eighty-four, neunzehnhundertvierundachtzig, 一九八四."""
    if language == "zh":
        return "".join(_ZH_DIGITS[int(digit)] for digit in str(number))
    in_hundreds = (language == "en" and 1100 <= number <= 2099) or (
        language in ("de", "nl") and 1100 <= number <= 1999
    )
    if not in_hundreds:
        return cardinal(number, language)
    said = _tidy(_num2words(number, language, to="year"), language)
    return said.replace(" honderd ", "honderd") if language == "nl" else said


def digit_by_digit(digits: str, language: str) -> str:
    """A code or phone number; growth is bounded by the longest name of a digit."""
    if language == "zh":
        return "".join(_ZH_DIGITS[int(digit)] for digit in digits)
    joint = "" if language in ("ja", "ko") else " "
    return joint.join(cardinal(int(digit), language) for digit in digits)


def chinese(number: int) -> str:
    """A whole number below 10^12 in Chinese: 12 -> 十二, 10 005 -> 一万零五."""
    if number == 0:
        return "零"
    said, skipped = "", False
    for power, unit in ((8, "亿"), (4, "万"), (0, "")):
        group = number // 10**power % 10**4
        if group:
            said += "零" if said and (skipped or group < 1000) else ""
            said += _chinese_group(group) + unit
        skipped = group == 0
    return said.removeprefix("一") if said.startswith("一十") else said


def _chinese_group(group: int) -> str:
    said, zero = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = group // unit % 10
        if digit:
            said += ("零" if zero and said else "") + _ZH_DIGITS[digit] + name
            zero = False
        else:
            zero = True
    return said


def _tidy(words: str, language: str) -> str:
    words = words.replace(",", "").replace("\u00ad", "")
    return words.replace(" ", "") if language == "ko" else words


def _num2words(number: int, language: str, **options: str) -> str:
    from num2words import num2words  # noqa: PLC0415 - 0.02 s that a page without a plan saves

    return str(num2words(number, lang=_NUM2WORDS.get(language, language), **options))
