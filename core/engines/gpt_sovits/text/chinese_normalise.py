"""Writes Chinese text out in words: dates, times, money, measures, ranges, codes, signs.

Rules go from what looks most special to plain numbers, so that `-` is part of a telephone number
before it is a range, a range before a minus, and never a sum without `=` or another operator.
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
from core.engines.gpt_sovits.text.chinese_signs import (
    CIRCLED,
    GREEK,
    LETTERS,
    MONEY,
    OPERATORS,
    POWERS,
    SIGNS,
    UNITS,
    simplified,
)

Said = Callable[[re.Match[str]], str]

_HALF_WIDTH: Final = (
    {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code) not in "！，：；？（）"}
    | dict.fromkeys(map(ord, "‐‑‒–−"), "-")
    | dict.fromkeys(map(ord, "〜∼～"), "~")
    | {0x3000: " ", 0x2103: "°C", 0x2109: "°F", 0xA5: "￥", 0xFFE5: "￥"}
)
_NOT_READ: Final = re.compile(r"[—《》【】<>{}()（）#@“”^_|$€£￥\\]")
# 着 is written 著 where characters are traditional; these words keep it.
_AUXILIARY_ZHU: Final = re.compile("(?<![名原论专编遗拙巨译合显昭土])著(?![名作者称述录书])")

_NUMBER: Final = r"\d+(?:\.\d+)?"
_CLOCK: Final = r"(?<![\d:])([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?(?![\d:])"
_POWER: Final = f"[{''.join(POWERS)}]"
_TO: Final = "[-~到至]"
_UNIT: Final = "|".join(
    re.escape(unit) + (r"(?!\d)" if unit[-1].isdecimal() else "")  # 10cm 300人
    for unit in sorted(UNITS, key=len, reverse=True)
)
_CODE_NAMES: Final = (
    "电话|電話|手机|手機|热线|熱線|座机|传真|号码|號碼|拨打|致电|编号|代码|密码|密碼|验证码|账号|帐号|卡号|单号|学号"
    "|工号|邮编|房号|群号|尾号|QQ|qq|微信|序列号|身份证|车牌|航班"
)


def written_out(text: str, *, to_simplified: bool = True, one: str = "幺") -> str:
    """The text in words and punctuation; what has no reading is left for others to drop.

    Args:
        text: Anything.
        to_simplified: Mandarin is read from simplified characters; Cantonese is not.
        one: What a 1 is called in a code: Mandarin says 幺, Cantonese 一.
    """
    text = text.translate(_HALF_WIDTH)
    text = _in_simplified(text) if to_simplified else text
    text = re.sub(r"(?<=\d)：(?=\d)", ":", text)
    for pattern, said in _SPACED:
        text = pattern.sub(said, text)
    text = text.replace(" ", "")
    for pattern, said in _RULES:
        text = pattern.sub(said, text)
    text = _NOT_READ.sub("", "".join(_sign(char) for char in text))
    return text if one == "幺" else text.replace("幺", one)


def _in_simplified(text: str) -> str:
    made = simplified(text)
    return _AUXILIARY_ZHU.sub("着", made) if made != text else made


def _sign(char: str) -> str:
    name = CIRCLED.get(char) or GREEK.get(char.lower()) or LETTERS.get(char.lower())
    return name or SIGNS.get(char, char)


def _code(match: re.Match[str]) -> str:
    """Digits one by one, a pause between groups."""
    groups = re.findall(r"\d+", match[0])
    return "，".join(digit_by_digit(group) for group in groups)


def _named_code(match: re.Match[str]) -> str:
    return match[1] + digit_by_digit(match[2])


def _plain_code(match: re.Match[str]) -> str:
    return digit_by_digit(match[0])


def _date(match: re.Match[str]) -> str:
    year, month, day, called = match.groups()
    said = digit_by_digit(year, one="一") + "年"
    said += f"{cardinal(month)}月" if month else ""
    return said + (f"{cardinal(day)}{called}" if day else "")


def _dotted_date(match: re.Match[str]) -> str:
    year, _, month, day = match.groups()
    return f"{digit_by_digit(year, one='一')}年{cardinal(month)}月{cardinal(day)}日"


def _clock(hour: str, minute: str, second: str | None) -> str:
    said = count(hour) + "点"
    if minute == "30" and not second:
        return said + "半"
    if minute != "00" or second:
        said += ("零" if minute[0] == "0" and minute != "00" else "") + cardinal(minute) + "分"
    if not second:
        return said
    return said + ("零" if second[0] == "0" and second != "00" else "") + cardinal(second) + "秒"


def _times(match: re.Match[str]) -> str:
    """One time, or two with `至` between."""
    parts = match.groups()
    return "至".join(_clock(*parts[at : at + 3]) for at in range(0, len(parts), 3))


def _money(match: re.Match[str]) -> str:
    sign, number, scale = match.groups()
    return decimal(number.replace(",", "")) + (scale or "") + MONEY[sign]


def _signed(sign: str, number: str, minus: str = "负") -> str:
    return (minus if sign else "") + decimal(number)


def _percent(match: re.Match[str]) -> str:
    return ("负" if match[1] else "") + f"百分之{decimal(match[2])}"


def _percents(match: re.Match[str]) -> str:
    return f"百分之{decimal(match[1])}到百分之{decimal(match[2])}"


def _temperature(match: re.Match[str]) -> str:
    sign, number, unit = match.groups()
    return _signed(sign, number, "零下") + _degrees(unit)


def _temperatures(match: re.Match[str]) -> str:
    sign, number, _, sign_2, number_2, unit = match.groups()
    low, high = _signed(sign, number, "零下"), _signed(sign_2, number_2, "零下")
    return f"{low}到{high}{_degrees(unit)}"


def _degrees(unit: str) -> str:
    return UNITS.get(unit, unit)


def _sum(match: re.Match[str]) -> str:
    """Numbers and operators; without `=` or another operator a `-` is no minus."""
    chain = match[0]
    if not re.search(r"[+×*÷=]", chain):
        return chain
    return re.sub(
        rf"({_NUMBER})|([-+×*÷=])",
        lambda part: decimal(part[1]) if part[1] else OPERATORS[part[2]],
        re.sub(r"(?<![\d.])-(?=\d)", "负", chain),
    )


def _measured(match: re.Match[str]) -> str:
    sign, low, high, unit = match.groups()
    said = ("负" if sign else "") + (f"{count(low)}到" if low else "") + count(high)
    return said + UNITS[unit]


def _fraction(match: re.Match[str]) -> str:
    return ("负" if match[1] else "") + f"{cardinal(match[3])}分之{cardinal(match[2])}"


def _range(match: re.Match[str]) -> str:
    sign, low, sign_2, high, measure = match.groups()
    say = count if measure is not None else decimal
    first, last = ("负" if sign else "") + say(low), ("负" if sign_2 else "") + say(high)
    return f"{first}到{last}"


def _counted(match: re.Match[str]) -> str:
    return count(match[1]) + (match[2] or "").replace("+", "多")


def _whole(match: re.Match[str]) -> str:
    """A number alone: an amount if it is short or round, else a code."""
    digits = match[0]
    if re.fullmatch(r"(?:19|20)\d[1-9]|(?:19|20)[1-9]0", digits):  # most likely a year
        return digit_by_digit(digits, one="一")
    is_amount = len(digits) <= 8 or (len(digits) <= 12 and digits.endswith("000"))
    return cardinal(digits) if is_amount else digit_by_digit(digits)


def _power(match: re.Match[str]) -> str:
    power = "".join(POWERS[char] for char in match[0])
    return f"的{cardinal(power) if power.isdigit() else power}次方"


def _rule(pattern: str, said: Said | str) -> tuple[re.Pattern[str], Said | str]:
    return re.compile(pattern, re.ASCII), said


_SPACED: Final = (
    # A mobile number, 138 1234 5678; with the country's or without.
    _rule(r"(?<!\d)(?:\+?86[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}(?!\d)", _code),
    _rule(r"(?<=\d) +(?=\d)", "，"),
)
_RULES: Final = (
    _rule(r"(?<![\d.])\d{1,3}(?:,\d{3})+(?![\d,])", lambda match: match[0].replace(",", "")),
    # Codes: telephones, and whatever is called a number.
    _rule(r"(?<!\d)0\d{2,3}-[1-9]\d{6,7}(?!\d)", _code),
    _rule(r"(?<!\d)[48]00-?\d{3}-?\d{4}(?!\d)", _code),
    _rule(r"(?<![\d.-])\d{3,4}(?:-\d{3,4}){2,}(?![\d-])", _code),
    _rule(r"(?<![\d.-])(?!20\d\d-20)[2-9]\d{3}-\d{4}(?![\d-])", _code),  # in Hong Kong
    _rule(rf"((?:{_CODE_NAMES})(?:号码|号)?[是为係系:：]?)(\d{{3,}})(?![\d.])", _named_code),
    _rule(r"(?<=[打拨])1(?:10|19|20|22)(?!\d)", _plain_code),
    # Dates.
    _rule(
        r"(?<!\d)(\d{4}|\d{2}(?=年\d))年(0?[1-9]|1[0-2])月(?:(0?[1-9]|[12]\d|3[01])([日号]))?",
        _date,
    ),
    _rule(r"(?<!\d)(\d{4})([-/.])(0?[1-9]|1[012])\2(0?[1-9]|[12]\d|3[01])(?!\d)", _dotted_date),
    _rule(
        r"(?<![\d.])(?=\d{4}[-~]\d{4}年|(?:19|20)\d\d[-~](?:19|20)\d\d(?![\d.]))(\d{4})[-~](\d{4})",
        lambda match: "到".join(digit_by_digit(year, one="一") for year in match.groups()),
    ),
    _rule(
        r"(?<!\d)\d{4}(?=年(?![前后後来來间間]|的?[历歷]))",
        lambda match: digit_by_digit(match[0], one="一"),
    ),
    _rule(
        r"(?<!\d)(?:0\d|[5-9]\d)(?=年(?![前后後来來间間代]|的))",
        lambda match: digit_by_digit(match[0], one="一"),
    ),
    _rule(r"(?<!\d)[05-9]0(?=后(?![来面天])|後(?![來面天]))", _plain_code),  # born in these years
    _rule(
        r"(?<![\d.])(?:0?[1-9]|1[0-2])(?=月)|(?<![\d.])(?:0?[1-9]|[12]\d|3[01])(?=[日号](?!元))",
        lambda match: cardinal(match[0]),
    ),
    _rule(
        r"(?<=第)\d+(?![\d.%A-Za-z])|(?<![\d.])\d+(?=年级|年級|世纪|世紀)",
        lambda match: cardinal(match[0]),
    ),
    # Times and ratios.
    _rule(rf"{_CLOCK}[~-]{_CLOCK}", _times),
    _rule(_CLOCK, _times),
    _rule(r"(?<![\d.])0?2(?=点|點)", "两"),
    _rule(
        rf"(?<![\d:.])({_NUMBER}):({_NUMBER})(?![\d:])",
        lambda match: f"{decimal(match[1])}比{decimal(match[2])}",
    ),
    # Amounts with a sign or a unit.
    _rule(rf"(￥|US\$|HK\$|[$€£])({_NUMBER})([百千]?[万亿萬億]|百|千)?", _money),
    _rule(rf"(?<![\d.])({_NUMBER})%?[-~到至]({_NUMBER})%", _percents),
    _rule(rf"(?<![\d.])(-?)({_NUMBER})%", _percent),
    _rule(
        rf"(?<![\d.])(-?)({_NUMBER})(°C|摄氏度|度)?{_TO}(-?)({_NUMBER})(°C|°F|摄氏度|度)",
        _temperatures,
    ),
    _rule(rf"(?<![\d.])(-?)({_NUMBER})(°C|°F|摄氏度|度)", _temperature),
    _rule(rf"(?<![\d.])-?{_NUMBER}(?:[-+×*÷=]-?{_NUMBER})+", _sum),
    _rule(rf"(?<![\d.])(-?)(?:({_NUMBER})[-~])?({_NUMBER})({_UNIT})(?![A-Za-z])", _measured),
    _rule(rf"(?<=[^\s\d]){_POWER}+", _power),
    _rule(r"(?<![\d/])(-?)(\d+)/(\d+)(?![\d/])", _fraction),
    _rule(
        r"(?<![\d.])\d+(?:\.\d+){2,}",
        lambda match: "点".join(cardinal(part) for part in match[0].split(".")),
    ),
    _rule(rf"(?<![\d.~-])(-?)({_NUMBER})[-~](-?)({_NUMBER})(?![\d~-])(?=({MEASURE})?)", _range),
    # What is left are numbers alone.
    _rule(rf"(?<![\w.])-(?={_NUMBER})", "负"),
    _rule(r"(?<![\d.])0\d+(?![\d.])", _plain_code),
    _rule(r"\d+\.\d+|\.\d+", lambda match: decimal(match[0])),
    _rule(rf"(\d+)([多余几餘幾+])?(?={MEASURE}|克|公[里斤顷])", _counted),
    _rule(r"\d+", _whole),
    # `-` and `/` between words are a breath, not a sum or a rate.
    _rule(r"(?<=[元米克升吨斤次个人天月年])/", "每"),
    _rule(r"[-/]", "，"),
)
