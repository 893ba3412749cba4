from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.jobs.pace import Pace

lengths = st.integers(1, 500)
speeds = st.floats(1e-4, 10.0)


def test_nothing_is_said_about_the_time_before_anything_was_measured() -> None:
    assert Pace().left_s(100) is None


@given(st.lists(lengths, min_size=1, max_size=50), speeds, lengths)
def test_a_steady_engine_is_predicted_exactly(spoken: list[int], per_char: float, n: int) -> None:
    pace = Pace()
    for n_chars in spoken:
        pace.learn(n_chars, n_chars * per_char)
    assert pace.left_s(n) == pytest.approx(n * per_char)


@given(st.lists(st.tuples(lengths, speeds), min_size=1, max_size=50))
def test_the_estimate_lies_between_the_slowest_and_the_fastest(
    spoken: list[tuple[int, float]],
) -> None:
    pace = Pace()
    for n_chars, per_char in spoken:
        pace.learn(n_chars, n_chars * per_char)
    left = pace.left_s(100)
    assert left is not None
    rates = [per_char for _, per_char in spoken]
    # The tolerance is for rounding alone.
    assert 100 * min(rates) * (1 - 1e-9) <= left <= 100 * max(rates) * (1 + 1e-9)


def test_a_machine_that_became_slower_is_noticed_within_a_page() -> None:
    pace = Pace()
    for _ in range(100):
        pace.learn(80, 1.0)
    for _ in range(30):
        pace.learn(80, 4.0)
    # 0.9 ** 30 = 0.04 is what the time before still counts.
    assert pace.left_s(80) == pytest.approx(4.0, rel=0.05)
