"""Numbers read as a person would say them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui import figures

GIB = 1024**3


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.04, "0:00.0"), (8.44, "0:08.4"), (59.96, "1:00.0"), (751.0, "12:31.0"),
        (3723.5, "1:02:03.5"),
    ],
)  # fmt: skip
def test_a_place_in_a_sound_is_a_clock_with_tenths(seconds: float, said: str) -> None:
    assert figures.clock(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "1 s"), (8.4, "8 s"), (52, "50 s"), (89.6, "2 min"), (360, "6 min"),
     (4800, "1 h 20 min"), (7200, "2 h")],
)  # fmt: skip
def test_a_rough_length_is_rounded_to_what_matters(seconds: float, said: str) -> None:
    assert figures.about(seconds) == said


@given(st.floats(min_value=0, max_value=1e6))
def test_a_rough_length_never_says_sixty_of_anything(seconds: float) -> None:
    said = figures.about(seconds)
    assert "60 min" not in said
    assert not said.startswith("0")


def test_memory_is_said_with_its_unit_once() -> None:
    assert figures.of(2.1 * GIB, 12 * GIB) == "2.1 / 12 GB"
    assert figures.size(640 * 1024**2) == "640 MB"
    assert figures.size(9.96 * GIB) == "10 GB"


def test_what_is_not_known_is_a_dash() -> None:
    assert figures.size(None) == figures.percent(None) == figures.degrees(None) == "–"
    assert figures.power(None, 170.0) == "–"
    assert figures.of(None, 12 * GIB) == "– / 12 GB"


@given(
    st.one_of(st.none(), st.floats(min_value=0, max_value=1e12)),
    st.one_of(st.none(), st.floats(min_value=0, max_value=1e12)),
)
def test_a_bar_is_never_longer_than_its_frame(part: float | None, whole: float | None) -> None:
    assert 0.0 <= figures.share(part, whole) <= 1.0
