"""The monitor tells the truth or shows a dash."""

from __future__ import annotations

import dataclasses

import pytest

from core.jobs.job import JobState
from core.memory.moments import Kind, MemoryEvent
from core.memory.picture import MemoryPicture, Verdict
from core.memory.readings import Snapshot, Throttle
from tests.ui.fake_studio import gpu, host, machine, picture
from ui import monitoring, plots, readings
from ui.follow import Standing

WORKING = Standing(
    job_id="j", state=JobState.RUNNING, n_done=11, n_segments=41, sound_s=60.0, left_s=95.0,
    speed=3.1, error=None,
)  # fmt: skip


@pytest.mark.parametrize("draw", [readings.panel_html, monitoring.monitor_html])
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
    shown = monitoring.monitor_html(machine(), None, "en")
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
    assert "segment 12 of 41" in shown
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
    assert "RTX 3060" in monitoring.monitor_html(fresh, None, "zh")


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
    assert len(monitoring.monitor_html(full, WORKING, "en", memory=picture())) < 20_000


def test_a_card_that_is_held_back_says_by_what_and_a_silent_one_a_dash() -> None:
    slow = dataclasses.replace(gpu(), throttles=(Throttle.POWER, Throttle.HEAT))
    for draw in (readings.panel_html, monitoring.monitor_html):
        assert "its power limit, heat" in draw(machine(slow), None, "en")
    assert "功率上限、过热" in monitoring.monitor_html(machine(slow), None, "zh")
    assert readings.throttle(gpu(), "en") == "nothing"
    assert readings.throttle(dataclasses.replace(gpu(), throttles=None), "en") == "–"
    assert "1395 / 2100 MHz" in monitoring.monitor_html(machine(gpu()), None, "en")
    assert "Slowed down" not in readings.panel_html(machine(gpu()), None, "en")


def test_of_two_cards_the_lost_one_is_named_and_the_other_goes_on() -> None:
    now = dataclasses.replace(machine(gpu()), gpu_state="lost", lost=("NVIDIA GeForce RTX 4090",))
    for draw in (readings.panel_html, monitoring.monitor_html):
        shown = draw(now, None, "en")
        assert "RTX 3060" in shown
        assert shown.index("RTX 4090") < shown.index("does not answer any more")
        assert "2.1 / 12 GB" in shown


def test_the_engine_is_drawn_on_its_own_card_only() -> None:
    other = dataclasses.replace(gpu(), uuid="GPU-2", name="Second")
    now = machine(gpu(), other)
    drawn = [readings.runs_on(picture(), card, now) for card in now.devices]
    assert drawn == [True, False]
    nameless = dataclasses.replace(picture(), uuid=None)
    # Without the card's name in the driver only a single card can be meant.
    assert not any(readings.runs_on(nameless, card, now) for card in now.devices)
    assert readings.runs_on(nameless, gpu(), machine(gpu()))
    assert not readings.runs_on(nameless, gpu(), dataclasses.replace(machine(gpu()), lost=("x",)))
    assert not readings.runs_on(picture("cpu"), gpu(), machine(gpu()))


def test_the_engine_at_work_is_told_in_figures() -> None:
    shown = monitoring.monitor_html(machine(gpu()), WORKING, "en", memory=picture())
    for figure in (
        "<dt>Runs on</dt><dd>cuda:0</dd>", "<dt>Segments at once</dt><dd>4</dd>",
        "<dt>Sound made per second</dt><dd>12 s</dd>", "<dt>Texts waiting</dt><dd>2</dd>",
        "<dt>Foreseen peak of this batch</dt><dd>2.9 GB</dd>",
        "<dt>Peak so far</dt><dd>2.6 GB</dd>", "<dt>Budget</dt><dd>3.6 GB</dd>",
    ):  # fmt: skip
        assert figure in shown


def test_a_studio_that_knows_nothing_of_memory_shows_dashes_and_no_zeros() -> None:
    shown = monitoring.monitor_html(machine(), None, "en")
    job = shown.split("Job</h3>")[1].split("</section>")[0]
    assert job.count("<dd>–</dd>") == 7
    assert "too few segments to say" in shown
    assert "calm" in shown
    unknown = MemoryPicture(device="cpu")
    assert monitoring.monitor_html(machine(), None, "en", memory=unknown).count("–") == 5


def test_the_side_bar_warns_of_growth_and_tells_the_last_event() -> None:
    growing = picture(verdict=Verdict.GROWING)
    shown = readings.panel_html(machine(gpu()), WORKING, "en", memory=growing)
    assert "growing" in shown
    assert "batch 8 → 4" in shown
    assert "2.9 GB of 3.6 GB" not in shown  # only the last one
    calm = readings.panel_html(machine(gpu()), WORKING, "en", memory=picture())
    assert "steady" not in calm


def test_no_name_from_outside_becomes_markup() -> None:
    odd = dataclasses.replace(gpu(), name="<img src=x>")
    now = dataclasses.replace(machine(odd), lost=("<script>",))
    events = (MemoryEvent(kind=Kind.OOM, at_s=1.0, text="<b>no</b>"),)
    memory = dataclasses.replace(picture(), device="<i>", events=events)
    for draw in (readings.panel_html, monitoring.monitor_html):
        shown = draw(now, None, "en", memory=memory)
        for tag in ("<img", "<script", "<b>no", "<dd><i>"):
            assert tag not in shown
