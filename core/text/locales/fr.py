"""French."""

from __future__ import annotations

from core.text.locale import Locale, feminine, month_names, nouns, pairs, short_forms
from core.text.numbers import cardinal, ordinal

_MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
    "octobre", "novembre", "décembre",
)  # fmt: skip
_PARTS = {2: ("demi", "demis"), 3: ("tiers", "tiers"), 4: ("quart", "quarts")}


def _date(day: int, month: int, in_year: int | None, before: str) -> str:
    said = f"{'premier' if day == 1 else cardinal(day, 'fr')} {_MONTHS[month - 1]}"
    return said if in_year is None else f"{said} {cardinal(in_year, 'fr')}"


def _time(hour: int, minute: int, second: int | None) -> str:
    said = f"{_feminine(hour)} heure{'' if hour < 2 else 's'}"
    if minute:
        said += f" {_feminine(minute)}"
    return said if second is None else f"{said} et {_feminine(second)} secondes"


def _feminine(number: int) -> str:
    said = cardinal(number, "fr")
    return said + "e" if said.endswith("un") else said


def _ordinal(number: int, text: str, before: str) -> str:
    if number == 1:
        return "première" if text.endswith(("re", "ère")) else "premier"
    return ordinal(number, "fr") + ("s" if text.endswith("s") else "")


def _fraction(numerator: int, denominator: int) -> str:
    part = ordinal(denominator, "fr")
    one, many = _PARTS.get(denominator) or (part, part + "s")
    return f"{cardinal(numerator, 'fr')} {one if numerator == 1 else many}"


LOCALE = Locale(
    code="fr",
    decimal=",.",
    groups="\u00a0\u202f\u2009 ",
    point="virgule",
    minus="moins",
    to="à",
    percent="{n} pour cent",
    dot="point",
    slash="barre oblique",
    at="arobase",
    dash="tiret",
    signs=pairs(
        "&=et; @=arobase; +=plus; = ==égale; ×=fois; ÷=divisé par; ±=plus ou moins; <=inférieur à; "
        ">=supérieur à; ≤=au plus; ≥=au moins; ≠=différent de; ≈ ~=environ; °=degrés; "
        "§=paragraphe; №=numéro; %=pour cent; ‰=pour mille; $=dollars; €=euros; £=livres; "
        "¥=yens; ²=au carré; ³=au cube; →=vers; #=numéro"
    ),
    currencies=nouns(
        "€,EUR=euro|euros; $,US$,USD=dollar|dollars; £,GBP=livre|livres:f; ¥,JPY=yen|yens; "
        "CNY=yuan|yuans; ₽,RUB=rouble|roubles; ₩,KRW=won|wons; ₹,INR=roupie|roupies:f; "
        "zł,PLN=zloty|zlotys; Kč,CZK=couronne|couronnes:f; CHF=franc suisse|francs suisses; "
        "₿,BTC=bitcoin|bitcoins"
    ),
    cents=nouns("€,EUR,CHF=centime|centimes; $,US$,USD=cent|cents; £,GBP=penny|pence"),
    units=nouns(
        "km=kilomètre|kilomètres; m=mètre|mètres; cm=centimètre|centimètres; "
        "mm=millimètre|millimètres; km/h=kilomètre par heure|kilomètres par heure; "
        "m/s=mètre par seconde|mètres par seconde; kg=kilogramme|kilogrammes; g=gramme|grammes; "
        "mg=milligramme|milligrammes; t=tonne|tonnes:f; l,L=litre|litres; "
        "ml,mL=millilitre|millilitres; s,sec=seconde|secondes:f; "
        "ms=milliseconde|millisecondes:f; min=minute|minutes:f; h=heure|heures:f; "
        "°C,℃=degré Celsius|degrés Celsius; °F,℉=degré Fahrenheit|degrés Fahrenheit; "
        "°=degré|degrés; ko,Ko=kilooctet|kilooctets; Mo=mégaoctet|mégaoctets; "
        "Go=gigaoctet|gigaoctets; To=téraoctet|téraoctets; MB=mégaoctet|mégaoctets; "
        "GB=gigaoctet|gigaoctets; Hz=hertz; kHz=kilohertz; MHz=mégahertz; GHz=gigahertz; "
        "W=watt|watts; kW=kilowatt|kilowatts; kWh=kilowattheure|kilowattheures; V=volt|volts; "
        "A=ampère|ampères; dB=décibel|décibels; m²=mètre carré|mètres carrés; "
        "km²=kilomètre carré|kilomètres carrés; m³=mètre cube|mètres cubes; "
        "kcal=kilocalorie|kilocalories:f; ha=hectare|hectares; hPa=hectopascal|hectopascals"
    ),
    scales=pairs(
        "mille=mille; million=million de; M millions=millions de; milliard=milliard de; "
        "Md Mds milliards=milliards de"
    ),
    months=_MONTHS,
    month_names=month_names(
        "janvier janv,février févr fevrier,mars,avril avr,mai,juin,juillet juil,août aout,"
        "septembre sept,octobre oct,novembre nov,décembre déc decembre"
    ),
    date=_date,
    time=_time,
    hour_letter=True,
    ordinal=(
        r"(?P<digits>\d{1,9})(?:er|re|ère|e|ème|ième|nd|nde|d)s?(?![\w])",
        _ordinal,
    ),
    fraction=_fraction,
    plural=lambda count: 0 if count < 2 else 1,
    decimals_as_number=True,
    gendered={"f": (("un", "une"),)},
    chapters=r"(?:[Cc]hapitre|CHAPITRE|[Tt]ome|[Ll]ivre|[Aa]cte|[Ss]cène|[Pp]artie|[Vv]olume|[Aa]rticle)",
    rulers=(
        r"(?:Henri|Louis|Charles|Philippe|Napoléon|Élisabeth|Elizabeth|Pie|Benoît|Jean-Paul|Léon"
        r"|Guillaume|Georges|Frédéric|Catherine|Nicolas|Pierre|Alexandre)"
    ),
    ruler=lambda n, name: "premier" if n == 1 else cardinal(n, "fr"),
    centuries=(
        r"\b(?P<roman>[IVX]{1,5})(?:e|ème|er)\b(?=\s+siècle)",
        lambda n, text: _ordinal(n, "", ""),
    ),
    short_forms=short_forms(
        "M.=Monsieur; Mme=Madame; Mlle=Mademoiselle; MM.=Messieurs; Dr=Docteur; Pr=Professeur; etc.=et cetera; p. ex.=par exemple; c.-à-d.=c'est-à-dire; cf.=confer; av. J.-C.=avant Jésus-Christ; apr. J.-C.=après Jésus-Christ; env.=environ"
    ),
    counted_words=feminine(
        "minute minutes heure heures seconde secondes semaine semaines personne personnes fois page pages année années femme femmes fille filles"
    ),
    extra=((r"\b[nN][°º]\s?(?=[0-9])", lambda match: "numéro "),),
)
