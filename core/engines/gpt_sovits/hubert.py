"""HuBERT (Hsu et al. 2021): what was said in a recording, as features 50 times a second.

The network is that of `transformers`, without masks, dropped layers and weight norm. It hears the
plain waveform: the models were trained without the normalisation that its settings on disk ask for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from core.engines.nn.checkpoint import Checkpoint, TensorSpec
from core.engines.nn.dtype import DeviceTraits
from core.engines.nn.weights import Made, fill, on_meta

RATE = 16_000
"""Of the sound (Hz)."""
KERNELS = (10, 3, 3, 3, 3, 2, 2)
STRIDES = (5, 2, 2, 2, 2, 2, 2)
"""Of the convolutions that make frames of samples."""
HOP = 320
"""Samples between frames: the product of the strides."""
WINDOW = 400
"""Samples that one frame hears."""
NOT_NEEDED = re.compile(
    r"masked_spec_embed"  # stands for hidden frames in training
    r"|lm_head\..*|final_proj\..*|label_embs_concat"  # what it was trained to say
)

_POSITIONS = "encoder.pos_conv_embed.conv"
_SPELLINGS = (
    ("weight_g", "weight_v"),
    ("parametrizations.weight.original0", "parametrizations.weight.original1"),
)
"""Of a weight-normalised convolution: its length and its direction, in torch's old and new way."""


@dataclass(frozen=True, kw_only=True)
class HubertDims:
    """Sizes; of the published base network where not given.

    Args:
        n_channels: Of a frame.
        n_layers: Of the transformer.
        n_heads: Of its attention.
        n_inner: Of its feed-forward nets.
        n_filters: Of the convolutions that make frames.
        position_taps: Frames that the positional convolution hears.
        position_groups: Of its channels.
    """

    n_channels: int = 768
    n_layers: int = 12
    n_heads: int = 12
    n_inner: int = 3072
    n_filters: int = 512
    position_taps: int = 128
    position_groups: int = 16


def n_frames(n_samples: int) -> int:
    """Frames of so many samples; none of fewer than `WINDOW`."""
    return max(0, (n_samples - WINDOW) // HOP + 1)


class Hubert(nn.Module):
    """All layers; every call runs without gradients."""

    def __init__(self, dims: HubertDims) -> None:
        super().__init__()
        self.dims = dims
        self.net = _network(dims)

    @torch.inference_mode()
    def forward(self, sound: Tensor) -> Tensor:
        """Features of the last layer.

        Args:
            sound: f32 `[B, T]` at `RATE`, at least `WINDOW` samples.

        Returns:
            f32 `[B, n_channels, F]`, F as of `n_frames`.
        """
        if sound.shape[-1] < WINDOW:
            raise ValueError(f"HuBERT hears {WINDOW} samples at least, not {sound.shape[-1]}")
        weight = self.net.encoder.layer_norm.weight
        frames: Tensor = self.net(sound.to(weight)).last_hidden_state  # [B, F, n_channels]
        return frames.mT.float()


def load(
    checkpoint: Checkpoint,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    dims: HubertDims | None = None,
) -> Hubert:
    """The network with the weights of a file.

    Args:
        checkpoint: Open: `pytorch_model.bin` or `model.safetensors` of the published folder.
        device: Where it will run.
        dtype: As of `precision`.
        dims: Read off the file without it.

    Raises:
        InputError: Tensors are missing, unknown or of another shape.
    """
    model = on_meta(lambda: Hubert(dims or dims_of(checkpoint.specs)))
    fill(
        model,
        checkpoint,
        dtype=dtype,
        device=device,
        rename=lambda name: None if NOT_NEEDED.fullmatch(_bare(name)) else f"net.{_bare(name)}",
        made=_made(checkpoint.specs),
    )
    return model


def precision(_traits: DeviceTraits) -> str:
    """In what it runs on a device: always single precision.

    It runs once for a voice, and its features become whole numbers, which rounding would change;
    in float16 some recordings give NaN.
    """
    return "fp32"


def dims_of(specs: Mapping[str, TensorSpec]) -> HubertDims:
    """Sizes of the network in a file; the published ones where its tensors do not tell.

    A file as wide as the published network has to have all of its layers: it may be cut off.
    """
    shapes = {_bare(name): spec.shape for name, spec in specs.items()}
    base = HubertDims()
    n_channels = _size(shapes, "encoder.layer_norm.weight", 0, base.n_channels)
    layers = {name.split(".")[2] for name in shapes if re.match(r"encoder\.layers\.\d+\.", name)}
    inner = "encoder.layers.0.feed_forward.intermediate_dense.weight"
    positions = next(
        (
            shapes[f"{_POSITIONS}.{leaf}"]
            for _, leaf in _SPELLINGS
            if f"{_POSITIONS}.{leaf}" in shapes
        ),
        (),
    )
    is_base = n_channels == base.n_channels or len(positions) != 3 or not positions[1]
    if is_base:
        return base
    return HubertDims(
        n_channels=n_channels,
        n_layers=len(layers),
        n_heads=max(1, n_channels // 64),
        n_inner=_size(shapes, inner, 0, base.n_inner),
        n_filters=_size(shapes, "feature_projection.layer_norm.weight", 0, base.n_filters),
        position_taps=positions[2],
        position_groups=max(1, n_channels // positions[1]),
    )


def _size(shapes: Mapping[str, tuple[int, ...]], name: str, axis: int, otherwise: int) -> int:
    shape = shapes.get(name, ())
    return shape[axis] if len(shape) > axis and shape[axis] > 0 else otherwise


def _bare(name: str) -> str:
    """Without the prefix that files of a larger model have."""
    return name.removeprefix("hubert.")


def _made(specs: Mapping[str, TensorSpec]) -> dict[str, Made]:
    """The positional convolution, which is published as length and direction."""
    full = {_bare(name): name for name in specs}
    for pair in _SPELLINGS:
        parts = [full.get(f"{_POSITIONS}.{leaf}") for leaf in pair]
        if parts[0] is not None and parts[1] is not None:
            return {f"net.{_POSITIONS}.weight": Made((parts[0], parts[1]), _by_tap)}
    return {}


def _by_tap(length: Tensor, direction: Tensor) -> Tensor:
    """Weight norm over all but the taps: `[1, 1, taps]` and `[C, C / groups, taps]`."""
    direction = direction.float()
    norm = torch.linalg.vector_norm(direction, dim=(0, 1), keepdim=True)
    weight: Tensor = direction * (length.float() / norm)
    return weight


def _network(dims: HubertDims) -> Any:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # nothing is fetched behind anybody's back
    # Here, as it takes seconds, and engines of other families live without it.
    from transformers.models.hubert.configuration_hubert import HubertConfig  # noqa: PLC0415
    from transformers.models.hubert.modeling_hubert import HubertModel  # noqa: PLC0415

    net: Any = HubertModel(
        HubertConfig(
            hidden_size=dims.n_channels,
            num_hidden_layers=dims.n_layers,
            num_attention_heads=dims.n_heads,
            intermediate_size=dims.n_inner,
            conv_dim=(dims.n_filters,) * len(KERNELS),
            conv_kernel=KERNELS,
            conv_stride=STRIDES,
            num_conv_pos_embeddings=dims.position_taps,
            num_conv_pos_embedding_groups=dims.position_groups,
            apply_spec_augment=False,
            mask_time_prob=0.0,
            mask_feature_prob=0.0,
            layerdrop=0.0,
        )
    )
    net.encoder.pos_conv_embed.conv = nn.Conv1d(
        dims.n_channels,
        dims.n_channels,
        dims.position_taps,
        padding=dims.position_taps // 2,
        groups=dims.position_groups,
    )
    return net
