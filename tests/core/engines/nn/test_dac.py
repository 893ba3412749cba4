"""The codec's decoder computes what the one in transformers does, in less memory."""

from __future__ import annotations

import pytest
import torch

from core.engines.nn.dac import DacDecoder, DacDims, Snake

TINY = DacDims(n_latent=16, n_channels=32, rates=(4, 2))


def test_it_makes_the_sound_of_the_decoder_in_transformers() -> None:
    transformers = pytest.importorskip(
        "transformers", reason="compared with its decoder: pip install transformers"
    )
    config = transformers.DacConfig(
        hidden_size=TINY.n_latent,
        decoder_hidden_size=TINY.n_channels,
        upsampling_ratios=list(TINY.rates),
        downsampling_ratios=list(reversed(TINY.rates)),
        encoder_hidden_size=8,
    )
    theirs = transformers.DacModel(config).decoder.eval()
    random = torch.Generator().manual_seed(5)
    for name, weight in theirs.named_parameters():
        drawn = torch.randn(weight.shape, generator=random)
        weight.data = 1.0 + 0.2 * drawn if name.endswith("alpha") else drawn * 0.1
    ours = DacDecoder(TINY).eval()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    latent = torch.randn(2, TINY.n_latent, 30, generator=random)
    with torch.inference_mode():
        expected, sound = theirs(latent), ours(latent)
    assert expected.std() > 0.05
    # The same operations; the reciprocal of alpha is multiplied in another place.
    torch.testing.assert_close(sound, expected.reshape(sound.shape), rtol=0.0, atol=1e-5)


def test_a_still_channel_stays_finite_in_half_precision() -> None:
    """1e-5 has no finite inverse in fp16."""
    snake = Snake(1)
    snake.alpha.data.fill_(1e-5)
    x = torch.linspace(-4.0, 4.0, 9).reshape(1, 1, 9).half()
    with torch.inference_mode():
        sound = snake.half()(x)
    # sin(a x)^2 / a is about a x^2: nothing at this frequency.
    assert torch.equal(sound, x)


def test_snake_is_its_formula() -> None:
    snake = Snake(2)
    snake.alpha.data = torch.tensor([0.5, -3.0]).reshape(1, 2, 1)
    x = torch.linspace(-2.0, 2.0, 10).reshape(1, 2, 5)
    with torch.inference_mode():
        expected = x + torch.sin(snake.alpha * x) ** 2 / snake.alpha
        torch.testing.assert_close(snake(x), expected)
