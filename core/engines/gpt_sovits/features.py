"""What the models hear of a recording: levels, sampling rates, the spectrogram of the style.

The formulas are those the models were trained with (torchaudio's resampler, a plain STFT); nothing
here learns or loads.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import soxr
import torch
from torch import Tensor
from torch.nn.functional import conv1d, pad

from core.audio.samples import Audio, Samples
from core.engines.gpt_sovits.synthesiser_dims import HOP, RATE
from core.errors import InputError

N_FFT = 2048
"""Window and transform of the spectrogram (samples at `RATE`)."""
N_BINS = N_FFT // 2 + 1

PROMPT_RATE = 16_000
"""Of the sound that HuBERT and the speaker network hear (Hz)."""
PROMPT_MIN_S, PROMPT_MAX_S = 3.0, 10.0
"""Lengths of the semantic prompt that the models were trained for."""
PROMPT_SILENCE = 9600
"""Zeros after the prompt. Meant as 0.3 s (at 32 kHz), they are 0.6 s at `PROMPT_RATE`, and that is
what the models have always been used with."""
STYLE_MAX_S = 60.0
"""Longest reference of the style: twice what anybody needs, and a bound on memory."""
LEVEL_MAX = 2.0
"""A recording above full scale is brought back to it, but divided by this at most."""

FILTER_WIDTH = 6
"""Zero crossings of the resampler's sinc on each side."""
ROLLOFF = 0.99
"""Its edge, as a share of the lower rate's half."""


def style_sound(audio: Audio) -> Tensor:
    """The sound that style and speaker are read from: `RATE`, brought back to full scale.

    Args:
        audio: Of any rate, up to `STYLE_MAX_S`.

    Returns:
        f32 `[1, T]`

    Raises:
        InputError: It is longer, or shorter than one window of the spectrogram.
    """
    if audio.seconds > STYLE_MAX_S:
        raise InputError(
            f"The reference lasts {audio.seconds:.0f} s; at most {STYLE_MAX_S:.0f} s are listened "
            "to.",
            "Choose its best ten seconds.",
        )
    sound = resampled(torch.from_numpy(np.ascontiguousarray(audio.samples))[None], audio.rate, RATE)
    if sound.shape[-1] < N_FFT:
        raise InputError(
            f"The reference lasts {audio.seconds:.2f} s, too little to hear a voice in.",
            f"Choose {PROMPT_MIN_S:.0f} to {PROMPT_MAX_S:.0f} seconds of speech.",
        )
    peak = float(sound.abs().max())
    return sound / min(LEVEL_MAX, peak) if peak > 1 else sound


def prompt_sound(audio: Audio) -> Samples:
    """The sound that the semantic prompt is read from: `PROMPT_RATE`, followed by silence.

    Args:
        audio: Of any rate, `PROMPT_MIN_S` to `PROMPT_MAX_S`.

    Returns:
        f32 `[T + PROMPT_SILENCE]`

    Raises:
        InputError: It is longer or shorter.
    """
    samples = audio.samples
    if audio.rate != PROMPT_RATE:
        samples = soxr.resample(samples, audio.rate, PROMPT_RATE, "HQ")
    low, high = int(PROMPT_MIN_S * PROMPT_RATE), int(PROMPT_MAX_S * PROMPT_RATE)
    if not low <= len(samples) <= high:
        raise InputError(
            f"The reference lasts {len(samples) / PROMPT_RATE:.2f} s; a voice is taken from "
            f"{PROMPT_MIN_S:.0f} to {PROMPT_MAX_S:.0f} s.",
            "Trim it to its best part.",
        )
    return np.concatenate((samples, np.zeros(PROMPT_SILENCE, np.float32))).astype(np.float32)


def spectrogram(sound: Tensor) -> Tensor:
    """Magnitudes of a sound at `RATE`.

    Args:
        sound: f32 `[B, T]`, at least `N_FFT` samples.

    Returns:
        f32 `[B, N_BINS, T // HOP]`
    """
    margin = (N_FFT - HOP) // 2
    padded = pad(sound.unsqueeze(1), (margin, margin), mode="reflect").squeeze(1)
    window = torch.hann_window(N_FFT, device=sound.device)
    parts = torch.stft(padded, N_FFT, HOP, window=window, center=False, return_complex=True)
    # The small number is part of what the style encoder was trained on.
    return torch.view_as_real(parts).square().sum(-1).add_(1e-8).sqrt_()


def resampled(sound: Tensor, rate: int, wanted: int) -> Tensor:
    """Resample with a windowed sinc (Smith, "Digital audio resampling"), as torchaudio does.

    Args:
        sound: f32 `[B, T]` at `rate`.
        rate: Hz.
        wanted: Hz.

    Returns:
        f32 `[B, ceil(T * wanted / rate)]`
    """
    if rate == wanted:
        return sound
    shared = math.gcd(rate, wanted)
    old, new = rate // shared, wanted // shared
    filters, margin = _filters(old, new)
    padded = pad(sound.unsqueeze(1), (margin, margin + old))
    phases = conv1d(padded, filters.to(sound), stride=old)  # [B, new, T / old]
    return phases.mT.reshape(len(sound), -1)[:, : math.ceil(new * sound.shape[-1] / old)]


@lru_cache(maxsize=8)
def _filters(old: int, new: int) -> tuple[Tensor, int]:
    """f32 `[new, 1, taps]`, one filter for each phase of the output, and the samples they reach."""
    base = min(old, new) * ROLLOFF
    margin = math.ceil(FILTER_WIDTH * old / base)
    taps = torch.arange(-margin, margin + old, dtype=torch.float64) / old
    phases = -torch.arange(new, dtype=torch.float64)[:, None] / new
    t = ((phases + taps) * base).clamp(-FILTER_WIDTH, FILTER_WIDTH)
    # torch.sinc is the normalised one, sin(pi t) / (pi t).
    shape = torch.cos(torch.pi * t / FILTER_WIDTH / 2).square() * torch.sinc(t) * (base / old)
    return shape.float().unsqueeze(1), margin
