"""Whatever fails, at whichever allocation: the same result, and nothing stays behind."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError, ResourceError
from core.memory.budget import MIB, BudgetGate
from core.memory.guard import EngineFatal, Guard, Ladder, OutOfRoom, Rung, Way
from core.memory.moments import Kind, MemoryEvent
from tests.core.memory.ledger import WEIGHTS_BYTES, Ledger, OutOfMemoryError, Speaker, needs

PLANNED = Way(batch=8, decode_chunk=32, dtype="fp32", device="cuda:0")
LADDER = Ladder(min_chunk=8, dtypes=("fp32", "fp16"), cpu_dtype="fp32")
ITEMS = tuple(range(11))


@pytest.fixture(autouse=True)
def _quick_collections() -> Iterator[None]:
    """What the test program itself holds is left out of the guard's collections."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Scene:
    """A guard, its device and what it told."""

    def __init__(self, ledger: Ledger | None = None, *, gate: BudgetGate | None = None) -> None:
        self.ledger = ledger or Ledger()
        self.clock = Clock()
        self.told: list[MemoryEvent] = []
        self.idle: list[object] = []
        self.guard = Guard(
            self.ledger,
            clock=self.clock,
            sink=self.told.append,
            gate=gate,
            unload_idle=self.unload_idle,
        )

    def unload_idle(self) -> int:
        before = self.ledger.live
        self.idle.clear()
        return before - self.ledger.live

    def say(self, speaker: Speaker, items: tuple[int, ...] = ITEMS) -> dict[int, bytes]:
        made = list(
            self.guard.each(
                "speak",
                speaker.speak,
                items,
                PLANNED,
                where=lambda item: f"segment {item + 1}",
                ladder=LADDER,
                needed=needs,
            )
        )
        assert len(dict(made)) == len(made)
        return dict(made)

    def rungs(self) -> list[str]:
        return [event.text for event in self.told if event.kind in (Kind.RUNG, Kind.EVICT)]


def undisturbed() -> tuple[dict[int, bytes], int]:
    scene = Scene()
    speaker = Speaker(scene.ledger)
    return scene.say(speaker), scene.ledger.n_taken


RESULT, N_TAKEN = undisturbed()


def test_nothing_is_told_of_a_run_without_trouble() -> None:
    scene = Scene()
    assert scene.say(Speaker(scene.ledger)) == RESULT
    assert scene.told == []
    assert scene.ledger.n_released == 0


@pytest.mark.parametrize("n_failures", [1, 2, 3, 5, 8])
def test_a_failure_at_any_allocation_changes_nothing_and_leaves_nothing(n_failures: int) -> None:
    for fail_at in range(2, N_TAKEN + 1):
        scene = Scene(Ledger(fail_at=fail_at, n_failures=n_failures))
        speaker = Speaker(scene.ledger)
        assert scene.say(speaker) == RESULT, fail_at
        assert sorted(speaker.made) == list(ITEMS), "an item was made twice"
        assert scene.ledger.live == WEIGHTS_BYTES, fail_at
        # Fewer than were meant for it where the rest moved to the CPU or nothing was left to do.
        assert 1 <= sum(event.kind is Kind.OOM for event in scene.told) <= n_failures


def test_every_rung_is_needed_by_some_run_and_gives_the_same_result() -> None:
    seen = set()
    # From all there is down to weights alone: below, no way on the device is left.
    for cap in range(needs(PLANNED), WEIGHTS_BYTES - 1, -20):
        scene = Scene(Ledger(cap))
        speaker = Speaker(scene.ledger)
        assert scene.say(speaker) == RESULT, cap
        assert scene.ledger.live == WEIGHTS_BYTES
        assert scene.ledger.peak <= cap
        seen |= {event.after.split(" ")[0] for event in scene.told if event.kind is Kind.RUNG}
    assert seen == {"", "batch", "chunk", "fp16", "cpu"}


def test_the_rungs_come_in_order() -> None:
    scene = Scene(Ledger(fail_at=3, n_failures=10**9))
    speaker = Speaker(scene.ledger)
    scene.idle = [scene.ledger.take(50)]
    scene.ledger.fail_at = scene.ledger.n_taken + 1
    assert scene.say(speaker, tuple(range(8))) == {item: RESULT[item] for item in range(8)}
    assert [(event.kind, event.after) for event in scene.told if event.kind is not Kind.OOM] == [
        (Kind.RUNG, ""),
        (Kind.RUNG, "batch 4"),
        (Kind.RUNG, "batch 2"),
        (Kind.RUNG, "batch 1"),
        (Kind.RUNG, "chunk 16"),
        (Kind.RUNG, "chunk 8"),
        (Kind.RUNG, "fp16"),
        (Kind.EVICT, ""),
        (Kind.RUNG, "cpu"),
    ]
    assert {(way.device, way.dtype) for way in speaker.ways[9:]} == {("cpu", "fp32")}


def test_the_last_rung_is_the_refusal() -> None:
    scene = Scene(Ledger(fail_at=1, n_failures=10**9))
    with pytest.raises(OutOfRoom):
        scene.guard.run(
            "decode",
            lambda way: scene.ledger.take(1),
            replace(PLANNED, batch=1),
            ladder=replace(LADDER, cpu_dtype=None),
        )
    assert [event.after for event in scene.told if event.kind is Kind.RUNG] == [
        "", "chunk 16", "chunk 8", "fp16", "refuse"
    ]  # fmt: skip


def test_idle_models_are_unloaded_before_a_stage_goes_to_the_cpu() -> None:
    smallest = Way(batch=1, decode_chunk=8, dtype="fp16", device="cuda:0")
    scene = Scene(Ledger(needs(smallest) + 4999))
    scene.idle = [scene.ledger.take(5000)]
    speaker = Speaker(scene.ledger)
    assert scene.say(speaker) == RESULT
    assert all(way.device == "cuda:0" for way in speaker.ways)
    assert [event.kind for event in scene.told].count(Kind.EVICT) == 1
    assert "idle models unloaded" in next(
        event.text for event in scene.told if event.kind is Kind.EVICT
    )


def test_one_item_that_fits_nowhere_is_refused_with_numbers_and_the_others_are_made() -> None:
    scene = Scene(Ledger(20 * MIB))
    refused: dict[int, OutOfRoom] = {}

    def speak(way: Way, items: tuple[int, ...]) -> Iterator[tuple[int, int]]:
        for item in items:
            scene.ledger.take(30 * MIB if item == 3 else MIB)
            yield item, item * item

    made = dict(
        scene.guard.each(
            "speak",
            speak,
            range(6),
            replace(PLANNED, batch=2),
            where=lambda item: f"segment {item + 1}",
            ladder=replace(LADDER, cpu_dtype=None),
            needed=lambda way: 30 * MIB,
            refused=refused.__setitem__,
        )
    )
    assert made == {0: 0, 1: 1, 2: 4, 4: 16, 5: 25}
    assert list(refused) == [3]
    assert isinstance(refused[3], ResourceError)
    assert refused[3].message == (
        "Segment 4 does not fit into memory, even in the smallest way "
        "(speak: needed 30 MB, 20 MB free)."
    )
    assert (refused[3].needed_bytes, refused[3].free_bytes) == (30 * MIB, 20 * MIB)


def test_a_refusal_that_nobody_takes_is_raised_when_the_others_are_made() -> None:
    scene = Scene(Ledger(10))
    made: list[int] = []

    def speak(way: Way, items: tuple[int, ...]) -> Iterator[tuple[int, None]]:
        for item in items:
            scene.ledger.take(20 if item == 0 else 1)
            yield item, None

    pieces = scene.guard.each("speak", speak, range(3), Way(device="cpu"))
    with pytest.raises(OutOfRoom, match="does not fit"):
        made.extend(item for item, _ in pieces)
    assert made == [1, 2]


def test_a_step_reads_as_a_sentence() -> None:
    scene = Scene(Ledger(needs(PLANNED) - 1))
    scene.say(Speaker(scene.ledger))
    assert scene.rungs()[:2] == [
        "needed 0.0 MB, 0.0 MB free: memory cleared, same size once more, continuing at segment 1",
        "needed 0.0 MB, 0.0 MB free: batch 8 -> 4, continuing at segment 1",
    ]
    scene = Scene(Ledger(14 * MIB * 100))

    def speak(way: Way, items: tuple[int, ...]) -> Iterator[tuple[int, None]]:
        scene.ledger.take(way.batch * 243 * MIB)
        return ((item, None) for item in items)

    list(
        scene.guard.each(
            "speak",
            speak,
            range(11, 19),
            PLANNED,
            where=lambda item: f"segment {item + 1}",
            needed=lambda way: way.batch * 243 * MIB,
        )
    )
    assert scene.rungs()[1] == "needed 1.9 GB, 1.4 GB free: batch 8 -> 4, continuing at segment 12"


def test_a_prediction_that_was_wrong_is_not_told_as_a_shortage() -> None:
    scene = Scene(Ledger(100 * MIB, fail_at=1))
    scene.guard.run("load", lambda way: scene.ledger.take(1), PLANNED, needed=lambda way: 10 * MIB)
    assert scene.rungs() == [
        "did not fit, 10 MB foreseen, 100 MB free: memory cleared, same size once more"
    ]


def test_the_machines_own_words_go_with_the_event() -> None:
    scene = Scene(Ledger(fail_at=1))
    scene.guard.run("load", lambda way: scene.ledger.take(1), PLANNED, where="the engine")
    oom = scene.told[0]
    assert (oom.kind, oom.text) == (Kind.OOM, "memory ran out in load at the engine")
    assert oom.detail == "OutOfMemoryError: CUDA out of memory."


def test_the_failed_frame_is_empty_before_the_first_rung() -> None:
    scene = Scene()
    dead: list[bool] = []
    tensors: list[weakref.ref[object]] = []

    def load(way: Way) -> str:
        dead.extend(tensor() is None for tensor in tensors)
        if tensors:
            return "loaded"
        weights = scene.ledger.take(10)
        tensors.append(weakref.ref(weights))
        raise OutOfMemoryError("CUDA out of memory.")

    gc.disable()
    try:
        assert scene.guard.run("load", load, PLANNED) == "loaded"
    finally:
        gc.enable()
    assert dead == [True]


def test_memory_is_cleared_before_every_rung() -> None:
    for n_failures in range(1, 6):
        scene = Scene(Ledger(fail_at=2, n_failures=n_failures))
        scene.say(Speaker(scene.ledger))
        assert scene.ledger.n_released == n_failures


def test_a_lost_device_ends_it_at_once() -> None:
    scene = Scene()
    n_calls = 0

    def speak(way: Way) -> None:
        nonlocal n_calls
        n_calls += 1
        raise RuntimeError("CUDA error: an illegal memory access was encountered\nmore")

    with pytest.raises(EngineFatal, match="illegal memory access") as caught:
        scene.guard.run("speak", speak, PLANNED)
    assert n_calls == 1
    assert caught.value.__context__ is None
    with pytest.raises(EngineFatal):
        list(scene.guard.each("speak", lambda way, items: speak(way) or (), [1], PLANNED))


def test_a_device_that_is_lost_while_memory_is_given_back_ends_it_too() -> None:
    scene = Scene(Ledger(fail_at=1))

    def release() -> None:
        raise RuntimeError("CUDA error: unspecified launch failure")

    scene.ledger.release = release  # type: ignore[method-assign]
    with pytest.raises(EngineFatal, match="unspecified launch failure"):
        scene.guard.run("load", lambda way: scene.ledger.take(1), PLANNED)


def test_other_errors_and_a_stop_pass_untouched() -> None:
    scene = Scene()
    for error in (InputError("The text is empty."), RuntimeError("a bug"), KeyboardInterrupt()):

        def fail(way: Way, error: BaseException = error) -> None:
            raise error

        with pytest.raises(type(error)) as caught:
            scene.guard.run("speak", fail, PLANNED)
        assert caught.value is error
    assert scene.told == []


def test_an_engine_that_leaves_items_out_is_a_bug_and_not_an_endless_loop() -> None:
    scene = Scene()
    with pytest.raises(RuntimeError, match="1 of 3 items were not made"):
        list(scene.guard.each("speak", lambda way, items: [(0, 0), (2, 2)], range(3), PLANNED))


def test_somebody_who_stops_listening_ends_the_engines_generator() -> None:
    scene = Scene()
    speaker = Speaker(scene.ledger)
    pieces = scene.guard.each("speak", speaker.speak, ITEMS, PLANNED)
    next(pieces)
    assert scene.ledger.live > WEIGHTS_BYTES
    pieces.close()  # type: ignore[attr-defined]
    assert scene.ledger.live == WEIGHTS_BYTES


def test_a_failure_after_the_last_item_makes_nothing_again() -> None:
    scene = Scene()
    made = []

    def speak(way: Way, items: tuple[int, ...]) -> Iterator[tuple[int, int]]:
        for item in items:
            made.append(item)
            yield item, item
        raise MemoryError

    assert dict(scene.guard.each("speak", speak, range(3), PLANNED)) == {0: 0, 1: 1, 2: 2}
    assert made == [0, 1, 2]


def test_a_way_that_worked_is_remembered_ten_minutes_and_climbed_back_one_at_a_time() -> None:
    scene = Scene(Ledger(needs(replace(PLANNED, batch=2))))
    speaker = Speaker(scene.ledger)
    scene.say(speaker, tuple(range(8)))
    assert [way.batch for way in speaker.ways] == [8, 8, 4, 2, 2, 2, 2]

    speaker.ways.clear()
    scene.ledger.cap = 1 << 40
    scene.clock.now_s += 599
    scene.say(speaker, tuple(range(8)))
    assert [way.batch for way in speaker.ways] == [2, 2, 2, 2]

    speaker.ways.clear()
    scene.clock.now_s += 1
    scene.say(speaker, tuple(range(8)))
    assert [way.batch for way in speaker.ways] == [4, 4]

    speaker.ways.clear()
    scene.say(speaker, tuple(range(8)))
    assert [way.batch for way in speaker.ways] == [8]
    assert [event.text for event in scene.told if event.kind is Kind.RESTORE] == [
        "batch 2 -> 4: it fits again", "batch 4 -> 8: it fits again"
    ]  # fmt: skip


def test_a_climb_that_fails_goes_back_down_for_another_ten_minutes() -> None:
    scene = Scene(Ledger(needs(replace(PLANNED, batch=2))))
    speaker = Speaker(scene.ledger)
    scene.say(speaker, tuple(range(8)))
    scene.clock.now_s += 600
    speaker.ways.clear()
    scene.say(speaker, (0, 1, 2, 3))
    assert [way.batch for way in speaker.ways] == [4, 4, 2, 2]
    speaker.ways.clear()
    scene.clock.now_s += 599
    scene.say(speaker, (0, 1, 2, 3))
    assert [way.batch for way in speaker.ways] == [2, 2]


def test_what_was_remembered_of_one_stage_does_not_hold_for_another() -> None:
    scene = Scene(Ledger(needs(replace(PLANNED, batch=2))))
    scene.say(Speaker(scene.ledger), tuple(range(8)))
    ways: list[Way] = []
    scene.guard.run("prepare", ways.append, PLANNED)
    assert ways == [PLANNED]


def test_from_the_cpu_it_comes_back_to_the_card() -> None:
    scene = Scene(Ledger(WEIGHTS_BYTES))
    speaker = Speaker(scene.ledger)
    scene.say(speaker, (0,))
    assert speaker.ways[-1].device == "cpu"
    scene.ledger.cap = 1 << 40
    scene.clock.now_s += 600
    devices = []
    for _ in range(5):
        scene.say(speaker, (0,))
        devices.append(replace(speaker.ways[-1], batch=1))
    assert devices[0] == Way(batch=1, decode_chunk=8, dtype="fp16", device="cuda:0")
    assert devices[-1] == replace(PLANNED, batch=1)


def test_the_budget_is_read_and_enforced_before_every_batch() -> None:
    gate = BudgetGate()
    scene = Scene(Ledger(1000 * MIB), gate=gate)
    scene.say(Speaker(scene.ledger))
    # Two batches, each after a reading: 95 % of the whole less 400 MiB.
    assert scene.ledger.limits == [550 * MIB, 550 * MIB]


def test_a_card_that_others_filled_meanwhile_gets_smaller_batches_before_anything_fails() -> None:
    scene = Scene(Ledger(2000 * MIB), gate=BudgetGate())
    sizes = []

    def speak(way: Way, items: tuple[int, ...]) -> Iterator[tuple[int, None]]:
        sizes.append(way.batch)
        block = scene.ledger.take(way.batch * 100 * MIB)
        scene.ledger.taken_by_others = 1000 * MIB
        for item in items:
            yield item, None
        del block

    list(
        scene.guard.each(
            "speak", speak, range(16), PLANNED, needed=lambda way: way.batch * 100 * MIB
        )
    )
    assert sizes == [8, 4, 4]
    shrunk = [event.text for event in scene.told if event.kind is Kind.SHRINK]
    assert [text for text in shrunk if text.startswith("needs")] == [
        "needs 800 MB, 600 MB may be used: batch 8 -> 4"
    ]
    assert not [event for event in scene.told if event.kind is Kind.OOM]


def test_on_the_host_too_a_batch_is_made_to_fit_the_cap() -> None:
    gate = BudgetGate(cap_bytes=500 * MIB)
    scene = Scene(Ledger(4000 * MIB), gate=gate)
    ways: list[Way] = []
    plan = Way(batch=8, decode_chunk=0, device="cpu")
    scene.guard.run("speak", ways.append, plan, needed=lambda way: way.batch * 45 * MIB)
    assert [way.batch for way in ways] == [2]


EXHAUST = """
import json, resource, sys, time
import numpy as np
from core.memory.budget import Room, System
from core.memory.guard import Guard, Way
from tests.core.memory.ledger import Ledger

MIB = 1 << 20
with open("/proc/self/statm") as statm:
    in_use = int(statm.read().split()[0]) * resource.getpagesize()
told = []
guard = Guard(Ledger(), clock=time.monotonic, sink=told.append)

def speak(way, items):
    rows = np.ones((len(items), 64 * MIB), dtype=np.uint8)
    for place, item in enumerate(items):
        yield item, int(rows[place].sum(dtype=np.int64)) + item

work = lambda: dict(guard.each("speak", speak, range(8), Way(batch=8)))
free = work()
n_before = len(told)
resource.setrlimit(resource.RLIMIT_AS, (in_use + 200 * MIB, in_use + 200 * MIB))
capped = work()
with open("/proc/self/statm") as statm:
    left = int(statm.read().split()[0]) * resource.getpagesize() - in_use
print(json.dumps([free == capped, n_before, [event.after for event in told], left]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS is only kept by Linux")
def test_memory_that_really_runs_out_gives_the_same_result_and_is_given_back() -> None:
    done = subprocess.run(
        [sys.executable, "-c", EXHAUST],
        cwd=Path(__file__).resolve().parents[3],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        # Threads of the numeric libraries would reserve address space of their own.
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    is_same, n_before, rungs, left_bytes = json.loads(done.stdout)
    assert is_same
    assert n_before == 0
    assert [rung for rung in rungs if rung] == ["batch 4", "batch 2"]
    # One arena of the C library may stay; the rows of 64 MiB may not.
    assert left_bytes < 32 * MIB


def test_what_is_hoarded_is_given_back_before_a_large_stage_only() -> None:
    for needed, n_released in ((500 * MIB, 1), (10 * MIB, 0)):
        scene = Scene(Ledger(1000 * MIB), gate=BudgetGate())
        scene.ledger.hoard = 300 * MIB
        scene.guard.run("decode", lambda way: None, PLANNED, needed=lambda way: needed)  # noqa: B023
        assert scene.ledger.n_released == n_released


def test_the_peak_that_is_observed_is_that_of_the_way_that_worked() -> None:
    scene = Scene(Ledger(needs(replace(PLANNED, batch=4))))
    speaker = Speaker(scene.ledger)
    seen: list[tuple[int, int, int]] = []
    for _ in scene.guard.each(
        "speak",
        speaker.speak,
        range(8),
        PLANNED,
        observe=lambda way, items, peak: seen.append((way.batch, len(items), peak)),
    ):
        pass
    peak = needs(replace(PLANNED, batch=4)) - WEIGHTS_BYTES
    assert seen == [(4, 4, peak), (4, 4, peak)]


def test_what_ran_on_the_cpu_says_nothing_about_the_card() -> None:
    scene = Scene(Ledger(10))
    seen: list[int] = []
    scene.guard.run(
        "decode",
        lambda way: way.device == "cpu" or scene.ledger.take(20),
        PLANNED,
        observe=lambda way, peak: seen.append(peak),
    )
    assert seen == []


def test_when_the_machine_itself_is_full_the_cpu_is_no_way_out() -> None:
    scene = Scene()
    devices = set()

    def load(way: Way) -> None:
        devices.add(way.device)
        raise MemoryError

    with pytest.raises(OutOfRoom):
        scene.guard.run("load", load, PLANNED)
    assert devices == {"cuda:0"}


WAYS = st.builds(
    Way,
    batch=st.integers(1, 64),
    decode_chunk=st.integers(0, 512),
    dtype=st.sampled_from(["fp32", "bf16", "fp16"]),
    device=st.sampled_from(["cuda:0", "cpu"]),
)
LADDERS = st.builds(
    Ladder,
    min_chunk=st.integers(1, 64),
    dtypes=st.sampled_from([(), ("fp32",), ("fp32", "fp16"), ("fp32", "bf16", "fp16")]),
    cpu_dtype=st.none() | st.just("fp32"),
)


@given(WAYS, LADDERS)
def test_every_step_is_smaller_and_the_ladder_ends(way: Way, ladder: Ladder) -> None:
    order = [Rung.SMALLER_BATCH, Rung.SMALLER_CHUNK, Rung.LOWER_PRECISION]
    rungs = []
    while (step := ladder.step(way)) is not None:
        rung, smaller = step
        assert (smaller.batch < way.batch) == (rung is Rung.SMALLER_BATCH)
        assert (smaller.decode_chunk < way.decode_chunk) == (rung is Rung.SMALLER_CHUNK)
        rungs.append(rung)
        way = smaller
        assert len(rungs) < 30
    assert rungs == sorted(rungs, key=order.index)
    assert way.batch == 1


@given(WAYS, WAYS, LADDERS)
def test_a_remembered_way_never_makes_a_plan_larger(way: Way, cap: Way, ladder: Ladder) -> None:
    within = ladder.within(way, cap)
    assert within.batch <= min(way.batch, cap.batch)
    assert within.decode_chunk <= min(way.decode_chunk, cap.decode_chunk)
    assert ladder.within(within, cap) == within


@settings(max_examples=60, deadline=None)
@given(
    st.integers(WEIGHTS_BYTES, needs(PLANNED) + 10),
    st.integers(0, N_TAKEN),
    st.integers(1, 4),
    st.lists(st.integers(0, 900), max_size=4),
)
def test_any_cap_any_failure_and_any_pause_give_the_same_result(
    cap: int, fail_at: int, n_failures: int, pauses: list[int]
) -> None:
    ledger = Ledger(cap)
    scene = Scene(ledger)
    speaker = Speaker(ledger)
    ledger.fail_at, ledger.n_failures = fail_at + 1, n_failures
    for pause in [0, *pauses]:
        scene.clock.now_s += pause
        assert scene.say(speaker) == RESULT
        assert ledger.live == WEIGHTS_BYTES
