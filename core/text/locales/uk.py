"""Ukrainian."""

from __future__ import annotations

from core.text.locale import Locale, feminine, month_names, nouns, pairs, short_forms, slavic
from core.text.numbers import cardinal, ordinal

_MONTHS = (
    "січня", "лютого", "березня", "квітня", "травня", "червня", "липня", "серпня", "вересня",
    "жовтня", "листопада", "грудня",
)  # fmt: skip
_PARTS = {1: ("десята", "десятих"), 2: ("сота", "сотих"), 3: ("тисячна", "тисячних")}
_CASES = {"рік": "ий", "року": "ого", "році": "ому", "роком": "им"}


def _ordinal_ending(number: int, ending: str) -> str:
    said = ordinal(number, "uk")
    for nominative in ("ий", "ій"):
        if said.endswith(nominative):
            soft = nominative == "ій"
            changed = {"ого": "ього", "ому": "ьому", "им": "ім", "а": "я", "ий": "ій"}
            return said.removesuffix(nominative) + (changed.get(ending, ending) if soft else ending)
    return said


def _date(day: int, month: int, in_year: int | None, before: str) -> str:
    said = f"{_ordinal_ending(day, 'ого')} {_MONTHS[month - 1]}"
    return said if in_year is None else f"{said} {_ordinal_ending(in_year, 'ого')} року"


def _time(hour: int, minute: int, second: int | None) -> str:
    minutes = ("нуль " if minute < 10 else "") + cardinal(minute, "uk")
    return f"{cardinal(hour, 'uk')} {minutes if minute else 'нуль нуль'}"


def _ordinal(number: int, text: str, before: str) -> str:
    word = text.rsplit(maxsplit=1)[-1]
    if word in _CASES:
        return f"{_ordinal_ending(number, _CASES[word])} {word}"
    ending = {"й": "ий", "го": "ого", "му": "ому", "м": "им", "а": "а", "та": "а"}
    return _ordinal_ending(number, ending[text.rpartition("-")[2]])


def _decimals(whole: int, digits: str) -> str:
    one, many = _PARTS[len(digits)]
    return (
        f"{_feminine(whole)} {'ціла' if slavic(whole) == 0 else 'цілих'} "
        f"{_feminine(int(digits))} {one if slavic(int(digits)) == 0 else many}"
    )


def _feminine(number: int) -> str:
    said = cardinal(number, "uk")
    if said.endswith("один"):
        return said.removesuffix("один") + "одна"
    return said.removesuffix("два") + "дві" if said.endswith("два") else said


LOCALE = Locale(
    code="uk",
    decimal=",.",
    groups="\u00a0\u202f\u2009 ",
    point="кома",
    minus="мінус",
    to="—",
    dot="крапка",
    slash="слеш",
    at="равлик",
    dash="дефіс",
    signs=pairs(
        "&=і; @=равлик; +=плюс; = ==дорівнює; ×=помножити на; ±=плюс-мінус; ≈ ~=приблизно; "
        "°=градусів; §=параграф; №=номер; %=відсотків; $=доларів; €=євро; £=фунтів; ₴=гривень; "
        "#=номер"
    ),
    currencies=nouns(
        "₴,грн,грн.,UAH=гривня|гривні|гривень:f; $,US$,USD=долар|долари|доларів|долара; "
        "€,EUR=євро; £,GBP=фунт|фунти|фунтів|фунта; zł,PLN=злотий|злоті|злотих"
    ),
    cents=nouns("₴,грн,UAH=копійка|копійки|копійок:f; $,US$,USD,€,EUR=цент|центи|центів"),
    units=nouns(
        "%=відсоток|відсотки|відсотків|відсотка; км,km=кілометр|кілометри|кілометрів|кілометра; "
        "м,m=метр|метри|метрів|метра; см,cm=сантиметр|сантиметри|сантиметрів|сантиметра; "
        "мм,mm=міліметр|міліметри|міліметрів|міліметра; км/год,km/h=кілометр на годину|кілометри "
        "на годину|кілометрів на годину|кілометра на годину; "
        "кг,kg=кілограм|кілограми|кілограмів|кілограма; г,g=грам|грами|грамів|грама; "
        "т=тонна|тонни|тонн:f; л,l=літр|літри|літрів|літра; мл,ml=мілілітр|мілілітри|мілілітрів|"
        "мілілітра; сек=секунда|секунди|секунд:f; хв=хвилина|хвилини|хвилин:f; "
        "год=година|години|годин:f; °C,°С,℃=градус Цельсія|градуси Цельсія|градусів Цельсія|"
        "градуса Цельсія; °=градус|градуси|градусів|градуса; МБ,MB=мегабайт|мегабайти|мегабайтів|"
        "мегабайта; ГБ,GB=гігабайт|гігабайти|гігабайтів|гігабайта; "
        "м²=квадратний метр|квадратні метри|квадратних метрів; га=гектар|гектари|гектарів|гектара"
    ),
    scales=pairs("тис. тис=тисяч; млн мільйон мільйонів=мільйонів; млрд мільярд=мільярдів"),
    months=_MONTHS,
    month_names=month_names(
        "січня,лютого,березня,квітня,травня,червня,липня,серпня,вересня,жовтня,листопада,грудня"
    ),
    date=_date,
    date_tail=r"\s?(?:року|р\.)",
    time=_time,
    ordinal=(
        r"(?P<digits>\d{1,9})(?:-(?:й|го|му|м|а|та)\b|\s(?:року|році|роком|рік)\b)",
        _ordinal,
    ),
    plural=slavic,
    decimals=_decimals,
    gendered={"f": (("один", "одна"), ("два", "дві"))},
    chapters=r"(?:[Рр]озділ|РОЗДІЛ|[Тт]ом|[Кк]нига|[Чч]астина)",
    short_forms=short_forms(
        "т. д.=так далі; т. п.=тому подібне; ін.=інші; напр.=наприклад; ім.=імені; вул.=вулиця; проф.=професор"
    ),
    counted_words=feminine(
        "хвилина хвилини хвилин секунда секунди година години годин книга книги книг жінка жінки тисяча тисячі сторінка сторінки"
    ),
)
