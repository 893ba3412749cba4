"""How many bytes a stage takes, as a formula, and how the formula is found from measured peaks."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

SLACK = 1.002
"""A fitted formula stands this much above the points it was fitted to: allocators round up."""

ITEM_BYTES: Mapping[str, int] = {"fp32": 4, "tf32": 4, "fp16": 2, "bf16": 2, "int8": 1}
"""Of one number in each precision."""

Point = tuple[int, int, int]
"""n, rows, measured peak above what was in use before (bytes)."""


@dataclass(frozen=True, kw_only=True)
class StageCost:
    """`a + (r + b n + c n^2) rows`: the peak of one stage above the loaded models and the keys
    and values.

    Args:
        name: As `decode`.
        fixed_bytes: a.
        per_row_bytes: r, per row whatever its length: a prompt.
        per_unit_bytes: b, per unit of n and row.
        per_unit2_bytes: c, per square unit and row: attention without a fused kernel.
        is_chunked: Its n is at most the decode chunk and the context, however long the row.
        context: Units that a window has beside its chunk, both sides together.
        rows: So many rows at a time, however many are said together; 0: all of them.
        holds_keys: The keys and values live through it; not where they are gone by then.
    """

    name: str
    fixed_bytes: int = 0
    per_row_bytes: float = 0.0
    per_unit_bytes: float = 0.0
    per_unit2_bytes: float = 0.0
    is_chunked: bool = False
    context: int = 0
    rows: int = 0
    holds_keys: bool = True

    def bytes(self, n: int, batch: int, chunk: int = 0) -> int:
        """The predicted peak.

        Args:
            n: Length of the longest row, in the stage's unit.
            batch: Rows.
            chunk: Units decoded at once; 0 for all.
        """
        n, batch = self.at_once(n, batch, chunk)
        of_a_row = self.per_row_bytes + self.per_unit_bytes * n + self.per_unit2_bytes * n * n
        return self.fixed_bytes + math.ceil(of_a_row * batch)

    def at_once(self, n: int, batch: int, chunk: int = 0) -> tuple[int, int]:
        """Units and rows that are in memory together; arguments as of `bytes`."""
        n = min(n, chunk + self.context) if self.is_chunked and chunk else n
        return n, min(batch, self.rows) if self.rows else batch

    def times(self, factor: float) -> StageCost:
        """The same with everything this much larger."""
        return replace(
            self,
            fixed_bytes=math.ceil(self.fixed_bytes * factor),
            per_row_bytes=self.per_row_bytes * factor,
            per_unit_bytes=self.per_unit_bytes * factor,
            per_unit2_bytes=self.per_unit2_bytes * factor,
        )


@dataclass(frozen=True, kw_only=True)
class LateCost:
    """Networks that only some languages need.

    Args:
        languages: ISO 639-1 codes of those that need them.
        host_bytes: What they take of an engine's memory on the host, while they are loaded or
            later, in whatever precision the rest is.
        card_bytes: What they take of a card, in the precision of the costs.
    """

    languages: tuple[str, ...]
    host_bytes: int = 0
    card_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class CostModel:
    """What an engine takes.

    Args:
        stages: By name; they run one after the other, so the largest one counts.
        weights_bytes: The loaded models.
        kv_bytes_per_token: Keys and values, per token and row; twice the network's own figure
            where guidance runs a second row. Alive through the stages that say so.
        dtype: Precision that the figures are for.
        late: Networks that are loaded with the first text that needs them, and given back by one
            that does not; in neither stages nor weights: see `reading`.
    """

    stages: Mapping[str, StageCost] = field(default_factory=dict)
    weights_bytes: int = 0
    kv_bytes_per_token: float = 0.0
    dtype: str = "fp32"
    late: tuple[LateCost, ...] = ()

    def reading(self, languages: Collection[str] | None, device: str = "cpu") -> CostModel:
        """With what is loaded for texts in these languages in every stage.

        Args:
            languages: ISO 639-1 codes; None: it may be any.
            device: Where the engine runs.
        """
        extra = sum(
            each.host_bytes if device == "cpu" else each.card_bytes
            for each in self.late
            if languages is None or not set(languages).isdisjoint(each.languages)
        )
        stages = {
            name: replace(stage, fixed_bytes=stage.fixed_bytes + extra)
            for name, stage in self.stages.items()
        }
        return replace(self, stages=stages, late=())

    def peak_bytes(self, n: int, batch: int, *, chunk: int = 0, kv_tokens: int = 0) -> int:
        """Everything at the highest moment of one batch.

        Args:
            n: Length of the longest row.
            batch: Rows.
            chunk: Units decoded at once; 0 for all.
            kv_tokens: Tokens that each row's keys and values are made for.
        """
        kv = self.kv_bytes(batch, kv_tokens)
        stages = (
            stage.bytes(n, batch, chunk) + (kv if stage.holds_keys else 0)
            for stage in self.stages.values()
        )
        return self.weights_bytes + max(stages, default=kv)

    def kv_bytes(self, batch: int, kv_tokens: int) -> int:
        """Keys and values of a batch."""
        return math.ceil(self.kv_bytes_per_token * kv_tokens * batch)

    def largest(
        self, n: int, batch: int, *, chunk: int = 0, kv_tokens: int = 0
    ) -> StageCost | None:
        """The stage that decides the peak, by which a measured peak of all of them is learnt;
        None without stages. Arguments as of `peak_bytes`."""
        kv = self.kv_bytes(batch, kv_tokens)
        return max(
            self.stages.values(),
            key=lambda stage: stage.bytes(n, batch, chunk) + (kv if stage.holds_keys else 0),
            default=None,
        )

    def at(self, dtype: str) -> CostModel:
        """The same in another precision.

        What does not grow with the input is kept: workspaces have a size of their own.
        """
        if dtype == self.dtype:
            return self
        factor = ITEM_BYTES.get(dtype, 4) / ITEM_BYTES.get(self.dtype, 4)
        return CostModel(
            stages={
                name: replace(
                    stage,
                    per_row_bytes=stage.per_row_bytes * factor,
                    per_unit_bytes=stage.per_unit_bytes * factor,
                    per_unit2_bytes=stage.per_unit2_bytes * factor,
                )
                for name, stage in self.stages.items()
            },
            weights_bytes=math.ceil(self.weights_bytes * factor),
            kv_bytes_per_token=self.kv_bytes_per_token * factor,
            dtype=dtype,
            late=tuple(
                replace(each, card_bytes=math.ceil(each.card_bytes * factor)) for each in self.late
            ),
        )


def fit(points: Sequence[Point], *, name: str = "", prior: StageCost | None = None) -> StageCost:
    """The formula that stands above every point by as small a factor as possible.

    A linear programme in a, r, b, c >= 0: the largest ratio predicted / measured is made small
    while no prediction is below its measurement. Ratios, not bytes: a small run counts as much as
    a large one.

    Args:
        points: Measured; units and rows as of `StageCost.at_once`.
        name: Of the stage.
        prior: A formula of the right shape, as counted without a device. With it only the fixed
            part and one factor on the rest are free, so two runs are enough; without it the
            square is free from three lengths on, and with several numbers of rows what a row
            takes whatever its length.

    Raises:
        ValueError: No point, or one without a peak.
    """
    rows = np.asarray(points, dtype=np.float64).reshape(-1, 3)
    if not len(rows) or (rows[:, 2] <= 0).any():
        raise ValueError("a cost is fitted to at least one measured peak above zero")
    n, batch, peak = rows.T
    shape = prior or StageCost(name=name)
    if prior is not None:
        of_a_row = prior.per_row_bytes + prior.per_unit_bytes * n + prior.per_unit2_bytes * n * n
        terms = [np.ones_like(n), of_a_row * batch]
        made = [(0.0, 0.0, 0.0), (prior.per_row_bytes, prior.per_unit_bytes, prior.per_unit2_bytes)]
    else:
        terms, made = [np.ones_like(n), n * batch], [(0.0, 0.0, 0.0), (0.0, 1.0, 0.0)]
        if len(set(n)) >= 3:
            terms, made = [*terms, n * n * batch], [*made, (0.0, 0.0, 1.0)]
            if len(set(batch)) >= 2:
                terms, made = [*terms, batch], [*made, (1.0, 0.0, 0.0)]
    columns = np.stack(terms, axis=1)
    found = _least_upper(columns, peak)
    # The solver keeps its limits to about 1e-7; the law is kept to the byte.
    found *= SLACK * max(1.0, float((peak / (columns @ found)).max()))
    per_row, per_unit, per_unit2 = found @ np.asarray(made)
    return replace(
        shape,
        name=name or shape.name,
        fixed_bytes=math.ceil(found[0]),
        per_row_bytes=float(per_row),
        per_unit_bytes=float(per_unit),
        per_unit2_bytes=float(per_unit2),
    )


def _least_upper(shapes: np.ndarray, peak: np.ndarray) -> np.ndarray:
    """Weights x >= 0 with `1 <= shapes x / peak <= t` for the smallest t.

    Args:
        shapes: [points, terms], not negative.
        peak: [points], above zero.
    """
    from scipy.optimize import linprog  # noqa: PLC0415 -- 0.2 s, and only calibration needs it

    ratios = shapes / peak[:, None]
    # Columns of a similar size: bytes per square token are a billion times smaller than bytes.
    scale = np.where(ratios.max(axis=0) > 0, ratios.max(axis=0), 1.0)
    ratios = ratios / scale
    n_points, n_terms = ratios.shape
    # The small sum picks one of equally good answers, so that the same points give the same.
    goal = np.append(1e-6 * ratios.sum(axis=0) / n_points, 1.0)
    above = np.hstack([-ratios, np.zeros((n_points, 1))])
    below = np.hstack([ratios, -np.ones((n_points, 1))])
    solved = linprog(
        goal,
        A_ub=np.vstack([above, below]),
        b_ub=np.concatenate([-np.ones(n_points), np.zeros(n_points)]),
        bounds=[(0, None)] * (n_terms + 1),
        method="highs",
    )
    # There is always a solution, but points a billion times apart are beyond the solver: then
    # every term counts alike, and the caller lifts the formula above the points.
    terms = solved.x[:n_terms] if solved.status == 0 else np.ones(n_terms)
    return np.asarray(terms / scale)
