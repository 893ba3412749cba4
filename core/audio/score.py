"""How good many stretches of a recording would be as a reference, in points, from running sums."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.audio.listen import HOP_S, Track
from core.audio.recording import ReferenceLimits
from core.audio.report import LEVELS_DOWN_DB, OVER_NOISE_DB, Masks
from core.audio.vad import CHUNK_S

# What a stretch gains or loses, in points. Ten decibels of cleanness are one point; the others
# are set against it: a clipped or telephone recording is worse than a noisy one.
_SNR_BEST_DB = 45.0
_MISSING_POINTS = 4.0  # no speech at all, against as much as is best
_LONG_POINTS = 1.0  # twice as long as best
_CLIPPED_POINTS = 2000.0  # per share: 0.1 % costs two
_CLIPPED_WORST = 5.0
_QUIET_DB, _QUIET_POINTS = -32.0, 0.1
_BAND_POINTS = 2.0  # per octave below 8 kHz
_SHARE_BEST, _SHARE_POINTS = 0.8, 6.0
# Quarters that sound different: two people, two rooms. Of one person the most different two are
# 3 to 7 dB apart (mean over bands), of two people in turns 7 to 11.
_CHANGE_DB, _CHANGE_POINTS = 7.0, 0.4
_N_PARTS = 4
_LEAST_SPEECH, _LEAST_NOISE = 25, 3  # chunks, for their mean spectrum to say something
_GROUP = 4  # chunks that are summed up together: an eighth of a second is fine enough
_MEDIAN_OF = 5000


class Scorer:
    """Points for many stretches at once, from running sums."""

    def __init__(self, track: Track, limits: ReferenceLimits) -> None:
        self._limits = limits
        self._rate = track.rate
        masks = Masks.of(track)
        power = np.maximum(track.power.astype(np.float64), 1e-12)
        self._speech = _running(masks.speech)
        self._speech_power = _running(np.where(masks.speech, power, 0.0))
        self._pause = _running(masks.pause)
        self._pause_db = _running(np.where(masks.pause, 10 * np.log10(power), 0.0))
        self._clipped = _running(track.clipped)
        self._talks = _Colour.of(track.bands, track.speech >= 0.5, _LEAST_SPEECH)
        self._rests = _Colour.of(track.bands, track.speech < 0.1, _LEAST_NOISE)

    def score(
        self, start_s: NDArray[np.float64], stop_s: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """f64 [K], f64 [K] (s) -> points f64 [K], seconds of speech f64 [K]."""
        first, last = _index(start_s, HOP_S), _index(stop_s, HOP_S)
        seconds = stop_s - start_s
        n_speech = _between(self._speech, first, last)
        speech_s = n_speech * HOP_S
        level = _between(self._speech_power, first, last) / np.maximum(1, n_speech)
        level_db = 10 * np.log10(np.maximum(level, 1e-12))
        n_pause = _between(self._pause, first, last)
        noise_db = _between(self._pause_db, first, last) / np.maximum(1, n_pause)
        # With hardly a pause the noise is unknown: neither praised nor blamed.
        snr = np.where(n_pause >= 8, np.clip(level_db - noise_db, 0, _SNR_BEST_DB), 20.0)
        clipped = _between(self._clipped, first, last) / np.maximum(1.0, speech_s * self._rate)
        enough_s = 0.8 * min(self._limits.best_s, self._limits.max_s)
        points = (
            snr / 10
            - _MISSING_POINTS * np.maximum(0, 1 - speech_s / enough_s)
            - _LONG_POINTS * np.maximum(0, seconds / self._limits.best_s - 1)
            - np.minimum(_CLIPPED_WORST, _CLIPPED_POINTS * clipped)
            - _QUIET_POINTS * np.maximum(0, _QUIET_DB - level_db)
            - _SHARE_POINTS * np.maximum(0, _SHARE_BEST - speech_s / seconds)
        )
        return points + self._colour(start_s, stop_s), speech_s

    def _colour(
        self, start_s: NDArray[np.float64], stop_s: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Points for the spectrum: wide, and steady."""
        whole = self._talks.mean(start_s, stop_s, self._talks.typical)
        noise = self._rests.mean(start_s, stop_s, self._rests.typical)
        step_s = (stop_s - start_s) / _N_PARTS
        parts = [
            self._talks.mean(start_s + n * step_s, start_s + (n + 1) * step_s, whole)
            for n in range(_N_PARTS)
        ]
        change = np.max(
            [
                np.sqrt(np.mean((one - other) ** 2, axis=1))
                for one, other in itertools.combinations(parts, 2)
            ],
            axis=0,
        )
        # The highest band that stands above the noise and is not far below the strongest.
        alive = whole > np.maximum(
            whole.max(axis=1, keepdims=True) - LEVELS_DOWN_DB, noise + OVER_NOISE_DB
        )
        alive[:, 0] = True
        n_bands = whole.shape[1]
        highest = n_bands - np.argmax(alive[:, ::-1], axis=1)
        result: NDArray[np.float64] = _BAND_POINTS * np.log2(
            highest / n_bands
        ) - _CHANGE_POINTS * np.maximum(0, change - _CHANGE_DB)
        return result


@dataclass(frozen=True, kw_only=True, eq=False)
class _Colour:
    """Mean spectra of any stretches, of those 32 ms that are meant (speech, or pauses).

    Args:
        n: f64 [G + 1]: how many were meant before each eighth of a second.
        bands: f64 [G + 1, 16]: sum of their bands (dB).
        n_least: So many make a mean.
        typical: f64 [16]: their median over the recording.
    """

    n: NDArray[np.float64]
    bands: NDArray[np.float64]
    n_least: int
    typical: NDArray[np.float64]

    @classmethod
    def of(cls, bands: NDArray[np.float32], meant: NDArray[np.bool_], n_least: int) -> _Colour:
        edges = np.arange(0, len(meant), _GROUP)
        n = np.add.reduceat(meant, edges, dtype=np.float64) if len(meant) else np.zeros(0)
        # Group by group, not all at once: hours of recording would need a copy of all bands.
        sums = np.zeros((len(edges), bands.shape[1]))
        for k in range(_GROUP):
            chosen = bands[k::_GROUP] * meant[k::_GROUP, None]
            sums[: len(chosen)] += chosen
        some = bands[meant][:: max(1, int(meant.sum()) // _MEDIAN_OF)]
        typical = np.median(some, axis=0) if len(some) else np.full(bands.shape[1], -100.0)
        return cls(
            n=_running(n),
            bands=_running(sums),
            n_least=n_least,
            typical=typical.astype(np.float64),
        )

    def mean(
        self,
        start_s: NDArray[np.float64],
        stop_s: NDArray[np.float64],
        otherwise: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """f64 [K, 16] (dB) of K stretches; `otherwise` where too few are in one."""
        step_s = _GROUP * CHUNK_S
        first, last = _index(start_s, step_s), _index(stop_s, step_s)
        n = _between(self.n, first, last)[:, None]
        mean: NDArray[np.float64] = _between(self.bands, first, last) / np.maximum(1, n)
        return np.where(n >= self.n_least, mean, otherwise)


def _index(at_s: NDArray[np.float64], step_s: float) -> NDArray[np.int64]:
    return np.round(at_s / step_s).astype(np.int64)


def _running(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """f64 [N + 1, ...]: sums of everything before."""
    sums = np.zeros((len(values) + 1, *values.shape[1:]))
    np.cumsum(values, axis=0, dtype=np.float64, out=sums[1:])
    return sums


def _between(
    sums: NDArray[np.float64], first: NDArray[np.int64], last: NDArray[np.int64]
) -> NDArray[np.float64]:
    end = len(sums) - 1
    result: NDArray[np.float64] = sums[np.minimum(last, end)] - sums[np.minimum(first, end)]
    return result
