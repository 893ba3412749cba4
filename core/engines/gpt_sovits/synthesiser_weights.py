"""The published names of the synthesiser's tensors: which is which of ours, computed or not needed.

Every name of a file is one of the three; anything else is an error that `fill` raises by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from core.engines.gpt_sovits.synthesiser import Synthesiser
from core.engines.gpt_sovits.synthesiser_dims import SynthesiserDims, dims_of
from core.engines.nn.checkpoint import Checkpoint
from core.engines.nn.hifigan import folded
from core.engines.nn.weights import Made, fill, on_meta

CODEBOOK = "quantizer.vq.layers.0._codebook"
NOT_NEEDED = re.compile(
    r"enc_q\..*"  # the posterior encoder: training hears the recording
    rf"|{re.escape(CODEBOOK)}\.(inited|cluster_size|embed_avg)"  # how the codebook was trained
)

_ENCODER = r"enc_p\.(encoder_ssl|encoder_text|encoder2)\."
_ENCODERS = {
    "encoder_ssl": "code_encoder",
    "encoder_text": "phone_encoder",
    "encoder2": "joint_encoder",
}
_NORM = {"gamma": "weight", "beta": "bias"}
_OURS: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"ssl_proj\.", "feature_in."),
    (rf"{re.escape(CODEBOOK)}\.embed$", "codebook"),
    (r"enc_p\.ssl_proj\.", "prior.code_in."),
    (r"enc_p\.text_embedding\.", "prior.phone_embedding."),
    (r"enc_p\.proj\.", "prior.out."),
    (r"enc_p\.mrte\.c_pre\.", "prior.mixer.code_in."),
    (r"enc_p\.mrte\.text_pre\.", "prior.mixer.text_in."),
    (r"enc_p\.mrte\.c_post\.", "prior.mixer.out."),
    (r"enc_p\.mrte\.cross_attention\.conv_q\.", "prior.mixer.query."),
    (r"enc_p\.mrte\.cross_attention\.conv_o\.", "prior.mixer.attention_out."),
    (_ENCODER + r"attn_layers\.(\d+)\.conv_o\.", lambda m: f"{_layer(m)}.attention.out."),
    (
        _ENCODER + r"attn_layers\.(\d+)\.emb_rel_k$",
        lambda m: f"{_layer(m)}.attention.relative_keys",
    ),
    (
        _ENCODER + r"attn_layers\.(\d+)\.emb_rel_v$",
        lambda m: f"{_layer(m)}.attention.relative_values",
    ),
    (
        _ENCODER + r"norm_layers_1\.(\d+)\.(gamma|beta)$",
        lambda m: f"{_layer(m)}.attention_norm.{_NORM[m[3]]}",
    ),
    (
        _ENCODER + r"norm_layers_2\.(\d+)\.(gamma|beta)$",
        lambda m: f"{_layer(m)}.filter_norm.{_NORM[m[3]]}",
    ),
    (_ENCODER + r"ffn_layers\.(\d+)\.conv_1\.", lambda m: f"{_layer(m)}.widen."),
    (_ENCODER + r"ffn_layers\.(\d+)\.conv_2\.", lambda m: f"{_layer(m)}.narrow."),
    (r"ref_enc\.spectral\.0\.fc\.", "voice.encoder.spectral.0."),
    (r"ref_enc\.spectral\.3\.fc\.", "voice.encoder.spectral.1."),
    (r"ref_enc\.temporal\.(\d+)\.conv1\.conv\.", r"voice.encoder.temporal.\1."),
    (r"ref_enc\.slf_attn\.fc\.", "voice.encoder.attention_out."),
    (r"ref_enc\.fc\.fc\.", "voice.encoder.out."),
    (r"sv_emb\.", "voice.speaker_in."),
    (r"prelu\.", "voice.slopes."),
    (r"ge_to512\.", "voice.text_out."),
    (r"dec\.", "decoder."),
    (r"flow\.flows\.(\d+)\.pre\.", lambda m: f"{_coupling(m)}.start."),
    (r"flow\.flows\.(\d+)\.post\.", lambda m: f"{_coupling(m)}.end."),
    (r"flow\.flows\.(\d+)\.enc\.cond_layer\.", lambda m: f"{_coupling(m)}.style."),
    (r"flow\.flows\.(\d+)\.enc\.in_layers\.", lambda m: f"{_coupling(m)}.gates."),
    (r"flow\.flows\.(\d+)\.enc\.res_skip_layers\.", lambda m: f"{_coupling(m)}.steps."),
)
"""From the beginning of a published name to that of ours."""


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
        rename=lambda name: None if NOT_NEEDED.fullmatch(name) else renamed(name),
        made=made(checkpoint.specs),
    )
    return model


def renamed(name: str) -> str:
    """Our name for a published one; itself where there is none, so that it is told."""
    for pattern, ours in _OURS:
        match = re.match(pattern, name)
        if match:
            return (ours(match) if callable(ours) else match.expand(ours)) + name[match.end() :]
    return name


def made(names: Iterable[str]) -> dict[str, Made]:
    """Our weights that are computed: weight norm folded, projections joined, channels turned."""
    needed = [name for name in names if not NOT_NEEDED.fullmatch(name)]
    recipes = {renamed(target): recipe for target, recipe in folded(needed).items()}
    for name in needed:
        match = re.fullmatch(r"(.*)\.(conv_k|w_ks)\.(weight|bias)", name)
        if match:
            ours, parts = _joined(match)
            recipes[ours] = Made(parts, lambda *parts: torch.cat(parts))
        match = re.fullmatch(r"flow\.flows\.(\d+)\.(pre|post)\.(weight|bias)", name)
        # The channels that a coupling reads and writes; those in between have no order to turn.
        if match and _is_turned(int(match[1])) and match.expand(r"\2.\3") != "pre.bias":
            axis = 1 if match[2] == "pre" else 0
            recipes[renamed(name)] = Made((name,), _turner(axis))
    return recipes


def _joined(match: re.Match[str]) -> tuple[str, tuple[str, ...]]:
    """One projection in place of the two or three that read the same."""
    stem, kind, leaf = match[1], match[2], match[3]
    parts: tuple[str, ...]
    if kind == "w_ks":
        parts = ("w_qs", "w_ks", "w_vs")
        ours = "voice.encoder.qkv"
    elif stem == "enc_p.mrte.cross_attention":
        parts = ("conv_k", "conv_v")
        ours = "prior.mixer.key_value"
    else:
        parts = ("conv_q", "conv_k", "conv_v")
        ours = renamed(f"{stem}.conv_o.").removesuffix(".out.") + ".qkv"
    return f"{ours}.{leaf}", tuple(f"{stem}.{part}.{leaf}" for part in parts)


def _turner(axis: int) -> Callable[[Tensor], Tensor]:
    return lambda weight: weight.flip(axis)


def _layer(match: re.Match[str]) -> str:
    return f"prior.{_ENCODERS[match[1]]}.layers.{match[2]}"


def _coupling(match: re.Match[str]) -> str:
    """Published couplings have even numbers in the order of training: 6, 4, 2, 0 are our 0 to 3."""
    number = int(match[1])
    return f"flow.couplings.{3 - number // 2}" if number in (0, 2, 4, 6) else f"flow.{number}"


def _is_turned(number: int) -> bool:
    """Whether a published coupling reads the channels from the last to the first: it comes after
    an odd number of turns."""
    return (3 - number // 2) % 2 == 0
