"""What the sampler reads, as plain values. None means: not known; never a made-up number."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Throttle(StrEnum):
    """Why a card runs slower than it could, as its driver says."""

    POWER = "power"
    """It draws all the power that it may."""
    HEAT = "heat"
    """It is too hot."""
    HARDWARE = "hardware"
    """A protection of the board slows it: heat, power supply or its cable."""
    SYNC = "sync"
    """It waits for the clocks of other cards in its group."""


@dataclass(frozen=True, kw_only=True)
class DeviceReading:
    """One NVIDIA GPU at one moment.

    Args:
        at_s: Monotonic time (s).
        uuid: As NVML gives it; devices are matched by it, never by index.
        name: Product name.
        total_bytes: Memory of the card.
        used_bytes: Memory in use by everybody.
        ours_bytes: Memory in use by Timbre's own processes.
        busy_percent: Share of the last window in which a kernel ran, 0 to 100.
        watts: Power drawn.
        limit_watts: Power allowed.
        celsius: Temperature of the chip.
        clock_mhz: Clock of the streaming multiprocessors.
        top_clock_mhz: The highest that this card reaches.
        throttles: Why it is slower than it could be; empty when nothing holds it back.
    """

    at_s: float
    uuid: str
    name: str
    total_bytes: int | None
    used_bytes: int | None
    ours_bytes: int | None
    busy_percent: float | None
    watts: float | None
    limit_watts: float | None
    celsius: float | None
    clock_mhz: float | None = None
    top_clock_mhz: float | None = None
    throttles: tuple[Throttle, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class HostReading:
    """The machine at one moment.

    Args:
        at_s: Monotonic time (s).
        cpu_percent: All cores together, 0 to 100.
        n_cores: Logical cores that this process may use.
        total_bytes: Memory that this process may use (the cgroup's limit where there is one).
        used_bytes: Of it, in use by everybody.
        page_bytes: Resident memory of the page process.
        engine_bytes: Resident memory of the engine process; None while there is none.
        disk_free_bytes: Free on the disk that holds Timbre's data.
    """

    at_s: float
    cpu_percent: float | None
    n_cores: int
    total_bytes: int | None
    used_bytes: int | None
    page_bytes: int | None
    engine_bytes: int | None
    disk_free_bytes: int | None


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What the panel draws.

    Args:
        devices: NVIDIA GPUs; empty without one.
        gpu_state: `ok`, `none` (no driver or no card), `lost` (was there, does not answer).
        host: The machine.
        history: Earlier readings of the host, oldest first, bounded.
        device_history: Earlier readings of each device by uuid, oldest first, bounded.
        lost: Names of the devices that answered once and do not now.
    """

    devices: tuple[DeviceReading, ...]
    gpu_state: str
    host: HostReading
    history: tuple[HostReading, ...]
    device_history: dict[str, tuple[DeviceReading, ...]]
    lost: tuple[str, ...] = ()
