"""Pieces of speech and the pauses between them, as one stream without clicks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from core.audio.samples import Samples

FADE_IN_S = 0.005
FADE_OUT_S = 0.010
_ZEROS_S = 1.0


def join(pieces: Iterable[tuple[Samples, float]], rate: int) -> Iterator[Samples]:
    """Pieces one after the other, each followed by its pause.

    Every piece loses its constant offset and gets short fades, so that it begins and ends at
    zero, where the silence of the pause is. The length is the sum of the lengths.

    Args:
        pieces: (f32 [T], pause after it (s)); asked for one at a time.
        rate: Sample rate of all of them (Hz).

    Yields:
        f32 [T] of a piece, and pauses in blocks of at most a second.
    """
    for samples, pause_s in pieces:
        if len(samples):
            yield faded(samples, rate)
        yield from silence(pause_s, rate)


def faded(samples: Samples, rate: int) -> Samples:
    """Without offset, rising from zero and falling back to it (raised cosine).

    Args:
        samples: f32 [T].
        rate: Hz.
    """
    if not len(samples):
        return samples
    sound = samples - np.float32(samples.mean())
    n_in = min(round(FADE_IN_S * rate), len(sound) // 2)
    n_out = min(round(FADE_OUT_S * rate), len(sound) - n_in)
    sound[:n_in] *= _rise(n_in)
    sound[len(sound) - n_out :] *= _rise(n_out)[::-1]
    return sound


def silence(seconds: float, rate: int) -> Iterator[Samples]:
    """Zeros for `seconds`, in blocks of at most a second."""
    left = n_pause(seconds, rate)
    while left > 0:
        n = min(left, round(_ZEROS_S * rate))
        yield np.zeros(n, np.float32)
        left -= n


def n_pause(seconds: float, rate: int) -> int:
    """Samples of a pause."""
    return max(0, round(seconds * rate))


def _rise(n: int) -> Samples:
    """0 to nearly 1: the first sample is zero, the one after the last would be one."""
    return (0.5 - 0.5 * np.cos(np.pi * np.arange(n) / max(1, n))).astype(np.float32)
