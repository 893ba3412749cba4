"""The engine process as the page sees it; every process here is a real one."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from core.audio.samples import Audio
from core.engines.protocol import Reference, Utterance, Weights
from core.errors import Cancelled, InputError, MissingError
from core.memory.moments import Kind
from core.synthesis import life
from core.synthesis.batch import EngineDied, HostPiece, Patience, UtteranceRefused
from core.synthesis.host import EngineHost
from tests import fakes
from tests.fakes import (
    FAKE_CARD,
    SINGER_CARD,
    ask_for,
    ask_no_more_for,
    is_running,
    notes,
    reference,
    until,
)

pytestmark = pytest.mark.skipif(
    not Path("/proc/self").exists(), reason="looks at processes through /proc"
)

HASTY = Patience(load_s=2.0, prepare_s=0.3, batch_s=0.3, char_s=0.0)
"""A process starts in about 0.1 s and the fake answers in 1 ms: 0.3 s of silence is a hang."""

SETTINGS = {"speed": 1.0, "pitch": 0.0}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(fakes.FOLDER, str(tmp_path))
    return tmp_path


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., EngineHost]]:
    started: list[EngineHost] = []

    def start_one(**settings: object) -> EngineHost:
        settings = {"packages": ("core.engines", "tests"), **settings}
        started.append(EngineHost(folder / "engine.log", **settings))  # type: ignore[arg-type]
        return started[-1]

    yield start_one
    for each in started:
        each.close()


@pytest.fixture
def host(start: Callable[..., EngineHost]) -> EngineHost:
    return start()


def say(
    host: EngineHost,
    *texts: str,
    stop: threading.Event | None = None,
    seconds: float = 2.0,
    digest: str = "voice",
) -> list[HostPiece]:
    batch = [Utterance(text=text, language="en", seed=1) for text in texts]
    stop = stop or threading.Event()
    return list(host.speak(FAKE_CARD, reference(seconds, digest), batch, SETTINGS, stop))


class Saying:
    """`say` in a thread, and what became of it."""

    def __init__(self, host: EngineHost, *texts: str) -> None:
        self.stop = threading.Event()
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._say, args=(host, texts))
        self._thread.start()

    def _say(self, host: EngineHost, texts: tuple[str, ...]) -> None:
        try:
            say(host, *texts, stop=self.stop)
        except (Cancelled, EngineDied) as error:
            self.error = error

    def end(self) -> BaseException | None:
        self._thread.join(20.0)
        assert not self._thread.is_alive()
        return self.error


def pid_of(host: EngineHost) -> int:
    assert host.pid is not None
    return host.pid


def spoken_here(text: str) -> bytes:
    session = fakes.FakeSession()
    utterance = Utterance(text=text, language="en", seed=1)
    pieces = session.speak(session.prepare(reference()), [utterance], SETTINGS, threading.Event())
    return next(iter(pieces)).audio.samples.tobytes()


# Saying


def test_sound_arrives_as_the_engine_made_it(host: EngineHost) -> None:
    pieces = say(host, "One.", "Two.")
    assert [each.position for each in pieces] == [0, 1]
    for piece, text in zip(pieces, ["One.", "Two."], strict=True):
        assert piece.audio.samples.tobytes() == spoken_here(text)
        assert piece.audio.rate == FAKE_CARD.rate
        assert piece.wall_s > 0.0


def test_the_memory_of_the_engine_is_its_own(host: EngineHost) -> None:
    ballast = np.ones(100 << 20, dtype=np.uint8)
    (piece,) = say(host, "One.")
    # The fake needs 34 MB (interpreter and numpy); the test's own 100 MB must not be in it.
    assert piece.peak_bytes is not None
    assert 10 << 20 < piece.peak_bytes < len(ballast)


def test_one_process_serves_many_batches_and_reads_a_reference_once(host: EngineHost) -> None:
    say(host, "One.")
    pid = host.pid
    say(host, "Two.")
    assert host.pid == pid
    assert notes("load") == ["load cpu"]
    assert notes("prepare") == ["prepare voice"]


def test_four_references_are_kept_and_the_oldest_unused_is_given_up(host: EngineHost) -> None:
    for digest in ["a", "b", "c", "d", "a", "e", "a", "b"]:
        say(host, "One.", digest=digest)
    assert [line[-1] for line in notes("prepare")] == ["a", "b", "c", "d", "e", "b"]


def test_what_the_engine_prints_goes_to_the_log(host: EngineHost, folder: Path) -> None:
    assert len(say(host, "[print] One.", "Two.")) == 2
    log = (folder / "engine.log").read_text(encoding="utf-8", errors="replace")
    assert "a library talks" in log
    assert "even past Python's own standard output" in log


def test_two_callers_take_turns(host: EngineHost) -> None:
    both = [Saying(host, *["One."] * 20) for _ in range(2)]
    assert [each.end() for each in both] == [None, None]
    begun = notes("begin") + notes("said")
    assert len(begun) == 80
    assert notes("load") == ["load cpu"]


def test_a_batch_left_in_the_middle_does_not_disturb_the_next(host: EngineHost) -> None:
    batch = [Utterance(text=f"Old {n}.", language="en", seed=1) for n in range(50)]
    pieces = host.speak(FAKE_CARD, reference(), batch, SETTINGS, threading.Event())
    next(pieces)
    pieces.close()
    (piece,) = say(host, "New.")
    assert piece.audio.samples.tobytes() == spoken_here("New.")


def test_a_page_that_warms_the_engine_does_not_wait_for_it(host: EngineHost) -> None:
    host.warm(FAKE_CARD)
    assert host.pid is not None
    until(lambda: host.is_loaded(FAKE_CARD))
    assert len(say(host, "One.")) == 1
    assert notes("load") == ["load cpu"]


def test_a_warmed_reference_is_not_prepared_again(host: EngineHost) -> None:
    host.warm(FAKE_CARD, reference())
    until(lambda: notes("prepare") != [])
    assert len(say(host, "One.")) == 1
    assert notes("prepare") == ["prepare voice"]


def test_what_goes_wrong_while_warming_is_told_by_the_next_call(host: EngineHost) -> None:
    host.warm(FAKE_CARD, reference(0.5))
    with pytest.raises(InputError, match="too short"):
        say(host, "One.", seconds=0.5)
    assert say(host, "One.")


def test_warming_does_not_disturb_an_engine_at_work(host: EngineHost) -> None:
    saying = Saying(host, "[wait]")
    until(lambda: notes("begin") != [])
    host.warm(dataclasses.replace(FAKE_CARD, factory="tests.fakes:OtherFakeEngine"))
    ask_for("go")
    assert saying.end() is None
    assert len(notes("load")) == 1


def test_a_voice_once_prepared_is_ready_in_the_next_process(
    start: Callable[..., EngineHost], folder: Path
) -> None:
    host = start(prompts=folder / "prompts")
    (first,) = say(host, "One.")
    host.unload()
    (second,) = say(host, "One.")
    assert second.audio.samples.tobytes() == first.audio.samples.tobytes()
    assert notes("prepare") == ["prepare voice"]
    assert notes("restore") == ["restore"]


def test_another_engine_takes_the_place_of_the_first(host: EngineHost) -> None:
    say(host, "One.")
    first = pid_of(host)
    other = dataclasses.replace(FAKE_CARD, name="other", factory="tests.fakes:OtherFakeEngine")
    host.load(other, threading.Event())
    assert not is_running(first)
    assert host.is_loaded(other)
    assert not host.is_loaded(FAKE_CARD)


def test_another_model_takes_the_place_of_the_first(host: EngineHost, folder: Path) -> None:
    one, other = (
        dataclasses.replace(
            FAKE_CARD, weights=Weights(name=name, files={"s1": folder / "x"}, digest=name)
        )
        for name in ("Anna", "Ben")
    )
    host.load(one, threading.Event())
    first = pid_of(host)
    host.load(other, threading.Event())
    assert not is_running(first)
    assert (host.is_loaded(other), host.is_loaded(one)) == (True, False)
    assert notes("load") == ["load cpu Anna", "load cpu Ben"]


def test_only_engines_of_the_known_packages_are_loaded(start: Callable[..., EngineHost]) -> None:
    with pytest.raises(EngineDied, match="lies outside core"):
        start(packages=("core.engines",)).load(FAKE_CARD, threading.Event())
    assert not notes("load")


def test_what_the_engine_says_of_its_own_sound_arrives_with_it(host: EngineHost) -> None:
    assert [piece.verdict for piece in say(host, "One.", "[odd]")] == ["", "It sounds odd."]


# Errors that the engine foresaw


def test_a_refused_reference_is_told_in_the_engines_own_words(host: EngineHost) -> None:
    with pytest.raises(InputError) as refusal:
        say(host, "One.", seconds=0.5)
    assert refusal.value.message == "The reference is too short."
    assert refusal.value.hint == "Choose a longer one."
    pid = host.pid
    assert say(host, "One.")
    assert host.pid == pid


def test_a_refused_utterance_costs_no_other_of_its_batch(host: EngineHost) -> None:
    batch = [
        Utterance(text=text, language="en", seed=1)
        for text in ("[refuse] One.", "Two.", "[refuse] Three.", "Four.")
    ]
    heard = []
    with pytest.raises(UtteranceRefused):
        heard.extend(host.speak(FAKE_CARD, reference(), batch, SETTINGS, threading.Event()))
    assert [piece.position for piece in heard] == [1, 3]


def test_a_refused_utterance_leaves_the_engine_alive(host: EngineHost) -> None:
    with pytest.raises(UtteranceRefused) as refusal:
        say(host, "One.", "[refuse]")
    assert isinstance(refusal.value.error, InputError)
    pid = host.pid
    assert say(host, "One.")
    assert host.pid == pid


def test_memory_that_runs_out_in_one_utterance_costs_neither_the_others_nor_the_engine(
    host: EngineHost,
) -> None:
    batch = [Utterance(text=each, language="en", seed=1) for each in ("One.", "[memory]", "Two.")]
    pieces = host.speak(
        FAKE_CARD, reference(), batch, SETTINGS, threading.Event(), places=[10, 11, 12]
    )
    assert [next(pieces).position for _ in range(2)] == [0, 2]
    with pytest.raises(UtteranceRefused) as refusal:
        next(pieces)
    assert refusal.value.error.message.startswith("Segment 12 does not fit into memory")
    assert notes("said") == ["said One.", "said Two."]
    kinds = [event.kind for event in host.memory().events]
    assert kinds.count(Kind.OOM) == 3  # as it was, once more after clearing, alone
    pid = pid_of(host)
    assert say(host, "One.")
    assert host.pid == pid


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces a cap on the host")
def test_a_memory_cap_holds_and_what_passes_it_is_refused_with_numbers(
    start: Callable[..., EngineHost],
) -> None:
    host = start(cap_bytes=300 << 20)
    with pytest.raises(UtteranceRefused, match="The memory cap is 300 MB") as refusal:
        say(host, "One.", "[hog]")
    assert "--memory-cap" in refusal.value.error.hint
    pid = pid_of(host)
    (piece,) = say(host, "Two.")
    assert host.pid == pid
    assert piece.peak_bytes is not None
    assert piece.peak_bytes < 300 << 20
    (hogged,) = say(start(), "[hog]")
    assert hogged.peak_bytes is not None
    assert hogged.peak_bytes > 400 << 20


def test_an_engine_that_could_not_load_is_tried_afresh_the_next_time(host: EngineHost) -> None:
    ask_for("refuse to load")
    with pytest.raises(MissingError, match="Download them"):
        say(host, "One.")
    assert host.pid is None
    ask_no_more_for("refuse to load")
    assert say(host, "One.")


# Deaths


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[die]", "ended from outside .SIGKILL."),
        ("[exit]", "exit code 3"),
        ("[raise]", r"fault of its own \(ZeroDivisionError: a bug in the engine\)"),
        ("[fatal]", r"lost its device .* illegal memory access"),
        ("[garbage]", "unreadable"),
    ],
)
def test_a_death_is_told_in_plain_words_and_the_next_call_starts_anew(
    host: EngineHost, folder: Path, text: str, reason: str
) -> None:
    say(host, "One.")
    first = pid_of(host)
    with pytest.raises(EngineDied, match=reason) as death:
        say(host, text)
    assert death.value.in_batch
    assert "Traceback" not in death.value.reason
    assert not is_running(first)
    assert say(host, "One.")
    assert host.pid != first


def test_the_traceback_of_a_bug_is_in_the_log(host: EngineHost, folder: Path) -> None:
    with pytest.raises(EngineDied):
        say(host, "[raise]")
    log = (folder / "engine.log").read_text(encoding="utf-8")
    assert "Traceback" in log
    assert "ZeroDivisionError" in log


def test_pieces_before_a_death_are_delivered(host: EngineHost) -> None:
    batch = [Utterance(text=text, language="en", seed=1) for text in ("One.", "[die]")]
    pieces = host.speak(FAKE_CARD, reference(), batch, SETTINGS, threading.Event())
    assert next(pieces).position == 0
    with pytest.raises(EngineDied):
        next(pieces)


def test_killed_while_it_speaks(host: EngineHost) -> None:
    saying = Saying(host, "[wait]")
    until(lambda: notes("begin") != [])
    os.kill(pid_of(host), signal.SIGKILL)
    death = saying.end()
    assert isinstance(death, EngineDied)
    assert death.in_batch
    assert say(host, "One.")


@pytest.mark.parametrize("stage", ["load", "prepare"])
def test_killed_before_it_speaks(host: EngineHost, stage: str) -> None:
    ask_for(f"hang in {stage}")
    saying = Saying(host, "One.")
    until(lambda: notes(stage) != [])
    os.kill(pid_of(host), signal.SIGKILL)
    death = saying.end()
    assert isinstance(death, EngineDied)
    assert not death.in_batch
    ask_no_more_for(f"hang in {stage}")
    assert say(host, "One.")


def test_killed_while_it_does_nothing_is_not_even_noticed(host: EngineHost) -> None:
    say(host, "One.")
    first = pid_of(host)
    os.kill(first, signal.SIGKILL)
    until(lambda: host.pid is None)
    assert say(host, "One.")


def test_a_hang_counts_as_death(start: Callable[..., EngineHost]) -> None:
    host = start(patience=HASTY)
    say(host, "One.")
    first = pid_of(host)
    with pytest.raises(EngineDied, match="no sign of life"):
        say(host, "[hang]")
    assert not is_running(first)
    assert say(host, "One.")


def test_a_slow_engine_that_asks_whether_to_stop_is_not_hung(
    start: Callable[..., EngineHost],
) -> None:
    host = start(patience=Patience(load_s=60.0, prepare_s=60.0, batch_s=1.5, char_s=0.0))
    say(host, "One.")
    first = pid_of(host)
    later = threading.Timer(3.0, ask_for, ["go"])  # twice what silence would be allowed
    later.start()
    assert say(host, "[wait]")
    later.join()
    assert host.pid == first


@pytest.mark.parametrize("stage", ["load", "prepare"])
def test_a_hang_before_it_speaks_counts_as_death(
    start: Callable[..., EngineHost], stage: str
) -> None:
    host = start(patience=HASTY)
    ask_for(f"hang in {stage}")
    with pytest.raises(EngineDied, match="and was ended") as death:
        say(host, "One.")
    assert not death.value.in_batch
    ask_no_more_for(f"hang in {stage}")
    assert say(host, "One.")


def test_a_frozen_process_counts_as_death_even_if_it_takes_no_bytes(
    start: Callable[..., EngineHost],
) -> None:
    host = start(patience=HASTY)
    say(host, "One.")
    os.kill(pid_of(host), signal.SIGSTOP)
    with pytest.raises(EngineDied, match="no sign of life"):
        say(host, "One.", seconds=10.0)  # 320 kB of reference do not fit into a pipe


def test_what_the_engine_started_ends_with_it(host: EngineHost) -> None:
    say(host, "[spawn]")
    until(lambda: notes("child") != [])
    child = int(notes("child")[0].split()[1])
    assert is_running(child)
    host.unload()
    until(lambda: not is_running(child))


def test_the_engine_ends_when_its_parent_is_killed(folder: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(folder)],
        stdout=subprocess.PIPE,
        cwd=life.ROOT,
    )
    with parent:
        assert parent.stdout is not None
        engine = int(parent.stdout.readline())
        until(lambda: notes("begin") != [])
        assert is_running(engine)
        parent.kill()
    until(lambda: not is_running(engine))


_PARENT = """
import sys, threading
from pathlib import Path
from core.audio.samples import Audio
from core.engines.protocol import Reference, Utterance, Weights
from core.synthesis.host import EngineHost
from tests.fakes import FAKE_CARD, reference
host = EngineHost(Path(sys.argv[1], "engine.log"), packages=("tests",))
host.load(FAKE_CARD, threading.Event())
print(host.pid, flush=True)
hang = Utterance(text="[hang]", language="en", seed=0)
settings = {"speed": 1.0, "pitch": 0.0}
list(host.speak(FAKE_CARD, reference(), [hang], settings, threading.Event()))
"""


# Memory


def test_the_page_knows_how_memory_stands(host: EngineHost) -> None:
    before = host.memory()
    assert (before.device, before.split.ours_bytes) == ("cpu", None)
    say(host, "One.", "Two.")
    picture = host.memory()
    assert picture.split.ours_bytes is not None
    assert 10 << 20 < picture.split.ours_bytes < 200 << 20
    assert picture.running.budget_bytes is not None
    assert picture.running.batch is None
    assert [number for number, _ in picture.growth.points] == [2]


def test_a_leak_is_told_with_what_grew(host: EngineHost) -> None:
    for at in range(25):
        say(host, f"One [leak] {at}.")
    told = [event.text for event in host.memory().events if event.kind is Kind.LEAK]
    assert told
    assert re.match(r"memory of the engine process grows by [12]\.\d MB per segment", told[0])
    assert re.search(r"\+\d+ float32 arrays \[512 x 1024\], \d+ MB in all", told[0])
    assert re.search(r"\d+ files open, \d+ before", told[0])


def test_an_engine_that_keeps_nothing_is_told_of_nothing(host: EngineHost) -> None:
    for at in range(25):
        say(host, f"One {at}.")
    assert not [event for event in host.memory().events if event.kind is Kind.LEAK]


def test_an_idle_engine_gives_everything_back(start: Callable[..., EngineHost]) -> None:
    host = start(idle_s=0.2)
    say(host, "One.")
    pid = pid_of(host)
    until(lambda: host.memory().events != ())
    assert not is_running(pid)
    picture = host.memory()
    assert picture.split.ours_bytes is None
    assert "given back" in picture.events[-1].text
    assert say(host, "Two.")


def test_an_engine_at_work_is_neither_unloaded_nor_cleared(host: EngineHost) -> None:
    saying = Saying(host, "[wait]")
    until(lambda: notes("begin") != [])
    assert not host.unload_idle()
    assert host.free_cache() is None
    ask_for("go")
    assert saying.end() is None
    assert host.free_cache() is not None
    assert host.unload_idle()
    assert host.pid is None
    assert host.free_cache() == 0


# Stop


@pytest.mark.parametrize("text", ["[wait]", "[hang]"])
def test_stop_is_answered_within_a_second(host: EngineHost, text: str) -> None:
    saying = Saying(host, "One.", text)
    until(lambda: f"begin {text}" in notes())
    pid = pid_of(host)
    since = time.monotonic()
    saying.stop.set()
    assert isinstance(saying.end(), Cancelled)
    assert time.monotonic() - since < 1.0
    # An engine that listens is kept, with what it has loaded.
    assert is_running(pid) == (text == "[wait]")
    assert say(host, "Two.")


def test_stop_while_it_loads_leaves_it_loading(host: EngineHost) -> None:
    ask_for("hang in load")
    saying = Saying(host, "One.")
    until(lambda: notes("load") != [])
    since = time.monotonic()
    saying.stop.set()
    assert isinstance(saying.end(), Cancelled)
    assert time.monotonic() - since < 1.0
    assert is_running(pid_of(host))


def test_stopped_before_it_began_nothing_is_started(host: EngineHost) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        say(host, "One.", stop=stop)
    assert host.pid is None


# Giving back


def test_unloading_gives_everything_back_and_the_next_call_loads_again(host: EngineHost) -> None:
    say(host, "One.")
    first = pid_of(host)
    host.unload()
    assert host.pid is None
    assert not is_running(first)
    assert say(host, "One.")


def test_an_idle_engine_is_unloaded_by_itself(start: Callable[..., EngineHost]) -> None:
    host = start(idle_s=0.05)
    say(host, "One.")
    first = pid_of(host)
    until(lambda: host.pid is None)
    until(lambda: not is_running(first))
    assert say(host, "One.")


def test_after_close_nothing_is_started(host: EngineHost) -> None:
    saying = Saying(host, "[wait]")
    until(lambda: notes("begin") != [])
    host.close()
    assert isinstance(saying.end(), Cancelled | EngineDied)
    with pytest.raises(Cancelled):
        say(host, "One.")
    assert host.pid is None


@pytest.mark.parametrize("n_restarts", [15, pytest.param(200, marks=pytest.mark.slow)])
def test_restarts_leave_nothing_behind(host: EngineHost, n_restarts: int) -> None:
    others = set(children())  # a browser test's, whose browser lives as long as the session

    def held() -> tuple[int, int, list[str]]:
        ours = [child for child in children() if child not in others]
        return len(os.listdir("/proc/self/fd")), threading.active_count(), ours

    with pytest.raises(EngineDied):
        say(host, "[die]")
    before = held()
    for _ in range(n_restarts):
        with pytest.raises(EngineDied):
            say(host, "[die]")
    assert held() == before
    assert before[2] == []


def children() -> list[str]:
    """Of this process, the unburied included."""
    tasks = Path("/proc/self/task").iterdir()
    return [child for task in tasks for child in (task / "children").read_text().split()]


def test_an_engine_that_prints_for_days_does_not_fill_the_disk(
    host: EngineHost, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(life, "LOG_MAX_BYTES", 100)
    for _ in range(50):
        say(host, "[print] and a long line of words to go with it")
    # One life: it is emptied with each answer, and what came after that is at most a few lines.
    assert host.pid is not None
    assert (folder / "engine.log").stat().st_size < 1000


def test_a_long_log_is_set_aside(host: EngineHost, folder: Path) -> None:
    log = folder / "engine.log"
    log.write_bytes(b"x" * (life.LOG_MAX_BYTES + 1))
    say(host, "[print]")
    assert log.stat().st_size < life.LOG_MAX_BYTES
    assert (folder / "engine.old.log").stat().st_size == life.LOG_MAX_BYTES + 1


# Further recordings


def with_more(digest: str, *seconds: float) -> Reference:
    more = tuple(
        Audio(samples=np.zeros(round(each * 9000), np.float32), rate=9000) for each in seconds
    )
    return dataclasses.replace(reference(2.0, digest), more=more)


def test_an_engine_that_listens_to_several_gets_as_many_as_its_card_says(
    host: EngineHost, folder: Path
) -> None:
    (folder / "alto.tone").write_text("la")
    (model,) = fakes.find_tones([folder]).models
    card = dataclasses.replace(SINGER_CARD, weights=model)
    batch = [Utterance(text="One.", language="en", seed=1)]
    for _ in range(2):
        list(
            host.speak(card, with_more("a", 1.0, 2.0, 3.0, 4.0), batch, SETTINGS, threading.Event())
        )
    assert notes("further") == ["further 1 s at 9000, 2 s at 9000, 3 s at 9000"]
    assert notes("prepare") == ["prepare a"], "the set is prepared once"


def test_an_engine_that_listens_to_one_gets_one(host: EngineHost) -> None:
    batch = [Utterance(text="One.", language="en", seed=1)]
    list(host.speak(FAKE_CARD, with_more("a", 1.0), batch, SETTINGS, threading.Event()))
    assert notes("further") == []


# Sound that is heard while it is made


def test_an_utterance_said_alone_is_heard_while_it_is_made(host: EngineHost) -> None:
    parts: list[tuple[int, bytes]] = []
    heard_before_go: list[bool] = []

    def early(start: int, audio: Audio) -> None:
        parts.append((start, audio.samples.tobytes()))
        heard_before_go.append(not Path(os.environ[fakes.FOLDER], "go").exists())
        ask_for("go")

    batch = [Utterance(text="[wait] One.", language="en", seed=1)]
    stop = threading.Event()
    (piece,) = host.speak(FAKE_CARD, reference(), batch, SETTINGS, stop, early=early)
    assert heard_before_go[0], "the engine waited for it"
    assert parts[0][0] == 0
    assert parts[1][0] == len(parts[0][1]) // 4
    assert b"".join(each for _, each in parts) == piece.audio.samples.tobytes()


def test_nothing_is_heard_early_of_company_or_where_nobody_listens(host: EngineHost) -> None:
    parts: list[int] = []
    batch = [Utterance(text=text, language="en", seed=1) for text in ("One.", "Two.")]
    stop = threading.Event()

    def early(start: int, audio: Audio) -> None:
        parts.append(start)

    list(host.speak(FAKE_CARD, reference(), batch, SETTINGS, stop, early=early))
    assert parts == []
    list(host.speak(FAKE_CARD, reference(), batch[:1], SETTINGS, stop, early=early))
    assert len(parts) == 2
    list(host.speak(FAKE_CARD, reference(), batch[:1], SETTINGS, stop))
    assert len(parts) == 2
