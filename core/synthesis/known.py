"""What an engine takes, as far as it is known where it runs: from its card, then from its runs.

Plans the batches of an order by it, and refuses beforehand what is sure not to fit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.engines.protocol import Utterance
from core.memory.calibration import Calibration, Fingerprint
from core.memory.cost import CostModel, StageCost
from core.memory.ladder import Ladder, Way
from core.memory.moments import MemoryEvent
from core.memory.plan import Batch, Item, Limits, Refusal, plan
from core.synthesis import wire
from core.synthesis.place import Identity

PREPARE = "prepare"
SPEAK = "speak"

SURE = 1.1
"""A calibrated prediction is at most this much above what is then measured: only what passes the
budget by more is refused without having been tried."""

SAVED_EVERY = 32
"""Runs after which what was learnt is written down."""


@dataclass(frozen=True, kw_only=True)
class Planned:
    """How an order is going to be said.

    Args:
        batches: In the order in which they are said.
        has_prediction: Something is known of what they take.
        refused: Left out beforehand: measured costs say that no way fits.
    """

    batches: tuple[Batch, ...]
    has_prediction: bool
    refused: tuple[Refusal, ...] = ()


class Known:
    """For the one thread that runs models.

    Args:
        order: As the host sent it: costs and limits of the card, and where measured ones are kept.
        sink: Told when a prediction was corrected.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        order: wire.Load,
        *,
        sink: Callable[[MemoryEvent], None],
        clock: Callable[[], float],
    ) -> None:
        self._order, self._sink, self._clock = order, sink, clock
        self._calibration: Calibration | None = None
        self._n_runs = 0

    def begin(self, where: Identity, dtype: str, weights_bytes: int) -> None:
        """Read what was measured earlier on this very device.

        Args:
            where: The device.
            dtype: Precision that it was loaded in.
            weights_bytes: What the loaded models take.
        """
        order = self._order
        if order.calibration is None:
            return
        self._calibration = Calibration(
            Path(order.calibration),
            Fingerprint(
                device=where.name,
                driver=where.driver,
                torch=where.torch,
                model=order.engine,
                dtype=dtype,
            ),
            order.cost or CostModel(dtype=dtype),
            sink=self._sink,
            clock=self._clock,
        )
        self._calibration.weighed(weights_bytes)

    @property
    def cost(self) -> CostModel | None:
        """As known so far; None where nothing was counted or measured."""
        if self._calibration is None:
            return self._order.cost
        found = self._calibration.cost
        return found if found.stages or self._order.cost is not None else None

    def units(self, utterance: Utterance) -> int:
        """Length in the unit of the costs, as foreseen; learnt per language from what was said."""
        per_char = self._order.units_per_char
        if self._calibration is not None:
            per_char = self._calibration.units_per_char(utterance.language, per_char)
        return max(1, math.ceil(len(utterance.text) * per_char))

    def prepare_bytes(
        self, seconds: int, way: Way, languages: Collection[str] | None = None
    ) -> int | None:
        """Predicted peak of reading a reference, loaded models included; None where not known.

        Args:
            seconds: Of the reference.
            way: How it is read.
            languages: Of what is said in it and read; None: it may be any.
        """
        cost = self.cost
        if cost is None or PREPARE not in cost.stages:
            return None
        there = cost.at(way.dtype).reading(languages, way.device)
        return there.weights_bytes + there.stages[PREPARE].bytes(seconds, 1, way.decode_chunk)

    def speak_bytes(self, batch: Batch, way: Way, languages: Collection[str] | None = None) -> int:
        """Predicted peak of a planned batch said in this way, loaded models included.

        Args:
            batch: As planned.
            way: How it is said.
            languages: Of the order that it belongs to; None: it may be any.
        """
        return self._speaking(way, languages).peak_bytes(
            batch.n_max, way.batch, chunk=way.decode_chunk, kv_tokens=batch.kv_tokens
        )

    def planned(
        self,
        utterances: Sequence[Utterance],
        way: Way,
        ladder: Ladder,
        budget_bytes: int,
        *,
        languages: Collection[str] = (),
    ) -> Planned:
        """Batches that fit, as far as anything is known.

        What should not fit is tried alone, at the end: a prediction may be wrong, and a smaller
        way may be left. It is refused only where measured costs leave no doubt.

        Args:
            utterances: To be said.
            way: The largest one.
            ladder: Which smaller ones there are.
            budget_bytes: What may be used.
            languages: For which something stays loaded, besides those of the utterances.
        """
        items = [Item(index=at, n=self.units(each)) for at, each in enumerate(utterances)]
        cost = self.cost
        if not items:
            return Planned(batches=(), has_prediction=False)
        if cost is None or not _speaking_stages(cost):
            return Planned(batches=(_together(items, way),), has_prediction=False)
        limits = limits_of(self._order.limits, way, ladder, max_batch=len(items))
        speaking = self._speaking(way, {*languages, *(each.language for each in utterances)})
        made = plan(items, budget_bytes=budget_bytes, cost=speaking, limits=limits)
        tried: list[Batch] = []
        refused: list[Refusal] = []
        for each in made.refused:
            item = items[each.index]
            sure = self._surely_too_large(
                item, speaking, way, ladder, limits, budget_bytes=budget_bytes
            )
            if sure is None:
                alone = _together([item], way)
                tried.append(replace(alone, decode_chunk=limits.chunks(1)[-1]))
            else:
                refused.append(sure)
        return Planned(batches=(*made.batches, *tried), has_prediction=True, refused=tuple(refused))

    def _surely_too_large(
        self,
        item: Item,
        cost: CostModel,
        way: Way,
        ladder: Ladder,
        limits: Limits,
        *,
        budget_bytes: int,
    ) -> Refusal | None:
        """Why no way can fit, where that was measured and there is no other place to run."""
        calibration = self._calibration
        if calibration is None or ladder.on_cpu(way) is not None:
            return None
        measured = {
            name: stage for name, stage in cost.stages.items() if calibration.is_measured(name)
        }
        if not measured:
            return None
        lowest = ladder.lowest(way)
        refused = plan(
            [item],
            budget_bytes=budget_bytes,
            cost=replace(cost, stages=measured).at(lowest),
            limits=replace(limits, dtypes=(lowest,)),
        ).refused
        return next((one for one in refused if one.needed_bytes > SURE * budget_bytes), None)

    def _speaking(self, way: Way, languages: Collection[str] | None) -> CostModel:
        """Costs of everything but preparing a reference."""
        cost = self.cost or CostModel()
        speaking = replace(cost, stages=_speaking_stages(cost)).at(way.dtype)
        return speaking.reading(languages, way.device)

    # Learning

    def prepared(self, seconds: int, peak_bytes: int) -> None:
        """A reference was read: its peak above what was in use before."""
        if self._calibration is not None:
            self._observe(self._calibration, PREPARE, seconds, 1, peak_bytes, chunk=0)

    def said(self, n: int, way: Way, n_rows: int, kv_tokens: int, peak_bytes: int) -> None:
        """A batch was said: its peak above what was in use before.

        The stages ran one after the other, so it is the largest one that was seen.
        """
        if self._calibration is None:
            return
        cost, chunk = self._calibration.cost, way.decode_chunk
        speaking = replace(cost, stages=_speaking_stages(cost))
        largest = speaking.largest(n, n_rows, chunk=chunk, kv_tokens=kv_tokens)
        has_keys = largest is None or largest.holds_keys
        peak = max(0, peak_bytes - (cost.kv_bytes(n_rows, kv_tokens) if has_keys else 0))
        stage = SPEAK if largest is None else largest.name
        self._observe(self._calibration, stage, n, n_rows, peak, chunk=chunk)

    def spoken(self, utterance: Utterance, units: int | None) -> None:
        """An utterance turned out so long, in the unit of the costs; None where not known."""
        if self._calibration is not None and units is not None:
            self._calibration.said(utterance.language, len(utterance.text), units)

    def _observe(
        self, calibration: Calibration, stage: str, n: int, batch: int, peak: int, *, chunk: int
    ) -> None:
        calibration.observe(stage, n, batch, peak, chunk=chunk)
        self._n_runs += 1
        if self._n_runs % SAVED_EVERY == 1:
            calibration.save()

    def weighed(self, weights_bytes: int) -> None:
        """What the loaded models take, once everything is loaded that is loaded late."""
        if self._calibration is not None:
            self._calibration.weighed(weights_bytes)

    def calibrate(
        self, stage: str, points: Sequence[tuple[int, int, int]], *, chunk: int = 0
    ) -> None:
        """Fit a stage to measured runs and keep it.

        Args:
            stage: `prepare` or `speak`.
            points: Length, rows, peak above the loaded models (bytes).
            chunk: Units decoded at once in these runs; 0 for all.
        """
        if self._calibration is None or not points:
            return
        cost, tokens = self._calibration.cost, self._order.limits.kv_tokens
        without_keys = [
            (n, rows, max(1, peak - (cost.kv_bytes(rows, tokens(n)) if stage == SPEAK else 0)))
            for n, rows, peak in points
        ]
        self._calibration.measured(stage, without_keys, chunk=chunk)
        self._calibration.save()

    def save(self) -> None:
        """Write down what was learnt."""
        if self._calibration is not None:
            self._calibration.save()


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


def _speaking_stages(cost: CostModel) -> dict[str, StageCost]:
    return {name: stage for name, stage in cost.stages.items() if name != PREPARE}


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
