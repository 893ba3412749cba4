"""What was asked for, and how far it is: plain values that the store keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.text.plan import TextPlan


class JobState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        return self in (JobState.STOPPED, JobState.DONE, JobState.FAILED)


@dataclass(frozen=True, kw_only=True)
class SpeakRequest:
    """What a person asks for.

    Args:
        text: As typed; cleaning and splitting happen in the plan.
        voice_id: A voice of the library.
        engine: Name of an engine's card.
        language: ISO 639-1 to force it; None to detect it per segment.
        settings: Knob name to value; what is missing has the card's default.
        seed: Decides everything random.
    """

    text: str
    voice_id: str
    engine: str = "builtin"
    language: str | None = None
    settings: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Job:
    """A request with its plan.

    Args:
        id: Opaque (uuid4 hex).
        request: As it was made.
        plan: The segments.
        keys: One per segment: hash of all that decides its sound. A finished segment is the
            file of its key.
        seeds: One per segment, derived from the request's.
        state: Where it is.
        error: Sentence for the person when it failed, else None.
        made_at: Unix time (s).
    """

    id: str
    request: SpeakRequest
    plan: TextPlan
    keys: tuple[str, ...]
    seeds: tuple[int, ...]
    state: JobState
    error: str | None
    made_at: float


@dataclass(frozen=True, kw_only=True)
class JobSummary:
    """A job as a line in a list: cheap to read, however long its text is.

    Args:
        id: As `Job.id`.
        state: As `Job.state`.
        title: First words of the text, on one line.
        n_segments: All of the plan.
        n_done: Finished segments.
        voice_id: The voice that was asked for; it may be gone by now.
        engine: Name of an engine's card.
        error: As `Job.error`.
        made_at: Unix time (s).
    """

    id: str
    state: JobState
    title: str
    n_segments: int
    n_done: int
    voice_id: str
    engine: str
    error: str | None
    made_at: float


@dataclass(frozen=True, kw_only=True)
class DoneSegment:
    """One finished segment of a job.

    Args:
        index: Place in the plan.
        key: Its file is `segments/<key>.flac` in the job's folder.
        seconds: Length of its sound (s), without the pause after it.
        wall_s: Time it took to make (s).
        peak_bytes: Highest memory of the engine process so far; None where not known.
        note: None, or why it is silence: nothing to say, or set aside after failing.
    """

    index: int
    key: str
    seconds: float
    wall_s: float
    peak_bytes: int | None
    note: str | None = None
