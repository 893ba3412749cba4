"""The speaker network: the same in windows as in one piece, in memory that has an upper bound."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from core.engines.gpt_sovits import speaker
from core.engines.gpt_sovits.fbank import fbank
from core.engines.gpt_sovits.speaker import Speaker, SpeakerDims
from core.engines.gpt_sovits.speaker_weights import load
from core.engines.nn.prove import peak_bytes
from core.errors import InputError
from tests.parity.gpt_sovits.speaker_shapes import shapes
from tests.parity.recipe_checkpoint import RecipeCheckpoint

KEYS = Path(__file__).parents[3] / "golden" / "gpt_sovits" / "keys"
TINY = SpeakerDims(n_channels=16, n_blocks=(1, 2, 1, 1))


@pytest.fixture(scope="module")
def model() -> Speaker:
    return load(RecipeCheckpoint(shapes(TINY), seed=2, prefix="sv."), dims=TINY)


def energies(n_frames: int) -> torch.Tensor:
    return torch.randn(1, n_frames, 80, generator=torch.Generator().manual_seed(n_frames))


def test_the_published_network_has_these_tensors() -> None:
    lines = (KEYS / "sv.tsv").read_text().splitlines()
    listed = dict(line.split("\t") for line in lines)
    assert shapes() == {
        name: () if shape == "scalar" else tuple(map(int, shape.split("x")))
        for name, shape in listed.items()
    }
    assert SpeakerDims().n_embedding == 20_480


@pytest.mark.parametrize("n_frames", [1, 7, 8, 318, 700, 1003])
def test_windows_give_what_one_piece_gives(
    model: Speaker, n_frames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speaker, "CHUNK_CELLS", 16)
    given = energies(n_frames)
    with torch.inference_mode():
        whole = model(given).mean(-1).flatten(1)
    # Sums in another order, of values around 1.
    np.testing.assert_allclose(model.embedding(given).numpy(), whole.numpy(), atol=1e-5)


def test_less_context_would_show(model: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaker, "CHUNK_CELLS", 16)
    given = energies(700)
    whole = model.embedding(given)
    monkeypatch.setattr(SpeakerDims, "reach", property(lambda _: 8))
    assert (model.embedding(given) - whole).abs().max() > 1e-4


def test_a_longer_recording_takes_no_more_memory(
    model: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speaker, "CHUNK_CELLS", 16)
    long, longer = energies(700), energies(1400)
    assert peak_bytes(lambda: model.embedding(longer)) == peak_bytes(lambda: model.embedding(long))


@pytest.mark.parametrize(
    "name", ["layer2.1.bns.3.running_var", "layer3.0.conv3.weight", "fuse34.local_att.3.bias"]
)
def test_a_missing_tensor_is_named(name: str) -> None:
    there = shapes(TINY)
    del there[name]
    with pytest.raises(InputError, match=re.escape(name)):
        load(RecipeCheckpoint(there, seed=2), dims=TINY)


def test_an_unknown_tensor_is_named() -> None:
    there = shapes(TINY) | {"layer1.0.conv9.bias": (4,)}
    with pytest.raises(InputError, match=r"layer1\.0\.conv9\.bias"):
        load(RecipeCheckpoint(there, seed=2), dims=TINY)


def test_silence_has_finite_energies() -> None:
    silent = fbank(torch.zeros(1, 16_000))
    assert silent.shape == (1, 98, 80)
    assert torch.isfinite(silent).all()
