"""Sound and stretches of it, as plain values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Audio:
    """Mono sound.

    Args:
        samples: f32 [T], nominally in [-1, 1].
        rate: Samples per second (Hz).
    """

    samples: Samples
    rate: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    def cut(self, span: Span) -> Audio:
        """The part inside `span`, cut to what there is."""
        start = max(0, round(span.start_s * self.rate))
        stop = max(start, round(span.stop_s * self.rate))
        return Audio(samples=self.samples[start:stop], rate=self.rate)


@dataclass(frozen=True, kw_only=True)
class Span:
    """A stretch of time: `start_s` included, `stop_s` not (s)."""

    start_s: float
    stop_s: float

    @property
    def seconds(self) -> float:
        return self.stop_s - self.start_s


@dataclass(frozen=True, kw_only=True)
class ReferenceReport:
    """What was measured on a stretch of a recording, and what it means in words.

    Args:
        seconds: Length of the stretch (s).
        speech_s: How much of it is speech (s).
        snr_db: Speech level over the level of the pauses (dB); None with no pause to measure.
        clipped: Share of the speech samples that sit at full scale, 0 to 1.
        loudness_lufs: Integrated loudness (LUFS, ITU-R BS.1770); None when silent.
        bandwidth_hz: Frequency below which the speech really has energy (Hz).
        notes: Short codes for what is good or bad, best first (`ui.words` says them); with
            their figures, for example `Note("snr_good", 31.0)`.
    """

    seconds: float
    speech_s: float
    snr_db: float | None
    clipped: float
    loudness_lufs: float | None
    bandwidth_hz: float
    notes: tuple[Note, ...]


@dataclass(frozen=True, kw_only=True)
class Note:
    """One remark on a reference.

    Args:
        code: For translation, such as `snr_good`, `too_short`.
        text: The remark in English, with its figure, for logs and the command line.
        value: The figure alone, in the unit that the code implies; None where there is none.
        is_warning: The person should know before going on.
    """

    code: str
    text: str
    value: float | None = None
    is_warning: bool = False
