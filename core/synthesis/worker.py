"""The engine process: owns one engine, says what it is told, and may be killed at any time.

Started by `core.synthesis.host`, never imported by it. One thread runs the engine; another
listens, so that Stop arrives while the engine speaks and the process ends with its parent.
"""

from __future__ import annotations

import contextlib
import dataclasses
import faulthandler
import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from core.audio.samples import Audio
from core.engines import registry
from core.engines.protocol import Engine, FindsDevices, Prompt, Reference, StopFlag, Streams
from core.errors import Cancelled, StudioError
from core.memory import probe
from core.memory.guard import EngineFatal
from core.memory.leak import LeakDetector
from core.memory.moments import Kind, MemoryEvent, Moments
from core.synthesis import place, stress, wire
from core.synthesis.guarded import GuardedEngine
from core.synthesis.prompts import Prompts
from core.synthesis.suspects import Suspects

_log = logging.getLogger("timbre.engine")


class Ears:
    """Listens to the parent, in a thread of its own. Ends the process when the parent is gone."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._stopped = 0
        self._orders: queue.SimpleQueue[wire.Message] = queue.SimpleQueue()
        threading.Thread(target=self._listen, name="ears", daemon=True).start()

    def order(self) -> wire.Message:
        """The next thing to do; waits for it."""
        return self._orders.get()

    def is_stopped(self, number: int) -> bool:
        return number <= self._stopped

    def _listen(self) -> None:
        try:
            while (message := wire.read(self._stream)) is not None:
                if isinstance(message, wire.Stop):
                    self._stopped = max(self._stopped, message.number)
                else:
                    self._orders.put(message)
        except wire.WireError:
            _log.exception("the parent sent something unreadable")
        finally:
            # Not sys.exit: the engine may be deep inside a model and nobody waits for it.
            os._exit(0)


BEAT_S = 0.5
"""How often a sign of life goes out at most, while the engine asks whether to stop."""


class _StopFlag:
    """Also says that the engine is alive: one that asks is at work, however slow it is."""

    def __init__(self, ears: Ears, number: int, alive: Callable[[], None]) -> None:
        self._ears, self._number, self._alive = ears, number, alive
        self._beaten_at = time.monotonic()

    def is_set(self) -> bool:
        now = time.monotonic()
        if now - self._beaten_at >= BEAT_S:
            self._beaten_at = now
            self._alive()
        return self._ears.is_stopped(self._number)


class Worker:
    """Carries out orders, one after the other.

    Args:
        packages: Where a factory may live.
    """

    def __init__(self, ears: Ears, mouth: BinaryIO, packages: tuple[str, ...]) -> None:
        self._ears, self._mouth, self._packages = ears, mouth, packages
        self._guarded: GuardedEngine | None = None
        self._prompts = Prompts()
        self._moments = Moments()
        self._suspects = Suspects(lambda: {"prepared references": self._prompts.nbytes})
        self._leaks = LeakDetector(
            sink=self._happened,
            clock=time.monotonic,
            suspects=self._suspects.named,
            unit="segment",
        )
        self._number = 0
        self._n_said = 0
        self._digest = ""

    def run(self) -> None:
        while True:
            order = self._ears.order()
            self._number = getattr(order, "number", 0)
            try:
                self._carry_out(order)
            # The edge of the process: whatever the engine did not foresee becomes a record.
            except Exception as error:  # noqa: BLE001
                _log.exception("order %d failed", self._number)
                is_fatal = isinstance(error, EngineFatal)
                fault = str(error) if is_fatal else f"{type(error).__name__}: {error}"
                self._say(
                    wire.Broken(
                        number=self._number,
                        fault=fault[:500],
                        is_memory=isinstance(error, MemoryError),
                        is_fatal=is_fatal,
                    )
                )

    def _carry_out(self, order: wire.Message) -> None:
        if isinstance(order, wire.Load):
            self._load(order)
        elif isinstance(order, wire.Speak):
            self._speak(order)
        elif isinstance(order, wire.Clear):
            self._prompts.keep_only("")
            self._engine.clear()
            self._tell()
        elif isinstance(order, wire.Measure):
            self._measure(order)

    @property
    def _engine(self) -> GuardedEngine:
        assert self._guarded is not None, "the host loads before it speaks"
        return self._guarded

    def _load(self, order: wire.Load) -> None:
        try:
            engine = registry.build(order.factory, self._packages)
            device = place.choose(order.device, order.devices, lambda: _found(engine))
            self._guarded = GuardedEngine(
                engine,
                dataclasses.replace(order, device=device),
                sink=self._happened,
                give_up_idle=lambda: self._prompts.keep_only(self._digest),
            )
            self._tell()  # which card it is, before it fills
            self._guarded.load()
            self._prompts = Prompts(Path(order.prompts) if order.prompts else None, order.engine)
        except StudioError as error:
            self._tell()
            self._say(_refusal(error, number=0, in_batch=False))
        else:
            self._tell()
            self._say(wire.Loaded())

    def _speak(self, order: wire.Speak) -> None:
        engine, stop = self._engine, self._stop_flag(order.number)
        in_batch = False
        self._digest = order.digest
        try:
            if stop.is_set():
                raise Cancelled
            prompt = self._prompts.get(engine.session, _reference(order), engine.prepare)
            in_batch = True
            self._say(wire.Prepared(number=order.number))
            self._listen(order)
            self._utter(order, prompt, stop)
        except StudioError as error:
            self._tell()
            self._say(_refusal(error, number=order.number, in_batch=in_batch))
        except Cancelled:
            self._tell()
            self._say(wire.Finished(number=order.number, is_stopped=True))
        else:
            self._look_for_leaks(n_said=len(order.utterances))
            self._tell()
            self._say(wire.Finished(number=order.number, is_stopped=False))

    def _listen(self, order: wire.Speak) -> None:
        def early(start: int, audio: Audio) -> None:
            self._say(
                wire.Sounding(
                    number=order.number, start=start, rate=audio.rate, samples=audio.samples
                )
            )

        session = self._engine.session
        if isinstance(session, Streams):
            session.stream_to(early if order.wants_early else None)

    def _utter(self, order: wire.Speak, prompt: Prompt, stop: StopFlag) -> None:
        engine, since = self._engine, time.monotonic()
        pieces = engine.speak(
            prompt, order.utterances, order.settings, stop, order.places, languages=order.languages
        )
        for said in pieces:
            now = time.monotonic()
            self._n_said += 1
            self._tell()
            self._say(
                wire.Spoken(
                    number=order.number,
                    position=said.position,
                    rate=said.audio.rate,
                    wall_s=now - since,
                    peak_bytes=engine.process.highest_bytes(),
                    origin=said.origin,
                    verdict=said.verdict,
                    samples=said.audio.samples,
                )
            )
            since = now

    def _measure(self, order: wire.Measure) -> None:
        stop = self._stop_flag(order.number)
        try:
            for peak in stress.measure(self._engine, order, stop):
                self._say_measured(order, peak)
        except StudioError as error:
            self._tell()
            self._say(_refusal(error, number=order.number, in_batch=False))
        except Cancelled:
            self._say(wire.Finished(number=order.number, is_stopped=True))
        else:
            self._tell()
            self._say_measured(order, None, is_last=True)

    def _say_measured(
        self, order: wire.Measure, peak: wire.Peak | None, *, is_last: bool = False
    ) -> None:
        self._say(
            wire.Measured(
                number=order.number,
                peak=peak,
                is_last=is_last,
                cost=self._engine.cost if is_last else None,
                budget_bytes=self._engine.budget_bytes,
            )
        )

    def _stop_flag(self, number: int) -> _StopFlag:
        return _StopFlag(self._ears, number, lambda: self._say(wire.Working(number=number)))

    def _look_for_leaks(self, *, n_said: int) -> None:
        """Between two batches: does what stays in use grow?"""
        if n_said:
            self._leaks.after_job(self._engine.after_job(), n=self._n_said)
            if self._leaks.is_warm:
                self._suspects.look()

    def _happened(self, event: MemoryEvent) -> None:
        """A step of the guard takes time: told at once, it is a sign of life."""
        _log.info("memory: %s%s", event.text, f" ({event.detail})" if event.detail else "")
        self._moments.add(event)
        if event.kind in (Kind.RUNG, Kind.EVICT):
            self._tell()

    def _tell(self) -> None:
        if self._guarded is not None:
            events = self._moments.take()
            self._say(self._guarded.standing_now(self._number, self._n_said, events))

    def _say(self, message: wire.Message) -> None:
        wire.write(self._mouth, message)


def _found(engine: Engine) -> place.Found:
    """What there is to run on: as the engine says, else as torch does."""
    if isinstance(engine, FindsDevices):
        return place.Found(devices=engine.devices())
    devices, why = probe.usable()
    return place.Found(devices=devices, why=why)


def _reference(order: wire.Speak) -> Reference:
    audio, *more = order.sounds()
    return Reference(
        audio=audio,
        more=tuple(more),
        transcript=order.transcript,
        language=order.language,
        digest=order.digest,
    )


def _refusal(error: StudioError, *, number: int, in_batch: bool) -> wire.Refused:
    return wire.Refused(
        number=number, code=error.code, message=error.message, hint=error.hint, in_batch=in_batch
    )


def _take_wire() -> tuple[BinaryIO, BinaryIO]:
    """Move the pipes to private descriptors, so that a library that prints breaks nothing.

    Afterwards standard output goes where standard error goes (the log), and standard input is
    empty. Descriptors made by `dup` are not inherited by grandchildren.
    """
    commands, replies = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415

        msvcrt.setmode(commands, os.O_BINARY)
        msvcrt.setmode(replies, os.O_BINARY)
    return os.fdopen(commands, "rb"), os.fdopen(replies, "wb")


def main(packages: Sequence[str]) -> None:
    """
    Args:
        packages: Where an engine's factory may live.
    """
    commands, replies = _take_wire()
    ears = Ears(commands)
    faulthandler.enable()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    # When memory runs out, the kernel should take this process and leave the page alone.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
    Worker(ears, replies, tuple(packages)).run()


if __name__ == "__main__":
    main(sys.argv[1:])
