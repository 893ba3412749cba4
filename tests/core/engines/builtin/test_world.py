"""The vocoder's frame grid, mel-cepstral scale and analysis."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engines.builtin import world


@given(seed=st.integers(0, 2**32 - 1), n_frames=st.integers(1, 5))
@settings(deadline=None, max_examples=30)
def test_a_mel_cepstrum_survives_its_envelope(seed: int, n_frames: int) -> None:
    random = np.random.default_rng(seed)
    mcep = random.standard_normal((n_frames, world.N_MCEP)) * 0.3
    # The trapezium rule is exact for these cosines, but for the last digits.
    np.testing.assert_allclose(world.sp_to_mcep(world.mcep_to_sp(mcep)), mcep, rtol=0, atol=1e-9)


def test_c0_is_the_mean_log_amplitude_along_the_warped_axis() -> None:
    flat = np.full((1, world.N_BINS), 4.0)
    mcep = world.sp_to_mcep(flat)
    assert mcep[0, 0] == pytest.approx(np.log(2.0))
    np.testing.assert_allclose(mcep[0, 1:], 0, atol=1e-9)


def test_mel_cepstra_keep_a_smooth_envelope_within_a_decibel() -> None:
    frequency_hz = np.linspace(0, world.RATE / 2, world.N_BINS)
    formants = sum(
        gain / (1 + ((frequency_hz - centre) / width) ** 2)
        for centre, width, gain in ((600, 150, 1.0), (1500, 200, 0.3), (2600, 300, 0.1))
    )
    envelope = (formants + 1e-3)[None] ** 2
    again = world.mcep_to_sp(world.sp_to_mcep(envelope))
    # 31 coefficients cannot be sharper; the worst place is the top of the first formant.
    assert np.abs(10 * np.log10(again / envelope)).mean() < 1.0


def hum(f0_hz: float, seconds: float = 0.6) -> np.ndarray:
    time_s = np.arange(round(seconds * world.RATE)) / world.RATE
    harmonics = range(1, int(4000 / f0_hz))
    return sum(
        (0.1 / k * np.sin(2 * np.pi * f0_hz * k * time_s) for k in harmonics), np.zeros(len(time_s))
    )


@pytest.mark.parametrize("f0_hz", [65.0, 120.0, 300.0])
def test_what_is_analysed_and_made_again_keeps_its_pitch_and_level(f0_hz: float) -> None:
    sound = hum(f0_hz)
    frames = world.analyse(sound)
    again = world.synthesise(frames.f0, frames.mcep, frames.bap)
    middle = slice(len(sound) // 4, 3 * len(sound) // 4)
    made = world.analyse(again).f0[40:-40]
    # StoneMask finds a steady pitch to much less than one per cent.
    assert np.median(made[made > 0]) == pytest.approx(f0_hz, rel=0.01)
    ratio_db = 10 * np.log10(np.mean(again[middle] ** 2) / np.mean(sound[middle] ** 2))
    # A line spectrum is no smooth envelope: its peaks are estimated to about 2 dB.
    assert abs(ratio_db) < 2.5


def test_no_frames_make_no_sound() -> None:
    empty = world.synthesise(np.zeros(0), np.zeros((0, world.N_MCEP)), np.zeros((0, world.N_BAP)))
    assert len(empty) == 0


def test_above_the_bandwidth_the_envelope_stays_level() -> None:
    random = np.random.default_rng(0)
    spectrum = np.fft.rfft(random.standard_normal(world.RATE))
    spectrum[4000:] = 0  # nothing above 4 kHz
    sound = np.fft.irfft(spectrum) * 0.2
    envelope = world.mcep_to_sp(world.analyse(sound, bandwidth_hz=3800).mcep).mean(axis=0)
    level_db = 10 * np.log10(envelope / envelope[: world.bin_of(3500)].mean())
    # Without the shelf the empty band lies 60 dB and more below.
    assert level_db[world.bin_of(5000) :].min() > -6


def test_level_is_in_decibels_of_full_scale() -> None:
    level = world.level_db(np.full(world.RATE, 0.1), 200)
    np.testing.assert_allclose(level[10:-10], -20.0, atol=1e-6)


def test_speech_is_what_lies_within_the_range_of_the_loudest() -> None:
    level = np.array([-20.0] * 50 + [-40.0] * 50 + [-70.0] * 50)
    assert world.speech_frames(level, 38).tolist() == [True] * 100 + [False] * 50
    assert len(world.speech_frames(np.zeros(0), 38)) == 0


def coded_speech() -> tuple[np.ndarray, np.ndarray]:
    """Envelope of speech with noise in its pauses, and which cells a coder left out."""
    random = np.random.default_rng(0)
    envelope = np.full((200, world.N_BINS), 1e-3)
    envelope[::10] = 1e-6
    holes = random.random(envelope.shape) < 0.2
    holes[::10] = False
    return np.where(holes, 1e-11, envelope), holes


def test_bands_left_out_by_a_coder_are_as_loud_as_the_noise_of_the_pauses() -> None:
    envelope, holes = coded_speech()
    filled = world.fill_holes(envelope)
    np.testing.assert_allclose(filled[holes], 1e-6)
    np.testing.assert_allclose(filled[~holes], envelope[~holes])


def test_a_recording_of_no_frames_has_no_holes() -> None:
    assert world.fill_holes(np.zeros((0, world.N_BINS))).shape == (0, world.N_BINS)
