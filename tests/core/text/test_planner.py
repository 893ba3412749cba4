"""The plan of a text: nothing is lost, nothing is too long, twice the text is twice the work."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.text.plan import TextPlan
from core.text.planner import FIRST_CHARS, LEAST_SPOKEN_CHARS, PAUSES_S, TINY_CHARS, plan
from core.text.split import End

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


def _planned(
    text: str, max_chars: int = 250, language: str | None = None, first_chars: int | None = None
) -> TextPlan | None:
    try:
        return plan(
            text,
            max_chars=max_chars,
            languages=LANGUAGES,
            language=language,
            first_chars=first_chars,
        )
    except InputError:
        return None


@settings(deadline=None)  # time has tests of its own
@given(text=TEXTS, max_chars=st.integers(1, 500), first_chars=st.none() | st.integers(1, 90))
def test_segments_cover_every_visible_character_once_and_in_order(
    text: str, max_chars: int, first_chars: int | None
) -> None:
    planned = _planned(text, max_chars, first_chars=first_chars)
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


@settings(deadline=None)  # time has tests of its own
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


@settings(deadline=None)  # time has tests of its own
@given(text=TEXTS)
def test_a_pause_follows_every_segment_but_the_last(text: str) -> None:
    planned = _planned(text)
    if planned is None:
        return
    assert planned.segments[-1].pause_s == 0
    assert all(0 <= segment.pause_s <= 1 for segment in planned.segments)


PROSE = (
    "It rained. Nobody went out. The street was empty, the shops were closed, and even the dogs "
    "stayed at home. At three Mr. Smith came by. He wanted tea. There was none. He left again, and "
    "the rain went on as if it had never heard of him. No. Not once. We waited for the evening."
)


def test_the_first_segment_is_short_so_that_sound_starts_early() -> None:
    planned = _planned(PROSE)
    assert planned is not None
    assert len(planned.segments[0].text) <= FIRST_CHARS


LONG_SENTENCE = (
    "Nobody knew where she had gone, and the evening was still and warm; the lamps along the river "
    "were lit one by one, and the boats went home."
)


def _opening(text: str, first_chars: int | None = 40) -> list[str]:
    planned = _planned(text, first_chars=first_chars)
    assert planned is not None
    return [segment.text for segment in planned.segments]


def test_for_a_slow_engine_a_long_first_sentence_is_cut_after_its_first_clause() -> None:
    assert _opening(LONG_SENTENCE, first_chars=None) == [LONG_SENTENCE]
    assert _opening(LONG_SENTENCE) == [LONG_SENTENCE[:31], LONG_SENTENCE[32:]]
    assert _opening("天气很好，我们一起去公园散步，看到了很多花，也遇到了老朋友。") == [
        "天气很好，我们一起去公园散步，",
        "看到了很多花，也遇到了老朋友。",
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        "It rained, and nobody went out.",
        "Nobody at all knew where the old woman from the house on the hill had gone that day.",
        "She left, although nobody at all had seen her in the house on the hill on that day.",
        "Nobody at all had seen her in the house upon the hill on that long summer day, no.",
    ],
    ids=["short", "no clause", "a tiny head", "a tiny tail"],
)
def test_a_first_sentence_stays_whole_where_a_part_would_be_too_small(sentence: str) -> None:
    assert _opening(sentence) == [sentence]


def test_only_the_first_sentence_is_cut_and_what_follows_grows() -> None:
    lengths = [len(text) for text in _opening(f"{LONG_SENTENCE} {PROSE} {LONG_SENTENCE}")]
    assert lengths[0] < lengths[1] < 1.5 * FIRST_CHARS
    assert LONG_SENTENCE in _opening(f"{LONG_SENTENCE} {PROSE} {LONG_SENTENCE}")[-1]


def test_short_sentences_are_said_together() -> None:
    planned = _planned(PROSE)
    assert planned is not None
    n_sentences = PROSE.count(".") - 1  # Mr. ends none
    assert n_sentences == 10
    assert len(planned.segments) <= 3
    assert all(len(segment.text) >= TINY_CHARS for segment in planned.segments)


def test_lines_that_the_writer_kept_apart_stay_apart() -> None:
    planned = _planned("Milk\nBread\n\nWine")
    assert planned is not None
    assert [segment.text for segment in planned.segments] == ["Milk", "Bread", "Wine"]


def _pauses(text: str) -> list[float]:
    planned = plan(text, max_chars=60, languages=("en", "zh"), language=None)
    return [segment.pause_s for segment in planned.segments]


def test_pauses_grow_with_the_weight_of_the_break() -> None:
    long_clause = "the wind blew over the hills and far away from the house"
    clause = _pauses(f"{long_clause}, {long_clause}.")[0]
    words = _pauses(f"{long_clause} {long_clause}.")[0]
    sentence = _pauses(f"{long_clause.capitalize()}. {long_clause.capitalize()}.")[0]
    ellipsis = _pauses(f"{long_clause.capitalize()}... {long_clause.capitalize()}.")[0]
    paragraph = _pauses(f"{long_clause}.\n\n{long_clause}.")[0]
    heading = _pauses(f"The wind\n\n{long_clause}.")[0]
    assert words < clause < sentence < ellipsis < paragraph < heading


def test_spaces_in_thai_are_phrases() -> None:
    planned = plan("สวัสดีครับ ผมชื่อสมชาย " * 4, max_chars=30, languages=("th",), language="th")
    assert planned.segments[0].pause_s == PAUSES_S[End.CLAUSE]


def test_emoji_alone_are_a_pause_with_a_note() -> None:
    planned = _planned("Hello there.\n\n😀😀\n\nBye.")
    assert planned is not None
    assert [segment.spoken for segment in planned.segments] == ["Hello there.", "", "Bye."]
    assert planned.segments[1].pause_s > 0
    assert planned.notes == (
        "1 segment holds nothing to say (signs or emoji alone): a pause instead.",
    )


@pytest.mark.parametrize("text", ["", "  \n ", "\u200b"])
def test_no_text_is_an_error_in_words(text: str) -> None:
    with pytest.raises(InputError, match="no text to speak"):
        plan(text, max_chars=250, languages=LANGUAGES, language=None)


@pytest.mark.parametrize(
    "text",
    [
        "a" + "\u0301" * 100_000,
        "\ufdfa" * 18,
        "aaaaaaaaaaaaaaaaaaaaaaaaa!",
        "9" * 5000,
        "9." * 20_000,
        "1," * 20_000,
        "a@" * 20_000,
        "a." * 20_000,
        "a-" * 20_000,
        "http://" * 10_000,
        "www." * 20_000,
        "<a" * 20_000,
        "[" * 50_000,
        "[a](" * 10_000,
        '"' * 50_000,
        "$" * 50_000,
        "1/" * 20_000,
        "1:" * 20_000,
        "\ud800\udc00 a",
        "\u202eabc\u202c def",
        "a\n" * 5_000,
        "( " * 20_000,
        "XVI" * 10_000,
        "z. B. " * 10_000,
        "\u200d" * 1000 + "a",
    ],
)
def test_hostile_text_is_planned_in_time_that_grows_with_it(text: str) -> None:
    began = time.process_time()
    planned = plan(text, max_chars=250, languages=LANGUAGES, language=None)
    # 0.6 s is usual for the longest; one quadratic step would take a minute.
    assert time.process_time() - began < 8
    kept = "".join("".join(segment.text.split()) for segment in planned.segments)
    assert kept == "".join(planned.source.split())


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
