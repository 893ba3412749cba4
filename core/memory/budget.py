"""How many bytes may be used: what is free, less a reserve, within the person's cap."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from core.memory.moments import Kind, MemoryEvent, in_words

MIB = 1 << 20

FRACTION = 0.95
"""Share of the whole that is ever used; the last bytes of a card cannot be had in one piece."""

RESERVE_LINUX_BYTES = 400 * MIB
RESERVE_WINDOWS_BYTES = 600 * MIB
"""Windows spills into shared memory before it refuses, which is slower than any smaller batch."""
RESERVE_WSL_SHARE = 0.10
"""Of the whole: two systems share the card, and neither sees what the other needs."""
RESERVE_HOST_BYTES = 256 * MIB

STEADY_READS = 3
"""Readings in a row that must all be higher before the budget grows."""
TOLD_SHARE = 0.05
"""Changes smaller than this share of the budget are nobody's news."""


class System(StrEnum):
    """Whose memory management it is."""

    LINUX = "linux"
    WINDOWS = "windows"
    WSL = "wsl"
    DARWIN = "darwin"


@dataclass(frozen=True, kw_only=True)
class Room:
    """One device's memory, or the machine's, at one moment.

    Args:
        total_bytes: All there is; in a container, its limit.
        free_bytes: Not in use by anybody.
        reserved_by_us_bytes: Held by our allocator, in use or not: it is ours to use again.
        is_host: The machine's memory and not a card's.
        system: Whose memory management it is.
    """

    total_bytes: int
    free_bytes: int
    reserved_by_us_bytes: int
    is_host: bool
    system: System


def reserve_bytes(room: Room) -> int:
    """What is left to the driver, to the screen and to everybody else."""
    if room.is_host:
        return RESERVE_HOST_BYTES
    if room.system is System.WSL:
        return int(RESERVE_WSL_SHARE * room.total_bytes)
    return RESERVE_WINDOWS_BYTES if room.system is System.WINDOWS else RESERVE_LINUX_BYTES


def budget_bytes(room: Room, *, cap_bytes: int | None, fraction: float = FRACTION) -> int:
    """What our allocator may hold, all together and at its peak; never negative.

    The reserve comes off a cap on a card too: the driver's own context counts as ours in every
    other program's eyes, and no allocator sees it. On a host all that we take is seen.

    Args:
        room: What there is now.
        cap_bytes: "Use at most this much"; None without.
        fraction: Share of the whole that is ever used.
    """
    limits = [int(fraction * room.total_bytes), room.free_bytes + room.reserved_by_us_bytes]
    if cap_bytes is not None and not room.is_host:
        limits.append(cap_bytes)
    budget = min(limits) - reserve_bytes(room)
    if room.is_host:
        # What runs, runs: on a host that others filled there is nothing to be won by stopping.
        budget = max(budget, room.reserved_by_us_bytes)
        budget = budget if cap_bytes is None else min(budget, cap_bytes)
    return max(0, budget)


class BudgetGate:
    """A budget that follows the machine: down at once, up when it stays up. For one thread.

    Args:
        cap_bytes: The person's cap; None without. May be set anew at any time.
        fraction: Share of the whole that is ever used.
        sink: Told when the budget changed by more than a little.
        clock: Monotonic seconds, for the events.
    """

    def __init__(
        self,
        *,
        cap_bytes: int | None = None,
        fraction: float = FRACTION,
        sink: Callable[[MemoryEvent], None] | None = None,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.cap_bytes = cap_bytes
        self._fraction = fraction
        self._sink = sink
        self._clock = clock
        self._budget: int | None = None
        self._told = 0
        self._higher: deque[int] = deque(maxlen=STEADY_READS)

    @property
    def budget_bytes(self) -> int | None:
        """The last answer of `follow`; None before the first."""
        return self._budget

    def follow(self, room: Room) -> int:
        """The budget (bytes), now that this was read."""
        read = budget_bytes(room, cap_bytes=self.cap_bytes, fraction=self._fraction)
        if self._budget is None:
            self._budget = self._told = read
        elif read <= self._budget:
            self._higher.clear()
            self._change(read, room)
        else:
            self._higher.append(read)
            if len(self._higher) == STEADY_READS:
                self._change(min(self._higher), room)
                self._higher.clear()
        return self._budget

    def _change(self, budget: int, room: Room) -> None:
        self._budget = budget
        if self._sink is None or abs(budget - self._told) <= TOLD_SHARE * self._told:
            return
        before, self._told = self._told, budget
        is_less = budget < before
        why = "less memory is free" if is_less else "more memory is free again"
        self._sink(
            MemoryEvent(
                kind=Kind.SHRINK if is_less else Kind.RESTORE,
                at_s=self._clock(),
                free_bytes=room.free_bytes,
                before=in_words(before),
                after=in_words(budget),
                text=f"{why}: up to {in_words(budget)} are used, {in_words(before)} before",
            )
        )
