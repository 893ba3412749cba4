"""Jobs of a real small engine in the real engine process, on a card that is too small."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from core.audio.samples import Samples
from core.engines.protocol import EngineCard
from core.events import EngineRestarted, EventBoard, JobDone, JobEvent
from core.jobs.job import Job
from core.jobs.queue import JobRunner
from core.jobs.store import Store
from core.jobs.watch import watch
from core.memory.moments import Kind
from core.paths import Paths
from core.synthesis.host import EngineHost
from tests import fakes
from tests.fakes import FAKE_CARD, FakeVoices, ask_for, job_of, notes
from tests.tiny_engine import CAP, TINY_CARD

TEXTS = (
    "One two three.",
    "Four.",
    "Five six seven eight.",
    "Nine ten.",
    "Eleven.",
    "Twelve it is.",
)

WEIGHTS_BYTES = 147_936
"""Of the tiny engine, as its ledger counts them; see `test_guarded`."""
SMALL_BYTES = WEIGHTS_BYTES + 190_000
"""A batch of four takes 300 kB more than the weights, one of these texts alone at most 180."""

STORED = 2e-4
"""16 bit in the store: half a step is 1.5e-5; dither adds one."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    fake = tmp_path / "fake"
    fake.mkdir()
    monkeypatch.setenv(fakes.FOLDER, str(fake))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return fake


class Cards:
    def ready(self, name: str, model: str = "") -> EngineCard:
        return {"tiny": TINY_CARD, "fake": FAKE_CARD}[name]


class Home:
    """Everything from the store to the engine process."""

    def __init__(self, folder: Path, device: str) -> None:
        self.store = Store(Paths.default(folder / "home"))
        self.board = EventBoard()
        self.host = EngineHost(folder / "engine.log", device=device, packages=("tests",))
        self.runner = JobRunner(self.store, self.host, FakeVoices(), self.board, Cards())

    def finish(self, job: Job) -> list[JobEvent]:
        self.runner.submit(job)
        return list(watch(self.store, self.board, job.id))

    def sounds(self, job: Job) -> list[Samples]:
        return [
            self.store.segment_sound(job.id, each.index).samples for each in self.store.done(job.id)
        ]

    def close(self) -> None:
        self.runner.close()
        self.host.close()
        self.store.close()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Callable[..., Home]]:
    opened: list[Home] = []

    def open_one(device: str = "cuda") -> Home:
        opened.append(Home(tmp_path / str(len(opened)), device))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


def tiny_job() -> Job:
    return dataclasses.replace(job_of(*TEXTS, card=TINY_CARD, seed=3))


def undisturbed(home: Callable[..., Home], job: Job) -> list[Samples]:
    whole = home()
    events = whole.finish(job)
    assert isinstance(events[-1], JobDone)
    assert not whole.host.memory().events
    return whole.sounds(job)


def assert_same(left: list[Samples], right: list[Samples]) -> None:
    assert len(left) == len(right) == len(TEXTS)
    for one, other in zip(left, right, strict=True):
        assert one.shape == other.shape
        assert float(np.abs(one - other).max()) <= STORED


def test_a_card_that_is_too_small_costs_no_segment_and_changes_no_sound(
    home: Callable[..., Home], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    job = tiny_job()
    expected = undisturbed(home, job)
    (folder / "log").unlink()
    monkeypatch.setenv(CAP, str(SMALL_BYTES))
    small = home()
    events = small.finish(job)
    assert isinstance(events[-1], JobDone)
    assert not any(isinstance(event, EngineRestarted) for event in events)
    assert all(each.note is None for each in small.store.done(job.id))
    assert_same(small.sounds(job), expected)
    # Every segment was finished once, whatever failed around it.
    assert Counter(notes("said")) == Counter(f"said {text}" for text in TEXTS)
    picture = small.host.memory()
    kinds = {event.kind for event in picture.events}
    assert {Kind.OOM, Kind.RUNG} <= kinds
    assert any("continuing at segment" in event.text for event in picture.events)
    # Between two batches nothing but the model lives.
    assert picture.device == "cuda"
    assert {live for _, live in picture.growth.points} == {WEIGHTS_BYTES}
    assert picture.split.weights_bytes == WEIGHTS_BYTES
    assert (picture.split.kv_bytes, picture.split.activation_bytes) == (0, 0)


def test_killed_on_the_way_down_the_job_goes_on_at_the_first_missing_segment(
    home: Callable[..., Home], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    job = tiny_job()
    expected = undisturbed(home, job)
    (folder / "log").unlink()
    monkeypatch.setenv(CAP, str(SMALL_BYTES))
    home().finish(job)
    lines = notes()
    smaller = next(
        at for at, line in enumerate(lines, 1)
        if line.startswith("arrange") and line in lines[: at - 1]
    )  # fmt: skip
    (folder / "log").unlink()
    ask_for("die at line", str(smaller))
    killed = home()
    events = killed.finish(job)
    assert isinstance(events[-1], JobDone)
    assert sum(isinstance(event, EngineRestarted) for event in events) == 1
    assert_same(killed.sounds(job), expected)
    assert Counter(notes("said")) == Counter(f"said {text}" for text in TEXTS)


def test_a_segment_that_loses_the_device_twice_is_set_aside(home: Callable[..., Home]) -> None:
    job = job_of("One.", "[fatal] Two.", "Three.", "Four.")
    here = home("cpu")
    events = here.finish(job)
    assert isinstance(events[-1], JobDone)
    restarts = [event for event in events if isinstance(event, EngineRestarted)]
    assert len(restarts) == 2
    assert all("lost its device" in event.reason for event in restarts)
    notes_of = {each.index: each.note for each in here.store.done(job.id)}
    assert [index for index, note in notes_of.items() if note is not None] == [1]
    assert Counter(notes("said"))["said One."] == 1
