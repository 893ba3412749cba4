"""A job as somebody sees it who may come late, read slowly, or go away at any time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from core.events import (
    EventBoard,
    Gap,
    JobDone,
    JobEvent,
    JobFailed,
    JobStarted,
    JobStopped,
    Line,
    SegmentReady,
)
from core.jobs.job import Job, JobState
from core.jobs.store import Store


def watch(store: Store, board: EventBoard, job_id: str) -> Iterator[JobEvent]:
    """What happened so far, then what happens, without gap or double.

    Every finished segment is told once, whoever made it and whenever; segments from the store
    come in the order of the plan. Ends with JobDone, JobStopped or JobFailed, and without any of
    them when Timbre itself ends. Raises MissingError for a job that is not there.
    """
    # The line is open before the store is read: what happens in between comes twice, not never.
    with board.follow(job_id) as line:
        told: set[int] = set()
        is_started = False
        while True:
            job = store.job(job_id)
            for event in _replay(store, job, told, is_started=is_started):
                is_started = is_started or isinstance(event, JobStarted)
                yield event
            if job.state.is_over:
                yield _end(job)
                return
            for event in _live(line, told, is_started=is_started):
                is_started = is_started or isinstance(event, JobStarted)
                yield event
                if isinstance(event, JobDone | JobStopped | JobFailed):
                    return
            if line.is_closed:
                return


def _replay(store: Store, job: Job, told: set[int], *, is_started: bool) -> Iterator[JobEvent]:
    """What the store knows and nobody told yet; adds it to `told`."""
    new = [each for each in store.done(job.id) if each.index not in told]
    n_segments = len(job.plan.segments)
    if not is_started and job.state is not JobState.WAITING:
        yield JobStarted(job_id=job.id, n_segments=n_segments, n_done=len(new))
    for done in new:
        told.add(done.index)
        yield SegmentReady(
            job_id=job.id,
            index=done.index,
            key=done.key,
            seconds=done.seconds,
            wall_s=done.wall_s,
            n_done=len(told),
            n_segments=n_segments,
            left_s=None,
            note=done.note,
        )


def _live(line: Line, told: set[int], *, is_started: bool) -> Iterator[JobEvent]:
    """Events as they come, those left out that were told; ends where some were missed."""
    while not isinstance(event := line.next(), Gap):
        if isinstance(event, SegmentReady):
            if event.index in told:
                continue
            told.add(event.index)
            event = dataclasses.replace(event, n_done=len(told))
        elif isinstance(event, JobStarted):
            if is_started:
                continue
            is_started = True
        yield event


def _end(job: Job) -> JobEvent:
    if job.state is JobState.DONE:
        return JobDone(job_id=job.id)
    if job.state is JobState.STOPPED:
        return JobStopped(job_id=job.id)
    return JobFailed(job_id=job.id, message=job.error or "It failed.", hint="")
