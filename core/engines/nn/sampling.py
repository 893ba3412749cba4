"""Draws the next token of each row from its logits; a row's draws do not depend on its company.

What differs between models is the order of the steps and the details inside them, so a recipe is
a tuple of steps. Everything stays on the device of the logits and nothing waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch


class Step(Protocol):
    """Changes logits f32 [..., V]; what may not be drawn becomes -inf."""

    def __call__(self, logits: torch.Tensor) -> torch.Tensor: ...


@dataclass(frozen=True)
class Temperature:
    """Divide: below 1 keeps to the likely, above 1 ventures.

    Args:
        value: At 0 the floor makes the best token all but certain; for certainty see `Recipe`.
        floor: Smallest divisor.
    """

    value: float
    floor: float = 1e-5

    def __call__(self, logits: torch.Tensor) -> torch.Tensor:
        return logits / max(self.value, self.floor)


@dataclass(frozen=True)
class TopK:
    """Keep the k best; what equals the k-th stays too. k beyond the vocabulary keeps all."""

    k: int

    def __call__(self, logits: torch.Tensor) -> torch.Tensor:
        k = min(max(self.k, 1), logits.shape[-1])
        pivot = logits.topk(k, dim=-1).values[..., -1:]
        return logits.masked_fill(logits < pivot, -torch.inf)


@dataclass(frozen=True)
class TopP:
    """Keep the best tokens that together have probability p (Holtzman et al. 2020).

    Args:
        p: Share of probability.
        keeps_crossing: Whether the token with which the sum passes p stays, as in the paper;
            GPT-SoVITS drops it. The best token always stays.
    """

    p: float
    keeps_crossing: bool = True

    def __call__(self, logits: torch.Tensor) -> torch.Tensor:
        # Stable: equal logits keep the order of the vocabulary on every device.
        ordered, order = logits.sort(dim=-1, descending=True, stable=True)
        chances = ordered.softmax(dim=-1)
        total = chances.cumsum(dim=-1)
        falls = (total - chances if self.keeps_crossing else total) > self.p
        falls[..., 0] = False
        return logits.masked_fill(falls.scatter(-1, order, falls), -torch.inf)


@dataclass(frozen=True)
class MinP:
    """Keep what is at least p times as likely as the best (Nguyen et al. 2024)."""

    p: float

    def __call__(self, logits: torch.Tensor) -> torch.Tensor:
        chances = logits.softmax(dim=-1)
        weak = chances < self.p * chances.amax(dim=-1, keepdim=True)
        return logits.masked_fill(weak, -torch.inf)


@dataclass(frozen=True)
class Unified:
    """Zonos's three-number reshaping of the distribution by its entropy.

    With L the log-probabilities (not below ln 1e-20) and E the entropy, the new logits are
    `L * (linear + E * confidence) - L^2 * quadratic`.
    """

    linear: float
    confidence: float
    quadratic: float

    def __call__(self, logits: torch.Tensor) -> torch.Tensor:
        chances = logits.softmax(dim=-1)
        logs = chances.clamp_min(1e-20).log()
        entropy = -(chances * logs).sum(dim=-1, keepdim=True)
        return logs * (self.linear + entropy * self.confidence) - logs.square() * self.quadratic


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a model's tokens are drawn.

    Args:
        steps: In their order, after the penalty for repetition.
        penalty: Logits of earlier tokens are divided by it where positive, else multiplied
            (Keskar et al. 2019); 1 changes nothing.
        window: How many last tokens count as earlier; None: all, each token once however often.
            With a window a token that stands in it twice is penalised twice.
        greedy: Take the best after all steps instead of drawing.
    """

    steps: tuple[Step, ...] = ()
    penalty: float = 1.0
    window: int | None = None
    greedy: bool = False


class Drawn(NamedTuple):
    """i64 [B, ...] each: the tokens, and the best of the penalised logits before any step, which
    some models ask for their end as well."""

    tokens: torch.Tensor
    best: torch.Tensor


class Sampler:
    """Draws for rows that each have a seed and a history of their own.

    Args:
        recipe: How.
        seeds: One per row.
        shape: Of one row's logits: (V,) or (codebooks, V).
        device: Of the logits. The chances are drawn on the host, so that a seed means the same
            on every device: 4 V bytes per row and step travel, without waiting.
    """

    def __init__(
        self,
        recipe: Recipe,
        *,
        seeds: Sequence[int],
        shape: tuple[int, ...],
        device: torch.device | str,
    ) -> None:
        self.recipe = recipe
        self.device = torch.device(device)
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self._noise = torch.empty(len(seeds), *shape)
        self._counts = torch.zeros(len(seeds), *shape, device=self.device)
        self._recent: list[torch.Tensor] = []

    @property
    def n_rows(self) -> int:
        return len(self._generators)

    def draw(self, logits: torch.Tensor) -> Drawn:
        """The next token of each row; it becomes part of no history until `follow`.

        Args:
            logits: [B, ..., V]; unchanged.
        """
        logits = penalised(logits.float(), self._counts, self.recipe.penalty)
        best = logits.argmax(dim=-1)
        for step in self.recipe.steps:
            logits = step(logits)
        if self.recipe.greedy:
            return Drawn(logits.argmax(dim=-1), best)
        for row, generator in enumerate(self._generators):
            self._noise[row].exponential_(generator=generator)
        noise = self._noise[: self.n_rows].to(self.device, non_blocking=True)
        return Drawn(race(logits.softmax(dim=-1), noise), best)

    def follow(self, tokens: torch.Tensor) -> None:
        """Add one token per row (and codebook) to the histories.

        Args:
            tokens: i64 [B, ...]; ids beyond the vocabulary count as its last.
        """
        if self.recipe.penalty == 1.0:
            return
        ids = tokens.clamp(max=self._counts.shape[-1] - 1).unsqueeze(-1)
        self._add(ids, 1.0)
        if self.recipe.window is not None:
            self._recent.append(ids)
            if len(self._recent) > self.recipe.window:
                self._add(self._recent.pop(0), -1.0)

    def follow_prompt(self, row: int, tokens: torch.Tensor) -> None:
        """Add what a row begins with, for recipes without a window.

        Args:
            row: Which.
            tokens: i64 [..., n].
        """
        if self.recipe.window is not None:
            raise ValueError("with a window, follow the prompt's last tokens one by one")
        self._counts[row].scatter_(-1, tokens, 1.0)

    def keep(self, order: Sequence[int]) -> None:
        """Reorder the rows, or leave some out: for each row its place before (as of
        `KVCache.drop`)."""
        places = torch.tensor(list(order), dtype=torch.int64).to(self.device)
        self._generators = [self._generators[row] for row in order]
        self._counts = self._counts.index_select(0, places)
        self._recent = [ids.index_select(0, places) for ids in self._recent]

    def _add(self, ids: torch.Tensor, n: float) -> None:
        if self.recipe.window is None:
            self._counts.scatter_(-1, ids, n)  # seen or not
        else:
            self._counts.scatter_add_(-1, ids, torch.full_like(ids, n, dtype=torch.float32))


def penalised(logits: torch.Tensor, counts: torch.Tensor, penalty: float) -> torch.Tensor:
    """Logits after the penalty for repetition.

    Args:
        logits: f32 [..., V].
        counts: f32 [..., V], how often each token is held against itself.
        penalty: Per occurrence.
    """
    if penalty == 1.0:
        return logits
    factors = torch.pow(penalty, counts)
    return torch.where(logits > 0, logits / factors, logits * factors)


def race(chances: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """Draw one index by the exponential race: whose time `noise / chance` is shortest wins.

    As good as `multinomial`, and it does not wait for the device.

    Args:
        chances: f32 [..., V], at least one above zero.
        noise: f32 [..., V], each from Exp(1).
    """
    return (chances / noise.clamp_min(torch.finfo(noise.dtype).tiny)).argmax(dim=-1)
