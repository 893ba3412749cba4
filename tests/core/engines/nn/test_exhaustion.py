"""The real thing: a process whose memory truly ends, around a small real model."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]

EXHAUST = textwrap.dedent(
    """
    import resource, sys
    from pathlib import Path
    import torch
    from torch import nn
    from core.engines.nn.allocator import allocator_for
    from core.engines.nn.cache import CacheShape, KVCache
    from core.memory.classify import classify
    from core.memory.guard import Guard, Ladder, OutOfRoom, Way

    def mapped_bytes():
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()

    torch.set_num_threads(1)
    torch.manual_seed(1)
    net = nn.Sequential(nn.Conv1d(8, 64, 7), nn.ReLU(), nn.Conv1d(64, 8, 7)).requires_grad_(False)
    frames = torch.randn(64, 8, 8000)
    net(frames[:1])
    expected = [net(frames[item : item + 1]).sum().item() for item in range(3)]
    shape = CacheShape(n_layers=4, n_heads=8, head_dim=64, dtype=torch.float32)
    cache = KVCache(shape, n_rows=8, n_tokens=128, device="cpu")
    allocator = allocator_for("cpu")
    allocator.room()
    # 150 MiB more, whatever torch and its threads have mapped; a whole batch needs more, half of
    # it does not.
    most = mapped_bytes() + (150 << 20)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))

    what = sys.argv[1]
    if what == "classify":
        large = 100_000
        for stage in (lambda: net(frames), lambda: cache.extend(large), lambda: bytearray(1 << 30)):
            try:
                stage()
            except (RuntimeError, MemoryError) as error:
                print(classify(error).kind, classify(error).is_host)
        cache.extend(1)
        print(cache.lengths == (1,) * 8)
    else:
        ways = []

        def say(way):
            ways.append(way.batch)
            sums = []
            for start in range(0, 64, way.batch):
                sums += net(frames[start : start + way.batch]).sum((1, 2)).tolist()
            return sums

        told = []
        guard = Guard(allocator, clock=lambda: 0.0, sink=lambda event: told.append(event.text))
        sums = guard.run("speak", say, Way(batch=64), ladder=Ladder())
        print(ways)
        room = allocator.room()
        print(room.free_bytes <= 150 << 20, room.total_bytes == most)
        print(all(abs(sums[item] - expected[item]) <= 1e-2 for item in range(3)))
        print(*told, sep="\\n")
    """
)


def run(what: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", EXHAUST, what],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


@pytest.mark.skipif(sys.platform != "linux", reason="limits address space by Linux's means")
def test_what_torch_says_when_the_machine_is_full_is_known_as_memory() -> None:
    *kinds, cache_is_whole = run("classify")
    assert kinds == ["memory True"] * 3
    assert cache_is_whole == "True"


@pytest.mark.skipif(sys.platform != "linux", reason="limits address space by Linux's means")
def test_the_guard_brings_a_batch_down_to_what_the_machine_has_and_says_the_same() -> None:
    ways, room_is_true, is_same, *told = run("guard")
    batches = [int(word) for word in ways.strip("[]").split(",")]
    assert batches[:3] == [64, 64, 32], "the same size once more, then halves"
    assert all(after == before // 2 for before, after in pairwise(batches[1:]))
    assert room_is_true == "True True"
    assert is_same == "True"
    assert any("memory ran out in speak" in line for line in told)
