"""What the players of the page get from the routes."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from core.audio.samples import Audio, Span
from core.jobs.job import Job
from tests.ui.conftest import DEMO
from tests.ui.fake_studio import RATE, FakeStudio
from tests.ui.test_speaking import TEXT, said
from ui import picks, sounds


@pytest.fixture
def browser(studio: FakeStudio) -> TestClient:
    app = FastAPI()
    app.include_router(sounds.router(studio))
    return TestClient(app)


@pytest.fixture
def job(studio: FakeStudio) -> Job:
    return said(studio, TEXT)


@given(st.lists(st.floats(-1.0, 1.0, width=32), min_size=1, max_size=400))
def test_a_sound_survives_the_way_to_the_player(values: list[float]) -> None:
    sent = Audio(samples=np.array(values, dtype=np.float32), rate=RATE)
    heard, rate = soundfile.read(io.BytesIO(sounds.wav(sent)), dtype="float32")
    assert rate == RATE
    # One step of 16 bits, and the scale of 32767 against 32768.
    assert np.abs(heard - sent.samples).max() <= 2 / 32768


def test_what_is_too_loud_is_cut_and_never_wraps_around() -> None:
    loud = Audio(samples=np.array([3.0, -3.0], dtype=np.float32), rate=RATE)
    heard, _ = soundfile.read(io.BytesIO(sounds.wav(loud)), dtype="float32")
    assert heard[0] > 0.99
    assert heard[1] < -0.99


def test_a_finished_piece_can_be_heard_while_the_next_is_made(
    studio: FakeStudio, browser: TestClient, job: Job
) -> None:
    studio.advance(job.id)
    answer = browser.get(f"/timbre/jobs/{job.id}/pieces/0")
    assert answer.headers["content-type"] == "audio/wav"
    heard, rate = soundfile.read(io.BytesIO(answer.content))
    assert rate == RATE
    assert np.abs(heard).max() == pytest.approx(0.2, abs=0.01)  # never made louder
    assert browser.get(f"/timbre/jobs/{job.id}/pieces/1").status_code == 404


def test_the_first_piece_can_be_heard_while_it_is_made_and_nothing_of_it_twice(
    studio: FakeStudio, browser: TestClient, job: Job
) -> None:
    answer = browser.get(f"/timbre/jobs/{job.id}/early")
    heard, rate = soundfile.read(io.BytesIO(answer.content))
    assert rate == RATE
    assert int(answer.headers["x-samples"]) == len(heard) == 100
    rest = browser.get(f"/timbre/jobs/{job.id}/early?after=60")
    assert np.array_equal(soundfile.read(io.BytesIO(rest.content))[0], heard[60:])
    for nothing in (f"{job.id}/early?after=100", f"{job.id}/early?after=-1", "none/early"):
        assert browser.get(f"/timbre/jobs/{nothing}").status_code == 204
    studio.advance(job.id)
    assert browser.get(f"/timbre/jobs/{job.id}/early").status_code == 204


def test_the_player_learns_the_pieces_and_which_are_done(
    studio: FakeStudio, browser: TestClient, job: Job
) -> None:
    plan = browser.get(f"/timbre/jobs/{job.id}/pieces").json()
    assert "".join(piece["text"] for piece in plan["pieces"]) == TEXT
    studio.advance(job.id, 2)
    done = browser.get(f"/timbre/jobs/{job.id}/done").json()
    assert done == {"done": [[0, 0.4, None], [1, 0.4, None]]}


def test_a_finished_job_is_joined_once_and_can_be_asked_for_in_parts(
    studio: FakeStudio, browser: TestClient, job: Job
) -> None:
    studio.advance(job.id, 3)
    assert browser.get(f"/timbre/jobs/{job.id}/take").json()["starts"] == [0.0, 0.5, 1.0]
    part = browser.get(f"/timbre/jobs/{job.id}/take.wav", headers={"range": "bytes=0-99"})
    assert part.status_code == 206
    assert part.content[:4] == b"RIFF"
    assert studio.calls == ["export wav None"]


def test_a_job_with_nothing_finished_says_so(browser: TestClient, job: Job) -> None:
    answer = browser.get(f"/timbre/jobs/{job.id}/take")
    assert answer.status_code == 404
    assert answer.json()["problem"] == "Nothing is finished yet."


def test_the_kept_part_and_a_voice_can_be_heard(studio: FakeStudio, browser: TestClient) -> None:
    pick = picks.look(studio, DEMO, "builtin")
    url = sounds.excerpt_url(pick.recording.id, Span(start_s=1.0, stop_s=4.0))
    heard, rate = soundfile.read(io.BytesIO(browser.get(url).content))
    assert len(heard) / rate == pytest.approx(3.0, abs=1 / rate)
    voice = picks.demo_voice(studio, "builtin")
    assert browser.get(sounds.voice_url(voice.id)).content == DEMO.read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "/timbre/jobs/none/pieces",
        "/timbre/jobs/none/take.wav",
        "/timbre/voices/..%2F..%2Fetc%2Fpasswd/sound",
        "/timbre/recordings/none/excerpt?start=0&stop=1",
        "/timbre/recordings/none/excerpt?start=nan&stop=inf",
    ],
)
def test_what_is_not_there_is_not_found(browser: TestClient, path: str) -> None:
    assert browser.get(path).status_code == 404
