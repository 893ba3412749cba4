"""What the machine itself has and uses; the only module that imports psutil."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import psutil

from core.memory import cgroup
from core.memory.backoff import Backoff
from core.memory.readings import HostReading

RETRY_METRIC_S = (2.0, 60.0)
"""First and longest wait before a metric that failed is asked again (s)."""

_T = TypeVar("_T")


class ReadsHost(Protocol):
    """What the monitor asks for the machine; `Host` is one."""

    def read(self) -> HostReading: ...


class Host:
    """Reads the machine. For one thread at a time; a reading costs well under a millisecond.

    Args:
        data_folder: A folder on the disk that holds Timbre's data; it need not exist yet.
        engine_pid: The engine process, None while there is none.
        clock: Monotonic seconds.
        allowance: The control group's limit, None where there is none.
    """

    def __init__(
        self,
        data_folder: Path,
        *,
        engine_pid: Callable[[], int | None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        allowance: Callable[[], cgroup.Allowance | None] = cgroup.tightest,
    ) -> None:
        self._data_folder = data_folder
        self._engine_pid = engine_pid
        self._clock = clock
        self._allowance = allowance
        self._page = psutil.Process()
        self._engine: psutil.Process | None = None
        self._cpu_before: tuple[float, float] | None = None
        self._patience: dict[str, Backoff] = {}

    def read(self) -> HostReading:
        """The machine now; what does not answer is None. The first CPU share is always None."""
        total_bytes, used_bytes = self._metric("memory", self._memory) or (None, None)
        return HostReading(
            at_s=self._clock(),
            cpu_percent=self._metric("cpu", self._cpu_percent),
            n_cores=n_cores(),
            total_bytes=total_bytes,
            used_bytes=used_bytes,
            page_bytes=self._metric("page", lambda: resident_bytes(self._page)),
            engine_bytes=self._engine_bytes(),
            disk_free_bytes=self._metric("disk", lambda: disk_free_bytes(self._data_folder)),
        )

    def _metric(self, name: str, read: Callable[[], _T]) -> _T | None:
        """One metric, asked with patience: it comes back by itself."""
        patience = self._patience.setdefault(
            name, Backoff(first_s=RETRY_METRIC_S[0], longest_s=RETRY_METRIC_S[1])
        )
        now_s = self._clock()
        if not patience.is_due(now_s):
            return None
        try:
            value = read()
        except (psutil.Error, OSError, ValueError, RuntimeError, NotImplementedError):
            # psutil answers an odd /proc (a sandbox, a hardened kernel) with any of these.
            patience.failed(now_s)
            return None
        patience.worked()
        return value

    def _cpu_percent(self) -> float | None:
        """Share of all cores that worked since the last reading."""
        times = psutil.cpu_times()
        # What a guest used is counted in `user` and `nice` as well; the field is only on Linux.
        counted = (
            float(sum(times)) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        )
        idle = float(times.idle) + getattr(times, "iowait", 0.0)
        before, self._cpu_before = self._cpu_before, (counted, idle)
        if before is None or counted <= before[0]:
            return None
        share = 1 - (idle - before[1]) / (counted - before[0])
        return 100 * min(1.0, max(0.0, share))

    def _memory(self) -> tuple[int, int]:
        memory = psutil.virtual_memory()
        return within(memory.total, memory.available, self._allowance())

    def _engine_bytes(self) -> int | None:
        """Resident memory of the engine process; it may come, go and change at any moment."""
        pid = self._engine_pid()
        try:
            if pid is None:
                self._engine = None
            elif self._engine is None or self._engine.pid != pid:
                self._engine = psutil.Process(pid)
            return None if self._engine is None else resident_bytes(self._engine)
        except (psutil.Error, OSError, ValueError):
            self._engine = None
            return None


def within(
    total_bytes: int, available_bytes: int, allowance: cgroup.Allowance | None
) -> tuple[int, int]:
    """Total and used memory from where this process stands.

    Args:
        total_bytes: Of the machine.
        available_bytes: Of the machine, without swapping.
        allowance: Of the control group; None where nothing is limited.
    """
    free_bytes = available_bytes
    if allowance is not None:
        total_bytes = min(total_bytes, allowance.limit_bytes)
        free_bytes = min(free_bytes, allowance.free_bytes)
    return total_bytes, max(0, total_bytes - free_bytes)


def resident_bytes(process: psutil.Process) -> int:
    """Resident memory of one process. Raises psutil.Error when it is gone."""
    return int(process.memory_info().rss)


def n_open_files() -> int | None:
    """Open files of this process (on Windows: handles); None where the system does not say."""
    own = psutil.Process()
    try:
        return int(own.num_handles() if sys.platform == "win32" else own.num_fds())
    except (psutil.Error, OSError, AttributeError):
        return None


def n_cores() -> int:
    """Logical cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def disk_free_bytes(folder: Path) -> int:
    """Free on the disk of a folder, or of the nearest folder above it that exists."""
    for step in (folder, *folder.parents):
        if step.is_dir():
            return shutil.disk_usage(step).free
    raise FileNotFoundError(folder)
