from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engines.gpt_sovits.text.korean import g2p, normalise
from core.engines.gpt_sovits.text.korean_sounds import Syllable, pronounce
from core.engines.gpt_sovits.text.phones import Version
from core.engines.gpt_sovits.text.symbols import numbers
from tests.parity.gpt_sovits import text_ko

GOLDEN = Path(__file__).parents[4] / "golden" / "gpt_sovits"

HANGUL = st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3)


def said(text: str, *, as_reference: bool = False) -> str:
    return "".join(g2p(text, "v2", as_reference=as_reference).phones)


def test_korean_is_read_as_the_reference_reads_it() -> None:
    results = list(text_ko.run(GOLDEN))
    assert len(results) == 2
    assert [result for result in results if not result.passed] == []


@settings(deadline=None, max_examples=150)
@given(
    st.text(
        alphabet=st.one_of(
            st.sampled_from("값을 읽고 있는 꽃잎 서울역 할게요 3개 2년 ㅋㅠ"),
            st.sampled_from("、。！？…~0123456789.,:-%Aa \n\0"),
            HANGUL,
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


@given(st.lists(st.one_of(HANGUL, st.just(" ")), max_size=20))
def test_syllables_end_in_one_of_seven_sounds_and_none_is_lost(chars: list[str]) -> None:
    units = [Syllable.of(char) or char for char in chars]
    pronounce(units)
    assert len(units) == len(chars)
    assert all(unit.coda in "ㄱㄴㄷㄹㅁㅂㅇ" for unit in units if isinstance(unit, Syllable))


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("값이", "ㄱㅏㅂㅆㅣ."),  # a coda moves to the vowel
        ("싫어", "ㅅㅣㄹㅓ."),  # ㅎ is lost before it
        ("음악 음악", "ㅇㅡㅁㅏㄱ空ㅇㅡㅁㅏㄱ."),  # not across a blank
        ("국물", "ㄱㅜㅇㅁㅜㄹ."),
        ("밥 먹는", "ㅂㅏㅁ空ㅁㅓㅇㄴㅡㄴ."),
        ("독립", "ㄷㅗㅇㄴㅣㅂ."),
        ("신라", "ㅅㅣㄹㄹㅏ."),
        ("같이", "ㄱㅏㅊㅣ."),
        ("닫혀", "ㄷㅏㅊㅓ."),
        ("좋다", "ㅈㅗㅌㅏ."),
        ("못해", "ㅁㅗㅌㅐ."),
        ("옷 한 벌", "ㅇㅗ空ㅌㅏㄴ空ㅂㅓㄹ."),
        ("학교", "ㅎㅏㄱㄲㅣㅗ."),
        ("밟다", "ㅂㅏㅂㄸㅏ."),
        ("희망", "ㅎㅣㅁㅏㅇ."),
        ("가져", "ㄱㅏㅈㅓ."),
    ],
)
def test_syllables_change_each_other(text: str, letters: str) -> None:
    assert said(text) == letters


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("신고 있다", "ㅅㅣㄴㄲㅗ空ㅇㅣㄷㄸㅏ."), ("신고를", "ㅅㅣㄴㄱㅗㄹㅡㄹ.")),
        (("읽고", "ㅇㅣㄹㄲㅗ."), ("닭과", "ㄷㅏㄱㄲㅗㅏ.")),
        (("할 줄", "ㅎㅏㄹ空ㅉㅜㄹ."), ("물 좀", "ㅁㅜㄹ空ㅈㅗㅁ.")),
        (("생산량", "ㅅㅐㅇㅅㅏㄴㄴㅣㅏㅇ."), ("난로", "ㄴㅏㄹㄹㅗ.")),
        (("솔잎", "ㅅㅗㄹㄹㅣㅂ."), ("금요일", "ㄱㅡㅁㅣㅗㅇㅣㄹ.")),
        (("닫혀", "ㄷㅏㅊㅓ."), ("맏형", "ㅁㅏㅌㅣㅓㅇ.")),
        (("겉옷", "ㄱㅓㄷㅗㄷ."), ("겉은", "ㄱㅓㅌㅡㄴ.")),
        (("맛없다", "ㅁㅏㄷㅓㅂㄸㅏ."), ("맛이", "ㅁㅏㅅㅣ.")),
    ],
)
def test_words_decide_where_letters_do_not(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (said(one[0]), said(other[0])) == (one[1], other[1])


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("3개", "세 개"),
        ("2024년", "이천이십사년"),
        ("010-1234-5678", "영일영, 일이삼사, 오육칠팔"),
        ("3~5개", "세 개에서 다섯 개"),
        ("“안녕” 하세요", "안녕 하세요"),
        ("。안녕…", ".안녕…"),
        ("AI는", "에이아이는"),
        ("저는 ", "저는 "),
    ],
)
def test_text_is_written_as_it_is_said(text: str, read: str) -> None:
    assert normalise(text) == read


def test_an_accusative_leaves_the_next_word_alone() -> None:
    assert said("책을 나눠") == said("책을 나눠", as_reference=True) == "ㅊㅐㄱㅡㄹ空ㄴㅏㄴㅜㅓ."
    assert said("책을 라면") == "ㅊㅐㄱㅡㄹ空ㄹㅏㅁㅣㅓㄴ."
    assert said("책을 라면", as_reference=True) == "ㅊㅐㄱㅡㄹ空ㄴㅏㅁㅣㅓㄴ."


def test_six_and_eight_get_an_n_within_a_number() -> None:
    assert said("16") == "ㅅㅣㅁㄴㅣㅜㄱ."
    assert said("18살").startswith("ㅇㅕㄹㄹㅕㄷㅓㄹ".replace("ㅕ", "ㅣㅓ"))


def test_the_first_models_have_no_korean() -> None:
    assert set(g2p("안녕", "v1").phones) == {"UNK", "."}
