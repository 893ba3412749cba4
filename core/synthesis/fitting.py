"""What is foreseen of an engine's memory before it is started: batches of a text, limits found.

For the page's side: it reads the costs that the engine process measured and kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.engines.protocol import EngineCard
from core.memory.calibration import Calibration, Fingerprint, latest
from core.memory.cost import CostModel
from core.memory.moments import in_words
from core.memory.plan import BatchPlan, Item, plan
from core.synthesis.known import PREPARE
from core.synthesis.wire import Peak
from core.text.plan import TextPlan


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What is known of an engine on a device.

    Args:
        cost: By stage.
        fingerprint: What it was measured on; None where it was counted without a device.
        measured: Stages that were fitted to runs on this device.
        units_per_char: Of each language of which it was learnt, the length of an utterance in
            the unit of the costs, per character.
    """

    cost: CostModel
    fingerprint: Fingerprint | None
    measured: tuple[str, ...]
    units_per_char: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StressReport:
    """What an engine can do here.

    Args:
        engine: Name of its card.
        device: Where it ran.
        points: Every measured run that fitted.
        cost: As fitted and kept; None where nothing could be measured.
        budget_bytes: What may be used.
        max_reference_s: Longest reference that fits, at most what the engine uses (s).
        max_chars: Longest utterance that fits, at most what the engine is given.
        max_batch: Longest utterances that fit together, at most what the engine can.
    """

    engine: str
    device: str
    points: tuple[Peak, ...]
    cost: CostModel | None
    budget_bytes: int | None
    max_reference_s: int | None
    max_chars: int | None
    max_batch: int | None

    def in_words(self) -> str:
        """The limits as a sentence."""
        if self.cost is None or self.budget_bytes is None or self.max_reference_s is None:
            return "Nothing could be measured."
        rows = "" if not self.max_batch or self.max_batch < 2 else f", {self.max_batch} at once"
        return (
            f"With {in_words(self.budget_bytes)}: references up to {self.max_reference_s} s, "
            f"sentences up to {self.max_chars} characters{rows}."
        )


def costs_of(card: EngineCard, device: str, file: Path) -> Costs | None:
    """The newest calibration of an engine, else what its card says; None where neither is there.

    Args:
        card: Of the engine.
        device: Where it runs.
        file: `cache/calibration.json`.
    """
    known = latest(file, model=card.identity, is_host=device == "cpu")
    if known is None:
        found = card.cost
        return None if found is None else Costs(cost=found, fingerprint=None, measured=())
    kept = Calibration(file, known, card.cost or CostModel(dtype=known.dtype))
    cost = kept.cost
    measured = tuple(name for name in cost.stages if kept.is_measured(name))
    learnt = {
        language: per_char
        for language in card.languages
        if (per_char := kept.units_per_char(language, card.units_per_char)) != card.units_per_char
    }
    return Costs(cost=cost, fingerprint=known, measured=measured, units_per_char=learnt)


def fit(
    text: TextPlan, card: EngineCard, known: Costs, *, budget_bytes: int, device: str
) -> BatchPlan:
    """In which batches a text is going to be said.

    Args:
        text: Its segments.
        card: Of the engine.
        known: Of the engine.
        budget_bytes: What may be used.
        device: Where it runs.
    """
    items = [
        Item(
            index=each.index,
            n=_units(
                len(each.spoken), known.units_per_char.get(each.language, card.units_per_char)
            ),
        )
        for each in text.segments
        if each.spoken
    ]
    limits = replace(card.limits, max_batch=card.max_batch, device=device)
    cost = speaking(known.cost).reading(languages_of(text), device)
    return plan(items, budget_bytes=budget_bytes, cost=cost, limits=limits)


def languages_of(text: TextPlan) -> frozenset[str]:
    """Of everything in it that is said."""
    return frozenset(each.language for each in text.segments if each.spoken)


def speaking(cost: CostModel) -> CostModel:
    """Costs of everything but preparing a reference."""
    stages = {name: stage for name, stage in cost.stages.items() if name != PREPARE}
    return replace(cost, stages=stages)


def report(
    card: EngineCard,
    device: str,
    points: Sequence[Peak],
    cost: CostModel | None,
    budget_bytes: int | None,
) -> StressReport:
    """What measured runs mean for a person."""
    seconds = chars = rows = None
    if cost is not None and budget_bytes is not None and points:
        prepare = cost.reading(None).stages.get(PREPARE)
        said = speaking(cost).reading(None)
        kv = card.limits.kv_tokens
        weights, budget = cost.weights_bytes, budget_bytes
        if prepare is not None:
            stage = prepare
            seconds = _most(
                math.floor(card.reference_max_s), lambda n: weights + stage.bytes(n, 1) <= budget
            )

        def fits(n_chars: int, batch: int) -> bool:
            n = _units(n_chars, card.units_per_char)
            chunk = card.limits.chunks(batch)[-1]
            peak = said.peak_bytes(n, batch, chunk=chunk, kv_tokens=kv(n) if n else 0)
            return peak <= budget

        chars = _most(card.max_chars, lambda n: fits(n, 1))
        longest = chars
        rows = _most(card.max_batch, lambda n: fits(longest, n))
    return StressReport(
        engine=card.name,
        device=device,
        points=tuple(points),
        cost=cost,
        budget_bytes=budget_bytes,
        max_reference_s=seconds,
        max_chars=chars,
        max_batch=rows,
    )


def _units(n_chars: int, per_char: float) -> int:
    return max(1, math.ceil(n_chars * per_char))


def _most(top: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to `top` that fits; 0 where none does."""
    low, high = 0, top + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
