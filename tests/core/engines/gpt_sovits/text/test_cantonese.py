from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engines.gpt_sovits.text.cantonese import g2p, normalise
from core.engines.gpt_sovits.text.phones import Version
from core.engines.gpt_sovits.text.symbols import numbers
from tests.parity.gpt_sovits import text_yue

GOLDEN = Path(__file__).parents[4] / "golden" / "gpt_sovits"


def said(text: str, *, as_reference: bool = False) -> str:
    return " ".join(g2p(text, "v2", as_reference=as_reference).phones)


def test_cantonese_is_read_as_the_reference_reads_it() -> None:
    results = list(text_yue.run(GOLDEN))
    assert len(results) == 2
    assert [result for result in results if not result.passed] == []
    assert [result for result in results if "reference" in result.case and result.error > 0] == []


@settings(deadline=None, max_examples=150)
@given(
    st.text(
        alphabet=st.one_of(
            st.sampled_from("佢個㗎唔喺嘅咗啲屋五吖𡁻卌，。！？「」…0123456789.:-%~￥ "),
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
    assert made.word2ph is not None
    assert sum(made.word2ph) == len(made.phones)


@pytest.mark.parametrize(
    ("text", "phones"),
    [
        ("國", "Ygw Yok3"),
        ("五", "Yng Yg5"),
        ("唔", "Ym Ym4"),
        ("屋", "Yuk Yk1"),
        ("牙", "Yng Yaa4"),
        ("啊,", "Yaa Ya3 ,"),
    ],
)
def test_a_syllable_is_an_initial_and_a_final(text: str, phones: str) -> None:
    assert said(text) == phones


def test_characters_that_only_cantonese_writes_are_read() -> None:
    assert said("係㗎") == "Yh Yai6 Yg Yaa3"
    assert said("係㗎", as_reference=True) == "Yh Yai6"


def test_words_are_read_as_they_are_written_not_from_simplified_characters() -> None:
    assert said("聽歌") == "Yt Yeng1 Yg Yo1"
    assert said("聽歌", as_reference=True) == "Yt Ying1 Yg Yo1"


def test_a_one_in_a_number_has_its_cantonese_name() -> None:
    assert said("電話係110").endswith("Yj Yat1 Yj Yat1 Yl Ying4")
    assert said("電話係110", as_reference=True).endswith("Yj Yiu1 Yj Yiu1 Yl Ying4")


def test_two_of_something_is_said_so_in_traditional_characters_too() -> None:
    assert said("2個") == said("兩個") == "Yl Yoeng5 Yg Yo3"
    assert said("20幾歲") == said("二十幾歲")


def test_a_dollar_is_hong_kong_s_unless_it_says_whose() -> None:
    assert normalise("價錢係$50") == "價錢係五十港元"
    assert normalise("US$20") == "二十美元"
