"""The sampler: on schedule, bounded, and alive whatever its sources do."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.memory.monitor import HISTORY_S, Monitor, next_tick_s
from core.memory.readings import DeviceReading, HostReading


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class FakeHost:
    """A machine of numbers; `before` runs at each reading."""

    def __init__(self, clock: Clock, before: Callable[[], None] = lambda: None) -> None:
        self._clock = clock
        self._before = before

    def read(self) -> HostReading:
        self._before()
        return HostReading(
            at_s=self._clock(),
            cpu_percent=1.0,
            n_cores=2,
            total_bytes=100,
            used_bytes=50,
            page_bytes=10,
            engine_bytes=None,
            disk_free_bytes=1000,
        )


class FakeCards:
    """Cards by uuid, whose set a test changes."""

    def __init__(self, clock: Clock, *uuids: str) -> None:
        self._clock = clock
        self.uuids = uuids
        self.pids: frozenset[int] = frozenset()
        self.is_closed = False

    @property
    def state(self) -> str:
        return "ok" if self.uuids else "none"

    def read(self, pids: frozenset[int]) -> tuple[DeviceReading, ...]:
        self.pids = pids
        return tuple(
            DeviceReading(
                at_s=self._clock(),
                uuid=uuid,
                name="Card",
                total_bytes=None,
                used_bytes=None,
                ours_bytes=None,
                busy_percent=None,
                watts=None,
                limit_watts=None,
                celsius=None,
            )
            for uuid in self.uuids
        )

    def close(self) -> None:
        self.is_closed = True


def monitor(
    clock: Clock,
    cards: FakeCards | None = None,
    host: FakeHost | None = None,
    engine_pid: Callable[[], int | None] = lambda: None,
) -> Monitor:
    return Monitor(
        engine_pid,
        Path("/nowhere"),
        nvml=cards or FakeCards(clock),
        host=host or FakeHost(clock),
        clock=clock,
    )


def test_a_snapshot_is_there_before_anything_was_read() -> None:
    clock = Clock()
    snapshot = monitor(clock).snapshot()
    assert snapshot.host.total_bytes is None
    assert snapshot.gpu_state == "none"
    assert snapshot.history == ()


def test_a_command_reads_once_and_a_page_leaves_reading_to_its_sampler() -> None:
    clock = Clock()
    readers: list[str] = []
    host = FakeHost(clock, before=lambda: readers.append(threading.current_thread().name))
    command = monitor(clock, host=host)
    assert command.read_once() is command.read_once()
    assert command.read_once().host.total_bytes == 100
    assert len(readers) == 1
    readers.clear()
    page = monitor(clock, host=host)
    page.start()
    try:
        page.read_once()
    finally:
        page.stop()
    assert set(readers) <= {"monitor"}


def test_the_ring_holds_five_minutes_however_often_it_is_filled() -> None:
    clock = Clock()
    watched = monitor(clock, FakeCards(clock, "GPU-a"))
    for period_s in (0.25, 1.0, 0.25):
        for _ in range(2000):
            clock.now_s += period_s
            snapshot = watched.sample()
        ages_s = [clock.now_s - reading.at_s for reading in snapshot.history]
        assert ages_s == sorted(ages_s, reverse=True), "oldest first"
        # One period less than five minutes when the ring is full at four readings a second.
        assert HISTORY_S - 1 <= ages_s[0] <= HISTORY_S
        assert len(snapshot.device_history["GPU-a"]) == len(snapshot.history)
        assert snapshot.history[-1] == snapshot.host


def test_a_card_that_went_leaves_its_history_for_five_minutes() -> None:
    clock = Clock()
    cards = FakeCards(clock, "GPU-a", "GPU-b")
    watched = monitor(clock, cards)
    watched.sample()
    cards.uuids = ("GPU-b",)
    clock.now_s += 100
    assert set(watched.sample().device_history) == {"GPU-a", "GPU-b"}
    clock.now_s += HISTORY_S
    snapshot = watched.sample()
    assert set(snapshot.device_history) == {"GPU-b"}
    assert [card.uuid for card in snapshot.devices] == ["GPU-b"]


def test_a_card_that_went_is_missed_by_name_until_it_is_back() -> None:
    clock = Clock()
    cards = FakeCards(clock, "GPU-a", "GPU-b")
    monitor = Monitor(lambda: None, Path(), nvml=cards, host=FakeHost(clock), clock=clock)
    assert monitor.sample().lost == ()
    cards.uuids = ("GPU-b",)
    clock.now_s += 2 * HISTORY_S
    assert monitor.sample().lost == ("Card",)
    cards.uuids = ("GPU-b", "GPU-a")
    assert monitor.sample().lost == ()


def test_a_snapshot_does_not_change_afterwards() -> None:
    clock = Clock()
    watched = monitor(clock, FakeCards(clock, "GPU-a"))
    first = watched.sample()
    clock.now_s += 1
    watched.sample()
    assert len(first.history) == len(first.device_history["GPU-a"]) == 1


def test_memory_of_the_engine_process_counts_as_ours() -> None:
    clock = Clock()
    cards = FakeCards(clock)
    monitor(clock, cards, engine_pid=lambda: 4711).sample()
    assert 4711 in cards.pids
    assert len(cards.pids) == 2


@given(
    last=st.floats(0, 1e6),
    late=st.floats(0, 100),
    period=st.sampled_from([0.25, 1.0]),
)
def test_ticks_keep_to_the_grid_and_never_come_in_bursts(
    last: float, late: float, period: float
) -> None:
    now = last + late
    next_s = next_tick_s(last, now, period)
    # 1e-9: at 1e6 s a float resolves 1e-10.
    assert now < next_s <= now + period + 1e-9
    if late < period:
        assert next_s == last + period


def test_the_thread_samples_and_stops() -> None:
    clock = Clock()
    seen = threading.Event()
    cards = FakeCards(clock)
    watched = monitor(clock, cards, FakeHost(clock, seen.set))
    watched.start()
    watched.start()
    assert seen.wait(20)
    assert sum(thread.name == "monitor" for thread in threading.enumerate()) == 1
    watched.stop()
    watched.stop()
    assert cards.is_closed
    assert not any(thread.name == "monitor" for thread in threading.enumerate())


def test_the_thread_outlives_a_bug_in_a_source_and_says_it_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    n_calls = 0
    recovered = threading.Event()

    def broken_twice() -> None:
        nonlocal n_calls
        n_calls += 1
        if n_calls <= 2:
            raise ZeroDivisionError
        recovered.set()

    watched = Monitor(
        lambda: None,
        Path("/nowhere"),
        busy=lambda: True,
        nvml=FakeCards(clock),
        host=FakeHost(clock, broken_twice),
        clock=clock,
    )
    with caplog.at_level(logging.ERROR):
        watched.start()
        assert recovered.wait(20)
        watched.stop()
    assert len(caplog.records) == 1
    assert watched.snapshot().host.total_bytes == 100


def test_a_driver_that_hangs_does_not_keep_the_program_from_ending() -> None:
    code = (
        "import sys, threading; sys.path.insert(0, '.')\n"
        "from pathlib import Path\n"
        "from core.memory.monitor import Monitor\n"
        "hanging = threading.Event()\n"
        "class Hangs:\n"
        "    state = 'ok'\n"
        "    def read(self, pids):\n"
        "        hanging.set()\n"
        "        threading.Event().wait()\n"
        "monitor = Monitor(lambda: None, Path('.'), nvml=Hangs())\n"
        "monitor.start()\n"
        "assert hanging.wait(20)\n"
        "monitor.stop()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_real_sources_are_read_together(tmp_path: Path) -> None:
    watched = Monitor(lambda: None, tmp_path)
    snapshot = watched.sample()
    assert snapshot.host.total_bytes is not None
    assert snapshot.gpu_state in ("ok", "none")
