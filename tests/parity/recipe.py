"""Weights made from a name, a shape and a seed, so that large models need no file.

The recipe is that of the golden data: whoever repeats it gets the same tensors.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence

import numpy as np


def tensor(key: str, shape: Sequence[int], *, seed: int, prefix: str = "") -> np.ndarray:
    """One tensor, f32 (integers where the checkpoint holds them).

    Args:
        key: Name in the checkpoint, without the prefix.
        seed: Of the case.
        prefix: Of the model: `model.` (semantic), `sv.`, `hubert.`, `bert_mlm.`, or none.
    """
    full = prefix + key
    n_values = math.prod(shape)
    state = np.random.RandomState((zlib.crc32(full.encode()) + seed * 1000003) % 2**32)
    noise = state.standard_normal(n_values).astype(np.float32).reshape(tuple(shape))
    return _rule(key, full, tuple(shape), noise)


def _rule(key: str, full: str, shape: tuple[int, ...], noise: np.ndarray) -> np.ndarray:
    """The first rule that fits."""
    last = key.rpartition(".")[2]
    one = np.float32(1)
    if key.endswith("num_batches_tracked"):
        return np.zeros(shape, np.int64)
    if last == "inited":
        return np.ones(shape, np.float32)
    if last == "cluster_size":
        return np.full(shape, 10, np.float32)
    if last == "running_mean":
        return np.float32(0.1) * noise
    if last == "running_var":
        return one + np.float32(0.1) * np.abs(noise)
    if last == "gamma" or (last == "weight" and len(shape) == 1 and "prelu" not in key):
        return one + np.float32(0.1) * noise
    if "prelu" in key:
        return np.float32(0.25) + np.float32(0.05) * noise
    if last in ("alpha", "weight_g"):
        return one + np.float32(0.1) * noise
    if last in ("embed", "embed_avg"):
        return noise
    if "embedding" in full and last == "weight" and len(shape) == 2:
        return noise
    if last in ("emb_rel_k", "emb_rel_v"):
        return noise / np.float32(math.sqrt(shape[-1]))
    if len(shape) <= 1:
        return np.float32(0.02) * noise
    if key.endswith(("out_proj.weight", "linear2.weight")):
        noise = noise * np.float32(0.3)
    return noise / np.float32(math.sqrt(math.prod(shape[1:])))


def state_dict(
    shapes: Mapping[str, Sequence[int]], *, seed: int, prefix: str = ""
) -> dict[str, np.ndarray]:
    """All tensors of a model.

    Args:
        shapes: Name in the checkpoint (without prefix) -> shape.
    """
    return {key: tensor(key, shape, seed=seed, prefix=prefix) for key, shape in shapes.items()}
