"""One look a second serves every open page."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from starlette.requests import Request

from tests.conftest import in_a_loop
from tests.ui.fake_studio import FakeStudio, gpu, machine, picture
from tests.ui.test_speaking import TEXT, said
from ui import live as live_module
from ui.live import PATH, PULSE_S, Live


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def live(studio: FakeStudio, clock: Clock) -> Live:
    return Live(studio, None, clock=clock)  # type: ignore[arg-type]


def look(live: Live, language: str = "en", voice: str = "") -> dict[str, str]:
    answer: dict[str, str] = json.loads(live.answer(language, voice))
    return answer


def asked(live: Live, *, language: str = "en", query: bytes = b"") -> Any:
    headers = [(b"accept-language", language.encode())]
    scope = {"type": "http", "method": "GET", "path": PATH, "headers": headers,
             "query_string": query}  # fmt: skip
    return in_a_loop(lambda: live._respond(Request(scope)))


def test_a_look_has_the_line_the_panel_the_tab_and_a_pulse(studio: FakeStudio, live: Live) -> None:
    studio.snapshot = machine(gpu())
    studio.picture = picture()
    shown = look(live)
    assert "RTX 3060" in shown["line"]
    assert "RTX 3060" in shown["panel"]
    assert "Foreseen peak" in shown["monitor"]
    assert shown["pulse"]


def test_many_pages_in_one_second_cost_one_look(studio: FakeStudio, live: Live) -> None:
    looks = 0
    told = studio.snapshot

    class Counted(FakeStudio):
        def monitor(self) -> Any:
            nonlocal looks
            looks += 1
            return told

    live._studio = Counted(studio.home)  # type: ignore[assignment]
    answers = {live.answer("en", "") for _ in range(10)}
    assert len(answers) == 1
    live.answer("zh", "")
    assert looks == 1
    assert live.known("en", "") in answers


def test_a_second_later_everything_is_new(studio: FakeStudio, live: Live, clock: Clock) -> None:
    assert "12 %" in look(live)["line"]
    busy = dataclasses.replace(studio.snapshot.host, cpu_percent=77.0)
    studio.snapshot = dataclasses.replace(studio.snapshot, host=busy)
    assert "12 %" in look(live)["line"]
    clock.now_s += 1.0
    assert live.known("en", "") is None
    assert "77 %" in look(live)["line"]


def test_each_page_sees_its_voice_in_its_language(studio: FakeStudio, live: Live) -> None:
    said(studio, TEXT)
    (voice,) = studio.voices()
    assert voice.name in look(live, "en", voice.id)["line"]
    assert "no voice yet" in look(live, "en", "gone")["line"]
    assert "还没有声音" in look(live, "zh", "")["line"]
    assert "本机" in look(live, "zh", "")["panel"]


def test_voices_that_do_not_exist_fill_no_memory(live: Live) -> None:
    for at in range(100):
        live.answer("en", f"made-up-{at}")
    assert len(live._answers) == 1


def test_the_pulse_changes_with_what_a_page_has_to_hear_of(
    studio: FakeStudio, live: Live, clock: Clock
) -> None:
    def pulse() -> str:
        clock.now_s += 1.0
        return look(live)["pulse"]

    seen = [pulse()]
    assert pulse() == seen[0]
    busy = dataclasses.replace(studio.snapshot.host, cpu_percent=77.0)
    studio.snapshot = dataclasses.replace(studio.snapshot, host=busy)
    assert pulse() == seen[0], "a busier machine is no news for Gradio"
    job = said(studio, TEXT)
    seen.append(pulse())
    studio.advance(job.id)
    seen.append(pulse())
    studio.advance(job.id, 2)
    seen.append(pulse())
    loaded = dataclasses.replace(studio.snapshot.host, engine_bytes=10**9)
    studio.snapshot = dataclasses.replace(studio.snapshot, host=loaded)
    seen.append(pulse())
    studio.picture = picture()
    seen.append(pulse())
    clock.now_s += PULSE_S
    seen.append(pulse())
    assert len(set(seen)) == len(seen)


def test_a_program_started_anew_has_another_pulse(studio: FakeStudio, clock: Clock) -> None:
    pulses = {
        look(Live(studio, None, clock=clock))["pulse"]  # type: ignore[arg-type]
        for _ in range(2)
    }
    assert len(pulses) == 2


def test_the_route_answers_in_the_language_of_the_browser(live: Live) -> None:
    answer = asked(live, language="zh-CN,zh;q=0.9")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "本机" in json.loads(answer.body)["panel"]


@pytest.mark.filterwarnings("default")
def test_a_look_that_fails_is_no_answer_and_the_next_one_works(
    studio: FakeStudio, live: Live
) -> None:
    studio.broken = "monitor"
    assert asked(live).status_code == 503
    studio.broken = ""
    assert asked(live).status_code == 200


def test_the_page_asks_where_the_route_is() -> None:
    assert f"'{PATH}?voice='" in live_module.LOOK
