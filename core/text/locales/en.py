"""English."""

from __future__ import annotations

import re

from core.text.locale import Locale, month_names, nouns, pairs, short_forms
from core.text.numbers import cardinal, ordinal, year

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_PARTS = {2: ("half", "halves"), 4: ("quarter", "quarters")}


def _date(day: int, month: int, in_year: int | None, before: str) -> str:
    said = f"{_MONTHS[month - 1]} {ordinal(day, 'en')}"
    return said if in_year is None else f"{said}, {year(in_year, 'en')}"


def _written_date(day: int, month: int, in_year: int | None, before: str) -> str:
    article = "" if before.lower() in ("the", "a", "this", "next", "last") else "the "
    said = f"{article}{ordinal(day, 'en')} of {_MONTHS[month - 1]}"
    return said if in_year is None else f"{said} {year(in_year, 'en')}"


def _decade(match: re.Match[str]) -> str:
    century, tens = match["century"], int(match["tens"]) * 10
    said = cardinal(tens, "en").removesuffix("y") + "ies" if tens >= 20 else "tens"
    if not century:
        return said
    if tens == 0:
        return year(int(century) * 100, "en") + "s"
    return f"{cardinal(int(century), 'en')} {said}"


def _time(hour: int, minute: int, second: int | None) -> str:
    if minute:
        minutes = ("oh " if minute < 10 else "") + cardinal(minute, "en")
    else:
        minutes = "o'clock" if second is None else "oh oh"
    said = f"{cardinal(hour, 'en')} {minutes}"
    if second is None:
        return said
    return f"{said} and {cardinal(second, 'en')} second{'' if second == 1 else 's'}"


def _fraction(numerator: int, denominator: int) -> str:
    one, many = _PARTS.get(denominator) or (
        ordinal(denominator, "en"),
        ordinal(denominator, "en") + "s",
    )
    return f"{cardinal(numerator, 'en')} {one if numerator == 1 else many}"


LOCALE = Locale(
    code="en",
    decimal=".",
    groups=",\u00a0\u202f\u2009",
    point="point",
    minus="minus",
    to="to",
    percent="{n} percent",
    dot="dot",
    slash="slash",
    at="at",
    dash="dash",
    signs=pairs(
        "&=and; @=at; +=plus; = ==equals; ×=times; ÷=divided by; ±=plus or minus; <=less than; "
        ">=greater than; ≤=at most; ≥=at least; ≠=is not equal to; ≈ ~=about; °=degrees; "
        "§=section; №=number; %=percent; ‰=per mille; $=dollars; €=euros; £=pounds; ¥=yen; "
        "²=squared; ³=cubed; µ=micro; π=pi; √=square root of; ∞=infinity; →=to; #=number; ♯=sharp"
    ),
    currencies=nouns(
        "$,US$,USD=dollar|dollars; €,EUR=euro|euros; £,GBP=pound|pounds; ¥,JPY=yen|yen; "
        "CNY,RMB=yuan|yuan; ₽,RUB=ruble|rubles; ₩,KRW=won|won; ₹,INR=rupee|rupees; "
        "₴,UAH=hryvnia|hryvnias; zł,PLN=zloty|zlotys; Kč,CZK=crown|crowns; "
        "CHF=Swiss franc|Swiss francs; CA$,CAD=Canadian dollar|Canadian dollars; "
        "A$,AUD=Australian dollar|Australian dollars; ₿,BTC=bitcoin|bitcoins"
    ),
    cents=nouns(
        "$,US$,USD,€,EUR,CA$,CAD,A$,AUD=cent|cents; £,GBP=penny|pence; ₽,RUB=kopeck|kopecks"
    ),
    money_joint=" and ",
    units=nouns(
        "km=kilometre|kilometres; m=metre|metres; cm=centimetre|centimetres; "
        "mm=millimetre|millimetres; µm,μm=micrometre|micrometres; nm=nanometre|nanometres; "
        "mi=mile|miles; ft=foot|feet; yd=yard|yards; km/h,kph=kilometre per hour|kilometres per "
        "hour; mph=mile per hour|miles per hour; m/s=metre per second|metres per second; "
        "kg=kilogram|kilograms; g=gram|grams; mg=milligram|milligrams; t=tonne|tonnes; "
        "tbsp=tablespoon|tablespoons; tsp=teaspoon|teaspoons; lb,lbs=pound|pounds; oz=ounce|ounces; l,L=litre|litres; ml,mL=millilitre|millilitres; "
        "s,sec=second|seconds; ms=millisecond|milliseconds; min=minute|minutes; h,hr,hrs=hour|hours; "
        "°C,℃=degree Celsius|degrees Celsius; °F,℉=degree Fahrenheit|degrees Fahrenheit; "
        "°=degree|degrees; KB,kB=kilobyte|kilobytes; "
        "MB=megabyte|megabytes; GB=gigabyte|gigabytes; TB=terabyte|terabytes; "
        "KiB=kibibyte|kibibytes; MiB=mebibyte|mebibytes; GiB=gibibyte|gibibytes; "
        "kbps=kilobit per second|kilobits per second; Mbps=megabit per second|megabits per second; "
        "Gbps=gigabit per second|gigabits per second; Hz=hertz|hertz; kHz=kilohertz|kilohertz; "
        "MHz=megahertz|megahertz; GHz=gigahertz|gigahertz; W=watt|watts; kW=kilowatt|kilowatts; "
        "kWh=kilowatt hour|kilowatt hours; V=volt|volts; A=ampere|amperes; mAh=milliamp hour|"
        "milliamp hours; dB=decibel|decibels; m²,m2=square metre|square metres; "
        "km²,km2=square kilometre|square kilometres; m³,m3=cubic metre|cubic metres; "
        "kcal=kilocalorie|kilocalories; px=pixel|pixels; fps=frame per second|frames per second; ha=hectare|hectares; Pa=pascal|pascals; "
        "hPa=hectopascal|hectopascals; N=newton|newtons; J=joule|joules"
    ),
    scales=pairs(
        "k K thousand=thousand; M mn million=million; B bn billion=billion; tn trillion=trillion"
    ),
    months=_MONTHS,
    month_names=month_names(
        "January Jan,February Feb,March Mar,April Apr,May,June Jun,July Jul,August Aug,"
        "September Sep Sept,October Oct,November Nov,December Dec"
    ),
    month_first=True,
    date=_date,
    written_date=_written_date,
    time=_time,
    ordinal=(r"(?P<digits>\d{1,9})(?:st|nd|rd|th)", lambda n, text, before: ordinal(n, "en")),
    fraction=_fraction,
    chapters=(
        r"(?:[Cc]hapter|CHAPTER|[Pp]art|PART|[Bb]ook|BOOK|[Vv]olume|VOLUME|[Aa]ct|ACT|[Ss]cene|SCENE"
        r"|[Ss]ection|[Aa]ppendix|World War|[Tt]ype|[Ss]tage|[Pp]hase|[Cc]lass|[Tt]itle|Vol\.|Article)"
    ),
    rulers=(
        r"(?:Henry|Louis|Elizabeth|Charles|George|William|Edward|Richard|James|Philip|Napoleon|Pius"
        r"|Benedict|Paul|Leo|Gregory|Clement|Innocent|Alexander|Nicholas|Catherine|Peter|Frederick"
        r"|Mary|Victoria|Otto|Ferdinand|Ivan|Ramesses|Ptolemy|Umberto|Robert|Margaret)"
    ),
    ruler=lambda n, name: f"the {ordinal(n, 'en')}",
    extra=(
        (r"\bNos?\.\s?(?=[0-9])", lambda match: "number "),
        (r"(?<![\w'’])(?:(?P<century>1[1-9]|20)|['’])(?P<tens>[0-9])0['’]?s(?!\w)", _decade),
        (
            r"(?<![\w.])(?P<feet>[0-9]{1,2})['’′](?P<inches>[0-9]{1,2})[\"”″](?!\w)",
            lambda match: f"{match['feet']} foot {match['inches']}",
        ),
        (r"\b24/7\b", lambda match: "twenty-four seven"),
        (r"(?<![\w/.])9/11(?![\w/])", lambda match: "nine eleven"),
    ),
    short_forms=short_forms(
        "e.g.=for example; i.e.=that is; etc.=et cetera; vs.=versus; Mr.=Mister; Mrs.=Missus; Dr.=Doctor; Prof.=Professor; approx.=approximately; cf.=compare; viz.=namely; a.k.a.=also known as; w/o=without; C#=C sharp; F#=F sharp"
    ),
)
