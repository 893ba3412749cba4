"""What the envelope map must leave alone, and what it must move."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engines.builtin import world
from core.engines.builtin.align import Features
from core.engines.builtin.mapping import (
    Frames,
    blend,
    fit_aligned,
    fit_phone_means,
    fit_shift,
    offsets_only,
    spread,
    with_regression,
)
from core.engines.builtin.nearest import nearest_pairs
from core.engines.builtin.phone_classes import phone_class, phone_group

FULL_BAND = world.RATE / 2
SIGNS = ("a", "i", "s", "m", "t")


def speech(seed: int = 0, n_phones: int = 60, length: int = 12) -> Frames:
    """Phones with a spectrum each, and a little noise."""
    random = np.random.default_rng(seed)
    spectra = np.random.default_rng(99).standard_normal((len(SIGNS), world.N_MCEP)) * 0.3
    order = np.repeat(random.integers(0, len(SIGNS), n_phones), length)
    mcep = spectra[order] + random.standard_normal((len(order), world.N_MCEP)) * 0.05
    phones = np.array(SIGNS, dtype=object)[order]
    return Frames(mcep=mcep, phones=phones, is_speech=np.ones(len(order), dtype=np.bool_))


def moved(frames: Frames, by: np.ndarray) -> Frames:
    return Frames(mcep=frames.mcep + by, phones=frames.phones, is_speech=frames.is_speech)


def one_to_one(frames: Frames) -> np.ndarray:
    return np.stack([np.arange(len(frames.mcep))] * 2, axis=1)


def test_a_speaker_who_is_the_source_is_left_alone() -> None:
    own = speech()
    for fitted in (
        fit_shift(own, own, bandwidth_hz=FULL_BAND, sharpening=0.0),
        fit_aligned(own, own, one_to_one(own), bandwidth_hz=FULL_BAND, sharpening=0.0),
        fit_phone_means(own, own, bandwidth_hz=FULL_BAND, sharpening=0.0),
    ):
        np.testing.assert_allclose(fitted.apply(own, similarity=1.0), own.mcep, atol=1e-7)


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=20)
def test_without_similarity_nothing_moves(seed: int) -> None:
    own = speech()
    by = np.random.default_rng(seed).standard_normal(world.N_MCEP)
    fitted = fit_aligned(
        own, moved(own, by), one_to_one(own), bandwidth_hz=FULL_BAND, sharpening=0.0
    )
    np.testing.assert_allclose(fitted.apply(own, similarity=0.0), own.mcep, atol=1e-7)


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=20)
def test_another_colour_is_taken_over_whole_but_for_the_level(seed: int) -> None:
    own = speech()
    by = np.random.default_rng(seed).standard_normal(world.N_MCEP) * 0.2
    for fitted in (
        fit_shift(own, moved(own, by), bandwidth_hz=FULL_BAND, sharpening=0.0),
        fit_phone_means(own, moved(own, by), bandwidth_hz=FULL_BAND, sharpening=0.0),
    ):
        shifted = offsets_only(fitted).apply(own, similarity=1.0) - own.mcep
        np.testing.assert_allclose(shifted[:, 1:], np.tile(by[1:], (len(shifted), 1)), atol=1e-9)
        assert np.abs(shifted[:, 0]).max() < abs(by[0]) + 1e-9


def test_a_phone_that_the_speaker_says_differently_is_moved_more_than_the_others() -> None:
    own = speech()
    theirs = own.mcep.copy()
    theirs[own.phones == "i", 3] += 1.0
    other = Frames(mcep=theirs, phones=own.phones, is_speech=own.is_speech)
    fitted = offsets_only(
        fit_aligned(own, other, one_to_one(own), bandwidth_hz=FULL_BAND, sharpening=0.0)
    )
    change = (fitted.apply(own, similarity=1.0) - own.mcep)[:, 3]
    assert change[own.phones == "i"].mean() > 0.4
    assert abs(change[own.phones == "s"].mean()) < 0.2


def test_variance_grows_toward_a_livelier_speaker_but_never_without_bound() -> None:
    own = speech()
    wild = Frames(mcep=10 * own.mcep, phones=own.phones, is_speech=own.is_speech)
    fitted = fit_aligned(own, wild, one_to_one(own), bandwidth_hz=FULL_BAND, sharpening=0.0)
    assert (fitted.gain >= 1.0).all()
    assert (fitted.gain <= 1.6).all()
    assert fitted.gain[0] == 1.0


def test_above_the_bandwidth_the_source_keeps_its_own_spectrum_shape() -> None:
    own = speech()
    by = np.random.default_rng(1).standard_normal(world.N_MCEP) * 0.3
    fitted = fit_shift(own, moved(own, by), bandwidth_hz=4000, sharpening=0.0)
    before = np.log(world.mcep_to_sp(own.mcep))
    after = np.log(world.mcep_to_sp(fitted.apply(own, similarity=1.0)))
    change = (after - before)[0]
    top = change[world.bin_of(5500) : world.bin_of(11_500)]
    bottom = change[: world.bin_of(3000)]
    # The shelf is a sharp corner, which 31 coefficients round off.
    assert np.ptp(top) < 0.35 * np.ptp(bottom)


@given(gain=st.floats(0.5, 2.0))
@settings(deadline=None, max_examples=20)
def test_spreading_keeps_the_power_of_every_frame_and_the_centre(gain: float) -> None:
    own = speech(n_phones=5).mcep
    centre = own.mean(axis=0)
    wider = spread(own, centre, np.full(world.N_MCEP, gain))
    np.testing.assert_allclose(world.mean_power(wider), world.mean_power(own), rtol=1e-9)
    np.testing.assert_allclose(wider[:, 1:].mean(axis=0), centre[1:], atol=1e-9)


def test_sharpening_deepens_what_differs_from_the_speakers_mean() -> None:
    own = speech()
    fitted = fit_shift(own, own, bandwidth_hz=FULL_BAND, sharpening=0.2)
    made = fitted.apply(own, similarity=1.0)
    np.testing.assert_allclose(made[:, 2:].std(axis=0), 1.2 * own.mcep[:, 2:].std(axis=0))


@pytest.mark.parametrize(
    ("left", "right"),
    [("a", "aː"), ("r", "ɾ"), ("ʃ", "ɕ"), ("t", "tʲ"), ("ɛ", "ɛ̃"), ("eɪ", "e"), ("k", "q")],
)
def test_neighbouring_signs_are_compared_across_languages(left: str, right: str) -> None:
    assert phone_group(left) == phone_group(right) != ""


@pytest.mark.parametrize(
    ("left", "right"), [("tʃ", "t"), ("s", "ʃ"), ("i", "u"), ("ç", "k"), ("m", "n")]
)
def test_other_sounds_are_not(left: str, right: str) -> None:
    assert phone_group(left) != phone_group(right)


@pytest.mark.parametrize(
    ("phone", "name"),
    [
        ("", "silence"),
        ("(en)", "silence"),
        ("ɑ̃", "vowel"),
        ("oʊ", "vowel"),
        ("ŋ", "nasal"),
        ("tʃ", "stop"),
        ("dʒ", "voiced stop"),
        ("sʲ", "fricative"),
        ("?", "other"),
    ],
)
def test_every_phone_has_a_class(phone: str, name: str) -> None:
    assert phone_class(phone) == name


def test_the_nearest_frame_of_a_copy_is_the_same_frame() -> None:
    own = speech()
    every = np.ones(len(own.mcep), dtype=np.bool_)
    features = Features(mcep=own.mcep, is_voiced=own.phones == "a", is_speech=every)
    pairs = nearest_pairs(features, own.mcep, features)
    np.testing.assert_array_equal(pairs[:, 0], pairs[:, 1])


def test_half_way_between_two_maps_lies_half_the_offset() -> None:
    own = speech()
    by = np.random.default_rng(2).standard_normal(world.N_MCEP) * 0.2
    still = fit_shift(own, own, bandwidth_hz=FULL_BAND, sharpening=0.0)
    whole = fit_aligned(
        own, moved(own, by), one_to_one(own), bandwidth_hz=FULL_BAND, sharpening=0.0
    )
    change = offsets_only(blend(still, whole, 0.5)).apply(own, similarity=1.0) - own.mcep
    np.testing.assert_allclose(change[:, 1:], np.tile(by[1:] / 2, (len(change), 1)), atol=1e-9)


def test_regression_learns_what_one_coefficient_says_about_another() -> None:
    own = speech(n_phones=200)
    theirs = own.mcep.copy()
    theirs[:, 5] += 0.8 * (own.mcep[:, 2] - own.mcep[:, 2].mean())
    other = Frames(mcep=theirs, phones=own.phones, is_speech=own.is_speech)
    pairs = one_to_one(own)
    plain = fit_shift(own, other, bandwidth_hz=FULL_BAND, sharpening=0.0)
    learnt = with_regression(plain, own, other, pairs, FULL_BAND)
    errors = [
        np.abs(fitted.apply(own, similarity=1.0)[:, 5] - theirs[:, 5]).mean()
        for fitted in (plain, learnt)
    ]
    assert errors[1] < 0.3 * errors[0]
