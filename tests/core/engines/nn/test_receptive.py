"""The computed context is the real one: outside it no sample hears a frame, its last does."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from benchmarks._models import with_random_weights
from core.engines.nn.dac import DacDecoder, DacDims
from core.engines.nn.hifigan import HifiGan, HifiGanDims
from core.engines.nn.receptive import (
    NotConvolutionalError,
    ReceptiveField,
    receptive_field,
)

THIN_HIFIGAN = HifiGanDims(n_latent=4, n_channels=64, n_condition=0)
THIN_DAC = DacDims(n_latent=4, n_channels=32)
"""The taps, rates and dilations of the full sizes, which alone decide the context."""


def full_size(kind: type[nn.Module], dims: HifiGanDims | DacDims) -> nn.Module:
    with torch.device("meta"):
        return kind(dims)


def blocks_that_hear(decoder: nn.Module, n_latent: int, frame: int, n_frames: int) -> list[int]:
    """Frames, relative to `frame`, whose samples change when that frame does.

    In fp64, so that the faint ends of the reach are not lost in rounding.
    """
    random = torch.Generator().manual_seed(3)
    with_random_weights(decoder.double())
    latent = torch.randn(1, n_latent, n_frames, generator=random, dtype=torch.float64)
    changed = latent.clone()
    changed[:, :, frame] += 1.0
    with torch.no_grad():
        differs = (decoder(latent) != decoder(changed)).reshape(n_frames, -1).any(dim=1)
    return [int(block) - frame for block in differs.nonzero()]


@pytest.mark.parametrize(
    ("decoder", "n_latent", "context"),
    [
        (full_size(HifiGan, HifiGanDims()), 192, 11),
        (full_size(HifiGan, HifiGanDims(n_channels=768, kernels=(20, 16, 8, 2, 2))), 192, 11),
        (full_size(DacDecoder, DacDims()), 1024, 10),
    ],
    ids=["gpt-sovits v2", "gpt-sovits v2ProPlus", "dac 44.1 kHz"],
)
def test_the_context_of_the_published_decoders(
    decoder: nn.Module, n_latent: int, context: int
) -> None:
    field = receptive_field(decoder, n_latent)
    assert (field.left, field.right) == (context, context)


@pytest.mark.parametrize(
    ("decoder", "n_latent"),
    [(HifiGan(THIN_HIFIGAN), 4), (DacDecoder(THIN_DAC), 4)],
    ids=["hifigan", "dac"],
)
def test_a_changed_frame_is_heard_exactly_as_far_as_computed(
    decoder: nn.Module, n_latent: int
) -> None:
    field = receptive_field(decoder, n_latent)
    heard = blocks_that_hear(decoder, n_latent, frame=15, n_frames=31)
    # A frame is context on the right of those before it, on the left of those after.
    assert heard == list(range(-field.right, field.left + 1))


@pytest.mark.parametrize("stride", [2, 3, 5])
@pytest.mark.parametrize("taps", [7, 8, 11])
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_any_upsampling_is_computed_as_it_is(stride: int, taps: int, padding: int) -> None:
    """The output is cut to whole frames, as decoders do whose kernel is longer than its padding."""

    class Up(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.up = nn.ConvTranspose1d(1, 1, taps, stride)
            self.conv = nn.Conv1d(1, 1, 3, dilation=2, padding=2)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(self.up(x)[..., padding : padding + x.shape[-1] * stride])

    field = receptive_field(Up(), 1)
    assert field.hop == stride
    heard = blocks_that_hear(Up(), 1, frame=15, n_frames=31)
    assert (field.right, field.left) == (-min(*heard, 0), max(*heard, 0))


def test_a_decoder_without_context_needs_none() -> None:
    class PerFrame(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.tanh()

    assert receptive_field(PerFrame(), 1) == ReceptiveField(left=0, right=0, hop=1)


class Softmax(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.softmax(dim=-1)


class MeanOverTime(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x - x.mean(dim=-1, keepdim=True)


class Odd(nn.Module):
    """Two frames become one sample less than four."""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.ConvTranspose1d(1, 1, 2, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.up(x)[..., 1:]


@pytest.mark.parametrize(
    ("decoder", "word"), [(Softmax(), "softmax"), (MeanOverTime(), "mean"), (Odd(), "127")]
)
def test_a_decoder_that_cannot_be_cut_exactly_is_refused_with_the_reason(
    decoder: nn.Module, word: str
) -> None:
    with pytest.raises(NotConvolutionalError, match=word):
        receptive_field(decoder, 1)
