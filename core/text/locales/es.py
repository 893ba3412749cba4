"""Spanish."""

from __future__ import annotations

from core.text.locale import Locale, feminine, month_names, nouns, pairs, short_forms
from core.text.numbers import cardinal, ordinal

_MONTHS = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre",
    "octubre", "noviembre", "diciembre",
)  # fmt: skip
_PARTS = {2: ("medio", "medios"), 3: ("tercio", "tercios")}


def _date(day: int, month: int, in_year: int | None, before: str) -> str:
    said = f"{'primero' if day == 1 else cardinal(day, 'es')} de {_MONTHS[month - 1]}"
    return said if in_year is None else f"{said} de {cardinal(in_year, 'es')}"


def _time(hour: int, minute: int, second: int | None) -> str:
    said = "una" if hour == 1 else cardinal(hour, "es")
    said += f" y {cardinal(minute, 'es')}" if minute else " en punto"
    return said if second is None else f"{said} y {cardinal(second, 'es')} segundos"


def _ordinal(number: int, text: str, before: str) -> str:
    said = ordinal(number, "es")
    if text.endswith(("ª", "a")):
        return " ".join(word.removesuffix("o") + "a" for word in said.split())
    return said.removesuffix("o") if text.endswith("er") and said.endswith("ero") else said


def _fraction(numerator: int, denominator: int) -> str:
    part = ordinal(denominator, "es")
    if denominator > 10:
        return f"{cardinal(numerator, 'es')} partido por {cardinal(denominator, 'es')}"
    one, many = _PARTS.get(denominator) or (part, part + "s")
    return (
        f"{'un' if numerator == 1 else cardinal(numerator, 'es')} {one if numerator == 1 else many}"
    )


LOCALE = Locale(
    code="es",
    point="coma",
    minus="menos",
    to="a",
    percent="{n} por ciento",
    dot="punto",
    slash="barra",
    at="arroba",
    dash="guion",
    signs=pairs(
        "&=y; @=arroba; +=más; = ==igual a; ×=por; ÷=dividido por; ±=más menos; <=menor que; "
        ">=mayor que; ≤=como máximo; ≥=como mínimo; ≠=distinto de; ≈ ~=aproximadamente; °=grados; "
        "§=sección; №=número; %=por ciento; ‰=por mil; $=dólares; €=euros; £=libras; ¥=yenes; "
        "²=al cuadrado; ³=al cubo; →=a; #=número"
    ),
    currencies=nouns(
        "€,EUR=euro|euros; $,US$,USD=dólar|dólares; £,GBP=libra|libras:f; ¥,JPY=yen|yenes; "
        "CNY=yuan|yuanes; ₽,RUB=rublo|rublos; ₩,KRW=won|wones; ₹,INR=rupia|rupias:f; "
        "MXN=peso|pesos; CHF=franco suizo|francos suizos; ₿,BTC=bitcoin|bitcoins"
    ),
    cents=nouns("€,EUR=céntimo|céntimos; $,US$,USD,MXN=centavo|centavos; £,GBP=penique|peniques"),
    money_joint=" con ",
    units=nouns(
        "km=kilómetro|kilómetros; m=metro|metros; cm=centímetro|centímetros; "
        "mm=milímetro|milímetros; km/h=kilómetro por hora|kilómetros por hora; "
        "m/s=metro por segundo|metros por segundo; kg=kilogramo|kilogramos; g=gramo|gramos; "
        "mg=miligramo|miligramos; t=tonelada|toneladas:f; l,L=litro|litros; "
        "ml,mL=mililitro|mililitros; s,seg=segundo|segundos; min=minuto|minutos; h=hora|horas:f; "
        "°C,℃=grado Celsius|grados Celsius; °F,℉=grado Fahrenheit|grados Fahrenheit; "
        "°=grado|grados; KB,kB=kilobyte|kilobytes; MB=megabyte|megabytes; GB=gigabyte|gigabytes; "
        "TB=terabyte|terabytes; Hz=hercio|hercios; kHz=kilohercio|kilohercios; "
        "MHz=megahercio|megahercios; GHz=gigahercio|gigahercios; W=vatio|vatios; "
        "kW=kilovatio|kilovatios; kWh=kilovatio hora|kilovatios hora; V=voltio|voltios; "
        "A=amperio|amperios; dB=decibelio|decibelios; m²=metro cuadrado|metros cuadrados; "
        "km²=kilómetro cuadrado|kilómetros cuadrados; m³=metro cúbico|metros cúbicos; "
        "kcal=kilocaloría|kilocalorías:f; ha=hectárea|hectáreas:f"
    ),
    scales=pairs("mil=mil; millón=millón de; M millones=millones de; billones=billones de"),
    months=_MONTHS,
    month_names=month_names(
        "enero ene,febrero feb,marzo mar,abril abr,mayo may,junio jun,julio jul,agosto ago,"
        "septiembre setiembre sep sept,octubre oct,noviembre nov,diciembre dic"
    ),
    date=_date,
    time=_time,
    time_tail=r"\s?h\b",
    ordinal=(r"(?P<digits>\d{1,3})\.?(?:º|ª|er\b)", _ordinal),
    fraction=_fraction,
    decimals_as_number=True,
    gendered={
        "m": (("veintiuno", "veintiún"), ("uno", "un")),
        "f": (("uno", "una"),),
    },
    chapters=r"(?:[Cc]apítulo|CAPÍTULO|[Tt]omo|[Ll]ibro|[Aa]cto|[Ee]scena|[Pp]arte|[Ss]iglo|[Vv]olumen|Guerra Mundial)",
    rulers=(
        r"(?:Enrique|Luis|Carlos|Felipe|Alfonso|Fernando|Isabel|Juan Carlos|Juan Pablo|Pío|Benedicto"
        r"|Napoleón|Jorge|Guillermo|Federico|Pedro|Jaime|Sancho)"
    ),
    ruler=lambda n, name: ordinal(n, "es") if n <= 10 else cardinal(n, "es"),
    short_forms=short_forms(
        "Sr.=señor; Sra.=señora; Srta.=señorita; Dr.=doctor; Dra.=doctora; p. ej.=por ejemplo; etc.=etcétera; Ud.=usted; Uds.=ustedes; Vd.=usted; EE. UU.=Estados Unidos; aprox.=aproximadamente; pág.=página; a. C.=antes de Cristo; d. C.=después de Cristo"
    ),
    counted_words=feminine(
        "minuta hora horas persona personas semana semanas página páginas vez veces mujer mujeres niña niñas casa casas"
    ),
    extra=((r"\b[nN]\.?[°º]\s?(?=[0-9])", lambda match: "número "),),
)
