"""The page's side of the engine process: keeps one alive while it is needed, and outlives it."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from collections.abc import Collection, Generator, Mapping, Sequence
from pathlib import Path

import numpy as np

from core.engines.protocol import Early, EngineCard, Reference, StopFlag, Utterance
from core.engines.registry import PACKAGES
from core.errors import Cancelled, ResourceError
from core.memory.picture import MemoryPicture
from core.synthesis import place, wire
from core.synthesis.batch import POLL_S, Batch, HostPiece, Patience, breakage, died, error_of
from core.synthesis.life import Ended, Life
from core.synthesis.memory import Memory

CLEAR_S = 5.0
"""An engine that does nothing answers at once; one that still loads is not waited for."""


class EngineHost:
    """Says batches in the engine process, one at a time, whoever calls.

    Args:
        log: Where the engine's own output goes.
        device: As in `--device`: each engine runs there if it can use it.
        idle_s: After so much time without work the process is ended, which gives all its
            memory back; None for never.
        patience: When silence counts as death.
        packages: Where an engine's factory may live.
        n_threads: Of numeric libraries in the engine; None for up to four.
        prompts: Folder in which prepared references are kept; None for none.
        copies: Folder for copies of models that load faster; None for none.
        calibration: File in which measured costs are kept; None for none.
        cap_bytes: Most memory that the engine may take; None for what there is. Set anew, it
            holds from the next start of the process on.
    """

    def __init__(
        self,
        log: Path,
        *,
        device: str = "cpu",
        idle_s: float | None = 600.0,
        patience: Patience | None = None,
        packages: tuple[str, ...] = PACKAGES,
        n_threads: int | None = None,
        prompts: Path | None = None,
        copies: Path | None = None,
        calibration: Path | None = None,
        cap_bytes: int | None = None,
    ) -> None:
        self._log = log
        self._device = device
        self.idle_s = idle_s
        self.cap_bytes = cap_bytes
        self._calibration = calibration
        self._memory = Memory("cpu" if device == place.AUTO else device)
        self._patience = patience or Patience()
        self._packages = packages
        self._n_threads = n_threads or min(4, os.cpu_count() or 1)
        self._prompts, self._copies = prompts, copies
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._life: Life | None = None
        self._loading = ""
        self._number = 0
        self._timer: threading.Timer | None = None
        self._closed = threading.Event()

    @property
    def pid(self) -> int | None:
        """Of the engine process; None while there is none."""
        life = self._life
        return life.pid if life is not None and life.is_alive else None

    @property
    def device(self) -> str:
        """Where engines are asked to run; may be `auto`."""
        return self._device

    def device_of(self, card: EngineCard, *, has_card: bool) -> str:
        """Where an engine runs, or would run as far as can be told before it is started.

        Args:
            card: Of the engine.
            has_card: The driver shows a graphics card.
        """
        if self.is_loaded(card):
            return self.memory().device
        return place.expected(card, self._device, has_card=has_card)

    def memory(self) -> MemoryPicture:
        """What the engine process said of its memory last, and the guard's events so far."""
        return self._memory.picture(is_alive=self.pid is not None)

    def is_loaded(self, card: EngineCard) -> bool:
        life = self._life
        return (
            life is not None and life.is_alive and life.is_loaded and self._loading == card.identity
        )

    def warm(self, card: EngineCard, reference: Reference | None = None) -> None:
        """Begin to load an engine, and to prepare a reference, and return at once.

        The first sound then comes quickly. Does nothing while the engine is at work; what goes
        wrong is told by the next `speak`. Raises ResourceError where no process can be started.
        """
        if self._turn.acquire(blocking=False):
            try:
                life = self._start(card)
                if reference is not None:
                    life.send(self._order(card, reference, [], {}))
            finally:
                self._end_turn()

    def load(self, card: EngineCard, stop: StopFlag) -> None:
        """Load an engine unless it is. Raises as `speak`."""
        self._take_turn(stop)
        try:
            self._loaded(card, stop)
        finally:
            self._end_turn()

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
    ) -> Generator[HostPiece, None, None]:
        """Say a batch; pieces come as they are finished, in any order.

        Args:
            card: Whose engine; another one that is loaded is given up for it.
            reference: The voice.
            batch: At most `card.max_batch`.
            settings: Every knob of the card.
            stop: Once set, the call ends within a second.
            places: Of each utterance its place in the text, from 0, for the guard's sentences.
            early: Told the sound of a batch of one while it is made, by an engine that can.
            languages: Of all that is still to come of the text.

        Raises:
            Cancelled: `stop` was set.
            EngineDied: The process is gone, or hung and was ended.
            UtteranceRefused: One of the batch cannot be said.
            StudioError: The engine cannot be loaded, or does not want the reference.
        """
        self._take_turn(stop)
        try:
            life = self._loaded(card, stop)
            order = self._order(card, reference, batch, settings, places)
            order = dataclasses.replace(
                order, wants_early=early is not None, languages=tuple(sorted(languages))
            )
            yield from Batch(life, order, self._patience, stop, early).pieces()
        finally:
            self._end_turn()

    def unload(self) -> None:
        """End the engine process, which gives back everything it took."""
        with self._lock:
            life, self._life = self._life, None
        if life is not None:
            life.end("was ended to give its memory back")
            self._memory.unloaded()

    def unload_idle(self) -> bool:
        """The same unless the engine is at work. Returns whether it was idle."""
        if not self._turn.acquire(blocking=False):
            return False
        try:
            self.unload()
        finally:
            self._turn.release()
        return True

    def free_cache(self) -> int | None:
        """Have the engine give back what it holds and does not use.

        Returns the bytes, 0 where there is no engine process; None while the engine is at work.
        """
        if not self._turn.acquire(blocking=False):
            return None
        try:
            life = self._life
            if life is None or not (life.is_alive and life.is_loaded):
                return 0
            before = self.memory().split.ours_bytes or 0
            self._number += 1
            life.send(wire.Clear(number=self._number))
            since = time.monotonic()
            while time.monotonic() - since < CLEAR_S:
                answer = life.receive(POLL_S)
                if isinstance(answer, wire.Told) and answer.number == self._number:
                    return max(0, before - (answer.split.ours_bytes or 0))
                if isinstance(answer, wire.Broken | Ended):
                    break
            return 0
        finally:
            self._end_turn()

    def measure(
        self, card: EngineCard, order: wire.Measure, stop: StopFlag
    ) -> Generator[wire.Measured, None, None]:
        """Run a stress test; what it finds is kept. Raises as `speak`; its number is set here."""
        self._take_turn(stop)
        try:
            life = self._loaded(card, stop)
            self._number += 1
            order = dataclasses.replace(order, number=self._number)
            life.send(order)
            yield from self._measured(life, order.number, stop)
        finally:
            self._end_turn()

    def _measured(
        self, life: Life, number: int, stop: StopFlag
    ) -> Generator[wire.Measured, None, None]:
        heard_at = time.monotonic()
        is_over = False
        try:
            while not is_over:
                if stop.is_set():
                    raise Cancelled
                if time.monotonic() - heard_at > self._patience.prepare_s:
                    hung = f"gave no sign of life for {self._patience.prepare_s:.0f} s"
                    raise died(life, f"{hung} and was ended", in_batch=True)
                answer = life.receive(POLL_S)
                if isinstance(answer, Ended):
                    raise died(life, None, in_batch=True)
                if isinstance(answer, wire.Broken):
                    raise died(life, breakage(answer), in_batch=True)
                if answer is None or getattr(answer, "number", 0) != number:
                    continue
                heard_at = time.monotonic()
                if isinstance(answer, wire.Refused):
                    is_over = True
                    raise error_of(answer)
                if isinstance(answer, wire.Measured):
                    is_over = answer.is_last
                    yield answer
                    heard_at = time.monotonic()
        finally:
            if not is_over:
                life.send(wire.Stop(number=number))

    def close(self) -> None:
        """End the engine process for good; whoever waits for it gets Cancelled."""
        self._closed.set()
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
        self.unload()

    def _order(
        self,
        card: EngineCard,
        reference: Reference,
        batch: Sequence[Utterance],
        settings: Mapping[str, float],
        places: Sequence[int] = (),
    ) -> wire.Speak:
        self._number += 1
        more = reference.more[: card.max_more]
        sounds = [reference.audio.samples, *(each.samples for each in more)]
        return wire.Speak(
            number=self._number,
            digest=reference.digest,
            transcript=reference.transcript,
            language=reference.language,
            rate=reference.audio.rate,
            utterances=tuple(batch),
            places=tuple(places),
            settings=dict(settings),
            more=tuple(wire.Stretch(n_samples=len(one.samples), rate=one.rate) for one in more),
            samples=np.concatenate(sounds) if more else reference.audio.samples,
        )

    def _take_turn(self, stop: StopFlag) -> None:
        while not (stop.is_set() or self._closed.is_set()):
            if self._turn.acquire(timeout=POLL_S):
                break
        else:
            raise Cancelled
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()

    def _end_turn(self) -> None:
        with self._lock:
            if self.idle_s is not None and self._life is not None and not self._closed.is_set():
                if self._timer is not None:
                    self._timer.cancel()
                self._timer = threading.Timer(self.idle_s, self.unload_idle)
                self._timer.daemon = True
                self._timer.start()
        self._turn.release()

    def _start(self, card: EngineCard) -> Life:
        """The process with this engine in it, loading or loaded. Only by whose turn it is."""
        with self._lock:
            if self._closed.is_set():
                raise Cancelled
            life = self._life
            if life is not None and life.is_alive and self._loading == card.identity:
                return life
        if life is not None:
            life.end("was ended to make room for another one" if life.is_alive else None)
        try:
            life = Life(
                self._log,
                self._packages,
                self._n_threads,
                self._memory.add,
                is_capped=self.cap_bytes is not None,
            )
        except OSError as error:
            raise ResourceError(
                f"The voice engine could not be started: {error.strerror or error}.",
                "Close other programs and try again.",
            ) from error
        with self._lock:
            self._life, self._loading = life, card.identity
        life.send(
            wire.Load(
                factory=card.factory,
                device=self._device,
                devices=card.devices,
                engine=card.identity,
                model=_model(card, self._copies),
                prompts=str(self._prompts) if self._prompts else None,
                calibration=str(self._calibration) if self._calibration else None,
                cap_bytes=self.cap_bytes,
                cost=card.cost,
                limits=card.limits,
                units_per_char=card.units_per_char,
            )
        )
        if self._closed.is_set():  # while it was being started
            self.unload()
            raise Cancelled
        return life

    def _loaded(self, card: EngineCard, stop: StopFlag) -> Life:
        """Wait until the engine is loaded; a stop leaves it loading."""
        life = self._start(card)
        since = time.monotonic()
        while not life.is_loaded:
            if stop.is_set():
                raise Cancelled
            answer = life.receive(POLL_S)
            if isinstance(answer, wire.Told):
                since = time.monotonic()  # the guard took a step, and it goes on
            if isinstance(answer, wire.Refused):
                life.end("could not be loaded")
                raise error_of(answer)
            if isinstance(answer, wire.Broken):
                raise died(life, breakage(answer), in_batch=False)
            if isinstance(answer, Ended):
                raise died(life, None, in_batch=False)
            if time.monotonic() - since > self._patience.load_s:
                hung = f"was not loaded after {self._patience.load_s:.0f} s and was ended"
                raise died(life, hung, in_batch=False)
        return life


def _model(card: EngineCard, copies: Path | None) -> wire.Model | None:
    chosen = card.weights
    if chosen is None:
        return None
    files = {part: str(path) for part, path in chosen.files.items()}
    return wire.Model(
        name=chosen.name,
        files=files,
        digest=chosen.digest,
        copies=None if copies is None else str(copies),
    )
