from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engines.gpt_sovits.text.japanese import g2p, normalise
from core.engines.gpt_sovits.text.phones import Version
from core.engines.gpt_sovits.text.symbols import numbers
from tests.parity.gpt_sovits import text_ja

GOLDEN = Path(__file__).parents[4] / "golden" / "gpt_sovits"


def said(text: str, *, as_reference: bool = False) -> str:
    return " ".join(g2p(text, "v2", as_reference=as_reference).phones)


def test_japanese_is_read_as_the_reference_reads_it() -> None:
    results = list(text_ja.run(GOLDEN))
    assert len(results) == 4
    assert [result for result in results if not result.passed] == []


@settings(deadline=None, max_examples=150)
@given(
    st.text(
        alphabet=st.one_of(
            st.sampled_from(
                "雨が降っています箸ー々〆〇ゝヴｶﾞ「」（）、。！？…〜0123456789.,:-%Ａa \n\0"
            ),
            st.characters(min_codepoint=0x3040, max_codepoint=0x30FF),
            st.characters(min_codepoint=0x3400, max_codepoint=0x9FFF),
            st.characters(),
        ),
        max_size=60,
    ),
    st.sampled_from(["v1", "v2"]),
    st.booleans(),
)
def test_any_text_makes_symbols(text: str, version: Version, as_reference: bool) -> None:
    made = g2p(text, version, as_reference=as_reference)
    assert set(made.phones) <= set(numbers(version))
    assert made.word2ph is None


@pytest.mark.parametrize(
    ("text", "phones"),
    [
        ("雨", "a ] m e"),
        ("飴", "a [ m e"),
        ("こんにちは。", "k o [ N n i ch i w a ."),
        ("学校", "g a [ cl k o o"),
    ],
)
def test_the_pitch_stands_among_the_phones(text: str, phones: str) -> None:
    assert said(text) == phones


def test_voiceless_vowels_are_ordinary_ones() -> None:
    assert said("です") == "d e ] s u"


def test_the_border_of_accent_phrases_is_the_unknown_symbol_as_models_learned_it() -> None:
    assert said("赤い花") == "a [ k a i UNK h a [ n a ]".removesuffix(" ]")
    assert said("検索する").split().count("UNK") == 1
    assert said("歩いている").split().count("UNK") == 1


def test_the_first_models_have_no_symbols_for_pitch() -> None:
    assert " ".join(g2p("雨", "v1").phones) == "a UNK m e"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("50％の人", "五十パーセントの人"),
        ("03-1234-5678", "零三,一二三四,五六七八"),
        ("10時〜12時", "十時から十二時"),
        ("ええ〜、", "ええー,"),
        ("気温は-5℃", "気温はマイナス五度"),
        ("ﾊﾝｶｸ", "ハンカク"),
        ("。はい", ".はい"),
        ("すごい！！", "すごい!"),
    ],
)
def test_text_is_written_as_it_is_said(text: str, read: str) -> None:
    assert normalise(text) == read


def test_a_bracket_is_a_border_between_words_and_nothing_elsewhere() -> None:
    assert said("「はい」と") == "h a ] i UNK t o"
    assert said("「はい」、と") == "h a ] i , t o"
    assert said("「はい」", as_reference=True) == "UNK h a ] i UNK"
