"""`hubert*.npz`: a recording, silence behind it, to HuBERT's last layer, with recipe weights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from core.engines.gpt_sovits.hubert import HubertDims, load
from tests.parity.gpt_sovits.ssl_shapes import hubert_shapes
from tests.parity.recipe_checkpoint import RecipeCheckpoint
from tests.parity.result import ACTIVATION, Result, compare


def run(folder: Path) -> Iterator[Result]:
    for path in sorted(folder.glob("hubert*.npz")):
        about = json.loads((folder / "ssl.json").read_text())
        config = about["hubert_config"]
        dims = HubertDims(
            n_channels=config["hidden_size"],
            n_layers=config["num_hidden_layers"],
            n_heads=config["num_attention_heads"],
            n_inner=config["intermediate_size"],
            n_filters=config["conv_dim"][0],
            position_taps=config["num_conv_pos_embeddings"],
            position_groups=config["num_conv_pos_embedding_groups"],
        )
        prefix, seed = about["prefixes"][0], int(about["weights_seed"])
        model = load(RecipeCheckpoint(hubert_shapes(dims), seed=seed, prefix=prefix), dims=dims)
        with np.load(path) as golden:
            features = model(torch.from_numpy(golden["wav16k"])).mT.numpy()
            wanted = golden["last_hidden_state"]
            yield compare(f"{path.stem}/last_hidden_state", features, wanted, ACTIVATION)
