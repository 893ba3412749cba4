"""What a plan says of its peak is what running it takes: never less, a tenth more at most."""

from __future__ import annotations

import random

import pytest

from benchmarks._whole import Engine, calibrated, held, real
from core.engines.nn.dac import DacDecoder, DacDims
from core.engines.nn.decoder_lm import DecoderDims
from core.engines.nn.hifigan import HifiGan, HifiGanDims
from core.engines.nn.receptive import receptive_field

MIB = 1 << 20
PLENTY = 1 << 40
TINY = DecoderDims(n_layers=3, n_width=64, n_heads=4, n_inner=256, n_tokens=40)
TINY_HIFIGAN = HifiGanDims(n_latent=4, n_channels=32, n_condition=0)
TINY_DAC = DacDims(n_latent=4, n_channels=32, rates=(4, 2))
ENGINES = [
    Engine(
        title,
        TINY,
        make_decoder,
        n_latent=4,
        field=receptive_field(make_decoder(), 4),
        tokens_per_frame=tokens_per_frame,
        chunk=chunk,
        n_prompt=n_prompt,
    )
    for title, make_decoder, tokens_per_frame, chunk, n_prompt in (
        ("hifigan", lambda: HifiGan(TINY_HIFIGAN), 0.5, 16, 30),
        ("dac", lambda: DacDecoder(TINY_DAC), 1.0, 40, 90),
    )
]


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.title)
def test_running_a_plan_takes_what_it_says(engine: Engine) -> None:
    """Weights, keys and activations together, over batches, lengths and budgets."""
    cost = calibrated(engine, real)
    draw = random.Random(5)
    lengths = [draw.randint(8, 400) for _ in range(12)]
    cases = [(1, PLENTY), (3, PLENTY), (12, PLENTY), (12, 3 * MIB), (12, MIB)]
    for each in held(engine, cost, lengths, real, cases):
        assert each.made.batches
        assert 1.0 <= each.ratio <= 1.1
        assert all(1.0 <= ratio <= 1.1 for ratio in each.ratios)
        # The weights are known to the byte; the law holds for what is left without them, too.
        assert all(1.0 <= ratio <= 1.1 for ratio in each.ratios_above)
