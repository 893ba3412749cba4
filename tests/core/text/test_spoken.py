"""What is said of what is written: numbers, dates, money, units and signs, in many languages."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.text.numbers import (
    LARGEST,
    SPOKEN_BY_US,
    cardinal,
    chinese,
    digit_by_digit,
    ordinal,
    year,
)
from core.text.spoken import say

# Language, written, spoken.
TABLE = [
    ("en", "$3.50", "three dollars and fifty cents"),
    ("en", "$1", "one dollar"),
    ("en", "$0.99", "ninety-nine cents"),
    ("en", "£2.05", "two pounds and five pence"),
    ("en", "$3.5 million", "three point five million dollars"),
    ("en", "€2bn", "two billion euros"),
    ("en", "100 USD", "one hundred dollars"),
    ("en", "¥500", "five hundred yen"),
    ("en", "-5", "minus five"),
    ("en", "-3.2 °C", "minus three point two degrees Celsius"),
    ("en", "1 km", "one kilometre"),
    ("en", "80 km/h", "eighty kilometres per hour"),
    ("en", "3.5GB", "three point five gigabytes"),
    ("en", "6 ft", "six feet"),
    ("en", "100 m²", "one hundred square metres"),
    ("en", "12.5%", "twelve point five percent"),
    (
        "en",
        "1,234,567",
        "one million two hundred and thirty-four thousand five hundred and sixty-seven",
    ),
    ("en", "1.000,5", "one thousand point five"),
    ("en", "3.14", "three point one four"),
    ("en", ".5", "zero point five"),
    ("en", "in 1984", "in nineteen eighty-four"),
    ("en", "in 1905", "in nineteen oh-five"),
    ("en", "in 2000", "in two thousand"),
    ("en", "in 2026", "in twenty twenty-six"),
    ("en", "1234 people", "one thousand two hundred and thirty-four people"),
    ("en", "the 1990s", "the nineteen nineties"),
    ("en", "the '80s", "the eighties"),
    ("en", "21st", "twenty-first"),
    ("en", "103rd", "one hundred and third"),
    ("en", "2026-10-05", "October fifth, twenty twenty-six"),
    ("en", "12/31/2026", "December thirty-first, twenty twenty-six"),
    ("en", "31/12/2026", "December thirty-first, twenty twenty-six"),
    ("en", "31.12.2026", "December thirty-first, twenty twenty-six"),
    ("en", "5 October 2026", "the fifth of October twenty twenty-six"),
    ("en", "the 5th of May", "the fifth of May"),
    ("en", "May 5, 2026", "May fifth, twenty twenty-six"),
    ("en", "14:30", "fourteen thirty"),
    ("en", "3:05 pm", "three oh five p m"),
    ("en", "3 p.m.", "three p m."),
    ("en", "9:00", "nine o'clock"),
    ("en", "23:59:07", "twenty-three fifty-nine and seven seconds"),
    ("en", "10-20 people", "ten to twenty people"),
    ("en", "1914–1918", "nineteen fourteen to nineteen eighteen"),
    ("en", "555-1234", "five five five, one two three four"),
    ("en", "+49 30 1234567", "plus four nine, three zero, one two three four five six seven"),
    ("en", "007", "zero zero seven"),
    ("en", "1/2", "one half"),
    ("en", "3/4", "three quarters"),
    ("en", "2½", "two and one half"),
    ("en", "24/7", "twenty-four seven"),
    ("en", "Henry VIII", "Henry the eighth"),
    ("en", "Louis XIV", "Louis the fourteenth"),
    ("en", "Chapter IV", "Chapter four"),
    ("en", "World War II", "World War two"),
    ("en", "MIX", "MIX"),
    ("en", "I am", "I am"),
    ("en", "AT&T", "AT and T"),
    ("en", "#1", "number one"),
    ("en", "#tag", "tag"),
    ("en", "C#", "C sharp"),
    ("en", "2+2=4", "two plus two equals four"),
    ("en", "±5", "plus or minus five"),
    ("en", "MP3", "MP three"),
    ("en", "v1.2.3", "v one dot two dot three"),
    ("en", "https://www.example.com/path?x=1#y", "example dot com slash path"),
    ("en", "foo.bar@example.co.uk", "foo dot bar at example dot co dot uk"),
    ("en", "**bold** _it_ `code`", "bold it code"),
    ("en", "[a link](http://a.b)", "a link"),
    ("en", "text[12].", "text."),
    ("en", "• item", "item"),
    ("en", "a | b", "a, b"),
    ("en", "wait — what", "wait, what"),
    ("en", "wait--what -- now", "wait, what, now"),
    ("en", "it rained,", "it rained,"),
    ("en", "it rained (a lot)", "it rained, a lot"),
    ("en", "see <https://fsf.org/>", "see fsf dot org"),
    ("zh", "下雨了，", "下雨了，"),
    ("zh", "很远——很累（真的）。", "很远，很累，真的。"),
    ("ja", "「駅まで。」と答えた（昨日）。", "駅までと答えた、昨日。"),
    ("en", "The U.K.'s plan", "The U.K.'s plan"),
    ("en", "5'10\"", "five foot ten"),
    ("en", "in 2024 vs. 2025", "in twenty twenty-four versus twenty twenty-five"),
    ("de", "Hauptstr. 5. Es regnete.", "Hauptstraße fünf. Es regnete."),
    ("en", "😀 hello 👍🏽", "hello"),
    ("en", "e.g. this", "for example this"),
    ("en", "Mr. Smith", "Mister Smith"),
    ("en", "No. 5", "number five"),
    ("en", "1. Milk", "one, Milk"),
    ("en", "John 3:16", "John three sixteen"),
    ("en", "2 tbsp and 1 tsp", "two tablespoons and one teaspoon"),
    ("en", "5 1/2 cups", "five and one half cups"),
    ("en", "page 5 12/2024", "page five twelve twenty twenty-four"),
    ("en", "3~5 days", "three to five days"),
    ("en", "9/11", "nine eleven"),
    ("en", "It’s fine", "It's fine"),
    ("de", "12,50 €", "zwölf Euro fünfzig Cent"),
    ("de", "1 €", "ein Euro"),
    ("de", "1.000 km", "eintausend Kilometer"),
    ("de", "3,14", "drei Komma eins vier"),
    ("de", "3.14", "drei Komma eins vier"),
    ("de", "am 3. Oktober", "am dritten Oktober"),
    ("de", "der 3. Oktober", "der dritte Oktober"),
    ("de", "03.10.2026", "dritter Oktober zweitausendsechsundzwanzig"),
    ("de", "14:30 Uhr", "vierzehn Uhr dreißig"),
    ("de", "9:00", "neun Uhr"),
    ("de", "1984", "neunzehnhundertvierundachtzig"),
    ("de", "1 h", "eine Stunde"),
    ("de", "5 Mio. Euro", "fünf Millionen Euro"),
    ("de", "-5 °C", "minus fünf Grad Celsius"),
    ("de", "50 %", "fünfzig Prozent"),
    ("de", "10–20", "zehn bis zwanzig"),
    ("de", "zum 5. Mal", "zum fünften Mal"),
    ("de", "3/4", "drei viertel"),
    ("de", "z. B.", "zum Beispiel."),
    ("de", "www.beispiel.de", "beispiel Punkt de"),
    ("de", "0171-1234567", "null eins sieben eins, eins zwei drei vier fünf sechs sieben"),
    ("de", "Ludwig XIV", "Ludwig der vierzehnte"),
    ("de", "1 Minute", "eine Minute"),
    ("fr", "12,50 €", "douze euros cinquante centimes"),
    ("fr", "1 000 €", "mille euros"),
    ("fr", "le 1er mai 2026", "le premier mai deux mille vingt-six"),
    ("fr", "14/07/1789", "quatorze juillet mille sept cent quatre-vingt-neuf"),
    ("fr", "14h30", "quatorze heures trente"),
    ("fr", "8 h", "huit heures"),
    ("fr", "3,05", "trois virgule zéro cinq"),
    ("fr", "21 km", "vingt et un kilomètres"),
    ("fr", "1 h", "une heure"),
    ("fr", "50 %", "cinquante pour cent"),
    ("fr", "XXe siècle", "vingtième siècle"),
    ("fr", "Louis XIV", "Louis quatorze"),
    ("fr", "3ème", "troisième"),
    ("fr", "1/3", "un tiers"),
    ("fr", "06 12 34 56 78", "zéro six, douze, trente-quatre, cinquante-six, soixante-dix-huit"),
    ("fr", "3 M€", "trois millions d'euros"),
    ("fr", "n° 5", "numéro cinq"),
    ("es", "12,50 €", "doce euros con cincuenta céntimos"),
    ("es", "21 €", "veintiún euros"),
    ("es", "5 de octubre de 2026", "cinco de octubre de dos mil veintiséis"),
    ("es", "05/10/2026", "cinco de octubre de dos mil veintiséis"),
    ("es", "las 3:05", "las tres y cinco"),
    ("es", "3,14", "tres coma catorce"),
    ("es", "21 km", "veintiún kilómetros"),
    ("es", "1 h", "una hora"),
    ("es", "siglo XXI", "siglo veintiuno"),
    ("es", "Felipe II", "Felipe segundo"),
    ("es", "2ª", "segunda"),
    ("es", "3er", "tercer"),
    ("es", "50 %", "cincuenta por ciento"),
    ("es", "21 personas", "veintiuna personas"),
    ("es", "p. ej.", "por ejemplo."),
    ("it", "12,50 €", "dodici euro e cinquanta centesimi"),
    ("it", "1 €", "un euro"),
    ("it", "5 ottobre 2026", "cinque ottobre duemilaventisei"),
    ("it", "1 maggio", "primo maggio"),
    ("it", "alle 14:30", "alle quattordici e trenta"),
    ("it", "21 km", "ventuno chilometri"),
    ("it", "50%", "cinquanta per cento"),
    ("it", "XX secolo", "ventesimo secolo"),
    ("it", "2ª", "seconda"),
    ("it", "3,14", "tre virgola quattordici"),
    ("pt", "R$ 12,50", "doze reais e cinquenta centavos"),
    ("pt", "5 de outubro de 2026", "cinco de outubro de dois mil e vinte e seis"),
    ("pt", "14h30", "catorze e trinta"),
    ("pt", "século XXI", "século vinte e um"),
    ("pt", "50%", "cinquenta por cento"),
    ("pt", "21 km", "vinte e um quilômetros"),
    ("pt", "2 t", "duas toneladas"),
    ("pt", "2 pessoas", "duas pessoas"),
    ("ru", "12,50 ₽", "двенадцать рублей пятьдесят копеек"),
    ("ru", "1 руб.", "один рубль"),
    ("ru", "2 руб.", "два рубля"),
    ("ru", "5 октября 2026 года", "пятого октября две тысячи двадцать шестого года"),
    ("ru", "в 2026 году", "в две тысячи двадцать шестом году"),
    ("ru", "05.10.2026", "пятого октября две тысячи двадцать шестого года"),
    ("ru", "8:05", "восемь ноль пять"),
    ("ru", "3,5 кг", "три целых пять десятых килограмма"),
    ("ru", "2 км", "два километра"),
    ("ru", "5 км", "пять километров"),
    ("ru", "5-й", "пятый"),
    ("ru", "1-го", "первого"),
    ("ru", "XX век", "двадцатый век"),
    ("ru", "XIX века", "девятнадцатого века"),
    ("ru", "Пётр I", "Пётр первый"),
    ("ru", "2%", "два процента"),
    ("ru", "1/2", "одна вторая"),
    ("ru", "2 минуты", "две минуты"),
    ("ru", "5 млн руб.", "пять миллионов рублей"),
    ("ru", "№ 5", "номер пять"),
    ("ru", "и т. д.", "и так далее."),
    ("ru", "10–20", "десять, двадцать"),
    ("uk", "2 грн", "дві гривні"),
    ("uk", "3,5 км", "три цілих п'ять десятих кілометра"),
    ("uk", "5 жовтня 2026 року", "п'ятого жовтня дві тисячі двадцять шостого року"),
    ("uk", "у 2026 році", "у дві тисячі двадцять шостому році"),
    ("pl", "2 zł", "dwa złote"),
    ("pl", "22 zł", "dwadzieścia dwa złote"),
    (
        "pl",
        "5 października 2026 roku",
        "piątego października dwa tysiące dwudziestego szóstego roku",
    ),
    ("pl", "XX wiek", "dwudziesty wiek"),
    ("pl", "14:30", "czternasta trzydzieści"),
    ("cs", "2 Kč", "dvě koruny"),
    ("cs", "5. října 2026", "pátého října dva tisíce dvacet šest"),
    ("nl", "12,50 €", "twaalf euro en vijftig cent"),
    ("nl", "14:30 uur", "veertien uur dertig"),
    ("nl", "1984", "negentienhonderdvierentachtig"),
    ("zh", "2026年10月5日", "二零二六年十月五日"),
    ("zh", "2026-10-05", "二零二六年十月五日"),
    ("zh", "14:30", "十四点三十分"),
    ("zh", "2:05", "两点零五分"),
    ("zh", "$3.50", "三点五美元"),
    ("zh", "50%", "百分之五十"),
    ("zh", "3.14", "三点一四"),
    ("zh", "2个苹果", "两个苹果"),
    ("zh", "12本书", "十二本书"),
    ("zh", "2号", "二号"),
    ("zh", "1005", "一千零五"),
    ("zh", "-5°C", "负五摄氏度"),
    ("zh", "10-20公里", "十到二十公里"),
    ("zh", "3/4", "四分之三"),
    ("zh", "13812345678", "一三八一二三四五六七八"),
    ("zh", "1.5亿元", "一点五亿元"),
    ("zh", "20年", "二十年"),
    ("zh", "第3章", "第三章"),
    ("ja", "2026年10月5日", "二千二十六年十月五日"),
    ("ja", "2026/10/05", "二千二十六年十月五日"),
    ("ja", "14:30", "十四時三十分"),
    ("ja", "3.5km", "三点五キロメートル"),
    ("ja", "1,000円", "千円"),
    ("ja", "¥500", "五百円"),
    ("ja", "50%", "五十パーセント"),
    ("ja", "3本", "三本"),
    ("ja", "-5°C", "マイナス五度"),
    ("ja", "3/4", "四分の三"),
    ("ja", "03-1234-5678", "零三、一二三四、五六七八"),
    ("ko", "2026년 10월 5일", "이천이십육년 시월 오일"),
    ("ko", "6월 6일", "유월 육일"),
    ("ko", "3:05", "세 시 오 분"),
    ("ko", "3시 30분", "세 시 삼십분"),
    ("ko", "사과 2개", "사과 두 개"),
    ("ko", "20명", "스무 명"),
    ("ko", "5층", "오층"),
    ("ko", "$3", "삼 달러"),
    ("ko", "50%", "오십 퍼센트"),
    ("ko", "3.5km", "삼 점 오 킬로미터"),
    ("ko", "3/4", "사분의 삼"),
    ("ko", "3-5개", "세 개에서 다섯 개"),
    ("ko", "5~6월", "오월에서 유월"),
    ("ko", "10~20분", "십에서 이십분"),
    ("ko", "20대 여성", "이십대 여성"),
    ("ko", "차 3대", "차 세 대"),
]


@pytest.mark.parametrize(("language", "written", "spoken"), TABLE)
def test_it_is_said_as_a_reader_would(language: str, written: str, spoken: str) -> None:
    assert say(written, language) == spoken


@pytest.mark.parametrize("language", ["tr", "ar", "hi", "sv", "xx"])
def test_digits_are_left_to_the_engine_where_we_have_no_words(language: str) -> None:
    assert say("12,5 km *abc* 50%", language) == "12,5 km abc 50%"


@pytest.mark.parametrize(
    "nothing", ["", " ", "😀", "👩‍👩‍👧 🇩🇪", "***", "---", "...", "?!", "“”", "«»", "•", "。", "|"]
)
@pytest.mark.parametrize("language", ["en", "zh", "tr"])
def test_signs_alone_say_nothing(nothing: str, language: str) -> None:
    assert say(nothing, language) == ""


@settings(deadline=None)  # time has tests of its own
@given(text=st.text(max_size=200), language=st.sampled_from([*sorted(SPOKEN_BY_US), "tr", "hi"]))
def test_any_text_can_be_said(text: str, language: str) -> None:
    said = say(text, language)
    # The longest name of one character in any language is "плюс-минус" with its spaces; runs of
    # digits grow by at most nine ("fourteen", " and" ...) a digit.
    assert len(said) <= 24 * len(text) + 40


@settings(deadline=None)  # time has tests of its own
@given(
    text=st.text(alphabet="0123456789.,:/-+%$€°() kmhMIVXst", max_size=60),
    language=st.sampled_from(sorted(SPOKEN_BY_US)),
)
def test_no_heap_of_digits_and_signs_breaks_it(text: str, language: str) -> None:
    said = say(text, language)
    assert not any(char in "0123456789" for char in said)


@settings(deadline=None)  # time has tests of its own
@given(number=st.integers(0, LARGEST), language=st.sampled_from(sorted(SPOKEN_BY_US)))
def test_every_number_has_words_without_digits(number: int, language: str) -> None:
    words = cardinal(number, language)
    assert words.strip()
    assert not any(char.isdigit() for char in words)


@settings(deadline=None)  # time has tests of its own
@given(
    number=st.integers(1, 9999), language=st.sampled_from(sorted(SPOKEN_BY_US - {"cs", "zh", "ko"}))
)
def test_every_ordinal_that_we_ask_for_has_words(number: int, language: str) -> None:
    words = ordinal(number, language) + year(number, language)
    assert words.strip()
    assert not any(char.isdigit() for char in words)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "零"),
        (10, "十"),
        (12, "十二"),
        (20, "二十"),
        (105, "一百零五"),
        (110, "一百一十"),
        (1050, "一千零五十"),
        (10_005, "一万零五"),
        (10_500, "一万零五百"),
        (100_005, "十万零五"),
        (12_345_678, "一千二百三十四万五千六百七十八"),
        (100_000_001, "一亿零一"),
    ],
)
def test_chinese_numbers_put_their_zeros_where_they_belong(number: int, words: str) -> None:
    assert chinese(number) == words


def _chinese_value(words: str) -> int:
    """The number that Chinese words stand for, read back by another rule than they were made."""
    total = section = digit = 0
    for char in words:
        if char in "零一二三四五六七八九":
            digit = "零一二三四五六七八九".index(char)
        elif char in "十百千":
            section += (digit or 1) * 10 ** ("十百千".index(char) + 1)
            digit = 0
        else:
            total += (section + digit) * {"万": 10**4, "亿": 10**8}[char]
            section = digit = 0
    return total + section + digit


@settings(deadline=None)  # time has tests of its own
@given(number=st.integers(0, LARGEST))
def test_chinese_words_read_back_are_the_number(number: int) -> None:
    assert _chinese_value(chinese(number)) == number


def test_a_number_of_five_thousand_digits_is_read_digit_by_digit() -> None:
    said = say("9" * 5000, "en")
    assert said == " ".join(["nine"] * 5000)
    assert digit_by_digit("10", "zh") == "一零"
