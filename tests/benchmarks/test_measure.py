"""The measure itself: figures are worth what it is."""

from __future__ import annotations

import sys
import time

import pytest

from benchmarks._measure import machine, measure

WORKS = """
import subprocess, sys, time
held = bytearray(120_000_000)
child = (
    "import sys, time; held = bytearray(80_000_000); begun = time.process_time()\\n"
    "while time.process_time() - begun < 0.6: pass\\n"
)
if len(sys.argv) > 1:
    subprocess.run([sys.executable, "-c", child], check=True)
else:
    exec(child)
print("done")
"""


@pytest.mark.parametrize("words", [[], ["child"]], ids=["itself", "in-a-child"])
def test_work_and_memory_of_a_command_and_its_children_are_counted(words: list[str]) -> None:
    cost = measure([sys.executable, "-c", WORKS, *words])
    assert (cost.code, cost.stdout.strip()) == (0, "done")
    # 0.6 s are worked; what is seen last misses at most a few looks, and Python itself starts.
    assert 0.5 <= cost.cpu_s <= 3.0
    assert cost.wall_s >= 0.6
    held = 120_000_000 if words else 80_000_000
    assert cost.peak_one_bytes >= held
    assert cost.peak_bytes >= 200_000_000 if words else cost.peak_bytes >= held
    # Two bare interpreters are about 10 MB each; 60 MB more would be somebody else's.
    assert cost.peak_bytes <= 260_000_000


def test_a_command_that_hangs_is_ended() -> None:
    begun_s = time.monotonic()
    cost = measure(
        [sys.executable, "-c", "import threading; threading.Event().wait()"], timeout_s=0.5
    )
    assert cost.code != 0
    assert time.monotonic() - begun_s < 30


def test_the_machine_is_named() -> None:
    assert "cores" in machine()
    assert "Python 3" in machine()
