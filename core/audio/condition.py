"""What is done to a stream of decoded sound: channels to one, offset away, an end to silence."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.audio.samples import Samples
from core.errors import InputError

MAX_S = 2 * 3600.0
# More digital silence than this in a row: nothing worth waiting for.
MAX_FIRST_SILENCE_S, MAX_SILENCE_S = 120.0, 300.0
SILENT = 5e-4  # -66 dBFS: below the noise of any microphone that somebody speaks into


class Mixer:
    """Channels to one: their mean, unless one of them alone is better.

    A microphone on one side, or two sides in opposite phase, would lose by a mean: then the
    loudest channel is taken. Films keep speech in the centre. Decided from the last seconds, so
    that of two people with a microphone on each side both are heard; a change fades over one
    block.
    """

    _MEMORY = 0.5  # per block

    def __init__(self, n_channels: int, centre: int | None) -> None:
        self._n = n_channels
        self._centre = centre
        self._energy = np.zeros(n_channels)  # lately
        self._total = np.zeros(n_channels)  # from the beginning
        self._mean_energy = 0.0
        self._weights: NDArray[np.float32] | None = None
        self._picks = np.zeros(n_channels + 1, np.int64)  # blocks of each alone, and of the mean

    def mix(self, block: NDArray[np.float32]) -> Samples:
        """f32 [channels, T] -> f32 [T]."""
        if self._n == 1:
            only: Samples = block[0]
            return only
        wide = np.clip(block, -1e6, 1e6)  # squares of larger ones would not fit
        energy = np.einsum("ct,ct->c", wide, wide, dtype=np.float64)
        self._total += energy
        self._energy = self._MEMORY * self._energy + energy
        mean = wide.mean(axis=0)
        self._mean_energy *= self._MEMORY
        self._mean_energy += float(np.dot(mean, mean))
        weights = self._choose()
        before = weights if self._weights is None else self._weights
        self._weights = weights
        mixed: Samples = weights @ wide
        if not np.array_equal(before, weights):
            rise = np.linspace(0.0, 1.0, block.shape[1], dtype=np.float32)
            mixed = rise * mixed + (1 - rise) * (before @ wide)
        return mixed

    def _choose(self) -> NDArray[np.float32]:
        loudest = int(np.argmax(self._energy))
        picked = None
        if self._centre is not None and self._total[self._centre] > 0.01 * self._total.max():
            picked = self._centre
        # Unrelated channels of equal level lose 3 dB in a mean of two (0.5); 0.35 is beyond
        # what ordinary stereo does.
        elif self._mean_energy < 0.35 * self._energy[loudest]:
            picked = loudest
        weights = np.full(self._n, 1.0 / self._n, np.float32)
        if picked is not None:
            weights[:] = 0.0
            weights[picked] = 1.0
        self._picks[self._n if picked is None else picked] += 1
        return weights

    def notes(self) -> list[str]:
        if self._n == 1:
            return []
        mostly = int(np.argmax(self._picks))
        if mostly == self._n or self._picks[mostly] < 0.9 * self._picks.sum():
            return [f"{self._n} channels were mixed into one."]
        return [f"Of {self._n} channels the one with the voice was taken ({mostly + 1})."]


class Offset:
    """Takes offset and rumble below about 10 Hz away: what a mean over 50 ms, twice, leaves over.

    Symmetric, so that nothing is shifted in phase and a file that begins at an offset does not
    begin with a thump. Gives back what lies 50 ms behind; `finish` gives the rest.
    """

    _MEAN_S = 0.05

    def __init__(self, rate: int) -> None:
        self._half = max(1, round(rate * self._MEAN_S / 2))
        self._sound: Samples | None = None  # with twice `half` on both sides of what comes next

    def feed(self, block: Samples) -> Samples:
        if self._sound is None:
            first = block[: 2 * self._half]
            self._sound = np.full(2 * self._half, first.mean() if len(first) else 0.0, np.float32)
        self._sound = np.concatenate([self._sound, block])
        n = len(self._sound) - 4 * self._half
        if n <= 0:
            return np.zeros(0, np.float32)
        mean = _running_mean(_running_mean(self._sound, self._half), self._half)
        out: Samples = self._sound[2 * self._half : 2 * self._half + n] - mean.astype(np.float32)
        self._sound = self._sound[n:]
        return out

    def finish(self) -> Samples:
        if self._sound is None:
            return np.zeros(0, np.float32)
        last = self._sound[-2 * self._half :]
        return self.feed(np.full(2 * self._half, last.mean(), np.float32))


def _running_mean(values: NDArray[Any], half: int) -> NDArray[np.float64]:
    """Mean of `2 x half + 1` values around each but the first and last `half`."""
    sums = np.zeros(len(values) + 1)
    np.cumsum(values, dtype=np.float64, out=sums[1:])
    width = 2 * half + 1
    mean: NDArray[np.float64] = (sums[width:] - sums[:-width]) / width
    return mean


class Limit:
    """Ends a stream that is too long, or silent for too long."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._n = 0
        self._n_silent = 0
        self._why = ""

    @property
    def reached(self) -> bool:
        return bool(self._why)

    def cut(self, block: Samples) -> Samples:
        """The part of `block` that may pass. Raises InputError for a file of silence."""
        room = round(MAX_S * self._rate) - self._n
        if len(block) >= room:
            block = block[:room]
            self._why = f"Only the first {MAX_S / 3600:.0f} hours were read."
        self._n += len(block)
        loud = bool(len(block)) and float(np.max(np.abs(block))) >= SILENT
        self._n_silent = 0 if loud else self._n_silent + len(block)
        at_s = (self._n - self._n_silent) / self._rate
        if at_s < 1.0 and self._n_silent > MAX_FIRST_SILENCE_S * self._rate:
            raise InputError(
                f"The first {MAX_FIRST_SILENCE_S / 60:.0f} minutes of this file are silent.",
                "Cut the silence off, or check that the right microphone was recording.",
            )
        if self._n_silent > MAX_SILENCE_S * self._rate:
            self._why = (
                f"After {at_s:.0f} s it is silent for {MAX_SILENCE_S / 60:.0f} minutes; "
                "the rest was left out."
            )
        return block

    def notes(self) -> list[str]:
        return [self._why] if self._why else []
