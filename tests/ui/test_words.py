"""Both languages say everything, with the same figures."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from core.audio.samples import Note
from core.engines.registry import Registry
from core.errors import StudioError
from core.hub.transfer import State
from core.jobs.job import JobState
from core.memory.picture import Verdict
from core.memory.readings import Throttle
from core.text import planner
from ui import words
from ui.bars import Use
from ui.report import FORMATS
from ui.speaking import format_choices
from ui.tabs.speak import PLAYER_WORDS

UI = Path(__file__).resolve().parents[2] / "ui"


def figures_in(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("key", sorted(words.WORDS))
def test_both_languages_say_a_sentence_with_the_same_figures(key: str) -> None:
    english, chinese = words.WORDS[key]
    assert english.strip()
    assert chinese.strip()
    assert figures_in(english) == figures_in(chinese)


def test_every_key_that_the_page_asks_for_exists() -> None:
    asked: set[str] = set()
    for source in UI.rglob("*.py"):
        if source.name != "cli.py":
            text = source.read_text(encoding="utf-8")
            asked |= set(re.findall(r'\bsay\(\s*\w+,\s*"(\w+)"', text))
            asked |= set(re.findall(r'\blabel\("(\w+)"\)', text))
    assert len(asked) > 50  # the patterns still find what they look for
    assert asked - set(words.WORDS) == set()


def test_every_state_of_a_job_has_a_name_and_a_line() -> None:
    for state in JobState:
        assert f"job_{state.value}" in words.WORDS
        assert f"state_{state.value}" in words.WORDS


def test_every_use_of_memory_every_throttle_and_every_verdict_has_a_name() -> None:
    made = {
        *(f"use_{use}" for use in Use),
        *(f"throttle_{reason.value}" for reason in Throttle),
        *(f"growth_{verdict.value}" for verdict in Verdict),
        *(f"report_{name}" for name in FORMATS),
        *(f"fetch_{state.value}" for state in State),
    }
    assert made - set(words.WORDS) == set()


def test_every_file_format_and_every_word_of_the_player_exists() -> None:
    assert {key for key, _ in format_choices()} <= set(words.WORDS)
    assert set(PLAYER_WORDS) <= set(words.WORDS)


def test_no_sentence_is_there_that_nobody_says() -> None:
    sources = "".join(
        source.read_text(encoding="utf-8")
        for source in UI.rglob("*.py")
        if source.name not in ("words.py", "cli.py")
    ).replace("'", '"')
    by_pattern = (
        "job_",
        "fetch_",
        "state_",
        "format_",
        "window_",
        "throttle_",
        "use_",
        "growth_",
        "report_",
        "stage_",
    )
    unused = [
        key
        for key in words.WORDS
        if f'"{key}"' not in sources
        and not key.startswith(by_pattern)
        and key not in ("start_s", "stop_s", "unknown_language")
    ]
    assert unused == []


def test_a_known_remark_is_said_in_chinese_and_an_unknown_one_in_english() -> None:
    strange = Note(code="never_heard_of", text="Something new: 3 of it.", value=3.0)
    assert words.note("zh", strange) == "Something new: 3 of it."
    assert words.note("en", strange) == "Something new: 3 of it."


def test_a_language_without_a_name_shows_its_code() -> None:
    assert words.spoken_language("de") == "Deutsch"
    assert words.spoken_language("tlh") == "tlh"
    assert words.spoken_language(None, "zh") == "未注明语言"


def test_what_the_core_really_says_is_translated() -> None:
    for text in ("", "x" * 2_000_000):
        with pytest.raises(StudioError) as caught:
            planner.plan(text, max_chars=200, languages=("en",), language=None)
        for sentence in (caught.value.message, caught.value.hint):
            assert words.translated("zh", sentence) != sentence
            assert words.translated("en", sentence) == sentence
    plan = planner.plan("Hello! 🙂🙂 \u200b", max_chars=200, languages=("en",), language=None)
    assert plan.notes
    for sentence in plan.notes:
        assert words.translated("zh", sentence) != sentence


def test_a_sentence_nobody_translated_is_shown_as_it_is() -> None:
    assert words.translated("zh", "Something new happened.") == "Something new happened."


def test_every_knob_of_every_engine_has_chinese_words() -> None:
    knobs = {knob.name for card in Registry().cards() for knob in card.knobs}
    assert knobs <= set(words.KNOBS)


def test_every_remark_that_the_report_makes_has_chinese_words() -> None:
    core = Path(__file__).resolve().parents[2] / "core" / "audio"
    made: set[str] = set()
    for source in core.glob("*.py"):
        made |= set(re.findall(r'\bNote\(\s*code="(\w+)"', source.read_text(encoding="utf-8")))
    assert made
    assert made - set(words.NOTES) == set()
