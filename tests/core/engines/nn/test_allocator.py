"""A device's memory as the guard asks for it, and the guard around a real model on it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from core.engines.nn.allocator import HostAllocator, allocator_for, this_system
from core.engines.nn.ledger import Ledger
from core.memory.allocator import Allocator
from core.memory.budget import System
from core.memory.guard import Guard, Ladder, OutOfRoom, Way
from core.memory.host import Host
from core.memory.moments import Kind, MemoryEvent
from core.memory.readings import HostReading

MIB = 1 << 20


def reading(
    *, total: int | None = 1000 * MIB, used: int | None = 400 * MIB, ours: int | None = 100 * MIB
) -> HostReading:
    return HostReading(
        at_s=0.0,
        cpu_percent=None,
        n_cores=2,
        total_bytes=total,
        used_bytes=used,
        page_bytes=ours,
        engine_bytes=None,
        disk_free_bytes=None,
    )


def test_with_a_ledger_the_host_counts_to_the_byte() -> None:
    with Ledger(cap_bytes=10 * MIB) as ledger:
        allocator: Allocator = allocator_for("cpu", read_host=reading)
        tensor = torch.zeros(4 * MIB, dtype=torch.uint8)
        assert allocator.live_bytes() == allocator.reserved_bytes() == 4 * MIB
        del tensor
        assert allocator.live_bytes() == 0
        assert allocator.peak_bytes() == 4 * MIB
        allocator.reset_peak()
        assert allocator.peak_bytes() == 0
        room = allocator.room()
        assert (room.total_bytes, room.free_bytes) == (10 * MIB, 10 * MIB)
    assert allocator_for("cpu", ledger=ledger, read_host=reading).room().total_bytes == 10 * MIB


def test_a_limit_below_the_card_holds_and_goes_again() -> None:
    with Ledger(cap_bytes=10 * MIB):
        allocator = allocator_for("cpu", read_host=reading)
        allocator.limit(2 * MIB)
        with pytest.raises(torch.OutOfMemoryError, match=r"capacity of 2\.00 MiB"):
            torch.zeros(4 * MIB, dtype=torch.uint8)
        allocator.limit(None)
        torch.zeros(4 * MIB, dtype=torch.uint8)
        with pytest.raises(torch.OutOfMemoryError, match=r"capacity of 10\.00 MiB"):
            torch.zeros(11 * MIB, dtype=torch.uint8)


def test_without_a_ledger_the_host_is_read_from_the_system() -> None:
    now = [100 * MIB]
    allocator = allocator_for("cpu", read_host=lambda: reading(ours=now[0]))
    assert allocator.live_bytes() == 100 * MIB
    now[0] = 300 * MIB
    assert allocator.live_bytes() == 300 * MIB
    now[0] = 150 * MIB
    assert allocator.peak_bytes() == 300 * MIB
    allocator.reset_peak()
    assert allocator.peak_bytes() == 150 * MIB
    room = allocator.room()
    assert (room.total_bytes, room.free_bytes) == (1000 * MIB, 600 * MIB)
    assert room.is_host
    allocator.limit(200 * MIB)
    assert allocator.room() == room, "a limit that follows from the room does not change it"
    allocator.release()


def test_a_process_held_to_an_address_space_has_no_more_room_than_that() -> None:
    held = HostAllocator(reading, read_address_space=lambda: (500 * MIB, 420 * MIB))
    assert (held.room().total_bytes, held.room().free_bytes) == (500 * MIB, 80 * MIB)
    roomy = HostAllocator(reading, read_address_space=lambda: (9000 * MIB, 420 * MIB))
    assert (roomy.room().total_bytes, roomy.room().free_bytes) == (1000 * MIB, 600 * MIB)


def test_a_system_that_does_not_tell_gives_no_room_and_no_error() -> None:
    room = allocator_for("cpu", read_host=lambda: reading(total=None, used=None, ours=None)).room()
    assert (room.total_bytes, room.free_bytes, room.reserved_by_us_bytes) == (0, 0, 0)


def test_the_real_machine_answers() -> None:
    allocator = allocator_for("cpu")
    room = allocator.room()
    assert 0 < room.free_bytes <= room.total_bytes
    assert allocator.live_bytes() > 30 * MIB, "torch alone takes more"
    rss = Host(Path()).read().page_bytes
    assert rss is not None
    assert abs(allocator.live_bytes() - rss) < 50 * MIB


@pytest.mark.parametrize(
    ("name", "release", "expected"),
    [
        ("win32", "10", System.WINDOWS),
        ("darwin", "24.1", System.DARWIN),
        ("linux", "6.8.0-45-generic", System.LINUX),
        ("linux", "5.15.90.1-microsoft-standard-WSL2", System.WSL),
    ],
)
def test_whose_memory_it_is(name: str, release: str, expected: System) -> None:
    assert this_system(name, lambda: release) is expected


@pytest.fixture
def quick_gc() -> Iterator[None]:
    """The guard collects at every recovery: what torch's import left behind need not be walked."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


class Voice:
    """A small real model: what it says of an item depends on the item alone."""

    def __init__(self) -> None:
        torch.manual_seed(3)
        self.net = nn.Sequential(nn.Conv1d(4, 16, 5), nn.ReLU(), nn.Conv1d(16, 1, 5))
        self.net.requires_grad_(False)

    def say(self, way: Way, items: tuple[int, ...]) -> list[tuple[int, torch.Tensor]]:
        assert len(items) <= way.batch
        torch.cat([self.frames(item) for item in items])  # the batch is what takes the room
        return [(item, self.net(self.frames(item))) for item in items]

    @staticmethod
    def frames(item: int) -> torch.Tensor:
        return torch.randn(1, 4, 4096, generator=torch.Generator().manual_seed(item))


def said(
    guard: Guard, voice: Voice, items: list[int], batch: int
) -> tuple[dict[int, torch.Tensor], list[int]]:
    spoken, order = {}, []
    # Made on the host: numpy keeps no tensor alive.
    way, ladder = Way(batch=batch, device="cuda:0"), Ladder(cpu_dtype=None)
    for item, sound in guard.each("speak", voice.say, items, way, ladder=ladder):
        spoken[item] = torch.from_numpy(sound.numpy().copy())
        order.append(item)
    return spoken, order


@pytest.mark.usefixtures("quick_gc")
def test_the_guard_survives_a_fault_at_every_allocation_and_says_the_same() -> None:
    voice, items = Voice(), [1, 2, 3, 4]
    with Ledger() as ledger:
        guard = Guard(
            allocator_for("cpu", read_host=reading), clock=lambda: 0.0, sink=lambda _: None
        )
        expected, _ = said(guard, voice, items, batch=4)
        n_places = ledger.n_allocations
    assert n_places > 20
    for n in range(1, n_places + 1):
        events: list[MemoryEvent] = []
        with Ledger(fail_at_allocation=n) as ledger:
            guard = Guard(
                allocator_for("cpu", read_host=reading), clock=lambda: 0.0, sink=events.append
            )
            spoken, order = said(guard, voice, items, batch=4)
            gc.collect()
            assert ledger.live_bytes <= MIB, "back to the baseline"
        assert [event.kind for event in events] == [Kind.OOM, Kind.RUNG]
        assert sorted(order) == items, "each once"
        assert all(torch.equal(spoken[item], expected[item]) for item in items)


@pytest.mark.usefixtures("quick_gc")
def test_the_guard_halves_until_a_small_card_holds_it_and_refuses_when_none_would() -> None:
    voice, items = Voice(), [1, 2, 3, 4, 5, 6, 7, 8]
    with Ledger() as ledger:
        expected = dict(voice.say(Way(batch=8), tuple(items)))
        whole_bytes = ledger.peak_bytes
        ledger.reset_peak()
    del ledger
    for share in (0.9, 0.7):
        events: list[MemoryEvent] = []
        with Ledger(cap_bytes=int(share * whole_bytes)) as ledger:
            guard = Guard(
                allocator_for("cpu", read_host=reading), clock=lambda: 0.0, sink=events.append
            )
            spoken, _ = said(guard, voice, items, batch=8)
            assert ledger.peak_bytes <= share * whole_bytes
        assert events
        assert all(torch.equal(spoken[item], expected[item]) for item in items)
    with Ledger(cap_bytes=100_000) as ledger:
        guard = Guard(
            allocator_for("cpu", read_host=reading), clock=lambda: 0.0, sink=lambda _: None
        )
        with pytest.raises(OutOfRoom):
            said(guard, voice, items, batch=8)
        gc.collect()
        assert ledger.live_bytes == 0


@pytest.mark.gpu
def test_a_card_counts_limits_and_gives_back() -> None:
    allocator = allocator_for("cuda")
    before_bytes = allocator.live_bytes()
    allocator.reset_peak()
    tensor = torch.zeros(64 * MIB, dtype=torch.uint8, device="cuda")
    assert allocator.live_bytes() - before_bytes == 64 * MIB
    room = allocator.room()
    assert 0 < room.free_bytes < room.total_bytes
    assert not room.is_host
    del tensor
    assert allocator.peak_bytes() - before_bytes == 64 * MIB
    allocator.release()
    assert allocator.reserved_bytes() < 64 * MIB
    allocator.limit(128 * MIB)
    try:
        with pytest.raises(torch.OutOfMemoryError):
            torch.zeros(512 * MIB, dtype=torch.uint8, device="cuda")
    finally:
        allocator.limit(None)
    torch.zeros(512 * MIB, dtype=torch.uint8, device="cuda")
