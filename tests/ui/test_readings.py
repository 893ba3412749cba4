"""The monitor tells the truth or shows a dash."""

from __future__ import annotations

import dataclasses

import pytest

from core.jobs.job import JobState
from core.memory.readings import Snapshot
from tests.ui.fake_studio import gpu, host, machine
from ui import plots, readings
from ui.follow import Standing

WORKING = Standing(
    job_id="j", state=JobState.RUNNING, n_done=11, n_segments=41, sound_s=60.0, left_s=95.0,
    speed=3.1, error=None,
)  # fmt: skip


@pytest.mark.parametrize("draw", [readings.panel_html, readings.monitor_html])
def test_a_card_shows_memory_load_temperature_and_power(draw: object) -> None:
    shown = draw(machine(gpu()), None, "en")  # type: ignore[operator]
    for figure in ("RTX 3060", "2.1 / 12 GB", "4 %", "41 °C", "38 / 170 W"):
        assert figure in shown


def test_what_the_card_does_not_say_is_a_dash_and_never_a_zero() -> None:
    silent = dataclasses.replace(
        gpu(), used_bytes=None, ours_bytes=None, busy_percent=None, watts=None, celsius=None
    )
    shown = readings.panel_html(machine(silent), None, "en")
    assert "– / 12 GB" in shown
    assert "0 %" not in shown.split("This machine")[0]
    assert "°C" not in shown


def test_without_a_card_it_says_so_and_shows_the_host() -> None:
    shown = readings.monitor_html(machine(), None, "en")
    assert "No NVIDIA graphics card found" in shown
    assert "5.0 / 16 GB" in shown
    assert "12 %" in shown
    assert "210 MB" in shown
    assert "120 GB" in shown
    assert "not running" in shown


def test_a_card_that_stopped_answering_is_reported() -> None:
    lost = dataclasses.replace(machine(), gpu_state="lost")
    assert "does not answer any more" in readings.panel_html(lost, None, "en")


def test_the_running_job_shows_its_piece_and_speed() -> None:
    shown = readings.panel_html(machine(), WORKING, "en")
    assert "piece 12 of 41" in shown
    assert "3.1 × real time" in shown
    assert "about 2 min left" in shown
    assert "nothing to do" in readings.panel_html(machine(), None, "en")


def test_the_header_names_voice_engine_and_machine() -> None:
    shown = readings.line_html(machine(gpu()), "<Anna>", "Built-in", "en")
    assert "&lt;Anna&gt;" in shown
    assert "Built-in" in shown
    assert "RTX 3060 · 2.1 / 12 GB · 4 %" in shown
    assert "no voice yet" in readings.line_html(machine(), None, "Built-in", "en")


def test_a_machine_just_started_draws_without_a_past() -> None:
    fresh = Snapshot(devices=(gpu(),), gpu_state="ok", host=host(), history=(), device_history={})
    assert "RTX 3060" in readings.monitor_html(fresh, None, "zh")


def test_an_unknown_moment_is_a_gap_in_the_line() -> None:
    drawn = plots.line([(0, 1.0), (1, 2.0), (2, None), (3, 3.0), (4, 4.0)], top=4.0)
    assert drawn.count("<polyline") == 2


def test_a_line_stays_inside_its_frame() -> None:
    drawn = plots.line([(7.0, -5.0), (8.0, 500.0)], top=100.0)
    assert 'points="0.0,31.0 100.0,1.0"' in drawn


def test_a_line_keeps_the_distances_of_time_however_often_was_measured() -> None:
    # Once a second for a minute, then four times a second for a minute, half as high.
    slow = [(float(at), 100.0) for at in range(60)]
    fast = [(60 + at / 4, 50.0) for at in range(240)]
    drawn = plots.line([*slow, *fast], top=100.0)
    points = [point.split(",") for point in drawn.split('points="')[1].split('"')[0].split()]
    assert len(points) == 60  # two minutes, a point every two seconds
    high = [float(x) for x, y in points if float(y) == 1.0]
    assert 49 < max(high) < 51


def test_five_minutes_of_a_busy_machine_stay_a_small_message() -> None:
    busy = tuple(host(at / 4, 50.0) for at in range(1200))
    cards = tuple(dataclasses.replace(gpu(), at_s=at / 4) for at in range(1200))
    full = dataclasses.replace(machine(gpu()), history=busy, device_history={"GPU-1": cards})
    assert len(readings.monitor_html(full, WORKING, "en")) < 16_000
