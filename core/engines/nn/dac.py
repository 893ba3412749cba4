"""The decoder of the Descript Audio Codec: latent frames to a waveform.

Kumar et al., "High-Fidelity Audio Compression with Improved RVQGAN" (2023), section 3.1. Names of
parameters are those of `DacModel.decoder` in transformers, so its checkpoints load as they are;
the arithmetic is the same with three fifths of the memory, as Snake works in place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

DILATIONS = (1, 3, 9)
"""Of the three residual units of a level."""
TINY = 1e-9
"""Keeps Snake's division finite for a frequency of zero."""


@dataclass(frozen=True, kw_only=True)
class DacDims:
    """Sizes; the defaults are `descript/dac_44khz`: 512 samples a frame, 86 frames a second.

    Args:
        n_latent: Channels of a frame.
        n_channels: Channels after the first convolution; each level halves them.
        rates: Upsampling of each level; their product is the hop. Even, or the last frame would
            lose samples.
    """

    n_latent: int = 1024
    n_channels: int = 1536
    rates: tuple[int, ...] = (8, 8, 4, 2)


class DacDecoder(nn.Module):
    """The decoder."""

    def __init__(self, dims: DacDims) -> None:
        super().__init__()
        self.dims = dims
        self.conv1 = nn.Conv1d(dims.n_latent, dims.n_channels, 7, padding=3)
        self.block = nn.ModuleList(
            Level(dims.n_channels >> level, rate) for level, rate in enumerate(dims.rates)
        )
        n_last = dims.n_channels >> len(dims.rates)
        self.snake1 = Snake(n_last)
        self.conv2 = nn.Conv1d(n_last, 1, 7, padding=3)

    def forward(self, latent: Tensor) -> Tensor:
        """`[B, n_latent, N]` to `[B, 1, N * hop]`, within -1 and 1. For inference only."""
        x = self.conv1(latent)
        # One flat walk: a call per level would keep each level's input alive to its end, a third
        # more memory at the last one.
        for level in cast(Iterable[Level], self.block):
            x = level.conv_t1(level.snake1(x))  # channels halve, [B, C / 2, T * rate]
            x = level.res_unit1(x)
            x = level.res_unit2(x)
            x = level.res_unit3(x)
        return torch.tanh_(self.conv2(self.snake1(x)))


class Level(nn.Module):
    """The layers of one level: a transposed convolution and three residual units."""

    def __init__(self, n_channels: int, rate: int) -> None:
        super().__init__()
        n_half = n_channels // 2
        self.snake1 = Snake(n_channels)
        self.conv_t1 = nn.ConvTranspose1d(n_channels, n_half, 2 * rate, rate, padding=rate // 2)
        self.res_unit1, self.res_unit2, self.res_unit3 = (
            ResidualUnit(n_half, dilation) for dilation in DILATIONS
        )


class ResidualUnit(nn.Module):
    """A wide and a narrow convolution, added to what was given."""

    def __init__(self, n_channels: int, dilation: int) -> None:
        super().__init__()
        self.snake1 = Snake(n_channels)
        self.conv1 = nn.Conv1d(n_channels, n_channels, 7, dilation=dilation, padding=3 * dilation)
        self.snake2 = Snake(n_channels)
        self.conv2 = nn.Conv1d(n_channels, n_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T]` to a new tensor of the same shape; `x` is left as it was."""
        # In one expression: a name for what is between would keep it alive to the end.
        return cast(Tensor, self.conv2(self.snake2(self.conv1(self.snake1(x)))).add_(x))


class Snake(nn.Module):
    """`x + sin(a x)^2 / a`, a frequency `a` for each channel (Ziyin et al. 2020)."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(1, n_channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T]` to a new tensor of the same shape, the only one that it makes."""
        # In fp16 a small frequency's inverse is infinite, and infinity times zero not a number.
        most = torch.finfo(x.dtype).max
        alpha = self.alpha.to(torch.promote_types(x.dtype, torch.float32))
        inverse = (alpha + TINY).reciprocal_().clamp_(-most, most).to(x.dtype)
        return (self.alpha * x).sin_().square_().mul_(inverse).add_(x)
