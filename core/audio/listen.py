"""Hears a recording once, block by block, and keeps what choosing a stretch needs: a few numbers
per hundredth of a second instead of the sound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from core.audio.samples import Samples, Span
from core.audio.vad import CHUNK, CHUNK_S, RATE_HZ, Detector, Network

HOP = 160  # samples at 16 kHz
HOP_S = HOP / RATE_HZ
N_BANDS = 16
_FULL_SCALE = 0.99
_DIGITAL_SILENCE = 1e-4  # -80 dBFS
_FLAT_FROM = 0.4
_FLAT_STEP = 1.1 / 32768  # one step of 16 bit, and what rounding adds
_FEED_CHUNKS = 64  # about two seconds at once: fewer calls, still small
_ENTER, _LEAVE = 0.5, 0.35  # hysteresis as its authors use it
_SHORTEST_SPEECH_S = 0.1
_SHORTEST_PAUSE_S = 0.09


@dataclass(frozen=True, kw_only=True, eq=False)
class Track:
    """What was heard.

    Args:
        seconds: Length of the recording (s).
        power: f32 [N]: mean square in each 10 ms, at 16 kHz.
        clipped: i32 [N]: samples in each 10 ms that sit at full scale or on a flat top.
        rate: Sample rate that `clipped` was counted at (Hz).
        speech: f32 [M]: probability of speech in each 32 ms.
        bands: f32 [M, 16]: power (dB) in each 32 ms in equal bands up to 8 kHz.
    """

    seconds: float
    power: NDArray[np.float32]
    clipped: NDArray[np.int32]
    rate: int
    speech: NDArray[np.float32]
    bands: NDArray[np.float32]

    def spans(self) -> tuple[Span, ...]:
        """Where somebody speaks, in order; shorter pauses than 0.09 s are part of speech."""
        spans: list[Span] = []
        inside = False
        start = 0
        for at, probability in enumerate([*self.speech.tolist(), 0.0]):
            if inside and probability < _LEAVE:
                inside = False
                spans.append(Span(start_s=start * CHUNK_S, stop_s=at * CHUNK_S))
            elif not inside and probability >= _ENTER:
                inside, start = True, at
        joined: list[Span] = []
        for span in spans:
            if joined and span.start_s - joined[-1].stop_s < _SHORTEST_PAUSE_S:
                joined[-1] = Span(start_s=joined[-1].start_s, stop_s=span.stop_s)
            else:
                joined.append(span)
        end = self.seconds
        return tuple(
            Span(start_s=span.start_s, stop_s=min(span.stop_s, end))
            for span in joined
            if min(span.stop_s, end) - span.start_s >= _SHORTEST_SPEECH_S
        )


class Listener:
    """Collects a `Track` from a stream of mono blocks at any rate."""

    def __init__(self, rate: int, network: Network) -> None:
        self._rate = rate
        self._n = 0
        self._detector = Detector(network)
        self._resampler = (
            None if rate == RATE_HZ else soxr.ResampleStream(rate, RATE_HZ, 1, quality="MQ")
        )
        self._waiting: list[Samples] = []
        self._n_waiting = 0
        self._before = np.zeros(3, np.float32)
        self._power: list[NDArray[np.float32]] = []
        self._clipped: list[NDArray[np.int32]] = []
        self._speech: list[NDArray[np.float32]] = []
        self._bands: list[NDArray[np.float32]] = []
        self._window = np.hanning(CHUNK).astype(np.float32)
        self._carried = np.zeros(0, np.float32)

    def feed(self, block: Samples) -> None:
        """
        Args:
            block: f32 [T], goes on where the last one ended.
        """
        self._clipped.append(self._count_clipped(block))
        self._n += len(block)
        self._push(
            block if self._resampler is None else self._resampler.resample_chunk(block),
            _FEED_CHUNKS * CHUNK,
        )

    def finish(self) -> Track:
        if self._resampler is not None:
            self._push(self._resampler.resample_chunk(np.zeros(0, np.float32), last=True), CHUNK)
        self._push(np.zeros(-self._n_waiting % CHUNK, np.float32), CHUNK)
        seconds = self._n / self._rate
        n = int(np.ceil(seconds / HOP_S - 1e-9))
        power = np.zeros(n, np.float32)
        heard = np.concatenate([np.zeros(0, np.float32), *self._power])[:n]
        power[: len(heard)] = heard
        clipped = np.zeros(n, np.int32)
        at = np.concatenate([np.zeros(0, np.int32), *self._clipped])
        np.add.at(clipped, np.minimum(at, max(0, n - 1)), 1)
        return Track(
            seconds=seconds,
            power=power,
            clipped=clipped,
            rate=self._rate,
            speech=np.concatenate([np.zeros(0, np.float32), *self._speech]),
            bands=np.concatenate([np.zeros((0, N_BANDS), np.float32), *self._bands]),
        )

    def _push(self, samples: Samples, n_least: int) -> None:
        self._waiting.append(samples)
        self._n_waiting += len(samples)
        if self._n_waiting < n_least:
            return
        joined = np.concatenate(self._waiting)
        n = len(joined) // CHUNK * CHUNK
        self._waiting, self._n_waiting = [joined[n:]], len(joined) - n
        for at in range(0, n, _FEED_CHUNKS * CHUNK):
            self._hear(joined[at : min(n, at + _FEED_CHUNKS * CHUNK)])

    def _hear(self, samples: Samples) -> None:
        chunks = samples.reshape(-1, CHUNK)
        if np.max(np.abs(samples), initial=0.0) < _DIGITAL_SILENCE:
            # A file may hold hours of it: nobody needs a network to hear that.
            self._detector.reset()
            self._speech.append(np.zeros(len(chunks), np.float32))
        else:
            self._speech.append(self._detector.feed(samples))
        spectrum = np.abs(np.fft.rfft(chunks * self._window, axis=1)[:, 1:]) ** 2
        bands = spectrum.reshape(len(chunks), N_BANDS, -1).mean(axis=2)
        self._bands.append((10 * np.log10(bands + 1e-10)).astype(np.float32))
        # 512 is no multiple of 160: the powers of whole 10 ms wait for their last samples.
        joined = np.concatenate([self._carried, samples])
        n = len(joined) // HOP * HOP
        self._carried = joined[n:]
        self._power.append(np.mean(joined[:n].reshape(-1, HOP) ** 2, axis=1))

    def _count_clipped(self, block: Samples) -> NDArray[np.int32]:
        """The hundredth of a second of every sample that is clipped, i32 [any].

        Clipped: at full scale, or one of four equal samples in a row at a high level, which is
        what clipping leaves when somebody turned the sound down afterwards.
        """
        x = np.concatenate([self._before, block])
        high = np.abs(x)
        level = (np.abs(np.diff(x)) <= _FLAT_STEP) & (high[1:] >= _FLAT_FROM)
        flat = level[2:] & level[1:-1] & level[:-2]
        self._before = x[-3:].copy()
        at = np.flatnonzero(flat | (high[3:] >= _FULL_SCALE))
        return ((at + self._n) / (self._rate * HOP_S)).astype(np.int32)


def listen(samples: Samples, rate: int, network: Network) -> Track:
    """The `Track` of a sound that is in memory."""
    listener = Listener(rate, network)
    for at in range(0, len(samples), rate):
        listener.feed(samples[at : at + rate])
    return listener.finish()
