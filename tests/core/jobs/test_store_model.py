"""Whatever is done in whatever order, the store says what a plain dictionary would say."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
)

from core.errors import MissingError
from core.jobs.job import DoneSegment, Job, JobState
from core.jobs.store import Store
from core.paths import Paths
from tests.core.jobs.making import make_done, make_job, make_sound

OPEN = (JobState.WAITING, JobState.RUNNING)


class StoreModel(RuleBasedStateMachine):
    jobs = Bundle("jobs")

    @initialize()
    def open(self) -> None:
        self.home = Path(tempfile.mkdtemp())
        self.paths = Paths.default(self.home)
        self.store = Store(self.paths)
        self.known: dict[str, Job] = {}
        self.states: dict[str, JobState] = {}
        self.done: dict[str, dict[int, tuple[DoneSegment, int]]] = {}
        self.ours: set[str] = set()
        self.n_made = 0

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            shutil.rmtree(self.home)

    @rule(target=jobs, n_segments=st.integers(1, 4), state=st.sampled_from(JobState))
    def accept(self, n_segments: int, state: JobState) -> str:
        self.n_made += 1
        job = make_job(n_segments, state=state, made_at=float(self.n_made))
        self.store.add_job(job)
        self.known[job.id], self.states[job.id], self.done[job.id] = job, state, {}
        self.ours.add(job.id)
        return job.id

    @rule(job_id=jobs, place=st.integers(0, 3), seed=st.integers(0, 99))
    def finish_a_segment(self, job_id: str, place: int, seed: int) -> None:
        job = self.known[job_id]
        done = make_done(job, place % len(job.keys), seconds=seed / 100)
        self.store.save_segment(job_id, done, make_sound(seed, 0.01))
        self.done[job_id][done.index] = (done, seed)

    @rule(job_id=jobs, state=st.sampled_from(JobState))
    def change_the_state(self, job_id: str, state: JobState) -> None:
        self.store.set_state(job_id, state)
        self.states[job_id] = state
        self.ours.add(job_id)

    @rule(job_id=jobs, place=st.integers(0, 3))
    def lose_a_file(self, job_id: str, place: int) -> None:
        finished = self.done[job_id]
        if finished:
            index = sorted(finished)[place % len(finished)]
            self.store.segment_file(job_id, self.known[job_id].keys[index]).unlink()
            del finished[index]

    @rule(job_id=jobs)
    def check_the_files(self, job_id: str) -> None:
        before = {line.id: line.n_done for line in self.store.jobs(1000)}[job_id]
        n_forgotten = self.store.recheck(job_id)
        assert n_forgotten == before - len(self.done[job_id])
        if n_forgotten and self.states[job_id] is JobState.DONE:
            self.states[job_id] = JobState.STOPPED

    @rule(job_id=consumes(jobs))
    def delete(self, job_id: str) -> None:
        self.store.delete_job(job_id)
        for known in (self.known, self.states, self.done):
            del known[job_id]
        self.ours.discard(job_id)
        try:
            self.store.job(job_id)
        except MissingError:
            return
        raise AssertionError("a deleted job is still there")

    @rule()
    def close_and_open(self) -> None:
        self.store.close()
        self.store = Store(self.paths)
        self.ours = set()

    @invariant()
    def the_store_says_what_was_told(self) -> None:
        if not hasattr(self, "store"):
            return
        lines = self.store.jobs(1000)
        newest_first = sorted(self.known.values(), key=lambda job: -job.made_at)
        assert [line.id for line in lines] == [job.id for job in newest_first]
        assert {line.id: line.state for line in lines} == self.states
        for job_id, finished in self.done.items():
            job = self.known[job_id]
            assert self.store.job(job_id).plan == job.plan
            assert self.store.done(job_id) == tuple(
                finished[index][0] for index in sorted(finished)
            )
        interrupted = [job.id for job in self.store.interrupted()]
        assert interrupted == [
            job.id
            for job in reversed(newest_first)
            if self.states[job.id] in OPEN and job.id not in self.ours
        ]

    @invariant()
    def every_finished_segment_sounds_as_it_did(self) -> None:
        for job_id, finished in getattr(self, "done", {}).items():
            for index, (_, seed) in finished.items():
                sound, put = self.store.segment_sound(job_id, index), make_sound(seed, 0.01)
                # Half a step of 16 bit.
                assert np.abs(sound.samples - put.samples).max() <= 0.5 / 32768

    @invariant()
    def no_file_is_left_over(self) -> None:
        if hasattr(self, "paths"):
            folders = {folder.name for folder in self.paths.jobs.iterdir()}
            assert folders <= set(self.known)
            assert list(self.paths.data.rglob(".part-*")) == []


TestStoreModel = StoreModel.TestCase
TestStoreModel.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
