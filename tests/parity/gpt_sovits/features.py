"""`audio_features.npz`: the spectrogram of the style and the resampler."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from core.engines.gpt_sovits.features import PROMPT_RATE, resampled, spectrogram
from core.engines.gpt_sovits.synthesiser_dims import RATE
from tests.parity.result import ACTIVATION, WAVEFORM, Result, compare

SHARE = 1e-5
"""Of a sum over frames, whose size grows with them: its error is told as a share of the largest."""


def run(folder: Path) -> Iterator[Result]:
    for path in sorted(folder.glob("audio_features*.npz")):
        with np.load(path) as golden:
            yield from _one(path.stem, golden)


def sound(golden: np.lib.npyio.NpzFile, name: str) -> torch.Tensor:
    """f32 `[1, T]` of an int16 array."""
    return torch.from_numpy(golden[name].astype(np.float32) / 32768)[None]


def _one(case: str, golden: np.lib.npyio.NpzFile) -> Iterator[Result]:
    for name in golden.files:
        if name.startswith("spec_") and name.removeprefix("spec_") in "abcdefgh":
            found = spectrogram(sound(golden, f"wav32k_{name[-1]}_i16")).numpy()
            yield compare(f"{case}/{name}", found, golden[name], ACTIVATION)
        elif name.startswith("spec_") and name.endswith("_sum_per_bin"):
            found = spectrogram(sound(golden, f"wav32k_{name[5]}_i16")).sum(-1).numpy()
            scale = np.abs(golden[name]).max()
            yield compare(f"{case}/{name}", found / scale, golden[name] / scale, SHARE)
        elif name.startswith("wav16k_from_"):
            found = resampled(sound(golden, f"wav32k_{name[-1]}_i16"), RATE, PROMPT_RATE).numpy()
            yield compare(f"{case}/{name}", found, golden[name], WAVEFORM)
