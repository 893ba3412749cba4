"""The engine process's own memory on the host, as the guard asks for it; knows no torch.

What is resident is what counts. Only a cap that a person set is enforced, and only where the
platform can (Linux): elsewhere a call that passes it shows in the next reading.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from core.memory.budget import Room, System
from core.memory.host import Host
from core.memory.readings import HostReading
from core.memory.trim import trim

SLACK_BYTES = 16 << 20
"""Left under the cap in any case: what recovers needs some memory itself."""

_STATUS = Path("/proc/self/status")
_CLEAR_PEAK = Path("/proc/self/clear_refs")
_SYSTEMS = {"win32": System.WINDOWS, "darwin": System.DARWIN}


class Resident:
    """`core.memory.allocator.Allocator` of this process.

    Args:
        is_capped: Whether `limit` is enforced.
        read_host: Reads the machine.
    """

    def __init__(
        self, *, is_capped: bool = False, read_host: Callable[[], HostReading] | None = None
    ) -> None:
        self.is_capped = is_capped
        self._read_host = read_host or Host(Path()).read
        self._highest = 0
        self._warmed: set[str] = set()

    def live_bytes(self) -> int:
        return _status("VmRSS") or self._read_host().page_bytes or 0

    def reserved_bytes(self) -> int:
        return self.live_bytes()

    def peak_bytes(self) -> int:
        """From the kernel's high-water mark where there is one, else the resident memory now."""
        return _status("VmHWM") or self.live_bytes()

    def highest_bytes(self) -> int | None:
        """As `peak_bytes`, but since the process began; None where the system keeps no mark."""
        mark = _status("VmHWM")
        self._highest = max(self._highest, mark or 0)
        return None if mark is None else self._highest

    def reset_peak(self) -> None:
        self.highest_bytes()
        # "5" sets the mark to what is resident now. A sandbox may refuse: then peaks are too high,
        # which is the safe side.
        with contextlib.suppress(OSError):
            _CLEAR_PEAK.write_text("5", encoding="ascii")

    def release(self) -> None:
        """Lift the limit, so that recovery has room, and hand freed memory to the system."""
        _set_limit(None)
        trim()

    def room(self) -> Room:
        reading = self._read_host()
        total, used = reading.total_bytes or 0, reading.used_bytes or 0
        return Room(
            total_bytes=total,
            free_bytes=max(0, total - used),
            reserved_by_us_bytes=self.live_bytes(),
            is_host=True,
            system=_SYSTEMS.get(sys.platform, System.LINUX),
        )

    def limit(self, n_bytes: int | None) -> None:
        if self.is_capped:
            _set_limit(None)
            self._warm_up()
            _set_limit(None if n_bytes is None else max(SLACK_BYTES, n_bytes - self.live_bytes()))

    def _warm_up(self) -> None:
        """Have OpenBLAS take its buffers while there is no limit.

        It takes one at the first large product of each thread, tries for ever or ends the process
        where that fails (seen: `exit(1)` after ten tries, and a loop without end), and keeps it.
        numpy and scipy each bring their own.
        """
        square = np.ones((256, 256))
        if "numpy" not in self._warmed:
            self._warmed.add("numpy")
            _ = square @ square
            np.linalg.solve(np.eye(256), square)
        linalg: Any = sys.modules.get("scipy.linalg")
        if "scipy" not in self._warmed and hasattr(linalg, "blas"):
            self._warmed.add("scipy")
            linalg.blas.dgemm(1.0, square, square)
            linalg.cho_factor(np.eye(256))


def _status(name: str) -> int | None:
    """A size of this process in bytes, as the kernel tells it; None where it does not."""
    try:
        lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    found = (line for line in lines if line.startswith(f"{name}:"))
    return next((int(line.split()[1]) * 1024 for line in found), None)


def _set_limit(more_bytes: int | None) -> None:
    """Let private memory grow by so much from now on; None: without limit.

    Counted from what is mapped now (VmData), which is more than what is resident: stacks of
    threads and what libraries set aside count there too.
    """
    mapped = _status("VmData")
    if mapped is None:
        return
    import resource  # noqa: PLC0415 - not on Windows

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    soft = hard if more_bytes is None else mapped + more_bytes
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
