"""One job being made: which segment is next, and what becomes of one that cannot be said."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.audio.samples import Audio
from core.engines.protocol import Early, EngineCard, Reference, StopFlag, Utterance
from core.errors import Cancelled, ResourceError, StudioError
from core.events import EngineLoading, EngineRestarted, EventBoard, JobStarted, SegmentReady
from core.jobs.early import EarlySound
from core.jobs.job import DoneSegment, Job
from core.jobs.pace import Pace
from core.jobs.store import Store
from core.synthesis import keys
from core.synthesis.batch import EngineDied, HostPiece, UtteranceRefused

MAX_TRIES = 2
"""So often a segment may fail before it is set aside."""
MAX_EARLY_DEATHS = 3
"""So often in a row the engine may die before it says anything; then it is not the text."""
MAX_HELD = 3
"""So many segments may be set aside before any succeeds; then it is not the text either."""
SILENCE_S = 0.3
"""Length of a segment that has no sound."""

NOTHING_TO_SAY = "There is nothing to say here."
NOT_SAID = "The engine made no sound of this; it may not know the script."
SILENT_PEAK = 1e-4
"""Full scale is 1: at -80 dB nobody hears anything."""

_log = logging.getLogger(__name__)


class Speaks(Protocol):
    """`core.synthesis.host.EngineHost` is one."""

    def is_loaded(self, card: EngineCard) -> bool: ...

    def load(self, card: EngineCard, stop: StopFlag) -> None: ...

    def speak(
        self,
        card: EngineCard,
        reference: Reference,
        batch: Sequence[Utterance],
        settings: Mapping[str, float],
        stop: StopFlag,
        *,
        places: Sequence[int] = (),
        early: Early | None = None,
        languages: Collection[str] = (),
    ) -> Generator[HostPiece, None, None]: ...


@dataclass(frozen=True, kw_only=True)
class Order:
    """A job with what its words stand for.

    Args:
        settings: Every knob of the card.
    """

    job: Job
    card: EngineCard
    reference: Reference
    settings: Mapping[str, float]


class Speaking:
    """Makes the missing segments of a job. For one thread, once."""

    def __init__(
        self,
        order: Order,
        *,
        store: Store,
        host: Speaks,
        board: EventBoard,
        stop: StopFlag,
        early: EarlySound | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._early = early or EarlySound()
        self._order, self._job, self._card = order, order.job, order.card
        self._store, self._host, self._board = store, host, board
        self._stop, self._clock = stop, clock
        self._segments = order.job.plan.segments
        done = store.done(order.job.id)
        self._n_done = len(done)
        self._n_good = sum(each.note is None for each in done)
        self._missing = sorted(
            {each.index for each in self._segments} - {each.index for each in done}
        )
        self._failures: dict[int, int] = {}
        self._held: list[tuple[int, str]] = []
        self._last_error: StudioError | None = None
        self._n_early_deaths = 0
        self._batch_size = 1
        # What an engine that is slow says first is short, and so is what is heard meanwhile.
        self._n_alone = 1 if order.card.first_chars is None else 2
        self._pace = Pace()

    def run(self) -> None:
        """Returns when every segment is in the store.

        Raises:
            Cancelled: Stopped; what is finished stays.
            StudioError: It cannot go on.
        """
        if any(self._segments[index].spoken for index in self._missing):
            self._load()
        self._board.publish(
            JobStarted(job_id=self._job.id, n_segments=len(self._segments), n_done=self._n_done)
        )
        for index in [each for each in self._missing if not self._segments[each].spoken]:
            if self._stop.is_set():
                raise Cancelled
            self._keep_silence(index, NOTHING_TO_SAY)
        while batch := self._next_batch():
            self._say(batch)
        if self._last_error is not None and self._held:
            raise self._last_error

    def _load(self) -> None:
        while not self._host.is_loaded(self._card):
            self._board.publish(EngineLoading(job_id=self._job.id, engine=self._card.name))
            try:
                self._host.load(self._card, self._stop)
            except EngineDied as death:
                self._restart(death)

    def _next_batch(self) -> list[int]:
        """The first missing segments: few at first, so that sound starts early; then more.

        One that failed is said alone, so that it harms no other and shows itself.
        """
        batch: list[int] = []
        for index in self._missing:
            if index in self._failures:
                return batch or [index]
            batch.append(index)
            if len(batch) == self._batch_size:
                break
        self._n_alone -= 1
        if self._n_alone <= 0:
            self._batch_size = min(2 * self._batch_size, self._card.max_batch)
        return batch

    def _say(self, batch: list[int]) -> None:
        order = self._order
        utterances = [
            Utterance(
                text=self._segments[index].spoken,
                language=self._segments[index].language,
                seed=self._job.seeds[index],
            )
            for index in batch
        ]
        unheard = dict(enumerate(batch))
        is_first = batch == [0]
        if is_first:
            self._early.begin(self._job.id)
        pieces = self._host.speak(
            order.card,
            order.reference,
            utterances,
            order.settings,
            self._stop,
            places=batch,
            early=self._early.add if is_first else None,
            languages={self._segments[index].language for index in self._missing},
        )
        try:
            with contextlib.closing(pieces):
                for piece in pieces:
                    self._hear(unheard.pop(piece.position), piece)
        except EngineDied as death:
            if death.in_batch:
                error = ResourceError(death.reason, "Try other settings or another engine.")
                self._blame(unheard.values(), error)
            self._restart(death)
        except UtteranceRefused as refusal:
            self._blame(unheard.values(), refusal.error)
        finally:
            self._early.end()

    def _hear(self, index: int, piece: HostPiece) -> None:
        self._n_early_deaths = 0
        flaw = _flaw(piece.audio, self._card)
        if flaw:
            self._blame([index], ResourceError(flaw, "Try other settings or another engine."))
            return
        self._n_good += 1
        is_silent = float(np.abs(piece.audio.samples).max()) < SILENT_PEAK
        note = NOT_SAID if is_silent else None
        self._keep(index, piece.audio, piece, note=note)
        held, self._held = self._held, []
        for index_held, note in held:
            self._keep_silence(index_held, note)

    def _restart(self, death: EngineDied) -> None:
        """The next call starts a new process; but not for ever."""
        _log.warning("job %s: %s", self._job.id, death.reason)
        if not death.in_batch:
            self._n_early_deaths += 1
            if self._n_early_deaths == MAX_EARLY_DEATHS:
                raise ResourceError(
                    f"The engine failed {MAX_EARLY_DEATHS} times before it spoke. {death.reason}",
                    "Close other programs and try again; engine.log in the log folder tells more.",
                )
        self._board.publish(EngineRestarted(job_id=self._job.id, reason=death.reason))

    def _blame(self, suspects: Iterable[int], error: StudioError) -> None:
        """Count a failure of each; set aside those that had their tries."""
        for index in suspects:
            self._failures[index] = self._failures.get(index, 0) + 1
            if self._failures[index] >= MAX_TRIES:
                self._set_aside(index, error)

    def _set_aside(self, index: int, error: StudioError) -> None:
        """Make it a silence with a note; but not while nothing at all succeeds.

        A job whose every segment fails is a failed job, and to resume it must try them again: so
        nothing is written before the first success.
        """
        _log.warning("job %s: segment %d is set aside: %s", self._job.id, index, error.message)
        note = f"Left silent: it failed {MAX_TRIES} times. {error.message}"
        if self._n_good:
            self._keep_silence(index, note)
            return
        self._missing.remove(index)
        self._held.append((index, note))
        self._last_error = error
        if len(self._held) == MAX_HELD:
            raise error

    def _keep_silence(self, index: int, note: str) -> None:
        n_samples = round(SILENCE_S * self._card.rate)
        silence = Audio(samples=np.zeros(n_samples, dtype=np.float32), rate=self._card.rate)
        self._keep(index, silence, None, note=note)

    def _keep(self, index: int, audio: Audio, piece: HostPiece | None, *, note: str | None) -> None:
        """Into the store first, then on the board."""
        wall_s = 0.0 if piece is None else piece.wall_s
        done = DoneSegment(
            index=index,
            key=self._job.keys[index],
            seconds=audio.seconds,
            wall_s=wall_s,
            peak_bytes=None if piece is None else piece.peak_bytes,
            note=note,
            origin=None if piece is None else piece.origin,
            verdict="" if piece is None else piece.verdict,
        )
        since = self._clock()
        self._store.save_segment(self._job.id, done, audio)
        if note is None:
            self._pace.learn(len(self._segments[index].spoken), wall_s + self._clock() - since)
        if index in self._missing:
            self._missing.remove(index)
        self._n_done += 1
        self._board.publish(
            SegmentReady(
                job_id=self._job.id,
                index=index,
                key=done.key,
                seconds=done.seconds,
                wall_s=wall_s,
                n_done=self._n_done,
                n_segments=len(self._segments),
                left_s=self._pace.left_s(
                    sum(len(self._segments[each].spoken) for each in self._missing)
                ),
                note=note,
            )
        )


def order_of(job: Job, card: EngineCard, reference: Reference) -> Order:
    """Raises InputError for settings that the card does not have."""
    settings = keys.fill_settings(card, job.request.settings)
    return Order(job=job, card=card, reference=reference, settings=settings)


def _flaw(audio: Audio, card: EngineCard) -> str | None:
    if audio.rate != card.rate:
        return f"The engine made {audio.rate} Hz instead of {card.rate} Hz."
    if not len(audio.samples):
        return "The engine made no sound."
    if not np.isfinite(audio.samples).all():
        return "The engine made a broken sound."
    return None
