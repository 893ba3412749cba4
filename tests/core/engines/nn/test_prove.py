"""What a run takes can be known without running it, and does not grow with the length of sound."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from core.engines.nn.cache import KVCache
from core.engines.nn.chunked import Decoding
from core.engines.nn.dac import DacDecoder, DacDims
from core.engines.nn.decoder_lm import DecoderDims, DecoderLM
from core.engines.nn.hifigan import HifiGan, HifiGanDims
from core.engines.nn.prove import peak_bytes, pretended_peak_bytes
from core.engines.nn.receptive import receptive_field

N_LATENT = 8
WRITER = DecoderDims(n_layers=2, n_width=64, n_heads=4, n_inner=128, n_tokens=40)


def hifigan() -> HifiGan:
    return HifiGan(HifiGanDims(n_latent=N_LATENT, n_channels=64, n_condition=0))


def dac() -> DacDecoder:
    return DacDecoder(DacDims(n_latent=N_LATENT, n_channels=32))


def writer() -> DecoderLM:
    return DecoderLM(WRITER)


def decoded(model: nn.Module) -> Tensor:
    return model(torch.zeros(2, N_LATENT, 30))


def written(model: nn.Module) -> Tensor:
    """A prompt, then steps until the cache grows."""
    cache = KVCache(
        WRITER.cache_shape(torch.float32), n_rows=2, n_tokens=20, device="cpu", block_tokens=8
    )
    logits = model(torch.zeros(2, 20, WRITER.n_width), cache)
    for _ in range(6):
        logits = model(torch.zeros(2, 1, WRITER.n_width), cache)
    return logits


@pytest.mark.parametrize(("make", "run"), [(hifigan, decoded), (dac, decoded), (writer, written)])
def test_a_pretended_run_takes_to_the_byte_what_a_real_one_does(
    make: Callable[[], nn.Module], run: Callable[[nn.Module], Tensor]
) -> None:
    model = make().eval()
    real = peak_bytes(lambda: run(model))
    assert real > 10_000
    assert pretended_peak_bytes(make, run) == real


@pytest.mark.parametrize("make", [hifigan, dac])
@pytest.mark.parametrize("batch", [1, 2])
def test_the_peak_of_decoding_knows_nothing_of_the_length(
    make: Callable[[], nn.Module], batch: int
) -> None:
    model = make().eval()
    field = receptive_field(model, N_LATENT)

    def in_chunks(n_frames: int) -> int:
        frames = torch.zeros(batch, N_LATENT, n_frames)
        return peak_bytes(lambda: Decoding(model, field, frames).finish(chunk=8))

    def at_once(n_frames: int) -> int:
        return peak_bytes(lambda: model(torch.zeros(batch, N_LATENT, n_frames)))

    assert in_chunks(120) == in_chunks(40)
    # Whole, it follows the length; a window is chunk and context.
    assert at_once(120) > 2.9 * at_once(40)
    assert in_chunks(120) <= at_once(8 + field.left + field.right)


@pytest.mark.parametrize("make", [hifigan, dac])
def test_half_the_chunk_takes_less(make: Callable[[], nn.Module]) -> None:
    """Else the guard's rung would not help. Context stays, so it is less than half the saving."""
    model = make().eval()
    field = receptive_field(model, N_LATENT)
    frames = torch.zeros(1, N_LATENT, 90)
    peaks = [
        peak_bytes(lambda: Decoding(model, field, frames).finish(chunk=chunk))  # noqa: B023
        for chunk in (64, 32, 16, 8)
    ]
    assert peaks == sorted(peaks, reverse=True)
    # Of 64 + 22 frames and 8 + 22: a third.
    assert peaks[-1] < 0.4 * peaks[0]


def test_own_decoder_in_place_takes_three_fifths_of_the_published_code() -> None:
    """What chunked decoding is planned with: 3 tensors of the last level, not 5."""
    n_last, hop, n_frames = 96, 512, 106
    peak = pretended_peak_bytes(
        lambda: DacDecoder(DacDims()), lambda model: model(torch.empty(1, 1024, n_frames))
    )
    one = n_last * hop * n_frames * 4
    assert 3.0 * one <= peak <= 3.05 * one
