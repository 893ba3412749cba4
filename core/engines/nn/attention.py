"""Attention by torch's fused kernels, in shapes that need no mask of all queries by all keys.

Heads of keys and values may be fewer than those of queries (grouped queries): query head h reads
head h // (H_q / H_kv), and nothing is repeated in memory.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

BLOCK_SCORE_BYTES = 64 << 20
"""Without a fused kernel queries go in blocks whose scores take about this much."""

MASK_QUERIES = 128
"""Where a mask cannot be avoided it is made for so many queries at a time."""

_FUSED = {
    SDPBackend.FLASH_ATTENTION: "flash",
    SDPBackend.EFFICIENT_ATTENTION: "memory-efficient",
    SDPBackend.CUDNN_ATTENTION: "cuDNN",
}


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """Which kernel serves a device, a dtype and a head size.

    Args:
        name: `flash`, `memory-efficient`, `cuDNN`, or `unfused`.
        is_fused: Whether the scores of all queries by all keys never exist in memory.
        device: Asked for.
        dtype: Asked for.
        text: For a log or the doctor: what serves, and what it costs where none is fused.
    """

    name: str
    is_fused: bool
    device: str
    dtype: torch.dtype
    text: str

    def query_block(self, n_rows: int, n_heads: int, n_keys: int) -> int | None:
        """Queries at a time that keep memory bounded; None: all at once."""
        if self.is_fused:
            return None
        per_query = unfused_bytes(n_rows, n_heads, 1, n_keys, self.dtype)
        return max(1, BLOCK_SCORE_BYTES // max(1, per_query))


def unfused_bytes(
    n_rows: int, n_heads: int, n_queries: int, n_keys: int, dtype: torch.dtype
) -> int:
    """Peak of attention without a fused kernel, to a tenth (measured on the host).

    The scores, the masked scores and their softmax exist together, in half precision in single
    precision besides.
    """
    n_scores = n_rows * n_heads * n_queries * n_keys
    return n_scores * (9 if dtype.itemsize >= 4 else 10)


def kernel_for(
    device: torch.device | str, dtype: torch.dtype, head_dim: int, *, masked: bool = False
) -> Kernel:
    """Ask by running: a kernel that is compiled in may still refuse a card, a dtype or a shape.

    Once per model load, some milliseconds.

    Args:
        device: Where.
        dtype: Of queries, keys and values.
        head_dim: Numbers per head.
        masked: Whether rows of different length are to be served (a mask over keys).
    """
    device = torch.device(device)
    shape = (2, 2, 16, head_dim)
    query = torch.zeros(shape, dtype=dtype, device=device)
    mask = torch.ones(2, 1, 1, 16, dtype=torch.bool, device=device) if masked else None
    for backend, name in _FUSED.items():
        with sdpa_kernel(backend), warnings.catch_warnings():
            # Each reason why a kernel does not serve is told as a warning.
            warnings.simplefilter("ignore")
            try:
                scaled_dot_product_attention(query, query, query, attn_mask=mask)
            except torch.OutOfMemoryError:
                raise
            except RuntimeError:
                continue  # "No available kernel"
        return Kernel(
            name=name,
            is_fused=True,
            device=str(device),
            dtype=dtype,
            text=f"attention on {device} in {_word(dtype)}: {name} kernel",
        )
    at_1k = unfused_bytes(1, 16, 1024, 1024, dtype) / (1 << 20)
    return Kernel(
        name="unfused",
        is_fused=False,
        device=str(device),
        dtype=dtype,
        text=(
            f"attention on {device} in {_word(dtype)}: no fused kernel for heads of {head_dim}; "
            f"16 heads at 1024 tokens would take {at_1k:.0f} MiB, so queries go in blocks of at "
            f"most {BLOCK_SCORE_BYTES >> 20} MiB"
        ),
    )


def attend(
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    *,
    seen: torch.Tensor | None = None,
    scale: float | None = None,
    query_block: int | None = None,
) -> torch.Tensor:
    """Every query sees all keys, or those that its row may see.

    Args:
        queries: [B, Hq, Q, D].
        keys: [B, Hkv, K, D].
        values: [B, Hkv, K, D].
        seen: bool [B, 1, 1, K], as of `KVCache.write`.
        scale: Of the scores; default 1 / sqrt(D).
        query_block: As of `Kernel.query_block`.

    Returns:
        [B, Hq, Q, D].
    """
    n_rows, n_heads, n_queries, dim = queries.shape
    group = n_heads // keys.shape[1]
    # All queries see the same keys, so a group's heads are just more queries of one head.
    folded = queries.reshape(n_rows, keys.shape[1], group * n_queries, dim)
    blocks = torch.split(folded, query_block, dim=2) if query_block else (folded,)
    out = [
        scaled_dot_product_attention(block, keys, values, attn_mask=seen, scale=scale)
        for block in blocks
    ]
    return (out[0] if len(out) == 1 else torch.cat(out, 2)).reshape(queries.shape)


def attend_causal(
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    *,
    scale: float | None = None,
    query_block: int | None = None,
) -> torch.Tensor:
    """The last query sees all keys, the one before it all but the last key, and so on.

    So it serves a prompt (as many queries as keys) and new tokens after a filled cache alike.

    Args:
        queries: [B, Hq, Q, D], Q <= K.
        keys: [B, Hkv, K, D], all rows of one length.
        values: [B, Hkv, K, D].
        scale: Of the scores; default 1 / sqrt(D).
        query_block: As of `Kernel.query_block`.

    Returns:
        [B, Hq, Q, D].
    """
    n_queries, n_keys = queries.shape[2], keys.shape[2]
    if n_queries > n_keys:
        raise ValueError(f"{n_queries} queries see at most {n_keys} keys")
    if n_queries == 1:
        return attend(queries, keys, values, scale=scale)
    is_square = n_queries == n_keys and query_block is None
    block = n_queries if is_square else min(query_block or MASK_QUERIES, MASK_QUERIES)
    out = torch.empty_like(queries)
    group = queries.shape[1] // keys.shape[1]
    for start in range(0, n_queries, block):
        stop = min(start + block, n_queries)
        sees = n_keys - n_queries + stop
        mask = None if is_square else _lower_right(stop - start, sees, queries.device)
        for member in range(group):
            # One head of each group at a time: folded groups are not causal, and repeating the
            # keys would cost `group` times their memory.
            out[:, member::group, start:stop] = scaled_dot_product_attention(
                queries[:, member::group, start:stop],
                keys[:, :, :sees],
                values[:, :, :sees],
                attn_mask=mask,
                is_causal=is_square,
                scale=scale,
            )
    return out


def attend_prefix(
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    n_prefix: int | Sequence[int],
    *,
    scale: float | None = None,
    query_block: int | None = None,
) -> torch.Tensor:
    """The first tokens of a row see each other; each later one all up to itself.

    The mask of GPT-SoVITS's prompt (text, then semantic tokens), without a mask: rows of any
    length and prefix lie side by side, each from position 0, shorter ones padded at their end.
    No token reads past its row's end, so padding and company change nothing.

    Args:
        queries: [B, Hq, T, D].
        keys: [B, Hkv, T, D].
        values: [B, Hkv, T, D].
        n_prefix: 0 to T, of each row; a number for all rows alike.
        scale: Of the scores; default 1 / sqrt(D).
        query_block: As of `Kernel.query_block`.

    Returns:
        [B, Hq, T, D]; what stands in the padding means nothing.
    """
    n_rows, n_tokens = queries.shape[0], queries.shape[2]
    prefixes = [n_prefix] * n_rows if isinstance(n_prefix, int) else list(n_prefix)
    if len(prefixes) != n_rows:
        raise ValueError(f"{len(prefixes)} prefixes for {n_rows} rows")
    if wrong := [n for n in prefixes if not 0 <= n <= n_tokens]:
        raise ValueError(f"a prefix of {wrong[0]} in {n_tokens} tokens")
    # Right for the later tokens; the prefix, which saw too little, is made again.
    out = attend_causal(queries, keys, values, scale=scale, query_block=query_block)
    # Neighbours with the same prefix go together: a mask over keys would do for all at once, but
    # the fastest kernels take none.
    start = 0
    for n, alike in groupby(prefixes):
        stop = start + len(list(alike))
        if n:
            out[start:stop, :, :n] = attend(
                queries[start:stop, :, :n],
                keys[start:stop, :, :n],
                values[start:stop, :, :n],
                scale=scale,
                query_block=query_block,
            )
        start = stop
    return out


def _lower_right(n_queries: int, n_keys: int, device: torch.device) -> torch.Tensor:
    """bool [Q, K]: the last query sees all keys, each one before it one key fewer."""
    mask = torch.ones(n_queries, n_keys, dtype=torch.bool, device=device)
    return mask.tril(n_keys - n_queries)


def _word(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
