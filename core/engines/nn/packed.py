"""Linear layers for few rows at a time on the host, where reading the weights takes the time.

Weights are laid out once for the processor's kernels. Held in float16 they are half to read; sums
stay in float32, so weights that were float16 in the file lose nothing, and a row's result has the
same bits whatever rows go with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, relu_

from core.memory.trim import trim

TRIM_BYTES = 64 << 20
"""After so much was laid out anew, what was freed is handed to the system."""


ROWS_AT_LEAST = 4
"""Of what oneDNN is given: measured, four cost less than one."""


class Rectified(nn.Linear):
    """A linear layer followed by max(0, x)."""

    def forward(self, x: Tensor) -> Tensor:
        return relu_(linear(x, self.weight, self.bias))


class Packed(nn.Module):
    """What a linear layer became: f32 [..., K] to f32 [..., N]; its weights cannot be taken out.

    Args:
        run: The kernel with its weights.
        name: Which kernel, for a log.
        n_out: N.
        nbytes: Of the weights.
    """

    def __init__(
        self, run: Callable[[Tensor], Tensor], *, name: str, n_out: int, nbytes: int
    ) -> None:
        super().__init__()
        self.run, self.name, self.n_out, self.nbytes = run, name, n_out, nbytes

    def forward(self, x: Tensor) -> Tensor:
        return self.run(x)


def pack(model: nn.Module) -> None:
    """Give every linear layer of a model on the host its kernel, one after the other.

    Layers in float16 stay so in memory where the processor has a kernel for it, and become
    float32 where it has not; those in float32 stay.

    Args:
        model: Filled, on the host. What it takes and returns is in float32 from now on.
    """
    n_untrimmed = 0
    parents = [part for part in model.modules() if not isinstance(part, nn.Linear)]
    for parent in parents:
        for name in [name for name, _ in parent.named_children()]:
            child = parent.get_submodule(name)
            if isinstance(child, nn.Linear):
                n_bytes = child.weight.nbytes
                setattr(parent, name, packed(child))  # at the peak one layer exists twice
                del child
                n_untrimmed += n_bytes
                if n_untrimmed >= TRIM_BYTES:
                    # The layout takes other sizes than the layer had: without this, what was
                    # freed stays as holes, and BERT takes twice its size.
                    trim()
                    n_untrimmed = 0
    if n_untrimmed:
        trim()


def packed(layer: nn.Linear) -> nn.Module:
    """One layer for the host; itself, in float32, where there is no kernel for it."""
    if layer.weight.dtype == torch.float16:
        kernel = _in_half(layer)
        if kernel is not None:
            return kernel
    layer.float()
    return _in_single(layer) or layer


def _in_half(layer: nn.Linear) -> Packed | None:
    """FBGEMM: float16 in memory, float32 in the registers; on x86 with AVX2."""
    bias = None if layer.bias is None else layer.bias.float()
    try:
        weights = torch.ops.quantized.linear_prepack_fp16(layer.weight.float(), bias)
    except RuntimeError:
        return None  # built without it, or another kind of processor
    name = "linear_relu_dynamic_fp16" if isinstance(layer, Rectified) else "linear_dynamic_fp16"
    kernel: Any = getattr(torch.ops.quantized, name).default
    return Packed(
        lambda x: cast(Tensor, kernel(x, weights)),
        name="float16 weights, float32 sums",
        n_out=layer.out_features,
        nbytes=layer.weight.nbytes,
    )


def _in_single(layer: nn.Linear) -> Packed | None:
    """oneDNN: float32 in blocks that its kernels read in order."""
    bias, activation = layer.bias, "relu" if isinstance(layer, Rectified) else "none"
    try:
        weights = torch.ops.mkldnn._reorder_linear_weight(layer.weight)
        kernel: Any = torch.ops.mkldnn._linear_pointwise.default
    except (AttributeError, RuntimeError):
        return None  # built without it

    def run(x: Tensor) -> Tensor:
        # A row alone would get a kernel that adds up in another order, and a slower one.
        given = x.expand(ROWS_AT_LEAST, -1) if x.ndim == 2 and len(x) == 1 else x
        return cast(Tensor, kernel(given, weights, bias, activation, [], ""))[: len(x)]

    return Packed(
        run,
        name="float32 weights in blocks",
        n_out=layer.out_features,
        nbytes=layer.weight.nbytes,
    )
