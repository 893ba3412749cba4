"""The published names of the semantic transformer's tensors, and what shapes tell; torch-free."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from core.engines.gpt_sovits.dims import N_HEADS, SemanticDims
from core.errors import InputError

PREFIX = "model."
"""Before every name in a published file."""

_OURS = {
    "bert_proj.weight": "bert_in.weight",
    "bert_proj.bias": "bert_in.bias",
    "ar_text_embedding.word_embeddings.weight": "phone_embedding.weight",
    "ar_text_position.alpha": "phone_places.scale",
    "ar_audio_embedding.word_embeddings.weight": "token_embedding.weight",
    "ar_audio_position.alpha": "token_places.scale",
    "ar_predict_layer.weight": "prediction.weight",
}
_OURS_IN_LAYER = {
    "self_attn.in_proj_weight": "attention.qkv.weight",
    "self_attn.in_proj_bias": "attention.qkv.bias",
    "self_attn.out_proj.weight": "attention.out.weight",
    "self_attn.out_proj.bias": "attention.out.bias",
    "linear1.weight": "widen.weight",
    "linear1.bias": "widen.bias",
    "linear2.weight": "narrow.weight",
    "linear2.bias": "narrow.bias",
    "norm1.weight": "attention_norm.weight",
    "norm1.bias": "attention_norm.bias",
    "norm2.weight": "norm.weight",
    "norm2.bias": "norm.bias",
}
_TOLD_BY = (
    "ar_text_embedding.word_embeddings.weight",
    "ar_audio_embedding.word_embeddings.weight",
    "bert_proj.weight",
    "h.layers.0.linear1.weight",
)


def our_name(published: str) -> str:
    """The model's name of a tensor; one that is not known stays, for `fill` to complain of."""
    name = published.removeprefix(PREFIX)
    if name == published:
        return published
    layer = re.fullmatch(r"h\.layers\.(\d+)\.(.+)", name)
    if layer is None:
        return _OURS.get(name, published)
    part = _OURS_IN_LAYER.get(layer[2])
    return f"layers.{layer[1]}.{part}" if part else published


def published_name(ours: str) -> str:
    """The other way round. Raises KeyError for a name that is none of the model's."""
    layer = re.fullmatch(r"layers\.(\d+)\.(.+)", ours)
    if layer is None:
        return PREFIX + {name: theirs for theirs, name in _OURS.items()}[ours]
    part = {name: theirs for theirs, name in _OURS_IN_LAYER.items()}[layer[2]]
    return f"{PREFIX}h.layers.{layer[1]}.{part}"


def semantic_dims(
    shapes: Mapping[str, Sequence[int]], *, n_heads: int = N_HEADS, name: str = "The file"
) -> SemanticDims:
    """Sizes by content, so that no version needs to be named.

    Args:
        shapes: Of the tensors, by their published names.
        n_heads: As the file's settings say (`config.model.head`).
        name: Of the file, for the sentence.

    Raises:
        InputError: These are not the tensors of a semantic transformer.
    """
    found = {}
    for part in _TOLD_BY:
        shape = shapes.get(PREFIX + part, ())
        if len(shape) != 2:
            raise InputError(
                f"{name} is no semantic model of GPT-SoVITS: it has no table “{PREFIX}{part}”.",
                "Semantic models are the files that end in .ckpt.",
            )
        found[part] = shape
    layers = [m[1] for key in shapes if (m := re.match(r"model\.h\.layers\.(\d+)\.", key))]
    n_phones, n_width = found["ar_text_embedding.word_embeddings.weight"]
    if n_heads < 1 or n_width % n_heads:
        raise InputError(f"{name} wants {n_width} channels divided into {n_heads} heads.")
    return SemanticDims(
        n_phones=n_phones,
        n_tokens=found["ar_audio_embedding.word_embeddings.weight"][0],
        n_bert=found["bert_proj.weight"][1],
        n_width=n_width,
        n_inner=found["h.layers.0.linear1.weight"][0],
        n_heads=n_heads,
        n_layers=1 + max(map(int, layers)),
    )
