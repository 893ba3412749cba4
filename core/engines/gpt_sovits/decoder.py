"""Latent frames to sound on a processor: pieces small enough for its caches, exact all the same.

Nearly all of the context that HiFi-GAN needs, it needs at its first level, which does a fifth of
the work. So the first level runs over a long window and the others over short stretches of its
result: measured, 1.4 times as fast as windows of two seconds through all levels, as much of the
samples is computed once and what is computed stays in the caches. Each stretch has a core to
itself (`core.engines.nn.cores`), its channels lie last in memory, as convolutions want them, and
the widest of them do with half to a third of their products (`core.engines.nn.toom_cook`).
"""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from core.engines.nn.chunked import MIN_CHUNK, Piecewise, in_windows, share
from core.engines.nn.cores import on_all_cores
from core.engines.nn.hifigan import SLOPE, Convolution, HifiGan, ResidualStack
from core.engines.nn.receptive import ReceptiveField, receptive_field
from core.engines.nn.toom_cook import ToomCook
from core.engines.protocol import StopFlag

CHUNK_FRAMES = 400
"""Eight seconds at a time through the first level."""
STRETCH_FRAMES = 50
"""One second at a time through the others."""
WANTS_CHANNELS_LAST: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
"""Of the kernels for this processor: oneDNN's are a tenth faster so, torch's own are slower."""
TOOM_COOK_WEIGHTS = 448
"""Taps by channels: from so many fewer products are worth what they take beside."""


class InStretches:
    """A generator whose levels after the first run a stretch at a time.

    Args:
        generator: With one level at least. From then on it is laid out for a processor: the same
            function, but `receptive_field` does not know all of its operations any more.
        field: Of the generator as a whole.
        n_stretch: Frames of a stretch.
    """

    def __init__(
        self, generator: HifiGan, field: ReceptiveField, n_stretch: int = STRETCH_FRAMES
    ) -> None:
        self._generator = generator
        dims = generator.dims
        self._n_stretch = n_stretch * dims.rates[0]
        self.field = field
        self._n_spare = min(field.left, field.right)
        self._first_field = receptive_field(_First(generator), dims.n_latent)
        self._field = receptive_field(_AfterFirst(generator), dims.n_channels // 2)
        if WANTS_CHANNELS_LAST:
            _lay_out(generator)

    def kept(self, latent: Tensor, condition: Tensor, first: int, last: int) -> Tensor:
        """The generator's samples of some frames.

        Args:
            latent: `[B, n_latent, N]`, those frames and what they need of others.
            condition: `[B, n_condition, 1]`
            first: Of the frames whose samples are wanted.
            last: One past the last of them.

        Returns:
            `[B, 1, (last - first) * hop]`
        """
        generator, n_frames = self._generator, latent.shape[-1]
        rate, hop = self._first_field.hop, self._field.hop
        latent, condition = _channels_last(latent.unsqueeze(2)), condition.unsqueeze(2)
        part = -(-n_frames // torch.get_num_threads())
        x = in_windows(
            lambda window: generator.first(window, condition),
            latent,
            max(MIN_CHUNK, part),
            self._first_field,
            on_all_cores,
        )
        # What the first level alone needed to look at, the others need not decode. At one end only,
        # as a clip's first and last window have it: each further length would cost further plans.
        n_steps = n_frames * rate
        if first > 0 or last < n_frames:
            n_steps -= self._n_spare * rate - max(self._field.left, self._field.right)
        begin = min(max(0, first * rate - self._field.left), n_frames * rate - n_steps)
        x = _channels_last(x[..., begin : begin + n_steps])
        sound = in_windows(generator.after_first, x, self._n_stretch, self._field, on_all_cores)
        return sound.squeeze(2)[..., (first * rate - begin) * hop : (last * rate - begin) * hop]


class InShares(Piecewise):
    """Windows of equal shares of the clip: on a processor shapes cost nothing, and work counts.

    Args:
        stretches: The generator.
        condition: `[B, n_condition, 1]`
        frames: `[B, n_latent, N]`, on the host.
    """

    def __init__(self, stretches: InStretches, condition: Tensor, frames: Tensor) -> None:
        super().__init__(stretches.field, frames)
        self._stretches, self._condition = stretches, condition

    def finish(self, chunk: int, stop: StopFlag | None = None) -> npt.NDArray[np.float32]:
        """Decode what is missing, at most `chunk` frames and the context at a time."""
        return super().finish(share(self.n_frames, chunk, self._field), stop)

    def _kept(self, frames: Tensor, first: int, last: int) -> Tensor:
        return self._stretches.kept(frames.to(self._condition), self._condition, first, last)


def _lay_out(generator: HifiGan) -> None:
    """Weights as a processor's kernels take them, or each call would turn them around."""
    for place, stack in enumerate(generator.resblocks):
        assert isinstance(stack, ResidualStack)
        one = cast(Convolution, stack.convs1[0])  # all are of one size
        (taps,) = one.kernel_size
        is_worth_it = taps * one.out_channels >= TOOM_COOK_WEIGHTS
        if is_worth_it and one.weight.dtype == torch.float32:
            generator.resblocks[place] = _FewerProducts(stack)
    for layer in generator.modules():
        if isinstance(layer, Convolution):
            layer.weight.data = layer.weight.data.mT.contiguous().mT


class _FewerProducts(nn.Module):
    """A residual stack, its convolutions by `ToomCook`."""

    def __init__(self, stack: ResidualStack) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(ToomCook(cast(Convolution, one)) for one in stack.convs1)
        self.convs2 = nn.ModuleList(ToomCook(cast(Convolution, one)) for one in stack.convs2)

    def forward(self, x: Tensor) -> Tensor:
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            x = plain(dilated(x, SLOPE), SLOPE).add_(x)
        return x


def _channels_last(picture: Tensor) -> Tensor:
    """`[B, C, 1, N]`, laid out as the processor wants it."""
    if not WANTS_CHANNELS_LAST:
        return picture
    return picture.contiguous(memory_format=torch.channels_last)


class _First(nn.Module):
    """For `receptive_field`, which takes a module."""

    def __init__(self, generator: HifiGan) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, latent: Tensor) -> Tensor:
        return self.generator.first(latent)


class _AfterFirst(nn.Module):
    """Likewise."""

    def __init__(self, generator: HifiGan) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, x: Tensor) -> Tensor:
        return self.generator.after_first(x)
