"""Who speaks: ERes2NetV2 (Chen et al. 2024), a convolutional network over log mel energies.

Only up to its last map, whose mean over time is what GPT-SoVITS v2Pro uses. Being convolutional, it
runs in windows with context and gives the same as in one piece, in memory that a longer recording
does not raise. Batch norms are folded into the convolutions before them (`speaker_weights`).
Shapes are `[B, C, bins, frames]`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from core.engines.gpt_sovits.fbank import N_BINS
from core.engines.nn.chunked import share, windows
from core.engines.nn.receptive import ReceptiveField

CEILING = 20.0
"""Of the rectifiers within blocks."""
CHUNK_CELLS = 125
"""Kept of a window: 10 s, so that an ordinary reference is one window."""
EARLY_STAGES = 2
"""These have the largest maps and look at few frames: they run in short windows of their own."""
EARLY_FRAMES = 256
"""Kept of such a window."""


@dataclass(frozen=True, kw_only=True)
class SpeakerDims:
    """Sizes; the defaults are the published network's.

    Args:
        n_bins: Of the input, a multiple of 8.
        n_channels: After the first convolution; each stage doubles them.
        width: Channels of each branch for 64 of a stage.
        n_branches: Of a block.
        expansion: Of a block's output over its stage's channels.
        n_blocks: Of the stages.
    """

    n_bins: int = N_BINS
    n_channels: int = 64
    width: int = 24
    n_branches: int = 4
    expansion: int = 4
    n_blocks: tuple[int, int, int, int] = (3, 4, 6, 3)

    @property
    def n_last(self) -> int:
        """Channels of the last map."""
        return self.n_channels * 8 * self.expansion

    @property
    def n_embedding(self) -> int:
        """Numbers of the speaker vector."""
        return self.n_last * self.n_bins // FRAMES_PER_CELL

    @property
    def reach(self) -> int:
        """Frames on each side that one cell of the last map is made from."""
        return self.reach_of(len(self.n_blocks))

    def reach_of(self, n_stages: int) -> int:
        """The same of the map after so many stages."""
        at_stage = zip(self.n_blocks[:n_stages], STRIDES, strict=False)
        return 1 + self.n_branches * sum(n_blocks * stride for n_blocks, stride in at_stage)


STRIDES = (1, 2, 4, 8)
"""Frames (and bins) of the input to one of each stage."""
FRAMES_PER_CELL = STRIDES[-1]


class Speaker(nn.Module):
    """The network."""

    def __init__(self, dims: SpeakerDims) -> None:
        super().__init__()
        self.dims = dims
        n = dims.n_channels
        self.stem = nn.Conv2d(1, n, 3, padding=1)
        self.stages = nn.ModuleList()
        n_in = n
        for place, n_blocks in enumerate(dims.n_blocks):
            blocks = nn.Sequential()
            for i in range(n_blocks):
                stride = 2 if place and not i else 1
                blocks.append(Block(dims, n_in, n << place, stride, gated=place >= 2))
                n_in = (n << place) * dims.expansion
            self.stages.append(blocks)
        self.deepen = nn.Conv2d(n_in // 2, n_in, 3, stride=2, padding=1, bias=False)
        self.merge = Merge(n_in)

    def forward(self, energies: Tensor) -> Tensor:
        """
        Args:
            energies: f32 `[B, frames, n_bins]`, of `fbank`.

        Returns:
            `[B, n_last, n_bins / 8, ceil(frames / 8)]`
        """
        x = self._early(energies)
        for stage in self.stages[EARLY_STAGES:3]:
            x = stage(x)
        return self.merge(self.stages[3](x), self.deepen(x))  # type: ignore[no-any-return]

    def _early(self, energies: Tensor) -> Tensor:
        """The map after the early stages, from windows."""
        n_frames, stride = energies.shape[1], STRIDES[EARLY_STAGES - 1]
        context = -(-self.dims.reach_of(EARLY_STAGES) // stride)
        field = ReceptiveField(left=context, right=context, hop=1)
        n_cells = -(-n_frames // stride)
        whole: Tensor | None = None
        for window in windows(n_cells, share(n_cells, EARLY_FRAMES // stride, field), field):
            x = energies[:, window.start * stride : window.stop * stride].mT.unsqueeze(1)
            # As oneDNN wants it: otherwise it copies what a convolution takes and what it gives.
            x = self.stem(x).relu_().contiguous(memory_format=torch.channels_last)
            for stage in self.stages[:EARLY_STAGES]:
                x = stage(x)
            if whole is None:
                whole = torch.empty(
                    (*x.shape[:-1], n_cells),
                    dtype=x.dtype,
                    device=x.device,
                    memory_format=torch.channels_last,
                )
            first, last = window.keep_start - window.start, window.keep_stop - window.start
            whole[..., window.keep_start : window.keep_stop] = x[..., first:last]
        assert whole is not None
        return whole

    @torch.inference_mode()
    def embedding(self, energies: Tensor) -> Tensor:
        """The speaker's vector, whatever the length of the recording.

        Args:
            energies: f32 `[B, frames, n_bins]`, at least one frame.

        Returns:
            `[B, n_embedding]`
        """
        n_frames = energies.shape[1]
        n_cells = -(-n_frames // FRAMES_PER_CELL)
        context = -(-self.dims.reach // FRAMES_PER_CELL)
        field = ReceptiveField(left=context, right=context, hop=1)
        total = None
        for window in windows(n_cells, CHUNK_CELLS, field):
            start, stop = window.start * FRAMES_PER_CELL, window.stop * FRAMES_PER_CELL
            cells = self(energies[:, start:stop])
            first, last = window.keep_start - window.start, window.keep_stop - window.start
            part = cells[..., first:last].sum(-1)
            total = part if total is None else total + part
        assert total is not None
        return (total / n_cells).flatten(1)  # type: ignore[no-any-return]


class Block(nn.Module):
    """A residual block whose branches each look at the one before (Gao et al. 2019, Res2Net)."""

    def __init__(
        self, dims: SpeakerDims, n_in: int, n_stage: int, stride: int, *, gated: bool
    ) -> None:
        super().__init__()
        n_width, n_out = n_stage * dims.width // 64, n_stage * dims.expansion
        self.n_branches = dims.n_branches
        self.reduce = nn.Conv2d(n_in, n_width * dims.n_branches, 1, stride=stride)
        self.branches = nn.ModuleList(
            nn.Conv2d(n_width, n_width, 3, padding=1) for _ in range(dims.n_branches)
        )
        self.merges = nn.ModuleList(
            Merge(n_width) if gated else Sum() for _ in range(dims.n_branches - 1)
        )
        self.expand = nn.Conv2d(n_width * dims.n_branches, n_out, 1)
        is_same = stride == 1 and n_in == n_out
        self.shortcut = None if is_same else nn.Conv2d(n_in, n_out, 1, stride=stride)

    def forward(self, x: Tensor) -> Tensor:
        y = _rectified(self.reduce(x))
        groups = y.chunk(self.n_branches, dim=1)
        for place, branch in enumerate(self.branches):
            given = self.merges[place - 1](*groups[place - 1 : place + 1]) if place else groups[0]
            # Nothing needs what a branch was given once its result is there.
            groups[place].copy_(_rectified(branch(given)))
            del given
        y = self.expand(y)
        return _rectified(y.add_(x if self.shortcut is None else self.shortcut(x)))


class Sum(nn.Module):
    """How branches of the first stages are joined."""

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return left + right


class Merge(nn.Module):
    """Two maps weighed against each other at every point (attentional feature fusion)."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(2 * n_channels, n_channels // 4, 1)
        self.weigh = nn.Conv2d(n_channels // 4, n_channels, 1)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        squeezed = silu(self.squeeze(torch.cat((left, right), 1)), inplace=True)
        weight = self.weigh(squeezed).tanh_()
        # left * (1 + weight) + right * (1 - weight)
        return weight.mul_(left - right).add_(left).add_(right)  # type: ignore[no-any-return]


def _rectified(x: Tensor) -> Tensor:
    return x.clamp_(0.0, CEILING)
