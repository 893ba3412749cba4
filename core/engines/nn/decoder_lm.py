"""A transformer that writes one token after another, with its keys and values kept beside it.

The layer is that of Vaswani et al. (2017) with the norm after the sum, in the sizes of GPT-SoVITS'
semantic model (77 million parameters); names of parameters inside a layer are those of
`torch.nn.TransformerEncoderLayer`, which its checkpoints follow. It knows neither where
embeddings come from nor how a token is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, relu_

from core.engines.nn.attention import Kernel, attend, attend_causal, attend_prefix
from core.engines.nn.cache import CacheShape, KVCache


@dataclass(frozen=True, kw_only=True)
class DecoderDims:
    """Sizes; the defaults are GPT-SoVITS' semantic model.

    Args:
        n_layers: Layers.
        n_width: Channels of a token.
        n_heads: Of the attention; each has `n_width / n_heads` channels.
        n_inner: Channels between the two linear layers of a layer.
        n_tokens: Vocabulary, the end included.
    """

    n_layers: int = 24
    n_width: int = 512
    n_heads: int = 16
    n_inner: int = 2048
    n_tokens: int = 1025

    def cache_shape(self, dtype: torch.dtype) -> CacheShape:
        """What `KVCache` needs to know."""
        return CacheShape(
            n_layers=self.n_layers,
            n_heads=self.n_heads,
            head_dim=self.n_width // self.n_heads,
            dtype=dtype,
        )


class DecoderLM(nn.Module):
    """Embedding of tokens, layers, prediction of the next token.

    Args:
        dims: Sizes.
        kernel: What serves the attention on the device; None: a fused one.
    """

    def __init__(self, dims: DecoderDims, kernel: Kernel | None = None) -> None:
        super().__init__()
        self.dims = dims
        self.embedding = nn.Embedding(dims.n_tokens, dims.n_width)
        self.layers = nn.ModuleList(Layer(dims, kernel) for _ in range(dims.n_layers))
        self.predict = nn.Linear(dims.n_width, dims.n_tokens, bias=False)

    def forward(
        self,
        x: Tensor,
        cache: KVCache,
        n_new: Sequence[int] | None = None,
        n_prefix: int | Sequence[int] = 0,
    ) -> Tensor:
        """One step: new tokens, after those in the cache.

        Prompts of different lengths are read together: padded at their end to the longest, with
        `n_new` their lengths and `n_prefix` the length of each one's text. A row comes out as it
        does alone (to rounding: 1e-5), and no mask of tokens by tokens is ever made. Beside the
        cache, reading takes `4 * n_width + n_inner` numbers for each token of the padded batch:
        in GPT-SoVITS' sizes 78 MiB for 20 prompts of 500 tokens in half precision.

        Args:
            x: `[B, n, n_width]`, embedded, positions included.
            cache: Holds the earlier ones; the new are added. More than one token at a time go to
                an empty cache, or to rows of one length.
            n_new: New tokens of each row, the rest of the row being padding; None: n of each.
            n_prefix: So many tokens at the start of an empty cache see each other, and nothing
                after them; every other sees itself and what came before. Of each row; a number
                for all rows alike.

        Returns:
            `[B, n_tokens]`: logits of what follows each row's last token.
        """
        n = x.shape[1]
        is_first = max(cache.lengths) == 0
        if not is_first and n > 1 and (n_new is not None or len(set(cache.lengths)) > 1):
            raise ValueError(f"{n} tokens at once after rows of lengths {cache.lengths}")
        prefixes = [n_prefix] * x.shape[0] if isinstance(n_prefix, int) else list(n_prefix)
        if any(prefixes) and not is_first:
            raise ValueError(f"a prefix of {max(prefixes)} tokens after rows of {cache.lengths}")
        lengths = [n] * x.shape[0] if n_new is None else list(n_new)
        if any(prefix > length for prefix, length in zip(prefixes, lengths, strict=True)):
            raise ValueError(f"prefixes of {prefixes} tokens in prompts of {lengths}")
        cache.extend(n if n_new is None else n_new)
        for index, layer in enumerate(self.layers):
            x = layer(x, index, cache, prefixes)
        if n_new is None:
            last = x[:, -1]
        else:
            ends = torch.tensor(n_new, device=x.device) - 1
            last = x[torch.arange(x.shape[0], device=x.device), ends]
        return cast(Tensor, self.predict(last))


class Layer(nn.Module):
    """Attention and two linear layers, each added to what it was given and then normed."""

    def __init__(self, dims: DecoderDims, kernel: Kernel | None) -> None:
        super().__init__()
        self.n_heads = dims.n_heads
        self.kernel = kernel
        self.self_attn = SelfAttention(dims.n_width)
        self.linear1 = nn.Linear(dims.n_width, dims.n_inner)
        self.linear2 = nn.Linear(dims.n_inner, dims.n_width)
        self.norm1 = nn.LayerNorm(dims.n_width)
        self.norm2 = nn.LayerNorm(dims.n_width)

    def forward(self, x: Tensor, index: int, cache: KVCache, n_prefix: Sequence[int]) -> Tensor:
        """`[B, n, n_width]` to the same shape; `index` is this layer's place in the cache."""
        x = self.norm1(x + self._attended(x, index, cache, n_prefix))
        return cast(Tensor, self.norm2(x + self.linear2(relu_(self.linear1(x)))))

    def _attended(self, x: Tensor, index: int, cache: KVCache, n_prefix: Sequence[int]) -> Tensor:
        attention = self.self_attn
        n_rows, n, n_width = x.shape
        qkv = linear(x, attention.in_proj_weight, attention.in_proj_bias)  # [B, n, 3 * n_width]
        by_head = qkv.reshape(n_rows, n, 3, self.n_heads, n_width // self.n_heads)
        queries, keys, values = by_head.permute(2, 0, 3, 1, 4)  # [B, n_heads, n, head_dim] each
        keys, values, seen = cache.write(index, keys, values)
        block = None
        if self.kernel is not None:
            block = self.kernel.query_block(n_rows, self.n_heads, keys.shape[2])
        if n == 1:
            heads = attend(queries, keys, values, seen=seen, query_block=block)
        elif any(n_prefix):
            heads = attend_prefix(queries, keys, values, n_prefix, query_block=block)
        else:
            # Shorter rows need no mask: what a row reads past its end is its own padding's.
            heads = attend_causal(queries, keys, values, query_block=block)
        return cast(Tensor, attention.out_proj(heads.transpose(1, 2).flatten(2)))


class SelfAttention(nn.Module):
    """Weights of one layer's attention; queries, keys and values in one matrix."""

    def __init__(self, n_width: int) -> None:
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.empty(3 * n_width, n_width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * n_width))
        self.out_proj = nn.Linear(n_width, n_width)
        nn.init.xavier_uniform_(self.in_proj_weight)


def placed(embedded: Tensor, positions: Tensor) -> Tensor:
    """Embedded tokens with their places added, as sines and cosines (Vaswani et al., 3.5).

    Args:
        embedded: `[B, n, n_width]`.
        positions: i64 `[B]`, of each row's first token.
    """
    n_width = embedded.shape[-1]
    even = torch.arange(0, n_width, 2, device=embedded.device)
    rates = torch.exp(even * (-math.log(10000.0) / n_width))  # [n_width / 2]
    places = positions[:, None] + torch.arange(embedded.shape[1], device=embedded.device)
    angles = places[..., None] * rates  # [B, n, n_width / 2]
    table = torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2)
    return embedded + table.to(embedded.dtype)
