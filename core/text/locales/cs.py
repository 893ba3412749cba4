"""Czech."""

from __future__ import annotations

from core.text.locale import Locale, feminine, month_names, nouns, pairs, short_forms
from core.text.numbers import cardinal

_MONTHS = (
    "ledna", "února", "března", "dubna", "května", "června", "července", "srpna", "září", "října",
    "listopadu", "prosince",
)  # fmt: skip
_DAYS = [
    "prvního",
    "druhého",
    "třetího",
    "čtvrtého",
    "pátého",
    "šestého",
    "sedmého",
    "osmého",
    "devátého",
    "desátého",
    "jedenáctého",
    "dvanáctého",
    "třináctého",
    "čtrnáctého",
    "patnáctého",
    "šestnáctého",
    "sedmnáctého",
    "osmnáctého",
    "devatenáctého",
    "dvacátého",
]


def _plural(count: int) -> int:
    return 0 if count == 1 else 1 if count in (2, 3, 4) else 2


def _day(day: int) -> str:
    if day <= 20:
        return _DAYS[day - 1]
    if day == 30:
        return "třicátého"
    return f"{'dvacátého' if day < 30 else 'třicátého'} {_DAYS[day % 10 - 1]}"


def _date(day: int, month: int, in_year: int | None, before: str) -> str:
    said = f"{_day(day)} {_MONTHS[month - 1]}"
    return said if in_year is None else f"{said} {cardinal(in_year, 'cs')}"


def _time(hour: int, minute: int, second: int | None) -> str:
    word = ("hodina", "hodiny", "hodin")[_plural(hour)]
    said = f"{'dvě' if hour == 2 else cardinal(hour, 'cs')} {word}"
    return f"{said} {cardinal(minute, 'cs')}" if minute else said


def _decimals(whole: int, digits: str) -> str:
    wholes = "celá" if whole == 1 else "celé" if whole in (2, 3, 4) else "celých"
    said = "dvě" if whole == 2 else cardinal(whole, "cs")
    zeros = "nula " * (len(digits) - len(digits.lstrip("0")))
    part = digits.lstrip("0")
    return f"{said} {wholes} {zeros}{cardinal(int(part), 'cs') if part else ''}".strip()


LOCALE = Locale(
    code="cs",
    decimal=",.",
    groups="\u00a0\u202f\u2009 ",
    point="celých",
    minus="minus",
    to="až",
    dot="tečka",
    slash="lomítko",
    at="zavináč",
    dash="pomlčka",
    signs=pairs(
        "&=a; @=zavináč; +=plus; = ==rovná se; ×=krát; ±=plus minus; ≈ ~=asi; °=stupňů; "
        "§=paragraf; №=číslo; %=procent; $=dolarů; €=eur; £=liber; #=číslo"
    ),
    currencies=nouns(
        "Kč,CZK=koruna|koruny|korun|koruny:f; €,EUR=euro|eura|eur|eura:n; "
        "$,US$,USD=dolar|dolary|dolarů|dolaru; £,GBP=libra|libry|liber|libry:f; "
        "zł,PLN=zlotý|zloté|zlotých|zlotého"
    ),
    cents=nouns("Kč,CZK=haléř|haléře|haléřů; €,EUR,$,US$,USD=cent|centy|centů"),
    units=nouns(
        "%=procento|procenta|procent|procenta:n; km=kilometr|kilometry|kilometrů|kilometru; "
        "m=metr|metry|metrů|metru; cm=centimetr|centimetry|centimetrů|centimetru; "
        "mm=milimetr|milimetry|milimetrů|milimetru; km/h=kilometr za hodinu|kilometry za hodinu|"
        "kilometrů za hodinu|kilometru za hodinu; kg=kilogram|kilogramy|kilogramů|kilogramu; "
        "g=gram|gramy|gramů|gramu; t=tuna|tuny|tun|tuny:f; l=litr|litry|litrů|litru; "
        "ml=mililitr|mililitry|mililitrů|mililitru; s=sekunda|sekundy|sekund|sekundy:f; "
        "min=minuta|minuty|minut|minuty:f; h,hod.=hodina|hodiny|hodin|hodiny:f; "
        "°C,℃=stupeň Celsia|stupně Celsia|stupňů Celsia|stupně Celsia; "
        "°=stupeň|stupně|stupňů|stupně; MB=megabajt|megabajty|megabajtů|megabajtu; "
        "GB=gigabajt|gigabajty|gigabajtů|gigabajtu; m²=metr čtvereční|metry čtvereční|metrů "
        "čtverečních; ha=hektar|hektary|hektarů|hektaru"
    ),
    scales=pairs("tis. tis=tisíc; mil. milion milionů=milionů; mld. miliarda miliard=miliard"),
    months=_MONTHS,
    month_names=month_names(
        "ledna,února,března,dubna,května,června,července,srpna,září,října,listopadu,prosince"
    ),
    date=_date,
    time=_time,
    time_tail=r"\s?hod(?:in|iny)?\b\.?",
    plural=_plural,
    decimals=_decimals,
    gendered={
        "m": (("jedna", "jeden"),),
        "n": (("jedna", "jedno"), ("dva", "dvě")),
        "f": (("dva", "dvě"),),
    },
    chapters=r"(?:[Kk]apitola|KAPITOLA|[Dd]íl|[Čč]ást|[Kk]niha)",
    short_forms=short_forms(
        "např.=například; atd.=a tak dále; apod.=a podobně; tj.=to jest; tzv.=takzvaný; tzn.=to znamená; č.=číslo; p.=pan; Dr.=doktor; ul.=ulice"
    ),
    counted_words=feminine("hodina hodiny minuta minuty žena ženy kniha knihy strana strany"),
)
