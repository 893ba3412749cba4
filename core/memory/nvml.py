"""What NVIDIA's management library says of the cards; the only module that imports it.

Everything is asked through one function that answers None instead of raising. A laptop without
a card, a driver that is being updated, a card that fell off the bus and a metric that this card
does not have are all ordinary here.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import pynvml

from core.memory.backoff import Backoff
from core.memory.readings import DeviceReading, Throttle

RETRY_LIBRARY_S = 60.0
"""A missing driver is looked for once a minute: loading a library is no work for every tick."""

RETRY_CARD_S = (5.0, 60.0)
"""First and longest wait before a card that was there and does not answer is looked for."""

RETRY_METRIC_S = (2.0, 60.0)
"""First and longest wait of a metric that fails: one that this card lacks costs next to nothing."""

_MOST_BYTES = 2**46
"""64 TiB: no card has it, and the library's "not available" (2^64 - 1) lies far above."""

_FASTEST_MHZ = 20_000

_THROTTLES = (
    (0x04, Throttle.POWER),
    (0x20 | 0x40, Throttle.HEAT),
    (0x08 | 0x80, Throttle.HARDWARE),
    (0x10, Throttle.SYNC),
)
"""Bits of nvml.h: software power cap; software and hardware thermal slowdown; hardware slowdown
and power brake; sync boost. An idle card and clocks that somebody set are no throttling."""
_MOST_REASONS = 0xFFFF
"""nvml.h knows nine bits; a mask far above is the library's "not available"."""

_INITIAL_PID_NAMESPACE = "pid:[4026531836]"
"""Linux gives the machine's own process namespace this fixed number (include/linux/proc_ns.h)."""


class Library(Protocol):
    """The part of `pynvml` that is used; its functions are looked up by name when called."""

    NVMLError: type[Exception]

    def nvmlInit(self) -> None: ...


class ReadsDevices(Protocol):
    """What the monitor asks for cards; `Nvml` is one."""

    @property
    def state(self) -> str: ...

    def read(self, pids: frozenset[int]) -> tuple[DeviceReading, ...]: ...

    def close(self) -> None: ...


@dataclass(eq=False)
class _Card:
    """A card that was found: its handle lives until the library is shut down."""

    handle: Any
    uuid: str
    name: str
    patience: dict[str, Backoff] = field(default_factory=dict)


def sees_host_pids() -> bool:
    """Whether process ids here are those that the driver reports; in a container they are not."""
    if not sys.platform.startswith("linux"):
        return True
    try:
        return os.readlink("/proc/self/ns/pid") == _INITIAL_PID_NAMESPACE
    except OSError:
        return False


class Nvml:
    """Reads every NVIDIA card. For one thread at a time.

    Args:
        library: `pynvml`, or something that behaves like it.
        clock: Monotonic seconds.
        knows_pids: Whether our process ids mean something to the driver.
    """

    def __init__(
        self,
        library: Library = pynvml,
        *,
        clock: Callable[[], float] = time.monotonic,
        knows_pids: Callable[[], bool] = sees_host_pids,
    ) -> None:
        self._library = library
        self._clock = clock
        self._knows_pids = knows_pids()
        self._patience = Backoff(first_s=RETRY_LIBRARY_S, longest_s=RETRY_LIBRARY_S)
        self._cards: list[_Card] = []
        self._known: set[str] = set()
        self._answering: set[str] = set()
        self._is_open = False
        self._saw_gone = False

    @property
    def state(self) -> str:
        """`ok`, `none` (no driver or no card so far), `lost` (was there, does not answer)."""
        if not self._known:
            return "none"
        return "ok" if self._known <= self._answering else "lost"

    def read(self, pids: frozenset[int]) -> tuple[DeviceReading, ...]:
        """Every card that answers now.

        Args:
            pids: Processes of ours, whose memory is `ours_bytes`.
        """
        now_s = self._clock()
        is_tried = self.state != "ok" and self._patience.is_due(now_s)
        if is_tried:
            self.close()
            self._open()
        was_ok = self.state == "ok"
        readings = tuple(
            reading
            for card in self._cards
            if (reading := self._reading(card, pids, now_s)) is not None
        )
        self._answering = {reading.uuid for reading in readings}
        # The handle of a card that is gone never answers again: it needs a new opening.
        self._cards = [card for card in self._cards if card.uuid in self._answering]
        if self.state == "ok":
            self._patience.worked()
        elif is_tried or was_ok:
            self._patience.failed(now_s)
        return readings

    def close(self) -> None:
        """Let go of the library; a later `read` opens it again."""
        if self._is_open:
            self._ask("nvmlShutdown")
        self._is_open = False
        self._answering = set()
        self._cards = []

    def _open(self) -> None:
        self._is_open = self._ask("nvmlInit", answer=True) is not None
        count = _whole(self._ask("nvmlDeviceGetCount"), 0, 4096) if self._is_open else None
        for index in range(count or 0):
            handle = self._ask("nvmlDeviceGetHandleByIndex", index)
            uuid = None if handle is None else self._ask("nvmlDeviceGetUUID", handle)
            if isinstance(uuid, str) and uuid:
                name = self._ask("nvmlDeviceGetName", handle)
                is_named = isinstance(name, str) and bool(name)
                self._cards.append(_Card(handle, uuid, name if is_named else "NVIDIA GPU"))
        if self._cards and not self._known:
            self._patience = Backoff(first_s=RETRY_CARD_S[0], longest_s=RETRY_CARD_S[1])
        self._known |= {card.uuid for card in self._cards}

    def _ask(self, function: str, *args: object, answer: object = None) -> Any:
        """Call the library: its answer, or None for every way in which it can fail.

        Args:
            function: Its name in the library; one that this version lacks counts as a failure.
            args: Passed on.
            answer: What stands for success where the function itself returns nothing.
        """
        try:
            value = getattr(self._library, function)(*args)
        except self._library.NVMLError as error:
            self._saw_gone |= getattr(error, "value", None) in _GONE
            return None
        except (OSError, ValueError, AttributeError, TypeError, ctypes.ArgumentError):
            # A library that does not load, a name that is not UTF-8, a function that is not there.
            return None
        return answer if value is None else value

    def _metric(self, card: _Card, name: str, now_s: float, read: Callable[[], Any]) -> Any:
        """One metric of one card, asked with patience: it comes back by itself."""
        patience = card.patience.setdefault(
            name, Backoff(first_s=RETRY_METRIC_S[0], longest_s=RETRY_METRIC_S[1])
        )
        if not patience.is_due(now_s):
            return None
        value = read()
        if value is None:
            patience.failed(now_s)
        else:
            patience.worked()
        return value

    def _reading(self, card: _Card, pids: frozenset[int], now_s: float) -> DeviceReading | None:
        self._saw_gone = False

        def metric(name: str, read: Callable[[], Any]) -> Any:
            return self._metric(card, name, now_s, read)

        total_bytes, used_bytes = metric("memory", lambda: self._memory(card)) or (None, None)
        reading = DeviceReading(
            at_s=now_s,
            uuid=card.uuid,
            name=card.name,
            total_bytes=total_bytes,
            used_bytes=used_bytes,
            ours_bytes=metric("processes", lambda: self._ours(card, pids)),
            busy_percent=metric("busy", lambda: self._busy(card)),
            watts=metric("power", lambda: self._watts(card, "nvmlDeviceGetPowerUsage")),
            limit_watts=metric("limit", lambda: self._limit(card)),
            celsius=metric("temperature", lambda: self._celsius(card)),
            clock_mhz=metric("clock", lambda: self._clock_mhz(card, "nvmlDeviceGetClockInfo")),
            top_clock_mhz=metric(
                "top clock", lambda: self._clock_mhz(card, "nvmlDeviceGetMaxClockInfo")
            ),
            throttles=metric("throttles", lambda: self._throttles(card)),
        )
        return None if self._saw_gone else reading

    def _memory(self, card: _Card) -> tuple[int, int] | None:
        """Total and used bytes; the second form leaves out what the driver keeps for itself."""
        version = getattr(self._library, "nvmlMemory_v2", None)
        for args in ((card.handle, version), (card.handle,)):
            answer = self._ask("nvmlDeviceGetMemoryInfo", *args)
            total = _whole(getattr(answer, "total", None), 1, _MOST_BYTES)
            used = _whole(getattr(answer, "used", None), 0, total or 0)
            if total is not None and used is not None:
                return total, used
        return None

    def _ours(self, card: _Card, pids: frozenset[int]) -> int | None:
        """Bytes of our processes: not known under Windows' own driver model or in a container."""
        running = self._ask("nvmlDeviceGetComputeRunningProcesses", card.handle)
        if not isinstance(running, list):
            return None
        ours = [entry for entry in running if getattr(entry, "pid", None) in pids]
        if not ours:
            return 0 if self._knows_pids else None
        sizes = [_whole(getattr(entry, "usedGpuMemory", None), 0, _MOST_BYTES) for entry in ours]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None

    def _busy(self, card: _Card) -> float | None:
        answer = self._ask("nvmlDeviceGetUtilizationRates", card.handle)
        return _number(getattr(answer, "gpu", None), 0, 100)

    def _watts(self, card: _Card, function: str) -> float | None:
        milliwatts = _number(self._ask(function, card.handle), 0, 10_000_000)
        return None if milliwatts is None else milliwatts / 1000

    def _limit(self, card: _Card) -> float | None:
        enforced = self._watts(card, "nvmlDeviceGetEnforcedPowerLimit")
        return enforced or self._watts(card, "nvmlDeviceGetPowerManagementLimit")

    def _celsius(self, card: _Card) -> float | None:
        sensor = getattr(self._library, "NVML_TEMPERATURE_GPU", 0)
        for function in ("nvmlDeviceGetTemperatureV", "nvmlDeviceGetTemperature"):
            celsius = _number(self._ask(function, card.handle, sensor), -60, 200)
            if celsius is not None:
                return celsius
        return None

    def _clock_mhz(self, card: _Card, function: str) -> float | None:
        domain = getattr(self._library, "NVML_CLOCK_SM", 1)
        return _number(self._ask(function, card.handle, domain), 0, _FASTEST_MHZ)

    def _throttles(self, card: _Card) -> tuple[Throttle, ...] | None:
        """The driver renamed its question in version 535; older ones know the first name only."""
        for function in (
            "nvmlDeviceGetCurrentClocksEventReasons",
            "nvmlDeviceGetCurrentClocksThrottleReasons",
        ):
            mask = _whole(self._ask(function, card.handle), 0, _MOST_REASONS)
            if mask is not None:
                return tuple(throttle for bits, throttle in _THROTTLES if mask & bits)
        return None


_GONE = frozenset(
    {
        pynvml.NVML_ERROR_UNINITIALIZED,
        pynvml.NVML_ERROR_DRIVER_NOT_LOADED,
        pynvml.NVML_ERROR_GPU_IS_LOST,
        pynvml.NVML_ERROR_RESET_REQUIRED,
        pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH,
        pynvml.NVML_ERROR_GPU_NOT_FOUND,
    }
)
"""After these no handle answers again: the library has to be opened anew."""


def _number(value: object, low: float, high: float) -> float | None:
    """The value as a number when it can be true, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        return None
    return float(value)


def _whole(value: object, low: int, high: int) -> int | None:
    """The value as a count when it can be true, else None."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        return None
    return value
