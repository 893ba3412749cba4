"""The prior: semantic tokens, phones and a style to the mean and spread of latent frames.

Transformer encoders with relative positions near the diagonal (Shaw et al. 2018, as in VITS, Kim
et al. 2021, appendix), and an attention from tokens to phones between them. All of time at once:
every frame depends on every other. Shapes are `[B, C, T]`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, layer_norm, relu_, softmax

from core.engines.gpt_sovits.synthesiser_dims import FRAMES_PER_CODE, SynthesiserDims
from core.engines.nn.attention import attend

BLOCK_BYTES = 16 << 20
"""Of scores at a time: longer clips are attended to in blocks of queries, so that memory grows with
their length and not with its square. On a processor more than this leaves the caches."""


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
        x = self.attention_norm(x + self.attention(x))
        return self.filter_norm(x + self.narrow(relu_(self.widen(x))))  # type: ignore[no-any-return]


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
        split = self.qkv(x).view(n_rows, 3, self.n_heads, n_head, n_frames)
        queries, keys, values = split.unbind(1)  # [B, H, D, T]
        queries = queries / math.sqrt(n_head)
        out = torch.empty_like(queries)
        per_query_bytes = n_rows * self.n_heads * n_frames * x.element_size()
        block = max(1, BLOCK_BYTES // per_query_bytes)
        for start in range(0, n_frames, block):
            stop = min(start + block, n_frames)
            out[..., start:stop] = self._attend(queries[..., start:stop], keys, values, start)
        return self.out(out.view(n_rows, n_channels, n_frames))  # type: ignore[no-any-return]

    def _attend(self, queries: Tensor, keys: Tensor, values: Tensor, start: int) -> Tensor:
        """`[B, H, D, Q]` of the queries from `start` on."""
        queries = queries.transpose(-1, -2)  # [B, H, Q, D]
        n_rows, n_heads, n_queries, _ = queries.shape
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
        codes, text = self.code_in(codes), self.text_in(text)
        keys, values = self.key_value(text).chunk(2, dim=1)
        heads = [self._heads(part) for part in (self.query(codes), keys, values)]
        scores_bytes = math.prod((*heads[0].shape[:2], text.shape[-1], codes.element_size()))
        seen = attend(*heads, query_block=max(1, BLOCK_BYTES // scores_bytes))  # [B, H, T, D]
        seen = seen.mT.reshape(codes.shape)
        return self.out(self.attention_out(seen) + codes + style)  # type: ignore[no-any-return]

    def _heads(self, x: Tensor) -> Tensor:
        """`[B, C, T]` as `[B, H, T, D]`."""
        return x.view(x.shape[0], self.n_heads, -1, x.shape[-1]).mT


class ChannelNorm(nn.Module):
    """Layer norm over the channels of `[B, C, T]`."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_channels))
        self.bias = nn.Parameter(torch.empty(n_channels))

    def forward(self, x: Tensor) -> Tensor:
        return layer_norm(x.mT, self.weight.shape, self.weight, self.bias, eps=1e-5).mT
