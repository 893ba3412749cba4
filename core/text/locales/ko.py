"""Korean: Sino-Korean numbers, and native ones before the counters that want them."""

from __future__ import annotations

import re

from core.text.locale import Locale, nouns, pairs
from core.text.numbers import cardinal

_ONES = ("", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉")
_TENS = ("", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔")


def _native(number: int) -> str:
    """1 to 99, as said before a counter: 한, 열두, 스무."""
    if number == 20:
        return "스무"
    return _TENS[number // 10] + _ONES[number % 10]


def _month(month: int) -> str:
    return {6: "유", 10: "시"}.get(month) or cardinal(month, "ko")


def _date(day: int, month: int, in_year: int | None, before: str) -> str:
    said = f"{_month(month)}월 {cardinal(day, 'ko')}일"
    return said if in_year is None else f"{cardinal(in_year, 'ko')}년 {said}"


def _time(hour: int, minute: int, second: int | None) -> str:
    said = f"{_native(hour) if 1 <= hour <= 12 else cardinal(hour, 'ko')} 시"
    if minute:
        said += f" {cardinal(minute, 'ko')} 분"
    return said if second is None else f"{said} {cardinal(second, 'ko')} 초"


def _counter(number: int, text: str, before: str) -> str:
    unit = text.lstrip("0123456789 ")
    if unit == "월":
        return (_month(number) if number <= 12 else cardinal(number, "ko")) + unit
    if unit in ("시", "시간"):
        hours = _native(number) if 1 <= number <= 12 else cardinal(number, "ko")
        return f"{hours} {unit}"
    if unit == "대" and number in range(10, 100, 10):
        return f"{cardinal(number, 'ko')}{unit}"  # the age, not machines
    said = _native(number) if 1 <= number <= 99 else cardinal(number, "ko")
    return f"{said} {unit}"


_COUNTED = r"(?:시간|시(?!장)|월|개(?!월|국|년)|명|마리|살|권|잔|병|대|번째|장(?![가-힣])|송이|그루|켤레|벌)"
"""Words that are counted in native numbers, or in numbers of their own."""


def _range(match: re.Match[str]) -> str:
    """3-5개: three pieces to five pieces."""
    unit = match["unit"]
    low, high = (_counter(int(match[end]), match[end] + unit, "") for end in ("low", "high"))
    return f"{low}에서 {high}"


LOCALE = Locale(
    code="ko",
    decimal=".",
    groups=",\u00a0\u202f",
    point="점",
    minus="마이너스",
    to="에서",
    percent="{n} 퍼센트",
    dot="닷",
    slash="슬래시",
    at="골뱅이",
    dash="대시",
    signs=pairs(
        "&=앤드; @=골뱅이; +=더하기; = ==는; ×=곱하기; ÷=나누기; ±=플러스마이너스; <=미만; >=초과; ≤=이하; "
        "≥=이상; ≈ ~=약; °=도; №=번호; %=퍼센트; $=달러; €=유로; £=파운드; ¥=엔; ₩=원; ²=제곱; ³=세제곱; "
        "#=번호"
    ),
    currencies=nouns(
        "₩,KRW=원; $,US$,USD=달러; €,EUR=유로; £,GBP=파운드; ¥,JPY=엔; CNY=위안; ₽,RUB=루블; ₹,INR=루피; "
        "₿,BTC=비트코인"
    ),
    cents=nouns("$,US$,USD,€,EUR=센트"),
    units=nouns(
        "km=킬로미터; m=미터; cm=센티미터; mm=밀리미터; nm=나노미터; km/h=킬로미터 퍼 아워; kg=킬로그램; "
        "g=그램; mg=밀리그램; t=톤; l,L=리터; ml,mL=밀리리터; s=초; min=분; h=시간; °C,℃=도; °F,℉=화씨도; "
        "°=도; KB,kB=킬로바이트; MB=메가바이트; GB=기가바이트; TB=테라바이트; Hz=헤르츠; kHz=킬로헤르츠; "
        "MHz=메가헤르츠; GHz=기가헤르츠; W=와트; kW=킬로와트; kWh=킬로와트시; V=볼트; dB=데시벨; "
        "m²,㎡=제곱미터; km²=제곱킬로미터; m³=세제곱미터; ha=헥타르; kcal=킬로칼로리"
    ),
    scales=pairs("만=만; 억=억; 천=천; 백만=백만; 천만=천만; 조=조"),
    scale_joint="",
    months=("1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"),
    date=_date,
    time=_time,
    ordinal=(rf"(?P<digits>\d{{1,4}})\s?{_COUNTED}", _counter),
    extra=(
        (
            rf"(?<![\w.,/-])(?P<low>[1-9][0-9]?)\s?[-–~]\s?(?P<high>[1-9][0-9]?)\s?(?P<unit>{_COUNTED})",
            _range,
        ),
    ),
    fraction=lambda numerator, denominator: (
        f"{cardinal(denominator, 'ko')}분의 {cardinal(numerator, 'ko')}"
    ),
)
