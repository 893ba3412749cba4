"""The tensors of the published HuBERT and RoBERTa, by name, written down from their sizes."""

from __future__ import annotations

from collections.abc import Iterator

from core.engines.gpt_sovits.bert import UNUSED_LAYERS, BertDims
from core.engines.gpt_sovits.hubert import KERNELS, HubertDims

Shape = tuple[int, ...]


def hubert_shapes(dims: HubertDims | None = None) -> dict[str, Shape]:
    """Names to shapes; of the published sizes without `dims`."""
    dims = dims or HubertDims()
    n, n_filters = dims.n_channels, dims.n_filters
    conv = "feature_extractor.conv_layers"
    found: dict[str, Shape] = {"masked_spec_embed": (n,)}
    for place, taps in enumerate(KERNELS):
        found[f"{conv}.{place}.conv.weight"] = (n_filters, n_filters if place else 1, taps)
    found.update(_pair(f"{conv}.0.layer_norm", n_filters))
    found.update(_pair("feature_projection.layer_norm", n_filters))
    found.update(_pair("feature_projection.projection", n, n_filters))
    position = "encoder.pos_conv_embed.conv"
    found[f"{position}.bias"] = (n,)
    found[f"{position}.weight_g"] = (1, 1, dims.position_taps)
    found[f"{position}.weight_v"] = (n, n // dims.position_groups, dims.position_taps)
    found.update(_pair("encoder.layer_norm", n))
    for layer in (f"encoder.layers.{i}" for i in range(dims.n_layers)):
        for name in ("k_proj", "v_proj", "q_proj", "out_proj"):
            found.update(_pair(f"{layer}.attention.{name}", n, n))
        found.update(_pair(f"{layer}.layer_norm", n))
        found.update(_pair(f"{layer}.feed_forward.intermediate_dense", dims.n_inner, n))
        found.update(_pair(f"{layer}.feed_forward.output_dense", n, dims.n_inner))
        found.update(_pair(f"{layer}.final_layer_norm", n))
    return found


def bert_shapes(dims: BertDims | None = None) -> dict[str, Shape]:
    """Names to shapes, with the layers and the head that are not used."""
    dims = dims or BertDims()
    n = dims.n_channels
    table = "bert.embeddings"
    found: dict[str, Shape] = {
        f"{table}.word_embeddings.weight": (dims.n_tokens, n),
        f"{table}.position_embeddings.weight": (dims.n_positions, n),
        f"{table}.token_type_embeddings.weight": (2, n),
        **dict(_pair(f"{table}.LayerNorm", n)),
    }
    for layer in (f"bert.encoder.layer.{i}" for i in range(dims.n_layers + UNUSED_LAYERS)):
        for name in ("self.query", "self.key", "self.value", "output.dense"):
            found.update(_pair(f"{layer}.attention.{name}", n, n))
        found.update(_pair(f"{layer}.attention.output.LayerNorm", n))
        found.update(_pair(f"{layer}.intermediate.dense", dims.n_inner, n))
        found.update(_pair(f"{layer}.output.dense", n, dims.n_inner))
        found.update(_pair(f"{layer}.output.LayerNorm", n))
    found["cls.predictions.bias"] = (dims.n_tokens,)
    found.update(_pair("cls.predictions.transform.dense", n, n))
    found.update(_pair("cls.predictions.transform.LayerNorm", n))
    found.update(_pair("cls.predictions.decoder", dims.n_tokens, n))
    return found


def _pair(name: str, *sizes: int) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", sizes
    yield f"{name}.bias", sizes[:1]
