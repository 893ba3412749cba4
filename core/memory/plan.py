"""Which utterances are said together, and how, so that it fits: a pure function of numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.memory.cost import CostModel
from core.memory.moments import in_words


@dataclass(frozen=True, kw_only=True)
class Item:
    """One utterance.

    Args:
        index: Its place in the text.
        n: Predicted length, in the unit of the costs.
    """

    index: int
    n: int


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What an engine can do, whatever the memory.

    Args:
        max_batch: Rows at once.
        chunk: Units decoded at once when there is room; 0 for an engine that decodes whole.
        min_chunk: Fewest units that are decoded at once.
        dtypes: Precisions, best first; empty for the one that the costs are for.
        device: Where it runs.
        prompt_tokens: Tokens of keys and values that every row has before it begins.
        tokens_per_unit: Tokens per unit of n.
        kv_margin: Room for utterances that come out longer than predicted.
        kv_block: Keys and values are made for multiples of this many tokens.
    """

    max_batch: int = 1
    chunk: int = 0
    min_chunk: int = 8
    dtypes: tuple[str, ...] = ()
    device: str = "cpu"
    prompt_tokens: int = 0
    tokens_per_unit: float = 1.0
    kv_margin: float = 1.1
    kv_block: int = 64

    def kv_tokens(self, n: int) -> int:
        """Tokens that the keys and values of a row are made for."""
        tokens = self.prompt_tokens + math.ceil(n * self.tokens_per_unit * self.kv_margin)
        return self.kv_block * math.ceil(tokens / self.kv_block)

    def chunks(self, batch: int) -> list[int]:
        """Chunks worth trying for so many rows, largest first.

        A smaller chunk costs less speed than a smaller batch, until its margins on both sides
        outweigh it: so rows are kept company down to a quarter, and one alone goes to the floor.
        """
        floor = max(1, self.min_chunk if batch == 1 else max(self.min_chunk, self.chunk // 4))
        found = [self.chunk]
        while found[-1] > floor:
            found.append(max(floor, found[-1] // 2))
        return found


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Utterances said together.

    Args:
        items: Their indices, ascending.
        n_max: Length of the longest.
        predicted_bytes: Peak, loaded models included.
        decode_chunk: Units decoded at once; 0 for whole.
        kv_tokens: Tokens that each row's keys and values are made for.
        dtype: Precision.
        device: Where.
    """

    items: tuple[int, ...]
    n_max: int
    predicted_bytes: int
    decode_chunk: int
    kv_tokens: int
    dtype: str
    device: str


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An utterance that fits in no way.

    Args:
        index: Its place in the text.
        needed_bytes: What its smallest way takes.
        free_bytes: What may be used.
        n_fits: The longest that would fit, in the unit of the costs; 0: nothing would.
        fits: The same as a sentence.
    """

    index: int
    needed_bytes: int
    free_bytes: int
    n_fits: int
    fits: str


@dataclass(frozen=True, kw_only=True)
class BatchPlan:
    """
    Args:
        batches: In the order of the text, by their first utterance.
        refused: Utterances that fit in no way.
        peak_bytes: Highest prediction of all batches; the loaded models where there are none.
        budget_bytes: What may be used.
    """

    batches: tuple[Batch, ...]
    refused: tuple[Refusal, ...]
    peak_bytes: int
    budget_bytes: int

    def in_words(self) -> str:
        """`41 segments, batches of 8, about 2.9 GB of 3.6 GB`."""
        n = sum(len(batch.items) for batch in self.batches)
        largest = max((len(batch.items) for batch in self.batches), default=0)
        parts = [f"{n} segment" + ("" if n == 1 else "s")]
        if largest > 1:
            parts.append(f"batches of {largest}" if len(self.batches) > 1 else "in one batch")
        parts.append(f"about {in_words(self.peak_bytes)} of {in_words(self.budget_bytes)}")
        if self.refused:
            parts.append(f"{len(self.refused)} too long for this memory")
        return ", ".join(parts)


def plan(items: Sequence[Item], *, budget_bytes: int, cost: CostModel, limits: Limits) -> BatchPlan:
    """Batches as large as fit, of utterances of similar length; what fits in no way is refused.

    With more memory nothing is refused that was not before, no utterance has a lower precision
    and, in the same precision, there are no more batches for the same utterances.

    Args:
        items: Each index once.
        budget_bytes: What may be used, loaded models included.
        cost: In the first precision of the limits.
        limits: What the engine can do.
    """
    models = [cost.at(dtype) for dtype in limits.dtypes] or [cost]
    batches: list[Batch] = []
    refused: list[Refusal] = []
    # Longest first: every batch is filled with what comes next, so lengths in it are similar.
    waiting = sorted(items, key=lambda item: (-item.n, item.index))
    while waiting:
        fitting = next(
            (
                found
                for model in models
                if (found := _largest(waiting, budget_bytes, model, limits))
            ),
            None,
        )
        if fitting is None:
            refused.append(_refusal(waiting.pop(0), budget_bytes, models[-1], limits))
        else:
            batches.append(fitting)
            del waiting[: len(fitting.items)]
    return BatchPlan(
        batches=tuple(sorted(batches, key=lambda batch: batch.items[0])),
        refused=tuple(sorted(refused, key=lambda refusal: refusal.index)),
        peak_bytes=max(
            (batch.predicted_bytes for batch in batches), default=models[0].weights_bytes
        ),
        budget_bytes=budget_bytes,
    )


def _largest(
    waiting: Sequence[Item], budget_bytes: int, model: CostModel, limits: Limits
) -> Batch | None:
    """The first utterances that fit together, as many as possible; None where not one does."""
    n = waiting[0].n
    kv_tokens = limits.kv_tokens(n)
    for size in range(max(1, min(limits.max_batch, len(waiting))), 0, -1):
        for chunk in limits.chunks(size):
            predicted = model.peak_bytes(n, size, chunk=chunk, kv_tokens=kv_tokens)
            if predicted <= budget_bytes:
                return Batch(
                    items=tuple(sorted(item.index for item in waiting[:size])),
                    n_max=n,
                    predicted_bytes=predicted,
                    decode_chunk=chunk,
                    kv_tokens=kv_tokens,
                    dtype=model.dtype,
                    device=limits.device,
                )
    return None


def _refusal(item: Item, budget_bytes: int, model: CostModel, limits: Limits) -> Refusal:
    needed = _smallest(item.n, model, limits)
    n_fits = _longest(item.n, budget_bytes, model, limits)
    numbers = f"needs {in_words(needed)}, {in_words(budget_bytes)} may be used"
    if n_fits > 0:
        fits = f"{numbers}: up to {100 * n_fits // item.n} % of its length would fit"
    else:
        fits = f"{numbers}: not even a short one would fit"
    return Refusal(
        index=item.index,
        needed_bytes=needed,
        free_bytes=budget_bytes,
        n_fits=n_fits,
        fits=fits,
    )


def _smallest(n: int, model: CostModel, limits: Limits) -> int:
    """What one utterance takes in its smallest way (bytes)."""
    chunk = limits.chunks(1)[-1]
    return model.peak_bytes(n, 1, chunk=chunk, kv_tokens=limits.kv_tokens(n))


def _longest(n: int, budget_bytes: int, model: CostModel, limits: Limits) -> int:
    """The longest utterance below n that fits alone; 0 where none does."""
    fits, too_long = 0, n
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if _smallest(middle, model, limits) <= budget_bytes:
            fits = middle
        else:
            too_long = middle
    return fits
