"""How long the store takes: keeping a segment, asking what is done, listing, opening.

python benchmarks/store.py [--segments 2000] [--home FOLDER]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from core.jobs.job import JobState
from core.jobs.store import Store
from core.paths import Paths
from tests.core.jobs.making import make_done, make_job, make_sound


def timed_ms(work: Callable[[], object], n_times: int = 1) -> float:
    """Median of the runs (ms)."""
    times = []
    for _ in range(n_times):
        started = time.perf_counter()
        work()
        times.append((time.perf_counter() - started) * 1e3)
    return statistics.median(times)


def measure(home: Path, n_segments: int) -> None:
    paths = Paths.default(home)
    store = Store(paths)
    job = make_job(n_segments, sentence="A sentence of about the usual length, number {}.")
    sound = make_sound(0, 4.0)
    print(f"accept a job of {n_segments} segments: {timed_ms(lambda: store.add_job(job)):.1f} ms")
    each = [
        timed_ms(lambda index=index: store.save_segment(job.id, make_done(job, index), sound))
        for index in range(n_segments)
    ]
    tenth = n_segments // 10
    print(
        f"keep a segment of 4 s: median {statistics.median(each):.1f} ms, first tenth "
        f"{statistics.median(each[:tenth]):.1f}, last tenth {statistics.median(each[-tenth:]):.1f}"
    )
    print(f"ask what is done: {timed_ms(lambda: store.done(job.id), 9):.1f} ms")
    print(f"hear a segment: {timed_ms(lambda: store.segment_sound(job.id, 5), 9):.1f} ms")
    for _ in range(49):
        store.add_job(make_job(n_segments))
    print(f"list 50 jobs: {timed_ms(store.jobs, 9):.1f} ms")
    print(f"read a job: {timed_ms(lambda: store.job(job.id), 9):.1f} ms")
    run = timed_ms(lambda: store.set_state(job.id, JobState.RUNNING))
    print(f"take it up (every file read once): {run:.0f} ms")
    store.close()
    print(f"open and close: {timed_ms(lambda: Store(paths).close(), 9):.1f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--segments", type=int, default=2000)
    parser.add_argument("--home", type=Path, help="an empty folder on the disk to measure")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(arguments.home or Path(folder), arguments.segments)
