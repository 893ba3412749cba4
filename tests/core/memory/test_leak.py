"""Growth is told from noise, from one step and from a sawtooth; too little is not told at all."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from core.memory.leak import ENOUGH, MIB, WARM_UP, AfterJob, LeakDetector, slope, verdict
from core.memory.moments import Kind, MemoryEvent
from core.memory.picture import Verdict

N = 50
LIMIT = 0.5 * MIB


def series(value: Callable[[int], float], n: int = N) -> list[tuple[int, float]]:
    return [(place, 1000 * MIB + value(place) * MIB) for place in range(n)]


def noise(seed: int, size: float) -> Callable[[int], float]:
    draw = random.Random(seed)
    values = [draw.gauss(0, size) for _ in range(N)]
    return lambda place: values[place]


@pytest.mark.parametrize("size", [0.1, 2.0, 20.0])
def test_noise_is_steady(size: float) -> None:
    for seed in range(300):
        assert verdict(series(noise(seed, size)), LIMIT) is Verdict.STEADY, seed


def test_noise_of_any_length_is_steady() -> None:
    for n in range(ENOUGH, N):
        for seed in range(30):
            assert verdict(series(noise(seed, 20.0), n), LIMIT) is Verdict.STEADY, (n, seed)


@pytest.mark.parametrize("at", range(1, N))
def test_one_step_is_steady(at: int) -> None:
    for height in (10, 300):
        step = series(lambda place: height * (place >= at))  # noqa: B023
        assert verdict(step, LIMIT) is Verdict.STEADY


@pytest.mark.parametrize("period", [2, 5, 7, 10, 16, 25])
def test_a_sawtooth_is_steady(period: int) -> None:
    for phase in range(period):
        teeth = series(lambda place: 8.0 * ((place + phase) % period))  # noqa: B023
        assert verdict(teeth, LIMIT) is Verdict.STEADY, phase


@pytest.mark.parametrize("growth", [0.7, 1.0, 5.0])
def test_slow_growth_in_noise_is_seen(growth: float) -> None:
    for seed in range(100):
        wobble = noise(seed, 1.0)
        grown = series(lambda place: growth * place + wobble(place))  # noqa: B023
        assert verdict(grown, LIMIT) is Verdict.GROWING, seed


def test_growth_below_half_a_megabyte_per_job_is_steady() -> None:
    assert verdict(series(lambda place: 0.4 * place), LIMIT) is Verdict.STEADY


def test_growth_under_a_sawtooth_is_seen() -> None:
    assert verdict(series(lambda place: 2 * place + 3 * (place % 4)), LIMIT) is Verdict.GROWING


def test_shrinking_is_steady() -> None:
    assert verdict(series(lambda place: -3.0 * place), LIMIT) is Verdict.STEADY


def test_too_few_jobs_say_nothing() -> None:
    assert verdict(series(lambda place: 9.0 * place, ENOUGH - 1), LIMIT) is Verdict.UNKNOWN


def test_the_slope_does_not_mind_a_few_wild_readings() -> None:
    line = series(lambda place: 2.0 * place)
    for place in (3, 17, 40):
        line[place] = (place, 0.0)
    # The wild pairs move the median within the bunch of slopes of 2 exactly.
    assert slope(line) == pytest.approx(2.0 * MIB)


def watch(
    readings: Sequence[AfterJob], suspects: Sequence[str] = ()
) -> tuple[LeakDetector, list[MemoryEvent], list[Verdict]]:
    told: list[MemoryEvent] = []
    detector = LeakDetector(sink=told.append, clock=lambda: 5.0, suspects=lambda: suspects)
    return detector, told, [detector.after_job(reading) for reading in readings]


def test_jobs_that_give_everything_back_are_steady() -> None:
    readings = [AfterJob(live_bytes=7 * MIB, baseline_bytes=7 * MIB, resident_bytes=99, n_files=9)]
    detector, told, verdicts = watch(readings * 40)
    first = WARM_UP + ENOUGH - 1
    assert verdicts == [Verdict.UNKNOWN] * first + [Verdict.STEADY] * (40 - first)
    assert told == []
    assert not detector.is_holding
    assert detector.growth().slope_bytes_per_segment == 0


def test_a_leak_is_told_once_with_its_suspects() -> None:
    readings = [AfterJob(live_bytes=0, resident_bytes=n * 2 * MIB) for n in range(60)]
    detector, told, verdicts = watch(readings, ["f32 [4, 512] held by a list"])
    assert verdicts[-1] is Verdict.GROWING
    assert [(event.kind, event.at_s) for event in told] == [(Kind.LEAK, 5.0)]
    assert told[0].text == (
        "memory of the engine process grows by 2.0 MB per job over 12 jobs: "
        "f32 [4, 512] held by a list"
    )
    growth = detector.growth()
    assert growth.slope_bytes_per_segment == pytest.approx(2 * MIB)
    assert growth.points[-1] == (60, 118 * MIB)
    assert len(growth.points) == 50


def test_what_one_job_left_behind_is_told() -> None:
    clean, left = AfterJob(live_bytes=0), AfterJob(live_bytes=13 * MIB, baseline_bytes=MIB)
    detector, told, _ = watch([clean] * 5 + [left] * 3)
    assert detector.is_holding
    assert [event.text for event in told] == [
        "12 MB more than the loaded models stayed in use after a job"
    ]
    _, told, _ = watch([clean] * 5 + [left, clean, left])
    assert len(told) == 2


def test_open_files_that_grow_are_a_leak_too() -> None:
    _, told, verdicts = watch([AfterJob(live_bytes=0, n_files=10 + n) for n in range(30)])
    assert verdicts[-1] is Verdict.GROWING
    assert told[0].text == "open files grow by 1.0 per job, 24 now"


def test_the_first_jobs_fill_caches_and_are_not_counted() -> None:
    fill = [AfterJob(live_bytes=0, resident_bytes=n * 500 * MIB) for n in range(WARM_UP)]
    _, told, verdicts = watch([*fill, *[AfterJob(live_bytes=0, resident_bytes=MIB)] * 20])
    assert verdicts[-1] is Verdict.STEADY
    assert told == []
