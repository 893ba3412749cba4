"""Dutch."""

from __future__ import annotations

from core.text.locale import Locale, month_names, nouns, pairs, short_forms
from core.text.numbers import cardinal, ordinal, year

_MONTHS = (
    "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september",
    "oktober", "november", "december",
)  # fmt: skip


def _date(day: int, month: int, in_year: int | None, before: str) -> str:
    said = f"{cardinal(day, 'nl')} {_MONTHS[month - 1]}"
    return said if in_year is None else f"{said} {year(in_year, 'nl')}"


def _time(hour: int, minute: int, second: int | None) -> str:
    said = f"{cardinal(hour, 'nl')} uur"
    if minute or second is not None:
        said += f" {cardinal(minute, 'nl')}"
    return said if second is None else f"{said} en {cardinal(second, 'nl')} seconden"


def _fraction(numerator: int, denominator: int) -> str:
    part = {2: "half" if numerator == 1 else "halve", 4: "kwart"}.get(denominator)
    return f"{cardinal(numerator, 'nl')} {part or ordinal(denominator, 'nl')}"


LOCALE = Locale(
    code="nl",
    point="komma",
    minus="min",
    to="tot",
    percent="{n} procent",
    dot="punt",
    slash="schuine streep",
    at="apenstaartje",
    dash="streepje",
    signs=pairs(
        "&=en; @=apenstaartje; +=plus; = ==is gelijk aan; ×=maal; ÷=gedeeld door; ±=plus of min; "
        "≈ ~=ongeveer; °=graden; §=paragraaf; №=nummer; %=procent; ‰=promille; $=dollar; €=euro; "
        "£=pond; ¥=yen; ²=kwadraat; #=nummer"
    ),
    currencies=nouns(
        "€,EUR=euro; $,US$,USD=dollar; £,GBP=pond; ¥,JPY=yen; CNY=yuan; ₽,RUB=roebel; ₹,INR=roepie; "
        "CHF=Zwitserse frank"
    ),
    cents=nouns("€,EUR,$,US$,USD=cent; £,GBP=penny|pence"),
    money_joint=" en ",
    units=nouns(
        "km=kilometer; m=meter; cm=centimeter; mm=millimeter; km/h,km/u=kilometer per uur; "
        "m/s=meter per seconde; kg=kilogram; g=gram; mg=milligram; t=ton; l,L=liter; ml=milliliter; "
        "s,sec=seconde|seconden; min=minuut|minuten; u=uur; °C,℃=graden Celsius; "
        "°F,℉=graden Fahrenheit; °=graad|graden; KB,kB=kilobyte; MB=megabyte; GB=gigabyte; "
        "TB=terabyte; Hz=hertz; kHz=kilohertz; MHz=megahertz; GHz=gigahertz; W=watt; kW=kilowatt; "
        "kWh=kilowattuur; V=volt; dB=decibel; m²=vierkante meter; km²=vierkante kilometer; "
        "m³=kubieke meter; ha=hectare|hectaren"
    ),
    scales=pairs("duizend=duizend; mln miljoen=miljoen; mld miljard=miljard; biljoen=biljoen"),
    months=_MONTHS,
    month_names=month_names(
        "januari jan,februari feb,maart mrt,april apr,mei,juni jun,juli jul,augustus aug,"
        "september sep sept,oktober okt,november nov,december dec"
    ),
    date=_date,
    time=_time,
    time_tail=r"\s?uur\b",
    ordinal=(r"(?P<digits>\d{1,3})(?:e|de|ste)\b", lambda n, text, before: ordinal(n, "nl")),
    fraction=_fraction,
    gendered={"m": (("één", "een"),)},
    chapters=r"(?:[Hh]oofdstuk|[Dd]eel|[Bb]oek|Wereldoorlog)",
    rulers=r"(?:Willem|Karel|Lodewijk|Hendrik|Filips|Elizabeth|Napoleon)",
    ruler=lambda n, name: f"de {ordinal(n, 'nl')}",
    short_forms=short_forms(
        "bijv.=bijvoorbeeld; d.w.z.=dat wil zeggen; enz.=enzovoort; etc.=et cetera; dhr.=de heer; mevr.=mevrouw; ca.=circa; m.b.t.=met betrekking tot; o.a.=onder andere; nr.=nummer; m.a.w.=met andere woorden"
    ),
)
