"""One batch on its way through the engine process: what is awaited, for how long, what comes."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass

from core.audio.samples import Audio
from core.engines.protocol import Early, StopFlag
from core.errors import ERRORS, Cancelled, StudioError
from core.memory.ladder import Origin
from core.synthesis import wire
from core.synthesis.life import Ended, Life

POLL_S = 0.05
"""How often a waiting call looks at its stop flag."""


class EngineDied(Exception):
    """The engine process is gone; the next call starts a new one.

    Args:
        reason: A sentence for the person.
        in_batch: It died while it said a batch, not while it loaded or read the reference.
    """

    def __init__(self, reason: str, *, in_batch: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.in_batch = in_batch


class UtteranceRefused(Exception):
    """The engine lives and cannot say one of the batch.

    Args:
        error: What it said about it.
    """

    def __init__(self, error: StudioError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long the engine may say nothing before it counts as hung.

    One that asks its stop flag says so (`wire.Working`), so a slow machine is not a hang.
    Generous, because to kill an engine that is only slow loses more than to wait for one that
    hangs: 1 s per character is fifteen times slower than speech.

    Args:
        load_s: To start and load.
        prepare_s: To read a reference.
        batch_s: Between two signs of life in a batch ...
        char_s: ... and for each character that is still to be said.
        stop_s: Between Stop and the end of the process, with which Stop is within a second.
    """

    load_s: float = 300.0
    prepare_s: float = 180.0
    batch_s: float = 60.0
    char_s: float = 1.0
    stop_s: float = 0.7


@dataclass(frozen=True, kw_only=True, eq=False)
class HostPiece:
    """One utterance, said.

    Args:
        position: Place in the batch.
        audio: As the engine made it.
        wall_s: Time it took (s), without the time to read the reference.
        peak_bytes: Highest memory of the engine process so far; None where not known.
        origin: With what it was made; None where not known.
        verdict: What the engine's own check had to say about it; empty: all is well.
    """

    position: int
    audio: Audio
    wall_s: float
    peak_bytes: int | None
    origin: Origin | None = None
    verdict: str = ""


class Batch:
    """
    Args:
        life: Loaded; the caller's alone until `pieces` ends.
        order: What to say.
        patience: When silence counts as death.
        stop: Once set, `pieces` ends within a second.
        early: Told the sound of a batch of one while it is made.
    """

    def __init__(
        self,
        life: Life,
        order: wire.Speak,
        patience: Patience,
        stop: StopFlag,
        early: Early | None = None,
    ) -> None:
        self._life, self._order, self._patience, self._stop = life, order, patience, stop
        self._early = early
        self._missing = set(range(len(order.utterances)))
        self._in_batch = False
        self._is_over = False
        self._stopped_at: float | None = None
        self._heard_at = time.monotonic()
        self._allowed_s = patience.prepare_s

    def pieces(self) -> Generator[HostPiece, None, None]:
        """Raises as `EngineHost.speak`, with the process ended where it cannot be used again."""
        self._life.send(self._order)
        self._heard_at = time.monotonic()
        try:
            while not self._is_over:
                self._watch_clock()
                answer = self._life.receive(POLL_S)
                if isinstance(answer, wire.Spoken) and answer.number == self._order.number:
                    yield self._piece(answer)
                    self._listen_on()  # the time that the caller took does not count
                elif answer is not None:
                    self._hear(answer)
        finally:
            if not self._is_over:
                # Left in the middle: what it still says is skipped by its number.
                self._life.send(wire.Stop(number=self._order.number))

    def _watch_clock(self) -> None:
        now = time.monotonic()
        if self._stopped_at is None and self._stop.is_set():
            self._life.send(wire.Stop(number=self._order.number))
            self._stopped_at = now
        if self._stopped_at is not None and now - self._stopped_at > self._patience.stop_s:
            self._life.end("did not stop in time and was ended")
            raise Cancelled
        if now - self._heard_at > self._allowed_s:
            raise self._died(f"gave no sign of life for {self._allowed_s:.0f} s and was ended")

    def _listen_on(self) -> None:
        self._in_batch = True
        n_chars = sum(len(self._order.utterances[each].text) for each in self._missing)
        self._allowed_s = self._patience.batch_s + self._patience.char_s * n_chars
        self._heard_at = time.monotonic()

    def _piece(self, answer: wire.Spoken) -> HostPiece:
        if answer.position not in self._missing:
            raise self._died("answered nonsense and was ended")
        self._missing.remove(answer.position)
        return HostPiece(
            position=answer.position,
            audio=Audio(samples=answer.samples, rate=answer.rate),
            wall_s=answer.wall_s,
            peak_bytes=answer.peak_bytes,
            origin=answer.origin,
            verdict=answer.verdict,
        )

    def _hear(self, answer: wire.Message | Ended) -> None:
        if isinstance(answer, Ended):
            error = self._died(None)
            raise Cancelled if self._stopped_at is not None else error
        if isinstance(answer, wire.Broken):  # whichever batch broke it, this one has no engine
            raise self._died(breakage(answer))
        if getattr(answer, "number", 0) != self._order.number:
            return  # of a batch that was left in the middle
        if isinstance(answer, wire.Told | wire.Working):
            self._heard_at = time.monotonic()  # a step of the guard, or of the engine itself
        elif isinstance(answer, wire.Prepared):
            self._listen_on()
        elif isinstance(answer, wire.Sounding):
            if self._early is not None:
                self._early(answer.start, Audio(samples=answer.samples, rate=answer.rate))
            self._listen_on()
        elif isinstance(answer, wire.Finished):
            self._is_over = True
            if answer.is_stopped:
                raise Cancelled
            if self._missing:
                raise self._died(f"left out {len(self._missing)} sentences and was ended")
        elif isinstance(answer, wire.Refused):
            self._is_over = True
            refusal = error_of(answer)
            raise UtteranceRefused(refusal) if answer.in_batch else refusal

    def _died(self, verdict: str | None) -> EngineDied:
        return died(self._life, verdict, in_batch=self._in_batch)


def died(life: Life, verdict: str | None, *, in_batch: bool) -> EngineDied:
    """End what is left of the process, and the exception that tells of it."""
    return EngineDied(f"The voice engine {life.end(verdict)}.", in_batch=in_batch)


def error_of(answer: wire.Refused) -> StudioError:
    """The error as the engine raised it."""
    return ERRORS.get(answer.code, StudioError)(answer.message, answer.hint)


def breakage(answer: wire.Broken) -> str:
    """What the engine did, to follow "The voice engine"."""
    if answer.is_fatal:
        return f"lost its device and was ended ({answer.fault})"
    if answer.is_memory:
        return "ran out of memory"
    return f"met a fault of its own ({answer.fault})"
