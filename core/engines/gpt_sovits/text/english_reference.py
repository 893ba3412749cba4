"""English text as the reference implementation puts it in words, mistakes included.

Only for comparing with it: what is read to people comes from `core.text`. The order of the rules
is the reference's, because its mistakes follow from it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from core.text.numbers import cardinal, digit_by_digit, ordinal

_SIGNS: Final[Mapping[str, str]] = MappingProxyType({"。": ".", "！": "!", "？": "?"})
_OPERATORS: Final[Mapping[str, str]] = MappingProxyType(
    {"+": " plus ", "-": " minus ", "*": " times ", "/": " divided by ", "=": " Equals "}
)
_UNITS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "m": ("meter", "meters"), "km": ("kilometer", "kilometers"),
        "km/h": ("kilometer per hour", "kilometers per hour"), "ft": ("foot", "feet"),
        "L": ("liter", "liters"), "tbsp": ("tablespoon", "tablespoons"),
        "tsp": ("teaspoon", "teaspoons"), "h": ("hour", "hours"), "min": ("minute", "minutes"),
        "s": ("second", "seconds"), "°C": ("degree celsius", "degrees celsius"),
        "°F": ("degree fahrenheit", "degrees fahrenheit"),
    }
)  # fmt: skip
_MONEY: Final[Mapping[str, tuple[str, str, str, str]]] = MappingProxyType(
    {"$": ("dollar", "dollars", "cent", "cents"), "£": ("pound", "pounds", "penny", "pence")}
)
DICTIONARY_SLIPS: Final[Mapping[str, str]] = MappingProxyType(
    {"thirty-two": "TH ER0 T IY1 T OW0", "thirty-four": "TH ER1 T AY0 F R UH0 R"}
)
"""Words that its dictionary has wrong, where golden data shows it."""

_YEARS: Final = range(1001, 3000)
_YEARS_2000: Final = range(2001, 2010)

Said = Callable[[re.Match[str]], str]


def normalise_as_reference(text: str) -> str:
    """Letters, blanks and `' . , ? ! -`, as the reference's English front end makes them."""
    text = "".join(_SIGNS.get(sign, sign) for sign in text)
    for pattern, said in _RULES:
        text = pattern.sub(said, text)
    text = unicodedata.normalize("NFD", text)
    text = "".join(sign for sign in text if unicodedata.category(sign) != "Mn")
    text = re.sub("%", " percent", text)
    text = re.sub(r"[^ A-Za-z'.,?!\-]", "", text)
    text = re.sub(r"(?i)i\.e\.", "that is", text)
    text = re.sub(r"(?i)e\.g\.", "for example", text)
    text = re.sub(r"(?<!^)(?<![\s])([A-Z])", r" \1", text)
    return re.sub(r"([!?.,\-\s])[!?.,\-]+", r"\1", text)


def parts_as_reference(word: str) -> Sequence[str]:
    """The words that an unknown one is made of, by the frequencies of words on the web.

    Parts may be syllables and single letters: `bl or p tastic`.
    """
    return _segmenter().segment(word)  # type: ignore[no-any-return]


@cache
def _segmenter() -> Any:
    """With its tables, of 80 MB in memory: only a comparison with the reference needs them."""
    from wordsegment import Segmenter  # noqa: PLC0415 - as above

    segmenter = Segmenter()
    segmenter.load()
    return segmenter


def _large(number: int) -> str:
    """A cardinal with commas between the thousands, as the reference's library writes it."""
    if number < 1000:
        return cardinal(number, "en").replace(" and ", " ")
    groups: list[str] = []
    for power, name in ((12, "trillion"), (9, "billion"), (6, "million"), (3, "thousand")):
        count, number = divmod(number, 10**power)
        if count:
            groups.append(f"{_large(count)} {name}")
    if number:
        groups.append(_large(number))
    return ", ".join(groups)


def _integer(digits: str) -> str:
    number = int(digits)
    if len(digits) > 15:
        return digit_by_digit(digits, "en")
    if number not in _YEARS or number == 2000:
        return _large(number)
    if number in _YEARS_2000:
        return f"two thousand {_large(number % 100)}"
    return _pair(number)


def _pair(number: int) -> str:
    head, tail = divmod(number, 100)
    if not tail:
        return f"{_large(head)} hundred"
    return f"{_large(head)} {'oh ' if tail < 10 else ''}{_large(tail)}"


def _money(match: re.Match[str]) -> str:
    sign = match["sign"]
    one, many, cent, cents = _MONEY[sign]
    whole, _, part = match["amount"].partition(".")
    n_whole, n_part = int(whole or "0"), int((part + "00")[:2]) if part else 0
    said = f"{_large(n_whole)} {one if n_whole == 1 else many}" if n_whole or not n_part else ""
    if n_part:
        said += f"{' and ' if said else ''}{_large(n_part)} {cent if n_part == 1 else cents}"
    return said


def _time(match: re.Match[str]) -> str:
    hour, minute = int(match[1]), int(match[2])
    half = "p.m." if hour >= 12 else "a.m."
    hour = hour if hour <= 12 else hour - 12
    said = _large(minute) if minute else "o'clock"
    return f"{_large(hour)} {said} {half}"


def _unit(match: re.Match[str]) -> str:
    one, many = _UNITS[match[2]]
    return f"{match[1]} {one if match[1] == '1' else many}"


def _decimal(match: re.Match[str]) -> str:
    return f"{_large(int(match[1]))} point {' '.join(cardinal(int(d), 'en') for d in match[2])}"


def _fraction(match: re.Match[str]) -> str:
    above, below = int(match[1]), int(match[2])
    if below == 0:
        return match.group()
    part = "half" if below == 2 else ordinal(below, "en")
    if above > 1:
        part = "halves" if below == 2 else part + "s"
    return f"{_large(above)} {part}"


def _rules(written: Sequence[tuple[str, Said]]) -> tuple[tuple[re.Pattern[str], Said], ...]:
    return tuple((re.compile(pattern), said) for pattern, said in written)


_RULES: Final = _rules(
    (
        (r"(?<!\S)(\d{1,9})\. ", lambda m: ordinal(int(m[1]), "en") + ", "),
        (r"(?<=\d) ([+\-*/]) (?=\d)", lambda m: _OPERATORS[m[1]]),
        (r"(?<=\d) = (?=\d)", lambda m: _OPERATORS["="]),
        (r"\s-(?=\d)|^-(?=\d)", lambda m: "negative "),
        (r"(\d[\d,]*,[\d,]*\d)", lambda m: m[1].replace(",", "")),
        (r"\b([01]?\d|2[0-3]):([0-5]\d)\b", _time),
        (r"(\d+(?:\.\d+)?)(km|°C|°F|tbsp|tsp|min|ft|m|L|h|s)(?![A-Za-z])", _unit),
        (r"(?P<sign>[$£])(?P<amount>\d+(?:\.\d+)?|\.\d+)", _money),
        (r"(?P<amount>\d+(?:\.\d+)?)(?P<sign>[$£])", _money),
        (r"(\d+)\.(\d+)", _decimal),
        (r"(\d{1,9})/(\d{1,9})", _fraction),
        (r"(\d{1,9})(?:st|nd|rd|th)\b", lambda m: ordinal(int(m[1]), "en") if int(m[1]) else m[0]),
        (r"\d+", lambda m: _integer(m[0])),
    )
)
