"""Dynamic time warping, against an exhaustive reading of the same rule."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engines.builtin import align as aligning
from core.engines.builtin.align import DIAGONAL_WEIGHT, Features, align, dtw, mismatch

tables = st.tuples(st.integers(1, 7), st.integers(1, 7), st.integers(0, 2**32 - 1)).map(
    lambda drawn: np.random.default_rng(drawn[2]).random(drawn[:2]).astype(np.float32)
)


def cheapest(costs: np.ndarray) -> float:
    """Every path tried, by recursion."""
    n, m = costs.shape

    def rest(row: int, column: int) -> float:
        if (row, column) == (n - 1, m - 1):
            return 0.0
        steps = ((1, 1, DIAGONAL_WEIGHT), (1, 0, 1.0), (0, 1, 1.0))
        return min(
            weight * float(costs[row + down, column + right]) + rest(row + down, column + right)
            for down, right, weight in steps
            if row + down < n and column + right < m
        )

    return rest(0, 0)


def price(costs: np.ndarray, path: np.ndarray) -> float:
    total = 0.0
    for before, after in itertools.pairwise(path):
        weight = DIAGONAL_WEIGHT if (after - before).sum() == 2 else 1.0
        total += weight * float(costs[tuple(after)])
    return total


@given(costs=tables)
@settings(deadline=None, max_examples=60)
def test_no_path_is_cheaper(costs: np.ndarray) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aligning, "BAND", 2.0)  # wider than any table
        path = dtw(costs)
    assert price(costs, path) == pytest.approx(cheapest(costs), abs=1e-5)


@given(n=st.integers(1, 60), m=st.integers(1, 60), seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=80)
def test_a_path_goes_from_corner_to_corner_in_single_steps_inside_the_band(
    n: int, m: int, seed: int
) -> None:
    path = dtw(np.random.default_rng(seed).random((n, m)).astype(np.float32))
    assert path[0].tolist() == [0, 0]
    assert path[-1].tolist() == [n - 1, m - 1]
    steps = np.diff(path, axis=0)
    assert ((steps >= 0) & (steps <= 1)).all()
    assert (steps.sum(axis=1) >= 1).all()
    if min(n, m) > 10:
        apart = np.abs(path[:, 0] / (n - 1) - path[:, 1] / (m - 1))
        # One cell more than the band: it is never narrower than that.
        assert apart.max() <= aligning.BAND + 1 / (min(n, m) - 1)


def speech(seed: int, n_frames: int = 300) -> Features:
    """Slowly changing random mel-cepstra."""
    random = np.random.default_rng(seed)
    knots = random.standard_normal((n_frames // 15 + 2, 31))
    at = np.arange(n_frames) / 15
    left = at.astype(int)
    share = (at - left)[:, None]
    mcep = knots[left] * (1 - share) + knots[left + 1] * share
    every = np.ones(n_frames, dtype=bool)
    return Features(mcep=mcep, is_voiced=mcep[:, 1] > 0, is_speech=every)


def stretched(features: Features, frames: np.ndarray) -> Features:
    return Features(
        mcep=features.mcep[frames],
        is_voiced=features.is_voiced[frames],
        is_speech=features.is_speech[frames],
    )


def test_speech_is_found_again_in_its_own_stretched_and_coloured_copy() -> None:
    original = speech(0)
    frames = np.round(299 * np.linspace(0, 1, 400) ** 1.15).astype(int)
    copy = stretched(original, frames)
    coloured = Features(
        mcep=2.0 * copy.mcep + 0.7, is_voiced=copy.is_voiced, is_speech=copy.is_speech
    )
    pairs = align(original, coloured).pairs
    # Two frames: within a knot of 15 frames neighbours are nearly equal.
    assert np.abs(pairs[:, 0] - frames[pairs[:, 1]]).mean() < 2.0


def test_other_words_go_together_worse_than_the_same_words() -> None:
    original = speech(0)
    same = stretched(original, np.round(np.linspace(0, 299, 360)).astype(int))
    assert mismatch(original, same) < 0.5
    # Unrelated speech is as far from speech as speech played backwards.
    assert mismatch(original, speech(1)) == pytest.approx(1.0, abs=0.1)


def test_only_frames_of_speech_are_paired() -> None:
    original = speech(0)
    silent = original.is_speech.copy()
    silent[100:130] = False
    paused = Features(mcep=original.mcep, is_voiced=original.is_voiced, is_speech=silent)
    pairs = align(paused, original).pairs
    assert silent[pairs[:, 0]].all()


def test_long_speech_is_aligned_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aligning, "LARGEST_TABLE", 20_000)
    original = speech(0)
    pairs = align(original, original).pairs
    assert len(pairs) <= 2 * 20_000**0.5
    np.testing.assert_array_equal(pairs[:, 0], pairs[:, 1])
