"""How the reference implementation writes Chinese text out in words, its mistakes included.

Facts of its rules and of their order, which decides what a sign means: `-` is tried as a minus
before it is tried as a range or as part of a telephone number. Only for comparing with it;
`chinese_normalise` is what people hear.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from core.engines.gpt_sovits.text.chinese_numbers import (
    MEASURE,
    cardinal,
    count,
    decimal,
    digit_by_digit,
)
from core.engines.gpt_sovits.text.chinese_signs import CIRCLED, GREEK, POWERS, simplified

Said = Callable[[re.Match[str]], str]

_NOT_READ: Final = re.compile(r"[—《》【】<>{}()（）#&@“”^_|\\]")
_SENTENCE_END: Final = re.compile(r"([：、，；。？！,;?!][”’]?)")
_FULL_WIDTH: Final = {
    code: code - 0xFEE0
    for first, last in ("０９", "Ａｚ")
    for code in range(ord(first), ord(last) + 1)
    if chr(code - 0xFEE0).isalnum()
}
_UNITS: Final = {
    "cm2": "平方厘米",
    "cm²": "平方厘米",
    "cm3": "立方厘米",
    "cm³": "立方厘米",
    "cm": "厘米",
    "db": "分贝",
    "ds": "毫秒",
    "kg": "千克",
    "km": "千米",
    "m2": "平方米",
    "m²": "平方米",
    "m³": "立方米",
    "m3": "立方米",
    "ml": "毫升",
    "m": "米",
    "mm": "毫米",
    "s": "秒",
}
"""In the order they are replaced, anywhere in the text: `mm` has become 米米 before its turn."""
_OPERATORS: Final = {"+": "加", "-": "减", "×": "乘", "÷": "除", "=": "等于"}
_LEFT_OVER: Final = _OPERATORS | {"=": "等", "/": "每"}
_UPPER_GREEK: Final = frozenset("ΓΔΘΛΞΠΣΦΨΩ")

_POWER: Final = f"[{''.join(POWERS)}]"
_NUMBER: Final = r"\d+(?:\.\d+)?"
_OPERAND: Final = rf"-?{_NUMBER}{_POWER}*|\.\d+{_POWER}*|[A-Za-z]{_POWER}*"
_SUM: Final = re.compile(rf"({_OPERAND})([-+×÷=])({_OPERAND})", re.ASCII)
_CLOCK: Final = r"([0-1]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?"
_TO_UNIT: Final = rf"(?:%|°C|℃|度|摄氏度|{'|'.join(_UNITS)})"


def written_out(text: str) -> str:
    """The text in words and punctuation; what has no reading is left for others to drop."""
    text = _NOT_READ.sub("", text.replace(" ", ""))
    # A line is never joined with the next: rules do not look across.
    lines = re.split(r"\n+", _SENTENCE_END.sub(r"\1\n", text).strip())
    return "".join(_sentence(line.strip()) for line in lines)


def _sentence(text: str) -> str:
    text = simplified(text).translate(_FULL_WIDTH)
    for pattern, said in _BEFORE_UNITS:
        text = pattern.sub(said, text)
    for unit, name in _UNITS.items():
        text = text.replace(unit, name)
    while _SUM.search(text):
        text = _SUM.sub(lambda sum_: f"{sum_[1]}{_OPERATORS[sum_[2]]}{sum_[3]}", text)
    for pattern, said in _AFTER_SUMS:
        text = pattern.sub(said, text)
    return _NOT_READ.sub("", "".join(_sign(char) for char in text))


def _sign(char: str) -> str:
    if char in GREEK or char in _UPPER_GREEK:
        return GREEK[char.lower()]
    return CIRCLED.get(char) or _LEFT_OVER.get(char, char)


def _date(match: re.Match[str]) -> str:
    year, month, day, called = match.groups()
    said = digit_by_digit(year, one="一") + "年"
    said += f"{cardinal(month)}月" if month else ""
    return said + (f"{cardinal(day)}{called}" if day else "")


def _dotted_date(match: re.Match[str]) -> str:
    year, _, month, day = match.groups()
    return f"{digit_by_digit(year, one='一')}年{cardinal(month)}月{cardinal(day)}日"


def _clock(hour: str, minute: str, second: str | None, half_at: str) -> str:
    said = decimal(hour) + "点"
    if minute != "00":
        said += "半" if half_at == "30" else _with_zero(minute) + "分"
    return said + (_with_zero(second) + "秒" if second and second != "00" else "")


def _with_zero(number: str) -> str:
    return ("零" if number.startswith("0") else "") + cardinal(number)


def _time(match: re.Match[str]) -> str:
    hour, minute, second = match.groups()
    return _clock(hour, minute, second, half_at=minute)


def _time_range(match: re.Match[str]) -> str:
    hour, minute, second, hour_2, minute_2, second_2 = match.groups()
    # The half hour of the second time is looked up in the first.
    end = _clock(hour_2, minute_2, second_2, half_at=minute)
    return f"{_clock(hour, minute, second, half_at=minute)}至{end}"


def _temperature(match: re.Match[str]) -> str:
    # Whatever the unit: 摄氏度 loses its first two characters.
    return ("零下" if match[1] else "") + decimal(match[2]) + "度"


def _power(match: re.Match[str]) -> str:
    return f"的{''.join(POWERS[char] for char in match[0])}次方"


def _signed(match: re.Match[str]) -> str:
    return ("负" if match[0].startswith("-") else "") + decimal(match[0].lstrip("-"))


def _code(match: re.Match[str]) -> str:
    return "，".join(digit_by_digit(part) for part in match[0].lstrip("+").split("-"))


def _rule(pattern: str, said: Said) -> tuple[re.Pattern[str], Said]:
    return re.compile(pattern, re.ASCII), said


_BEFORE_UNITS: Final = (
    _rule(r"(\d{4}|\d{2})年(?:(0?[1-9]|1[0-2])月)?(?:(0?[1-9]|[12]\d|3[01])([日号]))?", _date),
    _rule(r"(\d{4})([- /.])(0[1-9]|1[012])\2(0[1-9]|[12]\d|3[01])", _dotted_date),
    _rule(rf"{_CLOCK}[~-]{_CLOCK}", _time_range),
    _rule(_CLOCK, _time),
    _rule(
        rf"(?:-?{_NUMBER}|\.\d+){_TO_UNIT}~(?:-?{_NUMBER}|\.\d+){_TO_UNIT}",
        lambda match: match[0].replace("~", "至"),
    ),
    _rule(rf"(-?)({_NUMBER})(?:°C|℃|度|摄氏度)", _temperature),
)
_AFTER_SUMS: Final = (
    _rule(f"{_POWER}+", _power),
    _rule(
        r"(-?)(\d+)/(\d+)",
        lambda match: ("负" if match[1] else "") + f"{cardinal(match[3])}分之{cardinal(match[2])}",
    ),
    _rule(
        rf"(-?)({_NUMBER})%",
        lambda match: ("负" if match[1] else "") + f"百分之{decimal(match[2])}",
    ),
    _rule(r"(?<!\d)(?:\+?86)?1(?:[38]\d|5[0-35-9]|7[678]|9[89])\d{8}(?!\d)", _code),
    _rule(r"(?<!\d)(?:0(?:10|2[1-3]|[3-9]\d{2})-?)?[1-9]\d{6,7}(?!\d)", _code),
    _rule(r"400-?\d{3}-?\d{4}", _code),
    _rule(
        rf"(?<![\d+\-×÷=])(-?{_NUMBER})[-~](-?{_NUMBER})(?![\d+\-×÷=])",
        lambda match: "到".join(
            ("负" if end.startswith("-") else "") + decimal(end.lstrip("-"))
            for end in match.groups()
        ),
    ),
    _rule(r"-\d+", _signed),
    _rule(
        r"\d+(?:\.\d+){2,}",
        lambda match: "".join("点" if char == "." else cardinal(char) for char in match[0]),
    ),
    _rule(r"-?\d+\.\d+|\.\d+", _signed),
    _rule(
        rf"(\d+)([多余几+])?(?={MEASURE})",
        lambda match: count(match[1]) + (match[2] or "").replace("+", "多"),
    ),
    _rule(r"\d{3,}", lambda match: digit_by_digit(match[0])),
    _rule(rf"-?{_NUMBER}|\.\d+", _signed),
)
