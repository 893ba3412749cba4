"""`bert*.npz`: tokens to what RoBERTa says before its last two layers, with recipe weights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from core.engines.gpt_sovits.bert import UNUSED_LAYERS, BertDims, load
from tests.parity.gpt_sovits.ssl_shapes import bert_shapes
from tests.parity.recipe_checkpoint import RecipeCheckpoint
from tests.parity.result import ACTIVATION, Result, compare

WORDS = "bert.embeddings.word_embeddings.weight"
TIED = "cls.predictions.decoder.weight"


class TiedRecipe(RecipeCheckpoint):
    """In the golden data the head's weight was written last into the tensor that it shares with
    the embeddings of words."""

    def tensor(self, name: str) -> torch.Tensor:
        return super().tensor(TIED if name == WORDS else name)


def run(folder: Path) -> Iterator[Result]:
    for path in sorted(folder.glob("bert*.npz")):
        about = json.loads((folder / "ssl.json").read_text())
        config = about["bert_config"]
        dims = BertDims(
            n_channels=config["hidden_size"],
            n_layers=config["num_hidden_layers"] - UNUSED_LAYERS,
            n_heads=config["num_attention_heads"],
            n_inner=config["intermediate_size"],
            n_tokens=config["vocab_size"],
            n_positions=config["max_position_embeddings"],
        )
        prefix, seed = about["prefixes"][1], int(about["weights_seed"])
        model = load(TiedRecipe(bert_shapes(dims), seed=seed, prefix=prefix), dims=dims)
        with np.load(path) as golden:
            features = model(torch.from_numpy(golden["input_ids"]))[0, 1:-1].numpy()
            yield compare(f"{path.stem}/feature", features, golden["feature"], ACTIVATION)
