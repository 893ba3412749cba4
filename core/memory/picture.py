"""What the memory panel draws beyond the sampler's snapshot, as plain values. None: not known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.memory.moments import MemoryEvent


class Verdict(StrEnum):
    """Whether memory grows from segment to segment."""

    STEADY = "steady"
    GROWING = "growing"
    UNKNOWN = "unknown"
    """Too few segments to say."""


@dataclass(frozen=True, kw_only=True)
class Split:
    """What the engine's memory is used for.

    Args:
        weights_bytes: The loaded model.
        kv_bytes: Keys and values of the tokens so far.
        activation_bytes: Everything else that is alive.
        cache_bytes: Held back by the allocator, ready to be used again.
        ours_bytes: All of it together.
    """

    weights_bytes: int | None = None
    kv_bytes: int | None = None
    activation_bytes: int | None = None
    cache_bytes: int | None = None
    ours_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Running:
    """What the engine is doing.

    Args:
        batch: Utterances said at once; None while nothing runs.
        segment: Place in the text of the one being made, from 0.
        n_segments: All of the text.
        audio_s_per_s: Seconds of sound made per second.
        queue: Jobs that wait.
        predicted_bytes: Peak that the plan foresees for this batch.
        peak_bytes: Highest so far.
        budget_bytes: What may be used.
    """

    batch: int | None = None
    segment: int | None = None
    n_segments: int | None = None
    audio_s_per_s: float | None = None
    queue: int = 0
    predicted_bytes: int | None = None
    peak_bytes: int | None = None
    budget_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Growth:
    """How memory moves from segment to segment.

    Args:
        slope_bytes_per_segment: Robust slope; None with too few points.
        verdict: What it means.
        points: (number of the segment, bytes in use after it), oldest first, bounded.
    """

    slope_bytes_per_segment: float | None = None
    verdict: Verdict = Verdict.UNKNOWN
    points: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class MemoryPicture:
    """
    Args:
        device: Where the engine runs, as `cuda:0` or `cpu`.
        uuid: Of that card in NVML's spelling; None on the processor or where not known.
        split: What its memory is used for.
        running: What it is doing.
        growth: How its memory moves.
        events: The guard's last events, oldest first.
    """

    device: str
    uuid: str | None = None
    split: Split = Split()
    running: Running = Running()
    growth: Growth = Growth()
    events: tuple[MemoryEvent, ...] = ()
