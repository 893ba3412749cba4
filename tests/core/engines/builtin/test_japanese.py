import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engines.builtin.japanese import to_kana

KANJI_OR_DIGIT = re.compile(r"[\u3400-\u9fff0-9０-９]")


@pytest.mark.parametrize(
    ("text", "kana"),
    [
        ("今日は良い天気です。", "キョーワヨイテンキデス。"),
        ("東京へ行きます", "トーキョーエイキマス"),
        ("12時", "ジューニジ"),
        ("大人が2人", "オトナガフタリ"),
    ],
)
def test_kanji_are_read_as_they_sound(text: str, kana: str) -> None:
    assert to_kana(text) == kana


@pytest.mark.parametrize("text", ["", "こんにちは、せかい。", "カタカナ", "Hello", "😀"])
def test_what_espeak_can_read_stays_as_it_is(text: str) -> None:
    assert to_kana(text) == text


def test_a_long_text_is_read_to_its_end() -> None:
    made = to_kana("明日は学校に行きます。" * 100 + "終わり")
    assert made.count("ガッコー") == 100
    assert made.endswith("オワリ")


@settings(max_examples=40, deadline=None)
@given(st.text("今日本語は、。！?abcé😀０1 \n\0々ー・「」", max_size=30))
def test_no_text_makes_it_fail_and_no_digit_is_left(text: str) -> None:
    assert not re.search("[0-9０-９日本語]", to_kana(text))
