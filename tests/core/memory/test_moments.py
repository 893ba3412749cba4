"""Events are kept in a bounded ring and speak in numbers a person reads."""

from __future__ import annotations

import pytest

from core.memory.moments import Kind, MemoryEvent, Moments, in_words, shortfall


def event(number: int) -> MemoryEvent:
    return MemoryEvent(kind=Kind.RUNG, at_s=float(number), text=str(number))


def test_only_the_last_events_are_kept_oldest_first() -> None:
    moments = Moments(n_max=3)
    for number in range(5):
        moments.add(event(number))
    assert [each.text for each in moments.last()] == ["2", "3", "4"]
    assert [each.text for each in moments.last(1)] == ["4"]
    assert moments.last(0) == ()


def test_taken_events_are_told_once() -> None:
    moments = Moments()
    moments.extend([event(1), event(2)])
    assert [each.text for each in moments.take()] == ["1", "2"]
    assert moments.take() == ()


@pytest.mark.parametrize(
    ("n_bytes", "words"),
    [
        (12 << 30, "12 GB"),
        (19 << 30, "19 GB"),
        (int(1.9 * (1 << 30)), "1.9 GB"),
        (1000 << 20, "1.0 GB"),
        (340 << 20, "340 MB"),
        (400_000, "0.4 MB"),
        (0, "0 MB"),
    ],
)
def test_bytes_are_written_as_on_the_box_of_a_card(n_bytes: int, words: str) -> None:
    assert in_words(n_bytes) == words


def test_a_shortfall_says_what_is_known() -> None:
    needed, free = int(1.9 * (1 << 30)), int(1.4 * (1 << 30))
    assert shortfall(needed, free) == "needed 1.9 GB, 1.4 GB free"
    assert shortfall(None, free) == "1.4 GB free"
    assert shortfall(None, None) == "did not fit"
