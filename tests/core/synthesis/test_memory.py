"""What the page's side keeps of the engine's memory."""

from __future__ import annotations

from core.memory.moments import Kind, MemoryEvent
from core.memory.picture import Split, Verdict
from core.synthesis import wire
from core.synthesis.memory import Memory

MIB = 1 << 20


def told(
    live_bytes: int, n_said: int, *, is_settled: bool = True, events: tuple[MemoryEvent, ...] = ()
) -> wire.Told:
    return wire.Told(
        number=1,
        device="cuda:0",
        uuid="GPU-1",
        split=Split(ours_bytes=live_bytes + 7 * MIB, cache_bytes=7 * MIB),
        batch=None if is_settled else 4,
        predicted_bytes=None,
        peak_bytes=live_bytes,
        budget_bytes=1 << 30,
        n_said=n_said,
        is_settled=is_settled,
        events=events,
    )


def test_memory_in_use_between_batches_is_what_grows_or_does_not() -> None:
    memory = Memory("cuda")
    for n in range(1, 30):
        memory.add(told(900 * MIB, n, is_settled=False))  # in the middle of a batch
        memory.add(told(100 * MIB, n))
    grown = memory.picture(is_alive=True).growth
    assert grown.verdict is Verdict.STEADY
    assert {live for _, live in grown.points} == {100 * MIB}


def test_growth_is_seen_and_a_new_process_begins_anew() -> None:
    memory = Memory("cuda")
    for n in range(1, 30):
        memory.add(told((100 + 2 * n) * MIB, n))
    assert memory.picture(is_alive=True).growth.verdict is Verdict.GROWING
    memory.add(told(100 * MIB, 1))
    assert memory.picture(is_alive=True).growth.verdict is Verdict.UNKNOWN


def test_a_dead_process_uses_nothing_and_its_events_stay() -> None:
    memory = Memory("cuda")
    event = MemoryEvent(kind=Kind.OOM, at_s=0.0, text="memory ran out")
    memory.add(told(100 * MIB, 1, events=(event,)))
    assert memory.picture(is_alive=True).uuid == "GPU-1"
    dead = memory.picture(is_alive=False)
    assert (dead.device, dead.split, dead.events) == ("cuda", Split(), (event,))
