"""Runs a stage and, when memory runs out, runs it again in a smaller way.

Nothing is caught here: `core.memory.attempt` does that and keeps a plain record, so that recovery
never happens while a traceback keeps the failed call's tensors alive.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from core.memory.allocator import Allocator
from core.memory.attempt import attempt
from core.memory.budget import BudgetGate
from core.memory.classify import Fault, FaultKind
from core.memory.descent import Descent, OutOfRoom, Remembered, out_of_room, why
from core.memory.ladder import Ladder, Rung, Way, change, difference, in_short
from core.memory.moments import Kind, MemoryEvent, in_words

__all__ = ["Allocator", "EngineFatal", "Guard", "Ladder", "OutOfRoom", "Rung", "Way"]

REMEMBERED_S = 600.0
"""A way that worked is used this long before the next larger one is tried again (s)."""

HOARD_SHARE = 0.25
"""Of the budget: more than this held but not used is given back before a large stage."""
LARGE_SHARE = 0.5
"""Of the budget: a stage that needs more than this is large."""

_WHOLE = Ladder()

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")


class EngineFatal(Exception):
    """The device is lost to this process: end it, start another, go on where it stopped."""


class Guard:
    """Runs stages. For the one thread that runs models.

    Args:
        allocator: Of the device that the stages run on.
        clock: Monotonic seconds.
        sink: Told what happened.
        gate: Decides how much may be used, asked before every run; None: no limit of ours.
        unload_idle: Unloads models that nobody uses now; returns the bytes given back.
    """

    def __init__(
        self,
        allocator: Allocator,
        *,
        clock: Callable[[], float],
        sink: Callable[[MemoryEvent], None],
        gate: BudgetGate | None = None,
        unload_idle: Callable[[], int] | None = None,
    ) -> None:
        self._allocator = allocator
        self._clock = clock
        self._sink = sink
        self._gate = gate
        self._unload_idle = unload_idle
        self._remembered: dict[str, Remembered] = {}

    def run(
        self,
        stage: str,
        fn: Callable[[Way], T],
        way: Way,
        *,
        where: str = "",
        ladder: Ladder = _WHOLE,
        needed: Callable[[Way], int] | None = None,
        observe: Callable[[Way, int], None] | None = None,
    ) -> T:
        """The result of a stage, in the largest way that works.

        Args:
            stage: What ways are remembered by, as `decode`.
            fn: Does it; called again from the start after a failure, so it must not have changed
                anything. An iterator that it returns runs outside the guard: use `each`.
            way: The planned one.
            where: Place in the text for the person, as `segment 12`.
            ladder: Smaller ways that the stage has.
            needed: Predicted bytes in all, loaded models included.
            observe: Told the way that worked and the peak above what was in use before (bytes).

        Raises:
            OutOfRoom: No way fits.
            EngineFatal: The device is lost.
        """
        descent = self._start(stage, way, ladder, needed)
        while True:
            chosen = descent.way
            outcome = attempt(lambda: fn(chosen))  # noqa: B023 -- called at once
            if isinstance(outcome, Fault):
                refusal = self._recover(descent, outcome, where)
                if refusal is not None:
                    raise refusal
                continue
            grown = self._worked(descent)
            if observe is not None and grown is not None:
                observe(chosen, grown)
            return outcome.value

    def each(
        self,
        stage: str,
        fn: Callable[[Way, tuple[K, ...]], Iterable[tuple[K, V]]],
        items: Sequence[K],
        way: Way,
        *,
        where: Callable[[K], str] = lambda item: f"item {item}",
        ladder: Ladder = _WHOLE,
        needed: Callable[[Way], int] | None = None,
        observe: Callable[[Way, tuple[K, ...], int], None] | None = None,
        refused: Callable[[K, OutOfRoom], None] | None = None,
    ) -> Iterator[tuple[K, V]]:
        """The results of a stage for many items, each once and as soon as it is made.

        What was made before a failure is kept; the rest is made in a smaller way.

        Args:
            stage: What ways are remembered by.
            fn: Yields `(item, value)` for the items it is given, in any order; values must not
                live on the device. It is given no more items than the way's batch.
            items: All different.
            way: The planned one.
            where: Place of an item in the text, for the person.
            ladder: Smaller ways that the stage has.
            needed: Predicted bytes in all, loaded models included.
            observe: Told the way, the items and the peak above what was in use before (bytes).
            refused: Told of an item that no way fits; the others go on. Without it, `OutOfRoom`
                is raised once the others are made.

        Raises:
            OutOfRoom: See `refused`; the last one when there were several.
            EngineFatal: The device is lost.
        """
        left = list(items)
        refusal: OutOfRoom | None = None
        while left:
            small = replace(way, batch=min(way.batch, len(left)))
            descent = self._start(stage, small, ladder, needed)
            while True:
                batch = tuple(left[: descent.way.batch])
                fault = yield from self._batch(fn, batch, descent.way, left)
                if fault is None:
                    grown = self._worked(descent)
                    if observe is not None and grown is not None:
                        observe(descent.way, batch, grown)
                    break
                refusal_now = self._recover(descent, fault, where(left[0]) if left else "")
                if refusal_now is not None:
                    item = left.pop(0)
                    if refused is None:
                        refusal = refusal_now
                    else:
                        refused(item, refusal_now)
                    break
        if refusal is not None:
            raise refusal

    def _batch(
        self,
        fn: Callable[[Way, tuple[K, ...]], Iterable[tuple[K, V]]],
        batch: tuple[K, ...],
        way: Way,
        left: list[K],
    ) -> Generator[tuple[K, V], None, Fault | None]:
        """Passes on what is made and takes it off the list; returns what went wrong."""
        begun = attempt(lambda: iter(fn(way, batch)))
        if isinstance(begun, Fault):
            return begun
        pieces, due = begun.value, list(batch)
        try:
            while True:
                made = attempt(lambda: next(pieces, None))
                if isinstance(made, Fault):
                    # With everything made, there is nothing to be made in a smaller way.
                    return made if due or made.kind is FaultKind.FATAL else None
                if made.value is None:
                    break
                item, value = made.value
                due.remove(item)
                left.remove(item)
                yield item, value
        finally:
            if isinstance(pieces, Generator):
                pieces.close()
        if due:
            raise RuntimeError(f"{len(due)} of {len(batch)} items were not made")
        return None

    def _start(
        self, stage: str, way: Way, ladder: Ladder, needed: Callable[[Way], int] | None
    ) -> Descent:
        """The planned way, as small as what was remembered and what is free now ask for."""
        remembered = self._remembered.setdefault(stage, Remembered())
        before = remembered.within(way, ladder)
        if self._clock() >= remembered.until_s:
            remembered.climb(way, ladder)
        now = remembered.within(way, ladder)
        descent = Descent(
            stage=stage,
            way=now,
            ladder=ladder,
            needed=needed,
            home=way.device,
            climbed_from=before if before != now else None,
        )
        self._ready(descent)
        self._fit_in(descent)
        self._give_back_hoard(descent)
        return descent

    def _ready(self, descent: Descent) -> None:
        """Before every run: what may be used now, and counting from here."""
        if self._gate is not None:
            self._allocator.limit(self._gate.follow(self._allocator.room()))
        self._allocator.reset_peak()
        descent.live_before = self._allocator.live_bytes()

    def _fit_in(self, descent: Descent) -> None:
        """Where less is free than was planned with: smaller before it is tried, not after.

        Only in ways that leave the sound as it is; a prediction alone refuses nothing.
        """
        budget = self._gate.budget_bytes if self._gate is not None else None
        planned, needed = descent.way, descent.needed_bytes()
        # What was moved to the processor is not in the way of the card's budget.
        if budget is None or needed is None or planned.device != descent.home:
            return
        while (descent.needed_bytes() or 0) > budget:
            step = descent.ladder.step(descent.way)
            if step is None or step[0] is Rung.LOWER_PRECISION:
                break
            descent.way = step[1]
        remembered = self._remembered[descent.stage]
        words = difference(planned, descent.way)
        is_news, remembered.told = words != remembered.told, words
        if words and is_news:
            self._tell(
                Kind.SHRINK,
                descent,
                f"needs {in_words(needed)}, {in_words(budget)} may be used: {words}",
                needed_bytes=needed,
                free_bytes=budget,
            )

    def _give_back_hoard(self, descent: Descent) -> None:
        """What is held in odd pieces may be of no use to a large stage."""
        budget = self._gate.budget_bytes if self._gate is not None else None
        needed = descent.needed_bytes()
        if budget is None or (needed is not None and needed <= LARGE_SHARE * budget):
            return
        if self._allocator.reserved_bytes() - descent.live_before > HOARD_SHARE * budget:
            self._allocator.release()

    def _worked(self, descent: Descent) -> int | None:
        """Remember the way; the peak above what was in use before, where it counts."""
        if descent.steps:
            remembered = self._remembered[descent.stage]
            remembered.steps += descent.steps
            remembered.until_s = self._clock() + REMEMBERED_S
        elif descent.climbed_from is not None:
            words = difference(descent.climbed_from, descent.way)
            if words:
                self._tell(Kind.RESTORE, descent, f"{words}: it fits again")
        if descent.way.device != descent.home:
            return None
        return max(0, self._allocator.peak_bytes() - descent.live_before)

    def _recover(self, descent: Descent, fault: Fault, where: str) -> OutOfRoom | None:
        """Give memory back and take one step down; what to say when there is none."""
        # A lost device may show only when memory is given back.
        cleared = None if fault.kind is FaultKind.FATAL else attempt(self._clear)
        for found in (fault, cleared):
            if isinstance(found, Fault) and found.kind is FaultKind.FATAL:
                raise EngineFatal(found.text)
        needed_bytes, free_bytes = self._measure(descent, fault)
        before = descent.way
        self._tell(
            Kind.OOM,
            descent,
            f"memory ran out in {descent.stage}" + (f" at {where}" if where else ""),
            needed_bytes=needed_bytes,
            free_bytes=free_bytes,
            detail=fault.text,
        )
        rung, given_back = self._step(descent, fault)
        words = change(rung, before, descent.way)
        if given_back:
            words += f", {in_words(given_back)} given back"
        goes_on = f", continuing at {where}" if where and rung is not Rung.REFUSE else ""
        self._tell(
            Kind.EVICT if rung is Rung.UNLOAD_IDLE else Kind.RUNG,
            descent,
            f"{why(needed_bytes, free_bytes)}: {words}{goes_on}",
            needed_bytes=needed_bytes,
            free_bytes=free_bytes,
            before=in_short(rung, before),
            after=rung.value if rung is Rung.REFUSE else in_short(rung, descent.way),
        )
        if rung is Rung.REFUSE:
            return out_of_room(descent.stage, where, needed_bytes, free_bytes)
        self._ready(descent)
        return None

    def _step(self, descent: Descent, fault: Fault) -> tuple[Rung, int]:
        """The next rung, taken, and the bytes that it gave back."""
        if not descent.is_cleared:
            descent.is_cleared = True
            return Rung.CLEAR, 0
        step = descent.ladder.step(descent.way)
        if step is not None:
            descent.take(step[1])
            return step[0], 0
        if not descent.is_unloaded and self._unload_idle is not None:
            descent.is_unloaded = True
            given_back = self._unload_idle()
            if given_back > 0:
                self._clear()
                return Rung.UNLOAD_IDLE, given_back
        on_cpu = descent.ladder.on_cpu(descent.way)
        # Where the host's own memory ran out, more work on the host is no way out.
        if on_cpu is not None and not fault.is_host:
            descent.take(on_cpu)
            return Rung.ON_CPU, 0
        return Rung.REFUSE, 0

    def _clear(self) -> None:
        gc.collect()
        self._allocator.release()

    def _measure(self, descent: Descent, fault: Fault) -> tuple[int | None, int]:
        """What the way needs and what there is for it, beyond what stays in use (bytes)."""
        live = self._allocator.live_bytes()
        room = self._allocator.room()
        free = room.free_bytes + room.reserved_by_us_bytes
        if self._gate is not None and self._gate.budget_bytes is not None:
            free = min(free, self._gate.budget_bytes)
        predicted = descent.needed_bytes()
        known = [] if predicted is None else [max(0, predicted - live)]
        if fault.asked_bytes is not None:
            known.append(fault.asked_bytes)
        return max(known, default=None), max(0, free - live)

    def _tell(
        self,
        kind: Kind,
        descent: Descent,
        text: str,
        *,
        needed_bytes: int | None = None,
        free_bytes: int | None = None,
        before: str = "",
        after: str = "",
        detail: str = "",
    ) -> None:
        self._sink(
            MemoryEvent(
                kind=kind,
                at_s=self._clock(),
                stage=descent.stage,
                needed_bytes=needed_bytes,
                free_bytes=free_bytes,
                before=before,
                after=after,
                text=text,
                detail=detail,
            )
        )
