"""Pitch and pace."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.engines.builtin.prosody import Pitch, PitchMap, pitch_of, syllables_per_s

CONTOUR = 120.0 * np.exp(0.1 * np.sin(np.arange(400) / 20))
CONTOUR[50:80] = 0.0


def apply(
    source: Pitch,
    target: Pitch,
    *,
    similarity: float = 1.0,
    expressiveness: float = 1.0,
    semitones: float = 0.0,
) -> np.ndarray:
    return PitchMap(source=source, target=target).apply(
        CONTOUR, similarity=similarity, expressiveness=expressiveness, semitones=semitones
    )


def test_a_speaker_like_the_source_keeps_its_melody() -> None:
    own = pitch_of(CONTOUR)
    np.testing.assert_allclose(apply(own, own), CONTOUR, rtol=1e-9)


@given(target_hz=st.floats(80, 300), semitones=st.floats(-4, 4))
def test_the_median_lands_on_the_speakers_and_moves_by_semitones(
    target_hz: float, semitones: float
) -> None:
    own = pitch_of(CONTOUR)
    target = Pitch(log_median=float(np.log(target_hz)), log_spread=own.log_spread)
    made = apply(own, target, semitones=semitones)
    wanted = target_hz * 2 ** (semitones / 12)
    assert np.median(made[made > 0]) == pytest.approx(wanted, rel=1e-6)


def test_what_is_unvoiced_stays_unvoiced() -> None:
    own = pitch_of(CONTOUR)
    made = apply(own, Pitch(log_median=5.3, log_spread=0.3))
    np.testing.assert_array_equal(made == 0, CONTOUR == 0)


def test_no_expressiveness_is_a_monotone_and_more_is_wider() -> None:
    own = pitch_of(CONTOUR)
    spreads = [
        pitch_of(apply(own, own, expressiveness=value)).log_spread for value in (0.0, 1.0, 2.0)
    ]
    assert spreads[0] == pytest.approx(0.0, abs=1e-9)
    assert spreads[2] == pytest.approx(2 * spreads[1], rel=1e-6)


def test_a_lively_speaker_widens_the_melody_only_so_far() -> None:
    own = pitch_of(CONTOUR)
    made = apply(own, Pitch(log_median=own.log_median, log_spread=10 * own.log_spread))
    assert pitch_of(made).log_spread < 5 * own.log_spread


@given(
    higher=st.floats(-0.2, 0.2),
    spread=st.floats(0.02, 0.5),
    expressiveness=st.floats(0.0, 2.0),
)
def test_an_utterance_that_is_higher_than_others_stays_so_but_not_more_than_it_was(
    higher: float, spread: float, expressiveness: float
) -> None:
    """However lively the speaker: twice the range is no voice that is twice as unsteady."""
    own = pitch_of(CONTOUR)
    source = Pitch(log_median=own.log_median - higher, log_spread=own.log_spread)
    target = Pitch(log_median=float(np.log(200)), log_spread=spread)
    made = apply(source, target, expressiveness=expressiveness)
    moved = pitch_of(made).log_median - target.log_median
    assert abs(moved) <= abs(higher) * max(1.0, expressiveness) + 1e-9
    assert moved * higher >= -1e-12
    if spread >= own.log_spread and expressiveness == 1.0:
        assert moved == pytest.approx(higher, abs=1e-9)


def test_what_has_no_voice_at_all_stays_so() -> None:
    own = pitch_of(CONTOUR)
    pitch = PitchMap(source=own, target=own)
    made = pitch.apply(np.zeros(50), similarity=1.0, expressiveness=1.0, semitones=2.0)
    np.testing.assert_array_equal(made, np.zeros(50))


def test_a_tenth_of_creak_leaves_the_median_where_it_is() -> None:
    """Half the pitch for a moment is how people end a sentence, and part of how they are heard."""
    creaky = np.full(1000, 190.0)
    creaky[:100] = 61.0
    creaky[100:460] = np.linspace(180.0, 190.0, 360)
    made = pitch_of(creaky)
    assert np.exp(made.log_median) == pytest.approx(np.median(creaky))
    assert made.log_spread < 0.05


@given(semitones=st.floats(-12, 12), target_hz=st.floats(60, 400))
def test_made_pitch_stays_within_human_limits(semitones: float, target_hz: float) -> None:
    own = pitch_of(CONTOUR)
    target = Pitch(log_median=float(np.log(target_hz)), log_spread=0.4)
    made = apply(own, target, semitones=semitones, expressiveness=2.0)
    voiced = made[made > 0]
    assert voiced.min() >= 50
    assert voiced.max() <= 520


def test_octave_errors_do_not_move_the_median_or_the_spread_much() -> None:
    clean = pitch_of(CONTOUR)
    spoilt = CONTOUR.copy()
    spoilt[200:215] *= 4
    dirty = pitch_of(spoilt)
    assert dirty.log_median == pytest.approx(clean.log_median, abs=0.02)
    assert dirty.log_spread == pytest.approx(clean.log_spread, abs=0.01)


@given(rate=st.integers(2, 6))
def test_as_many_syllables_are_counted_as_there_are_bumps(rate: int) -> None:
    time_s = np.arange(1000) / 200
    level = -20 + 6 * np.cos(2 * np.pi * rate * (time_s - 0.5 / rate))
    voiced = np.full(1000, 100.0)
    every = np.ones(1000, dtype=np.bool_)
    # One more or less at the ends of 5 s.
    assert syllables_per_s(level, voiced, every) == pytest.approx(rate, abs=0.21)
    assert syllables_per_s(level, np.zeros(1000), every) == 0
