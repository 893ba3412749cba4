"""The plan of a text: nothing is lost, nothing is too long, twice the text is twice the work."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.text.plan import TextPlan
from core.text.planner import LEAST_SPOKEN_CHARS, plan

LANGUAGES = (
    "en", "ru", "de", "fr", "es", "it", "pt", "nl", "pl", "uk", "cs", "zh", "ja", "ko", "ar", "hi",
    "th", "el", "tr", "he", "fa", "sv",
)  # fmt: skip

# Fragments that meet in nasty ways, mixed with any characters at all.
FRAGMENTS = st.sampled_from(
    [
        " ", "\n", "\n\n", "\r\n", ". ", "! ", "? ", "... ", "… ", ", ", "; ", " — ", "。", "！",
        "」", "“", "”", '"', "(", ")", "Mr. ", "e.g. ", "z. B. ", "т. е. ", "U.S. ", "J. R. ",
        "3.14", "1,000.5", "12:30", "$3.50", "50%", "1/2", "½", "2026-10-05", "5 km", "10-20",
        "+49 30 123456", "0123", "²", "https://a.bc/d?e=f", "a@b.cd", "#", "*", "_", "`", "# ",
        "- ", "1. ", "😀", "👨\u200d👩\u200d👧", "🇩🇪", "e\u0301", "क्ष", "한글", "中文", "かな",
        "שלום", "مرحبا", "สวัสดี", "Привет", "Γειά;", "\u200b", "\u202e", "\ud800", "\x00",
        "\ufdfa", "IV", "Chapter IX ", "9" * 40, "x" * 60,
    ]
)  # fmt: skip
TEXTS = st.lists(FRAGMENTS | st.text(max_size=12), max_size=40).map("".join)


def _planned(text: str, max_chars: int = 250, language: str | None = None) -> TextPlan | None:
    try:
        return plan(text, max_chars=max_chars, languages=LANGUAGES, language=language)
    except InputError:
        return None


@given(text=TEXTS, max_chars=st.integers(1, 500))
def test_segments_cover_every_visible_character_once_and_in_order(
    text: str, max_chars: int
) -> None:
    planned = _planned(text, max_chars)
    if planned is None:
        return
    at = 0
    for index, segment in enumerate(planned.segments):
        assert segment.index == index
        assert segment.text == planned.source[segment.start : segment.stop]
        assert 0 < len(segment.text) <= max_chars
        assert segment.start >= at
        assert not planned.source[at : segment.start].strip()
        at = segment.stop
    assert not planned.source[at:].strip()


@given(text=TEXTS, max_chars=st.integers(1, 300), language=st.sampled_from(LANGUAGES))
def test_what_is_spoken_is_bounded_and_clean(text: str, max_chars: int, language: str) -> None:
    planned = _planned(text, max_chars, language)
    if planned is None:
        return
    for segment in planned.segments:
        assert len(segment.spoken) <= max(4 * max_chars, LEAST_SPOKEN_CHARS)
        assert segment.spoken == segment.spoken.strip()
        assert not set(segment.spoken) & set("*_#`\n😀\u200b")
        assert segment.language == language


@given(text=TEXTS)
def test_a_pause_follows_every_segment_but_the_last(text: str) -> None:
    planned = _planned(text)
    if planned is None:
        return
    assert planned.segments[-1].pause_s == 0
    assert all(0 <= segment.pause_s <= 1 for segment in planned.segments)


def _calls(work: Callable[[], object]) -> int:
    """Function calls, Python's and C's: a measure of work that no other process disturbs."""
    n_calls = 0

    def count(frame: object, event: str, arg: object) -> None:
        nonlocal n_calls
        n_calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return n_calls


@pytest.mark.parametrize(
    "unit",
    [
        'He said: "Stop." Then Mr. Smith left at 3:05 pm with $3.50, i.e. 50% of it. ',
        "今天天气很好。我们去公园吧！",
        "word ",
        "x",
        "....",
        "7",
        "line of verse\n",
        "😀",
        "((((",
        "1.",
    ],
    ids=[
        "prose",
        "chinese",
        "words",
        "one-word",
        "stops",
        "digits",
        "verse",
        "emoji",
        "open",
        "items",
    ],
)
def test_twice_the_text_is_twice_the_work(unit: str) -> None:
    def work(times: int) -> int:
        text = unit * times
        return _calls(lambda: _planned(text))

    times = 12_000 // len(unit)
    work(times)  # fills the caches of words
    # 2 if linear, 4 if quadratic; the rest is for the fixed cost and for uneven ends.
    assert work(2 * times) <= 2.3 * work(times)
