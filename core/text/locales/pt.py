"""Portuguese."""

from __future__ import annotations

from core.text.locale import Locale, feminine, month_names, nouns, pairs, short_forms
from core.text.numbers import cardinal, ordinal

_MONTHS = (
    "janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro",
    "outubro", "novembro", "dezembro",
)  # fmt: skip
_PARTS = {2: ("meio", "meios"), 3: ("terço", "terços")}


def _date(day: int, month: int, in_year: int | None, before: str) -> str:
    said = f"{'primeiro' if day == 1 else cardinal(day, 'pt')} de {_MONTHS[month - 1]}"
    return said if in_year is None else f"{said} de {cardinal(in_year, 'pt')}"


def _time(hour: int, minute: int, second: int | None) -> str:
    hours = {1: "uma", 2: "duas", 21: "vinte e uma", 22: "vinte e duas"}
    said = hours.get(hour) or cardinal(hour, "pt")
    said += f" e {cardinal(minute, 'pt')}" if minute else " hora" if hour == 1 else " horas"
    return said if second is None else f"{said} e {cardinal(second, 'pt')} segundos"


def _ordinal(number: int, text: str, before: str) -> str:
    said = ordinal(number, "pt")
    if text.endswith(("ª", "a")):
        return " ".join(word.removesuffix("o") + "a" for word in said.split())
    return said


def _fraction(numerator: int, denominator: int) -> str:
    if denominator > 10:
        return f"{cardinal(numerator, 'pt')} sobre {cardinal(denominator, 'pt')}"
    part = ordinal(denominator, "pt")
    one, many = _PARTS.get(denominator) or (part, part + "s")
    return f"{cardinal(numerator, 'pt')} {one if numerator == 1 else many}"


LOCALE = Locale(
    code="pt",
    point="vírgula",
    minus="menos",
    to="a",
    percent="{n} por cento",
    dot="ponto",
    slash="barra",
    at="arroba",
    dash="hífen",
    signs=pairs(
        "&=e; @=arroba; +=mais; = ==igual a; ×=vezes; ÷=dividido por; ±=mais ou menos; "
        "<=menor que; >=maior que; ≤=no máximo; ≥=no mínimo; ≠=diferente de; ≈ ~=cerca de; "
        "°=graus; §=parágrafo; №=número; %=por cento; ‰=por mil; $=dólares; €=euros; £=libras; "
        "¥=ienes; ²=ao quadrado; ³=ao cubo; →=para; #=número"
    ),
    currencies=nouns(
        "R$,BRL=real|reais; €,EUR=euro|euros; $,US$,USD=dólar|dólares; £,GBP=libra|libras:f; "
        "¥,JPY=iene|ienes; CNY=yuan|yuans; ₽,RUB=rublo|rublos; ₹,INR=rupia|rupias:f; "
        "CHF=franco suíço|francos suíços; ₿,BTC=bitcoin|bitcoins"
    ),
    cents=nouns(
        "R$,BRL,$,US$,USD=centavo|centavos; €,EUR=cêntimo|cêntimos; £,GBP=centavo|centavos"
    ),
    money_joint=" e ",
    units=nouns(
        "km=quilômetro|quilômetros; m=metro|metros; cm=centímetro|centímetros; "
        "mm=milímetro|milímetros; km/h=quilômetro por hora|quilômetros por hora; "
        "m/s=metro por segundo|metros por segundo; kg=quilograma|quilogramas; g=grama|gramas; "
        "mg=miligrama|miligramas; t=tonelada|toneladas:f; l,L=litro|litros; "
        "ml,mL=mililitro|mililitros; s,seg=segundo|segundos; min=minuto|minutos; h=hora|horas:f; "
        "°C,℃=grau Celsius|graus Celsius; °F,℉=grau Fahrenheit|graus Fahrenheit; °=grau|graus; "
        "KB,kB=kilobyte|kilobytes; MB=megabyte|megabytes; GB=gigabyte|gigabytes; "
        "TB=terabyte|terabytes; Hz=hertz; kHz=quilohertz; MHz=megahertz; GHz=gigahertz; "
        "W=watt|watts; kW=quilowatt|quilowatts; kWh=quilowatt-hora|quilowatts-hora; V=volt|volts; "
        "A=ampere|amperes; dB=decibel|decibéis; m²=metro quadrado|metros quadrados; "
        "km²=quilômetro quadrado|quilômetros quadrados; m³=metro cúbico|metros cúbicos; "
        "kcal=quilocaloria|quilocalorias:f; ha=hectare|hectares"
    ),
    scales=pairs(
        "mil=mil; milhão=milhão de; mi milhões=milhões de; bilhão=bilhão de; bi bilhões=bilhões de"
    ),
    months=_MONTHS,
    month_names=month_names(
        "janeiro jan,fevereiro fev,março mar,abril abr,maio mai,junho jun,julho jul,agosto ago,"
        "setembro set,outubro out,novembro nov,dezembro dez"
    ),
    date=_date,
    time=_time,
    time_tail=r"\s?h\b",
    hour_letter=True,
    ordinal=(r"(?P<digits>\d{1,3})\.?(?:º|ª)", _ordinal),
    fraction=_fraction,
    decimals_as_number=True,
    gendered={"f": (("um", "uma"), ("dois", "duas"))},
    chapters=r"(?:[Cc]apítulo|CAPÍTULO|[Tt]omo|[Ll]ivro|[Aa]to|[Cc]ena|[Pp]arte|[Ss]éculo|[Vv]olume|Guerra Mundial)",
    rulers=(
        r"(?:Henrique|Luís|Carlos|Filipe|Afonso|Fernando|Isabel|João Paulo|João|Pio|Bento|Napoleão"
        r"|Jorge|Guilherme|Frederico|Pedro|Manuel|José)"
    ),
    ruler=lambda n, name: ordinal(n, "pt") if n <= 10 else cardinal(n, "pt"),
    short_forms=short_forms(
        "Sr.=senhor; Sra.=senhora; Dr.=doutor; Dra.=doutora; Prof.=professor; etc.=et cétera; p. ex.=por exemplo; a. C.=antes de Cristo; d. C.=depois de Cristo; pág.=página"
    ),
    counted_words=feminine(
        "hora horas pessoa pessoas semana semanas página páginas vez vezes mulher mulheres menina meninas casa casas libra libras"
    ),
    extra=((r"\b[nN]\.?[°º]\s?(?=[0-9])", lambda match: "número "),),
)
