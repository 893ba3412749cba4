"""A device for tests: counts bytes, has a cap, and fails when it is told to."""

from __future__ import annotations

import weakref
from collections.abc import Iterator

import numpy as np

from core.memory.budget import Room, System
from core.memory.guard import Way

ITEM_BYTES = {"fp32": 4, "fp16": 2}
WEIGHTS_BYTES = 1000


class OutOfMemoryError(RuntimeError):
    """Named as torch's."""


class Block:
    """Some memory; given back when nothing holds it any more."""


class Ledger:
    """An allocator whose device is a number.

    Args:
        cap: Bytes of the device.
        fail_at: The n-th allocation (from 1) fails, whatever is free; and `n_failures` - 1 more.
    """

    def __init__(self, cap: int = 1 << 40, *, fail_at: int = 0, n_failures: int = 1) -> None:
        self.cap = cap
        self.taken_by_others = 0
        self.live = self.peak = 0
        self.n_taken = self.n_released = 0
        self.fail_at, self.n_failures = fail_at, n_failures
        self.limits: list[int | None] = []
        self.hoard = 0

    def take(self, n_bytes: int) -> Block:
        self.n_taken += 1
        is_told = self.fail_at and self.fail_at <= self.n_taken < self.fail_at + self.n_failures
        if is_told or self.live + n_bytes > self.cap - self.taken_by_others:
            raise OutOfMemoryError("CUDA out of memory.")
        block = Block()
        self.live += n_bytes
        self.peak = max(self.peak, self.live)
        weakref.finalize(block, self._give, n_bytes)
        return block

    def _give(self, n_bytes: int) -> None:
        self.live -= n_bytes

    def live_bytes(self) -> int:
        return self.live

    def reserved_bytes(self) -> int:
        return self.live + self.hoard

    def peak_bytes(self) -> int:
        return self.peak

    def reset_peak(self) -> None:
        self.peak = self.live

    def release(self) -> None:
        self.n_released += 1
        self.hoard = 0

    def room(self) -> Room:
        return Room(
            total_bytes=self.cap,
            free_bytes=max(0, self.cap - self.taken_by_others - self.live),
            reserved_by_us_bytes=self.live,
            is_host=False,
            system=System.LINUX,
        )

    def limit(self, n_bytes: int | None) -> None:
        self.limits.append(n_bytes)


class Speaker:
    """A small engine on a ledger: steps over rows, then decodes each row in chunks.

    What it says depends on the item alone, so any two ways must say the same.
    """

    def __init__(self, ledger: Ledger, *, n_steps: int = 3, frames: int = 32) -> None:
        self.ledger, self.n_steps, self.frames = ledger, n_steps, frames
        self.weights = ledger.take(WEIGHTS_BYTES)
        self.ways: list[Way] = []
        self.made: list[int] = []

    def take(self, way: Way, n_numbers: int) -> Block | None:
        return None if way.device == "cpu" else self.ledger.take(n_numbers * ITEM_BYTES[way.dtype])

    def speak(self, way: Way, items: tuple[int, ...]) -> Iterator[tuple[int, bytes]]:
        self.ways.append(way)
        assert len(items) <= way.batch
        keys = [self.take(way, 100) for _ in items]
        for _ in range(self.n_steps):
            held = self.take(way, 10 * len(items))
            assert held is not None or way.device == "cpu"
        for item in items:
            sound = []
            for start in range(0, self.frames, way.decode_chunk):
                chunk = self.take(way, 10 * way.decode_chunk)
                stop = min(start + way.decode_chunk, self.frames)
                sound.append(np.arange(start, stop, dtype=np.int64) * (item + 1))
                del chunk
            keys.pop()
            self.made.append(item)
            yield item, np.concatenate(sound).tobytes()


def needs(way: Way) -> int:
    """The most that a `Speaker` has in use, weights included (bytes)."""
    if way.device == "cpu":
        return WEIGHTS_BYTES
    steps = 20 * way.batch
    return WEIGHTS_BYTES + ITEM_BYTES[way.dtype] * (
        100 * way.batch + max(steps, 10 * way.batch + 10 * way.decode_chunk)
    )
