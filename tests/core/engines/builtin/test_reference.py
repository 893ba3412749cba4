"""Which frames of a reference are taken for speech."""

from __future__ import annotations

import numpy as np
import pytest

from core.audio.samples import Audio
from core.engines.builtin.reference import analyse_reference

RATE = 24_000


def recording(noise_db: float) -> Audio:
    """Four tones of a second, with pauses of half a second in which there is only noise."""
    time_s = np.arange(RATE) / RATE
    tone = sum(np.sin(2 * np.pi * 150 * k * time_s) / k for k in range(1, 30))
    pause = np.zeros(RATE // 2)
    sound = np.concatenate([part for _ in range(4) for part in (tone, pause)])
    sound *= 0.1 / np.sqrt(np.mean(tone**2))
    noise = np.random.default_rng(0).standard_normal(len(sound))
    sound = sound + 0.1 * 10 ** (noise_db / 20) * noise
    return Audio(samples=sound.astype(np.float32), rate=RATE)


@pytest.mark.parametrize("noise_db", [-90.0, -45.0, -33.0])
def test_noise_in_the_pauses_is_not_taken_for_speech(noise_db: float) -> None:
    speech = analyse_reference(recording(noise_db), least_s=2.0, most_s=30.0)
    # Two thirds of it sound; each edge may be off by the 25 ms over which the level is taken.
    assert speech.is_speech.mean() == pytest.approx(4 / 6, abs=0.03)
