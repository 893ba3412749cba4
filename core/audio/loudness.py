"""How loud sound is (ITU-R BS.1770-4) and how to bring it to a target without breaking its peaks.

Everything works on a stream of blocks: memory does not grow with the length of the sound, apart
from eight bytes for every tenth of a second.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
import soxr
from numpy.typing import NDArray

from core.audio.samples import Samples

_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0
_STEP_S = 0.1  # gating blocks of 0.4 s overlap by three quarters
_STEPS_PER_BLOCK = 4
_OFFSET_DB = -0.691  # BS.1770, equation 2
_OVERSAMPLING = 4  # BS.1770, annex 2, for rates up to 48 kHz
_SETTLED_S = 0.2  # the slower filter (38 Hz) has died away below 1e-15 by then
_SILENT_DB = -120.0


class LoudnessMeter:
    """Integrated loudness of a mono stream.

    Args:
        rate: Sample rate (Hz).
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._filter = _KWeighting(rate)
        self._n = 0
        self._partial = 0.0
        self._steps: list[float] = []

    def feed(self, block: Samples) -> None:
        """
        Args:
            block: f32 [T], goes on where the last one ended.
        """
        # Long blocks in pieces: the filter works on a few times their size.
        for at in range(0, len(block), self._rate):
            self._add(self._filter.feed(block[at : at + self._rate]))

    def lufs(self) -> float | None:
        """Loudness of everything so far (LUFS); None when nothing is above the gate.

        Sound shorter than one gating block (0.4 s) is measured as a whole.
        """
        if self._n < _STEPS_PER_BLOCK * _STEP_S * self._rate:
            total = sum(self._steps) + self._partial
            loudness = _lufs(total / self._n) if self._n else None
            return loudness if loudness is None or loudness >= _ABSOLUTE_GATE_LUFS else None
        # The last block counts when more than half of its last step is there (as pyloudnorm does).
        rest_s = self._n / self._rate - _STEP_S * len(self._steps)
        steps = np.array([*self._steps, self._partial][: len(self._steps) + (rest_s > _STEP_S / 2)])
        sums = np.convolve(steps, np.ones(_STEPS_PER_BLOCK), mode="valid")
        powers = sums / (_STEPS_PER_BLOCK * _STEP_S * self._rate)
        kept = powers[powers >= _power(_ABSOLUTE_GATE_LUFS)]
        if not len(kept):
            return None
        kept = kept[kept > kept.mean() * 10 ** (_RELATIVE_GATE_LU / 10)]
        return _lufs(float(kept.mean()))

    def _add(self, weighted: NDArray[np.float64]) -> None:
        squares = np.square(weighted)
        at = 0
        while at < len(squares):
            # Edges from the count, not by adding: 0.1 s is no whole number of samples at 11025 Hz.
            edge = int(_STEP_S * self._rate * (len(self._steps) + 1))
            stop = min(len(squares), at + edge - self._n)
            self._partial += float(squares[at:stop].sum())
            self._n += stop - at
            at = stop
            if self._n == edge:
                self._steps.append(self._partial)
                self._partial = 0.0


class TruePeakMeter:
    """Highest point of the wave between the samples too (dBTP), by fourfold oversampling."""

    def __init__(self, rate: int) -> None:
        self._resampler = soxr.ResampleStream(rate, _OVERSAMPLING * rate, 1)
        self._peak = 0.0

    def feed(self, block: Samples) -> None:
        self._hear(self._resampler.resample_chunk(block))
        self._peak = max(self._peak, float(np.max(np.abs(block), initial=0.0)))

    def finish(self) -> float | None:
        """dBTP of everything; None when silent. Nothing can be fed afterwards."""
        self._hear(self._resampler.resample_chunk(np.zeros(0, np.float32), last=True))
        return 20 * math.log10(self._peak) if self._peak > 10 ** (_SILENT_DB / 20) else None

    def _hear(self, wave: Samples) -> None:
        self._peak = max(self._peak, float(np.max(np.abs(wave), initial=0.0)))


def integrated_lufs(samples: Samples, rate: int) -> float | None:
    """Loudness of a whole sound (LUFS); None when silent."""
    meter = LoudnessMeter(rate)
    meter.feed(samples)
    return meter.lufs()


def true_peak_db(samples: Samples, rate: int) -> float | None:
    """True peak of a whole sound (dBTP); None when silent."""
    meter = TruePeakMeter(rate)
    for at in range(0, len(samples), rate):
        meter.feed(samples[at : at + rate])
    return meter.finish()


def level(
    blocks: Iterable[Samples], rate: int, *, gain_db: float, ceiling_db: float
) -> Iterator[Samples]:
    """Make sound louder or softer; where its peaks would go over the ceiling, turn it down there.

    The gain falls and rises over 20 ms around such a peak (a limiter that looks ahead), so that
    nothing is clipped and nothing pumps. Gives back as many samples as it got, in blocks of
    other sizes.

    Args:
        blocks: f32 [T] each.
        rate: Sample rate (Hz).
        gain_db: Applied to everything.
        ceiling_db: True peak that is not exceeded (dBTP).
    """
    limiter = _Limiter(rate, 10 ** (ceiling_db / 20))
    gain = np.float32(10 ** (gain_db / 20))
    for block in blocks:
        for at in range(0, len(block), rate):
            out = limiter.feed(block[at : at + rate] * gain)
            if len(out):
                yield out
    out = limiter.finish()
    if len(out):
        yield out


class _Limiter:
    """Gain by cells of 1 ms: at most what each cell's true peak allows, smooth in between.

    The smallest gain within reach of a cell, then the mean over half that reach on both sides:
    a mean of values that are each small enough for the cell is small enough for it.
    """

    _CELL_S = 0.001
    _REACH = 20  # cells
    _MARGIN = 10 ** (-0.05 / 20)  # what a moving gain adds to peaks between the samples

    def __init__(self, rate: int, ceiling: float) -> None:
        self._cell = max(1, round(rate * self._CELL_S))
        self._ceiling = ceiling * self._MARGIN
        self._resampler = soxr.ResampleStream(rate, _OVERSAMPLING * rate, 1)
        self._wave = np.zeros(0, np.float32)  # oversampled, not yet in cells
        self._points = np.zeros(0, np.float32)  # the samples themselves, not yet in cells
        self._sound = np.zeros(0, np.float32)  # not yet given back
        self._allowed = np.ones(self._REACH + 1)  # of cells before the first of `_sound`, then its
        self._n_before = self._REACH + 1

    def feed(self, block: Samples) -> Samples:
        self._sound = np.concatenate([self._sound, block])
        self._measure(self._resampler.resample_chunk(block), block)
        return self._give(len(self._allowed) - self._n_before - self._REACH - 1)

    def finish(self) -> Samples:
        none = np.zeros(0, np.float32)
        self._measure(self._resampler.resample_chunk(none, last=True), none)
        self._measure(np.zeros(self._cell * _OVERSAMPLING, np.float32), np.zeros_like(self._wave))
        n_cells = math.ceil(len(self._sound) / self._cell)
        after = n_cells + self._n_before + self._REACH + 1 - len(self._allowed)
        self._allowed = np.concatenate([self._allowed, np.ones(max(0, after))])
        n_sound = len(self._sound)
        return self._give(n_cells)[:n_sound]

    def _measure(self, wave: Samples, points: Samples) -> None:
        self._wave = np.concatenate([self._wave, wave])
        self._points = np.concatenate([self._points, points])
        width = self._cell * _OVERSAMPLING
        n = min(len(self._wave) // width, len(self._points) // self._cell)
        peaks = np.abs(self._wave[: n * width]).reshape(n, width).max(axis=1, initial=0.0)
        # Oversampling loses what lies next to half the rate, and with it some samples' height.
        tops = np.abs(self._points[: n * self._cell]).reshape(n, self._cell)
        peaks = np.maximum(peaks, tops.max(axis=1, initial=0.0))
        self._wave = self._wave[n * width :]
        self._points = self._points[n * self._cell :]
        allowed = np.minimum(1.0, self._ceiling / np.maximum(peaks, 1e-9))
        self._allowed = np.concatenate([self._allowed, allowed])

    def _give(self, n_cells: int) -> Samples:
        """The next cells with their gain; what surrounds them is known by now."""
        n_cells = min(n_cells, math.ceil(len(self._sound) / self._cell))
        if n_cells <= 0:
            return np.zeros(0, np.float32)
        n = n_cells * self._cell
        sound = self._sound[:n]
        first = self._n_before
        around = self._allowed[first - self._REACH - 1 : first + n_cells + self._REACH + 1]
        if around.min() < 1.0:
            gain = self._smooth(around, n_cells)
            edges = np.arange(n_cells + 1) * self._cell
            sound = sound * np.interp(np.arange(len(sound)), edges, gain).astype(np.float32)
        self._sound = self._sound[n:]
        self._allowed = self._allowed[n_cells:]
        return sound

    def _smooth(self, allowed: NDArray[np.float64], n_cells: int) -> NDArray[np.float64]:
        """Gain at the n + 1 edges of n cells, from their allowed gains and `reach + 1` around."""
        half = self._REACH // 2
        windows = np.lib.stride_tricks.sliding_window_view
        # Edge k lies between the cells k - 1 and k; every edge that the mean at k takes in lies
        # within half a reach, and has seen all cells within half a reach and one of its own.
        lowest = windows(allowed, 2 * half + 2).min(axis=1)
        mean: NDArray[np.float64] = windows(lowest, 2 * half + 1).mean(axis=1)
        assert len(mean) == n_cells + 1
        return mean


class _KWeighting:
    """The two filters of BS.1770 on a stream, by overlapping transforms.

    Both filters have died away after 0.2 s, so multiplying spectra of pieces that overlap by
    that much is exact, and needs no recursion sample by sample.
    """

    def __init__(self, rate: int) -> None:
        self._n_tail = math.ceil(_SETTLED_S * rate)
        self._tail = np.zeros(self._n_tail)
        self._size = 1 << math.ceil(math.log2(self._n_tail + rate))
        self._response = _response(rate, self._size)

    def feed(self, block: Samples) -> NDArray[np.float64]:
        joined = np.concatenate([self._tail, block])
        self._tail = joined[-self._n_tail :]
        filtered = np.fft.irfft(np.fft.rfft(joined, self._size) * self._response, self._size)
        weighted: NDArray[np.float64] = filtered[self._n_tail : len(joined)]
        return weighted


def _response(rate: int, size: int) -> NDArray[np.complex128]:
    """K-weighting at the `size // 2 + 1` frequencies of a transform.

    A shelf of +4 dB above 1.5 kHz (the head) and a high pass at 38 Hz, as biquads of the
    cookbook by R. Bristow-Johnson: at 48 kHz within 0.05 dB of the standard's tables.
    """
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)

    def biquad(b: tuple[float, ...], a: tuple[float, ...]) -> NDArray[np.complex128]:
        response: NDArray[np.complex128] = (b[0] + b[1] * z + b[2] * z**2) / (
            a[0] + a[1] * z + a[2] * z**2
        )
        return response

    gain = 10 ** (4.0 / 40)
    w = 2 * math.pi * 1500.0 / rate
    alpha, cos = math.sin(w) / math.sqrt(2), math.cos(w)
    root = 2 * math.sqrt(gain) * alpha
    up, down = gain + 1, gain - 1
    shelf = biquad(
        (
            gain * (up + down * cos + root),
            -2 * gain * (down + up * cos),
            gain * (up + down * cos - root),
        ),
        (up - down * cos + root, 2 * (down - up * cos), up - down * cos - root),
    )
    w = 2 * math.pi * 38.0 / rate
    alpha, cos = math.sin(w), math.cos(w)
    high_pass = biquad(((1 + cos) / 2, -(1 + cos), (1 + cos) / 2), (1 + alpha, -2 * cos, 1 - alpha))
    return shelf * high_pass


def _lufs(power: float) -> float | None:
    return _OFFSET_DB + 10 * math.log10(power) if power > 0 else None


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET_DB) / 10))
