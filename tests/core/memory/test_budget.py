"""The budget leaves a reserve, keeps within the cap, shrinks at once and grows with patience."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.memory.budget import MIB, BudgetGate, Room, System, budget_bytes, reserve_bytes
from core.memory.moments import Kind, MemoryEvent

GIB = 1 << 30


def card(
    free: int,
    *,
    total: int = 8 * GIB,
    ours: int = 0,
    system: System = System.LINUX,
    is_host: bool = False,
) -> Room:
    return Room(
        total_bytes=total,
        free_bytes=free,
        reserved_by_us_bytes=ours,
        is_host=is_host,
        system=system,
    )


ROOMS = st.builds(
    Room,
    total_bytes=st.integers(0, 200 * GIB),
    free_bytes=st.integers(0, 200 * GIB),
    reserved_by_us_bytes=st.integers(0, 200 * GIB),
    is_host=st.booleans(),
    system=st.sampled_from(System),
)
CAPS = st.none() | st.integers(0, 200 * GIB)


@given(ROOMS, CAPS)
def test_a_budget_is_never_negative_nor_above_the_cap_nor_above_what_there_is(
    room: Room, cap: int | None
) -> None:
    budget = budget_bytes(room, cap_bytes=cap)
    assert 0 <= budget <= room.free_bytes + room.reserved_by_us_bytes
    assert cap is None or budget <= cap


@given(ROOMS, CAPS, st.integers(0, GIB))
def test_more_free_memory_never_makes_the_budget_smaller(
    room: Room, cap: int | None, more: int
) -> None:
    freer = Room(
        total_bytes=room.total_bytes,
        free_bytes=room.free_bytes + more,
        reserved_by_us_bytes=room.reserved_by_us_bytes,
        is_host=room.is_host,
        system=room.system,
    )
    assert budget_bytes(freer, cap_bytes=cap) >= budget_bytes(room, cap_bytes=cap)


@pytest.mark.parametrize(
    ("system", "reserve"),
    [
        (System.LINUX, 400 * MIB),
        (System.WINDOWS, 600 * MIB),
        (System.WSL, 8 * GIB // 10),
        (System.DARWIN, 400 * MIB),
    ],
)
def test_every_system_keeps_its_reserve(system: System, reserve: int) -> None:
    room = card(4 * GIB, system=system)
    assert reserve_bytes(room) == reserve
    assert budget_bytes(room, cap_bytes=None) == 4 * GIB - reserve


def test_what_we_hold_ourselves_is_ours_to_use_again() -> None:
    assert budget_bytes(card(1 * GIB, ours=3 * GIB), cap_bytes=None) == 4 * GIB - 400 * MIB


def test_an_empty_card_is_not_filled_to_the_brim() -> None:
    assert budget_bytes(card(8 * GIB), cap_bytes=None) == int(0.95 * 8 * GIB) - 400 * MIB


def test_on_a_full_host_what_runs_may_go_on() -> None:
    room = card(0, ours=GIB, is_host=True)
    assert budget_bytes(room, cap_bytes=None) == GIB
    assert budget_bytes(room, cap_bytes=GIB // 2) == GIB // 2


def test_the_gate_shrinks_at_once_and_grows_after_three_higher_readings() -> None:
    gate = BudgetGate()
    high = gate.follow(card(6 * GIB))
    low = gate.follow(card(2 * GIB))
    assert low < high
    assert [gate.follow(card(free * GIB)) for free in (6, 5)] == [low, low]
    # The lowest of the three: what was free for a moment only is not counted on.
    assert gate.follow(card(6 * GIB)) == budget_bytes(card(5 * GIB), cap_bytes=None)


def test_a_neighbour_that_comes_and_goes_never_makes_the_gate_grow() -> None:
    gate = BudgetGate()
    low = gate.follow(card(2 * GIB))
    for free in (6, 6, 2, 6, 6, 2, 6, 6, 2):
        assert gate.follow(card(free * GIB)) == low


@given(st.lists(st.integers(0, 16 * GIB), min_size=1, max_size=40))
def test_the_gate_never_promises_more_than_the_last_reading(reads: list[int]) -> None:
    gate = BudgetGate()
    for free in reads:
        assert gate.follow(card(free)) <= budget_bytes(card(free), cap_bytes=None)


def test_a_cap_set_while_running_holds_at_once() -> None:
    gate = BudgetGate()
    gate.follow(card(6 * GIB))
    gate.cap_bytes = 2 * GIB
    assert gate.follow(card(6 * GIB)) == 2 * GIB - 400 * MIB


def test_the_gate_tells_of_what_matters_only() -> None:
    told: list[MemoryEvent] = []
    gate = BudgetGate(sink=told.append, clock=lambda: 7.0)
    for free in (6 * GIB, 6 * GIB - MIB, 2 * GIB, 6 * GIB, 6 * GIB, 6 * GIB):
        gate.follow(card(free))
    assert [event.kind for event in told] == [Kind.SHRINK, Kind.RESTORE]
    assert told[0].text == "less memory is free: up to 1.6 GB are used, 5.6 GB before"
    assert told[0].at_s == 7.0
