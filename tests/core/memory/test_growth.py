"""Growth is called growth, and noise is not."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from core.memory.growth import GROWS_BYTES, N_LEAST, N_POINTS, growth
from core.memory.picture import Verdict

MIB = 1 << 20


@given(st.lists(st.integers(0, 2**40), max_size=N_LEAST - 1))
def test_a_few_segments_tell_nothing(sizes: list[int]) -> None:
    found = growth(list(enumerate(sizes)))
    assert found.verdict is Verdict.UNKNOWN
    assert found.slope_bytes_per_segment is None
    assert len(found.points) == len(sizes)


@given(st.integers(0, 1000), st.integers(N_LEAST, 300), st.integers(0, 2**30))
def test_steady_growth_is_found_with_its_slope(seed: int, n: int, start: int) -> None:
    noise = random.Random(seed)
    points = [(at, start + 3 * MIB * at + noise.randrange(MIB // 8)) for at in range(n)]
    found = growth(points)
    assert found.verdict is Verdict.GROWING
    # Noise of an eighth of a MiB over at least a dozen segments moves the slope by little.
    assert abs((found.slope_bytes_per_segment or 0) - 3 * MIB) < MIB / 8
    assert len(found.points) == min(n, N_POINTS)


@given(st.integers(0, 1000), st.integers(30, 120))
def test_a_long_segment_now_and_then_is_no_leak(seed: int, n: int) -> None:
    noise = random.Random(seed)
    points = [(at, 300 * MIB + (200 * MIB if noise.random() < 0.2 else 0)) for at in range(n)]
    found = growth(points)
    assert found.verdict is Verdict.STEADY
    assert abs(found.slope_bytes_per_segment or 0) <= GROWS_BYTES


def test_memory_that_is_given_back_is_steady() -> None:
    assert growth([(at, 900 * MIB - at * MIB) for at in range(40)]).verdict is Verdict.STEADY


def test_the_same_segment_measured_again_and_again_has_no_slope() -> None:
    assert growth([(3, MIB * at) for at in range(20)]).verdict is Verdict.UNKNOWN
