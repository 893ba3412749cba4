"""How figures are taken: wall and processor time, memory of process trees, on what machine."""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.memory.host import Host, n_cores

SAMPLE_S = 0.02
"""Between two looks at a process tree: a peak shorter than this can be missed."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one command took.

    Args:
        wall_s: From start to end (s).
        cpu_s: Processor time of the command and its children (s).
        peak_bytes: Largest resident memory of the whole tree at one moment; pages that several of
            its processes share are counted in each.
        peak_one_bytes: Largest resident memory of any single process of it.
        code: Exit code.
        stdout: What it printed.
        stderr: What it complained of.
    """

    wall_s: float
    cpu_s: float
    peak_bytes: int
    peak_one_bytes: int
    code: int
    stdout: str
    stderr: str


def machine() -> str:
    """One line on where a figure was taken."""
    total_bytes = Host(Path.cwd()).read().total_bytes or 0
    return (
        f"{_processor()}, {n_cores()} cores, {total_bytes / 2**30:.0f} GiB, "
        f"Python {platform.python_version()}, {platform.system()} {platform.release()}"
    )


def measure(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout_s: float = 3600.0,
) -> Cost:
    """Run a command to its end and measure it with everything that it starts.

    Args:
        command: Program and arguments.
        cwd: Where it runs; here without it.
        env: Its whole environment; ours without it.
        timeout_s: It is killed after this time.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        used_before_s = _waited_for_s()
        begun_s = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
        tree = Tree(process.pid)
        ended = threading.Event()
        watcher = threading.Thread(target=_watch, args=(tree, ended), daemon=True)
        watcher.start()
        try:
            code = process.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        wall_s = time.perf_counter() - begun_s
        ended.set()
        watcher.join()
        out.seek(0)
        err.seek(0)
        return Cost(
            wall_s=wall_s,
            # The kernel's sum is exact, but lacks what outlives its parent; the looks lack ends.
            cpu_s=max(tree.cpu_s, _waited_for_s() - used_before_s),
            peak_bytes=tree.peak_bytes,
            peak_one_bytes=tree.peak_one_bytes,
            code=code,
            stdout=out.read().decode("utf-8", "replace"),
            stderr=err.read().decode("utf-8", "replace"),
        )


class Tree:
    """A process and all that it started, looked at again and again.

    Args:
        pid: Of the first process.
    """

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._cpu_s: dict[tuple[int, float], float] = {}
        self.peak_bytes = 0
        self.peak_one_bytes = 0

    @property
    def cpu_s(self) -> float:
        """Processor time (s) so far, of processes that ended too, as last seen."""
        return sum(self._cpu_s.values())

    def look(self) -> int:
        """Resident memory of the tree now (bytes)."""
        total_bytes = 0
        for process in self._processes():
            try:
                with process.oneshot():
                    resident = process.memory_info().rss
                    times = process.cpu_times()
                    self._cpu_s[(process.pid, process.create_time())] = times.user + times.system
            except psutil.Error:
                continue
            total_bytes += resident
            self.peak_one_bytes = max(self.peak_one_bytes, resident)
        self.peak_bytes = max(self.peak_bytes, total_bytes)
        return total_bytes

    def _processes(self) -> list[psutil.Process]:
        try:
            return [self._root, *self._root.children(recursive=True)]
        except psutil.Error:
            return []


def end_tree(process: subprocess.Popen[bytes]) -> None:
    """End a process that was started here, and its children: kindly first, then for good."""
    try:
        root = psutil.Process(process.pid)
        processes = [*root.children(recursive=True), root]
    except psutil.Error:
        processes = []
    process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=10)
    for one in alive:
        try:
            one.kill()
        except psutil.Error:
            continue
    process.wait()


def _waited_for_s() -> float:
    """Processor time (s) of all processes that were started here and have ended."""
    times = os.times()
    return times.children_user + times.children_system


def _watch(tree: Tree, ended: threading.Event) -> None:
    while not ended.wait(SAMPLE_S):
        tree.look()


def _processor() -> str:
    """The processor's own name; Linux hides it from `platform`."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
