"""A reference recording as vocoder parameters, or a sentence on why it cannot serve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soxr

from core.audio.samples import Audio
from core.engines.builtin import world
from core.engines.builtin.align import Features
from core.engines.builtin.prosody import Pitch, pitch_of, syllables_per_s
from core.engines.builtin.world import FRAME_S, RATE, Array, Mask
from core.errors import InputError

SPEECH_RANGE_DB = 38.0
LEAST_RANGE_DB = 25.0
"""Speech lies within so much of its loudest parts, less where noise comes up to it."""

NOISE_PERCENTILE = 5
NOISE_MARGIN_DB = 6.0
"""Frames this near to the quietest ones are pauses with noise in them. Measured on two LibriVox
recordings whose noise is 33 dB below the speech: word error .14 -> .12 and .32 -> .29."""

LEVEL = 0.06
"""RMS of the speech that is analysed; fixed so that c0 means the same for everybody."""

QUIETEST_DB = -65.0
LEAST_SPEECH_S = 0.8
LEAST_VOICED_S = 0.4
LEAST_VOICED_SHARE = 0.15
BAND_MARGIN_HZ = 150.0
EMPTY_BAND_DB = 60.0
"""A band this far below the loudest one is taken for the end of the recording's bandwidth."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ReferenceSpeech:
    """
    Args:
        f0: f64 [T] (Hz); 0 where unvoiced.
        mcep: f64 [T, 31]; above `bandwidth_hz` it holds the level found there.
        bap: f64 [T, 3] (dB).
        level_db: f64 [T].
        is_speech: bool [T].
        bandwidth_hz: Nothing of the speaker is known above this (Hz).
    """

    f0: Array
    mcep: Array
    bap: Array
    level_db: Array
    is_speech: Mask
    bandwidth_hz: float

    @property
    def features(self) -> Features:
        return Features(mcep=self.mcep, is_voiced=self.f0 > 0, is_speech=self.is_speech)

    @property
    def voiced_speech(self) -> Mask:
        return self.is_speech & (self.f0 > 0)

    @property
    def pitch(self) -> Pitch:
        return pitch_of(self.f0[self.voiced_speech])

    @property
    def syllables_per_s(self) -> float:
        return syllables_per_s(self.level_db, self.f0, self.is_speech)

    @property
    def nbytes(self) -> int:
        arrays = (self.f0, self.mcep, self.bap, self.level_db, self.is_speech)
        return sum(array.nbytes for array in arrays)


def analyse_reference(audio: Audio, *, least_s: float, most_s: float) -> ReferenceSpeech:
    """
    Args:
        audio: Mono, any rate.
        least_s: Shorter is refused (s).
        most_s: Only so much from the start is used (s).

    Raises:
        InputError: Too short, silent, or too little voice in it.
    """
    if audio.seconds < least_s:
        raise InputError(
            f"The reference is {audio.seconds:.1f} s long; at least {least_s:.0f} s are needed.",
            "Choose a longer stretch; about 10 s are best.",
        )
    samples = np.nan_to_num(audio.samples[: round(most_s * audio.rate)].astype(np.float64))
    samples = samples - samples.mean()
    if audio.rate != RATE:
        samples = soxr.resample(samples, audio.rate, RATE, "HQ")
    n_frames = len(samples) // world.HOP + 1
    level = world.level_db(samples, n_frames)
    loudest = float(np.percentile(level, 99))
    if loudest < QUIETEST_DB:
        raise InputError(
            f"The reference is silent: its loudest part is at {loudest:.0f} dB.",
            "Check the microphone, or choose a louder recording.",
        )
    quietest = float(np.percentile(level, NOISE_PERCENTILE))
    range_db = np.clip(loudest - quietest - NOISE_MARGIN_DB, LEAST_RANGE_DB, SPEECH_RANGE_DB)
    is_speech = world.speech_frames(level, float(range_db))
    power = float(np.mean(10 ** (level[is_speech] / 10)))
    samples *= LEVEL / np.sqrt(power)
    bandwidth_hz = _bandwidth_hz(samples, is_speech)
    frames = world.analyse(samples, bandwidth_hz=bandwidth_hz, fills_holes=True)
    n_frames = min(n_frames, frames.n_frames)
    f0, is_speech = frames.f0[:n_frames], is_speech[:n_frames]
    _refuse_without_voice(f0, is_speech)
    return ReferenceSpeech(
        f0=f0,
        mcep=frames.mcep[:n_frames],
        bap=frames.bap[:n_frames],
        level_db=level[:n_frames] + 20 * np.log10(LEVEL / np.sqrt(power)),
        is_speech=is_speech,
        bandwidth_hz=bandwidth_hz,
    )


def _refuse_without_voice(f0: Array, is_speech: Mask) -> None:
    speech_s = is_speech.sum() * FRAME_S
    voiced_s = (is_speech & (f0 > 0)).sum() * FRAME_S
    if speech_s < LEAST_SPEECH_S:
        raise InputError(
            f"Only {speech_s:.1f} s of the reference are loud enough to be speech; "
            f"at least {LEAST_SPEECH_S:.1f} s are needed.",
            "Choose a stretch with more speech in it.",
        )
    if voiced_s < max(LEAST_VOICED_S, LEAST_VOICED_SHARE * speech_s):
        raise InputError(
            f"Only {voiced_s:.1f} s of the reference sound like a voice; "
            f"{speech_s:.1f} s are something else, such as noise or whispering.",
            "Choose a stretch where one person speaks aloud, without noise or music.",
        )


def _bandwidth_hz(samples: Array, is_speech: Mask) -> float:
    """Highest frequency where the long-term spectrum of the speech still holds something."""
    starts = np.flatnonzero(is_speech)[::4] * world.HOP
    starts = starts[starts + world.FFT_SIZE <= len(samples)]
    if len(starts) == 0:
        return RATE / 2
    windows = samples[starts[:, None] + np.arange(world.FFT_SIZE)] * np.hanning(world.FFT_SIZE)
    power = (np.abs(np.fft.rfft(windows, axis=1)) ** 2).mean(axis=0) + 1e-20
    spectrum_db = 10 * np.log10(power)
    full = np.flatnonzero(spectrum_db > spectrum_db.max() - EMPTY_BAND_DB)[-1]
    bandwidth = full / (world.N_BINS - 1) * RATE / 2
    # Nearly the whole band: leave it alone.
    return RATE / 2 if bandwidth > 0.45 * RATE else float(bandwidth - BAND_MARGIN_HZ)
