"""How far a job is, as the page shows it: figures from the job and its finished segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.jobs.job import DoneSegment, Job, JobState, remarks


@dataclass(frozen=True, kw_only=True)
class Standing:
    """
    Args:
        job_id: Whose.
        state: Where it is.
        n_done: Finished segments.
        n_segments: All of the plan.
        sound_s: Length of the finished sound, pauses included (s).
        left_s: Estimate of the time left (s); None when over or before anything is known.
        speed: Seconds of sound made per second of work; None before anything is known.
        error: Why it failed, or None.
        remarks: What a person should know of the finished segments, a sentence each.
    """

    job_id: str
    state: JobState
    n_done: int
    n_segments: int
    sound_s: float
    left_s: float | None
    speed: float | None
    error: str | None
    remarks: tuple[str, ...] = ()

    @property
    def fraction(self) -> float:
        return self.n_done / self.n_segments if self.n_segments else 0.0


def standing(job: Job, done: Sequence[DoneSegment]) -> Standing:
    """The figures of one moment.

    The time left goes by characters, not by segments: short ones are quick.
    """
    segments = job.plan.segments
    finished = {piece.index for piece in done}
    wall_s = sum(piece.wall_s for piece in done)
    spoken_s = sum(piece.seconds for piece in done)
    chars_done = sum(len(segments[index].text) for index in finished)
    chars_left = sum(len(segment.text) for segment in segments if segment.index not in finished)
    is_known = chars_done > 0 and wall_s > 0
    return Standing(
        job_id=job.id,
        state=job.state,
        n_done=len(finished),
        n_segments=len(segments),
        sound_s=spoken_s + sum(segments[index].pause_s for index in finished),
        left_s=None if job.state.is_over or not is_known else wall_s * chars_left / chars_done,
        speed=spoken_s / wall_s if is_known else None,
        error=job.error,
        remarks=remarks(done),
    )
