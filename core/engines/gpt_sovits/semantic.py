"""The semantic transformer ("s1"): phones and a spoken beginning in, chances of the next token out.

A language model over 25 semantic tokens per second of sound, after AR of VALL-E (Wang et al. 2023)
with the layer of Vaswani et al. (2017), normed after the sum. The phones of reference and text
stand first and see each other; the tokens follow, those of the reference first, and each sees all
phones and the tokens before it. It knows neither how a token is drawn nor when to end.
"""

from __future__ import annotations

import math
import weakref
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from core.engines.gpt_sovits.dims import N_HEADS, SemanticDims
from core.engines.gpt_sovits.semantic_names import PREFIX, our_name, semantic_dims
from core.engines.nn.attention import Kernel, attend, attend_prefix, kernel_for
from core.engines.nn.cache import CacheShape, KVCache
from core.engines.nn.checkpoint import Checkpoint
from core.engines.nn.dtype import NAMES
from core.engines.nn.packed import Rectified, pack
from core.engines.nn.weights import fill, on_meta


@dataclass(frozen=True, kw_only=True)
class Precision:
    """What numbers are kept in.

    Args:
        weights: Of the linear layers, in memory.
        sums: Of everything that is computed.
        cache: Of keys and values.
    """

    weights: torch.dtype
    sums: torch.dtype
    cache: torch.dtype


def precision_for(name: str, device: torch.device | str, filed: torch.dtype) -> Precision:
    """By the short names that plans and the ladder carry.

    The host computes in float32 always, since its kernels for halves are slower; a half there is a
    matter of memory. Published weights are float16, and are then kept so without any loss.

    Args:
        name: `fp32`, `fp16` or `bf16`.
        device: Where it runs.
        filed: What the file keeps its weights in.
    """
    dtype, single, half = NAMES[name], torch.float32, torch.float16
    if torch.device(device).type != "cpu":
        return Precision(weights=dtype, sums=dtype, cache=dtype)
    if dtype is single:
        return Precision(weights=half if filed is half else single, sums=single, cache=single)
    return Precision(weights=half, sums=single, cache=half)


class SemanticModel(nn.Module):
    """
    Args:
        dims: Sizes.
        precision: What `load_semantic` fills it with; default float32.
    """

    def __init__(self, dims: SemanticDims, precision: Precision | None = None) -> None:
        super().__init__()
        single = torch.float32
        self.dims = dims
        self.precision = precision or Precision(weights=single, sums=single, cache=single)
        self._cache: weakref.ref[KVCache] | None = None
        self.phone_embedding = _table(dims.n_phones, dims.n_width)
        self.bert_in = nn.Linear(dims.n_bert, dims.n_width)
        self.phone_places = Places(dims.n_width)
        self.token_embedding = _table(dims.n_tokens, dims.n_width)
        self.token_places = Places(dims.n_width)
        self.layers = nn.ModuleList(Layer(dims, index) for index in range(dims.n_layers))
        self.prediction = nn.Linear(dims.n_width, dims.n_tokens, bias=False)

    @property
    def device(self) -> torch.device:
        return self.token_embedding.weight.device

    def new_cache(self, n_rows: int, n_tokens: int) -> KVCache:
        """For so many rows; grows in blocks where a row gets longer than `n_tokens`."""
        shape = CacheShape(
            n_layers=self.dims.n_layers,
            n_heads=self.dims.n_heads,
            head_dim=self.dims.n_head,
            dtype=self.precision.cache,
        )
        cache = KVCache(shape, n_rows=n_rows, n_tokens=n_tokens, device=self.device)
        self._cache = weakref.ref(cache)
        return cache

    @property
    def kv_bytes(self) -> int:
        """Of the last cache that was made, as long as it lives."""
        cache = None if self._cache is None else self._cache()
        return 0 if cache is None else cache.nbytes

    def read(
        self, phones: Tensor, bert: Tensor | None, prompt: Tensor, row: int, cache: KVCache
    ) -> Tensor:
        """What one row begins with, alone, so that it costs no more and sounds the same in company.

        Args:
            phones: i64 [T], of the reference's transcript and of the text.
            bert: f32 [n_bert, T], features of the phones; None: all zero.
            prompt: i64 [P], semantic tokens of the reference; P = 0 without one.
            row: Its place in the cache, empty so far.
            cache: As of `new_cache`.

        Returns:
            f32 [n_tokens], logits of the token after the prompt.
        """
        x = self._beginning(phones, bert, prompt)  # [T + P, n_width]
        added = [0] * cache.n_rows
        added[row] = len(x)
        cache.extend(added)
        for layer in self.layers:
            x = cast(Layer, layer).read(x, len(phones), row, cache)
        logits: Tensor = self.prediction(x[-1:])
        return logits.float()[0]

    def step(self, tokens: Tensor, places: Tensor, cache: KVCache) -> Tensor:
        """One token more for each row.

        Args:
            tokens: i64 [B], as drawn last.
            places: i64 [B], how many tokens of the row stand before it, its prompt included.
            cache: Of all rows.

        Returns:
            f32 [B, n_tokens], logits of the next.
        """
        x: Tensor = self.token_places(self.token_embedding(tokens), places)  # [B, n_width]
        cache.extend(1)
        for layer in self.layers:
            x = cast(Layer, layer).step(x, cache)
        logits: Tensor = self.prediction(x)
        return logits.float()

    def _beginning(self, phones: Tensor, bert: Tensor | None, prompt: Tensor) -> Tensor:
        if bert is None:
            bert = torch.zeros(self.dims.n_bert, 1, device=phones.device)
        text = self.phone_embedding(phones)
        text = text + self.bert_in(bert.T.to(text.dtype))
        text = self.phone_places(text, torch.arange(len(phones), device=phones.device))
        sound = self.token_embedding(prompt)
        sound = self.token_places(sound, torch.arange(len(prompt), device=prompt.device))
        return torch.cat((text, sound))


class Places(nn.Module):
    """Adds sines and cosines of a position (Vaswani et al. 2017, 3.5), as loud as was learnt."""

    rates: Tensor

    def __init__(self, n_width: int) -> None:
        super().__init__()
        self.n_width = n_width
        self.scale = nn.Parameter(torch.ones(1))
        self.register_buffer("rates", torch.empty(n_width // 2), persistent=False)
        self.make_tables(torch.device("cpu"))

    def make_tables(self, device: torch.device) -> None:
        even = torch.arange(0, self.n_width, 2, device=device)
        self.rates = torch.exp(even * (-math.log(10000.0) / self.n_width))

    def forward(self, x: Tensor, places: Tensor) -> Tensor:
        """`[n, n_width]` at `places` (i64 [n], from 0) to the same shape."""
        return x + (self.scale.float() * sinusoids(places, self.rates)).to(x.dtype)


def _table(n_rows: int, n_width: int) -> nn.Embedding:
    """Not drawn at random first, which on meta brings in 75 MB of torch's own algebra."""
    empty = torch.empty(n_rows, n_width)
    table: nn.Embedding = nn.Embedding.from_pretrained(empty)  # type: ignore[no-untyped-call]
    return table


def sinusoids(places: Tensor, rates: Tensor) -> Tensor:
    """f32 [n, n_width]: sines in the even channels, cosines in the odd ones."""
    angles = places[:, None] * rates  # [n, n_width / 2]
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2)


class Layer(nn.Module):
    """Attention and two linear layers, each added to what it was given and then normed.

    Args:
        dims: Sizes.
        index: Its place in the cache.
    """

    def __init__(self, dims: SemanticDims, index: int) -> None:
        super().__init__()
        self.attention = Attention(dims, index)
        self.attention_norm = nn.LayerNorm(dims.n_width)
        self.widen = Rectified(dims.n_width, dims.n_inner)
        self.narrow = nn.Linear(dims.n_inner, dims.n_width)
        self.norm = nn.LayerNorm(dims.n_width)

    def read(self, x: Tensor, n_text: int, row: int, cache: KVCache) -> Tensor:
        """One row's beginning, `[T + P, n_width]` to the same shape."""
        return self._after(x, self.attention.read(x, n_text, row, cache))

    def step(self, x: Tensor, cache: KVCache) -> Tensor:
        """One position of each row, `[B, n_width]` to the same shape."""
        return self._after(x, self.attention.step(x, cache))

    def _after(self, x: Tensor, attended: Tensor) -> Tensor:
        x = self.attention_norm(attended.add_(x))
        return cast(Tensor, self.norm(self.narrow(self.widen(x)).add_(x)))


class Attention(nn.Module):
    """Queries, keys and values of a position come from one matrix.

    Args:
        dims: Sizes.
        index: Its layer's place in the cache.
    """

    def __init__(self, dims: SemanticDims, index: int) -> None:
        super().__init__()
        self.n_heads, self.n_head, self.index = dims.n_heads, dims.n_head, index
        self.kernel: Kernel | None = None  # of the device; None: a fused one
        self.rows_apart = True  # as is best on the host, see `step`
        self.qkv = nn.Linear(dims.n_width, 3 * dims.n_width)
        self.out = nn.Linear(dims.n_width, dims.n_width)

    def read(self, x: Tensor, n_text: int, row: int, cache: KVCache) -> Tensor:
        """The text sees the text; what is spoken sees the text and what came before it."""
        qkv = self.qkv(x).view(len(x), 3, self.n_heads, self.n_head)
        queries, keys, values = qkv.permute(1, 2, 0, 3)[:, None]  # [1, H, T + P, D] each
        everywhere = (cache.n_rows, -1, -1, -1)  # views; the cache takes this row's alone
        cache.write(self.index, keys.expand(everywhere), values.expand(everywhere))
        block = None if self.kernel is None else self.kernel.query_block(1, self.n_heads, len(x))
        heads = attend_prefix(queries, keys, values, n_text, query_block=block)
        return cast(Tensor, self.out(heads[0].transpose(0, 1).flatten(1)))

    def step(self, x: Tensor, cache: KVCache) -> Tensor:
        """Each row's new position sees all of the row."""
        qkv = self.qkv(x).view(len(x), 3, self.n_heads, 1, self.n_head)
        queries, keys, values = qkv.unbind(1)  # [B, H, 1, D] each
        kept = cache.shape.dtype
        window = cache.write(self.index, keys.to(kept), values.to(kept))
        if not self.rows_apart:
            heads = attend(queries, window.keys, window.values, seen=window.seen)
            return cast(Tensor, self.out(heads.flatten(1)))
        # On the host a row at a time costs no more than all behind a mask, reads nothing past a
        # row's end, and sums in an order that no other row changes.
        rows = [
            scaled_dot_product_attention(
                queries[row : row + 1],
                window.keys[row : row + 1, :, :length].to(x.dtype),
                window.values[row : row + 1, :, :length].to(x.dtype),
            )
            for row, length in enumerate(cache.lengths)
        ]
        heads = rows[0] if len(rows) == 1 else torch.cat(rows)  # [B, H, 1, D]
        return cast(Tensor, self.out(heads.flatten(1)))


def load_semantic(
    checkpoint: Checkpoint, *, device: torch.device | str = "cpu", precision: str = "fp32"
) -> SemanticModel:
    """A semantic model with a file's weights.

    Args:
        checkpoint: Open, its tensors under the published names; head count in its settings.
        device: Where it runs.
        precision: As of `precision_for`.

    Raises:
        InputError: A tensor is missing, unknown or of another shape.
    """
    shapes = {name: spec.shape for name, spec in checkpoint.specs.items()}
    dims = semantic_dims(shapes, n_heads=_n_heads(checkpoint), name=f"“{checkpoint.path.name}”")
    filed = checkpoint.specs[f"{PREFIX}h.layers.0.linear1.weight"].dtype
    kept = precision_for(precision, device, filed)
    model = on_meta(lambda: SemanticModel(dims, kept))
    linear = {
        f"{name}.weight" for name, part in model.named_modules() if isinstance(part, nn.Linear)
    }
    fill(
        model,
        checkpoint,
        dtype=lambda name: kept.weights if name in linear else kept.sums,
        device=device,
        rename=our_name,
    )
    if torch.device(device).type == "cpu":
        pack(model)
    else:
        kernel = kernel_for(device, kept.sums, dims.n_head)
        for part in model.modules():
            if isinstance(part, Attention):
                part.kernel, part.rows_apart = kernel, False
    return model


def _n_heads(checkpoint: Checkpoint) -> int:
    settings = checkpoint.extras.get("config")
    model = settings.get("model") if isinstance(settings, dict) else None
    heads = model.get("head") if isinstance(model, dict) else None
    return heads if isinstance(heads, int) else N_HEADS
