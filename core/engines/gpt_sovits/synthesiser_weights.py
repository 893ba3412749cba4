"""The published names of the synthesiser's tensors: which is which of ours, computed or not needed.

Every name of a file is one of the three; anything else is an error that `fill` raises by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import torch
from torch import Tensor

from core.engines.gpt_sovits.names import Names
from core.engines.gpt_sovits.synthesiser import Synthesiser
from core.engines.gpt_sovits.synthesiser_dims import SynthesiserDims, dims_of
from core.engines.nn.checkpoint import Checkpoint
from core.engines.nn.hifigan import folded
from core.engines.nn.weights import Made, fill, on_meta, weight_norm

CODEBOOK = "quantizer.vq.layers.0._codebook"
NOT_NEEDED = re.compile(
    r"enc_q\..*"  # the posterior encoder: training hears the recording
    rf"|{re.escape(CODEBOOK)}\.(inited|cluster_size|embed_avg)"  # how the codebook was trained
)

_ATTENTION, _STYLE = "enc_p.mrte.cross_attention", "ref_enc.slf_attn"
NAMES = Names(
    (
        ("ssl_proj", "feature_in"),
        (f"{CODEBOOK}.embed", "codebook"),
        ("enc_p.ssl_proj", "prior.code_in"),
        ("enc_p.text_embedding", "prior.phone_embedding"),
        ("enc_p.proj", "prior.out"),
        ("enc_p.mrte.c_pre", "prior.mixer.code_in"),
        ("enc_p.mrte.text_pre", "prior.mixer.text_in"),
        ("enc_p.mrte.c_post", "prior.mixer.out"),
        (f"{_ATTENTION}.conv_q", "prior.mixer.query"),
        (f"{_ATTENTION}.conv_k", "prior.mixer.key_value"),
        (f"{_ATTENTION}.conv_o", "prior.mixer.attention_out"),
        *(
            (f"enc_p.{theirs}.{part}", f"prior.{ours}.layers.{ours_part}")
            for theirs, ours in (
                ("encoder_ssl", "code_encoder"),
                ("encoder_text", "phone_encoder"),
                ("encoder2", "joint_encoder"),
            )
            for part, ours_part in (
                ("attn_layers.#.conv_k", "#.attention.qkv"),
                ("attn_layers.#.conv_o", "#.attention.out"),
                ("attn_layers.#.emb_rel_k", "#.attention.relative_keys"),
                ("attn_layers.#.emb_rel_v", "#.attention.relative_values"),
                ("norm_layers_1.#.gamma", "#.attention_norm.weight"),
                ("norm_layers_1.#.beta", "#.attention_norm.bias"),
                ("ffn_layers.#.conv_1", "#.widen"),
                ("ffn_layers.#.conv_2", "#.narrow"),
                ("norm_layers_2.#.gamma", "#.filter_norm.weight"),
                ("norm_layers_2.#.beta", "#.filter_norm.bias"),
            )
        ),
        ("ref_enc.spectral.0.fc", "voice.encoder.spectral.0"),
        ("ref_enc.spectral.3.fc", "voice.encoder.spectral.1"),
        ("ref_enc.temporal.#.conv1.conv", "voice.encoder.temporal.#"),
        (f"{_STYLE}.w_ks", "voice.encoder.qkv"),
        (f"{_STYLE}.fc", "voice.encoder.attention_out"),
        ("ref_enc.fc.fc", "voice.encoder.out"),
        ("sv_emb", "voice.speaker_in"),
        ("prelu", "voice.slopes"),
        ("ge_to512", "voice.text_out"),
        ("dec", "decoder"),
        *(
            (f"flow.flows.{number}.{part}", f"flow.couplings.{place}.{ours_part}")
            # Between them stood the turns; in synthesis the last comes first.
            for place, number in enumerate((6, 4, 2, 0))
            for part, ours_part in (
                ("pre", "start"),
                ("post", "end"),
                ("enc.cond_layer", "style"),
                ("enc.in_layers", "gates"),
                ("enc.res_skip_layers", "steps"),
            )
        ),
    )
)
TURNED = ("flow.flows.6", "flow.flows.2")
"""Couplings that read and write the channels from the last to the first: they come after an odd
number of turns."""
JOINED = {
    f"{_STYLE}.w_ks": tuple(f"{_STYLE}.{part}" for part in ("w_qs", "w_ks", "w_vs")),
    f"{_ATTENTION}.conv_k": (f"{_ATTENTION}.conv_k", f"{_ATTENTION}.conv_v"),
}
"""Projections of the same input, by the one that stands for them in `NAMES`."""


def load(
    checkpoint: Checkpoint,
    *,
    device: torch.device | str = "cpu",
    decoder_dtype: torch.dtype = torch.float32,
    dims: SynthesiserDims | None = None,
) -> Synthesiser:
    """A synthesiser with the weights of a file.

    Args:
        checkpoint: Open, its names without prefix.
        device: Where it will run.
        decoder_dtype: Of the decoder, nearly all of the work; the rest is small and stays exact.
        dims: Read off the tensors without it.

    Raises:
        InputError: Tensors are missing, unknown or of another shape.
    """
    if dims is None:
        dims = dims_of({name: spec.shape for name, spec in checkpoint.specs.items()})
    sizes = dims
    model = on_meta(lambda: Synthesiser(sizes))
    fill(
        model,
        checkpoint,
        dtype=lambda name: decoder_dtype if name.startswith("decoder.") else torch.float32,
        device=device,
        rename=lambda name: None if NOT_NEEDED.fullmatch(name) else NAMES.ours(name),
        made=made(checkpoint.specs),
        told=NAMES.published,
    )
    return model


def made(names: Iterable[str]) -> dict[str, Made]:
    """Our weights that are computed: weight norm folded, projections joined, channels turned."""
    needed = [name for name in names if not NOT_NEEDED.fullmatch(name)]
    recipes = folded(needed)
    for name in needed:
        stem, _, leaf = name.rpartition(".")
        if leaf in ("weight_g", "weight_v"):
            # Half of a pair too: so the other half is what is told to be missing.
            pair = (f"{stem}.weight_g", f"{stem}.weight_v")
            recipes[f"{stem}.weight"] = Made(pair, weight_norm)
        elif stem.endswith((".conv_k", ".w_ks")):
            parts = JOINED.get(stem, tuple(f"{stem[:-1]}{part}" for part in "qkv"))
            recipes[name] = Made(tuple(f"{part}.{leaf}" for part in parts), _joined)
        elif stem.startswith(TURNED) and stem.endswith(".post"):
            recipes[name] = Made((name,), lambda weight: weight.flip(0))
        elif stem.startswith(TURNED) and stem.endswith(".pre") and leaf == "weight":
            recipes[name] = Made((name,), lambda weight: weight.flip(1))
    return {NAMES.ours(name): recipe for name, recipe in recipes.items()}


def _joined(*parts: Tensor) -> Tensor:
    return torch.cat(parts)
