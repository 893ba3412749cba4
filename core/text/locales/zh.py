"""Chinese (Mandarin)."""

from __future__ import annotations

from core.text.locale import Locale, nouns, pairs
from core.text.numbers import chinese, digit_by_digit, year


def _date(day: int, month: int, in_year: int | None, before: str) -> str:
    said = f"{chinese(month)}月{chinese(day)}日"
    return said if in_year is None else f"{year(in_year, 'zh')}年{said}"


def _time(hour: int, minute: int, second: int | None) -> str:
    said = f"{'两' if hour == 2 else chinese(hour)}点"
    if minute:
        said += f"{'零' if minute < 10 else ''}{chinese(minute)}分"
    elif second is None:
        said += "整"
    return said if second is None else f"{said}{chinese(second)}秒"


def _counter(number: int, text: str, before: str) -> str:
    unit = text.lstrip("0123456789 ")
    if unit == "年":
        return year(number, "zh") + unit
    return ("两" if number == 2 else chinese(number)) + unit


LOCALE = Locale(
    code="zh",
    decimal=".",
    groups=",，\u00a0\u202f",
    point="点",
    minus="负",
    to="到",
    percent="百分之{n}",
    dot="点",
    slash="斜杠",
    at="艾特",
    dash="杠",
    signs=pairs(
        "&=和; @=艾特; +=加; = ==等于; ×=乘以; ÷=除以; ±=正负; <=小于; >=大于; ≤=小于等于; ≥=大于等于; "
        "≠=不等于; ≈ ~=约; °=度; №=号; %=百分之; ‰=千分之; $=美元; €=欧元; £=英镑; ¥ ￥=元; "
        "²=平方; ³=立方; →=到; #=号"
    ),
    currencies=nouns(
        "¥,￥,CNY,RMB=元; $,US$,USD=美元; €,EUR=欧元; £,GBP=英镑; JPY=日元; ₽,RUB=卢布; ₩,KRW=韩元; "
        "₹,INR=卢比; HK$,HKD=港元; CHF=瑞士法郎; ₿,BTC=比特币"
    ),
    units=nouns(
        "km=公里; m=米; cm=厘米; mm=毫米; nm=纳米; km/h=公里每小时; m/s=米每秒; kg=公斤; g=克; mg=毫克; "
        "t=吨; l,L=升; ml,mL=毫升; s=秒; ms=毫秒; min=分钟; h=小时; °C,℃=摄氏度; °F,℉=华氏度; °=度; "
        "KB,kB=千字节; MB=兆字节; GB=吉字节; TB=太字节; Hz=赫兹; kHz=千赫; MHz=兆赫; GHz=吉赫; W=瓦; "
        "kW=千瓦; kWh=千瓦时; V=伏; A=安; mAh=毫安时; dB=分贝; m²,㎡=平方米; km²=平方公里; m³=立方米; "
        "ha=公顷; kcal=千卡"
    ),
    scales=pairs("万=万; 亿=亿; 千=千; 百万=百万; 千万=千万; 萬=萬; 億=億"),
    scale_joint="",
    months=("1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"),
    date=_date,
    time=_time,
    ordinal=(
        r"(?P<digits>\d{1,12})\s?(?:年(?=\d{1,2}\s?月)|(?<=\d{4})年(?!前|后|後|间|間|来|來|以|级|級)"
        r"|[个個位只隻条條张張次种種家件台辆輛棵颗顆本名座场場份双雙匹头頭把块塊杯瓶天人点點周岁歲家]|小时|小時|分钟|分鐘)",
        _counter,
    ),
    fraction=lambda numerator, denominator: f"{chinese(denominator)}分之{chinese(numerator)}",
    space="",
    extra=(
        (
            r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])",  # a mobile number
            lambda match: digit_by_digit(match.group(), "zh"),
        ),
    ),
)
