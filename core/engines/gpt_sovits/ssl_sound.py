"""The levels at which GPT-SoVITS's training data was heard: one recording to its two copies.

The rule is the models' own (section "SSL features" of the issue, after their preparation of data):
half of a copy is brought to one peak, half is left as loud as it was. The copy for HuBERT is 29
times softer than the range that HuBERT's authors meant; it was used so, and so it stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from core.audio.decode import Source, open_source
from core.audio.samples import Samples
from core.errors import InputError

RATE = 32_000
"""Of the copy that is kept (Hz)."""
HUBERT_RATE = 16_000
"""Of the copy that HuBERT hears (Hz)."""
PEAK_MAX = 2.2
"""A louder recording (full scale is 1) was refused."""
PEAK_MIN = 1 / 32768
"""A softer one is silent in 16 bits."""
LEVEL, BLEND = 0.95, 0.5
"""Peak of the part that is brought to one, and its share of the whole."""
SCALE = 32768.0
"""Of the copy that is kept: 16 bits."""
HUBERT_SCALE = 1145.14
"""Of the copy for HuBERT."""
MIN_S, MAX_S = 0.1, 60.0
"""Shorter recordings have nothing to hear; longer ones cost memory that grows with them, and the
models are trained on sentences."""

_CUT_HINT = "Cut it into sentences of 2 to 15 seconds."


@dataclass(frozen=True, kw_only=True, eq=False)
class Copies:
    """What is made of a recording.

    Args:
        kept: i16 [T] at `RATE`.
        heard: f32 [T / 2] at HuBERT's rate.
        n_clipped: Samples of `kept` that went beyond 16 bits and were held at full scale.
    """

    kept: NDArray[np.int16]
    heard: Samples
    n_clipped: int

    @property
    def seconds(self) -> float:
        return len(self.kept) / RATE


def read(path: Path) -> Copies:
    """The copies of a file of any format.

    Raises:
        MissingError: There is no such file.
        InputError: It cannot be read, or not be used; the sentence says why, with numbers.
    """
    with open_source(path) as source:
        samples = _samples(source)
        rate = source.rate
    return copies(samples, rate)


def copies(samples: Samples, rate: int) -> Copies:
    """The copies of a recording.

    Args:
        samples: f32 [T] at `rate`, mono, as it was decoded.
        rate: Hz.

    Raises:
        InputError: It is too short, silent, too loud, or not all of it is numbers.
    """
    n_bad = int(len(samples) - np.count_nonzero(np.isfinite(samples)))
    if n_bad:
        raise InputError(
            f"{n_bad} of its {len(samples)} samples are not numbers.",
            "Export it again from the program that made it.",
        )
    if len(samples) < MIN_S * rate:
        raise InputError(
            f"It lasts {len(samples) / rate:.3f} s; less than {MIN_S:g} s is no speech.",
            "Leave it out.",
        )
    sound = soxr.resample(samples, rate, RATE, "HQ") if rate != RATE else samples
    peak = float(np.abs(sound).max())
    if peak > np.float32(PEAK_MAX):
        raise InputError(
            f"Its peak is {peak:.4g} times full scale; up to {PEAK_MAX:g} can be used.",
            "Turn it down and export it again.",
        )
    if peak < PEAK_MIN:
        raise InputError(f"It is silent: its peak is {peak:.2g} of full scale.", "Leave it out.")
    kept = leveled(sound, peak, SCALE)
    n_clipped = int(np.count_nonzero((kept > 32767) | (kept < -32768)))
    heard = soxr.resample(leveled(sound, peak, HUBERT_SCALE), RATE, HUBERT_RATE, "HQ")
    n_heard = -(
        -len(sound) * HUBERT_RATE // RATE
    )  # as librosa counts: an odd sample is half of two
    heard = np.pad(heard[:n_heard], (0, max(0, n_heard - len(heard))))
    return Copies(
        # Towards zero, as the data of the models was cast; but held, where that wrapped around.
        kept=np.clip(kept, -32768, 32767).astype(np.int16),
        heard=heard.astype(np.float32),
        n_clipped=n_clipped,
    )


def leveled(sound: Samples, peak: float, scale: float) -> Samples:
    """`sound / peak * (LEVEL * BLEND * scale) + (1 - BLEND) * scale * sound`.

    Args:
        sound: f32 [T]
        peak: Its own, above 0.
        scale: What full scale becomes.
    """
    brought = sound / np.float32(peak) * np.float32(LEVEL * BLEND * scale)
    whole: Samples = brought + np.float32((1 - BLEND) * scale) * sound
    return whole


def _samples(source: Source) -> Samples:
    """f32 [T]: the mean of the channels; no offset is removed, nothing is turned down."""
    blocks: list[Samples] = []
    n = 0
    for block in source.channel_blocks():
        n += block.shape[1]
        if n > MAX_S * source.rate:
            raise InputError(f"It lasts more than {MAX_S:.0f} s.", _CUT_HINT)
        blocks.append(block.mean(axis=0, dtype=np.float32))
    if not n:
        raise InputError("It holds no sound: 0 samples could be decoded.", "Leave it out.")
    return np.concatenate(blocks)
