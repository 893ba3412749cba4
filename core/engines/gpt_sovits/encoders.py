"""The prior: semantic tokens, phones and a style to the mean and spread of latent frames.

Transformer encoders with relative positions near the diagonal (Shaw et al. 2018, as in VITS, Kim
et al. 2021, appendix), and an attention from tokens to phones between them. All of time at once:
every frame depends on every other. Shapes are `[B, C, T]`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, layer_norm, relu_, softmax

from core.engines.gpt_sovits.synthesiser_dims import FRAMES_PER_CODE, SynthesiserDims
from core.engines.nn.attention import attend
from core.engines.nn.chunked import MIN_CHUNK, in_windows
from core.engines.nn.receptive import ReceptiveField

BLOCK_BYTES = 4 << 20
"""Of scores at a time: longer clips are attended to in blocks of queries, so that memory grows with
their length and not with its square. On a processor more than this leaves the caches."""
STRETCH_FRAMES = 512
"""At a time through what needs no other frames, or few."""


ALONE = ReceptiveField(left=0, right=0, hop=1)
NEIGHBOURS = ReceptiveField(left=2, right=2, hop=1)
"""Of two convolutions over three frames."""


class Prior(nn.Module):
    """Where latent frames lie, given what is said and in whose voice."""

    def __init__(self, dims: SynthesiserDims) -> None:
        super().__init__()
        n_hidden = dims.n_hidden
        self.code_in = nn.Conv1d(dims.n_features, n_hidden, 1)
        self.code_encoder = Encoder(dims, dims.n_code_layers)
        self.phone_embedding = nn.Embedding(dims.n_symbols, n_hidden)
        self.phone_encoder = Encoder(dims, dims.n_text_layers)
        self.mixer = Mixer(dims)
        self.joint_encoder = Encoder(dims, dims.n_joint_layers)
        self.out = nn.Conv1d(n_hidden, 2 * n_hidden, 1)

    def encode(self, features: Tensor, phones: Tensor, style: Tensor, n_frames: int) -> Tensor:
        """
        Args:
            features: `[B, n_features, N]`, codebook rows of the semantic tokens.
            phones: i64 `[B, P]`.
            style: `[B, n_cross, 1]`.
            n_frames: Of the result: twice `N`, or another number for another speed.

        Returns:
            `[B, n_hidden, n_frames]`
        """
        codes = interpolate(self.code_in(features), scale_factor=FRAMES_PER_CODE, mode="nearest")
        codes = self.code_encoder(codes)  # [B, n_hidden, 2N]
        text = self.phone_encoder(self.phone_embedding(phones).transpose(1, 2))  # [B, n_hidden, P]
        joint: Tensor = self.joint_encoder(self.mixer(codes, text, style))
        if n_frames != joint.shape[-1]:
            joint = interpolate(joint, size=n_frames, mode="linear", align_corners=False)
        return joint

    def forward(self, joint: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log of the deviation, both as `joint` `[B, n_hidden, T]`."""
        mean, log_deviation = self.out(joint).chunk(2, dim=1)
        return mean, log_deviation


class Encoder(nn.Module):
    """A stack of layers."""

    def __init__(self, dims: SynthesiserDims, n_layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(EncoderLayer(dims) for _ in range(n_layers))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


class EncoderLayer(nn.Module):
    """Self-attention, then two convolutions over three frames; each added, then normalised."""

    def __init__(self, dims: SynthesiserDims) -> None:
        super().__init__()
        self.attention = RelativeAttention(dims.n_hidden, dims.n_heads, dims.window)
        self.attention_norm = ChannelNorm(dims.n_hidden)
        self.widen = nn.Conv1d(dims.n_hidden, dims.n_filter, 3, padding=1)
        self.narrow = nn.Conv1d(dims.n_filter, dims.n_hidden, 3, padding=1)
        self.filter_norm = ChannelNorm(dims.n_hidden)

    def forward(self, x: Tensor) -> Tensor:
        x = self.attention_norm(self.attention(x).add_(x))
        return in_windows(self._filtered, x, STRETCH_FRAMES, NEIGHBOURS)

    def _filtered(self, x: Tensor) -> Tensor:
        return self.filter_norm(self.narrow(relu_(self.widen(x))).add_(x))  # type: ignore[no-any-return]


class RelativeAttention(nn.Module):
    """Self-attention whose keys and values have a learnt part for each of the nearest positions.

    Farther than `window` that part is nothing, not that of the farthest neighbour.
    """

    def __init__(self, n_channels: int, n_heads: int, window: int) -> None:
        super().__init__()
        self.n_heads, self.window = n_heads, window
        n_head = n_channels // n_heads
        self.qkv = nn.Conv1d(n_channels, 3 * n_channels, 1)
        self.out = nn.Conv1d(n_channels, n_channels, 1)
        # One table for all heads.
        self.relative_keys = nn.Parameter(torch.empty(1, 2 * window + 1, n_head))
        self.relative_values = nn.Parameter(torch.empty(1, 2 * window + 1, n_head))

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T]` to the same."""
        n_rows, n_channels, n_frames = x.shape
        n_head = n_channels // self.n_heads
        qkv = in_windows(self.qkv, x, STRETCH_FRAMES, ALONE)
        split = qkv.view(n_rows, 3, self.n_heads, n_head, n_frames)
        queries, keys, values = split.unbind(1)  # [B, H, D, T]
        out = torch.empty_like(queries)
        per_query_bytes = n_rows * self.n_heads * n_frames * x.element_size()
        block = max(1, BLOCK_BYTES // per_query_bytes)
        for start in range(0, n_frames, block):
            stop = min(start + block, n_frames)
            out[..., start:stop] = self._attend(queries[..., start:stop], keys, values, start)
        del qkv, split, queries, keys, values
        return in_windows(self.out, out.view(x.shape), STRETCH_FRAMES, ALONE)

    def _attend(self, queries: Tensor, keys: Tensor, values: Tensor, start: int) -> Tensor:
        """`[B, H, D, Q]` of the queries from `start` on."""
        n_rows, n_heads, n_head, n_queries = queries.shape
        queries = queries.mT / math.sqrt(n_head)  # [B, H, Q, D]
        n_frames = keys.shape[-1]
        offsets = torch.arange(-self.window, self.window + 1, device=keys.device)
        places = torch.arange(start, start + n_queries, device=keys.device)
        near = places[:, None] + offsets  # [Q, 2 window + 1]
        is_inside = (near >= 0) & (near < n_frames)
        # Neighbours outside the clip point at its edge and add nothing there.
        near = near.clamp(0, n_frames - 1).expand(n_rows, n_heads, -1, -1)

        scores = queries @ keys  # [B, H, Q, T]
        scores.scatter_add_(-1, near, (queries @ self.relative_keys.mT) * is_inside)
        shares = softmax(scores, dim=-1)
        near_shares = shares.gather(-1, near) * is_inside  # [B, H, Q, 2 window + 1]
        return (shares @ values.mT + near_shares @ self.relative_values).mT


class Mixer(nn.Module):
    """Lets each frame of tokens look at the phones, and adds the style (upstream: MRTE)."""

    def __init__(self, dims: SynthesiserDims) -> None:
        super().__init__()
        self.n_heads = dims.n_cross_heads
        self.code_in = nn.Conv1d(dims.n_hidden, dims.n_cross, 1)
        self.text_in = nn.Conv1d(dims.n_hidden, dims.n_cross, 1)
        self.query = nn.Conv1d(dims.n_cross, dims.n_cross, 1)
        self.key_value = nn.Conv1d(dims.n_cross, 2 * dims.n_cross, 1)
        self.attention_out = nn.Conv1d(dims.n_cross, dims.n_cross, 1)
        self.out = nn.Conv1d(dims.n_cross, dims.n_hidden, 1)

    def forward(self, codes: Tensor, text: Tensor, style: Tensor) -> Tensor:
        """`[B, n_hidden, T]` and `[B, n_hidden, P]` and `[B, n_cross, 1]` to the first's shape."""
        # Its sums are the largest of all: in single precision half of the error of what the prior
        # draws came from here. On Apple's cards there is nothing better.
        exact = torch.float32 if codes.device.type == "mps" else torch.float64
        into, query, out_of, out = (
            _along(layer, exact)
            for layer in (self.code_in, self.query, self.attention_out, self.out)
        )
        style, inner = style.to(exact), _along(self.text_in, exact)(text.to(exact))
        keys, values = map(self._heads, _along(self.key_value, exact)(inner).chunk(2, dim=1))

        def mixed(part: Tensor) -> Tensor:
            part = into(part.to(exact))  # [B, n_cross, T]
            seen = attend(self._heads(query(part)), keys, values).mT.reshape(part.shape)
            return out(out_of(seen).add_(part).add_(style)).to(codes)

        per_frame_bytes = len(keys) * self.n_heads * keys.shape[2] * keys.element_size()
        most = min(STRETCH_FRAMES, max(MIN_CHUNK, BLOCK_BYTES // per_frame_bytes))
        return in_windows(mixed, codes, most, ALONE)

    def _heads(self, x: Tensor) -> Tensor:
        """`[B, C, T]` as `[B, H, T, D]`."""
        return x.view(x.shape[0], self.n_heads, -1, x.shape[-1]).mT


def _along(layer: nn.Conv1d, dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
    """A convolution of width 1 with its weights in another precision."""
    assert layer.bias is not None
    weight, bias = layer.weight[..., 0].to(dtype), layer.bias[:, None].to(dtype)
    return lambda x: (weight @ x).add_(bias)


class ChannelNorm(nn.Module):
    """Layer norm over the channels of `[B, C, T]`."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_channels))
        self.bias = nn.Parameter(torch.empty(n_channels))

    def forward(self, x: Tensor) -> Tensor:
        return layer_norm(x.mT, self.weight.shape, self.weight, self.bias, eps=1e-5).mT
