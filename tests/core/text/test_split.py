"""Where sentences end, in many languages, and where a text is cut when they do not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.text.split import End, Stretch, blocks, pieces, sentences

# Language and text; " | " marks where a sentence ends.
SENTENCES = [
    ("en", "It rained. | We stayed in. | Nobody minded."),
    ("en", "Really? | Yes! | Good."),
    ("en", "Mr. Smith met Mrs. Jones. | They talked."),
    ("en", "Dr. Watson and Prof. Moriarty left. | It was late."),
    ("en", "He likes fruit, e.g. Apples, and nuts. | So do I. | Then we ate."),
    ("en", "That is, i.e. Monday, too early. | Wait."),
    ("en", "J. R. R. Tolkien wrote it. | C. S. Lewis read it."),
    ("en", "George W. Bush spoke."),
    ("en", "It is 3.14 exactly. | Not 3.15."),
    ("en", "It cost 1.000,5 there and 1,000.5 here. | Odd."),
    ("en", 'He said "Stop." | Then he left.'),
    ("en", "“Are you there?” she asked. | “Yes.” | He was."),
    ("en", '"Stop!" he cried. | Nobody did.'),
    ("en", "(It was late.) | We went home."),
    ("en", "We met at 5 p.m. in town. | It was 6 p.m. | Then we left."),
    ("en", "The U.S. Army came. | It left the U.S. | They waved."),
    ("en", "Apples, pears, etc. were sold. | Apples, pears, etc. | He paid."),
    ("en", "See Fig. 3 and vol. 2, p. 7. | Then go on."),
    ("en", "No. 5 is alive. | No. | Five is."),
    ("en", "Wait... what? | Well... | That was it."),
    ("en", "Hmm… maybe. | Hmm… | Maybe."),
    ("en", "Go to https://example.com/a.b?c=d. | Then stop."),
    ("en", "Mail me@example.com. | Thanks."),
    ("en", "Use Node.js or example.com today. | Please."),
    ("en", "What?! | No way!! | Yes."),
    ("en", "Yahoo! is a company. | It was."),
    ("en", "1. Buy milk and bread."),
    ("en", "hello there. | how are you? | fine."),
    ("en", "The end.[12] | Next part."),
    ("en", "Is it 5!? | Nice one."),
    ("en", "She has a Ph.D. in physics. | Good."),
    ("en", "John Smith Jr. was here. | Acme Inc. makes things."),
    ("en", "It was plan B. | Then came plan C. | We lost."),
    ("de", "Das ist z. B. Brot. | Und Käse."),
    ("de", "Das ist z.B. Brot, d. h. Essen, u. a. Käse. | Gut."),
    ("de", "Am 3. Oktober kam er. | Dann ging er."),
    ("de", "Es war 1999. | Dann kam 2000."),
    ("de", "Der 1. und der 2. Mann gingen. | Sie kamen nie."),
    ("de", "Er rief: „Halt!“ | Dann lief er."),
    ("de", "„Komm her!“, rief er. | Sie kam."),
    ("de", "Brot, Käse usw. lagen da. | Brot, Käse usw. | Er aß."),
    ("de", "Herr Dr. Müller wohnt in St. Gallen. | Schön."),
    ("fr", "M. Dupont est là. | Mme Durand aussi."),
    ("fr", "Il a dit : « Arrête ! » | Puis il est parti."),
    ("fr", "Pourquoi ? | Parce que !"),
    ("fr", "Des fruits, p. ex. Golden, etc. | Il rit."),
    ("es", "¿Cómo estás? | ¡Muy bien! | Gracias."),
    ("es", "El Sr. García y la Sra. López llegaron. | Eran las tres."),
    ("es", "Frutas, p. ej. Manzanas, y pan. | Bien."),
    ("it", "Il sig. Rossi parla. | La dott.ssa Bianchi ascolta."),
    ("pt", "O Sr. Silva chegou. | A Dra. Costa saiu."),
    ("nl", "Dhr. Jansen woont hier, d.w.z. Daar. | Goed."),
    ("pl", "Owoce, np. Jabłka, są tu. | Dobrze."),
    ("ru", "Это т. е. Москва. | Да."),
    ("ru", "Яблоки, груши и т. д. лежали. | Яблоки и т. д. | Он ушёл."),
    ("ru", "А. С. Пушкин родился в 1799 г. в Москве. | Да."),
    ("ru", "Он умер в 1837 г. | Это известно."),
    ("ru", "«Стой!» — крикнул он. | Никто не стоял."),
    ("zh", "今天天气很好。|我们去公园吧！|好吗？|好。"),
    ("zh", "他说：“你好。”|然后走了。"),
    ("zh", "圆周率是3.14。|对。"),
    ("ja", "今日はいい天気です。|散歩に行きましょう！"),
    ("ja", "「待て。」と言った。|彼は止まった。"),
    ("ja", "「そうか。」|彼は笑った。"),
    ("ko", "오늘은 날씨가 좋네요. | 산책할까요? | 네."),
    ("hi", "नमस्ते। | आप कैसे हैं? | मैं ठीक हूँ।"),
    ("ar", "كيف حالك؟ | أنا بخير. | شكرا."),
    ("fa", "حال شما چطور است؟ | خوبم."),
    ("el", "Τι κάνεις; | Καλά."),
    ("hy", "Բարև։ | Լավ եմ։"),
    ("th", "สวัสดีครับ วันนี้อากาศดี"),
]  # fmt: skip


def _block(source: str) -> Stretch:
    return Stretch(0, len(source), End.PARAGRAPH)


@pytest.mark.parametrize(("language", "marked"), SENTENCES)
def test_sentences_end_where_a_reader_would_stop(language: str, marked: str) -> None:
    parts = [part.strip() for part in marked.split("|")]
    joint = "" if language in ("zh", "ja") else " "
    source = joint.join(parts)
    found = [source[s.start : s.stop] for s in sentences(source, _block(source), language)]
    assert found == parts


BLOCKS = [
    ("One.\n\nTwo.", ["One.", "Two."], [End.PARAGRAPH, End.PARAGRAPH]),
    ("A heading\n\nIts text.", ["A heading", "Its text."], [End.SECTION, End.PARAGRAPH]),
    ("# Title\nText.", ["# Title", "Text."], [End.SECTION, End.PARAGRAPH]),
    ("End.\n\n\nStart.", ["End.", "Start."], [End.SECTION, End.PARAGRAPH]),
    (
        "End.\n\n* * *\n\nStart.",
        ["End.", "* * *", "Start."],
        [End.PARAGRAPH, End.SECTION, End.PARAGRAPH],
    ),
    ("- milk\n- bread", ["- milk", "- bread"], [End.LINE, End.PARAGRAPH]),
    ("1. milk\n2) bread", ["1. milk", "2) bread"], [End.LINE, End.PARAGRAPH]),
    ("Tiger, tiger,\nBurning", ["Tiger, tiger,", "Burning"], [End.LINE, End.PARAGRAPH]),
    ("— Yes.\n— No.", ["— Yes.", "— No."], [End.LINE, End.PARAGRAPH]),
    (
        "It was the best of times, it was the worst of times, it was\n"
        "the age of wisdom, it was the age of foolishness. It was the\n"
        "epoch of belief.",
        None,
        [End.PARAGRAPH],
    ),
    ("这是第一行。\n这是第二行。", ["这是第一行。", "这是第二行。"], [End.LINE, End.PARAGRAPH]),
    ("x" * 150 + ".\nNext.", ["x" * 150 + ".", "Next."], [End.PARAGRAPH, End.PARAGRAPH]),
    ("  spaces  \n\n  around  ", ["spaces", "around"], None),
]  # fmt: skip


@pytest.mark.parametrize(("source", "texts", "ends"), BLOCKS)
def test_lines_are_joined_or_kept_as_the_writer_meant(
    source: str, texts: list[str] | None, ends: list[End] | None
) -> None:
    found = list(blocks(source))
    if texts is not None:
        assert [source[block.start : block.stop] for block in found] == texts
    if ends is not None:
        assert [block.end for block in found] == ends


PIECES = [
    ("one two, three four", 10, ["one two,", "three four"]),
    ("one two; three, four", 14, ["one two;", "three, four"]),
    ("one two three four", 9, ["one two", "three", "four"]),
    ("1,000,000 and more", 12, ["1,000,000", "and more"]),
    ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
    ("e\u0301" * 4, 3, ["e\u0301", "e\u0301", "e\u0301", "e\u0301"]),
    ("👨\u200d👩\u200d👧👨\u200d👩\u200d👧", 6, ["👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"]),
    ("🇩🇪🇫🇷🇮🇹", 5, ["🇩🇪🇫🇷", "🇮🇹"]),
    ("今天，我们去公园", 5, ["今天，", "我们去公园"]),
    ("he (the king) came", 14, ["he (the king)", "came"]),
    ("this — that thing", 12, ["this —", "that thing"]),
]


@pytest.mark.parametrize(("source", "limit", "expected"), PIECES)
def test_a_long_sentence_is_cut_at_the_best_place(
    source: str, limit: int, expected: list[str]
) -> None:
    found = pieces(source, _block(source), limit)
    assert [source[piece.start : piece.stop] for piece in found] == expected


@settings(deadline=None)  # time has tests of its own
@given(source=st.text(min_size=1).map(str.strip).filter(bool), limit=st.integers(1, 20))
def test_pieces_keep_every_visible_character(source: str, limit: int) -> None:
    found = list(pieces(source, _block(source), limit))
    assert all(0 < piece.stop - piece.start <= limit for piece in found)
    kept = "".join(source[piece.start : piece.stop] for piece in found)
    assert "".join(kept.split()) == "".join(source.split())


def test_a_missing_space_after_a_sentence_does_not_hide_its_end() -> None:
    source = "Wow!Nice one.好。Yes"
    found = [source[s.start : s.stop] for s in sentences(source, _block(source), "en")]
    assert found == ["Wow!", "Nice one.", "好。", "Yes"]


def test_one_word_of_ten_thousand_letters_is_cut_evenly() -> None:
    source = "a" * 10_000
    lengths = [piece.stop - piece.start for piece in pieces(source, _block(source), 250)]
    assert lengths == [250] * 40
