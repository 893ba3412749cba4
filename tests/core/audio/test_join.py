"""Joined pieces are as long as their parts, and nowhere does it click."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audio.join import FADE_OUT_S, faded, join, n_pause

RATE = 16_000
# The steepest a fade may rise at full level: raised cosine over 5 ms (80 samples), pi / 2 / 80,
# on top of what the sound itself does.
STEEPEST = np.pi / 2 / 80

pieces = st.lists(
    st.tuples(st.integers(0, 4000), st.floats(0, 0.3), st.floats(-0.9, 0.9)), max_size=8
)


def _flat(n: int, value: float) -> np.ndarray:
    """The worst that can meet silence: a constant, with a slow tone so that it is no offset."""
    return (value * np.cos(2 * np.pi * 3 * np.arange(n) / max(1, n))).astype(np.float32)


@given(pieces)
def test_the_length_is_the_sum_of_the_lengths(given_pieces) -> None:
    joined = list(join([(_flat(n, v), p) for n, p, v in given_pieces], RATE))
    expected = sum(n + n_pause(p, RATE) for n, p, _ in given_pieces)
    assert sum(map(len, joined)) == expected


@given(pieces)
def test_it_clicks_nowhere(given_pieces) -> None:
    parts = [(_flat(n, v), p) for n, p, v in given_pieces if n >= 1000]
    joined = np.concatenate([np.zeros(1), *join(parts, RATE), np.zeros(1)])
    inside = max((np.abs(np.diff(s)).max() for s, _ in parts), default=0.0)
    # An offset that is taken away can double the level: 2 x 0.9.
    assert np.abs(np.diff(joined)).max() <= inside + 1.8 * STEEPEST + 1e-6


@pytest.mark.parametrize("n", [0, 1, 2, 3, 50, 100, 5000])
def test_pieces_of_any_length_begin_and_end_near_zero(n: int) -> None:
    sound = faded(_flat(n, 0.5), RATE)
    assert len(sound) == n
    if n >= 240:  # shorter than both fades: nothing steep can be avoided any more
        assert abs(sound[0]) == 0.0
        assert abs(sound[-1]) <= 0.5 * STEEPEST


def test_the_middle_of_a_piece_is_left_alone() -> None:
    sound = _flat(5000, 0.5)
    sound -= sound.mean()
    middle = slice(round(FADE_OUT_S * RATE), -round(FADE_OUT_S * RATE))
    np.testing.assert_allclose(faded(sound, RATE)[middle], sound[middle], atol=1e-7)


def test_the_given_piece_is_not_changed() -> None:
    sound = _flat(5000, 0.5)
    before = sound.copy()
    faded(sound, RATE)
    np.testing.assert_array_equal(sound, before)


def test_an_offset_does_not_thump() -> None:
    joined = np.concatenate(list(join([(np.full(4000, 0.3, np.float32), 0.1)], RATE)))
    assert np.abs(joined).max() < 1e-6


def test_pieces_are_asked_for_one_at_a_time() -> None:
    asked = []

    def endless():
        for n in itertools.count():
            asked.append(n)
            yield _flat(100, 0.1), 0.01

    stream = join(endless(), RATE)
    for _ in range(10):
        next(stream)
    assert len(asked) == 5


def test_a_long_pause_comes_in_small_blocks() -> None:
    blocks = list(join([(_flat(10, 0.1), 100.0)], RATE))
    assert max(map(len, blocks)) == RATE
    assert sum(map(len, blocks)) == 100 * RATE + 10
