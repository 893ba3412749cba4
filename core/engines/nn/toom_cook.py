"""Convolution along time with half to a third of the products: Toom and Cook's way, after Winograd.

Outputs in a row of a filter are the coefficients of a product of polynomials read backwards, and
such a product is known from its values at as many points as it has coefficients: six outputs of
seven taps take twelve products instead of forty-two. Longer filters are blocks of six taps that
share what is made of the input. Here the "products" are matrices (channels to channels), so
evaluating and interpolating, which mix a few values each, cost little beside them. Derivation:
Winograd, "Arithmetic complexity of computations" (1980); Lavin and Gray, "Fast algorithms for
convolutional neural networks" (2015). In float32 the result's error grows with the
channels: at 384 it is 2e-6 of its size for three taps and 1.5e-5 for eleven, where a plain
convolution's is 3e-7.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

SIZE = 6
"""Outputs at a time, and taps of each of several blocks; with more, rounding grows faster."""
LONGEST = 7
"""Taps that one block can have."""
POINTS = (0.0, 1.0, -1.0, 2 / 5, -2 / 5, 5 / 2, -5 / 2, 3 / 4, -3 / 4, 5 / 4, -5 / 4)
"""Where the polynomials are evaluated, beside infinity; as many as are needed, from the first on.
Of the pairs of simple fractions that were tried those with the least rounding."""
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
        self.n_before = (taps - 1) // 2
        keeps = taps % 2 == 1 and plain.padding == (self.dilation * self.n_before,)
        if plain.stride != (1,) or not keeps or plain.groups != 1:
            raise ValueError(f"only a plain convolution that keeps the length, not {plain}")
        self.n_channels = plain.out_channels
        n_taps = taps if taps <= LONGEST else SIZE
        self.n_blocks, self.n_points = -(-taps // n_taps), SIZE + n_taps - 1
        evaluate, weigh, interpolate = (torch.from_numpy(one) for one in matrices(SIZE, n_taps))
        with torch.no_grad():
            weight = pad(plain.weight.double(), (0, self.n_blocks * n_taps - taps))
            blocks = weight.view(*weight.shape[:2], self.n_blocks, n_taps)
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
        n_each = -(-n_steps // self.dilation)
        # Tiles overlap: each is read with the steps of the next that its outputs need. Those of all
        # sequences lie in one row, with room between them; what is made of that, nobody reads.
        n_tiles = -(-n_each // SIZE) + self.n_blocks - 1 + (self.n_points > SIZE)
        n_all = n_rows * self.dilation * n_tiles
        steps = x.new_empty(n_all * SIZE + self.n_points, n_in)
        steps[n_all * SIZE :].zero_()
        dealt = steps[: n_all * SIZE].view(n_rows, self.dilation, n_tiles * SIZE, n_in)
        self._deal(x.squeeze(2).mT, slope, dealt)
        tiles = steps.as_strided((n_all, self.n_points, n_in), (SIZE * n_in, n_in, 1))
        values = torch.matmul(self.evaluate, tiles).view(1, 1, n_all, -1).permute(0, 3, 1, 2)
        # A block's taps are a tile apart. A single block has nothing to be apart: that it is called
        # dilated lets torch take oneDNN's kernel, which it does not for a single place.
        apart = 1 if self.n_blocks > 1 else 2
        made = conv2d(values, self.products, self.added, dilation=(1, apart), groups=self.n_points)
        made = made.permute(0, 2, 3, 1).reshape(-1, self.n_points, self.n_channels)
        y = torch.matmul(self.interpolate, made)
        n_out, n_apart = self.n_channels, n_tiles * SIZE * self.n_channels
        y = y.as_strided(
            (n_rows, n_each, self.dilation, n_out), (self.dilation * n_apart, n_out, n_apart, 1)
        )
        return y.reshape(n_rows, 1, -1, n_out)[:, :, :n_steps].permute(0, 3, 1, 2)

    def _deal(self, x: Tensor, slope: float, dealt: Tensor) -> None:
        """Rectified, with zeros before and after: the steps of each sequence.

        Args:
            x: `[B, T, in]`
            slope: As of `forward`.
            dealt: `[B, dilation, at least T / dilation + taps, in]`, filled.
        """
        n_rows, n_steps, n_in = x.shape
        n_whole, n_rest = divmod(n_steps, self.dilation)
        first, last = self.n_before, self.n_before + n_whole
        dealt[:, :, :first].zero_()
        dealt[:, :, last:].zero_()
        turns = x[:, : n_steps - n_rest].view(n_rows, n_whole, self.dilation, n_in)
        rectify = torch.ops.aten.leaky_relu.out
        rectify(turns.transpose(1, 2), slope, out=dealt[:, :, first:last])
        if n_rest:
            rest = x[:, n_steps - n_rest :].unsqueeze(2)
            rectify(rest, slope, out=dealt[:, :n_rest, last : last + 1])


def matrices(
    n_outputs: int, n_taps: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """What is made of the input, of the taps and of the products.

    With `P = n_outputs + n_taps - 1` inputs `x` and the taps `w`, the outputs
    `sum_t w[t] x[i + t]` are `interpolate @ ((weigh @ w) * (evaluate @ x))`.

    Returns:
        `evaluate` [P, P], `weigh` [P, n_taps], `interpolate` [n_outputs, P].
    """
    n_points = n_outputs + n_taps - 1
    points = np.array(POINTS[: n_points - 1])

    def powers(count: int) -> npt.NDArray[np.float64]:
        """Of each point, and of infinity, where the highest alone counts: [P, count]."""
        return np.vstack([points[:, None] ** np.arange(count), np.eye(1, count, count - 1)])

    evaluate = np.linalg.inv(powers(n_points)).T
    return np.ascontiguousarray(evaluate), powers(n_taps), np.ascontiguousarray(powers(n_outputs).T)
