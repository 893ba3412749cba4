"""Mixed text is read in the language it is written in."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.engines.gpt_sovits.text.segment import MODES, Mode, stretches
from core.errors import InputError

MIXED = st.text(st.sampled_from("abZ你说今円気かナ한글 12.,。！？「」(°£/é-'\n"), max_size=80)


def read(text: str, mode: Mode = "auto") -> list[str]:
    return [f"{part.language}:{part.text}" for part in stretches(text, mode)]


@given(MIXED, st.sampled_from(MODES), st.booleans())
def test_nothing_is_left_out_or_said_twice(text: str, mode: Mode, as_reference: bool) -> None:
    parts = stretches(text, mode, as_reference=as_reference)
    assert "".join(part.text for part in parts) == text


@given(MIXED, st.sampled_from(MODES))
def test_neighbouring_stretches_differ_in_language(text: str, mode: Mode) -> None:
    languages = [part.language for part in stretches(text, mode)]
    assert all(left != right for left, right in itertools.pairwise(languages))


@given(MIXED)
def test_a_chosen_language_is_mixed_with_english_alone(text: str) -> None:
    assert {part.language for part in stretches(text, "ja")} <= {"ja", "en"}
    assert {part.language for part in stretches(text, "all_yue")} <= {"yue", "en"}


def test_four_languages_in_one_sentence() -> None:
    assert read("我爱你I love you愛してる사랑해") == [
        "zh:我爱你", "en:I love you", "ja:愛してる", "ko:사랑해"
    ]  # fmt: skip


def test_a_short_chinese_word_is_not_taken_for_japanese() -> None:
    assert read("今天用Python写代码。") == ["zh:今天用", "en:Python", "zh:写代码。"]
    assert read("你好，世界") == ["zh:你好，世界"]


def test_a_chinese_greeting_beside_a_japanese_one_stays_chinese() -> None:
    found = stretches("你好 こんにちは", "auto")
    assert [(part.text, part.language) for part in found] == [("你好 ", "zh"), ("こんにちは", "ja")]


def test_a_number_in_a_circle_is_no_word() -> None:
    assert [part.language for part in stretches("①", "zh")] == ["zh"]


def test_kanji_between_kana_are_japanese() -> None:
    assert read("橋と箸と端。最近、僕は天文学を勉強してるんだ。") == [
        "ja:橋と箸と端。最近、僕は天文学を勉強してるんだ。"
    ]


def test_characters_that_only_one_language_writes_decide() -> None:
    assert read("也会说日本語です") == ["zh:也会说", "ja:日本語です"]
    assert read("100円") == ["ja:100円"]


def test_numbers_follow_what_is_around_them() -> None:
    assert read("Meet me at 4:30 on the 3rd floor.", "all_zh") == [
        "en:Meet me at 4:30 on the 3rd floor."
    ]
    assert read("我有3只猫and 2 dogs") == ["zh:我有3只猫", "en:and 2 dogs"]
    assert read("456") == ["zh:456"]


def test_a_unit_stays_with_its_number() -> None:
    assert read("气温-3°C，跑了5km。") == ["zh:气温-3°C，跑了5km。"]


def test_a_number_between_english_and_the_chosen_language_is_said_in_that() -> None:
    assert [s.text for s in stretches("GDP 2.5% 성장", "ko")] == ["GDP ", "2.5% 성장"]
    assert [s.text for s in stretches("UTF-8编码", "zh")] == ["UTF-", "8编码"]
    assert [s.text for s in stretches("去7-Eleven买", "zh")] == ["去", "7-Eleven", "买"]


def test_a_speed_is_one_thing() -> None:
    assert [s.language for s in stretches("风速10km/h。", "auto")] == ["zh"]


def test_cantonese_is_chosen_not_guessed() -> None:
    assert read("你好，OK", "auto_yue") == ["yue:你好，", "en:OK"]


def test_what_a_version_does_not_speak_is_refused() -> None:
    with pytest.raises(InputError, match="v1"):
        stretches("안녕", "ko", "v1")
    with pytest.raises(InputError, match="Choose one of"):
        stretches("hallo", "de")  # type: ignore[arg-type]
