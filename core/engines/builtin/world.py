"""Speech as WORLD sees it: F0, spectral envelope and aperiodicity every 5 ms, and back to sound.

Knows the frame grid and the mel-cepstral scale that every part of this engine shares (24 kHz,
order 30, alpha 0.466: the scale of the statistical voices, so that those need no analysis).
Knows nothing of voices or of text.

Source: Morise et al., "WORLD: a vocoder-based high-quality speech synthesis system", 2016;
Tokuda et al., "Mel-generalized cepstral analysis", 1994.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyworld
import soxr
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

RATE = 24_000
FRAME_S = 0.005
FRAMES_PER_S = 200
HOP = RATE // FRAMES_PER_S
ORDER = 30
N_MCEP = ORDER + 1
ALPHA = 0.466
FFT_SIZE = 1024
N_BINS = FFT_SIZE // 2 + 1
N_BAP = 3
LOWEST_ENVELOPE_F0_HZ = 71.0
"""CheapTrick needs three periods inside `FFT_SIZE`; below this it would assume 500 Hz."""

QUIET_PERCENTILE = 5
"""The quietest frames of a recording, whose spectrum is its noise."""


@dataclass(frozen=True, kw_only=True, eq=False)
class WorldFrames:
    """
    Args:
        f0: f64 [T] (Hz); 0 where unvoiced.
        mcep: f64 [T, 31], mel-cepstrum of the log amplitude.
        bap: f64 [T, 3], aperiodicity at 3, 6 and 9 kHz (dB); 0 is noise.
    """

    f0: Array
    mcep: Array
    bap: Array

    @property
    def n_frames(self) -> int:
        return len(self.f0)


def analyse(
    samples: Array,
    *,
    f0_floor_hz: float = 55.0,
    f0_ceil_hz: float = 500.0,
    bandwidth_hz: float = RATE / 2,
    pitch_rate: int = RATE,
    fills_holes: bool = False,
) -> WorldFrames:
    """Harvest + StoneMask, CheapTrick, D4C.

    Args:
        samples: f64 [N] at 24 kHz.
        f0_floor_hz: Lowest F0 looked for (Hz).
        f0_ceil_hz: Highest F0 looked for (Hz).
        bandwidth_hz: Where the recording ends (Hz); above it the envelope is given the level just
            below it, because an empty band would ring through every mel-cepstral coefficient.
        pitch_rate: Rate at which Harvest listens (Hz). At 12 kHz it skips its own decimation and
            needs a third less time; voicing then differs in 3 % of the frames (measured on eSpeak).
        fills_holes: Whether bands that a coder left out are filled, see `fill_holes`.
    """
    samples = np.ascontiguousarray(samples, dtype=np.float64)
    heard = samples if pitch_rate == RATE else soxr.resample(samples, RATE, pitch_rate)
    rough, times = pyworld.harvest(
        heard, pitch_rate, f0_floor=f0_floor_hz, f0_ceil=f0_ceil_hz, frame_period=1000 * FRAME_S
    )
    f0 = pyworld.stonemask(samples, rough, times, RATE)
    window_f0 = np.where(f0 > 0, np.maximum(f0, LOWEST_ENVELOPE_F0_HZ), 0.0)
    envelope = pyworld.cheaptrick(samples, window_f0, times, RATE, fft_size=FFT_SIZE)
    aperiodicity = pyworld.d4c(samples, window_f0, times, RATE, fft_size=FFT_SIZE)
    bap = pyworld.code_aperiodicity(aperiodicity, RATE)
    edge = bin_of(bandwidth_hz)
    if edge < N_BINS - 1:
        shelf = np.log(envelope[:, bin_of(bandwidth_hz - 500) : edge]).mean(axis=1)
        envelope[:, edge:] = np.exp(shelf)[:, None]
    if fills_holes:
        envelope = fill_holes(envelope)
    return WorldFrames(f0=f0, mcep=sp_to_mcep(envelope), bap=bap)


def fill_holes(envelope: Array) -> Array:
    """Lift what lies below the noise of the recording.

    A coder such as MP3 leaves out bands that it takes for inaudible: inside speech they are then
    40 dB quieter than the recording's own pauses, at random, and would be learnt as timbre. A
    recording without such holes stays as it is.

    Args:
        envelope: f64 [T, 513], power.

    Returns:
        f64 [T, 513].
    """
    if len(envelope) == 0:
        return envelope
    power = envelope.mean(axis=1)
    quiet = power <= np.percentile(power, QUIET_PERCENTILE)
    noise = np.exp(np.log(np.maximum(envelope[quiet], 1e-30)).mean(axis=0))
    result: Array = np.maximum(envelope, noise)
    return result


def synthesise(f0: Array, mcep: Array, bap: Array) -> Array:
    """
    Args:
        f0: f64 [T] (Hz); 0 where unvoiced.
        mcep: f64 [T, 31].
        bap: f64 [T, 3] (dB, at most 0).

    Returns:
        f64 [N] at 24 kHz, N about T * 120; empty for no frames.
    """
    if len(f0) == 0:
        return np.zeros(0)
    aperiodicity = pyworld.decode_aperiodicity(
        np.ascontiguousarray(np.minimum(bap, 0.0)), RATE, FFT_SIZE
    )
    sound: Array = pyworld.synthesize(
        np.ascontiguousarray(f0), mcep_to_sp(mcep), aperiodicity, RATE, 1000 * FRAME_S
    )
    return sound


def sp_to_mcep(envelope: Array) -> Array:
    """Mel-cepstrum of a power envelope.

    The cosine coefficients of the log amplitude along the warped frequency axis, which is what
    the usual recursion (`freqt`) computes.

    Args:
        envelope: f64 [T, 513], power.

    Returns:
        f64 [T, 31].
    """
    log_amplitude = 0.5 * np.log(np.maximum(envelope, 1e-30))
    result: Array = log_amplitude @ analysis_matrix()
    return result


def mcep_to_sp(mcep: Array) -> Array:
    """Power envelope f64 [T, 513] of mel-cepstra f64 [T, 31]."""
    result: Array = np.exp(2.0 * (mcep @ cosines().T))
    return result


def mean_power(mcep: Array) -> Array:
    """Mean of the power envelope over frequency, f64 [T], of mel-cepstra f64 [T, 31]."""
    result: Array = mcep_to_sp(mcep).mean(axis=1)
    return result


def bin_of(frequency_hz: float) -> int:
    """Bin of the envelope that is nearest to a frequency."""
    return round(float(np.clip(frequency_hz / (RATE / 2), 0.0, 1.0)) * (N_BINS - 1))


def level_db(samples: Array, n_frames: int) -> Array:
    """Level around each frame (dB re full scale), f64 [n_frames], over 25 ms."""
    width = 5 * HOP
    power = np.concatenate([np.zeros(1), np.cumsum(np.pad(samples**2, (width // 2, width)))])
    starts = np.minimum(np.arange(n_frames) * HOP, len(power) - 1 - width)
    result: Array = 10 * np.log10((power[starts + width] - power[starts]) / width + 1e-10)
    return result


def speech_frames(level: Array, range_db: float) -> Mask:
    """Frames no more than `range_db` below the loudest ones (99th percentile), bool [T]."""
    if len(level) == 0:
        return np.zeros(0, dtype=np.bool_)
    result: Mask = level > np.percentile(level, 99) - range_db
    return result


@cache
def cosines() -> Array:
    """cos(m w~(k)), f64 [513, 31], w~ = the warped frequency of bin k."""
    result: Array = np.cos(np.outer(_warped_frequencies(), np.arange(N_MCEP)))
    return result


@cache
def analysis_matrix() -> Array:
    """Integral over the warped axis against each cosine (trapezium rule), f64 [513, 31]."""
    omega = np.linspace(0, np.pi, N_BINS)
    slope = (1 - ALPHA**2) / (1 + ALPHA**2 - 2 * ALPHA * np.cos(omega))
    step = np.full(N_BINS, np.pi / (N_BINS - 1))
    step[[0, -1]] /= 2
    weights = 2.0 / np.pi * (slope * step)[:, None] * cosines()
    weights[:, 0] /= 2
    result: Array = weights
    return result


def _warped_frequencies() -> Array:
    omega = np.linspace(0, np.pi, N_BINS)
    result: Array = omega + 2 * np.arctan2(ALPHA * np.sin(omega), 1 - ALPHA * np.cos(omega))
    return result
