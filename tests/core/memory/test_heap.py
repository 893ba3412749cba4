"""Resident memory of a computing process stays near what lives, however long it goes on."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from core.memory.heap import HEAP_ENVIRONMENT
from core.synthesis import life

MIB = 1 << 20
ROOT = Path(__file__).resolve().parents[3]

# Windows of one size through a decoder's layers: tensors of 2 to 9 MiB that come and go, 11 MiB of
# them alive at most; the small ones between them keep a heap from closing its holes.
DECODE = """
import ctypes
import sys
import numpy as np
from pathlib import Path

def marks():
    lines = Path("/proc/self/status").read_text().splitlines()
    pairs = (line.split(":") for line in lines if line.startswith(("VmRSS", "VmHWM")))
    return {name: int(value.split()[0]) * 1024 for name, value in pairs}

small = []
def window(seed):
    last = np.ones(2 << 20, dtype=np.uint8)
    for size in (3, 5, 9, 4, 7, 2):
        small.append(np.ones(5000, dtype=np.uint8))
        last = np.full(size << 20, seed % 7, dtype=np.uint8)

before = marks()["VmRSS"]
for seed in range(int(sys.argv[1])):
    window(seed)
if sys.argv[2] == "trimmed":
    ctypes.CDLL(None).malloc_trim(0)
grown = marks()
print(grown["VmHWM"] - before, grown["VmRSS"] - before)
"""


def grown_bytes(n_windows: int) -> tuple[int, int]:
    """Highest resident memory, and what is left of it, above what was there before."""
    done = subprocess.run(
        [sys.executable, "-c", DECODE, str(n_windows), "trimmed"],
        env={**os.environ, **HEAP_ENVIRONMENT, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    highest, left = map(int, done.stdout.split())
    return highest, left


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc reads these names, and /proc is Linux's"
)
def test_the_peak_stays_near_what_lives_and_goes_back_when_asked() -> None:
    short_highest, short_left = grown_bytes(3)
    long_highest, long_left = grown_bytes(60)
    # 16 MiB live at most (9 + 7); holes and the interpreter's own pages come on top (5 MiB seen).
    # What real decoders gain by these thresholds is in `benchmarks.memory --only resident`.
    assert long_highest <= 26 * MIB
    # 57 more windows leave 1.7 MiB of the small blocks, which live.
    assert long_highest - short_highest <= 3 * MIB
    assert max(short_left, long_left) <= 4 * MIB


def test_engine_processes_are_started_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless the person who starts Timbre says otherwise in the environment."""
    started: list[dict[str, str]] = []

    def popen(*_: object, env: dict[str, str], **__: object) -> None:
        started.append(env)

    monkeypatch.setattr(life.subprocess, "Popen", popen)
    life._start(tmp_path / "log", (), 1, 1)
    monkeypatch.setenv("MALLOC_MMAP_THRESHOLD_", "5")
    life._start(tmp_path / "log", (), 1, 1)
    first, second = started
    assert first.items() >= dict(HEAP_ENVIRONMENT).items()
    assert second["MALLOC_MMAP_THRESHOLD_"] == "5"
