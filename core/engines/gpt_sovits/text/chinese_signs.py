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

_LAST_COMMON: Final = 0x9FFF

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


def simplified(text: str) -> str:
    """The text in simplified characters, by words where a character has two: 乾 in 乾燥, 乾隆."""
    made: str = _converter().convert(text)
    if len(made) != len(text):
        return made
    # Simplified forms outside of the first block of ideographs are in no pronouncing dictionary.
    return "".join(
        old if ord(new) > _LAST_COMMON else new for old, new in zip(text, made, strict=True)
    )


@cache
def _converter() -> OpenCC:
    from opencc import OpenCC  # noqa: PLC0415 - 40 ms that only Chinese text needs

    # Not from the spelling of Taiwan, which would change 么 and 抬 in text that is simplified.
    return OpenCC("t2s")
