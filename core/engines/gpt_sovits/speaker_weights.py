"""The published names of the speaker network's tensors, and how batch norms are folded away."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from core.engines.gpt_sovits.names import Names
from core.engines.gpt_sovits.speaker import Speaker, SpeakerDims
from core.engines.nn.checkpoint import Checkpoint, TensorSpec
from core.engines.nn.weights import Made, fill, on_meta

NOT_NEEDED = re.compile(
    r"seg_1\..*"  # from the mean to the vector that the network itself was trained for
    r"|.*\.num_batches_tracked"
)
NORM = ("weight", "running_var", "bias", "running_mean")
EPSILON = 1e-5
"""Added to a batch norm's variance: torch's default."""

NAMES = Names(
    (
        ("conv1", "stem"),
        ("layer3_ds", "deepen"),
        ("fuse34.local_att.0", "merge.squeeze"),
        ("fuse34.local_att.3", "merge.weigh"),
        *(
            (f"layer{place + 1}.#.{part}", f"stages.{place}.#.{ours}")
            for place in range(4)
            for part, ours in (
                ("conv1", "reduce"),
                ("convs.#", "branches.#"),
                ("conv3", "expand"),
                ("shortcut.0", "shortcut"),
                ("fuse_models.#.local_att.0", "merges.#.squeeze"),
                ("fuse_models.#.local_att.3", "merges.#.weigh"),
            )
        ),
    )
)
"""Of the convolutions."""


def load(
    checkpoint: Checkpoint, *, device: torch.device | str = "cpu", dims: SpeakerDims | None = None
) -> Speaker:
    """The network with the weights of a file, in single precision: it runs once for a voice.

    Args:
        checkpoint: Open.
        device: Where it will run.
        dims: The published network's without it.

    Raises:
        InputError: Tensors are missing, unknown or of another shape.
    """
    model = on_meta(lambda: Speaker(dims or SpeakerDims()))
    fill(
        model,
        checkpoint,
        dtype=torch.float32,
        device=device,
        rename=lambda name: None if NOT_NEEDED.fullmatch(name) else NAMES.ours(name),
        made=made(checkpoint.specs),
        told=NAMES.published,
    )
    return model


def made(specs: Mapping[str, TensorSpec]) -> dict[str, Made]:
    """Every convolution that a batch norm follows, by our names."""
    recipes = {}
    for name, spec in specs.items():
        stem, _, kind = name.rpartition(".")
        if kind != "weight" or len(spec.shape) != 4 or stem == "layer3_ds":
            continue
        norm = _norm_of(stem)
        recipes[NAMES.ours(name)] = Made((name, *(f"{norm}.{leaf}" for leaf in NORM[:2])), _weight)
        parts = tuple(f"{norm}.{leaf}" for leaf in NORM)
        if ".local_att." in stem:  # the only ones with a bias of their own
            parts += (f"{stem}.bias",)
        recipes[NAMES.ours(f"{stem}.bias")] = Made(parts, _bias)
    return recipes


def _norm_of(convolution: str) -> str:
    """The batch norm behind a convolution."""
    stem, _, place = convolution.rpartition(".")
    if stem.endswith(("shortcut", "local_att")):
        return f"{stem}.{int(place) + 1}"
    return convolution.replace("conv", "bn")


def _weight(convolution: Tensor, weight: Tensor, variance: Tensor) -> Tensor:
    return convolution.float() * _scale(weight, variance)[:, None, None, None]


def _bias(
    weight: Tensor, variance: Tensor, bias: Tensor, mean: Tensor, own: Tensor | None = None
) -> Tensor:
    shift = -mean.float() if own is None else own.float() - mean.float()
    return bias.float() + shift * _scale(weight, variance)


def _scale(weight: Tensor, variance: Tensor) -> Tensor:
    return weight.float() / (variance.float() + EPSILON).sqrt()
