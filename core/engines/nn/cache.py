"""The keys and values of earlier tokens: made once to the plan, written in place, grown in blocks.

Every row begins at position 0 and has its own length, so a row's positions, and with them its
sound, do not depend on its company.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch

BLOCK_TOKENS = 128
"""Growth. At 48 KiB a token (GPT-SoVITS, fp16) a block is 6 MiB a row."""


@dataclass(frozen=True, kw_only=True)
class CacheShape:
    """What one token of one row takes.

    Args:
        n_layers: Layers with attention.
        n_heads: Heads of keys and values; fewer than the queries' with grouped queries.
        head_dim: Numbers per head.
        dtype: Of keys and values.
    """

    n_layers: int
    n_heads: int
    head_dim: int
    dtype: torch.dtype

    @property
    def bytes_per_token(self) -> int:
        """Of one row, all layers, keys and values."""
        return 2 * self.n_layers * self.n_heads * self.head_dim * self.dtype.itemsize

    @property
    def planned_bytes_per_token(self) -> int:
        """The same for a plan: with what `KVCache` keeps to know each row's end."""
        # One for each row and token, eight for each token however many rows.
        return self.bytes_per_token + 9


class Window(NamedTuple):
    """What a layer attends to: keys and values `[B, H, T, D]` up to the longest row (views), and
    which of them each row may see, `bool [B, 1, 1, T]`; None where every row sees all."""

    keys: torch.Tensor
    values: torch.Tensor
    seen: torch.Tensor | None


class KVCache:
    """Keys and values of `n_rows` rows.

    A step is one `extend`, then one `write` per layer. Within the capacity a step allocates
    nothing. What lies past the longest row is NaN where `poison` is set, otherwise zero or stale:
    nobody reads it.

    Args:
        shape: Sizes.
        n_rows: Rows at most.
        n_tokens: Tokens per row that the plan expects, prompt included; rounded up to blocks.
        device: Where it lives.
        block_tokens: Growth step.
        poison: Fill the unused part with NaN, so that reading past the end is heard of; costs one
            pass over new columns, so for tests and debugging.
    """

    def __init__(
        self,
        shape: CacheShape,
        *,
        n_rows: int,
        n_tokens: int,
        device: torch.device | str,
        block_tokens: int = BLOCK_TOKENS,
        poison: bool = False,
    ) -> None:
        self.shape = shape
        self.device = torch.device(device)
        self._block_tokens = block_tokens
        self._unused = math.nan if poison else 0.0
        self._max_rows = n_rows
        capacity = self._rounded(n_tokens)
        self._layers = [self._blank(capacity) for _ in range(shape.n_layers)]
        self._seen = torch.zeros(n_rows, capacity, dtype=torch.bool, device=self.device)
        self._columns = torch.arange(capacity, device=self.device)
        self._rows = torch.arange(n_rows, device=self.device)
        self._starts = torch.zeros(n_rows, dtype=torch.int64, device=self.device)
        self._ends = torch.zeros(n_rows, dtype=torch.int64, device=self.device)
        self._lengths = [0] * n_rows
        self._added = [0] * n_rows

    @property
    def lengths(self) -> tuple[int, ...]:
        """Tokens of each row, those of the present step included."""
        return tuple(self._lengths)

    @property
    def n_rows(self) -> int:
        return len(self._lengths)

    @property
    def capacity(self) -> int:
        """Tokens per row that fit before it grows."""
        return min(len(self._columns), *(int(layer.shape[3]) for layer in self._layers))

    @property
    def nbytes(self) -> int:
        """Everything it holds on the device."""
        book = (self._seen, self._columns, self._rows, self._starts, self._ends)
        return sum(tensor.untyped_storage().nbytes() for tensor in (*self._layers, *book))

    @property
    def positions(self) -> torch.Tensor:
        """i64 [B]: where each row's first token of the present step stands."""
        return self._starts[: self.n_rows]

    def extend(self, n_new: int | Sequence[int]) -> None:
        """Begin a step: each row is about to get new tokens. Grows first where they do not fit.

        Args:
            n_new: Tokens per row; a number for all rows alike.

        Raises:
            torch.OutOfMemoryError: It could not grow; the cache is as it was before the call.
        """
        added = [n_new] * self.n_rows if isinstance(n_new, int) else list(n_new)
        if len(added) != self.n_rows or min(added, default=0) < 0:
            raise ValueError(f"{added} new tokens for {self.n_rows} rows")
        longest = max(self._lengths, default=0)
        after = [length + new for length, new in zip(self._lengths, added, strict=True)]
        self._reserve(max(after, default=0))
        more = added[0] if len(set(added)) == 1 else torch.tensor(added).to(self.device)
        # From here on nothing allocates, so nothing fails half way.
        self._lengths, self._added = after, added
        self._mark(longest, more)

    def write(self, layer: int, keys: torch.Tensor, values: torch.Tensor) -> Window:
        """Put this step's keys and values of a layer in their place.

        Args:
            layer: Which.
            keys: [B, H, n, D], n = most tokens that a row gets in this step; a row with fewer
                has padding at its end, which is not kept.
            values: Like `keys`.
        """
        store = self._layers[layer]
        n_rows, longest, most = self.n_rows, max(self._lengths), max(self._added)
        if keys.shape != (n_rows, self.shape.n_heads, most, self.shape.head_dim):
            raise ValueError(f"keys {tuple(keys.shape)} for {n_rows} rows of {most} new tokens")
        starts = {length - new for length, new in zip(self._lengths, self._added, strict=True)}
        for place, new in ((store[0], keys), (store[1], values)):
            if len(starts) == 1 and len(set(self._added)) == 1:
                start = next(iter(starts))
                place[:n_rows, :, start : start + most].copy_(new)
            elif most == 1 and min(self._added) == 1:
                # One indexed write for all rows: no wait for the device, no copy.
                place[:n_rows].transpose(1, 2).index_put_(
                    (self._rows[:n_rows], self.positions), new.squeeze(2)
                )
            else:
                for row, (length, added) in enumerate(zip(self._lengths, self._added, strict=True)):
                    place[row, :, length - added : length].copy_(new[row, :, :added])
        return Window(
            store[0, :n_rows, :, :longest],
            store[1, :n_rows, :, :longest],
            None if len(set(self._lengths)) == 1 else self._seen[:n_rows, None, None, :longest],
        )

    def drop(self, rows: Sequence[int]) -> tuple[int, ...]:
        """Take finished rows out: the last rows move into their places, so little is copied.

        Args:
            rows: Places of rows that leave.

        Returns:
            For each row that stays, its place before; reorder what belongs to the rows likewise.
        """
        leaving = set(rows)
        if not leaving <= set(range(self.n_rows)):
            raise ValueError(f"rows {sorted(leaving)} of {self.n_rows}")
        n_after, longest = self.n_rows - len(leaving), max(self._lengths, default=0)
        order = list(range(n_after))
        late = iter([row for row in range(n_after, self.n_rows) if row not in leaving])
        for hole in sorted(row for row in leaving if row < n_after):
            order[hole] = next(late)
            # To the longest row's end: what follows a row's own end is read too, with weight zero.
            for layer in self._layers:
                layer[:, hole, :, :longest].copy_(layer[:, order[hole], :, :longest])
            for ends in (self._starts, self._ends):
                ends[hole].copy_(ends[order[hole]])
        self._lengths = [self._lengths[row] for row in order]
        self._added = [0] * n_after
        if math.isnan(self._unused):
            for layer in self._layers:
                layer[:, n_after:].fill_(math.nan)
                layer[:, :, :, max(self._lengths, default=0) :].fill_(math.nan)
        return tuple(order)

    def reset(self, n_rows: int | None = None) -> None:
        """Empty, for other sounds; the memory stays. At most as many rows as it was made for."""
        n_rows = self._max_rows if n_rows is None else n_rows
        if not 0 < n_rows <= self._max_rows:
            raise ValueError(f"{n_rows} rows in a cache for {self._max_rows}")
        for layer in self._layers:
            # A sound that went wrong may have left infinities: 0 * inf would reach the next one.
            layer.fill_(self._unused)
        self._starts.zero_()
        self._ends.zero_()
        self._lengths = [0] * n_rows
        self._added = [0] * n_rows

    def _rounded(self, n_tokens: int) -> int:
        return max(1, -(-n_tokens // self._block_tokens)) * self._block_tokens

    def _blank(self, capacity: int) -> torch.Tensor:
        size = (2, self._max_rows, self.shape.n_heads, capacity, self.shape.head_dim)
        return torch.full(size, self._unused, dtype=self.shape.dtype, device=self.device)

    def _reserve(self, n_tokens: int) -> None:
        """Grow layer by layer: at the peak one layer exists twice, not the cache."""
        if n_tokens <= self.capacity:
            return
        capacity = self._rounded(n_tokens)
        for index, layer in enumerate(self._layers):
            if layer.shape[3] < capacity:  # else: done by an attempt that failed further on
                larger = self._blank(capacity)
                larger[:, :, :, : layer.shape[3]].copy_(layer)
                self._layers[index] = larger
                del layer, larger
        seen = torch.zeros(self._max_rows, capacity, dtype=torch.bool, device=self.device)
        self._columns = torch.arange(capacity, device=self.device)
        self._seen = seen

    def _mark(self, longest_before: int, more: torch.Tensor | int) -> None:
        """Tell the device where this step's tokens begin and end."""
        self._starts.copy_(self._ends)
        self._ends[: self.n_rows].add_(more)
        if len(set(self._lengths)) == 1:
            return
        n_rows, longest = self.n_rows, max(self._lengths)
        seen, ends = self._seen[:n_rows], self._ends[:n_rows, None]
        torch.lt(self._columns.expand_as(seen), ends, out=seen)
        if math.isnan(self._unused):
            # The shorter rows read these columns with weight zero, and 0 * NaN is NaN.
            for layer in self._layers:
                layer[:, :n_rows, :, longest_before:longest].zero_()
