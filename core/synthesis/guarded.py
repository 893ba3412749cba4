"""An engine behind the memory guard: exactly `load`, `prepare` and `speak` are run through it.

Runs in the engine process. It plans the batches of an order by the costs known so far, learns
from every run, and knows how memory stands.
"""

from __future__ import annotations

import gc
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from core.audio.samples import Audio
from core.engines.protocol import (
    Arranges,
    CountsMemory,
    Engine,
    HoldsKeys,
    Prompt,
    Reference,
    Session,
    StopFlag,
    Utterance,
)
from core.errors import ResourceError
from core.memory.allocator import Allocator
from core.memory.budget import BudgetGate
from core.memory.calibration import Calibration, Fingerprint
from core.memory.cost import CostModel
from core.memory.guard import Guard, OutOfRoom
from core.memory.ladder import Ladder, Way
from core.memory.moments import MemoryEvent, in_words
from core.memory.picture import Split
from core.memory.plan import Batch, Item, Limits, plan
from core.synthesis import wire
from core.synthesis.resident import Resident

PREPARE = "prepare"
SPEAK = "speak"
ONLY_BATCHES = Ladder(cpu_dtype=None)
"""Of a session that cannot be arranged."""
ONLY_PLACES = Ladder(cpu_dtype="fp32")
"""Of an engine that cannot be arranged: what does not load on a card is loaded on the host."""
T = TypeVar("T")

SAVED_EVERY = 32
"""Runs after which what was learnt is written down."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What runs now.

    Args:
        batch: Utterances said at once; None between batches.
        predicted_bytes: Peak that was foreseen.
    """

    batch: int | None = None
    predicted_bytes: int | None = None


class GuardedEngine:
    """One engine, loaded once. For the one thread that runs models.

    Args:
        engine: Not loaded yet.
        order: As the host sent it.
        sink: Told what the guard does.
        give_up_idle: Gives up what nobody uses now; returns the bytes given back.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        engine: Engine,
        order: wire.Load,
        *,
        sink: Callable[[MemoryEvent], None],
        give_up_idle: Callable[[], int] = lambda: 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine, self._order = engine, order
        self._sink, self._give_up_idle, self._clock = sink, give_up_idle, clock
        self._gate = BudgetGate(cap_bytes=order.cap_bytes, sink=sink, clock=clock)
        self.process = Resident(is_capped=order.cap_bytes is not None)
        self.standing = Standing()
        self._session: Session | None = None
        self._weights_bytes: int | None = None
        self._calibration: Calibration | None = None
        self._n_runs = 0
        self._is_measuring = False
        self._settle(order.device)

    @property
    def session(self) -> Session:
        assert self._session is not None, "the host loads before it speaks"
        return self._session

    @property
    def budget_bytes(self) -> int | None:
        return self._gate.budget_bytes

    @property
    def cost(self) -> CostModel | None:
        """As known so far; None where nothing was counted or measured."""
        if self._calibration is None:
            return self._order.cost
        found = self._calibration.cost
        return found if found.stages or self._order.cost is not None else None

    def load(self) -> None:
        """Raises OutOfRoom, EngineFatal, and what the engine raises."""
        engine, device = self._engine, self._order.device
        first, ladder = Way(device=device), ONLY_PLACES
        if isinstance(engine, Arranges):
            first, ladder = replace(engine.way, device=device), engine.ladder
        used = first

        def load_in(way: Way) -> Session:
            nonlocal used
            used = way
            self._check_cap()
            if isinstance(engine, Arranges):
                engine.arrange(way)
            return engine.load(None, way.device)

        before = self._allocator.live_bytes()
        known = self._order.cost
        needed = None if known is None else lambda way: before + known.at(way.dtype).weights_bytes
        self._session = self._run("load", load_in, first, ladder=ladder, needed=needed)
        if used.device != self._device:
            self._settle(used.device)
        else:
            self._weights_bytes = max(0, self._allocator.live_bytes() - before)
        self._calibrate(used.dtype)

    def prepare(self, reference: Reference) -> Prompt:
        """Raises OutOfRoom, EngineFatal, and what the engine raises."""
        seconds = math.ceil(reference.audio.seconds)
        way = replace(self._largest, batch=1)

        def prepare_in(now: Way) -> Prompt:
            self._check_cap()
            self._arrange(now)
            return self.session.prepare(reference)

        def needed(now: Way) -> int:
            cost = self.cost
            stage = None if cost is None else cost.at(now.dtype).stages.get(PREPARE)
            weights = 0 if cost is None else cost.at(now.dtype).weights_bytes
            return weights + (0 if stage is None else stage.bytes(seconds, 1, now.decode_chunk))

        cost = self.cost
        return self._run(
            PREPARE,
            prepare_in,
            way,
            ladder=self._ladder,
            needed=needed if cost is not None and PREPARE in cost.stages else None,
            observe=lambda _, peak: self._learn(PREPARE, seconds, 1, peak),
            where="the reference",
        )

    def speak(
        self,
        prompt: Prompt,
        utterances: Sequence[Utterance],
        settings: Mapping[str, float],
        stop: StopFlag,
        places: Sequence[int] = (),
    ) -> Iterator[tuple[int, Audio]]:
        """Position and sound of each utterance, as it is finished.

        Raises:
            OutOfRoom: Some fit in no way; all others were made.
            EngineFatal: The device is lost.
            Cancelled: Stopped.
        """
        refusals: list[OutOfRoom] = []
        try:
            for batch, has_prediction in self._planned(utterances):
                yield from self._say(
                    prompt, utterances, settings, stop, places,
                    batch=batch, has_prediction=has_prediction, refusals=refusals,
                )  # fmt: skip
        finally:
            self.standing = Standing()
        if refusals:
            raise self._with_cap(refusals[-1])

    def _say(
        self,
        prompt: Prompt,
        utterances: Sequence[Utterance],
        settings: Mapping[str, float],
        stop: StopFlag,
        places: Sequence[int],
        *,
        batch: Batch,
        has_prediction: bool,
        refusals: list[OutOfRoom],
    ) -> Iterator[tuple[int, Audio]]:
        def predicted(way: Way) -> int:
            cost = self._speaking(way.dtype)
            return cost.peak_bytes(
                batch.n_max, way.batch, chunk=way.decode_chunk, kv_tokens=batch.kv_tokens
            )

        def say(way: Way, keys: tuple[int, ...]) -> Iterator[tuple[int, Audio]]:
            foreseen = predicted(replace(way, batch=len(keys))) if has_prediction else None
            self.standing = Standing(batch=len(keys), predicted_bytes=foreseen)
            self._check_cap()
            self._arrange(way)
            said = [utterances[key] for key in keys]
            for piece in self.session.speak(prompt, said, settings, stop):
                yield keys[piece.position], piece.audio

        def observe(way: Way, keys: tuple[int, ...], peak: int) -> None:
            n = max(self.units(utterances[key]) for key in keys)
            self._learn(SPEAK, n, len(keys), peak, chunk=way.decode_chunk, kv=batch.kv_tokens)

        way = replace(
            self._largest,
            batch=len(batch.items),
            decode_chunk=batch.decode_chunk,
            dtype=batch.dtype,
        )
        yield from self._guard.each(
            SPEAK,
            say,
            batch.items,
            way,
            where=lambda key: f"segment {(places[key] if places else key) + 1}",
            ladder=self._ladder,
            needed=predicted if has_prediction else None,
            observe=observe,
            refused=lambda _, refusal: refusals.append(refusal),
        )

    def clear(self) -> int:
        """Give back what is held and not used. Returns the bytes."""
        before = self._allocator.reserved_bytes()
        self._free()
        return max(0, before - self._allocator.reserved_bytes())

    def peak_of(self, stage: str, run: Callable[[], object]) -> int | None:
        """Peak of a run above what was in use before (bytes); None where it did not fit."""
        self._free()
        self._allocator.reset_peak()
        before = self._allocator.live_bytes()
        self._is_measuring = True
        try:
            run()
        except OutOfRoom:
            return None
        finally:
            self._is_measuring = False
        return max(0, self._allocator.peak_bytes() - before)

    def weigh(self) -> None:
        """Count what lives now as the loaded models."""
        self._free()
        if self._calibration is not None:
            self._calibration.weighed(self._allocator.live_bytes())

    def calibrate(self, stage: str, points: Sequence[tuple[int, int, int]]) -> None:
        """Fit a stage to measured runs and keep it.

        Args:
            stage: `prepare` or `speak`.
            points: Length, rows, peak above the loaded models (bytes).
        """
        if self._calibration is None or not points:
            return
        per_token = self._calibration.cost.kv_bytes_per_token if stage == SPEAK else 0.0
        tokens = self._order.limits.kv_tokens
        self._calibration.measured(
            stage,
            [
                (n, rows, max(1, peak - int(per_token * tokens(n) * rows)))
                for n, rows, peak in points
            ],
        )
        self._calibration.save()

    def standing_now(self, number: int, n_said: int, events: Sequence[MemoryEvent]) -> wire.Told:
        """How memory stands."""
        return wire.Told(
            number=number,
            device=self._device,
            uuid=self._uuid,
            split=self._split(),
            batch=self.standing.batch,
            predicted_bytes=self.standing.predicted_bytes,
            peak_bytes=self._allocator.peak_bytes(),
            budget_bytes=self._gate.budget_bytes,
            n_said=n_said,
            is_settled=self.standing.batch is None,
            events=tuple(events),
        )

    def close(self) -> None:
        """Write down what was learnt."""
        if self._calibration is not None:
            self._calibration.save()

    # How it runs

    def _settle(self, device: str) -> None:
        """Where the engine runs, and so whose memory is guarded."""
        self._device = device
        own = self._engine.allocator(device) if isinstance(self._engine, CountsMemory) else None
        self._allocator: Allocator = own or self.process
        self._uuid = _identity(device)[1]
        self._guard = Guard(
            self._allocator,
            clock=self._clock,
            sink=self._sink,
            gate=self._gate,
            unload_idle=self._give_up_idle,
        )

    def _calibrate(self, dtype: str) -> None:
        order = self._order
        if order.calibration is None:
            return
        name, _, driver, torch = _identity(self._device)
        self._calibration = Calibration(
            Path(order.calibration),
            Fingerprint(device=name, driver=driver, torch=torch, model=order.engine, dtype=dtype),
            order.cost or CostModel(dtype=dtype),
            sink=self._sink,
            clock=self._clock,
        )
        self._calibration.weighed(self._allocator.live_bytes())

    @property
    def _largest(self) -> Way:
        session = self.session
        if isinstance(session, Arranges):
            return session.way
        return Way(device=self._device)

    @property
    def _ladder(self) -> Ladder:
        session = self.session
        return session.ladder if isinstance(session, Arranges) else ONLY_BATCHES

    def _arrange(self, way: Way) -> None:
        if isinstance(self.session, Arranges):
            self.session.arrange(way)

    def _run(self, stage: str, fn: Callable[[Way], T], way: Way, **how: Any) -> T:
        try:
            return self._guard.run(stage, fn, way, **how)
        except OutOfRoom as refusal:
            raise self._with_cap(refusal) from None

    def _with_cap(self, refusal: OutOfRoom) -> ResourceError:
        """With the person's own cap named, where there is one."""
        cap = self._gate.cap_bytes
        if cap is None:
            return refusal
        return OutOfRoom(
            f"{refusal.message} The memory cap is {in_words(cap)}.",
            "Allow more (--memory-cap, or the setting memory_cap_mib), or make it shorter.",
            refusal.needed_bytes,
            refusal.free_bytes,
        )

    def _check_cap(self) -> None:
        """Where nothing enforces the person's cap while a call runs, at least before it."""
        cap = self._gate.cap_bytes
        if cap is not None and (live := self.process.live_bytes()) > cap and self._is_on_host:
            raise MemoryError(f"{live} bytes are in use, {cap} are allowed")

    @property
    def _is_on_host(self) -> bool:
        return self._allocator is self.process

    def _free(self) -> None:
        gc.collect()
        self._allocator.release()

    # What is known of it

    def units(self, utterance: Utterance) -> int:
        """Length in the unit of the costs."""
        return max(1, math.ceil(len(utterance.text) * self._order.units_per_char))

    def _speaking(self, dtype: str) -> CostModel:
        """Costs of everything but preparing a reference."""
        cost = self.cost or CostModel()
        stages = {name: stage for name, stage in cost.stages.items() if name != PREPARE}
        return replace(cost, stages=stages).at(dtype)

    def _planned(self, utterances: Sequence[Utterance]) -> Iterator[tuple[Batch, bool]]:
        """Batches, and whether anything is known of what they take."""
        way, ladder = self._largest, self._ladder
        items = [Item(index=at, n=self.units(each)) for at, each in enumerate(utterances)]
        cost = self.cost
        stages = () if cost is None else tuple(name for name in cost.stages if name != PREPARE)
        if cost is None or not stages or not items:
            if items:
                yield _together(items, way), False
            return
        budget = self._gate.follow(self._allocator.room())
        limits = limits_of(self._order.limits, way, ladder, max_batch=len(items))
        made = plan(items, budget_bytes=budget, cost=self._speaking(way.dtype), limits=limits)
        for batch in made.batches:
            yield batch, True
        # A prediction alone loses no sentence: what should not fit is tried alone, at the end.
        by_index = {item.index: item for item in items}
        for refusal in made.refused:
            alone = _together([by_index[refusal.index]], way)
            yield replace(alone, decode_chunk=limits.chunks(1)[-1]), True

    def _learn(
        self, stage: str, n: int, batch: int, peak: int, *, chunk: int = 0, kv: int = 0
    ) -> None:
        if self._calibration is None or self._is_measuring or self._is_on_host:
            # Resident memory comes back late: what a run adds to it says little of what it took.
            return
        if stage == SPEAK:
            cost = self._calibration.cost
            stages = [each for name, each in cost.stages.items() if name != PREPARE]
            largest = max(stages, key=lambda each: each.bytes(n, batch, chunk), default=None)
            stage = SPEAK if largest is None else largest.name
            peak = max(0, peak - math.ceil(cost.kv_bytes_per_token * kv * batch))
        self._calibration.observe(stage, n, batch, peak, chunk=chunk)
        self._n_runs += 1
        if self._n_runs % SAVED_EVERY == 1:
            self._calibration.save()

    def _split(self) -> Split:
        live = self._allocator.live_bytes()
        if self._is_on_host:
            return Split(ours_bytes=live)
        held = self._allocator.reserved_bytes()
        kv = self._session.kv_bytes if isinstance(self._session, HoldsKeys) else None
        weights = self._weights_bytes
        rest = None if weights is None else max(0, live - weights - (kv or 0))
        return Split(
            weights_bytes=weights,
            kv_bytes=kv,
            activation_bytes=rest,
            cache_bytes=max(0, held - live),
            ours_bytes=held,
        )


def limits_of(limits: Limits, way: Way, ladder: Ladder, *, max_batch: int) -> Limits:
    """What a card says, in the way in which it runs."""
    return replace(
        limits,
        max_batch=max_batch,
        chunk=way.decode_chunk,
        min_chunk=ladder.min_chunk,
        # A prediction alone does not change the sound: lower precision is left to the ladder.
        dtypes=(way.dtype,),
        device=way.device,
    )


def _together(items: Sequence[Item], way: Way) -> Batch:
    return Batch(
        items=tuple(item.index for item in items),
        n_max=max(item.n for item in items),
        predicted_bytes=0,
        decode_chunk=way.decode_chunk,
        kv_tokens=0,
        dtype=way.dtype,
        device=way.device,
    )


def _identity(device: str) -> tuple[str, str | None, str, str]:
    """What tells this device from another: its name or UUID, UUID, driver, version of torch.

    Torch is asked only where an engine has imported it.
    """
    torch: Any = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "__version__"):
        return device, None, "", ""
    version = str(torch.__version__)
    if not device.startswith("cuda") or not torch.cuda.is_available():
        return device, None, "", version
    properties = torch.cuda.get_device_properties(device)
    uuid = getattr(properties, "uuid", None)
    uuid = f"GPU-{uuid}" if uuid is not None else None
    return uuid or str(properties.name), uuid, str(torch.version.cuda or torch.version.hip), version
