"""Log mel energies as Kaldi computes them, without dither: what the speaker network hears."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import pad

RATE = 16_000
"""Of the sound (Hz)."""
N_FRAME, N_HOP = 400, 160
"""25 ms every 10 ms (samples)."""
N_FFT = 512
N_BINS = 80
LOW_HZ = 20.0
PRE_EMPHASIS = 0.97
FLOOR = 1.1920928955078125e-07
"""Kaldi's: float32's step at 1."""


def fbank(sound: Tensor) -> Tensor:
    """
    Args:
        sound: f32 `[B, T]` at `RATE`, in [-1, 1], at least `N_FRAME` samples.

    Returns:
        f32 `[B, 1 + (T - N_FRAME) // N_HOP, N_BINS]`
    """
    window, weights = _tables()
    frames = sound.unfold(-1, N_FRAME, N_HOP)  # [B, F, N_FRAME]
    frames = frames - frames.mean(-1, keepdim=True)
    # The sample before a frame's first counts as equal to it.
    before = pad(frames, (1, 0), mode="replicate")[..., :-1]
    frames = (frames - PRE_EMPHASIS * before) * window.to(sound)
    power = torch.fft.rfft(frames, N_FFT).abs().square()  # [B, F, N_FFT / 2 + 1]
    energies: Tensor = power @ weights.to(sound)
    return energies.clamp_min_(FLOOR).log_()


@lru_cache(maxsize=1)
def _tables() -> tuple[Tensor, Tensor]:
    """Povey's window f32 `[N_FRAME]`; triangles over mel, f32 `[N_FFT / 2 + 1, N_BINS]`."""
    window = torch.hann_window(N_FRAME, periodic=False).pow(0.85)
    low, high = _mel(LOW_HZ), _mel(RATE / 2)
    edges = low + torch.arange(N_BINS + 2) * ((high - low) / (N_BINS + 1))
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    # In single precision: a bin at a triangle's foot is as much inside it as it was in training.
    bins = 1127.0 * (1.0 + torch.arange(N_FFT // 2) * (RATE / N_FFT) / 700.0).log()[:, None]
    rise, fall = (bins - left) / (centre - left), (right - bins) / (right - centre)
    triangles = torch.minimum(rise, fall).clamp_min(0)
    # The highest frequency is the last triangle's foot.
    return window, pad(triangles, (0, 0, 0, 1))


def _mel(hz: float) -> float:
    return 1127.0 * math.log(1.0 + hz / 700.0)
