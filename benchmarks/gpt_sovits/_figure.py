"""What a section of the benchmark yields, and how it takes a process's memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from core.memory.heap import HEAP_ENVIRONMENT

ROOT = Path(__file__).resolve().parents[2]


def clock_s() -> float:
    """Seconds: of the wall, or of the processor where torch has one thread.

    Where other work goes on, the second says more; with several threads it counts their waiting.
    """
    return time.process_time() if torch.get_num_threads() == 1 else time.perf_counter()


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number.

    Args:
        name: What was measured.
        value: The number.
        unit: Of it.
        plain: The same of a plain implementation in the same run, where there is one.
        ratio: How many times better than that; above 1 is better.
        aim: What the ratio should reach at least.
    """

    name: str
    value: float
    unit: str
    plain: float | None = None
    ratio: float | None = None
    aim: float | None = None


def taking_turns(
    ways: Mapping[str, Callable[[], float]], *, n_rounds: int
) -> dict[str, tuple[float, float]]:
    """Seconds of each way, and how many times faster than the first it is.

    The ways take turns, so that what else the machine does hits them alike; times are the
    shortest, ratios the median of the rounds' own.

    Args:
        ways: Each returns the seconds it took; the first is what the others are held against.
        n_rounds: Turns of each.
    """
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(n_rounds):
        for name, run in ways.items():
            times[name].append(run())
    first = times[next(iter(ways))]
    return {
        name: (min(own), statistics.median(a / b for a, b in zip(first, own, strict=True)))
        for name, own in times.items()
    }


def risen_bytes(run: Callable[[], object]) -> int:
    """Bytes by which this process's highest resident memory rises while it runs this.

    Only on Linux, whose mark can be set back; for a process that does nothing else, see
    `in_child`.
    """
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before_bytes = _status("VmRSS")
    run()
    return _status("VmHWM") - before_bytes


def in_child(module: str, *words: str) -> int:
    """The number that a module of this package prints when it is run with these words.

    Its process keeps its memory as an engine's does.
    """
    command = [sys.executable, "-m", f"benchmarks.gpt_sovits.{module}", *words]
    environment = {**os.environ, **HEAP_ENVIRONMENT}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def _status(key: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(key)
