"""Convolution along time with half to a third of the products: Toom and Cook's way, after Winograd.

Four outputs in a row of a filter of four taps are the coefficients of a product of polynomials read
backwards, and such a product is known from its values at seven points: seven products instead of
sixteen. Longer filters are blocks of four taps that share what is made of the input, or of six,
which take eleven products in place of thirty-six. Here the "products" are matrices (channels to
channels), so evaluating and interpolating, which mix a few values each, cost little beside them.
Derivation: Winograd, "Arithmetic complexity of computations" (1980); Lavin and Gray, "Fast
algorithms for convolutional neural networks" (2015). In float32 the result's error is 1e-6 of its
size in fours and 7e-6 in sixes, where a plain convolution's is 2e-7.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

SIZES = (4, 6)
"""Outputs at a time, and taps of a block: with more, rounding grows faster than speed."""
POINTS = (0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 1.5, -1.5, 2 / 3)
"""Where the polynomials are evaluated, beside infinity; near 1, as their powers are summed."""
ONE = POINTS.index(1.0)
"""Its value is the sum of all outputs' coefficients, so what is added there is added to each."""


class ToomCook(nn.Module):
    """A convolution that keeps the length, in place of `nn.Conv1d`.

    Args:
        plain: Odd taps, stride 1, its padding `dilation * (taps - 1) / 2`.
    """

    evaluate: Tensor
    products: Tensor
    added: Tensor
    interpolate: Tensor

    def __init__(self, plain: nn.Conv1d) -> None:
        super().__init__()
        (taps,), (self.dilation,) = plain.kernel_size, plain.dilation
        self.padding = self.dilation * (taps - 1) // 2
        if plain.stride != (1,) or plain.padding != (self.padding,) or plain.groups != 1:
            raise ValueError(f"only a plain convolution that keeps the length, not {plain}")
        self.n_channels = plain.out_channels
        self.size = min(SIZES, key=lambda size: -(-taps // size) * (2 * size - 1) / size)
        self.n_blocks, self.n_points = -(-taps // self.size), 2 * self.size - 1
        evaluate, weigh, interpolate = (torch.from_numpy(one) for one in matrices(self.size))
        with torch.no_grad():
            weight = pad(plain.weight.double(), (0, self.n_blocks * self.size - taps))
            blocks = weight.view(*weight.shape[:2], self.n_blocks, self.size)
            products = torch.einsum("pt,oibt->poib", weigh, blocks).flatten(0, 1).unsqueeze(2)
            added = plain.weight.new_zeros(self.n_points, self.n_channels)
            if plain.bias is not None:
                added[ONE] = plain.bias
            # [points * out, in, 1, blocks], a group for each point
            products = products.to(plain.weight).contiguous(memory_format=torch.channels_last)
        self.register_buffer("products", products)
        self.register_buffer("added", added.flatten())
        self.register_buffer("evaluate", evaluate.to(plain.weight))
        self.register_buffer("interpolate", interpolate.to(plain.weight))

    def forward(self, x: Tensor, slope: float = 1.0) -> Tensor:
        """
        Args:
            x: `[B, in, T]` or `[B, in, 1, T]`, best with channels last; left as it was.
            slope: Of a leaky ReLU before: rectified on the way to the place where there is room
                for the padding, it costs nothing more.

        Returns:
            As many steps.
        """
        if x.ndim == 3:
            return self(x.unsqueeze(2), slope).squeeze(2)  # type: ignore[no-any-return]
        n_rows, n_in, _, n_steps = x.shape
        # Dilation makes `dilation` interleaved sequences, and a tile is `size` steps of each.
        tile = self.size * self.dilation
        n_tiles = -(-n_steps // tile)
        n_all = (n_tiles + self.n_blocks - 1) * tile + (self.n_points - self.size) * self.dilation
        steps = x.new_empty(n_rows, n_all, n_in)
        inside = steps.narrow(1, self.padding, n_steps)
        steps[:, : self.padding].zero_()
        steps[:, self.padding + n_steps :].zero_()
        torch.ops.aten.leaky_relu.out(x.permute(0, 2, 3, 1).flatten(1, 2), slope, out=inside)
        # Tiles overlap: each is read with the steps of the next that its outputs need.
        tiles = steps.as_strided(
            (n_rows, n_tiles + self.n_blocks - 1, self.dilation, self.n_points, n_in),
            (n_all * n_in, tile * n_in, n_in, self.dilation * n_in, 1),
        )
        values = torch.matmul(self.evaluate, tiles.flatten(0, 2))
        values = values.view(n_rows, 1, -1, self.n_points * n_in).permute(0, 3, 1, 2)
        # A block's taps are a tile apart, which is `dilation` places among the tiles' values.
        made = conv2d(
            values, self.products, self.added, dilation=(1, self.dilation), groups=self.n_points
        )
        made = made.permute(0, 2, 3, 1).reshape(-1, self.n_points, self.n_channels)
        y = torch.matmul(self.interpolate, made)
        y = y.view(n_rows, n_tiles, self.dilation, self.size, self.n_channels)
        y = y.transpose(2, 3).reshape(n_rows, 1, -1, self.n_channels)
        return y[:, :, :n_steps].permute(0, 3, 1, 2)


def matrices(
    n: int,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """For `n` outputs of `n` taps: what is made of the input, of the taps and of the products.

    With `2 * n - 1` inputs `x` and the taps `w`, the outputs `sum_t w[t] x[i + t]` are
    `interpolate @ ((weigh @ w) * (evaluate @ x))`.

    Returns:
        `evaluate` [2 n - 1, 2 n - 1], `weigh` [2 n - 1, n], `interpolate` [n, 2 n - 1].
    """
    points = np.array(POINTS[: 2 * n - 2])

    def powers(count: int) -> npt.NDArray[np.float64]:
        """Of each point, and of infinity, where the highest alone counts: [2 n - 1, count]."""
        return np.vstack([points[:, None] ** np.arange(count), np.eye(1, count, count - 1)])

    evaluate = np.linalg.inv(powers(2 * n - 1)).T
    return np.ascontiguousarray(evaluate), powers(n), np.ascontiguousarray(powers(n).T)
