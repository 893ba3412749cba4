from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypinyin import Style, lazy_pinyin

from core.engines.gpt_sovits.text.chinese import MARKS, g2p, normalise, symbols_of
from core.engines.gpt_sovits.text.phones import Version
from core.engines.gpt_sovits.text.symbols import numbers
from tests.parity.gpt_sovits import text_zh

GOLDEN = Path(__file__).parents[4] / "golden" / "gpt_sovits"

CHINESE = st.text(
    alphabet=st.one_of(
        st.sampled_from("一二不了的儿子个上里来看好老虎你我嗯呣〇著後們覅噷兙嗧，。！？…—～·"),
        st.sampled_from("0123456789.,:/-~+%×÷=²$￥°^ \n\t①αΩabkmXYＡ１"),
        st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF),
        st.characters(),
    ),
    max_size=60,
)


def test_mandarin_is_read_as_the_reference_reads_it() -> None:
    results = list(text_zh.run(GOLDEN))
    assert len(results) == 6
    assert [result for result in results if not result.passed] == []
    assert [result for result in results if "reference" in result.case and result.error > 0] == []


@settings(deadline=None, max_examples=150)
@given(CHINESE, st.sampled_from(["v1", "v2"]), st.booleans())
def test_any_text_makes_symbols_two_a_character_and_one_a_mark(
    text: str, version: Version, as_reference: bool
) -> None:
    made = g2p(text, version, as_reference=as_reference)

    assert set(made.phones) <= set(numbers(version))
    assert made.word2ph is not None
    start = 0
    for char, count in zip(made.norm_text, made.word2ph, strict=True):
        phones = made.phones[start : start + count]
        assert phones == (char,) if char in MARKS else len(phones) == 2 or phones == ("UNK",)
        start += count


@settings(deadline=None, max_examples=150)
@given(CHINESE)
def test_what_was_written_out_stays_as_it_is(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


def test_all_common_characters_have_readings_that_are_symbols() -> None:
    common = [chr(code) for code in range(0x4E00, 0x9FA6)]
    initials = lazy_pinyin(common, style=Style.INITIALS)
    finals = lazy_pinyin(common, style=Style.FINALS_TONE3, neutral_tone_with_five=True)
    unread = [
        char
        for char, initial, final in zip(common, initials, finals, strict=True)
        if symbols_of(initial, final, "v2") == ("UNK",)
    ]
    # Units that were once written as one character, a cough, and two that others stand in for.
    assert "".join(unread) == "兙兡呣嗧嗯噷桛烪瓧瓰瓱瓼甅"
    assert g2p("嗯", "v2").phones == ("EE", "en1")


@pytest.mark.parametrize(
    ("initial", "final", "phones"),
    [
        ("zh", "uei4", ("zh", "ui4")),
        ("l", "v3", ("l", "v3")),
        ("z", "i5", ("z", "i05")),
        ("sh", "i4", ("sh", "ir4")),
        ("", "iou3", ("y", "ou3")),
        ("", "van2", ("y", "van2")),
        ("", "uo3", ("w", "o3")),
        ("", "er2", ("EE", "er2")),
        ("", "a1", ("AA", "a1")),
        ("f", "iao4", ("f", "iao4")),  # 覅 is in no table, but its parts are symbols
        (",", ",", (",",)),
        ("兙", "兙", ("UNK",)),
    ],
)
def test_a_syllable_is_an_initial_and_a_final(
    initial: str, final: str, phones: tuple[str, ...]
) -> None:
    assert symbols_of(initial, final, "v2") == phones


def test_a_judge_of_readings_is_asked_once_a_clause() -> None:
    asked = []

    def judge(clause: str) -> list[str]:
        asked.append(clause)
        return ["huan2" if char == "还" else "zhong1" for char in clause]

    made = g2p("还,还", "v2", readings=judge)

    assert asked == ["还,", "还"]
    assert made.phones[:2] == ("h", "uan2")


def test_a_judge_that_loses_count_is_not_listened_to() -> None:
    assert g2p("你好", "v2", readings=lambda _: ["ma1"]) == g2p("你好", "v2")


def test_er_behind_a_character_without_a_syllable_has_no_tone() -> None:
    assert g2p("嗧儿", "v2").phones == ("UNK", "EE", "er5")


def test_er_follows_the_tone_before_it_in_models_that_learned_so() -> None:
    assert g2p("小院儿", "v2").phones[-2:] == ("EE", "er4")
    assert g2p("小院儿", "v1").phones[-2:] == ("EE", "er5")
    assert g2p("女儿", "v2").phones[-2:] == ("EE", "er2")


def test_equal_characters_of_two_words_keep_their_tones() -> None:
    assert g2p("银行行长", "v2").phones[4:6] == ("h", "ang2")
    assert g2p("银行行长", "v2", as_reference=True).phones[4:6] == ("h", "ang5")
    assert g2p("奶奶", "v2").phones[2:] == ("n", "ai5")
