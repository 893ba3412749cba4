"""A checkpoint that is nowhere: its tensors are made by the recipe when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from core.engines.nn.checkpoint import Checkpoint, TensorSpec
from tests.parity import recipe


class RecipeCheckpoint(Checkpoint):
    """Stands in for a published file.

    Args:
        shapes: By the published names, without the prefix.
        seed: Of the recipe.
        prefix: That the recipe puts before names.
    """

    def __init__(self, shapes: Mapping[str, Sequence[int]], *, seed: int, prefix: str = "") -> None:
        self.path = Path(f"recipe-{seed}.pth")
        self.extras: dict[str, object] = {}
        self.specs = {name: TensorSpec(tuple(s), torch.float32) for name, s in shapes.items()}
        self._seed, self._prefix = seed, prefix

    def tensor(self, name: str) -> torch.Tensor:
        values = recipe.tensor(name, self.specs[name].shape, seed=self._seed, prefix=self._prefix)
        return torch.from_numpy(np.ascontiguousarray(values))

    def release(self) -> None:
        pass

    def close(self) -> None:
        pass
