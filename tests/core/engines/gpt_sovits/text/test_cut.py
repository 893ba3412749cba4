"""Long text becomes segments of a length that the models can say, and no word is lost."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.engines.gpt_sovits.text.cut import (
    MAX_CHARS,
    SPLITS,
    CutMethod,
    cut_text,
    ended,
    pre_seg_text,
    replace_consecutive_punctuation,
)
from core.errors import InputError

METHODS = get_args(CutMethod)
TEXT = st.text(st.sampled_from("abc 你好，。？！,.?!~:：—…\n12-"), min_size=1, max_size=200)


def words(text: str) -> str:
    return "".join(re.findall(r"\w", text))


@given(TEXT, st.sampled_from(METHODS), st.sampled_from(["zh", "en"]))
def test_every_word_is_in_one_segment_and_in_order(
    text: str, method: CutMethod, language: str
) -> None:
    if not words(text):
        with pytest.raises(InputError):
            pre_seg_text(text, language, method)
        return
    assert words("".join(pre_seg_text(text, language, method))) == words(text)


@given(TEXT, st.sampled_from(METHODS))
def test_every_segment_has_a_word_and_ends_in_a_mark(text: str, method: CutMethod) -> None:
    if words(text):
        for segment in pre_seg_text(text, "zh", method):
            assert words(segment)
            assert segment[-1] in SPLITS


@given(st.integers(400, 2000), st.sampled_from(["词", "word ", "词，", "lõng"]))
def test_no_segment_is_longer_than_bert_reads(n: int, word: str) -> None:
    text = (word * n)[:n]
    segments = pre_seg_text(text, "zh", "cut0")
    assert max(map(len, segments)) <= MAX_CHARS
    assert words("".join(segments)) == words(text)


def test_a_long_run_without_punctuation_is_cut_between_words() -> None:
    segments = pre_seg_text("word " * 200, "en", "cut0")
    assert len(segments) > 1
    assert all(set(segment.split()) <= {"word", "."} for segment in segments)


def test_five_pieces_stay_together_and_nine_make_two_groups() -> None:
    assert cut_text("一，" * 5, "cut1").count("\n") == 0
    assert cut_text("一，" * 9, "cut1") == "一，" * 4 + "\n" + "一，" * 5


def test_about_fifty_characters_make_a_group_and_a_short_rest_joins_the_last() -> None:
    piece = "十个字的一句话在这里。"
    groups = cut_text(piece * 12, "cut2").split("\n")
    assert [len(group) for group in groups] == [55, 77]


def test_a_decimal_point_never_cuts() -> None:
    for method in ("cut4", "cut5"):
        assert "3.14" in cut_text("Pi is 3.14. Is it? Yes.", method)


def test_a_run_of_marks_becomes_its_first() -> None:
    assert replace_consecutive_punctuation("What?!... no -- yes") == "What? no - yes"


def test_a_very_short_beginning_gets_a_mark_in_front() -> None:
    assert pre_seg_text("Hi, how are you?", "en")[0].startswith(".")
    assert pre_seg_text("你好，今天怎么样？", "zh")[0].startswith("。")
    assert pre_seg_text("今天天气不错，是吗？", "zh")[0].startswith("今")


def test_a_transcript_ends_in_a_mark_of_its_language() -> None:
    assert ended("Hello\n", "en") == "Hello."
    assert ended("你好", "zh") == "你好。"
    assert ended("你好！", "zh") == "你好！"


def test_text_without_a_word_is_refused_in_a_sentence() -> None:
    with pytest.raises(InputError, match="no word"):
        pre_seg_text("，，。。", "zh")
