"""Names of signs in Chinese, and traditional characters in the simplified ones that models know."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from opencc import OpenCC

POWERS: Final = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹ˣʸⁿ", "0123456789xyn", strict=True))
"""Raised digits and letters, and what they are on the line."""

CIRCLED: Final = dict(zip("①②③④⑤⑥⑦⑧⑨⑩", "一二三四五六七八九十", strict=True))

GREEK: Final = dict(
    zip(
        "αβγδεζηθικλμνξοπρςστυφχψω",
        [
            "阿尔法",
            "贝塔",
            "伽玛",
            "德尔塔",
            "艾普西龙",
            "捷塔",
            "依塔",
            "西塔",
            "艾欧塔",
            "喀帕",
            "拉姆达",
            "缪",
            "拗",
            "克西",
            "欧米克伦",
            "派",
            "肉",
            "西格玛",
            "西格玛",
            "套",
            "宇普西龙",
            "服艾",
            "器",
            "普赛",
            "欧米伽",
        ],
        strict=True,
    )
)
"""Lower-case letters."""

LETTERS: Final = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        [
            "诶",
            "必",
            "西",
            "弟",
            "易",
            "艾弗",
            "记",
            "艾吃",
            "爱",
            "杰",
            "开",
            "艾勒",
            "艾姆",
            "恩",
            "欧",
            "屁",
            "扣",
            "阿尔",
            "艾斯",
            "替",
            "优",
            "威",
            "达不溜",
            "艾克斯",
            "歪",
            "贼",
        ],
        strict=True,
    )
)
"""Latin letters in the syllables nearest to their names."""

UNITS: Final = {
    "km/h": "千米每小时",
    "m/s": "米每秒",
    "km²": "平方千米",
    "km2": "平方千米",
    "cm²": "平方厘米",
    "cm2": "平方厘米",
    "cm³": "立方厘米",
    "cm3": "立方厘米",
    "m²": "平方米",
    "m2": "平方米",
    "m³": "立方米",
    "m3": "立方米",
    "km": "千米",
    "cm": "厘米",
    "mm": "毫米",
    "μm": "微米",
    "nm": "纳米",
    "kg": "千克",
    "mg": "毫克",
    "kWh": "千瓦时",
    "kW": "千瓦",
    "kHz": "千赫",
    "MHz": "兆赫",
    "GHz": "吉赫",
    "Hz": "赫兹",
    "mAh": "毫安时",
    "ml": "毫升",
    "mL": "毫升",
    "dB": "分贝",
    "db": "分贝",
    "GB": "吉字节",
    "MB": "兆字节",
    "KB": "千字节",
    "TB": "太字节",
    "min": "分钟",
    "ms": "毫秒",
    "m": "米",
    "g": "克",
    "L": "升",
    "l": "升",
    "t": "吨",
    "s": "秒",
    "h": "小时",
    "W": "瓦",
    "V": "伏",
    "°C": "度",
    "°F": "华氏度",
    "°": "度",
}
"""What follows a number, and its name."""

MONEY: Final = {"￥": "元", "$": "美元", "€": "欧元", "£": "英镑", "HK$": "港元", "US$": "美元"}

OPERATORS: Final = {"+": "加", "-": "减", "×": "乘", "*": "乘", "÷": "除以", "=": "等于"}

SIGNS: Final = {
    "+": "加",
    "×": "乘",
    "÷": "除以",
    "=": "等于",
    "&": "和",
    "%": "百分之",
    "‰": "千分之",
    "±": "正负",
    "≈": "约等于",
    "≠": "不等于",
    "≤": "小于等于",
    "≥": "大于等于",
    "°": "度",
    "№": "号",
    "〇": "零",
}
"""Signs between words or numbers that no rule has read."""


def simplified(text: str) -> str:
    """The text in simplified characters, by words where a character has two: 乾 in 乾燥, 乾隆."""
    made: str = _converter().convert(text)
    if len(made) != len(text):
        return made
    # Rarer simplified forms are in no pronouncing dictionary.
    return "".join(new if "一" <= new <= "龥" else old for old, new in zip(text, made, strict=True))


@cache
def _converter() -> OpenCC:
    from opencc import OpenCC  # noqa: PLC0415 - 40 ms that only Chinese text needs

    # Not from the spelling of Taiwan, which would change 么 and 抬 in text that is simplified.
    return OpenCC("t2s")
