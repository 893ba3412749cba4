"""Jobs as a person sees them: what is made, in which order, and what survives."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import MissingError, ResourceError
from core.events import (
    EngineLoading,
    EngineRestarted,
    EventBoard,
    JobDone,
    JobEvent,
    JobFailed,
    JobQueued,
    JobStarted,
    JobStopped,
    SegmentReady,
)
from core.jobs.job import DoneSegment, Job, JobState
from core.jobs.queue import JobRunner
from core.jobs.speaking import MAX_EARLY_DEATHS, NOT_SAID, NOTHING_TO_SAY, Speaks
from core.jobs.store import Store
from core.jobs.watch import watch
from core.paths import Paths
from core.synthesis.host import EngineHost
from tests import fakes
from tests.fakes import FakeCards, FakeHost, FakeVoices, ask_for, job_of, notes, until


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    fake = tmp_path / "fake"
    fake.mkdir()
    monkeypatch.setenv(fakes.FOLDER, str(fake))
    return fake


class Bench:
    """A runner with its store, and what a person sees of a job."""

    def __init__(
        self, paths: Paths, host: Speaks, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.store = Store(paths)
        self.board = EventBoard()
        self.host = host
        self.runner = JobRunner(
            self.store, host, FakeVoices(), self.board, FakeCards(), clock=clock
        )

    def close(self) -> None:
        self.runner.close()
        if isinstance(self.host, EngineHost):
            self.host.close()
        self.store.close()

    def watch(self, job: Job) -> Iterator[JobEvent]:
        return watch(self.store, self.board, job.id)

    def finish(self, job: Job) -> list[JobEvent]:
        """Submit it and see it to its end."""
        self.store.add_job(job)
        seen = Seen(self, job)
        self.runner.resume(job.id)
        return seen.to_the_end()

    def state(self, job: Job) -> JobState:
        return self.store.job(job.id).state

    def done(self, job: Job) -> tuple[DoneSegment, ...]:
        return self.store.done(job.id)

    def sounds(self, job: Job) -> list[bytes]:
        return [
            self.store.segment_sound(job.id, each.index).samples.tobytes()
            for each in self.done(job)
        ]


class Seen:
    """Everything a watcher is told, read in a thread from now on."""

    def __init__(self, bench: Bench, job: Job) -> None:
        self.events: list[JobEvent] = []
        self._changed = threading.Condition()
        n_before = bench.board.n_followers
        self._thread = threading.Thread(target=self._read, args=(bench, job))
        self._thread.start()
        until(lambda: bench.board.n_followers > n_before or not self._thread.is_alive())

    def _read(self, bench: Bench, job: Job) -> None:
        for event in bench.watch(job):
            with self._changed:
                self.events.append(event)
                self._changed.notify_all()

    def wait_for(self, kind: type[JobEvent], n: int = 1) -> None:
        with self._changed:
            assert self._changed.wait_for(
                lambda: sum(isinstance(each, kind) for each in self.events) >= n, 20.0
            )

    def to_the_end(self) -> list[JobEvent]:
        self._thread.join(30.0)
        assert not self._thread.is_alive()
        return self.events


@pytest.fixture
def open_bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    benches: list[Bench] = []

    def open_one(host: Speaks | None = None, **settings: Any) -> Bench:
        benches.append(Bench(Paths.default(tmp_path / "home"), host or FakeHost(), **settings))
        return benches[-1]

    yield open_one
    for each in benches:
        each.close()


@pytest.fixture
def bench(open_bench: Callable[..., Bench]) -> Bench:
    return open_bench()


@pytest.fixture
def real(open_bench: Callable[..., Bench], tmp_path: Path) -> Bench:
    """With an engine process that can be killed."""
    return open_bench(EngineHost(tmp_path / "engine.log", packages=("tests",)))


def segments(events: list[JobEvent]) -> list[SegmentReady]:
    return [each for each in events if isinstance(each, SegmentReady)]


def kinds(events: list[JobEvent]) -> list[type[JobEvent]]:
    return [type(each) for each in events]


TEN = tuple(f"Sentence number {n}." for n in range(10))


# A job that goes well


def test_every_segment_is_told_and_in_the_store(bench: Bench) -> None:
    job = job_of(*TEN)
    events = bench.finish(job)
    assert kinds(events) == [JobQueued, JobStarted, *[SegmentReady] * 10, JobDone]
    assert [each.index for each in segments(events)] == list(range(10))
    assert [each.n_done for each in segments(events)] == list(range(1, 11))
    assert [each.key for each in bench.done(job)] == list(job.keys)
    assert bench.state(job) is JobState.DONE


def test_a_segment_is_in_the_store_when_it_is_announced(bench: Bench) -> None:
    job = job_of(*TEN)
    bench.store.add_job(job)
    told = []
    with bench.board.follow(job.id) as line:
        bench.runner.resume(job.id)
        while not isinstance(event := line.next(), JobDone):
            if isinstance(event, SegmentReady):
                told.append(bench.store.segment_sound(job.id, event.index).seconds > 0.0)
    assert told == [True] * 10


def test_the_time_left_is_what_the_rest_will_take(open_bench: Callable[..., Bench]) -> None:
    # On this clock to store takes no time; the fake host says that each sentence took 10 ms.
    bench = open_bench(clock=lambda: 0.0)
    left = [each.left_s for each in segments(bench.finish(job_of(*TEN)))]
    assert left == pytest.approx([0.01 * (9 - n) for n in range(10)])


@pytest.mark.parametrize(("first_chars", "expected"), [(None, [1, 2, 4, 3]), (40, [1, 1, 2, 4, 2])])
def test_the_first_sound_does_not_wait_for_a_batch(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, first_chars: int | None, expected: list[int]
) -> None:
    sizes: list[int] = []
    card = dataclasses.replace(fakes.FAKE_CARD, first_chars=first_chars)
    monkeypatch.setattr(FakeCards, "ready", lambda *_: card)
    speak = bench.host.speak

    def counting(card, reference, batch, settings, stop, **more):  # type: ignore[no-untyped-def]
        sizes.append(len(batch))
        return speak(card, reference, batch, settings, stop, **more)

    bench.host.speak = counting  # type: ignore[method-assign]
    bench.finish(job_of(*TEN))
    assert sizes == expected


def test_a_segment_without_words_is_a_short_silence_with_a_note(bench: Bench) -> None:
    job = job_of("One.", "", "Two.")
    bench.finish(job)
    silent = bench.done(job)[1]
    assert silent.note == NOTHING_TO_SAY
    assert not np.any(bench.store.segment_sound(job.id, 1).samples)
    assert len(notes("said")) == 2


def test_a_segment_of_which_the_engine_makes_no_sound_says_so(bench: Bench) -> None:
    job = job_of("Heard.", "[mute] not heard.", "Heard too.")
    bench.finish(job)
    assert [done.note for done in bench.done(job)] == [None, NOT_SAID, None]


def test_a_text_of_emoji_needs_no_engine(real: Bench) -> None:
    job = job_of("", "")
    assert kinds(real.finish(job))[-1] is JobDone
    assert not notes("load")


def test_jobs_run_in_the_order_in_which_they_came(bench: Bench) -> None:
    first, second, third = job_of("[wait] a"), job_of("b"), job_of("c")
    seen = []
    for job in (first, second, third):
        bench.runner.submit(job)
        seen.append(Seen(bench, job))
    until(lambda: bench.runner.running is not None)
    assert bench.runner.running.id == first.id
    assert [bench.state(job) for job in (second, third)] == [JobState.WAITING] * 2
    ask_for("go")
    for each in seen:
        assert isinstance(each.to_the_end()[-1], JobDone)
    assert notes("said") == ["said [wait] a", "said b", "said c"]
    until(lambda: bench.runner.running is None)


def test_a_waiting_job_knows_how_many_run_before_it(bench: Bench) -> None:
    bench.runner.submit(job_of("[wait]"))
    until(lambda: bench.runner.running is not None)
    bench.runner.submit(job_of("b"))
    job = job_of("c")
    bench.store.add_job(job)
    with bench.board.follow(job.id) as line:
        bench.runner.resume(job.id)
        assert line.next() == JobQueued(job_id=job.id, n_ahead=2)


# Stop and resume


def test_stop_is_over_within_a_second_and_keeps_what_is_finished(bench: Bench) -> None:
    job = job_of("One.", "Two.", "[wait]", "Four.")
    bench.runner.submit(job)
    seen = Seen(bench, job)
    until(lambda: "begin [wait]" in notes())
    since = time.monotonic()
    bench.runner.stop(job.id)
    assert time.monotonic() - since < 1.0
    assert bench.state(job) is JobState.STOPPED
    assert bench.runner.running is None
    assert isinstance(seen.to_the_end()[-1], JobStopped)
    assert [each.index for each in bench.done(job)] == [0, 1]


def test_an_engine_that_does_not_listen_is_stopped_within_a_second(real: Bench) -> None:
    job = job_of("One.", "[hang]")
    real.runner.submit(job)
    until(lambda: "begin [hang]" in notes())
    since = time.monotonic()
    real.runner.stop(job.id)
    assert time.monotonic() - since < 1.0
    assert real.state(job) is JobState.STOPPED
    assert [each.index for each in real.done(job)] == [0]


def test_a_stopped_job_resumed_sounds_like_one_never_stopped(bench: Bench) -> None:
    texts = ("One.", "Two.", "[wait] Three.", "Four.", "Two.")
    stopped, whole = job_of(*texts), job_of(*texts)
    bench.runner.submit(stopped)
    until(lambda: "begin [wait] Three." in notes())
    bench.runner.stop(stopped.id)
    ask_for("go")
    seen = Seen(bench, stopped)
    seen.to_the_end()
    resumed = bench.runner.resume(stopped.id)
    assert resumed.state is JobState.WAITING
    assert isinstance(Seen(bench, stopped).to_the_end()[-1], JobDone)
    bench.finish(whole)
    assert stopped.keys == whole.keys
    assert bench.sounds(stopped) == bench.sounds(whole)
    # Each sentence once per job, whatever stood between.
    assert [notes().count(f"said {text}") for text in ("One.", "Four.")] == [2, 2]


def test_a_waiting_job_can_be_stopped(bench: Bench) -> None:
    running, waiting = job_of("[wait]"), job_of("b")
    bench.runner.submit(running)
    bench.runner.submit(waiting)
    seen = Seen(bench, waiting)
    bench.runner.stop(waiting.id)
    assert isinstance(seen.to_the_end()[-1], JobStopped)
    ask_for("go")
    Seen(bench, running).to_the_end()
    assert bench.state(waiting) is JobState.STOPPED
    assert not bench.done(waiting)


def test_stopping_or_resuming_what_is_done_changes_nothing(bench: Bench) -> None:
    job = job_of("One.")
    bench.finish(job)
    bench.runner.stop(job.id)
    assert bench.runner.resume(job.id).state is JobState.DONE
    assert bench.state(job) is JobState.DONE
    assert notes("said") == ["said One."]


def test_resuming_twice_runs_once(bench: Bench) -> None:
    job = job_of("[wait]")
    bench.runner.submit(job)
    bench.runner.resume(job.id)
    until(lambda: bench.runner.running is not None)
    bench.runner.resume(job.id)
    ask_for("go")
    Seen(bench, job).to_the_end()
    assert len(notes("said")) == 1


def test_a_job_that_is_not_there_can_be_neither_stopped_nor_resumed(bench: Bench) -> None:
    with pytest.raises(MissingError):
        bench.runner.stop("0" * 32)
    with pytest.raises(MissingError):
        bench.runner.resume("0" * 32)


def test_a_job_deleted_while_it_waits_is_passed_over(bench: Bench) -> None:
    running, waiting, last = job_of("[wait]"), job_of("b"), job_of("c")
    for job in (running, waiting, last):
        bench.runner.submit(job)
    bench.store.delete_job(waiting.id)
    ask_for("go")
    assert isinstance(Seen(bench, last).to_the_end()[-1], JobDone)


def test_a_job_deleted_while_it_runs_ends_and_the_next_one_runs(bench: Bench) -> None:
    running, last = job_of("[wait]"), job_of("c")
    bench.runner.submit(running)
    until(lambda: notes("begin") != [])
    seen = Seen(bench, running)
    seen.wait_for(JobStarted)
    bench.store.delete_job(running.id)
    bench.runner.submit(last)
    ask_for("go")
    assert isinstance(seen.to_the_end()[-1], JobFailed)
    assert isinstance(Seen(bench, last).to_the_end()[-1], JobDone)


def test_what_runs_when_timbre_ends_goes_on_the_next_time(
    open_bench: Callable[..., Bench],
) -> None:
    bench = open_bench()
    running, waiting = job_of("One.", "[wait] Two."), job_of("Three.")
    bench.runner.submit(running)
    bench.runner.submit(waiting)
    until(lambda: "begin [wait] Two." in notes())
    seen = Seen(bench, running)
    bench.close()
    seen.to_the_end()
    later = open_bench()
    assert [job.id for job in later.store.interrupted()] == [running.id, waiting.id]
    ask_for("go")
    for job in later.store.interrupted():
        later.runner.resume(job.id)
    for job in (running, waiting):
        assert isinstance(Seen(later, job).to_the_end()[-1], JobDone)
    assert notes().count("said One.") == 1


# An engine that dies


def test_a_killed_engine_costs_no_finished_segment_and_makes_none_twice(real: Bench) -> None:
    job = job_of(*TEN[:5], "[wait] Six.", *TEN[5:])
    real.runner.submit(job)
    seen = Seen(real, job)
    until(lambda: "begin [wait] Six." in notes())
    assert isinstance(real.host, EngineHost)
    assert real.host.pid is not None
    ask_for("go")
    os.kill(real.host.pid, signal.SIGKILL)
    events = seen.to_the_end()
    assert isinstance(events[-1], JobDone)
    assert sorted(each.index for each in segments(events)) == list(range(11))
    assert all(each.note is None for each in real.done(job))
    assert len(notes("load")) == 1 + kinds(events).count(EngineRestarted)
    # A sentence that the kernel killed just before its sound arrived is the only one said again.
    finished = notes("said")
    assert all(finished.count(f"said {text}") == 1 for text in TEN)


@pytest.mark.parametrize("line", range(1, 13))
def test_whenever_the_engine_dies_the_job_is_whole_and_nothing_is_made_twice(
    real: Bench, line: int
) -> None:
    texts = TEN[:5]
    ask_for("die at line", str(line))
    job = job_of(*texts)
    events = real.finish(job)
    last_words = notes()[line - 1]
    assert isinstance(events[-1], JobDone)
    assert kinds(events).count(EngineRestarted) == 1
    assert [each.index for each in segments(events)] == list(range(5))
    assert all(each.note is None for each in real.done(job))
    for text in texts:
        # What it had said but not yet handed over when it died is the one thing said again.
        assert notes().count(f"said {text}") == (2 if last_words == f"said {text}" else 1)


@pytest.mark.parametrize("stage", ["load", "prepare"])
def test_an_engine_killed_before_it_speaks_is_started_again(real: Bench, stage: str) -> None:
    job = job_of("One.", "Two.")
    ask_for(f"hang in {stage}")
    real.runner.submit(job)
    seen = Seen(real, job)
    until(lambda: notes(stage) != [])
    fakes.ask_no_more_for(f"hang in {stage}")
    assert isinstance(real.host, EngineHost)
    assert real.host.pid is not None
    os.kill(real.host.pid, signal.SIGKILL)
    events = seen.to_the_end()
    assert isinstance(events[-1], JobDone)
    assert EngineRestarted in kinds(events)
    assert len(notes("said")) == 2


def test_loading_is_told(real: Bench) -> None:
    first, second = job_of("One."), job_of("Two.")
    assert kinds(real.finish(first)) == [
        JobQueued,
        EngineLoading,
        JobStarted,
        SegmentReady,
        JobDone,
    ]
    assert EngineLoading not in kinds(real.finish(second))


def test_a_segment_that_kills_the_engine_twice_is_set_aside(real: Bench) -> None:
    job = job_of("One.", "Two.", "[die] Three.", "Four.", "Five.")
    events = real.finish(job)
    assert isinstance(events[-1], JobDone)
    assert kinds(events).count(EngineRestarted) == 2
    by_index = {each.index: each.note for each in real.done(job)}
    assert [index for index, note in by_index.items() if note] == [2]
    assert "failed 2 times" in str(by_index[2])
    assert not np.any(real.store.segment_sound(job.id, 2).samples)
    assert [notes().count(f"said {text}") for text in ("One.", "Two.", "Four.", "Five.")] == [1] * 4
    assert notes().count("begin [die] Three.") == 2


def test_a_segment_that_killed_the_engine_once_is_said_the_second_time(real: Bench) -> None:
    job = job_of("One.", "[die once] Two.", "Three.")
    assert isinstance(real.finish(job)[-1], JobDone)
    assert all(each.note is None for each in real.done(job))


@pytest.mark.parametrize("text", ["[raise]", "[refuse]", "[nan]", "[empty]", "[memory]"])
def test_a_segment_that_cannot_be_said_does_not_cost_the_others(real: Bench, text: str) -> None:
    job = job_of("One.", "Two.", f"{text} Three.", "Four.")
    events = real.finish(job)
    assert isinstance(events[-1], JobDone)
    assert [each.index for each in real.done(job) if each.note] == [2]
    assert [notes().count(f"said {text}") for text in ("One.", "Two.", "Four.")] == [1] * 3


def test_one_that_cannot_be_said_keeps_no_other_of_its_call_waiting(real: Bench) -> None:
    job = job_of("One.", "[refuse] Two.", "Three.", "Four.")
    assert isinstance(real.finish(job)[-1], JobDone)
    begun = [line.removeprefix("begin ") for line in notes("begin")]
    assert begun == ["One.", "[refuse] Two.", "Three.", "[refuse] Two.", "Four."]
    (note,) = [each.note for each in real.done(job) if each.note]
    assert "This cannot be said." in note


def test_first_segments_that_fail_are_set_aside_once_another_succeeds(bench: Bench) -> None:
    job = job_of("[die] One.", "[refuse] Two.", "Three.", "Four.")
    events = bench.finish(job)
    assert isinstance(events[-1], JobDone)
    assert [each.index for each in bench.done(job) if each.note] == [0, 1]


def test_a_job_whose_every_segment_fails_has_failed_and_can_be_tried_again(bench: Bench) -> None:
    job = job_of("[refuse] One.", "[refuse] Two.")
    failure = bench.finish(job)[-1]
    assert isinstance(failure, JobFailed)
    assert failure.message == "This cannot be said."
    assert failure.hint == "Say something else."
    assert bench.state(job) is JobState.FAILED
    assert not bench.done(job)
    before = len(notes("begin"))
    bench.runner.resume(job.id)
    Seen(bench, job).to_the_end()
    assert len(notes("begin")) == 2 * before


def test_an_engine_that_always_fails_is_not_tried_for_ever(bench: Bench) -> None:
    job = job_of(*[f"[die] {n}" for n in range(50)])
    assert isinstance(bench.finish(job)[-1], JobFailed)
    assert len(notes("begin")) < 10


def test_an_engine_that_dies_before_it_speaks_is_not_started_for_ever(
    open_bench: Callable[..., Bench], tmp_path: Path
) -> None:
    bench = open_bench(EngineHost(tmp_path / "engine.log", packages=("core.engines",)))
    events = bench.finish(job_of("One."))
    assert isinstance(events[-1], JobFailed)
    assert f"{MAX_EARLY_DEATHS} times" in events[-1].message
    assert kinds(events).count(EngineRestarted) == MAX_EARLY_DEATHS - 1


# What cannot go on


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"voice_id": "gone"}, "no such voice"),
        ({"voice_id": "short"}, "too short"),
        ({"engine": "unknown"}, "no engine"),
        ({"settings": {"speed": 9.0}}, "speed"),
    ],
)
def test_a_request_that_cannot_be_met_fails_with_a_sentence(
    bench: Bench, change: dict[str, object], message: str
) -> None:
    job = job_of("One.")
    job = dataclasses.replace(job, request=dataclasses.replace(job.request, **change))  # type: ignore[arg-type]
    failure = bench.finish(job)[-1]
    assert isinstance(failure, JobFailed)
    assert message in failure.message
    assert bench.state(job) is JobState.FAILED
    assert message in str(bench.store.job(job.id).error)
    assert isinstance(bench.finish(job_of("The next one."))[-1], JobDone)


def test_a_full_disk_fails_the_job_and_keeps_what_is_finished(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_of(*TEN)
    save = bench.store.save_segment

    def fill_up(job_id, done, audio):  # type: ignore[no-untyped-def]
        if done.index == 4:
            raise ResourceError("The disk is full: 0.1 MB free.", "Make room.")
        save(job_id, done, audio)

    monkeypatch.setattr(bench.store, "save_segment", fill_up)
    failure = bench.finish(job)[-1]
    assert failure == JobFailed(
        job_id=job.id, message="The disk is full: 0.1 MB free.", hint="Make room."
    )
    assert [each.index for each in bench.done(job)] == [0, 1, 2, 3]
    monkeypatch.undo()
    bench.runner.resume(job.id)
    assert isinstance(Seen(bench, job).to_the_end()[-1], JobDone)


def test_a_bug_costs_one_job_and_gets_an_incident_number(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(voice_id: str) -> None:
        raise ZeroDivisionError("a bug of ours")

    with monkeypatch.context() as patch:
        patch.setattr(FakeVoices, "reference", staticmethod(break_down))
        failure = bench.finish(job_of("One."))[-1]
    assert isinstance(failure, JobFailed)
    assert "incident" in failure.message
    assert "ZeroDivisionError" not in failure.message
    assert "ZeroDivisionError: a bug of ours" in caplog.text
    assert isinstance(bench.finish(job_of("The next one."))[-1], JobDone)


# Watching


def test_two_watchers_are_told_the_same(bench: Bench) -> None:
    job = job_of("[wait] One.", *TEN)
    bench.runner.submit(job)
    until(lambda: notes("begin") != [])
    both = [Seen(bench, job), Seen(bench, job)]
    ask_for("go")
    one, other = (each.to_the_end() for each in both)
    assert one == other
    assert [each.index for each in segments(one)] == list(range(11))


def test_a_watcher_who_comes_late_is_told_everything_once(bench: Bench) -> None:
    job = job_of(*TEN[:5], "[wait] Six.", *TEN[5:])
    bench.runner.submit(job)
    until(lambda: "begin [wait] Six." in notes())
    seen = Seen(bench, job)
    seen.wait_for(SegmentReady, 5)
    ask_for("go")
    events = seen.to_the_end()
    assert kinds(events) == [JobStarted, *[SegmentReady] * 11, JobDone]
    assert [each.index for each in segments(events)] == list(range(11))
    assert [each.n_done for each in segments(events)] == list(range(1, 12))


def test_a_watcher_of_a_job_that_is_over_is_told_its_whole_story(bench: Bench) -> None:
    job = job_of(*TEN)
    bench.finish(job)
    events = list(bench.watch(job))
    assert kinds(events) == [JobStarted, *[SegmentReady] * 10, JobDone]
    failed = job_of("[refuse]")
    bench.finish(failed)
    (started, end) = bench.watch(failed)
    assert isinstance(started, JobStarted)
    assert isinstance(end, JobFailed)
    assert "This cannot be said." in end.message


def test_a_watcher_who_goes_away_is_forgotten(bench: Bench) -> None:
    job = job_of("One.", "[wait]")
    bench.runner.submit(job)
    until(lambda: "begin [wait]" in notes())
    watcher = bench.watch(job)
    next(watcher)
    assert bench.board.n_followers == 1
    watcher.close()  # type: ignore[attr-defined]
    assert bench.board.n_followers == 0


def test_a_watcher_too_slow_for_the_events_still_is_told_everything(
    open_bench: Callable[..., Bench],
) -> None:
    bench = open_bench()
    board = EventBoard(n_max=2)
    bench.runner._board = board
    bench.board = board
    job = job_of("One.", "[wait]", *TEN, "[wait]")
    bench.runner.submit(job)
    until(lambda: "begin [wait]" in notes())
    watcher = bench.watch(job)
    assert isinstance(next(watcher), JobStarted)
    assert isinstance(next(watcher), SegmentReady)
    ask_for("go")
    until(lambda: bench.state(job) is JobState.DONE)
    rest = list(watcher)
    assert isinstance(rest[-1], JobDone)
    told = [each.index for each in segments(rest)]
    assert sorted(told) == list(range(1, 13))
    assert len(told) == 12


def test_watching_ends_when_timbre_ends(bench: Bench) -> None:
    job = job_of("[wait]")
    bench.runner.submit(job)
    until(lambda: notes("begin") != [])
    seen = Seen(bench, job)
    bench.runner.close()
    assert kinds(seen.to_the_end()) == [JobStarted]


def test_nobody_can_watch_what_is_not_there(bench: Bench) -> None:
    with pytest.raises(MissingError):
        next(bench.watch(job_of("One.")))
    assert bench.board.n_followers == 0


# Sound that is heard while it is made


def test_of_the_first_segment_there_is_sound_before_it_is_whole_and_none_of_it_is_kept(
    real: Bench,
) -> None:
    job = job_of("[wait] One.", "Two.")
    real.runner.submit(job)
    until(lambda: real.runner.early.after(job.id, 0) is not None)
    half = real.runner.early.after(job.id, 0)
    assert half is not None
    assert not real.done(job)
    assert real.runner.early.after(job.id, len(half.samples)) is None, "that was all so far"
    assert real.runner.early.after("another", 0) is None
    ask_for("go")
    Seen(real, job).to_the_end()
    whole = real.store.segment_sound(job.id, 0).samples
    # Rounding to 16 bit moves a sample by at most half a step.
    assert np.abs(whole[: len(half.samples)] - half.samples).max() <= 0.5 / 32768
    assert len(whole) > len(half.samples)
    assert real.runner.early.after(job.id, 0) is None


def test_what_a_failed_try_let_hear_is_forgotten(bench: Bench) -> None:
    job = job_of("[refuse] One.", "Two.")
    assert isinstance(bench.finish(job)[-1], JobDone)
    assert bench.runner.early.after(job.id, 0) is None
