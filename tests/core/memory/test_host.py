"""What the machine says of itself, and what happens when it will not say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from core.memory.cgroup import Allowance
from core.memory.host import Host, disk_free_bytes, n_cores


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_this_machine_is_read(tmp_path: Path) -> None:
    host = Host(tmp_path)
    assert host.read().cpu_percent is None, "no share without an interval"
    sum(range(2_000_000))  # long enough for the kernel to count a tick of 10 ms
    reading = host.read()
    assert reading.total_bytes is not None
    assert reading.used_bytes is not None
    assert 0 < reading.used_bytes < reading.total_bytes <= psutil.virtual_memory().total
    assert reading.page_bytes is not None
    assert 5e6 < reading.page_bytes < reading.total_bytes
    assert reading.engine_bytes is None
    assert reading.disk_free_bytes is not None
    assert reading.disk_free_bytes > 0
    assert 1 <= reading.n_cores <= (psutil.cpu_count() or 1)
    assert reading.cpu_percent is None or 0 <= reading.cpu_percent <= 100


def test_a_containers_limit_is_the_machine(tmp_path: Path) -> None:
    allowance = Allowance(limit_bytes=64 << 20, free_bytes=16 << 20)
    reading = Host(tmp_path, allowance=lambda: allowance).read()
    assert (reading.total_bytes, reading.used_bytes) == (64 << 20, 48 << 20)


def test_the_engine_process_may_come_change_and_die(tmp_path: Path) -> None:
    waiting = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    first = subprocess.Popen(waiting, stdin=subprocess.PIPE)
    second = subprocess.Popen(waiting, stdin=subprocess.PIPE)
    pid: int | None = None
    host = Host(tmp_path, engine_pid=lambda: pid)
    try:
        assert host.read().engine_bytes is None
        for process in (first, second):
            pid = process.pid
            assert (host.read().engine_bytes or 0) > 0
        second.kill()
        second.wait()
        assert host.read().engine_bytes is None
        pid = first.pid
        assert (host.read().engine_bytes or 0) > 0
    finally:
        for process in (first, second):
            process.kill()
            process.communicate()


@pytest.mark.parametrize(
    "error",
    [psutil.AccessDenied(1), OSError("no /proc"), RuntimeError("no meminfo"), ValueError("odd")],
)
def test_a_metric_that_fails_is_unknown_and_recovers(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    host = Host(tmp_path, clock=clock)
    asked = []

    def broken() -> object:
        asked.append(clock.now_s)
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(psutil, "virtual_memory", broken)
        for _ in range(60):
            clock.now_s += 1
            reading = host.read()
            assert (reading.total_bytes, reading.used_bytes) == (None, None)
            assert reading.page_bytes is not None, "the others stay"
    assert len(asked) <= 6, "2, 4, 8, 16, 32 s apart"
    clock.now_s += 61
    assert host.read().total_bytes is not None


def test_the_disk_is_known_before_the_folder_exists(tmp_path: Path) -> None:
    # The two are read at different moments on a disk that others write to.
    there, not_yet = disk_free_bytes(tmp_path), disk_free_bytes(tmp_path / "not" / "yet")
    assert abs(there - not_yet) < 2**30


def test_cores_are_those_this_process_may_use() -> None:
    code = (
        "import os, sys; sys.path.insert(0, '.')\n"
        "from core.memory.host import n_cores\n"
        "if hasattr(os, 'sched_setaffinity'):\n"
        "    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "    assert n_cores() == 1, n_cores()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert n_cores() >= 1
