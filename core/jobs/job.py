"""What was asked for, and how far it is: plain values that the store keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from core.memory.ladder import Origin
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
        model: Name of one of its models; empty for the first that can be loaded.
        language: ISO 639-1 to force it; None to detect it per segment.
        settings: Knob name to value; what is missing has the card's default.
        seed: Decides everything random.
    """

    text: str
    voice_id: str
    engine: str = "builtin"
    model: str = ""
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
        model: Name of one of its models; empty for the first that can be loaded.
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
        origin: With what it was made; None where not known, and of silence.
        verdict: What the engine's own check had to say of its sound; empty: all is well.
    """

    index: int
    key: str
    seconds: float
    wall_s: float
    peak_bytes: int | None
    note: str | None = None
    origin: Origin | None = None
    verdict: str = ""


def remarks(done: Sequence[DoneSegment]) -> tuple[str, ...]:
    """What a person should know of finished segments, one sentence each; most have none."""
    said = [
        f"Segment {each.index + 1}: {each.note or each.verdict}"
        for each in done
        if each.note or each.verdict
    ]
    otherwise: dict[str, list[int]] = {}
    for each in done:
        if each.origin is not None and each.origin.instead_of is not None:
            how = f"{each.origin.in_words()} instead of {each.origin.instead_of}"
            otherwise.setdefault(how, []).append(each.index + 1)
    for how, numbers in otherwise.items():
        which = (
            f"Segment {numbers[0]} was" if len(numbers) == 1 else f"Segments {_list(numbers)} were"
        )
        said.append(
            f"{which} made in {how}, because memory was short: made again with more of it, "
            "the same seed may sound a little different."
        )
    return tuple(said)


def _list(numbers: Sequence[int]) -> str:
    """`3 to 5, 8`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
