"""How Chinese says a string of digits: as a quantity, as a code, with a decimal point."""

from __future__ import annotations

from typing import Final

from core.text import numbers

_DIGITS: Final = "零一二三四五六七八九"
LONGEST_QUANTITY: Final = 12
"""Digits of a number that is still read as a quantity; what is longer is a code."""

_MEASURES: Final = (
    # One character each: classifiers, units, what a price or a date counts.
    "处台架枚趟幅平方堵间床株批项例列篇栋注亩封艘把目套段人所朵匹张座回场尾条首阙阵网炮顶丘棵只支袭辆"
    "挑担颗壳窠曲墙群腔砣客贯扎捆刀令打手罗坡山岭江溪钟队单双对出口头脚板跳枝件贴针线管名位身堂课本页"
    "家户层丝毫厘分钱两斤铢石钧锱忽寸尺丈里寻常铺程米撮勺合升斗盘碗碟叠桶笼盆盒杯斛锅簋篮罐瓶壶卮盏箩"
    "箱煲啖袋钵年月日季刻时周天秒旬纪岁世更夜春夏秋冬代伏辈丸泡粒幢堆根道面片块元角个吨百千万亿"
    # The traditional ones, in Cantonese.
    "處臺幾間項篇棟畝艘條陣網隻輛擔顆殼牆貫羅嶺鐘隊單雙對頭腳貼針線課頁層絲釐錢兩鈞鋪盤疊籠鍋籃壺盞籮鉢"
    "時紀歲輩張塊個噸萬億蚊"
)
_LONGER_MEASURES: Final = ("微克", "微米", "公分", "小时", "美元", "十吨")
MEASURE: Final = f"(?:{'|'.join(_LONGER_MEASURES)}|[{_MEASURES}])"
"""A pattern: what a count can stand before, where two is 两 and not 二."""


def digit_by_digit(digits: str, one: str = "幺") -> str:
    """A code: `1024` -> 幺零二四.

    Args:
        digits: ASCII digits.
        one: What a 1 is called: 幺 in codes read aloud, 一 in years and behind a point.
    """
    return "".join(one if digit == "1" else _DIGITS[int(digit)] for digit in digits)


def cardinal(digits: str) -> str:
    """A quantity: `1023` -> 一千零二十三; too long a number is read as a code.

    Args:
        digits: ASCII digits, zeros in front allowed.
    """
    digits = digits.lstrip("0")
    if len(digits) > LONGEST_QUANTITY:
        return digit_by_digit(digits, one="一")
    return numbers.chinese(int(digits or "0"))


def decimal(number: str) -> str:
    """A number with or without a point: `3.14` -> 三点一四, `.5` -> 零点五, `3.00` -> 三点零.

    Args:
        number: ASCII digits with at most one point.
    """
    whole, _, behind = number.partition(".")
    said = cardinal(whole)
    if behind:
        kept = behind.rstrip("0")
        # A zero that was written says how exact the number is; more of them say nothing new.
        said += "点" + digit_by_digit(kept + ("0" if behind != kept else ""), one="一")
    return said


def count(number: str) -> str:
    """A number before a measure word: 2 is 两."""
    said = decimal(number)
    return "两" if said == "二" else said
