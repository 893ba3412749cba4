"""A segment is one row of phones, whatever languages it mixes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from core.engines.gpt_sovits.text.assemble import segment_phones
from core.engines.gpt_sovits.text.phones import FrontEnd, Language, Phones, Version
from core.engines.gpt_sovits.text.segment import Mode
from core.engines.gpt_sovits.text.symbols import numbers


def reads(language: Language) -> FrontEnd:
    """Every character a phone of its own: `a` in English, `b` elsewhere, commas as they are."""
    phone = "a" if language == "en" else "b"

    def g2p(text: str, version: Version, *, as_reference: bool = False) -> Phones:
        text = text.strip()
        phones = tuple("," if sign == "," else phone for sign in text)
        word2ph = (1,) * len(text) if language in ("zh", "yue") else None
        return Phones(text, phones, word2ph)

    return g2p


def made(text: str, mode: Mode, *, as_reference: bool = False) -> str:
    segment = segment_phones(text, mode, as_reference=as_reference, front_ends=reads)
    return " ".join(segment.phones)


def test_parts_follow_each_other() -> None:
    segment = segment_phones("我们说hello你们好", "zh", front_ends=reads)
    assert [part.language for part in segment.parts] == ["zh", "en", "zh"]
    assert segment.phones == ("b",) * 3 + ("a",) * 5 + ("b",) * 3
    assert segment.ids == tuple(numbers("v2")[phone] for phone in segment.phones)
    assert segment.norm_text == "我们说hello你们好"


def test_only_chinese_asks_for_features_and_says_where() -> None:
    segment = segment_phones("我们说hello你们好", "zh", front_ends=reads)
    places = [(stretch.start, stretch.norm_text) for stretch in segment.bert_stretches]
    assert places == [(0, "我们说"), (8, "你们好")]
    for stretch in segment.bert_stretches:
        assert len(stretch.word2ph) == len(stretch.norm_text)
    assert segment_phones("我们说hello", "yue", front_ends=reads).bert_stretches == ()


def test_a_very_short_segment_is_read_again_with_a_mark_in_front() -> None:
    assert segment_phones("hello", "en", front_ends=reads).norm_text == ".hello"
    assert segment_phones("hello!", "en", front_ends=reads).norm_text == "hello!"


def test_a_pause_mark_changes_itself_alone() -> None:
    assert made("我们说^你,好吗", "zh") == "b b b SP3 b , b b"
    assert made("我们说￥你,好吗", "zh") == "b b b SP2 b , b b"


def test_the_reference_makes_every_comma_a_pause() -> None:
    assert made("我们说￥你,好吗", "zh", as_reference=True) == "b b b SP2 b SP2 b b"


def test_a_sign_of_money_before_a_number_is_left_to_the_language() -> None:
    assert "SP2" not in made("我们有￥50块钱", "zh")


def test_a_phone_that_no_model_knows_is_said_to_be_unknown() -> None:
    def odd(language: Language) -> FrontEnd:
        def g2p(text: str, version: Version, *, as_reference: bool = False) -> Phones:
            return Phones(text, ("#",) * 6)

        return g2p

    segment = segment_phones("abcdef", "en", front_ends=odd)
    assert set(segment.phones) == {"UNK"}


@pytest.mark.parametrize("text", ["", " ", "   ", "。"])
def test_a_text_without_words_makes_no_error(text: str) -> None:
    silent: Callable[[Language], FrontEnd] = lambda _: lambda text, version, **_: Phones("", ())  # noqa: E731
    assert segment_phones(text, "auto", front_ends=silent).phones == ()


def test_english_goes_through_its_own_front_end() -> None:
    assert segment_phones("Hello world.", "en").norm_text == "Hello world."


def test_text_is_read_without_torch() -> None:
    # The page's process cuts and counts text; torch would cost it a second and 300 MB.
    program = (
        "import sys; from core.engines.gpt_sovits.text.assemble import segment_phones;"
        "segment_phones('你好 hello', 'zh'); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
