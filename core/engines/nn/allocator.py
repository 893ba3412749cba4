"""The memory of one torch device, as the guard asks for it (`core.memory.allocator.Allocator`).

The only place that empties torch's cache or limits what the process may hold. The branches for
CUDA and MPS follow torch's documentation; `pytest -m gpu` runs the former where there is a card.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from core.engines.nn.ledger import Ledger, active_ledger
from core.memory.allocator import Allocator
from core.memory.budget import Room, System
from core.memory.host import Host
from core.memory.readings import HostReading

if sys.platform != "win32":
    import resource


def allocator_for(
    device: torch.device | str,
    *,
    ledger: Ledger | None = None,
    read_host: Callable[[], HostReading] | None = None,
) -> Allocator:
    """The allocator of a device.

    Args:
        device: `cpu`, `cuda`, `cuda:1`, `mps`.
        ledger: Stands for the memory of the host where given (an emulated card, a test); else
            the one that the calling thread is inside of, if any.
        read_host: Reads the machine; default psutil by way of `core.memory.host`.
    """
    device = torch.device(device)
    if device.type == "cuda":
        return CudaAllocator(device)
    read_host = Host(Path()).read if read_host is None else read_host
    if device.type == "mps":
        return MpsAllocator(read_host)
    return HostAllocator(read_host, ledger)


class CudaAllocator:
    """A CUDA or ROCm card, by torch's caching allocator.

    Args:
        device: `cuda` or `cuda:1`.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def live_bytes(self) -> int:
        return torch.cuda.memory_allocated(self._device)

    def reserved_bytes(self) -> int:
        return torch.cuda.memory_reserved(self._device)

    def peak_bytes(self) -> int:
        return torch.cuda.max_memory_allocated(self._device)

    def reset_peak(self) -> None:
        torch.cuda.reset_peak_memory_stats(self._device)

    def release(self) -> None:
        # A block is given back only once its kernels have run.
        torch.cuda.synchronize(self._device)
        with torch.cuda.device(self._device):
            torch.cuda.empty_cache()  # noqa: TID251 - this is the one place

    def room(self) -> Room:
        free_bytes, total_bytes = torch.cuda.mem_get_info(self._device)
        return Room(
            total_bytes=total_bytes,
            free_bytes=free_bytes,
            reserved_by_us_bytes=self.reserved_bytes(),
            is_host=False,
            system=this_system(),
        )

    def limit(self, n_bytes: int | None) -> None:
        """Torch raises above it before the driver is asked, so neighbours keep their part."""
        share = 1.0
        if n_bytes is not None:
            _, total_bytes = torch.cuda.mem_get_info(self._device)
            share = min(1.0, max(0.0, n_bytes / total_bytes))
        torch.cuda.set_per_process_memory_fraction(share, self._device)


class MpsAllocator:
    """Apple's GPU, which shares the machine's memory; torch keeps no peak, so readings do.

    Args:
        read_host: Reads the machine.
    """

    def __init__(self, read_host: Callable[[], HostReading]) -> None:
        self._read_host = read_host
        self._seen_bytes = 0

    def live_bytes(self) -> int:
        live_bytes = torch.mps.current_allocated_memory()
        self._seen_bytes = max(self._seen_bytes, live_bytes)
        return live_bytes

    def reserved_bytes(self) -> int:
        return torch.mps.driver_allocated_memory()

    def peak_bytes(self) -> int:
        """Highest of the readings since `reset_peak`: what is between two of them is not seen."""
        self.live_bytes()
        return self._seen_bytes

    def reset_peak(self) -> None:
        self._seen_bytes = 0

    def release(self) -> None:
        torch.mps.synchronize()
        torch.mps.empty_cache()

    def room(self) -> Room:
        total_bytes = torch.mps.recommended_max_memory()
        reserved_bytes = self.reserved_bytes()
        return Room(
            total_bytes=total_bytes,
            free_bytes=min(max(0, total_bytes - reserved_bytes), _free_bytes(self._read_host())),
            reserved_by_us_bytes=reserved_bytes,
            is_host=True,
            system=this_system(),
        )

    def limit(self, n_bytes: int | None) -> None:
        total_bytes = torch.mps.recommended_max_memory()
        share = 1.0 if n_bytes is None else min(1.0, max(0.0, n_bytes / total_bytes))
        torch.mps.set_per_process_memory_fraction(share)


class HostAllocator:
    """The machine's memory: counted by a ledger where there is one, else read from the system.

    Without a ledger `live_bytes` is this process's resident memory, which the C library gives
    back late and in part, and a limit is told in `room` but enforced by nobody.

    Args:
        read_host: Reads the machine.
        ledger: None: the one that the calling thread is inside of, if any.
        read_address_space: See `address_space`.
    """

    def __init__(
        self,
        read_host: Callable[[], HostReading],
        ledger: Ledger | None = None,
        *,
        read_address_space: Callable[[], tuple[int, int] | None] | None = None,
    ) -> None:
        self._read_host = read_host
        self._read_address_space = read_address_space or address_space
        self._given_ledger = ledger
        self._seen_bytes = 0

    @property
    def _ledger(self) -> Ledger | None:
        return self._given_ledger or active_ledger()

    def live_bytes(self) -> int:
        if self._ledger is not None:
            return self._ledger.live_bytes
        live_bytes = self._read_host().page_bytes or 0
        self._seen_bytes = max(self._seen_bytes, live_bytes)
        return live_bytes

    def reserved_bytes(self) -> int:
        return self.live_bytes()

    def peak_bytes(self) -> int:
        """Exact with a ledger; else the highest of the readings since `reset_peak`."""
        if self._ledger is not None:
            return self._ledger.peak_bytes
        self.live_bytes()
        return self._seen_bytes

    def reset_peak(self) -> None:
        self._seen_bytes = 0
        if self._ledger is not None:
            self._ledger.reset_peak()

    def release(self) -> None:
        """Nothing is held back: torch frees to the C library at once."""

    def room(self) -> Room:
        ledger = self._ledger
        live_bytes = self.live_bytes()
        if ledger is not None and ledger.cap_bytes is not None:
            # An emulated card: its memory is the cap, and nobody else is on it.
            total_bytes, free_bytes = ledger.cap_bytes, max(0, ledger.cap_bytes - live_bytes)
        else:
            reading = self._read_host()
            total_bytes, free_bytes = reading.total_bytes or 0, _free_bytes(reading)
            address_space = self._read_address_space()
            if address_space is not None:
                most_bytes, mapped_bytes = address_space
                total_bytes = min(total_bytes, most_bytes)
                free_bytes = min(free_bytes, max(0, most_bytes - mapped_bytes))
        return Room(
            total_bytes=total_bytes,
            free_bytes=free_bytes,
            reserved_by_us_bytes=live_bytes,
            is_host=True,
            system=this_system(),
        )

    def limit(self, n_bytes: int | None) -> None:
        # What there is stays what there is: a budget made of its own limit would shrink every time.
        if self._ledger is not None:
            self._ledger.limit_bytes = n_bytes


def address_space() -> tuple[int, int] | None:
    """What this process may map and has mapped (bytes), on Linux under `RLIMIT_AS`; else None."""
    if sys.platform != "linux":
        return None
    most_bytes, _ = resource.getrlimit(resource.RLIMIT_AS)
    if most_bytes == resource.RLIM_INFINITY:
        return None
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return most_bytes, pages * resource.getpagesize()


def this_system(
    platform_name: str = sys.platform, release: Callable[[], str] = platform.release
) -> System:
    """Whose memory management this process lives under."""
    if platform_name == "win32":
        return System.WINDOWS
    if platform_name == "darwin":
        return System.DARWIN
    return System.WSL if "microsoft" in release().lower() else System.LINUX


def _free_bytes(reading: HostReading) -> int:
    """0 where the system does not tell: then nothing is planned on it."""
    if reading.total_bytes is None or reading.used_bytes is None:
        return 0
    return max(0, reading.total_bytes - reading.used_bytes)
