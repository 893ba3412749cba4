"""A semantic model's checkpoint by the recipe, in any size."""

from __future__ import annotations

import torch
from torch import Tensor

from core.engines.gpt_sovits.dims import SemanticDims
from core.engines.gpt_sovits.semantic import SemanticModel
from core.engines.gpt_sovits.semantic_names import PREFIX, published_name
from core.engines.nn.checkpoint import TensorSpec
from core.engines.nn.weights import on_meta
from tests.parity import recipe
from tests.parity.recipe_checkpoint import RecipeCheckpoint


class _SemanticCheckpoint(RecipeCheckpoint):
    end_scale = 1.0
    dtype = torch.float32

    def tensor(self, name: str) -> Tensor:
        plain = name.removeprefix(PREFIX)
        values = recipe.tensor(plain, self.specs[name].shape, seed=self._seed, prefix=PREFIX)
        if plain == "ar_predict_layer.weight":
            values[-1] *= self.end_scale
        return torch.from_numpy(values).to(self.dtype)


def recipe_checkpoint(
    dims: SemanticDims,
    *,
    seed: int,
    end_scale: float = 1.0,
    dtype: torch.dtype = torch.float32,
) -> RecipeCheckpoint:
    """
    Args:
        dims: Sizes.
        seed: Of the recipe.
        end_scale: Of the row that predicts the end; 0: a row never ends by itself.
        dtype: What the file keeps its weights in; published ones float16.
    """
    model = on_meta(lambda: SemanticModel(dims))
    shapes = {published_name(name): tuple(t.shape) for name, t in model.state_dict().items()}
    checkpoint = _SemanticCheckpoint(shapes, seed=seed)
    checkpoint.end_scale, checkpoint.dtype = end_scale, dtype
    checkpoint.specs = {name: TensorSpec(shape, dtype) for name, shape in shapes.items()}
    checkpoint.extras = {"config": {"model": {"head": dims.n_heads}}}
    return checkpoint
