"""Patience: waits that double, end at a limit, and are forgotten after one answer."""

from __future__ import annotations

from core.memory.backoff import Backoff


def test_waits_double_up_to_the_longest_and_one_answer_forgets_them() -> None:
    patience = Backoff(first_s=2.0, longest_s=60.0)
    now_s = 0.0
    waits = []
    for _ in range(8):
        assert patience.is_due(now_s)
        patience.failed(now_s)
        begun_s = now_s
        while not patience.is_due(now_s):
            now_s += 0.5
        waits.append(now_s - begun_s)
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]
    patience.worked()
    patience.failed(now_s)
    assert not patience.is_due(now_s + 1.9)
    assert patience.is_due(now_s + 2.0)
