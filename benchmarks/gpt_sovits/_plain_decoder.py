"""HiFi-GAN as it is usually run: a whole utterance in one call, weight norm computed each time."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu
from torch.nn.utils.parametrizations import weight_norm

from core.engines.nn.hifigan import LAST_SLOPE, SLOPE, HifiGan, HifiGanDims, ResidualStack


class Plain(HifiGan):
    """The same formulas with nothing done in place, nothing folded and nothing cut.

    Args:
        dims: Sizes.
        weights: Of our generator.
    """

    def __init__(self, dims: HifiGanDims, weights: Mapping[str, Tensor]) -> None:
        super().__init__(dims)
        self.load_state_dict(dict(weights))
        self.requires_grad_(False).eval()
        for up in self.ups:
            weight_norm(up)
        for stack in self.resblocks:
            for convolution in (*stack.convs1, *stack.convs2):
                weight_norm(convolution)

    @torch.inference_mode()
    def forward(self, latent: Tensor, condition: Tensor | None = None) -> Tensor:
        x = self.conv_pre(latent) + self.cond(condition)
        n_stacks = len(self.dims.residual_kernels)
        for level, up in enumerate(self.ups):
            x = up(leaky_relu(x, SLOPE))
            stacks = self.resblocks[level * n_stacks : (level + 1) * n_stacks]
            total = _stack(stacks[0], x)
            for stack in stacks[1:]:
                total = total + _stack(stack, x)
            x = total / n_stacks
        return torch.tanh(self.conv_post(leaky_relu(x, LAST_SLOPE)))


def _stack(stack: nn.Module, x: Tensor) -> Tensor:
    assert isinstance(stack, ResidualStack)
    for dilated, plain in zip(stack.convs1, stack.convs2, strict=True):
        y = plain(leaky_relu(dilated(leaky_relu(x, SLOPE)), SLOPE))
        x = y + x
    return x
