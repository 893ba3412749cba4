"""The flow: latent frames as the prior draws them to those that the decoder was trained on.

Affine couplings without scale (Kim et al. 2021, section 2.2.2), in the direction of synthesis only.
Each reads one half of the channels and shifts the other. Upstream turns the channels around
before each coupling; here every second coupling reads the other half instead, with its weights
turned around when they are loaded (`synthesiser_weights`), so that nothing is moved.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.engines.gpt_sovits.synthesiser_dims import SynthesiserDims
from core.engines.nn.chunked import in_windows
from core.engines.nn.receptive import ReceptiveField

CHUNK_FRAMES = 512
"""Kept of a window; with its context about 10 s of sound, some megabytes."""


class Flow(nn.Module):
    """Couplings in the order in which they are applied."""

    def __init__(self, dims: SynthesiserDims) -> None:
        super().__init__()
        if dims.n_couplings % 2:
            raise ValueError("after an odd number of couplings the channels would be turned around")
        self.couplings = nn.ModuleList(Shift(dims) for _ in range(dims.n_couplings))
        self.n_half = dims.n_hidden // 2

    def forward(self, latent: Tensor, style: Tensor | None = None) -> Tensor:
        """
        Args:
            latent: `[B, n_hidden, T]`, as drawn.
            style: `[B, n_style, 1]`; only `receptive_field`, to which it does not matter, leaves it
                out.

        Returns:
            The same shape, for the decoder.
        """
        low, high = latent[:, : self.n_half], latent[:, self.n_half :]
        for place, shift in enumerate(self.couplings):
            if place % 2 == 0:
                low = low - shift(high, style)
            else:
                high = high - shift(low, style)
        return torch.cat((low, high), 1)

    def in_windows(self, latent: Tensor, style: Tensor, field: ReceptiveField) -> Tensor:
        """As `forward`, equal in every frame, in memory that does not grow but for the result."""
        return in_windows(lambda part: self(part, style), latent, CHUNK_FRAMES, field)


class Shift(nn.Module):
    """How far a half of the channels is shifted: gated convolutions over the other half (WaveNet,
    van den Oord et al. 2016, section 2.3)."""

    def __init__(self, dims: SynthesiserDims) -> None:
        super().__init__()
        n, taps = dims.n_hidden, dims.flow_taps
        last = dims.n_flow_layers - 1
        self.start = nn.Conv1d(n // 2, n, 1)
        self.style = nn.Conv1d(dims.n_style, 2 * n * dims.n_flow_layers, 1)
        self.gates = nn.ModuleList(
            nn.Conv1d(n, 2 * n, taps, padding=taps // 2) for _ in range(dims.n_flow_layers)
        )
        # All but the last layer give a step for the next one besides their share of the result.
        self.steps = nn.ModuleList(
            nn.Conv1d(n, n if place == last else 2 * n, 1) for place in range(dims.n_flow_layers)
        )
        self.end = nn.Conv1d(n, n // 2, 1)

    def forward(self, half: Tensor, style: Tensor | None) -> Tensor:
        """`[B, n_hidden / 2, T]` and `[B, n_style, 1]` to the first's shape."""
        x = self.start(half)  # [B, n, T]
        n = x.shape[1]
        shares: list[Tensor | None] = [None] * len(self.gates)
        if style is not None:
            shares = list(self.style(style).chunk(len(self.gates), dim=1))  # each [B, 2n, 1]
        total = None
        for gate, step, share in zip(self.gates, self.steps, shares, strict=True):
            y = gate(x) if share is None else gate(x) + share
            y = step(torch.tanh(y[:, :n]) * torch.sigmoid(y[:, n:]))
            if y.shape[1] > n:
                x, y = x + y[:, :n], y[:, n:]
            total = y if total is None else total + y
        return self.end(total)  # type: ignore[no-any-return]
