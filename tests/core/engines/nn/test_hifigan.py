"""The generator computes what the published one does, whatever way its weights are stored."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from core.engines.nn.hifigan import HifiGan, HifiGanDims, folded

GOLDEN = Path(__file__).parents[3] / "golden" / "hifigan_gpt_sovits_v2_tiny.npz"
"""GPT-SoVITS v2 with 32 channels and weights by `stored_weights`: z, style, and its own sound."""
TINY = HifiGanDims(n_channels=32)


def stored_weights(model: HifiGan) -> dict[str, Tensor]:
    """A checkpoint as published: each upsampling and residual weight as length and direction.

    Values follow a recipe from the names alone, the same that the golden sound was made with.
    """
    stored = {}
    for name, weight in model.state_dict().items():
        shape = tuple(weight.shape)
        if weight.ndim == 3 and name.startswith(("ups", "resblocks")):
            stem = name.removesuffix("weight")
            stored[f"{stem}weight_g"] = drawn(f"{stem}weight_g", (shape[0], 1, 1), scale=0.1) + 1.0
            stored[f"{stem}weight_v"] = drawn(f"{stem}weight_v", shape)
        else:
            stored[name] = drawn(name, shape, scale=0.02 if weight.ndim == 1 else None)
    return stored


def read(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """The state dict behind a checkpoint."""
    made = folded(stored)
    parts = {part for recipe in made.values() for part in recipe.parts}
    plain = {name: weight for name, weight in stored.items() if name not in parts}
    return plain | {
        name: recipe.by(*(stored[part] for part in recipe.parts)) for name, recipe in made.items()
    }


def drawn(name: str, shape: tuple[int, ...], scale: float | None = None) -> Tensor:
    """Normal values from a stream that numpy keeps the same for ever, seeded by the full name."""
    seed = (zlib.crc32(f"dec.{name}".encode()) + 1_000_003) % 2**32
    values = np.random.RandomState(seed).standard_normal(shape).astype(np.float32)
    factor = scale if scale is not None else 1.0 / np.sqrt(np.prod(shape[1:]))
    return torch.from_numpy(values * np.float32(factor))


@pytest.fixture(scope="module")
def golden() -> dict[str, Tensor]:
    with np.load(GOLDEN) as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in arrays.files}


@pytest.fixture(scope="module")
def generator() -> HifiGan:
    model = HifiGan(TINY).eval()
    model.load_state_dict(read(stored_weights(model)), strict=True)
    return model


def test_it_makes_the_sound_of_the_published_generator(
    generator: HifiGan, golden: dict[str, Tensor]
) -> None:
    with torch.inference_mode():
        sound = generator(golden["latent"], golden["condition"])
    assert sound.shape == golden["sound"].shape
    # fp32 sums in another order (folded weights): 3e-6 was seen between two such programs.
    assert (sound - golden["sound"]).abs().max() < 1e-5


def test_both_spellings_of_weight_norm_fold_to_the_same(generator: HifiGan) -> None:
    old = stored_weights(generator)
    new = {
        name.replace(".weight_g", ".parametrizations.weight.original0").replace(
            ".weight_v", ".parametrizations.weight.original1"
        ): weight
        for name, weight in old.items()
    }
    assert new.keys() != old.keys()
    once, again = read(old), read(new)
    assert once.keys() == again.keys() == generator.state_dict().keys()
    assert all(torch.equal(once[name], again[name]) for name in once)


def test_a_length_without_its_direction_is_left_for_filling_to_complain_of() -> None:
    assert folded(["a.weight_g", "a.bias", "b.weight_v", "c.weight"]) == {}


def test_a_batch_row_sounds_as_it_does_alone(generator: HifiGan, golden: dict[str, Tensor]) -> None:
    rows = torch.cat([golden["latent"][..., :20], golden["latent"][..., 20:40]])
    with torch.inference_mode():
        both = generator(rows, golden["condition"])
        alone = generator(rows[1:], golden["condition"])
    # Another batch size may choose another summation order.
    assert (both[1:] - alone).abs().max() < 1e-5


def test_the_inputs_are_left_as_they_were(generator: HifiGan, golden: dict[str, Tensor]) -> None:
    latent = golden["latent"][..., :10].clone()
    with torch.inference_mode():
        generator(latent, golden["condition"])
    assert torch.equal(latent, golden["latent"][..., :10])


def test_a_condition_for_a_generator_without_one_is_refused() -> None:
    model = HifiGan(HifiGanDims(n_latent=2, n_channels=32, n_condition=0))
    with pytest.raises(ValueError, match="takes no condition"):
        model(torch.zeros(1, 2, 4), torch.zeros(1, 2, 1))
