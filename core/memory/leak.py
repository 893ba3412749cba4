"""Whether memory grows from job to job: told from noise, from one step and from a sawtooth."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from core.memory.moments import Kind, MemoryEvent, in_words
from core.memory.picture import Growth, Verdict

MIB = 1 << 20

HELD_MAX_BYTES = 1 * MIB
"""After a job, this much beyond the loaded models is nobody's leak."""
GROWTH_MAX_BYTES = 0.5 * MIB
"""Per job."""
FILES_MAX = 0.2
"""Open files per job: one every fifth."""
WINDOW = 50
"""Jobs that are looked at."""
WARM_UP = 3
"""First jobs that fill caches for good and say nothing."""
ENOUGH = 12
"""Fewer points than this are no trend."""
SURE = 4.0
"""Standard deviations of Kendall's score beyond which an order is no accident: asked after
every job, three would be passed by noise alone once in some hundred jobs."""
N_PARTS = 3
N_NAMED = 4


@dataclass(frozen=True, kw_only=True)
class AfterJob:
    """What is in use when a job is over.

    Args:
        live_bytes: By tensors.
        baseline_bytes: By the loaded models.
        resident_bytes: By the process; None where not known.
        n_files: Open files; None where not known.
    """

    live_bytes: int
    baseline_bytes: int = 0
    resident_bytes: int | None = None
    n_files: int | None = None

    @property
    def held_bytes(self) -> int:
        """Beyond the loaded models."""
        return self.live_bytes - self.baseline_bytes


class LeakDetector:
    """Watches one engine process. For one thread.

    Args:
        sink: Told when a leak begins to show, once until it is over.
        clock: Monotonic seconds, for the events.
        suspects: Asked when memory grows: what is alive and who holds it, largest first.
        unit: What is counted between two readings, for the sentence.
    """

    def __init__(
        self,
        *,
        sink: Callable[[MemoryEvent], None] | None = None,
        clock: Callable[[], float] = lambda: 0.0,
        suspects: Callable[[], Sequence[str]] = tuple,
        unit: str = "job",
    ) -> None:
        self._sink = sink
        self._clock = clock
        self._suspects = suspects
        self._unit = unit
        self._n_readings = 0
        self._seen: deque[tuple[int, AfterJob]] = deque(maxlen=WINDOW)
        self._complaint: str = ""

    def after_job(self, reading: AfterJob, *, n: int | None = None) -> Verdict:
        """What this and the earlier jobs together say.

        Args:
            reading: Now.
            n: Units so far, where one reading may stand for several; None counts readings.
        """
        self._n_readings += 1
        if self._n_readings > WARM_UP:
            self._seen.append((self._n_readings if n is None else n, reading))
        found = self._found()
        if found and found[0] != self._complaint and self._sink is not None:
            named = list(self._suspects())[:N_NAMED]
            text = f"{found[1]}: {'; '.join(named)}" if named else found[1]
            self._sink(MemoryEvent(kind=Kind.LEAK, at_s=self._clock(), text=text))
        self._complaint = found[0] if found else ""
        return self.growth().verdict

    @property
    def is_warm(self) -> bool:
        """What fills once and for good is filled: from here on readings count."""
        return self._n_readings >= WARM_UP

    @property
    def is_holding(self) -> bool:
        """More than the loaded models was in use after the last job."""
        return bool(self._seen) and self._seen[-1][1].held_bytes > HELD_MAX_BYTES

    def growth(self) -> Growth:
        """Of the process where it is known, of the tensors where it is not."""
        live, resident, files = self._series()
        shown = resident if resident else live
        verdicts = [
            verdict(live, GROWTH_MAX_BYTES),
            verdict(resident, GROWTH_MAX_BYTES),
            verdict(files, FILES_MAX),
        ]
        if Verdict.GROWING in verdicts:
            combined = Verdict.GROWING
        else:
            combined = verdict(shown, GROWTH_MAX_BYTES)
        return Growth(
            slope_bytes_per_segment=slope(shown) if len(shown) >= ENOUGH else None,
            verdict=combined,
            points=tuple((n, int(value)) for n, value in shown),
        )

    def _series(self) -> tuple[_Series, _Series, _Series]:
        live = [(n, float(reading.held_bytes)) for n, reading in self._seen]
        resident = [
            (n, float(reading.resident_bytes))
            for n, reading in self._seen
            if reading.resident_bytes is not None
        ]
        files = [
            (n, float(reading.n_files)) for n, reading in self._seen if reading.n_files is not None
        ]
        return live, resident, files

    def _found(self) -> tuple[str, str] | None:
        """What is wrong: a name for it and the sentence."""
        live, resident, files = self._series()
        for name, series in (("tensors", live), ("the engine process", resident)):
            if verdict(series, GROWTH_MAX_BYTES) is Verdict.GROWING:
                grown = f"{in_words(int(slope(series)))} per {self._unit}"
                grown += f" over {len(series)} {'jobs' if self._unit == 'job' else 'readings'}"
                return f"growing {name}", f"memory of {name} grows by {grown}"
        if verdict(files, FILES_MAX) is Verdict.GROWING:
            return (
                "files",
                f"open files grow by {slope(files):.1f} per {self._unit}, {files[-1][1]:.0f} now",
            )
        if self.is_holding:
            held = in_words(self._seen[-1][1].held_bytes)
            return "holding", f"{held} more than the loaded models stayed in use after a job"
        return None


_Series = Sequence[tuple[int, float]]


def verdict(series: _Series, growth_max: float) -> Verdict:
    """Whether a series grows by more than so much per step.

    Growing means: the slope is above the limit, the order is no accident, and from third to third
    the lowest value rises. A single step, however high, leaves two lowest values alike; a sawtooth
    that comes back twice in the window comes back to where it was.

    Args:
        series: (number, value), ascending numbers.
        growth_max: Slope that is still no leak.
    """
    if len(series) < ENOUGH:
        return Verdict.UNKNOWN
    length = len(series) // N_PARTS
    floors = [
        min(value for _, value in series[part * length : (part + 1) * length])
        for part in range(N_PARTS)
    ]
    is_growing = (
        slope(series) > growth_max
        and all(later - earlier > growth_max * length / 4 for earlier, later in pairwise(floors))
        and kendall_score(series) > SURE
    )
    return Verdict.GROWING if is_growing else Verdict.STEADY


def slope(series: _Series) -> float:
    """The median of the slopes between all pairs; three of ten points may be anything.

    Sen, P. K. (1968): Estimates of the regression coefficient based on Kendall's tau.
    """
    slopes = [
        (later - earlier) / (n_later - n_earlier)
        for place, (n_later, later) in enumerate(series)
        for n_earlier, earlier in series[:place]
        if n_later != n_earlier
    ]
    return median(slopes) if slopes else 0.0


def kendall_score(series: _Series) -> float:
    """How far the order is from accidental, in standard deviations; positive: it rises.

    Mann, H. B. (1945): Nonparametric tests against trend. Ties make it smaller, which is safe.
    """
    values = [value for _, value in series]
    n = len(values)
    score = sum(
        (later > earlier) - (later < earlier)
        for place, later in enumerate(values)
        for earlier in values[:place]
    )
    return score / math.sqrt(n * (n - 1) * (2 * n + 5) / 18) if n > 1 else 0.0
