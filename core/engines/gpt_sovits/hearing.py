"""References to a style: how a voice sounds, whatever it says."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from core.audio.samples import Audio
from core.engines.gpt_sovits import fbank
from core.engines.gpt_sovits.features import PROMPT_MAX_S, resampled, spectrogram, style_sound
from core.engines.gpt_sovits.speaker import Speaker
from core.engines.gpt_sovits.style import Reference, Style
from core.engines.gpt_sovits.synthesiser import Synthesiser
from core.engines.gpt_sovits.synthesiser_dims import RATE
from core.errors import InputError

SPEECH_MIN_PEAK = 1e-3
"""-60 dB of full scale; below there is no voice."""
MORE_MIN_S = 1.0
"""Shorter further recordings say more of one sound than of a voice."""


def kept(audio: Audio, number: int = 0) -> Audio:
    """The stretch that is listened to: the first ten seconds of what was chosen.

    Args:
        audio: Any length.
        number: Of a further recording, from 1; 0 is the reference itself.

    Raises InputError where there is no sound in it, or it is too short for a further recording.
    """
    if number and audio.seconds < MORE_MIN_S:
        raise InputError(
            f"Further recording {number} lasts {audio.seconds:.2f} s; a voice is heard in "
            f"{MORE_MIN_S:.0f} s or more.",
            "Leave it out, or choose a longer one.",
        )
    which = f"further recording {number}" if number else "the reference"
    samples = audio.samples[: int(PROMPT_MAX_S * audio.rate)]
    peak = float(np.abs(samples).max(initial=0.0))
    if not np.isfinite(peak) or peak < SPEECH_MIN_PEAK:
        raise InputError(
            f"No voice is heard in {which}: its loudest sample is {peak:.5f} of full scale.",
            "Choose a stretch of clear speech.",
        )
    return Audio(samples=samples, rate=audio.rate)


def style_of(
    recordings: Iterable[Audio], synthesiser: Synthesiser, speaker: Speaker | None
) -> Style:
    """The mean style of one or more recordings of a voice.

    Args:
        recordings: Mono, any rate; of each at most `features.STYLE_MAX_S`.
        synthesiser: Whose style encoder listens.
        speaker: For v2Pro; None for the others.

    Raises:
        InputError: One of them is too long or too short.
    """
    return synthesiser.style([_heard(style_sound(each), speaker) for each in recordings])


def _heard(sound: Tensor, speaker: Speaker | None) -> Reference:
    """`[1, T]` at `RATE`"""
    vector = None
    if speaker is not None:
        energies = fbank.fbank(resampled(sound, RATE, fbank.RATE))
        with torch.inference_mode():
            vector = speaker.embedding(energies.to(speaker.stem.weight.device))
    return Reference(spectrogram=spectrogram(sound), speaker=vector)
