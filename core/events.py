"""What happens in a job, as plain values, and the board they are pinned to.

An event announces what the store already holds: somebody who missed it loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass


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
