"""Jobs one after the other, in a thread of their own: accepted, run, stopped, resumed."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from core.engines.protocol import EngineCard, Reference
from core.errors import Cancelled, MissingError, StudioError
from core.events import EventBoard, JobDone, JobEvent, JobFailed, JobQueued, JobStopped
from core.jobs.early import EarlySound
from core.jobs.job import Job, JobState
from core.jobs.speaking import Speaking, Speaks, order_of
from core.jobs.store import Store
from core.log import incident

SETTLE_S = 10.0
"""A stop takes less than a second; a disk that hangs must not hold the page for ever."""

_log = logging.getLogger(__name__)


class KnowsVoices(Protocol):
    """`core.voices.library.VoiceLibrary` is one."""

    def reference(self, voice_id: str) -> Reference:
        """Raises MissingError."""
        ...


class KnowsCards(Protocol):
    """`core.engines.registry.Registry` is one."""

    def ready(self, name: str, model: str = "") -> EngineCard:
        """With the model to load. Raises InputError, MissingError."""
        ...


class JobRunner:
    """Runs jobs in the order in which they came. Safe to call from many threads.

    Args:
        clock: Monotonic (s).
    """

    def __init__(
        self,
        store: Store,
        host: Speaks,
        voices: KnowsVoices,
        board: EventBoard,
        cards: KnowsCards,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._host, self._voices = store, host, voices
        self._board, self._cards, self._clock = board, cards, clock
        self.early = EarlySound()
        self._changed = threading.Condition()
        self._waiting: deque[str] = deque()
        self._current: Job | None = None
        self._stop = threading.Event()
        self._is_stop_asked = False
        self._is_closing = False
        self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)
        self._thread.start()

    @property
    def running(self) -> Job | None:
        """The job that is being made now."""
        return self._current

    def submit(self, job: Job) -> None:
        """Accept a job: it is in the store when this returns."""
        self._store.add_job(job)
        with self._changed:
            self._enqueue(job.id)

    def stop(self, job_id: str) -> None:
        """Stop a job that waits or runs; returns when it has stopped, which is within a second.

        Does nothing to a job that is over. Raises MissingError for one that is not there.
        """
        with self._changed:
            if self._is_current(job_id):
                self._is_stop_asked = True
                self._stop.set()
                self._changed.wait_for(lambda: not self._is_current(job_id), SETTLE_S)
                return
            if job_id in self._waiting:
                self._waiting.remove(job_id)
            elif self._store.job(job_id).state.is_over:
                return
            self._store.set_state(job_id, JobState.STOPPED)
            self._board.publish(JobStopped(job_id=job_id))

    def resume(self, job_id: str) -> Job:
        """Go on at the first missing segment; nothing happens to a job that is done or under way.

        Raises MissingError for one that is not there.
        """
        with self._changed:
            if self._is_current(job_id) and self._stop.is_set():
                self._changed.wait_for(lambda: not self._is_current(job_id), SETTLE_S)
            job = self._store.job(job_id)
            is_under_way = self._is_current(job_id) or job_id in self._waiting
            if job.state is JobState.DONE or is_under_way:
                return job
            self._store.set_state(job_id, JobState.WAITING)
            self._enqueue(job_id)
        return dataclasses.replace(job, state=JobState.WAITING, error=None)

    def close(self) -> None:
        """Stop where it is and end the thread; jobs that are not over can go on next time."""
        with self._changed:
            self._is_closing = True
            self._stop.set()
            self._changed.notify_all()
        self._thread.join()
        self._board.close()

    def _is_current(self, job_id: str) -> bool:
        return self._current is not None and self._current.id == job_id

    def _enqueue(self, job_id: str) -> None:
        n_ahead = len(self._waiting) + (self._current is not None)
        self._waiting.append(job_id)
        self._board.publish(JobQueued(job_id=job_id, n_ahead=n_ahead))
        self._changed.notify_all()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                self._run(job)
            finally:
                with self._changed:
                    self._current = None
                    self._changed.notify_all()

    def _next(self) -> Job | None:
        """Waits for it; None when the runner closes."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._waiting or self._is_closing)
                if self._is_closing:
                    return None
                job_id = self._waiting.popleft()
                try:
                    job = self._store.job(job_id)
                except MissingError:
                    continue  # deleted while it waited
                self._stop.clear()
                self._is_stop_asked = False
                self._current = dataclasses.replace(job, state=JobState.RUNNING)
                return self._current

    def _run(self, job: Job) -> None:
        try:
            self._store.set_state(job.id, JobState.RUNNING)
            self._speak(job)
        except Cancelled:
            # A job that nobody stopped, but Timbre's end, goes on by itself the next time.
            if self._is_stop_asked:
                self._conclude(job, JobState.STOPPED, JobStopped(job_id=job.id))
            else:
                self._conclude(job, JobState.WAITING, None)
        except StudioError as error:
            self._fail(job, error)
        # The edge of the thread: a bug costs the job, not the queue.
        except Exception as error:  # noqa: BLE001
            number = incident(error)
            _log.error("incident %s was in job %s", number, job.id)
            self._fail(
                job,
                StudioError(
                    f"Something in Timbre went wrong (incident {number}).",
                    "Try again; the log tells more.",
                ),
            )
        else:
            self._conclude(job, JobState.DONE, JobDone(job_id=job.id))

    def _speak(self, job: Job) -> None:
        card = self._cards.ready(job.request.engine, job.request.model)
        order = order_of(job, card, self._voices.reference(job.request.voice_id))
        Speaking(
            order,
            store=self._store,
            host=self._host,
            board=self._board,
            stop=self._stop,
            early=self.early,
            clock=self._clock,
        ).run()

    def _fail(self, job: Job, error: StudioError) -> None:
        event = JobFailed(job_id=job.id, message=error.message, hint=error.hint)
        self._conclude(job, JobState.FAILED, event, str(error))

    def _conclude(
        self, job: Job, state: JobState, event: JobEvent | None, error: str | None = None
    ) -> None:
        try:
            self._store.set_state(job.id, state, error)
        except StudioError as unkept:
            # Deleted meanwhile, or the disk is full: whoever watches hears of it nevertheless.
            _log.warning("job %s is %s, which cannot be kept: %s", job.id, state.value, unkept)
        if event is not None:
            self._board.publish(event)
