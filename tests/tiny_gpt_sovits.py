"""A models folder of GPT-SoVITS as people have it, with networks a thousand times smaller.

Files are of the official formats: an s1 from the trainer, an s2 with the class of its settings and
a header in place of a zip file's, folders of the Hugging Face kind. Weights are random, by the
recipe of the golden data, so it babbles.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.engines.gpt_sovits.bert import BertDims
from core.engines.gpt_sovits.dims import SemanticDims
from core.engines.gpt_sovits.hubert import HubertDims
from core.engines.gpt_sovits.semantic import SemanticModel
from core.engines.gpt_sovits.semantic_names import PREFIX, published_name
from core.engines.gpt_sovits.shelf import shelf
from core.engines.gpt_sovits.speaker import SpeakerDims
from core.engines.nn.weights import on_meta
from core.engines.protocol import Weights
from tests.core.engines.gpt_sovits.tiny_files import write_semantic, write_synthesiser
from tests.parity import recipe
from tests.parity.gpt_sovits.speaker_shapes import shapes as speaker_shapes
from tests.parity.gpt_sovits.ssl_shapes import bert_shapes, hubert_shapes
from tests.parity.gpt_sovits.synthesiser_shapes import OFFICIAL, shapes


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Of the networks of a folder.

    Args:
        words: Of RoBERTa's vocabulary.
        synthesiser: What its settings have instead of a version's own.
        narrower: Widths of the published synthesiser, and what becomes of them.
    """

    semantic: SemanticDims
    hubert: HubertDims
    bert: BertDims
    speaker: SpeakerDims
    words: tuple[str, ...]
    synthesiser: Mapping[str, Any] = field(default_factory=dict)
    narrower: Mapping[int, int] = field(default_factory=dict)


N_BERT = 64
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", *"今天气很好我们你，。")
TINY = Sizes(
    semantic=SemanticDims(n_width=32, n_inner=64, n_heads=4, n_layers=2, n_bert=N_BERT),
    hubert=HubertDims(
        n_channels=64,
        n_layers=1,
        n_heads=1,
        n_inner=64,
        n_filters=16,
        position_taps=16,
        position_groups=4,
    ),
    bert=BertDims(
        n_channels=N_BERT, n_layers=1, n_heads=1, n_inner=64, n_tokens=len(WORDS), n_positions=128
    ),
    speaker=SpeakerDims(n_channels=8, n_blocks=(1, 1, 1, 1)),
    words=WORDS,
    synthesiser={
        **OFFICIAL["v2"],
        "upsample_initial_channel": 32,
        "n_layers": 2,
        "filter_channels": 64,
    },
    narrower={768: 64, 192: 32, 96: 16, 384: 64, 1536: 256, 512: 64},
)
SEMANTIC, SPEAKER = TINY.semantic, TINY.speaker
SEED = 1
END_SCALE = 1.7


def make(
    folder: Path, version: str = "v2", *, has_bert: bool = True, sizes: Sizes = TINY
) -> Weights:
    """Write everything into a folder.

    Args:
        folder: Of models.
        version: `v2`, or `v2Pro`, whose speaker network is as small and loads only with `SPEAKER`.
        sizes: Of the networks.
        has_bert: Whether the network that reads Chinese is there.

    Returns:
        As the shelf finds it.
    """
    semantic = _tensors(_semantic_shapes(sizes.semantic), PREFIX)
    # Loud enough to be the likeliest now and then, so that most texts come to an end.
    semantic[f"{PREFIX}ar_predict_layer.weight"][sizes.semantic.end] *= END_SCALE
    write_semantic(folder / "GPT_weights" / "ann-e15.ckpt", semantic, head=sizes.semantic.n_heads)
    write_synthesiser(
        folder / "SoVITS_weights" / "ann_e8_s120.pth",
        _tensors(synthesiser_shapes(version, sizes)),
        version=version,
        header="01" if version == "v2" else "05",
    )
    _network(folder / "chinese-hubert-base", "hubert", hubert_shapes(sizes.hubert), "hubert.")
    if has_bert:
        named = {f"{name}": shape for name, shape in bert_shapes(sizes.bert).items()}
        home = _network(folder / "chinese-roberta-wwm-ext-large", "bert", named, "bert_mlm.")
        (home / "vocab.txt").write_text("\n".join(sizes.words), encoding="utf-8")
    if "Pro" in version:
        torch.save(_tensors(speaker_shapes(sizes.speaker), "sv."), folder / "sv.ckpt")
    found = shelf([folder])
    assert found.problems == (), found.problems
    return found.models[0]


def synthesiser_shapes(version: str, sizes: Sizes = TINY) -> dict[str, tuple[int, ...]]:
    """Names to shapes; the last axis is that of taps, if there are three, and stays."""
    found = {}
    for name, shape in shapes(version, {**OFFICIAL[version], **sizes.synthesiser}).items():
        found[name] = tuple(sizes.narrower.get(n, n) for n in shape)
        if name == "sv_emb.weight":
            found[name] = (found[name][0], sizes.speaker.n_embedding)
    return found


def _semantic_shapes(dims: SemanticDims) -> dict[str, tuple[int, ...]]:
    model = on_meta(lambda: SemanticModel(dims))
    return {published_name(name): tuple(t.shape) for name, t in model.state_dict().items()}


def _tensors(named: Mapping[str, tuple[int, ...]], prefix: str = "") -> dict[str, Tensor]:
    """By the recipe, in half precision like published files."""
    return {
        name: torch.from_numpy(
            recipe.tensor(name.removeprefix(prefix), shape, seed=SEED, prefix=prefix)
        ).half()
        for name, shape in named.items()
    }


def _network(home: Path, kind: str, named: Mapping[str, tuple[int, ...]], prefix: str) -> Path:
    home.mkdir(parents=True)
    (home / "config.json").write_text(json.dumps({"model_type": kind}))
    tensors = {name: tensor.clone() for name, tensor in _tensors(named, prefix).items()}
    torch.save(tensors, home / "pytorch_model.bin")
    return home
