"""Polish."""

from __future__ import annotations

from core.text.locale import Locale, feminine, month_names, nouns, pairs, short_forms
from core.text.numbers import cardinal, ordinal

_MONTHS = (
    "stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca", "lipca", "sierpnia", "września",
    "października", "listopada", "grudnia",
)  # fmt: skip


def _plural(count: int) -> int:
    if count == 1:
        return 0
    return 1 if count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14) else 2


def _bent(number: int, hard: str, soft: str) -> str:
    """An ordinal in another case: -y and -i of each adjective become the given endings."""
    words = ordinal(number, "pl").split()
    tail = 2 if number % 100 > 20 and number % 10 else 1
    for place in range(max(len(words) - tail, 0), len(words)):
        if words[place].endswith("y"):
            words[place] = words[place].removesuffix("y") + hard
        elif words[place].endswith("i"):
            words[place] = words[place].removesuffix("i") + soft
    return " ".join(words)


def _date(day: int, month: int, in_year: int | None, before: str) -> str:
    said = f"{_bent(day, 'ego', 'iego')} {_MONTHS[month - 1]}"
    return said if in_year is None else f"{said} {_bent(in_year, 'ego', 'iego')} roku"


def _time(hour: int, minute: int, second: int | None) -> str:
    said = _bent(hour, "a", "ia") if hour else "zero"
    said = said.replace("drugia", "druga")
    zero = "zero " if 0 < minute < 10 else ""
    return f"{said} {zero}{cardinal(minute, 'pl')}" if minute else said


def _ordinal(number: int, text: str, before: str) -> str:
    return f"{_bent(number, 'ego', 'iego')} roku"


def _century(number: int, text: str) -> str:
    genitive = text.endswith("wieku")
    return _bent(number, "ego", "iego") + " wieku" if genitive else ordinal(number, "pl") + " wiek"


LOCALE = Locale(
    code="pl",
    decimal=",.",
    groups="\u00a0\u202f\u2009 ",
    point="przecinek",
    minus="minus",
    to="—",
    percent="{n} procent",
    dot="kropka",
    slash="ukośnik",
    at="małpa",
    dash="myślnik",
    signs=pairs(
        "&=i; @=małpa; +=plus; = ==równa się; ×=razy; ±=plus minus; ≈ ~=około; °=stopni; "
        "§=paragraf; №=numer; %=procent; $=dolarów; €=euro; £=funtów; #=numer"
    ),
    currencies=nouns(
        "zł,PLN=złoty|złote|złotych|złotego; €,EUR=euro:n; $,US$,USD=dolar|dolary|dolarów|dolara; "
        "£,GBP=funt|funty|funtów|funta; CHF=frank|franki|franków|franka; "
        "Kč,CZK=korona|korony|koron|korony:f; ₴,UAH=hrywna|hrywny|hrywien|hrywny:f"
    ),
    cents=nouns("zł,PLN=grosz|grosze|groszy; €,EUR,$,US$,USD=cent|centy|centów"),
    units=nouns(
        "km=kilometr|kilometry|kilometrów|kilometra; m=metr|metry|metrów|metra; "
        "cm=centymetr|centymetry|centymetrów|centymetra; mm=milimetr|milimetry|milimetrów|"
        "milimetra; km/h=kilometr na godzinę|kilometry na godzinę|kilometrów na godzinę|kilometra "
        "na godzinę; kg=kilogram|kilogramy|kilogramów|kilograma; g=gram|gramy|gramów|grama; "
        "t=tona|tony|ton|tony:f; l=litr|litry|litrów|litra; ml=mililitr|mililitry|mililitrów|"
        "mililitra; s=sekunda|sekundy|sekund|sekundy:f; min=minuta|minuty|minut|minuty:f; "
        "h,godz.=godzina|godziny|godzin|godziny:f; °C,℃=stopień Celsjusza|stopnie Celsjusza|stopni "
        "Celsjusza|stopnia Celsjusza; °=stopień|stopnie|stopni|stopnia; "
        "MB=megabajt|megabajty|megabajtów|megabajta; GB=gigabajt|gigabajty|gigabajtów|gigabajta; "
        "m²=metr kwadratowy|metry kwadratowe|metrów kwadratowych; ha=hektar|hektary|hektarów|hektara"
    ),
    scales=pairs("tys. tys=tysięcy; mln milion milionów=milionów; mld miliard=miliardów"),
    months=_MONTHS,
    month_names=month_names(
        "stycznia,lutego,marca,kwietnia,maja,czerwca,lipca,sierpnia,września,października,"
        "listopada,grudnia"
    ),
    date=_date,
    date_tail=r"\s?(?:roku|r\.)",
    time=_time,
    ordinal=(r"(?P<digits>\d{3,4})\s(?:roku\b|r\.)", _ordinal),
    plural=_plural,
    decimals_as_number=True,
    gendered={
        "f": (("jeden", "jedna"), ("dwa", "dwie")),
        "n": (("jeden", "jedno"),),
    },
    chapters=r"(?:[Rr]ozdział|ROZDZIAŁ|[Tt]om|[Cc]zęść|[Kk]sięga)",
    centuries=(r"\b(?P<roman>[IVX]{1,5})\s(?:wieku|wiek|w\.)(?!\w)", _century),
    short_forms=short_forms(
        "np.=na przykład; tzn.=to znaczy; itd.=i tak dalej; itp.=i tym podobne; m.in.=między innymi; tj.=to jest; tzw.=tak zwany; ok.=około; św.=święty; prof.=profesor; dr=doktor; ul.=ulica; nr=numer"
    ),
    counted_words=feminine(
        "godzina godziny minuta minuty sekunda sekundy kobieta kobiety osoba osoby książka książki strona strony"
    ),
)
