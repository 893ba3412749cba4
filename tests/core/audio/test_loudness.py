"""Loudness as the standard says, on a stream; peaks that stay under their ceiling."""

from __future__ import annotations

import math

import numpy as np
import pyloudnorm
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.audio.loudness import (
    LoudnessMeter,
    TruePeakMeter,
    integrated_lufs,
    level,
    true_peak_db,
)
from core.audio.samples import Samples
from tests.core.audio.files import demo


def _pieces(samples: Samples, sizes: list[int]) -> list[Samples]:
    cuts = np.cumsum(sizes)
    return np.split(samples, cuts[cuts < len(samples)])


def _tone(hz: float, rate: int, seconds: float, peak: float) -> Samples:
    n = np.arange(round(seconds * rate))
    return (peak * np.sin(2 * np.pi * hz * n / rate)).astype(np.float32)


@pytest.mark.parametrize("rate", [8000, 11025, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_loudness_is_what_the_reference_meter_says(rate: int) -> None:
    voice = demo(rate)
    expected = pyloudnorm.Meter(rate).integrated_loudness(voice.astype(np.float64))
    assert integrated_lufs(voice, rate) == pytest.approx(expected, abs=0.001)


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 30_000), min_size=1, max_size=20),
    levels=st.lists(st.floats(-60, 0), min_size=2, max_size=5),
    seed=st.integers(0, 99),
)
@example(sizes=[1], levels=[-59.0, -59.0], seed=0)
def test_a_stream_is_as_loud_as_the_whole(sizes, levels, seed) -> None:
    rng = np.random.default_rng(seed)
    sound = np.concatenate([10 ** (db / 20) * rng.standard_normal(12_345) for db in levels])
    sound = (0.2 * sound).astype(np.float32)
    meter = LoudnessMeter(16_000)
    for piece in _pieces(sound, sizes):
        meter.feed(piece)
    expected = pyloudnorm.Meter(16_000).integrated_loudness(sound.astype(np.float64))
    if expected == -np.inf:
        expected = None  # all of it is below the gate
    # Sums in another order; the reference rounds the edges of its blocks a little differently.
    assert meter.lufs() == pytest.approx(expected, abs=0.02)


def test_a_full_scale_tone_of_997_hz_is_minus_3_lufs() -> None:
    # BS.1770-4: a mono sine at 0 dBFS and 997 Hz reads -3.01 LKFS.
    # The cookbook's shelf is 0.04 dB off the standard's table there.
    assert integrated_lufs(_tone(997, 48_000, 5, 1.0), 48_000) == pytest.approx(-3.01, abs=0.06)


def test_silence_has_no_loudness_and_no_peak() -> None:
    assert integrated_lufs(np.zeros(48_000, np.float32), 24_000) is None
    assert integrated_lufs(np.zeros(0, np.float32), 24_000) is None
    assert true_peak_db(np.zeros(24_000, np.float32), 24_000) is None


def test_a_word_shorter_than_a_gating_block_has_a_loudness() -> None:
    short, long = _tone(997, 24_000, 0.2, 0.5), _tone(997, 24_000, 3, 0.5)
    # The filters need some milliseconds to settle.
    assert integrated_lufs(short, 24_000) == pytest.approx(integrated_lufs(long, 24_000), abs=0.3)


def test_peaks_between_the_samples_are_seen() -> None:
    # A sine at a quarter of the rate, sampled 45 degrees off its tops: samples say -3 dB.
    n = np.arange(48_000)
    tone = np.sin(np.pi / 2 * n + np.pi / 4).astype(np.float32)
    assert 20 * math.log10(np.abs(tone).max()) == pytest.approx(-3.01, abs=0.01)
    inner = tone * np.hanning(len(tone)).astype(np.float32)  # no jump at its ends
    assert true_peak_db(inner, 48_000) == pytest.approx(0.0, abs=0.1)


@settings(max_examples=20, deadline=None)
@given(
    gain_db=st.floats(-20, 40),
    ceiling_db=st.floats(-9, 0),
    sizes=st.lists(st.integers(1, 9000), min_size=1, max_size=30),
    seed=st.integers(0, 50),
)
def test_the_ceiling_holds_and_no_sample_is_lost(gain_db, ceiling_db, sizes, seed) -> None:
    rng = np.random.default_rng(seed)
    rate = 16_000
    sound = 0.3 * rng.standard_normal(rate) * rng.choice([0.01, 0.2, 1.0], rate // 100).repeat(100)
    sound = np.concatenate([sound, demo()[: rate + int(rng.integers(0, rate))]]).astype(np.float32)
    out = np.concatenate(
        list(level(_pieces(sound, sizes), rate, gain_db=gain_db, ceiling_db=ceiling_db))
    )
    assert len(out) == len(sound)
    assert true_peak_db(out, rate) <= ceiling_db + 0.1


def test_below_the_ceiling_nothing_but_the_gain_happens() -> None:
    voice = demo()
    out = np.concatenate(list(level([voice], 16_000, gain_db=-6.0, ceiling_db=-1.0)))
    np.testing.assert_allclose(out, voice * np.float32(10 ** (-6 / 20)), atol=1e-7)


def test_the_blocks_it_comes_in_change_nothing() -> None:
    voice = demo()
    whole = np.concatenate(list(level([voice], 16_000, gain_db=15.0, ceiling_db=-1.0)))
    parts = np.concatenate(
        list(level(_pieces(voice, [7] * 5000), 16_000, gain_db=15.0, ceiling_db=-1.0))
    )
    np.testing.assert_allclose(parts, whole, atol=1e-6)


def test_far_from_a_peak_the_limiter_leaves_the_sound_alone() -> None:
    sound = _tone(200, 16_000, 2, 0.1)
    sound[16_000] = 1.0
    out = np.concatenate(list(level([sound], 16_000, gain_db=0.0, ceiling_db=-6.0)))
    away = np.abs(np.arange(len(sound)) - 16_000) > 0.025 * 16_000
    np.testing.assert_array_equal(out[away], sound[away])


def test_memory_of_a_meter_does_not_hold_the_sound() -> None:
    meter, peaks = LoudnessMeter(24_000), TruePeakMeter(24_000)
    for _ in range(100):
        block = _tone(300, 24_000, 1, 0.1)
        meter.feed(block)
        peaks.feed(block)
    assert meter.lufs() is not None
    assert len(meter._steps) == 1000
