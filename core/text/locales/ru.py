"""Russian."""

from __future__ import annotations

from core.text.locale import Locale, feminine, month_names, nouns, pairs, short_forms, slavic
from core.text.numbers import cardinal, ordinal

_MONTHS = (
    "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября",
    "октября", "ноября", "декабря",
)  # fmt: skip
_PARTS = {1: ("десятая", "десятых"), 2: ("сотая", "сотых"), 3: ("тысячная", "тысячных")}
# The letters after the hyphen of 5-го, 3-я, 1-е, 2-м ... tell gender and case.
_ENDINGS = {
    "й": ("m", "n"), "ый": ("m", "n"), "ой": ("f", "g"), "я": ("f", "n"), "ая": ("f", "n"),
    "е": ("n", "n"), "ое": ("n", "n"), "го": ("m", "g"), "ого": ("m", "g"), "му": ("m", "d"),
    "ому": ("m", "d"), "м": ("m", "p"), "ом": ("m", "p"), "ю": ("f", "a"), "ую": ("f", "a"),
}  # fmt: skip
# What follows a year or a century tells its case.
_YEAR_CASES = {
    "год": "n", "года": "g", "году": "p", "годом": "i", "г.": "n",
    "век": "n", "века": "g", "веке": "p", "веком": "i", "в.": "n",
}  # fmt: skip


def _date(day: int, month: int, in_year: int | None, before: str) -> str:
    said = f"{ordinal(day, 'ru', 'm', 'g')} {_MONTHS[month - 1]}"
    return said if in_year is None else f"{said} {ordinal(in_year, 'ru', 'm', 'g')} года"


def _time(hour: int, minute: int, second: int | None) -> str:
    minutes = ("ноль " if minute < 10 else "") + cardinal(minute, "ru")
    said = f"{cardinal(hour, 'ru')} {minutes if minute else 'ноль ноль'}"
    if second is None:
        return said
    form = ("секунда", "секунды", "секунд")[slavic(second)]
    return f"{said} {cardinal(second, 'ru', 'f')} {form}"


def _ordinal(number: int, text: str, before: str) -> str:
    ending = text.rpartition("-")[2]
    if ending in _ENDINGS:
        gender, case = _ENDINGS[ending]
        return ordinal(number, "ru", gender, case)
    word = text.rsplit(maxsplit=1)[-1]
    case = _YEAR_CASES[word]
    if word == "г." and before.lower() == "в":
        case = "p"
    full = {"г.": {"n": "год", "p": "году"}[case] if case in "np" else word}.get(word, word)
    return f"{ordinal(number, 'ru', 'm', case)} {full}"


def _ruler(number: int, name: str) -> str:
    if name in ("Екатерина", "Елизавета"):
        return ordinal(number, "ru", "f", "n")
    if name == "Екатерины":
        return ordinal(number, "ru", "f", "g")
    return ordinal(number, "ru", "m", "g" if name.endswith(("а", "я")) else "n")


def _century(number: int, text: str) -> str:
    word = text.rsplit(maxsplit=1)[-1]
    return f"{ordinal(number, 'ru', 'm', _YEAR_CASES[word])} {'век' if word == 'в.' else word}"


def _decimals(whole: int, digits: str) -> str:
    part = int(digits)
    one, many = _PARTS[len(digits)]
    wholes = "целая" if slavic(whole) == 0 else "целых"
    parts = one if slavic(part) == 0 else many
    return f"{cardinal(whole, 'ru', 'f')} {wholes} {cardinal(part, 'ru', 'f')} {parts}"


def _fraction(numerator: int, denominator: int) -> str:
    named = {2: ("вторая", "вторых"), 3: ("треть", "трети"), 4: ("четверть", "четверти")}
    if denominator in named:
        one, many = named[denominator]
    else:
        one = ordinal(denominator, "ru", "f", "n")
        many = one.removesuffix("ая").removesuffix("ья") + "ых"
    return f"{cardinal(numerator, 'ru', 'f')} {one if slavic(numerator) == 0 else many}"


LOCALE = Locale(
    code="ru",
    decimal=",.",
    groups="\u00a0\u202f\u2009 ",
    point="запятая",
    minus="минус",
    to="—",
    percent="{n} {form}",
    dot="точка",
    slash="слэш",
    at="собака",
    dash="дефис",
    signs=pairs(
        "&=и; @=собака; +=плюс; = ==равно; ×=умножить на; ÷=разделить на; ±=плюс-минус; "
        "<=меньше; >=больше; ≤=не больше; ≥=не меньше; ≠=не равно; ≈ ~=примерно; °=градусов; "
        "§=параграф; №=номер; %=процентов; ‰=промилле; $=долларов; €=евро; £=фунтов; ¥=иен; "
        "₽=рублей; ²=в квадрате; ³=в кубе; #=номер"
    ),
    currencies=nouns(
        "₽,руб.,руб,р.,RUB=рубль|рубля|рублей; $,US$,USD=доллар|доллара|долларов; €,EUR=евро; "
        "£,GBP=фунт|фунта|фунтов; ¥,JPY=иена|иены|иен:f; CNY=юань|юаня|юаней; "
        "₴,UAH,грн=гривна|гривны|гривен:f; ₩,KRW=вона|воны|вон:f; ₹,INR=рупия|рупии|рупий:f; "
        "CHF=франк|франка|франков; ₸,KZT=тенге; ₿,BTC=биткоин|биткоина|биткоинов"
    ),
    cents=nouns(
        "₽,руб.,руб,р.,RUB=копейка|копейки|копеек:f; $,US$,USD,€,EUR=цент|цента|центов; "
        "£,GBP=пенс|пенса|пенсов; ₴,UAH,грн=копейка|копейки|копеек:f"
    ),
    units=nouns(
        "%=процент|процента|процентов; км,km=километр|километра|километров; "
        "м,m=метр|метра|метров; см,cm=сантиметр|сантиметра|сантиметров; "
        "мм,mm=миллиметр|миллиметра|миллиметров; "
        "км/ч,km/h=километр в час|километра в час|километров в час; "
        "м/с=метр в секунду|метра в секунду|метров в секунду; "
        "кг,kg=килограмм|килограмма|килограммов; г,g=грамм|грамма|граммов; "
        "мг,mg=миллиграмм|миллиграмма|миллиграммов; т=тонна|тонны|тонн:f; л,l=литр|литра|литров; "
        "мл,ml=миллилитр|миллилитра|миллилитров; сек,сек.,s=секунда|секунды|секунд:f; "
        "мс,ms=миллисекунда|миллисекунды|миллисекунд:f; мин,мин.,min=минута|минуты|минут:f; "
        "ч,ч.,h=час|часа|часов; °C,°С,℃=градус Цельсия|градуса Цельсия|градусов Цельсия; "
        "°F=градус Фаренгейта|градуса Фаренгейта|градусов Фаренгейта; "
        "°=градус|градуса|градусов; КБ,KB=килобайт|килобайта|килобайт; "
        "МБ,Мб,MB=мегабайт|мегабайта|мегабайт; ГБ,Гб,GB=гигабайт|гигабайта|гигабайт; "
        "ТБ,TB=терабайт|терабайта|терабайт; Гц,Hz=герц|герца|герц; кГц,kHz=килогерц|килогерца|"
        "килогерц; МГц,MHz=мегагерц|мегагерца|мегагерц; ГГц,GHz=гигагерц|гигагерца|гигагерц; "
        "Вт,W=ватт|ватта|ватт; кВт,kW=киловатт|киловатта|киловатт; V=вольт|вольта|вольт; "
        "дБ,dB=децибел|децибела|децибел; м²,m²=квадратный метр|квадратных метра|квадратных метров; "
        "км²=квадратный километр|квадратных километра|квадратных километров; "
        "м³=кубический метр|кубических метра|кубических метров; га=гектар|гектара|гектаров"
    ),
    scales=pairs(
        "тыс. тыс=тысяч; млн млн. миллион миллиона миллионов=миллионов; "
        "млрд млрд. миллиард миллиарда миллиардов=миллиардов; трлн=триллионов"
    ),
    months=_MONTHS,
    month_names=month_names(
        "января янв,февраля фев,марта мар,апреля апр,мая,июня июн,июля июл,августа авг,"
        "сентября сен сент,октября окт,ноября ноя,декабря дек"
    ),
    date=_date,
    date_tail=r"\s?(?:года|году|г\.)",
    time=_time,
    ordinal=(
        r"(?P<digits>\d{1,9})(?:-(?:ого|ому|ый|ой|ая|ое|ом|ую|го|му|й|я|е|м|ю)\b"
        r"|\s(?:года|году|годом|год)\b|\sг\.)",
        _ordinal,
    ),
    fraction=_fraction,
    plural=slavic,
    decimals=_decimals,
    chapters=r"(?:[Гг]лава|ГЛАВА|[Тт]ом|[Кк]нига|[Чч]асть|[Аа]кт|[Сс]цена|[Рр]аздел)",
    rulers=(
        r"(?:П[её]тр|Петра|Екатерина|Екатерины|Николай|Николая|Александр|Александра|Иван|Ивана"
        r"|Людовик|Людовика|Карл|Карла|Генрих|Генриха|Павел|Павла|Елизавета|Наполеон)"
    ),
    ruler=_ruler,
    centuries=(r"\b(?P<roman>[IVXХ]{1,5})\s(?:века|веке|веком|век|в\.)(?!\w)", _century),
    short_forms=short_forms(
        "т. е.=то есть; т. д.=так далее; т. п.=тому подобное; т. к.=так как; др.=другие; г-н=господин; г-жа=госпожа; напр.=например; ул.=улица; им.=имени; проф.=профессор; акад.=академик; н. э.=нашей эры; стр.=страница; см.=смотри; тыс.=тысяч"
    ),
    counted_words=feminine(
        "тонна тонны тонн минута минуты минут минуту секунда секунды секунд неделя недели недель книга книги книг страница страницы страниц девушка девушки женщина женщины женщин сестра сестры тысяча тысячи тысяч рука руки кошка кошки машина машины комната комнаты бутылка бутылки"
    ),
)
