"""A job that a command waits for: how far it is on stderr, and its sound in the end."""

from __future__ import annotations

import time

from core.audio.encode import FileFormat
from core.errors import InputError, StudioError
from core.events import (
    EngineLoading,
    EngineRestarted,
    JobDone,
    JobFailed,
    JobStopped,
    SegmentReady,
)
from core.jobs.job import DoneSegment, Job, SpeakRequest
from core.studio import Studio
from core.synthesis.take import Take
from ui.terminal import tell


class Follower:
    """Tells how far a command is, on stderr, and keeps its times.

    Args:
        is_quiet: Tell only what is unusual.
    """

    def __init__(self, *, is_quiet: bool) -> None:
        self.first_sound_s: float | None = None
        self._is_quiet = is_quiet
        self._began_s = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.perf_counter() - self._began_s

    def say(self, sentence: str) -> None:
        if not self._is_quiet:
            tell(sentence)

    def follow(self, studio: Studio, job: Job) -> None:
        """Wait for the end of a job. Raises InputError when it failed or was stopped."""
        before = {done.index for done in studio.progress(job.id)}
        if before:
            self.say(f"{len(before)} of {len(job.plan.segments)} were made before.")
        for event in studio.watch(job.id):
            match event:
                case EngineLoading():
                    self.say("Preparing the voice ...")
                case SegmentReady():
                    if self.first_sound_s is None and event.note is None:
                        self.first_sound_s = round(self.seconds, 3)
                    if event.index not in before:
                        left = "" if event.left_s is None else f", about {event.left_s:.0f} s left"
                        self.say(f"{event.n_done} of {event.n_segments}{left}")
                case EngineRestarted():
                    tell(f"{event.reason} It was started again and goes on.")
                case JobFailed():
                    raise InputError(event.message, event.hint)
                case JobStopped():
                    raise InputError("The job was stopped.", "Run the command again to go on.")
                case JobDone():
                    break
                case _:
                    pass


def made(
    studio: Studio, request: SpeakRequest, form: FileFormat, follower: Follower
) -> tuple[Job, Take, tuple[DoneSegment, ...]]:
    """Do a job to its end. One that failed before anything was finished leaves nothing behind."""
    job = studio.submit_or_resume(request)
    try:
        follower.follow(studio, job)
        follower.say("Joining the pieces ...")
        return job, studio.export(job.id, format=form), studio.progress(job.id)
    except StudioError:
        if not studio.progress(job.id):
            studio.delete_job(job.id)
        raise
