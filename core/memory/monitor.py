"""The sampler: one thread that reads the machine on a schedule into a bounded ring.

Surfaces never wait for a driver: they take the latest snapshot, which is a finished value.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from core.memory.host import Host, ReadsHost, n_cores
from core.memory.nvml import Nvml, ReadsDevices
from core.memory.readings import DeviceReading, HostReading, Snapshot

IDLE_PERIOD_S = 1.0
BUSY_PERIOD_S = 0.25
HISTORY_S = 300.0
"""What the ring remembers."""

_N_HISTORY = int(HISTORY_S / BUSY_PERIOD_S)

_log = logging.getLogger(__name__)


class Monitor:
    """Samples the machine while it runs.

    Args:
        engine_pid: The engine process, None while there is none.
        data_folder: On the disk whose free space matters.
        busy: Whether a job runs: it is then sampled four times a second instead of once.
        nvml: Reader of the cards; the real one without it.
        host: Reader of the machine; the real one without it.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        engine_pid: Callable[[], int | None],
        data_folder: Path,
        *,
        busy: Callable[[], bool] = lambda: False,
        nvml: ReadsDevices | None = None,
        host: ReadsHost | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine_pid = engine_pid
        self._busy = busy
        self._clock = clock
        self._nvml: ReadsDevices = nvml or Nvml(clock=clock)
        self._host: ReadsHost = host or Host(data_folder, engine_pid=engine_pid, clock=clock)
        self._hosts: deque[HostReading] = deque(maxlen=_N_HISTORY)
        self._devices: dict[str, deque[DeviceReading]] = {}
        self._names: dict[str, str] = {}
        self._snapshot = _nothing_yet(clock())
        self._running: tuple[threading.Thread, threading.Event] | None = None

    def snapshot(self) -> Snapshot:
        """The latest readings; costs nothing and never fails."""
        return self._snapshot

    def read_once(self) -> Snapshot:
        """The latest readings; where nobody samples, as in a command, the first ones are made."""
        if self._running is None and self._snapshot.host.total_bytes is None:
            return self.sample()
        return self._snapshot

    def start(self) -> None:
        """Begin to sample in a thread of its own; a second call does nothing."""
        if self._running is None:
            ended = threading.Event()
            thread = threading.Thread(target=self._run, args=(ended,), name="monitor", daemon=True)
            self._running = (thread, ended)
            thread.start()

    def stop(self) -> None:
        """End the thread and let go of the driver; the last snapshot stays."""
        running, self._running = self._running, None
        if running is not None:
            thread, ended = running
            ended.set()
            # A driver that hangs must not keep the program from ending.
            thread.join(timeout=2.0)

    def sample(self) -> Snapshot:
        """Read everything once, now. The thread does this; call it yourself only without one."""
        engine_pid = self._engine_pid()
        pids = frozenset({os.getpid()} if engine_pid is None else {os.getpid(), engine_pid})
        host = self._host.read()
        devices = self._nvml.read(pids)
        oldest_s = host.at_s - HISTORY_S
        self._hosts.append(host)
        _forget(self._hosts, oldest_s)
        for reading in devices:
            self._names[reading.uuid] = reading.name
            ring = self._devices.setdefault(reading.uuid, deque(maxlen=_N_HISTORY))
            ring.append(reading)
        for uuid, ring in list(self._devices.items()):
            _forget(ring, oldest_s)
            if not ring:
                del self._devices[uuid]
        answering = {reading.uuid for reading in devices}
        self._snapshot = Snapshot(
            devices=devices,
            gpu_state=self._nvml.state,
            host=host,
            history=tuple(self._hosts),
            device_history={uuid: tuple(ring) for uuid, ring in self._devices.items()},
            lost=tuple(name for uuid, name in self._names.items() if uuid not in answering),
        )
        return self._snapshot

    def _run(self, ended: threading.Event) -> None:
        next_s = self._clock()
        told: str | None = None
        while not ended.is_set():
            period_s = IDLE_PERIOD_S
            try:
                self.sample()
                period_s = BUSY_PERIOD_S if self._busy() else IDLE_PERIOD_S
            except Exception as error:  # noqa: BLE001 - the thread's edge: a panel never ends a job
                if told != repr(error):
                    told = repr(error)
                    _log.exception("The monitor could not read the machine; it goes on trying.")
            now_s = self._clock()
            next_s = next_tick_s(next_s, now_s, period_s)
            ended.wait(next_s - now_s)
        self._nvml.close()


def next_tick_s(last_s: float, now_s: float, period_s: float) -> float:
    """When to sample next: on the grid of the last tick, and never in a burst to catch up.

    Args:
        last_s: When the last tick was due.
        now_s: When it was finished.
        period_s: Time between ticks.
    """
    next_s = last_s + period_s
    return next_s if next_s > now_s else now_s + period_s


def _forget(ring: deque[HostReading] | deque[DeviceReading], oldest_s: float) -> None:
    while ring and ring[0].at_s < oldest_s:
        ring.popleft()


def _nothing_yet(now_s: float) -> Snapshot:
    host = HostReading(
        at_s=now_s,
        cpu_percent=None,
        n_cores=n_cores(),
        total_bytes=None,
        used_bytes=None,
        page_bytes=None,
        engine_bytes=None,
        disk_free_bytes=None,
    )
    return Snapshot(devices=(), gpu_state="none", host=host, history=(), device_history={})
