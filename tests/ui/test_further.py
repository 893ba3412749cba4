"""Further recordings of a speaker, on the command line and on the page."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
import soundfile

from app import open_studio
from core.studio import Studio
from tests.fakes import FAKE_CARD, FOLDER, notes
from tests.ui.conftest import DEMO as DEMO_FILE
from tests.ui.fake_studio import CARD, FakeStudio
from tests.ui.test_cli import DEMO, run
from tests.ui.test_page import Pressed, pressing
from ui import picks

CHOIR = dataclasses.replace(FAKE_CARD, name="choir", title="Choir", max_more=2)


@pytest.fixture
def choir_studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    notes_folder = tmp_path / "notes"
    notes_folder.mkdir()
    monkeypatch.setenv(FOLDER, str(notes_folder))
    with open_studio(
        tmp_path / "home", extra_cards=(FAKE_CARD, CHOIR), packages=("core.engines", "tests")
    ) as opened:
        yield opened


def cut_of_demo(folder: Path, name: str, start_s: float, stop_s: float) -> Path:
    samples, rate = soundfile.read(DEMO, dtype="float32")
    file = folder / name
    soundfile.write(file, samples[round(start_s * rate) : round(stop_s * rate)], rate)
    return file


def test_further_recordings_are_heard_by_an_engine_that_listens_to_them_and_leave_nothing(
    choir_studio: Studio, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    also = [cut_of_demo(tmp_path, "one.wav", 0, 4), cut_of_demo(tmp_path, "two.wav", 4, 8)]
    ran = run(
        choir_studio, capsys, "speak", "--engine", "choir", "--reference", DEMO,
        "--also", str(also[0]), "--also", str(also[1]),
        "--out", str(tmp_path / "out.wav"), "--text", "Hello.", "--json",
    )  # fmt: skip
    assert ran.code == 0
    (heard,) = notes("further")
    assert heard.count(" s at ") == 2
    said = "\n".join(ran.answer["notes"])
    assert "Of one.wav" in said
    assert "Of two.wav" in said
    assert choir_studio.voices() == ()
    assert list(choir_studio.paths.recordings.iterdir()) == []


def test_an_engine_that_listens_to_one_recording_says_so(
    choir_studio: Studio, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ran = run(
        choir_studio, capsys, "speak", "--engine", "fake", "--reference", DEMO,
        "--also", str(tmp_path / "not even there.wav"), "--out", str(tmp_path / "out.wav"),
        "--text", "Hello.", "--json",
    )  # fmt: skip
    assert ran.code == 0
    assert "Tones listens to one recording: --also was not used." in ran.answer["notes"]
    assert notes("further") == []


@pytest.mark.parametrize(
    ("seconds", "n", "told"),
    [
        (4.0, 3, "3 further recordings; Choir listens to 2 at most"),
        (0.2, 1, "further recording “more.wav” cannot be used. "),
    ],
)
def test_further_recordings_of_no_use_end_in_a_sentence(
    choir_studio: Studio,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    seconds: float,
    n: int,
    told: str,
) -> None:
    more = cut_of_demo(tmp_path, "more.wav", 1.0, 1.0 + seconds)
    also = [argument for _ in range(n) for argument in ("--also", str(more))]
    ran = run(
        choir_studio, capsys, "speak", "--engine", "choir", "--reference", DEMO, *also,
        "--out", str(tmp_path / "out.wav"), "--text", "Hello.",
    )  # fmt: skip
    assert ran.code == 2
    assert told in ran.err
    assert not (tmp_path / "out.wav").exists()
    assert list(choir_studio.paths.recordings.iterdir()) == []


# The page

SINGER = dataclasses.replace(
    CARD, name="singer", title="Singer", reference_min_s=2.0, reference_max_s=6.0, max_more=2
)


@pytest.fixture
def singer(studio: FakeStudio) -> FakeStudio:
    """With an engine beside the first that listens to two further recordings; it is chosen."""
    studio.cards = (CARD, SINGER)
    studio.chosen = dataclasses.replace(studio.chosen, engine="singer")
    return studio


@pytest.fixture
def on_singer(singer: FakeStudio) -> Iterator[Pressed]:
    yield from pressing(singer)


def listed_in(shown: list[Any]) -> list[dict[str, Any]]:
    memos: list[dict[str, Any]] = shown[0]
    return memos


def test_dropped_recordings_are_listed_with_their_kept_part_and_a_player(
    on_singer: Pressed, english: gr.Request, tmp_path: Path
) -> None:
    files = [
        str(cut_of_demo(tmp_path, name, 0.0, 5.0)) for name in ("in <i>park.wav", "kitchen.wav")
    ]
    shown = on_singer("on_further", files, None, english)
    assert [memo["name"] for memo in listed_in(shown)] == ["in <i>park.wav", "kitchen.wav"]
    html = shown[1]
    assert "in &lt;i&gt;park.wav" in html
    assert html.count("<audio") == html.count("data-remove") == 2
    assert "4.0 s kept of" in html


def test_of_several_dropped_at_once_those_of_no_use_are_named_and_the_others_kept(
    on_singer: Pressed, english: gr.Request, tmp_path: Path
) -> None:
    good = str(cut_of_demo(tmp_path, "good.wav", 0.0, 5.0))
    short = str(cut_of_demo(tmp_path, "a breath.wav", 0.0, 0.5))
    *_, upload, problems = shown = on_singer("on_further", [short, good, good, good], None, english)
    assert [memo["name"] for memo in listed_in(shown)] == ["good.wav", "good.wav"]
    assert upload is None, "the place to drop is free for the next ones"
    assert "“a breath.wav” cannot be used" in problems
    assert "3 further recordings; Singer listens to 2 at most" in problems


def test_one_that_is_taken_away_leaves_the_others(
    on_singer: Pressed, english: gr.Request, tmp_path: Path
) -> None:
    files = [str(cut_of_demo(tmp_path, name, 0.0, 5.0)) for name in ("one.wav", "two.wav")]
    memos = listed_in(on_singer("on_further", files, None, english))
    pressed = gr.EventData(None, {"number": 0})
    left = on_singer("on_take_away", memos, pressed, english)
    assert [memo["name"] for memo in listed_in(left)] == ["two.wav"]
    assert "one.wav" not in left[1]


def test_a_voice_is_made_of_all_that_is_listed_and_says_so(
    singer: FakeStudio, on_singer: Pressed, english: gr.Request, tmp_path: Path
) -> None:
    file = str(cut_of_demo(tmp_path, "kitchen.wav", 0.0, 5.0))
    memos = listed_in(on_singer("on_further", [file], None, english))
    memo = picks.look(singer, DEMO_FILE, "singer").memo
    shown = on_singer("on_use", memo, "Anna", True, "", "", memos, english)
    (voice,) = singer.voices()
    assert [(each.name, each.seconds) for each in voice.more] == [("kitchen.wav", 4.0)]
    assert "and 1 more: kitchen.wav" in str(shown)
    (plan, _) = on_singer("on_text", "Hello.", voice.id, "", "builtin", None, english)
    assert "Built-in listens to the first recording of this voice alone" in plan
    (plan, _) = on_singer("on_text", "Hello.", voice.id, "", "singer", None, english)
    assert "listens to the first" not in plan


def test_another_recording_starts_a_list_anew_and_the_first_one_leaves_it(
    on_singer: Pressed, english: gr.Request, tmp_path: Path
) -> None:
    file = str(cut_of_demo(tmp_path, "kitchen.wav", 0.0, 5.0))
    memos = listed_in(on_singer("on_further", [file], None, english))
    first = on_singer("on_file", DEMO, None, memos, english)
    assert memos in first
    second = on_singer("on_file", DEMO, first[0], memos, english)
    assert memos not in second
    assert [] in second


def test_an_engine_that_hears_one_recording_alone_says_so_and_makes_a_voice_of_it(
    singer: FakeStudio, on_singer: Pressed, english: gr.Request, tmp_path: Path
) -> None:
    file = str(cut_of_demo(tmp_path, "kitchen.wav", 0.0, 5.0))
    memos = listed_in(on_singer("on_further", [file], None, english))
    singer.chosen = dataclasses.replace(singer.chosen, engine="builtin")
    memo = picks.look(singer, DEMO_FILE, "builtin").memo
    shown = on_singer("on_opened", memo, memos, "Anna", True, english)
    assert "Built-in listens to one recording: the further ones (1) are left out." in str(shown)
    assert gr.update(visible=False, open=True) in shown
    on_singer("on_use", memo, "Anna", True, "", "", memos, english)
    assert singer.voices()[0].more == ()


def test_what_is_shown_keeps_the_limits_of_the_engine_that_was_chosen_meanwhile(
    singer: FakeStudio, on_singer: Pressed, english: gr.Request
) -> None:
    memo = picks.look(singer, DEMO_FILE, "builtin").memo
    shown = on_singer("on_opened", memo, None, "Anna", True, english)
    assert shown[0]["engine"] == "singer"
    assert shown[0]["recording"] != memo["recording"]
    again = on_singer("on_opened", shown[0], None, "Anna", True, english)
    assert again[: len(again) - 5] == [gr.skip()] * (len(again) - 5), "nothing to do the next time"


def test_opening_the_tab_overwrites_no_list_that_somebody_adds_to_meanwhile(
    on_singer: Pressed, english: gr.Request, tmp_path: Path
) -> None:
    file = str(cut_of_demo(tmp_path, "kitchen.wav", 0.0, 5.0))
    (memo,) = listed_in(on_singer("on_further", [file], None, english))
    for memos in (None, [memo]):
        *_, listed, html, _, _, _ = on_singer("on_opened", None, memos, "", False, english)
        assert (listed, html) == (gr.skip(), gr.skip())
    *_, listed, html, _, _, _ = on_singer(
        "on_opened", None, [{**memo, "engine": "builtin"}], "", False, english
    )
    assert listed[0]["engine"] == "singer"
    assert listed[0]["name"] == "kitchen.wav"


def test_a_list_comes_back_after_a_reload_without_what_is_gone(
    on_singer: Pressed, english: gr.Request, tmp_path: Path
) -> None:
    file = str(cut_of_demo(tmp_path, "kitchen.wav", 0.0, 5.0))
    (memo,) = listed_in(on_singer("on_further", [file], None, english))
    gone = {**memo, "recording": "gone", "name": "gone.wav"}
    shown = on_singer("on_load", None, None, [gone, memo], english)
    assert [memo] in shown
    assert "kitchen.wav" in str(shown)
