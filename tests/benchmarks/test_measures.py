"""What the sound measures count, and what they do not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from benchmarks.measures import RATE, analysis, distortion_db, narrow_distortion_db

T_S = np.arange(RATE) / RATE


def buzz(loudness: float = 1.0) -> np.ndarray:
    """A second of a voice-like tone of 150 Hz with some breath, the same every time."""
    noise = np.random.default_rng(0).standard_normal(RATE)
    tone = sum(np.sin(2 * np.pi * 150 * k * T_S) / k for k in range(1, 50))
    return loudness * (0.1 * tone + 0.01 * noise)


def test_a_sound_is_not_distorted_against_itself_at_another_level() -> None:
    # The floor under the logarithm is the only thing that knows the level.
    heard = distortion_db(analysis(buzz()), analysis(buzz(0.5)))
    assert heard == pytest.approx(0, abs=1e-3)


def test_the_whole_band_counts_and_the_narrow_measure_leaves_out_its_end() -> None:
    dull = sosfilt(butter(8, 7300, fs=RATE, output="sos"), buzz())
    whole = distortion_db(analysis(buzz()), analysis(dull))
    narrow = narrow_distortion_db(analysis(buzz()), analysis(dull))
    assert whole > 1.0
    # Not zero: the filter's slope begins below its edge.
    assert narrow < 0.5 * whole


def test_silence_before_a_sound_does_not_count() -> None:
    later = np.concatenate([np.zeros(RATE // 2), buzz()])
    # The first frames of the later one look into the silence.
    assert distortion_db(analysis(buzz()), analysis(later)) < 0.5
