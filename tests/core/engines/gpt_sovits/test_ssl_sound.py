"""Recordings come to the levels that the models were trained with, or are refused with a reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from core.engines.gpt_sovits import ssl_sound
from core.engines.gpt_sovits.ssl_sound import copies
from core.errors import InputError


def speech(seconds: float = 1.0, rate: int = 32_000, peak: float = 0.5) -> np.ndarray:
    """Something with the outline of syllables."""
    t = np.arange(round(seconds * rate)) / rate
    sound = np.sin(2 * np.pi * 150 * t) * (1.2 + np.sin(2 * np.pi * 4 * t))
    return (sound / np.abs(sound).max() * peak).astype(np.float32)


@given(peak=st.floats(0.001, 2.2))
def test_a_copy_is_half_as_loud_as_it_was_and_half_at_one_level(peak: float) -> None:
    sound = speech(peak=peak)
    made = copies(sound, 32_000)
    x, top = sound.astype(np.float64), float(np.abs(sound).max())
    wanted = x / top * (0.95 * 0.5 * 32768) + 0.5 * 32768 * x
    # One step for the cut towards zero, a hundredth for float32.
    assert np.abs(np.clip(wanted, -32768, 32767) - made.kept).max() < 1.01
    # 0.475 + 0.5 peak passes full scale at 1.05.
    assert (made.n_clipped > 0) == (peak > 1.05) or abs(peak - 1.05) < 1e-3


def test_the_copy_for_hubert_is_softer_and_at_its_rate() -> None:
    sound = speech(peak=0.8)
    made = copies(sound, 32_000)
    assert len(made.heard) == 16_000
    # 0.475 + 0.5 x 0.8 of 1145.14; the resampler's ripple is far below a thousandth.
    assert np.abs(made.heard).max() == pytest.approx(0.875 * 1145.14, rel=2e-3)


def test_a_loud_recording_is_held_at_full_scale_and_does_not_wrap_around() -> None:
    sound = speech(peak=2.0)
    made = copies(sound, 32_000)
    assert made.n_clipped > 0
    assert np.array_equal(np.sign(made.kept[made.kept != 0]), np.sign(sound[made.kept != 0]))


@pytest.mark.parametrize("n", [32_000, 31_999, 3201])
def test_hubert_s_copy_has_half_the_samples_rounded_up(n: int) -> None:
    assert len(copies(speech()[:n], 32_000).heard) == (n + 1) // 2


@pytest.mark.parametrize(
    ("sound", "rate", "reason"),
    [
        (speech(peak=2.3), 32_000, "peak is 2.3 times"),
        (np.zeros(32_000, np.float32), 32_000, "silent"),
        (speech(peak=1e-5), 32_000, "silent"),
        (speech(0.05), 32_000, r"lasts 0\.050 s"),
        (np.zeros(0, np.float32), 32_000, "lasts"),
        (np.where(np.arange(32_000) == 77, np.nan, speech()), 32_000, "1 of its 32000 samples"),
        (np.where(np.arange(32_000) == 77, np.inf, speech()), 32_000, "1 of its 32000 samples"),
    ],
)
def test_what_cannot_be_used_is_refused_with_numbers(
    sound: np.ndarray, rate: int, reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        copies(sound.astype(np.float32), rate)


def test_a_file_is_read_as_it_is_with_its_offset_and_its_peak(tmp_path: Path) -> None:
    sound = speech(rate=44_100, peak=1.5) + np.float32(0.1)
    both = np.stack([sound, sound * np.float32(0.5)], axis=1)
    soundfile.write(tmp_path / "a.wav", both, 44_100, "FLOAT")
    made = ssl_sound.read(tmp_path / "a.wav")
    wanted = copies(both.mean(1), 44_100)
    assert np.array_equal(made.kept, wanted.kept)
    assert np.array_equal(made.heard, wanted.heard)
    assert abs(float(made.kept.mean())) > 1000  # the offset stayed


def test_a_recording_of_more_than_a_minute_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(61 * 8000, np.int16), 8000, "PCM_16")
    with pytest.raises(InputError, match="60 s"):
        ssl_sound.read(tmp_path / "a.wav")
