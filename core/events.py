"""What happens in a job, as plain values, and the board they are pinned to.

An event announces what the store already holds: somebody who missed it loses nothing.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, kw_only=True)
class JobEvent:
    """
    Args:
        job_id: Whose event it is.
    """

    job_id: str


@dataclass(frozen=True, kw_only=True)
class JobQueued(JobEvent):
    """Accepted and stored.

    Args:
        n_ahead: Jobs that run before it.
    """

    n_ahead: int


@dataclass(frozen=True, kw_only=True)
class EngineLoading(JobEvent):
    """The engine process starts or loads weights."""

    engine: str


@dataclass(frozen=True, kw_only=True)
class JobStarted(JobEvent):
    """The first segment is being made.

    Args:
        n_segments: All of the plan.
        n_done: Those that were already in the store.
    """

    n_segments: int
    n_done: int


@dataclass(frozen=True, kw_only=True)
class SegmentReady(JobEvent):
    """A segment is in the store.

    Args:
        index: Place in the plan.
        key: Name of its file.
        seconds: Length of its sound (s).
        wall_s: Time it took to make (s).
        n_done: Finished segments, this one included.
        n_segments: All of the plan.
        left_s: Estimate of the time left (s); None before anything is known.
        note: As `DoneSegment.note`.
    """

    index: int
    key: str
    seconds: float
    wall_s: float
    n_done: int
    n_segments: int
    left_s: float | None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class EngineRestarted(JobEvent):
    """The engine process died and a new one goes on at the first missing segment.

    Args:
        reason: In plain words.
    """

    reason: str


@dataclass(frozen=True, kw_only=True)
class JobDone(JobEvent):
    """Every segment is in the store."""


@dataclass(frozen=True, kw_only=True)
class JobStopped(JobEvent):
    """Somebody pressed Stop; finished segments stay."""


@dataclass(frozen=True, kw_only=True)
class JobFailed(JobEvent):
    """It cannot go on; finished segments stay.

    Args:
        message: What happened, in the user's words.
        hint: One thing to try.
    """

    message: str
    hint: str


class Gap(Enum):
    """Instead of an event."""

    MISSED = "missed"
    """Events came faster than they were read and were thrown away: read the store again."""
    CLOSED = "closed"
    """No event will come any more: Timbre ends."""


class Line:
    """What one follower has not read yet; bounded, however slow the follower."""

    def __init__(self, n_max: int) -> None:
        self._n_max = n_max
        self._waiting: deque[JobEvent] = deque()
        self._gap: Gap | None = None
        self._changed = threading.Condition()

    def next(self) -> JobEvent | Gap:
        """Waits for it."""
        with self._changed:
            # In turns: on Windows Ctrl-C does not end a wait, but comes between two.
            while not self._changed.wait_for(
                lambda: self._waiting or self._gap is not None, timeout=1.0
            ):
                pass
            if self._gap is None:
                return self._waiting.popleft()
            gap = self._gap
            if gap is Gap.MISSED:
                self._gap = None
            return gap

    @property
    def is_closed(self) -> bool:
        return self._gap is Gap.CLOSED

    def put(self, event: JobEvent) -> None:
        with self._changed:
            if self._gap is None and len(self._waiting) < self._n_max:
                self._waiting.append(event)
            elif self._gap is None:
                self._waiting.clear()
                self._gap = Gap.MISSED
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._gap = Gap.CLOSED
            self._changed.notify_all()


class EventBoard:
    """Where events are pinned, and who follows which job. Safe to use from many threads.

    Args:
        n_max: Events that may wait for one follower before it has to read the store again.
    """

    def __init__(self, n_max: int = 256) -> None:
        self._n_max = n_max
        self._lock = threading.Lock()
        self._lines: dict[str, list[Line]] = {}
        self._is_closed = False

    @property
    def n_followers(self) -> int:
        with self._lock:
            return sum(len(lines) for lines in self._lines.values())

    def publish(self, event: JobEvent) -> None:
        """Tell everybody who follows the event's job; never waits for them."""
        with self._lock:
            for line in self._lines.get(event.job_id, ()):
                line.put(event)

    @contextlib.contextmanager
    def follow(self, job_id: str) -> Iterator[Line]:
        """The events of a job from now on, until the end of the block."""
        line = Line(self._n_max)
        with self._lock:
            if self._is_closed:
                line.close()
            self._lines.setdefault(job_id, []).append(line)
        try:
            yield line
        finally:
            with self._lock:
                self._lines[job_id].remove(line)
                if not self._lines[job_id]:
                    del self._lines[job_id]

    def close(self) -> None:
        """Wake every follower for the last time."""
        with self._lock:
            self._is_closed = True
            for lines in self._lines.values():
                for line in lines:
                    line.close()
