"""What the memory guard did and why, as sentences a person understands, the last ones kept."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

KEPT = 200
"""Events that stay to be looked at."""


class Kind(StrEnum):
    """What sort of thing happened."""

    ADMIT = "admit"
    """A plan was accepted: this much is about to be used."""
    SHRINK = "shrink"
    """The room got smaller: others took memory."""
    OOM = "oom"
    """Something did not fit, whatever the plan said."""
    RUNG = "rung"
    """It goes on in a smaller way."""
    EVICT = "evict"
    """Something idle was given back."""
    CALIBRATE = "calibrate"
    """A prediction was corrected by what was measured."""
    LEAK = "leak"
    """Memory grows that should not."""
    RESTORE = "restore"
    """The room grew, or a smaller way is no longer needed."""


@dataclass(frozen=True, kw_only=True)
class MemoryEvent:
    """
    Args:
        kind: What sort of thing happened.
        at_s: Monotonic time of the process that told it (s).
        stage: Part of the engine it happened in, as `decode`; empty for the whole.
        needed_bytes: What it would have taken; None when not known.
        free_bytes: What there was; None when not known.
        before: How it ran, in two words, as `batch 8`; may be empty.
        after: How it runs now; may be empty.
        text: One sentence with the numbers.
        detail: The machine's own words, for the log; may be empty.
    """

    kind: Kind
    at_s: float
    text: str
    stage: str = ""
    needed_bytes: int | None = None
    free_bytes: int | None = None
    before: str = ""
    after: str = ""
    detail: str = ""


class Moments:
    """The last events, oldest first. Safe to use from many threads.

    Args:
        n_max: Events that are kept.
    """

    def __init__(self, n_max: int = KEPT) -> None:
        self._events: deque[MemoryEvent] = deque(maxlen=n_max)
        self._lock = threading.Lock()

    def add(self, event: MemoryEvent) -> None:
        with self._lock:
            self._events.append(event)

    def extend(self, events: Sequence[MemoryEvent]) -> None:
        with self._lock:
            self._events.extend(events)

    def last(self, n: int = KEPT) -> tuple[MemoryEvent, ...]:
        """The newest `n`, oldest first."""
        with self._lock:
            events = tuple(self._events)
        return events[max(0, len(events) - n) :]

    def take(self) -> tuple[MemoryEvent, ...]:
        """All of them, oldest first; afterwards there are none."""
        with self._lock:
            events = tuple(self._events)
            self._events.clear()
        return events


def in_words(n_bytes: int) -> str:
    """A number of bytes as the panel writes it: `12 GB`, `1.9 GB`, `340 MB`, `0.4 MB`.

    1 GB is 2^30 bytes here, as drivers and the boxes of cards count memory.
    """
    mib = n_bytes / (1 << 20)
    if mib < 1000:
        return f"{mib:.0f} MB" if mib >= 9.95 or n_bytes == 0 else f"{mib:.1f} MB"
    gib = mib / 1024
    return f"{gib:.1f} GB" if gib < 9.95 else f"{gib:.0f} GB"


def shortfall(needed_bytes: int | None, free_bytes: int | None) -> str:
    """`needed 1.9 GB, 1.4 GB free`, or as much of it as is known."""
    needed = "" if needed_bytes is None else f"needed {in_words(needed_bytes)}"
    free = "" if free_bytes is None else f"{in_words(free_bytes)} free"
    return ", ".join(part for part in (needed, free) if part) or "did not fit"
