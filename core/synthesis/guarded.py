"""An engine behind the memory guard: exactly `load`, `prepare` and `speak` are run through it.

Runs in the engine process. What it takes is known in `core.synthesis.known`.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from core.audio.samples import Audio
from core.engines.protocol import (
    Arranges,
    CountsMemory,
    Engine,
    Prompt,
    Reference,
    Session,
    StopFlag,
    Unsaid,
    Utterance,
    Weights,
)
from core.errors import ResourceError, StudioError
from core.memory.allocator import Allocator
from core.memory.budget import BudgetGate
from core.memory.cost import CostModel
from core.memory.guard import Guard, OutOfRoom, Rung
from core.memory.host import n_open_files
from core.memory.ladder import Ladder, Origin, Way
from core.memory.leak import AfterJob
from core.memory.moments import Kind, MemoryEvent, in_words
from core.memory.picture import Split
from core.memory.plan import Batch, Refusal
from core.synthesis import wire
from core.synthesis.known import PREPARE, SPEAK, Known, Planned
from core.synthesis.loaded import Loaded
from core.synthesis.place import identity
from core.synthesis.resident import Resident

__all__ = ["PREPARE", "SPEAK", "GuardedEngine", "Said", "Standing"]

ONLY_PLACES = Ladder(cpu_dtype="fp32")
"""Of an engine that cannot be arranged: what does not load on a card is loaded on the host."""
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What runs now.

    Args:
        batch: Utterances said at once; None between batches.
        predicted_bytes: Peak that was foreseen.
    """

    batch: int | None = None
    predicted_bytes: int | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Said:
    """One utterance, said.

    Args:
        position: Place in the order.
        audio: As the engine made it.
        origin: With what it was made.
        verdict: What the engine's own check had to say about it; empty: all is well.
    """

    position: int
    audio: Audio
    origin: Origin
    verdict: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Asked:
    """What is to be said, as `GuardedEngine.speak` takes it, and what of it could not be."""

    prompt: Prompt
    utterances: Sequence[Utterance]
    settings: Mapping[str, float]
    stop: StopFlag
    places: Sequence[int]
    languages: Collection[str]
    refusals: list[OutOfRoom] = field(default_factory=list)
    unsaid: dict[int, StudioError] = field(default_factory=dict)

    def where(self, key: int) -> str:
        """An utterance, as people count."""
        return f"segment {(self.places[key] if self.places else key) + 1}"


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
        self._loaded: Loaded | None = None
        self._weights_bytes: int | None = None
        self._at_rest_bytes: int | None = None
        self._known = Known(order, sink=sink, clock=clock)
        self._planned = Way(device=order.device)
        self._is_measuring = False
        self._settle(order.device)

    @property
    def session(self) -> Session:
        return self._here.session

    @property
    def budget_bytes(self) -> int | None:
        return self._gate.budget_bytes

    @property
    def cost(self) -> CostModel | None:
        """As known so far; None where nothing was counted or measured."""
        return self._known.cost

    def units(self, utterance: Utterance) -> int:
        """Length in the unit of the costs."""
        return self._known.units(utterance)

    def load(self) -> None:
        """Raises OutOfRoom, EngineFatal, and what the engine raises."""
        engine, device = self._engine, self._order.device
        first, ladder = Way(device=device), ONLY_PLACES
        if isinstance(engine, Arranges):
            first, ladder = replace(engine.way, device=device), engine.ladder
        self._planned = used = first

        def load_in(way: Way) -> Session:
            nonlocal used
            used = way
            self._check_cap()
            if isinstance(engine, Arranges):
                engine.arrange(way)
            return engine.load(weights, way.device)

        weights = _weights(self._order.model)
        before = self._allocator.live_bytes()
        known = self._order.cost
        needed = None if known is None else lambda way: before + known.at(way.dtype).weights_bytes
        session = self._run("load", load_in, first, ladder=ladder, needed=needed)
        self._loaded = Loaded(session, used.device)
        if used.device != self._device:
            self._settle(used.device)
        else:
            self._weights_bytes = max(0, self._allocator.live_bytes() - before)
        self._identity = identity(self._device)  # what loads late may have brought torch
        self._known.begin(self._identity, used.dtype, self._allocator.live_bytes())

    def prepare(self, reference: Reference) -> Prompt:
        """Raises OutOfRoom, EngineFatal, and what the engine raises."""
        # One after the other: the longest decides.
        sounds = (reference.audio, *reference.more)
        seconds = math.ceil(max(each.seconds for each in sounds))
        way = replace(self._here.largest, batch=1)
        languages = _languages_of(reference)
        self._here.keep_for(languages)
        late_before = self._late_bytes

        def prepare_in(now: Way) -> Prompt:
            self._check_cap()
            self._here.arrange(now)
            return self.session.prepare(reference)

        def needed(now: Way) -> int:
            return self._known.prepare_bytes(seconds, now, languages) or 0

        def observe(_: Way, peak: int) -> None:
            own = peak - max(0, self._late_bytes - late_before)
            self._learn(lambda: self._known.prepared(seconds, own))

        has_prediction = self._known.prepare_bytes(seconds, way) is not None
        return self._run(
            PREPARE,
            prepare_in,
            way,
            ladder=self._here.ladder,
            needed=needed if has_prediction else None,
            observe=observe,
            where="the reference",
        )

    def speak(
        self,
        prompt: Prompt,
        utterances: Sequence[Utterance],
        settings: Mapping[str, float],
        stop: StopFlag,
        places: Sequence[int] = (),
        *,
        languages: Collection[str] = (),
    ) -> Iterator[Said]:
        """Every utterance, as it is finished.

        Args:
            prompt: Of the voice.
            utterances: To be said.
            settings: Every knob.
            stop: Ends it soon.
            places: Of each utterance its place in the text.
            languages: Of what is still to come of the text, besides these.

        Raises:
            OutOfRoom: Some fit in no way; all others were made.
            Unsaid: Some cannot be said, by their places; all others were.
            EngineFatal: The device is lost.
            Cancelled: Stopped.
        """
        asked = _Asked(
            prompt=prompt,
            utterances=utterances,
            settings=settings,
            stop=stop,
            places=places,
            languages={*languages, *(each.language for each in utterances)},
        )
        try:
            planned = self._plan(utterances, asked.languages)
            for batch in planned.batches:
                yield from self._say(asked, batch, has_prediction=planned.has_prediction)
        finally:
            self.standing = Standing()
        refusals = asked.refusals
        refusals += [self._refuse(each, asked.where(each.index)) for each in planned.refused]
        if refusals:
            raise self._with_cap(refusals[-1])
        if asked.unsaid:
            raise Unsaid(asked.unsaid)

    def _plan(self, utterances: Sequence[Utterance], languages: Collection[str]) -> Planned:
        if utterances:  # an order without any only has a reference prepared
            self._here.keep_for(languages)
        budget = self._gate.follow(self._allocator.room())
        return self._known.planned(
            utterances, self._here.largest, self._here.ladder, budget, languages=languages
        )

    def _say(self, asked: _Asked, batch: Batch, *, has_prediction: bool) -> Iterator[Said]:
        late_before = self._late_bytes

        def predicted(way: Way) -> int:
            return self._known.speak_bytes(batch, way, asked.languages)

        def say(way: Way, keys: tuple[int, ...]) -> Iterator[tuple[int, Said | None]]:
            nonlocal late_before
            late_before = self._late_bytes
            foreseen = predicted(replace(way, batch=len(keys))) if has_prediction else None
            self.standing = Standing(batch=len(keys), predicted_bytes=foreseen)
            self._check_cap()
            self._here.arrange(way)
            made = self._here.origin(way, self._planned)
            said = [asked.utterances[key] for key in keys]
            try:
                for piece in self.session.speak(asked.prompt, said, asked.settings, asked.stop):
                    key = keys[piece.position]
                    self._known.spoken(asked.utterances[key], piece.units)
                    yield (
                        key,
                        Said(position=key, audio=piece.audio, origin=made, verdict=piece.note),
                    )
            except StudioError as error:
                if len(keys) > 1 and not isinstance(error, Unsaid):
                    raise
                errors = error.errors if isinstance(error, Unsaid) else {0: error}
                for position, each in errors.items():
                    asked.unsaid[keys[position]] = each
                    yield keys[position], None

        def observe(way: Way, keys: tuple[int, ...], peak: int) -> None:
            n = max(self.units(asked.utterances[key]) for key in keys)
            own = peak - max(0, self._late_bytes - late_before)
            self._learn(lambda: self._known.said(n, way, len(keys), batch.kv_tokens, own))

        way = replace(
            self._here.largest,
            batch=len(batch.items),
            decode_chunk=batch.decode_chunk,
            dtype=batch.dtype,
        )
        pieces = self._guard.each(
            SPEAK,
            say,
            batch.items,
            way,
            where=asked.where,
            ladder=self._here.ladder,
            needed=predicted if has_prediction else None,
            observe=observe,
            refused=lambda _, refusal: asked.refusals.append(refusal),
        )
        for _, said in pieces:
            if said is not None:
                yield said

    def _refuse(self, refusal: Refusal, where: str) -> OutOfRoom:
        """One that was not even tried; told like the last rung, because it is."""
        self._sink(
            MemoryEvent(
                kind=Kind.RUNG,
                at_s=self._clock(),
                stage=SPEAK,
                needed_bytes=refusal.needed_bytes,
                free_bytes=refusal.free_bytes,
                after=Rung.REFUSE.value,
                text=f"{where} {refusal.fits}; it was left out without a try",
            )
        )
        return OutOfRoom(
            f"{where[:1].upper()}{where[1:]} {refusal.fits}.",
            "Close other programs that use memory, allow Timbre more of it, or make it shorter.",
            refusal.needed_bytes,
            refusal.free_bytes,
        )

    def clear(self) -> int:
        """Give back what is held and not used. Returns the bytes."""
        before = self._allocator.reserved_bytes()
        self._here.keep_for(())
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
        self._known.weighed(self._allocator.live_bytes())

    def calibrate(self, stage: str, points: Sequence[tuple[int, int, int]]) -> None:
        """Fit a stage to measured runs and keep it; see `Known.calibrate`."""
        self._known.calibrate(stage, points, chunk=self._here.largest.decode_chunk)

    def after_job(self) -> AfterJob:
        """What is in use now that nothing runs.

        On a card the first of these is the measure for all later ones: the first run has the
        libraries take workspaces, which they keep.
        """
        late = self._late_bytes
        resident, n_files = self.process.live_bytes() - late, n_open_files()
        if self._is_on_host:
            return AfterJob(live_bytes=0, resident_bytes=resident, n_files=n_files)
        live = self._allocator.live_bytes() - late
        if self._at_rest_bytes is None:
            self._at_rest_bytes = max(live, self._weights_bytes or 0)
        return AfterJob(
            live_bytes=live,
            baseline_bytes=self._at_rest_bytes,
            resident_bytes=resident,
            n_files=n_files,
        )

    def standing_now(self, number: int, n_said: int, events: Sequence[MemoryEvent]) -> wire.Told:
        """How memory stands."""
        return wire.Told(
            number=number,
            device=self._device,
            uuid=self._identity.uuid,
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
        self._known.save()

    # How it runs

    def _settle(self, device: str) -> None:
        """Where the engine runs, and so whose memory is guarded."""
        self._device = device
        own = self._engine.allocator(device) if isinstance(self._engine, CountsMemory) else None
        self._allocator: Allocator = own or self.process
        self._identity = identity(device)
        self._guard = Guard(
            self._allocator,
            clock=self._clock,
            sink=self._sink,
            gate=self._gate,
            unload_idle=self._give_up_idle,
        )

    @property
    def _here(self) -> Loaded:
        assert self._loaded is not None, "the host loads before it speaks"
        return self._loaded

    @property
    def _late_bytes(self) -> int:
        return self._loaded.late_bytes if self._loaded else 0

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

    def _learn(self, learn: Callable[[], None]) -> None:
        # Resident memory comes back late: what a run adds to it says little of what it took.
        if not self._is_measuring and not self._is_on_host:
            learn()

    def _split(self) -> Split:
        live = self._allocator.live_bytes()
        if self._is_on_host:
            return Split(ours_bytes=live)
        held = self._allocator.reserved_bytes()
        kv = self._loaded.kv_bytes if self._loaded else None
        weights = None if self._weights_bytes is None else self._weights_bytes + self._late_bytes
        rest = None if weights is None else max(0, live - weights - (kv or 0))
        return Split(
            weights_bytes=weights,
            kv_bytes=kv,
            activation_bytes=rest,
            cache_bytes=max(0, held - live),
            ours_bytes=held,
        )


def _weights(model: wire.Model | None) -> Weights | None:
    if model is None:
        return None
    files = {part: Path(path) for part, path in model.files.items()}
    copies = None if model.copies is None else Path(model.copies)
    return Weights(name=model.name, files=files, digest=model.digest, copies=copies)


def _languages_of(reference: Reference) -> Collection[str] | None:
    """Of what is read of a reference; None where nobody knows."""
    if not reference.transcript:
        return ()
    return None if reference.language is None else (reference.language,)
