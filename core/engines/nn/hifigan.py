"""HiFi-GAN's generator: latent frames to a waveform, by upsampling and residual stacks.

Kong et al., "HiFi-GAN" (2020), section 2.2; sizes and the speaker condition as in GPT-SoVITS v2.
It knows nothing of files; names of parameters are those of the published checkpoints.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, leaky_relu, leaky_relu_

from core.engines.nn.weights import Made, weight_norm

SLOPE = 0.1
"""Of every leaky ReLU but the last."""
LAST_SLOPE = 0.01
"""Of the one before the output: torch's default in the original code, so the weights expect it."""

SPELLINGS = (
    (".weight_g", ".weight_v"),
    (".parametrizations.weight.original0", ".parametrizations.weight.original1"),
)
"""Of weight norm in checkpoints: length, direction."""


@dataclass(frozen=True, kw_only=True)
class HifiGanDims:
    """Sizes; the defaults are GPT-SoVITS v1, v2 and v2Pro (32 kHz, 20 ms frames).

    Args:
        n_latent: Channels of a frame.
        n_channels: Channels after the first convolution; each level halves them.
        n_condition: Channels of the speaker vector; 0 for a generator without one.
        rates: Upsampling of each level; their product is the hop.
        kernels: Taps of each level's transposed convolution.
        residual_kernels: Taps of the parallel residual stacks of a level.
        dilations: Of the steps of each stack.
        has_output_bias: Of the last convolution.
    """

    n_latent: int = 192
    n_channels: int = 512
    n_condition: int = 512
    rates: tuple[int, ...] = (10, 8, 2, 2, 2)
    kernels: tuple[int, ...] = (16, 16, 8, 2, 2)
    residual_kernels: tuple[int, ...] = (3, 7, 11)
    dilations: tuple[int, ...] = (1, 3, 5)
    has_output_bias: bool = False


class HifiGan(nn.Module):
    """The generator.

    Time may also be the width of pictures of height 1, `[B, C, 1, N]`: as pictures with their
    channels last in memory a processor convolves without moving anything before and after.
    """

    def __init__(self, dims: HifiGanDims) -> None:
        super().__init__()
        self.dims = dims
        self.conv_pre = Convolution(dims.n_latent, dims.n_channels, 7, padding=3)
        self.cond = Convolution(dims.n_condition, dims.n_channels, 1) if dims.n_condition else None
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        n_channels = dims.n_channels
        for rate, taps in zip(dims.rates, dims.kernels, strict=True):
            self.ups.append(
                Upsampling(n_channels, n_channels // 2, taps, rate, padding=(taps - rate) // 2)
            )
            n_channels //= 2
            self.resblocks.extend(
                ResidualStack(n_channels, width, dims.dilations) for width in dims.residual_kernels
            )
        self.conv_post = Convolution(n_channels, 1, 7, padding=3, bias=dims.has_output_bias)

    def forward(self, latent: Tensor, condition: Tensor | None = None) -> Tensor:
        """
        Args:
            latent: `[B, n_latent, N]`, or a picture.
            condition: `[B, n_condition, 1]`, the same for all frames of a row; or a picture too.

        Returns:
            `[B, 1, N * hop]`, within -1 and 1.
        """
        return self.after_first(self.first(latent, condition))

    def first(self, latent: Tensor, condition: Tensor | None = None) -> Tensor:
        """The first level, which looks at most frames and does a fifth of the work.

        Args:
            latent: As of `forward`.
            condition: As of `forward`.

        Returns:
            `[B, n_channels / 2, N * rates[0]]`
        """
        x = self.conv_pre(latent)  # [B, n_channels, N]
        if condition is not None:
            if self.cond is None:
                raise ValueError("this generator takes no condition")
            x.add_(self.cond(condition))
        return self._level(0, leaky_relu_(x, SLOPE))

    def after_first(self, x: Tensor) -> Tensor:
        """The other levels, which look at few frames and do most of the work.

        Args:
            x: Of `first`, or a stretch of it; left as it was.

        Returns:
            As of `forward`.
        """
        slopes = [SLOPE] * (len(self.ups) - 1) + [LAST_SLOPE]
        x = leaky_relu(x, slopes[0])
        for level, slope in enumerate(slopes[1:], 1):
            x = leaky_relu_(self._level(level, x), slope)
        return torch.tanh_(self.conv_post(x))

    def _level(self, level: int, x: Tensor) -> Tensor:
        """`[B, C, T]`, rectified, to `[B, C / 2, T * rates[level]]`."""
        x = self.ups[level](x)
        n_stacks = len(self.dims.residual_kernels)
        # One stack at a time into one sum: three results at once would be the peak.
        total = None
        for stack in self.resblocks[level * n_stacks : (level + 1) * n_stacks]:
            total = stack(x) if total is None else total.add_(stack(x))
        return cast(Tensor, total).div_(n_stacks)


class Convolution(nn.Conv1d):
    """Along the last axis of `[B, C, T]` or `[B, C, 1, T]`."""

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim == 3:
            return super().forward(x)
        (padding,), (dilation,) = cast(tuple[int], self.padding), self.dilation
        weight = self.weight.unsqueeze(2)
        return conv2d(x, weight, self.bias, padding=(0, padding), dilation=(1, dilation))


class Upsampling(nn.ConvTranspose1d):
    """Likewise."""

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        if x.ndim == 3:
            return super().forward(x, output_size)
        (padding,), (rate,) = cast(tuple[int], self.padding), self.stride
        weight = self.weight.unsqueeze(2)
        return conv_transpose2d(x, weight, self.bias, (1, rate), (0, padding))


class ResidualStack(nn.Module):
    """Pairs of a dilated and a plain convolution, each pair added to what it was given."""

    def __init__(self, n_channels: int, taps: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(
            Convolution(n_channels, n_channels, taps, dilation=by, padding=by * (taps - 1) // 2)
            for by in dilations
        )
        self.convs2 = nn.ModuleList(
            Convolution(n_channels, n_channels, taps, padding=(taps - 1) // 2) for _ in dilations
        )

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T]` to a new tensor of the same shape; `x` is left as it was."""
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            y = dilated(leaky_relu(x, SLOPE))
            y = plain(leaky_relu_(y, SLOPE))
            x = y.add_(x)
        return x


def folded(names: Iterable[str]) -> dict[str, Made]:
    """How to make the weights that a checkpoint holds as length and direction; for `weights.fill`.

    Both spellings are read: `weight_g`, `weight_v`, and torch's newer
    `parametrizations.weight.original0`, `original1`. A length without its direction is left alone,
    so that filling tells what is missing.

    Args:
        names: Of the checkpoint's tensors, as they are in it.

    Returns:
        By the name of the weight, with the same prefix as in the checkpoint.
    """
    there = set(names)
    made = {}
    for name in sorted(there):
        for length, direction in SPELLINGS:
            stem = name.removesuffix(length)
            if name.endswith(length) and stem + direction in there:
                made[f"{stem}.weight"] = Made((name, stem + direction), weight_norm)
    return made
