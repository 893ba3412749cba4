"""Italian."""

from __future__ import annotations

from core.text.locale import Locale, feminine, month_names, nouns, pairs, short_forms
from core.text.numbers import cardinal, ordinal

_MONTHS = (
    "gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre",
    "ottobre", "novembre", "dicembre",
)  # fmt: skip


def _date(day: int, month: int, in_year: int | None, before: str) -> str:
    said = f"{'primo' if day == 1 else cardinal(day, 'it')} {_MONTHS[month - 1]}"
    return said if in_year is None else f"{said} {cardinal(in_year, 'it')}"


def _time(hour: int, minute: int, second: int | None) -> str:
    said = "una" if hour == 1 else cardinal(hour, "it")
    said += f" e {cardinal(minute, 'it')}" if minute else " in punto"
    return said if second is None else f"{said} e {cardinal(second, 'it')} secondi"


def _ordinal(number: int, text: str, before: str) -> str:
    said = ordinal(number, "it")
    return said.removesuffix("o") + "a" if text.endswith("ª") else said


def _fraction(numerator: int, denominator: int) -> str:
    part = "mezzo" if denominator == 2 else ordinal(denominator, "it")
    if numerator == 1:
        return f"un {part}"
    return f"{cardinal(numerator, 'it')} {part.removesuffix('o')}i"


LOCALE = Locale(
    code="it",
    point="virgola",
    minus="meno",
    to="a",
    percent="{n} per cento",
    dot="punto",
    slash="barra",
    at="chiocciola",
    dash="trattino",
    signs=pairs(
        "&=e; @=chiocciola; +=più; = ==uguale a; ×=per; ÷=diviso; ±=più o meno; <=minore di; "
        ">=maggiore di; ≤=al massimo; ≥=almeno; ≠=diverso da; ≈ ~=circa; °=gradi; §=paragrafo; "
        "№=numero; %=per cento; ‰=per mille; $=dollari; €=euro; £=sterline; ¥=yen; "
        "²=al quadrato; ³=al cubo; →=a; #=numero"
    ),
    currencies=nouns(
        "€,EUR=euro; $,US$,USD=dollaro|dollari; £,GBP=sterlina|sterline:f; ¥,JPY=yen; CNY=yuan; "
        "₽,RUB=rublo|rubli; ₩,KRW=won; ₹,INR=rupia|rupie:f; CHF=franco svizzero|franchi svizzeri; "
        "₿,BTC=bitcoin"
    ),
    cents=nouns("€,EUR,$,US$,USD,CHF=centesimo|centesimi; £,GBP=penny|pence"),
    money_joint=" e ",
    units=nouns(
        "km=chilometro|chilometri; m=metro|metri; cm=centimetro|centimetri; "
        "mm=millimetro|millimetri; km/h=chilometro all'ora|chilometri all'ora; "
        "m/s=metro al secondo|metri al secondo; kg=chilogrammo|chilogrammi; g=grammo|grammi; "
        "mg=milligrammo|milligrammi; t=tonnellata|tonnellate:f; l,L=litro|litri; "
        "ml,mL=millilitro|millilitri; s,sec=secondo|secondi; min=minuto|minuti; h=ora|ore:f; "
        "°C,℃=grado Celsius|gradi Celsius; °F,℉=grado Fahrenheit|gradi Fahrenheit; "
        "°=grado|gradi; KB,kB=kilobyte; MB=megabyte; GB=gigabyte; TB=terabyte; Hz=hertz; "
        "kHz=chilohertz; MHz=megahertz; GHz=gigahertz; W=watt; kW=chilowatt; kWh=chilowattora; "
        "V=volt; A=ampere; dB=decibel; m²,mq=metro quadrato|metri quadrati; "
        "km²=chilometro quadrato|chilometri quadrati; m³=metro cubo|metri cubi; "
        "kcal=chilocaloria|chilocalorie:f; ha=ettaro|ettari"
    ),
    scales=pairs(
        "mila=mila; milione=milione di; mln milioni=milioni di; miliardo=miliardo di; "
        "mld miliardi=miliardi di"
    ),
    months=_MONTHS,
    month_names=month_names(
        "gennaio gen,febbraio feb,marzo mar,aprile apr,maggio mag,giugno giu,luglio lug,agosto ago,"
        "settembre set sett,ottobre ott,novembre nov,dicembre dic"
    ),
    date=_date,
    time=_time,
    ordinal=(r"(?P<digits>\d{1,3})(?:º|ª|°(?=\s+[a-z]))", _ordinal),
    fraction=_fraction,
    decimals_as_number=True,
    gendered={
        "m": (("ventuno", "ventuno"), ("uno", "un")),
        "f": (("ventuno", "ventuno"), ("uno", "una")),
    },
    chapters=r"(?:[Cc]apitolo|CAPITOLO|[Tt]omo|[Ll]ibro|[Aa]tto|[Ss]cena|[Pp]arte|[Vv]olume)",
    rulers=(
        r"(?:Enrico|Luigi|Carlo|Filippo|Elisabetta|Giovanni Paolo|Pio|Benedetto|Napoleone|Giorgio"
        r"|Guglielmo|Federico|Leone|Vittorio Emanuele|Umberto|Paolo)"
    ),
    ruler=lambda n, name: ordinal(n, "it"),
    centuries=(r"\b(?P<roman>[IVX]{1,5})\b(?=\s+secolo)", lambda n, text: ordinal(n, "it")),
    short_forms=short_forms(
        "Sig.=signor; Sig.ra=signora; Dott.=dottor; Prof.=professor; ecc.=eccetera; p. es.=per esempio; ad es.=ad esempio; a. C.=avanti Cristo; d. C.=dopo Cristo; pag.=pagina"
    ),
    counted_words=feminine(
        "ora ore persona persone settimana settimane pagina pagine volta volte donna donne casa case"
    ),
    extra=((r"\b[nN]\.?[°º]?\s(?=[0-9])", lambda match: "numero "),),
)
