"""Two small runs tell what any size takes: never less than it does, a tenth more at most."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks._models import with_random_weights
from core.engines.nn.cache import KVCache
from core.engines.nn.chunked import Decoding
from core.engines.nn.dac import DacDecoder, DacDims
from core.engines.nn.decoder_lm import DecoderDims, DecoderLM
from core.engines.nn.hifigan import HifiGan, HifiGanDims
from core.engines.nn.prove import peak_bytes, pretended_peaks_bytes
from core.engines.nn.receptive import receptive_field
from core.memory.cost import fit

CALIBRATED_ON = [(16, 1), (32, 2)]
"""Frames (or tokens) and rows of the two small runs."""
HELD_OUT = [(12, 1), (106, 4), (700, 1), (3000, 32)]
TINY_HIFIGAN = HifiGanDims(n_latent=4, n_channels=32, n_condition=0)
TINY_DAC = DacDims(n_latent=4, n_channels=32, rates=(4, 2))


def decode(n_latent: int, n: int, batch: int) -> object:
    return lambda model: model(torch.zeros(batch, n_latent, n))


@pytest.mark.parametrize(
    ("kind", "dims"),
    [
        (HifiGan, TINY_HIFIGAN),
        (HifiGan, HifiGanDims(n_condition=0)),
        (DacDecoder, TINY_DAC),
        (DacDecoder, DacDims()),
    ],
    ids=["hifigan tiny", "hifigan gpt-sovits v2", "dac tiny", "dac 44.1 kHz"],
)
def test_the_peak_of_decoding_is_foreseen(
    kind: type[nn.Module], dims: HifiGanDims | DacDims
) -> None:
    sizes = [*CALIBRATED_ON, *HELD_OUT]
    runs = [decode(dims.n_latent, n, batch) for n, batch in sizes]
    peaks = dict(zip(sizes, pretended_peaks_bytes(lambda: kind(dims), runs), strict=True))
    cost = fit([(*size, peaks[size]) for size in CALIBRATED_ON])
    for n, batch in HELD_OUT:
        assert 1.0 <= cost.bytes(n, batch) / peaks[n, batch] <= 1.1


@pytest.mark.parametrize(("kind", "dims"), [(HifiGan, TINY_HIFIGAN), (DacDecoder, TINY_DAC)])
def test_the_peak_of_real_runs_is_foreseen(
    kind: type[nn.Module], dims: HifiGanDims | DacDims
) -> None:
    model = kind(dims).eval()
    run = {
        size: peak_bytes(lambda: model(torch.zeros(size[1], dims.n_latent, size[0])))  # noqa: B023
        for size in [*CALIBRATED_ON, (12, 3), (50, 2)]
    }
    cost = fit([(*size, run[size]) for size in CALIBRATED_ON])
    for size in run.keys() - set(CALIBRATED_ON):
        assert 1.0 <= cost.bytes(*size) / run[size] <= 1.1


@pytest.mark.parametrize(
    "dims",
    [DecoderDims(n_layers=2, n_width=64, n_heads=4, n_inner=256, n_tokens=40), DecoderDims()],
    ids=["tiny", "77 M"],
)
def test_the_peak_of_writing_is_foreseen(dims: DecoderDims) -> None:
    """Cache by its tokens and prompt by its own: two costs that add."""
    shape = dims.cache_shape(torch.float32)

    def written(n_prompt: int, n_cache: int, batch: int) -> object:
        def run(model: nn.Module) -> None:
            cache = KVCache(shape, n_rows=batch, n_tokens=n_cache, device="cpu")
            model(torch.zeros(batch, n_prompt, dims.n_width), cache)
            model(torch.zeros(batch, 1, dims.n_width), cache)

        return run

    def empty(n_cache: int, batch: int) -> int:
        """Measured: there is a little bookkeeping besides keys and values."""
        return peak_bytes(lambda: KVCache(shape, n_rows=batch, n_tokens=n_cache, device="cpu"))

    # One row: what grows with the length but not with the rows (8 bytes a column) is then counted
    # for every row, and a longer cache of one row is not underestimated.
    cache = fit([(n, 1, empty(n, 1)) for n in (128, 512)])
    held_out = [(12, 384, 1), (100, 2048, 4), (300, 384, 32)]
    sizes = [*((n, 128, batch) for n, batch in CALIBRATED_ON), *held_out]
    found = pretended_peaks_bytes(lambda: DecoderLM(dims), [written(*size) for size in sizes])
    peaks = dict(zip(sizes, found, strict=True))
    prompt = fit(
        [(n, batch, peaks[n, 128, batch] - empty(128, batch)) for n, batch in CALIBRATED_ON]
    )
    for n_prompt, n_cache, batch in held_out:
        foreseen = cache.bytes(n_cache, batch) + prompt.bytes(n_prompt, batch)
        assert 1.0 <= foreseen / peaks[n_prompt, n_cache, batch] <= 1.1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "dims", "chunk"),
    [(HifiGan, HifiGanDims(n_condition=0), 32), (DacDecoder, DacDims(), 32)],
    ids=["hifigan gpt-sovits v2", "dac 44.1 kHz"],
)
def test_full_size_in_chunks_is_exact_and_takes_what_was_foreseen(
    kind: type[nn.Module], dims: HifiGanDims | DacDims, chunk: int
) -> None:
    model = with_random_weights(kind(dims))
    field = receptive_field(model, dims.n_latent)
    frames = torch.randn(1, dims.n_latent, 100, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        whole = model(frames).flatten().numpy()
    decoding = Decoding(model, field, frames)
    peak = peak_bytes(lambda: decoding.finish(chunk))
    # Other lengths, other summation order: 6e-6 at most was measured.
    assert np.abs(decoding.sound[0] - whole).max() <= 1e-5
    n_window = chunk + field.left + field.right
    sizes = [(24, 1), (32, 2), (n_window, 1)]
    runs = [decode(dims.n_latent, n, batch) for n, batch in sizes]
    small, larger, window = pretended_peaks_bytes(lambda: kind(dims), runs)
    cost = fit([(24, 1, small), (32, 2, larger)])
    assert peak <= window  # the window itself was there before
    assert 1.0 <= cost.bytes(n_window, 1) / peak <= 1.1
