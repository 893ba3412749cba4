"""Writes tiny random models in the formats that the authors' programs write.

In half precision, settings in a class of theirs, two letters in place of a zip file's first.
"""

from __future__ import annotations

import json
import sys
import types
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from core.engines.gpt_sovits.dims import SemanticDims
from core.engines.gpt_sovits.semantic import SemanticModel
from core.engines.gpt_sovits.semantic_names import published_name
from core.engines.gpt_sovits.speaker import SpeakerDims
from core.engines.nn.weights import on_meta
from tests.parity.gpt_sovits import speaker_shapes
from tests.parity.gpt_sovits.synthesiser_shapes import OFFICIAL, TINY, shapes

SEMANTIC = SemanticDims(n_width=32, n_inner=64, n_heads=4, n_layers=2)
SPEAKER = SpeakerDims(n_channels=8, n_blocks=(1, 1, 1, 1))
SMALL = {"upsample_initial_channel": 32, "n_layers": 1, "filter_channels": 64}

Tensors = dict[str, torch.Tensor]


def made(names: Mapping[str, tuple[int, ...]], seed: int = 1) -> Tensors:
    """Half precision, small, the same for the same seed."""
    chance = torch.Generator().manual_seed(seed)
    return OrderedDict(
        (name, (torch.randn(shape, generator=chance) * 0.05).half())
        for name, shape in names.items()
    )


def semantic_tensors(dims: SemanticDims = SEMANTIC, seed: int = 1) -> Tensors:
    model = on_meta(lambda: SemanticModel(dims))
    return made({published_name(k): tuple(v.shape) for k, v in model.state_dict().items()}, seed)


def synthesiser_tensors(version: str, seed: int = 1, *, with_training: bool = False) -> Tensors:
    """Small, but for what tells the version: phones, and the decoder's width for the Pros."""
    names = dict(shapes(version, {**OFFICIAL[version], **TINY, **SMALL}))
    if "Pro" in version:
        names["sv_emb.weight"] = (1024, SPEAKER.n_embedding)
    if with_training:
        names["enc_q.pre.weight"] = (192, 1025, 1)
    return made(names, seed)


def speaker_tensors(dims: SpeakerDims = SPEAKER) -> Tensors:
    tensors = made(speaker_shapes.shapes(dims))
    for name in tensors:
        if name.endswith("running_var"):
            tensors[name] = tensors[name].abs() + 1
    return tensors


def write_semantic(path: Path, tensors: Tensors | None = None, **settings: Any) -> Path:
    """As the trainer's Lightning module leaves it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    model = {"head": SEMANTIC.n_heads, "phoneme_vocab_size": 732, "vocab_size": 1025} | settings
    config = {"model": model, "data": {"max_sec": 54}}
    weight = semantic_tensors() if tensors is None else tensors
    torch.save({"weight": weight, "config": config, "info": "GPT-e15"}, path)
    return path


def write_synthesiser(
    path: Path, tensors: Tensors | None = None, *, version: str = "v2", header: str = "PK"
) -> Path:
    """As the trainer saves it: settings as objects of its class, perhaps a header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    weight = synthesiser_tensors(version) if tensors is None else tensors
    module = types.ModuleType("utils")

    class HParams:
        def __init__(self, **values: Any) -> None:
            vars(self).update(values)

    HParams.__module__, HParams.__qualname__ = "utils", "HParams"
    module.HParams = HParams  # type: ignore[attr-defined]
    config = HParams(
        train=HParams(segment_size=20480, betas=[0.8, 0.99], fp16_run=True),
        data=HParams(sampling_rate=32000, hop_length=640, n_speakers=300),
        model=HParams(version=version, **{**OFFICIAL[version], **SMALL}),
    )
    with importable(module):
        torch.save({"weight": weight, "config": config, "info": "8epoch_120iteration"}, path)
    if header != "PK":
        with path.open("r+b") as file:
            file.write(header.encode())
    return path


def write_saved_again(path: Path) -> Path:
    """A synthesiser as programs leave it that load and save one: settings in a dict of theirs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    module = types.ModuleType("TTS_infer_pack.TTS")

    class DictToAttrRecursive(dict[str, Any]):
        pass

    DictToAttrRecursive.__module__ = module.__name__
    DictToAttrRecursive.__qualname__ = "DictToAttrRecursive"
    module.DictToAttrRecursive = DictToAttrRecursive  # type: ignore[attr-defined]
    config = DictToAttrRecursive(model=DictToAttrRecursive(version="v2"))
    vars(config)["model"] = config["model"]
    config["data"] = DictToAttrRecursive(hop_length=640)
    with importable(module):
        weight = synthesiser_tensors("v2")
        torch.save({"weight": weight, "config": config, "dtype": torch.float16}, path)
    return path


@contextmanager
def importable(module: types.ModuleType) -> Iterator[None]:
    """For as long as a file is written; nobody can import it when it is read."""
    names = [module.__name__, module.__name__.partition(".")[0]]
    before = {name: sys.modules.get(name) for name in names}
    sys.modules.update(dict.fromkeys(reversed(names), module))
    try:
        yield
    finally:
        for name, other in before.items():
            if other is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = other


def write_speaker(path: Path, tensors: Tensors | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(speaker_tensors() if tensors is None else tensors, path)
    return path


def write_network(folder: Path, kind: str, tensors: Tensors | None = None) -> Path:
    """A folder of the Hugging Face kind: `hubert` or `bert`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"model_type": kind}))
    torch.save(
        {"x.weight": torch.zeros(2).half()} if tensors is None else tensors,
        folder / "pytorch_model.bin",
    )
    if kind == "bert":
        (folder / "tokenizer.json").write_text("{}")
    return folder
