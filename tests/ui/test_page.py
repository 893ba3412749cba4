"""The page as a whole, without a browser: every handler answers for all that it is wired to."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from core.jobs.job import JobState
from tests.conftest import in_a_loop
from tests.ui.conftest import DEMO
from tests.ui.fake_studio import FakeStudio, picture
from tests.ui.test_speaking import TEXT, said
from ui import page as page_module
from ui import picks


class Pressed:
    """Calls the page's handlers as Gradio would, by their names."""

    def __init__(self, page: gr.Blocks) -> None:
        self._by_name = {function.name: function for function in page.fns.values()}

    def __call__(self, name: str, *values: Any) -> list[Any]:
        function = self._by_name[name]
        answer = function.fn(*values)
        answer = list(answer) if len(function.outputs) > 1 else [answer][: len(function.outputs)]
        assert len(answer) == len(function.outputs)
        return answer


def pressing(studio: FakeStudio) -> Iterator[Pressed]:
    """The page of a studio, until the end of the test."""

    async def built() -> gr.Blocks:
        return page_module.build(studio, language=None)

    # Without a running loop Gradio makes one of its own, and leaves it open.
    page = in_a_loop(built)
    yield Pressed(page)
    page.close()


@pytest.fixture
def press(studio: FakeStudio) -> Iterator[Pressed]:
    yield from pressing(studio)


def memo_of(studio: FakeStudio) -> dict[str, Any]:
    return picks.look(studio, DEMO, "builtin").memo


def test_an_empty_page_says_what_to_do_first(press: Pressed, english: gr.Request) -> None:
    shown = str(press("on_load", None, None, None, english))
    assert "The waveform of your recording appears here" in shown
    assert "No voice yet" in shown


def test_a_reloaded_page_shows_the_job_and_the_recording_again(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    job = said(studio, TEXT)
    studio.advance(job.id)
    draft = {
        "text": "My text.",
        "voice": job.request.voice_id,
        "spoken": "",
        "seed": 3,
        "knobs": [],
    }
    shown = press("on_load", draft, memo_of(studio), None, english)
    tabs, attached, stage, *_ = shown
    assert tabs.selected == "speak"
    assert attached == job.id
    assert (stage["job"], stage["done"]) == (job.id, 1)
    assert stage["autoplay"] is False  # nobody pressed anything on this page yet
    assert job.request.voice_id in [each.get("value") for each in shown if isinstance(each, dict)]
    assert 3 in shown
    assert "<svg" in str(shown)


def test_what_is_typed_is_remembered_but_not_before_the_page_is_filled(press: Pressed) -> None:
    typed = ("Hello.", "voice0", "", 3, "builtin", None, 1.5, 0.0)
    assert press("on_draft", None, *typed) == [gr.skip()]
    (draft,) = press("on_draft", "", *typed)
    assert (draft["text"], draft["knobs"]) == ("Hello.", {"builtin": [1.5, 0.0]})


def test_a_page_opened_after_the_cache_was_emptied_starts_anew(
    press: Pressed, english: gr.Request
) -> None:
    shown = press("on_load", {"voice": "gone"}, {"recording": "gone", "choice": "0"}, None, english)
    assert "appears here" in str(shown)


def test_a_dropped_recording_shows_its_waveform_and_offers_a_name(
    press: Pressed, english: gr.Request
) -> None:
    shown = press("on_file", str(DEMO), None, None, english)
    assert "<svg" in shown[1]
    assert "demo voice" in shown


def test_what_is_no_sound_says_so_and_leaves_the_picture(
    press: Pressed, english: gr.Request, tmp_path: Any
) -> None:
    wrong = tmp_path / "letter.txt"
    wrong.write_text("Dear Anna")
    shown = press("on_file", str(wrong), None, None, english)
    assert shown[:-1] == [gr.skip()] * (len(shown) - 1)
    assert "This is not a sound." in shown[-1]


def test_a_part_drawn_on_the_waveform_is_kept_by_hand(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    drawn = gr.EventData(None, {"start_s": 1.5, "stop_s": 6.5})
    shown = press("on_drag", memo_of(studio), "Anna", True, drawn, english)
    assert shown[0]["choice"] == picks.BY_HAND
    assert (shown[0]["start_s"], shown[0]["stop_s"]) == (1.5, 6.5)


def test_leaving_a_number_field_without_a_change_changes_nothing(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    memo = memo_of(studio)
    numbers = (round(memo["start_s"], 2), round(memo["stop_s"], 2))
    shown = press("on_numbers", memo, "Anna", True, *numbers, english)
    assert shown[0] == gr.skip()


def test_without_consent_no_voice_is_made_even_if_the_button_is_forced(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    shown = press("on_use", memo_of(studio), "Anna", False, "", "", None, english)
    assert "Tick the line above" in shown[-1]
    assert studio.voices() == ()


def test_a_new_voice_is_chosen_everywhere_at_once(
    studio: FakeStudio, press: Pressed, chinese: gr.Request
) -> None:
    shown = press("on_use", memo_of(studio), "Anna", True, "Hello.", "en", None, chinese)
    (voice,) = studio.voices()
    _, chooser, _, speaks, *_ = shown
    assert chooser["value"] == speaks["value"] == voice.id
    assert chooser is not speaks  # Gradio empties an update that it used
    assert "已就绪" in shown[4]
    assert voice.consent.statement.startswith("这是我自己的声音")


def test_a_voice_can_be_renamed_and_deleted(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    press("on_demo", english)
    (voice,) = studio.voices()
    assert "Now called Anna." in str(press("on_rename", voice.id, "Anna", english))
    assert "needs a name" in press("on_rename", voice.id, " ", english)[-1]
    assert "Deleted: Anna." in str(press("on_delete_voice", voice.id, voice.id, english))
    assert studio.voices() == ()


def test_speak_hands_the_text_over_and_starts_to_play(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    press("on_demo", english)
    (voice,) = studio.voices()
    shown = press("on_speak", TEXT, voice.id, "", 0, "builtin", None, english, 1.5, 0.0)
    running = studio.running()
    assert running is not None
    assert running.request.settings == {"speed": 1.5}
    assert shown[1]["autoplay"] is True


def test_the_engine_gets_ready_while_the_text_is_typed(studio: FakeStudio, press: Pressed) -> None:
    press("on_warm", None, "builtin", None)
    assert studio.calls == []
    voice = picks.demo_voice(studio, "builtin")
    press("on_warm", voice.id, "builtin", None)
    assert studio.calls == [f"warm {voice.id}"]


def test_stop_and_go_on(studio: FakeStudio, press: Pressed, english: gr.Request) -> None:
    job = said(studio, TEXT)
    press("on_stop", job.id, english)
    assert studio.job(job.id).state is JobState.STOPPED
    press("on_resume", job.id, english)
    assert studio.job(job.id).state is JobState.RUNNING


def test_an_earlier_text_can_be_opened_and_saved(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    job = said(studio, TEXT)
    studio.advance(job.id, 3)
    assert TEXT in press("on_open", job.id, english, 1.0, 0.0)
    saved = press("on_save", job.id, "mp3", -16.0, english)
    assert saved[0]["value"].endswith(".mp3")


JOB, TOLD, LISTED, UNLOAD, FREE, WHY, STAGE = range(7)
"""Places in what `on_pulse` returns."""


def test_a_pulse_tells_the_player_only_what_is_new(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    job = said(studio, TEXT)
    shown = press("on_pulse", None, job.id, english)
    assert shown[STAGE]["job"] == job.id
    assert "running 0/3" in str(shown[LISTED])
    told = shown[TOLD]
    again = press("on_pulse", told, job.id, english)
    assert again[TOLD] == again[LISTED] == again[STAGE] == gr.skip()
    studio.advance(job.id)
    shown = press("on_pulse", told, job.id, english)
    assert shown[STAGE]["done"] == 1
    assert shown[LISTED] == gr.skip()  # the list of jobs names states, not every piece
    studio.advance(job.id, 2)
    assert "done 3/3" in str(press("on_pulse", shown[TOLD], job.id, english)[LISTED])


def test_an_open_page_finds_the_job_again_after_timbre_was_started_anew(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    job = said(studio, TEXT)
    # Everything that the server knew of the page is gone.
    shown = press("on_pulse", None, None, english)
    assert shown[JOB] == job.id
    assert shown[STAGE]["job"] == job.id


def test_a_page_without_a_job_stays_without_one_after_a_deletion(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    said(studio, TEXT)
    job = said(studio, TEXT)
    shown = press("on_delete_job", job.id, job.id, english)
    assert shown[2] == ""
    assert press("on_pulse", None, "", english)[JOB] == gr.skip()


@pytest.mark.filterwarnings("default")
def test_a_pulse_that_fails_leaves_the_page_as_it_is(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    studio.broken = "monitor"
    shown = press("on_pulse", None, None, english)
    assert shown == [gr.skip()] * len(shown)


def test_what_gives_memory_back_can_be_pressed_only_when_there_is_something(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    def offers() -> tuple[bool, bool, str]:
        shown = press("on_pulse", None, "", english)
        return shown[UNLOAD]["interactive"], shown[FREE]["interactive"], shown[WHY]

    unload, free, why = offers()
    assert (unload, free) == (False, False)
    assert "No model is loaded." in why
    assert "holds nothing back" in why

    loaded = dataclasses.replace(studio.snapshot.host, engine_bytes=10**9)
    studio.snapshot = dataclasses.replace(studio.snapshot, host=loaded)
    studio.picture = picture()
    assert offers() == (True, True, "")
    press("on_unload", english)
    assert "Freed 312 MB." in press("on_free", english)[0]
    assert studio.calls == ["unload", "free cache"]
    studio.cache_bytes = 0
    assert "Nothing to free." in press("on_free", english)[0]

    job = said(studio, TEXT)
    unload, free, why = offers()
    assert (unload, free) == (False, False)
    assert "press Stop first" in why
    for name in ("on_unload", "on_free"):
        # A press that was on its way when the text began.
        assert "tb-problem" in press(name, english)[-1]
    assert studio.calls == ["unload", "free cache", "free cache"]
    assert studio.job(job.id).state is JobState.RUNNING


def test_a_finished_text_has_a_report_that_can_be_saved(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    assert press("on_jobs", english)[0]["choices"] == []
    assert "Choose a text" in press("on_draw", None, english)[-1]
    said(studio, TEXT)  # nothing of this one is finished
    job = said(studio, TEXT)
    studio.advance(job.id, 3)
    (listed, problem) = press("on_jobs", english)
    assert [value for _, value in listed["choices"]] == [job.id] == [listed["value"]]
    assert problem == ""
    assert "3 segments" in press("on_draw", job.id, english)[0]
    for name, starts in (("png", b"\x89PNG"), ("svg", b"<?xml")):
        (download, problem) = press(f"on_save_{name}", job.id, english)
        assert problem == ""
        assert Path(download["value"]).parent == studio.paths.exports
        assert Path(download["value"]).read_bytes().startswith(starts)


def test_a_stress_test_says_and_draws_what_the_machine_can_do(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    found, problem = press("on_stress", english)
    assert "references up to 15 s, sentences up to 300 characters, 4 at once" in found
    assert "<svg" in found
    assert problem == ""
    assert studio.calls == ["stress builtin"]
    said(studio, TEXT)
    assert "press Stop first" in press("on_stress", english)[-1]
    assert studio.calls == ["stress builtin"]


def test_a_stress_test_that_was_stopped_says_so_and_can_be_begun_again(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    begun = studio.stress

    def stopped(engine: str, *, stop: Any) -> Any:
        press("on_halt")
        return begun(engine, stop=stop)

    studio.stress = stopped  # type: ignore[method-assign]
    assert "Stopped" in press("on_stress", english)[0]
    studio.stress = begun  # type: ignore[method-assign]
    assert "<svg" in press("on_stress", english)[0]


def test_two_stress_tests_do_not_run_at_once(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    begun = studio.stress
    second: list[str] = []

    def slow(engine: str, *, stop: Any) -> Any:
        second.append(press("on_stress", english)[-1])
        return begun(engine, stop=stop)

    studio.stress = slow  # type: ignore[method-assign]
    assert "<svg" in press("on_stress", english)[0]
    assert "already going on" in second[0]


def test_a_port_in_use_is_reported_in_the_systems_words(studio: FakeStudio) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=r"in use|permitted|forbidden") as caught:
            page_module.launch(studio, port=port, open_browser=False)
    assert caught.value.strerror
