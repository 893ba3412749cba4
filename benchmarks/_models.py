"""Random weights that keep a signal alive: what models without a checkpoint are measured with.

The usual initialisations let a deep decoder's sound fade to nothing or saturate; then two ways of
decoding agree whatever they do, or differ by the chaos of the model rather than by their own.
"""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

M = TypeVar("M", bound=nn.Module)

RESIDUAL_GAIN = 0.3
"""Of the last convolution of a residual branch: its sum grows slowly over dozens of them."""
LEVEL_GAIN = 1.7
"""Of HiFi-GAN's upsampling: makes up for the means of stacks and for leaky ReLUs."""


def with_random_weights(model: M, seed: int = 11) -> M:
    """The same model, its weights drawn anew; sound comes out at 0.1 to 0.6 of full scale."""
    random = torch.Generator().manual_seed(seed)
    for name, weight in model.named_parameters():
        drawn = torch.randn(weight.shape, generator=random, dtype=torch.float64)
        weight.data = (drawn * _gain(name, weight) + _mean(name)).to(weight.dtype)
    return model.eval()


def _mean(name: str) -> float:
    """Snake's frequencies, by which it divides, and the scales of norms lie around one."""
    return 1.0 if name.endswith("alpha") or ("norm" in name and name.endswith("weight")) else 0.0


def _gain(name: str, weight: nn.Parameter) -> float:
    if weight.ndim == 1 or name.endswith("alpha"):
        return 0.02
    gain = float(weight[0].numel()) ** -0.5
    if name.startswith("ups"):
        return gain * LEVEL_GAIN
    ends_branch = "convs2" in name or ("res_unit" in name and "conv2" in name)
    return gain * (RESIDUAL_GAIN if ends_branch else 1.0)
