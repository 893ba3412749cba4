"""Sound as Timbre keeps it: 16 bit mono FLAC, made and read in memory."""

from __future__ import annotations

import io
from typing import cast

import numpy as np
import soundfile
from numpy.typing import NDArray

from core.audio.samples import Audio

FULL_SCALE = 32768
"""One step of 16 bit is 1 / 32768; +1.0 itself is cut to the largest step."""


def steps(audio: Audio) -> NDArray[np.int16]:
    """What of a sound survives on disk: i16 [T]. Raises ValueError for NaN and infinity."""
    if not np.isfinite(audio.samples).all():
        raise ValueError("a sound with NaN or infinite samples cannot be kept")
    scaled = np.rint(audio.samples.astype(np.float64) * FULL_SCALE)
    return np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


def encode(audio: Audio) -> bytes:
    """A whole FLAC file.

    FLAC cannot hold zero samples: an empty sound becomes one sample of silence.
    Raises ValueError for NaN and infinity.
    """
    kept = steps(audio)
    if len(kept) == 0:
        kept = np.zeros(1, np.int16)
    target = io.BytesIO()
    soundfile.write(target, kept, audio.rate, format="FLAC", subtype="PCM_16")
    return target.getvalue()


def decode(content: bytes) -> Audio:
    """The other way. Raises ValueError when it is not a whole mono FLAC file."""
    try:
        samples, rate = soundfile.read(io.BytesIO(content), dtype="int16", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise ValueError(f"not a FLAC file: {error.error_string}") from error
    if samples.shape[1] != 1:
        raise ValueError(f"{samples.shape[1]} channels where one was kept")
    mono = cast("NDArray[np.int16]", samples[:, 0])
    return Audio(samples=mono.astype(np.float32) / np.float32(FULL_SCALE), rate=int(rate))
