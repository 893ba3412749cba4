"""`sv.npz`: log mel energies and the speaker network's vectors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from core.engines.gpt_sovits import fbank
from core.engines.gpt_sovits.features import resampled
from core.engines.gpt_sovits.speaker_weights import load
from core.engines.gpt_sovits.synthesiser_dims import RATE
from tests.parity.gpt_sovits.features import sound
from tests.parity.gpt_sovits.speaker_shapes import shapes
from tests.parity.recipe_checkpoint import RecipeCheckpoint
from tests.parity.result import ACTIVATION, Result, compare


def run(folder: Path) -> Iterator[Result]:
    for path in sorted(folder.glob("sv*.npz")):
        about = json.loads(path.with_suffix(".json").read_text())
        with np.load(path) as arrays:
            golden = {name: arrays[name] for name in arrays.files}
        yield from _one(folder, path.stem, about, golden)


def _one(
    folder: Path, case: str, about: dict[str, object], golden: dict[str, np.ndarray]
) -> Iterator[Result]:
    seed, prefix = int(about["weights_seed"]), str(about["prefix"])  # type: ignore[call-overload]
    model = load(RecipeCheckpoint(shapes(), seed=seed, prefix=prefix))
    energies = fbank.fbank(torch.from_numpy(golden["wav16k"]))
    yield compare(f"{case}/fbank", energies.numpy(), golden["fbank"], ACTIVATION)
    yield compare(f"{case}/emb", model.embedding(energies).numpy(), golden["emb"], ACTIVATION)
    features = folder / "audio_features.npz"
    if "emb_b" in golden and features.is_file():
        with np.load(features) as arrays:
            other = resampled(sound(arrays, "wav32k_b_i16"), RATE, fbank.RATE)
        found = model.embedding(fbank.fbank(other)).numpy()
        yield compare(f"{case}/emb_b", found, golden["emb_b"], ACTIVATION)
