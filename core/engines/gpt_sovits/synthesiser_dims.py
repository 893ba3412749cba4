"""Sizes of the synthesiser, and how they are read off the tensors of a checkpoint.

Torch-free: shapes are tuples. Sizes come from the content, not from a version's name, so that
v1, v2, v2Pro, v2ProPlus and smaller ones are one code path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import InputError

RATE = 32_000
"""Of the sound (Hz)."""
HOP = 640
"""Samples of a frame: 20 ms."""
FRAMES_PER_CODE = 2
"""A semantic token lasts 40 ms, two frames."""
UPSAMPLING = (10, 8, 2, 2, 2)
"""Of the decoder's levels in all published versions; shapes do not tell it."""


@dataclass(frozen=True, kw_only=True)
class SynthesiserDims:
    """Sizes; the defaults are v2.

    Args:
        n_symbols: Phones of the text side: 322 in v1, 732 since v2.
        n_codes: Semantic tokens (rows of the codebook).
        n_features: Of a semantic feature and of a codebook row.
        n_hidden: Channels of the encoders and of a latent frame.
        n_heads: Of the encoders' self-attention.
        n_filter: Inner channels of the encoders' feed-forward parts.
        n_code_layers: Of the encoder of semantic tokens.
        n_text_layers: Of the encoder of phones.
        n_joint_layers: Of the encoder behind both.
        window: Positions on each side with a learnt relative part in self-attention.
        n_cross: Channels of the attention from tokens to phones, and of the style it adds.
        n_cross_heads: Its heads.
        n_bins: Lowest bins of the spectrogram that the style encoder reads.
        n_style: Channels of the style in flow and decoder.
        n_speaker: Of the speaker network's vector; 0 where none is used (v1, v2).
        n_couplings: Of the flow; even.
        n_flow_layers: Of each coupling.
        flow_taps: Of each of these layers.
        n_decoder: Channels after the decoder's first convolution.
        upsampling: Of the decoder's levels; their product is `HOP`.
        upsampling_taps: Of the decoder's levels.
    """

    n_symbols: int = 732
    n_codes: int = 1024
    n_features: int = 768
    n_hidden: int = 192
    n_heads: int = 2
    n_filter: int = 768
    n_code_layers: int = 3
    n_text_layers: int = 6
    n_joint_layers: int = 3
    window: int = 4
    n_cross: int = 512
    n_cross_heads: int = 4
    n_bins: int = 704
    n_style: int = 512
    n_speaker: int = 0
    n_couplings: int = 4
    n_flow_layers: int = 4
    flow_taps: int = 5
    n_decoder: int = 512
    upsampling: tuple[int, ...] = UPSAMPLING
    upsampling_taps: tuple[int, ...] = (16, 16, 8, 2, 2)


V1 = SynthesiserDims(n_symbols=322, n_bins=1025)
V2 = SynthesiserDims()
V2_PRO = SynthesiserDims(n_style=1024, n_speaker=20_480)
V2_PRO_PLUS = SynthesiserDims(
    n_style=1024, n_speaker=20_480, n_decoder=768, upsampling_taps=(20, 16, 8, 2, 2)
)


def dims_of(
    shapes: Mapping[str, Sequence[int]], upsampling: tuple[int, ...] = UPSAMPLING
) -> SynthesiserDims:
    """Read the sizes off a checkpoint's tensors.

    Args:
        shapes: By the published names.
        upsampling: As the file's settings have it, where they do.

    Raises:
        InputError: A tensor that tells a size is not there, or is of an odd shape.
    """
    n_symbols, n_hidden = _shape(shapes, "enc_p.text_embedding.weight", 2)
    n_codes, n_features = _shape(shapes, "quantizer.vq.layers.0._codebook.embed", 2)
    first = "enc_p.encoder_text"
    _, n_positions, n_head = _shape(shapes, f"{first}.attn_layers.0.emb_rel_k", 3)
    n_filter = _shape(shapes, f"{first}.ffn_layers.0.conv_1.weight", 3)[0]
    flow = "flow.flows.0.enc.in_layers"
    levels = range(_count(shapes, "dec.ups"))
    if len(levels) != len(upsampling):
        raise InputError(
            f"The decoder in this file has {len(levels)} levels, not {len(upsampling)}.", _HINT
        )
    return SynthesiserDims(
        n_symbols=n_symbols,
        n_codes=n_codes,
        n_features=n_features,
        n_hidden=n_hidden,
        n_heads=max(1, n_hidden // n_head),
        n_filter=n_filter,
        n_code_layers=_count(shapes, "enc_p.encoder_ssl.attn_layers"),
        n_text_layers=_count(shapes, "enc_p.encoder_text.attn_layers"),
        n_joint_layers=_count(shapes, "enc_p.encoder2.attn_layers"),
        window=n_positions // 2,
        n_cross=_shape(shapes, "enc_p.mrte.c_pre.weight", 3)[0],
        n_bins=_shape(shapes, "ref_enc.spectral.0.fc.weight", 2)[1],
        n_style=_shape(shapes, "ref_enc.fc.fc.weight", 2)[0],
        n_speaker=_shape(shapes, "sv_emb.weight", 2)[1] if "sv_emb.weight" in shapes else 0,
        n_flow_layers=_count(shapes, flow),
        flow_taps=_shape(shapes, f"{flow}.0.weight_v", 3)[2],
        n_decoder=_shape(shapes, "dec.conv_pre.weight", 3)[0],
        upsampling=upsampling,
        upsampling_taps=tuple(_shape(shapes, f"dec.ups.{i}.weight_v", 3)[2] for i in levels),
    )


def _shape(shapes: Mapping[str, Sequence[int]], name: str, n_dims: int) -> Sequence[int]:
    shape = shapes.get(name)
    if shape is None:
        raise InputError(f"This file is no synthesiser of GPT-SoVITS: it lacks “{name}”.", _HINT)
    if len(shape) != n_dims or 0 in shape:
        raise InputError(
            f"This file is no synthesiser of GPT-SoVITS: “{name}” is {list(shape)}.", _HINT
        )
    return shape


def _count(shapes: Mapping[str, Sequence[int]], stem: str) -> int:
    """How many numbered parts a list has."""
    pattern = re.compile(re.escape(stem) + r"\.(\d+)\.")
    return len({match[1] for name in shapes if (match := pattern.match(name))})


_HINT = "Choose the SoVITS file (.pth) of a voice of version v1, v2, v2Pro or v2ProPlus."
