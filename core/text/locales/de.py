"""German."""

from __future__ import annotations

from core.text.abbreviations import OPENERS
from core.text.locale import Locale, feminine, month_names, nouns, pairs, short_forms
from core.text.numbers import cardinal, ordinal, year

_MONTHS = (
    "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
    "November", "Dezember",
)  # fmt: skip
_WEAK = frozenset(
    ["am", "vom", "zum", "dem", "den", "beim", "im", "seit", "ab", "bis", "des", "der"]
)


def _ordinal(number: int, text: str, before: str) -> str:
    """erste, ersten or erster, by the word before it."""
    word = before.lower()
    said = ordinal(number, "de")
    if word in ("der", "die", "das"):
        return said
    return said + ("n" if word in _WEAK else "r")


def _date(day: int, month: int, in_year: int | None, before: str) -> str:
    said = f"{_ordinal(day, '', before)} {_MONTHS[month - 1]}"
    return said if in_year is None else f"{said} {year(in_year, 'de')}"


def _time(hour: int, minute: int, second: int | None) -> str:
    said = f"{'ein' if hour == 1 else cardinal(hour, 'de')} Uhr"
    if minute or second is not None:
        said += f" {cardinal(minute, 'de')}"
    if second is None:
        return said
    return f"{said} und {'eine Sekunde' if second == 1 else cardinal(second, 'de') + ' Sekunden'}"


def _fraction(numerator: int, denominator: int) -> str:
    if denominator == 2:
        return "ein halb" if numerator == 1 else f"{cardinal(numerator, 'de')} halbe"
    part = ordinal(denominator, "de").removesuffix("e") + "el"
    return f"{'ein' if numerator == 1 else cardinal(numerator, 'de')} {part}"


# "Hauptstr. 5. Es gab ...": a capital that begins a sentence, not a noun.
_NEW_SENTENCE = "|".join(sorted(OPENERS["de"]))

LOCALE = Locale(
    code="de",
    point="Komma",
    minus="minus",
    to="bis",
    percent="{n} Prozent",
    dot="Punkt",
    slash="Schrägstrich",
    at="ät",
    dash="Bindestrich",
    signs=pairs(
        "&=und; @=ät; +=plus; = ==gleich; ×=mal; ÷=geteilt durch; ±=plus minus; <=kleiner als; "
        ">=größer als; ≤=höchstens; ≥=mindestens; ≠=ungleich; ≈ ~=ungefähr; °=Grad; §=Paragraf; "
        "№=Nummer; %=Prozent; ‰=Promille; $=Dollar; €=Euro; £=Pfund; ¥=Yen; ²=Quadrat; "
        "³=hoch drei; π=Pi; →=nach; #=Nummer"
    ),
    currencies=nouns(
        "€,EUR=Euro; $,US$,USD=Dollar; £,GBP=Pfund:n; ¥,JPY=Yen; CNY=Yuan; ₽,RUB=Rubel; ₩,KRW=Won; "
        "₹,INR=Rupie|Rupien:f; ₴,UAH=Hrywnja:f; zł,PLN=Zloty; Kč,CZK=Krone|Kronen:f; "
        "CHF,Fr.=Franken; DM=Mark:f; ₿,BTC=Bitcoin"
    ),
    cents=nouns("€,EUR,$,US$,USD=Cent; £,GBP=Penny|Pence; CHF,Fr.=Rappen"),
    units=nouns(
        "km=Kilometer; m=Meter; cm=Zentimeter; mm=Millimeter; km/h=Kilometer pro Stunde; "
        "m/s=Meter pro Sekunde; kg=Kilogramm:n; g=Gramm:n; mg=Milligramm:n; t=Tonne|Tonnen:f; "
        "l,L=Liter; ml=Milliliter; s,Sek.=Sekunde|Sekunden:f; ms=Millisekunde|Millisekunden:f; "
        "min,Min.=Minute|Minuten:f; h,Std.=Stunde|Stunden:f; °C,℃=Grad Celsius; "
        "°F,℉=Grad Fahrenheit; °=Grad; KB,kB=Kilobyte:n; MB=Megabyte:n; GB=Gigabyte:n; "
        "TB=Terabyte:n; MiB=Mebibyte:n; GiB=Gibibyte:n; Mbit/s=Megabit pro Sekunde:n; Hz=Hertz:n; "
        "kHz=Kilohertz:n; MHz=Megahertz:n; GHz=Gigahertz:n; W=Watt:n; kW=Kilowatt:n; "
        "kWh=Kilowattstunde|Kilowattstunden:f; V=Volt:n; A=Ampere:n; dB=Dezibel:n; "
        "m²,qm=Quadratmeter; km²=Quadratkilometer; m³=Kubikmeter; PS=PS; kcal=Kilokalorie|"
        "Kilokalorien:f; ha=Hektar; hPa=Hektopascal"
    ),
    scales=pairs(
        "Tsd. Tausend=Tausend; Mio. Mio Million Millionen=Millionen; "
        "Mrd. Mrd Milliarde Milliarden=Milliarden; Bio. Billion Billionen=Billionen"
    ),
    months=_MONTHS,
    month_names=month_names(
        "Januar Jänner Jan,Februar Feb,März Mrz,April Apr,Mai,Juni Jun,July Juli Jul,August Aug,"
        "September Sep Sept,Oktober Okt,November Nov,Dezember Dez"
    ),
    date=_date,
    time=_time,
    time_tail=r"\s?Uhr\b",
    ordinal=(
        rf"(?P<digits>\d{{1,3}})\.(?=\s+[A-Za-zÄÖÜäöü])(?!\s+(?:{_NEW_SENTENCE})\b)",
        _ordinal,
    ),
    fraction=_fraction,
    gendered={"m": (("eins", "ein"),), "n": (("eins", "ein"),), "f": (("eins", "eine"),)},
    chapters=r"(?:Kapitel|KAPITEL|Teil|Band|Buch|Akt|Szene|Abschnitt|Anhang|Artikel|Weltkrieg)",
    rulers=(
        r"(?:Heinrich|Ludwig|Friedrich|Wilhelm|Karl|Otto|Elisabeth|Georg|Napoleon|Pius|Benedikt"
        r"|Paul|Katharina|Peter|Franz|Leopold|Joseph|Maximilian|Philipp)"
    ),
    ruler=lambda n, name: f"der {ordinal(n, 'de')}",
    short_forms=short_forms(
        "z. B.=zum Beispiel; d. h.=das heißt; u. a.=unter anderem; usw.=und so weiter; bzw.=beziehungsweise; ca.=circa; etc.=et cetera; Dr.=Doktor; Prof.=Professor; Hr.=Herr; Fr.=Frau; St.=Sankt; ggf.=gegebenenfalls; evtl.=eventuell; inkl.=inklusive; vgl.=vergleiche; i. d. R.=in der Regel; v. a.=vor allem; sog.=sogenannte; o. ä.=oder ähnliches; z. T.=zum Teil; Tel.=Telefon; bspw.=beispielsweise"
    ),
    counted_words=feminine(
        "Minute Minuten Stunde Stunden Sekunde Sekunden Woche Frau Person Seite Million Milliarde Katze Tasse Flasche Stadt Zeile"
    ),
    extra=(
        (r"\bNr\.\s?(?=[0-9])", lambda match: "Nummer "),
        (r"(?<=[a-zäöüß])str\.(?=\s)", lambda match: "straße"),
    ),
)
