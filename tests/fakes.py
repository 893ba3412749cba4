"""An engine that says tones and misbehaves on demand, and stand-ins for what lies on disk.

The engine runs in the real engine process as well as inside a test. What it did is written to
the file `log` in the folder that the environment's `TIMBRE_FAKE` names, and files put into that
folder tell it what to do.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.audio.samples import Audio, Samples
from core.engines.protocol import (
    Early,
    EngineCard,
    Knob,
    Piece,
    Prompt,
    Reference,
    Session,
    Shelf,
    StopFlag,
    Unsaid,
    Utterance,
    Weights,
)
from core.errors import Cancelled, InputError, MissingError, StudioError
from core.jobs.job import Job, JobState, SpeakRequest
from core.synthesis import keys
from core.synthesis.batch import EngineDied, HostPiece, UtteranceRefused
from core.text.plan import Segment, TextPlan

RATE = 8000
FOLDER = "TIMBRE_FAKE"

FAKE_CARD = EngineCard(
    name="fake",
    title="Tones",
    version="1",
    languages=("en", "zh"),
    rate=RATE,
    reference_min_s=1.0,
    reference_best_s=3.0,
    reference_max_s=10.0,
    wants_transcript=False,
    max_chars=100,
    max_batch=4,
    knobs=(
        Knob(
            name="speed",
            title="Speed",
            default=1.0,
            low=0.5,
            high=2.0,
            step=0.1,
            help="How fast it speaks.",
        ),
        Knob(
            name="pitch",
            title="Pitch",
            default=0.0,
            low=-12.0,
            high=12.0,
            step=1.0,
            help="How high it speaks, in semitones.",
        ),
    ),
    factory="tests.fakes:FakeEngine",
)

SINGER_CARD = dataclasses.replace(
    FAKE_CARD,
    name="singer",
    title="Singer",
    languages=("en", "zh", "ja"),
    knobs=(
        FAKE_CARD.knobs[0],
        Knob(
            name="pitch",
            title="Key",
            default=0.0,
            low=-3.0,
            high=3.0,
            step=1.0,
            help="In which key it sings.",
        ),
    ),
    shelf="tests.fakes:find_tones",
    max_more=3,
)
"""The same with models, files that end in `.tone`; it listens to further recordings."""


def find_tones(folders: Sequence[Path]) -> Shelf:
    """A model of every `.tone`; one that holds `no reed` lacks it, an empty one is a problem."""
    models, problems = [], []
    for file in sorted(found for folder in folders for found in folder.rglob("*.tone")):
        if file.name.startswith("."):
            continue  # on its way from a hub
        content = file.read_text(encoding="utf-8")
        if not content:
            problems.append(f"“{file.name}” is empty.")
            continue
        models.append(
            Weights(
                name=file.stem,
                files={"tone": file},
                digest=hashlib.sha256(content.encode()).hexdigest(),
                lacks=("the reed",) if "no reed" in content else (),
            )
        )
    models.sort(key=lambda model: bool(model.lacks))
    return Shelf(models=tuple(models), problems=tuple(problems))


_LEAKED: list[NDArray[np.float32]] = []


class FakeHost:
    """The engine in the test's own process: quick, and [die] is only an exception."""

    def __init__(self) -> None:
        self._session = FakeSession()

    def is_loaded(self, card: EngineCard) -> bool:
        return True

    def load(self, card: EngineCard, stop: StopFlag) -> None:
        pass

    def speak(
        self,
        card: EngineCard,
        reference: Reference,
        batch: Sequence[Utterance],
        settings: Mapping[str, float],
        stop: StopFlag,
        *,
        places: Sequence[int] = (),
        early: Early | None = None,
        languages: Collection[str] = (),
    ) -> Generator[HostPiece, None, None]:
        assert {each.language for each in batch} <= set(languages)
        self._session.stream_to(early)
        prompt = self._session.prepare(reference)
        refusal: StudioError | None = None
        for position, utterance in enumerate(batch):
            if "[die]" in utterance.text:
                note(f"begin {utterance.text}")
                raise EngineDied("The voice engine crashed.", in_batch=True)
            try:
                pieces = list(self._session.speak(prompt, [utterance], settings, stop))
            except Unsaid as error:
                refusal = error.errors[0]
                continue
            yield HostPiece(position=position, audio=pieces[0].audio, wall_s=0.01, peak_bytes=None)
        if refusal is not None:
            raise UtteranceRefused(refusal)


class FakeVoices:
    """Every voice is there, but `gone`, and sounds the same."""

    def reference(self, voice_id: str) -> Reference:
        if voice_id == "gone":
            raise MissingError("There is no such voice.", "Choose another.")
        return reference(0.1 if voice_id == "short" else 2.0)


class FakeCards:
    def ready(self, name: str, model: str = "") -> EngineCard:
        if name != FAKE_CARD.name:
            raise InputError(f"There is no engine called “{name}”.")
        return FAKE_CARD


class FakeEngine:
    """Loads at once, unless the folder holds `hang in load` or `refuse to load`."""

    def load(self, weights: Weights | None, device: str) -> Session:
        note(f"load {device}" if weights is None else f"load {device} {weights.name}")
        if _asked_for("hang in load"):
            hang()
        if _asked_for("refuse to load"):
            raise MissingError("The weights are not there.", "Download them.")
        return FakeSession()


class OtherFakeEngine(FakeEngine):
    """The same by another path."""


class FakePrompt:
    def __init__(self, hertz: float) -> None:
        self.hertz = hertz
        self.nbytes = 8

    def to_arrays(self) -> Mapping[str, NDArray[np.float64]]:
        return {"hertz": np.array(self.hertz)}


class FakeSession:
    """A tone per utterance, its pitch made of the text, the seed and the reference.

    Words in the text make it misbehave: [die], [exit], [die once], [hang], [wait] (until the
    folder holds `go` or Stop), [print], [garbage], [raise], [memory], [hog] (takes 400 MiB),
    [fatal], [refuse], [nan], [empty], [mute], [odd] (with a note), [spawn], [leak]
    (keeps 2 MiB and a file for ever).

    Half of an utterance that is said alone can be heard before it misbehaves.
    """

    def __init__(self) -> None:
        self._early: Early | None = None

    def stream_to(self, early: Early | None) -> None:
        self._early = early

    def prepare(self, reference: Reference) -> Prompt:
        note(f"prepare {reference.digest}")
        if reference.more:
            heard = [f"{each.seconds:g} s at {each.rate}" for each in reference.more]
            note(f"further {', '.join(heard)}")
        if _asked_for("hang in prepare"):
            hang()
        if reference.audio.seconds < FAKE_CARD.reference_min_s:
            raise InputError("The reference is too short.", "Choose a longer one.")
        return FakePrompt(
            100.0 + int(hashlib.sha256(reference.digest.encode()).hexdigest(), 16) % 50
        )

    def restore(self, arrays: Mapping[str, NDArray[np.float64]]) -> Prompt:
        note("restore")
        return FakePrompt(float(arrays["hertz"]))

    def speak(
        self,
        prompt: Prompt,
        batch: Sequence[Utterance],
        settings: Mapping[str, float],
        stop: StopFlag,
    ) -> Iterator[Piece]:
        assert isinstance(prompt, FakePrompt)
        unsaid: dict[int, StudioError] = {}
        for position, utterance in enumerate(batch):
            if stop.is_set():
                raise Cancelled
            note(f"begin {utterance.text}")
            if "[refuse]" in utterance.text:
                unsaid[position] = InputError("This cannot be said.", "Say something else.")
                continue
            samples = _tone(utterance, prompt.hertz, settings)
            early = self._early if len(batch) == 1 else None
            half = len(samples) // 2
            if early is not None:
                early(0, Audio(samples=samples[:half], rate=RATE))
            _misbehave(utterance.text, stop)
            if early is not None:
                early(half, Audio(samples=samples[half:], rate=RATE))
            if "[nan]" in utterance.text:
                samples[0] = np.nan
            if "[mute]" in utterance.text:
                samples = np.zeros_like(samples)
            if "[empty]" in utterance.text:
                samples = samples[:0]
            note(f"said {utterance.text}")
            note_of_it = "It sounds odd." if "[odd]" in utterance.text else ""
            yield Piece(position=position, audio=Audio(samples=samples, rate=RATE), note=note_of_it)
        if unsaid:
            raise Unsaid(unsaid)

    def close(self) -> None:
        note("close")


def _misbehave(text: str, stop: StopFlag) -> None:
    if "[die]" in text:
        os.kill(os.getpid(), signal.SIGKILL)
    if "[exit]" in text:
        os._exit(3)
    if "[die once]" in text and sum(text in line for line in notes()) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if "[hang]" in text:
        hang()
    if "[spawn]" in text and os.fork() == 0:
        note(f"child {os.getpid()}")
        hang()
    # Brackets are not spoken, so that a whole studio asks with a word.
    while ("[wait]" in text or "waitforgo" in text) and not _asked_for("go"):
        if stop.is_set():
            raise Cancelled
        time.sleep(0.005)
    if "[print]" in text:
        sys.stdout.write("a library talks\n")
        sys.stdout.flush()
        os.write(1, b"\x00 even past Python's own standard output\n" * 100)
    if "[garbage]" in text:
        for descriptor in range(3, 12):
            with contextlib.suppress(OSError):
                os.write(descriptor, b"something that is no frame")
    if "[raise]" in text:
        raise ZeroDivisionError("a bug in the engine")
    if "[memory]" in text:
        raise MemoryError
    if "[hog]" in text:
        np.ones(400 << 20, dtype=np.uint8).sum()
    if "[leak]" in text:
        _LEAKED.append(np.ones((512, 1024), dtype=np.float32))
        os.open(os.devnull, os.O_RDONLY)
    if "[fatal]" in text:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")


def _tone(utterance: Utterance, hertz: float, settings: Mapping[str, float]) -> Samples:
    mark = f"{utterance.text} {utterance.language} {utterance.seed}"
    hertz += int(hashlib.sha256(mark.encode()).hexdigest(), 16) % 1000
    hertz *= 2.0 ** (settings["pitch"] / 12.0)
    seconds = (0.02 + 0.002 * len(utterance.text)) / settings["speed"]
    at_s = np.arange(round(seconds * RATE)) / RATE
    return (0.3 * np.sin(2.0 * np.pi * hertz * at_s)).astype(np.float32)


def hang() -> None:
    """For ever, deaf to Stop."""
    while True:
        time.sleep(0.01)


def note(line: str) -> None:
    """Write down what the engine did, in one piece even from many processes."""
    if FOLDER in os.environ:
        with Path(os.environ[FOLDER], "log").open("a", encoding="utf-8") as log:
            log.write(line + "\n")
        deadly = Path(os.environ[FOLDER], "die at line")
        if deadly.exists() and len(notes()) == int(deadly.read_text(encoding="ascii")):
            os.kill(os.getpid(), signal.SIGKILL)


def notes(begin: str = "") -> list[str]:
    """What the engine did so far: lines that begin so."""
    log = Path(os.environ[FOLDER], "log")
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return [line for line in lines if line.startswith(begin)]


def ask_for(what: str, content: str = "") -> None:
    """Put the file there that tells the engine what to do.

    `die at line` with a number kills the process that writes that line of the log.
    """
    Path(os.environ[FOLDER], what).write_text(content, encoding="ascii")


def ask_no_more_for(what: str) -> None:
    Path(os.environ[FOLDER], what).unlink()


def _asked_for(what: str) -> bool:
    return FOLDER in os.environ and Path(os.environ[FOLDER], what).exists()


def until(claim: Callable[[], bool], timeout_s: float = 20.0) -> None:
    """Wait for something that another process does and nobody announces."""
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while not claim():
        assert time.monotonic() < deadline, "it did not happen in time"
        pause.wait(0.01)


def is_running(pid: int) -> bool:
    """Whether a process is there and not just waiting to be buried."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):  # the second: gone since it was opened
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def reference(seconds: float = 2.0, digest: str = "voice") -> Reference:
    return Reference(
        audio=Audio(samples=np.zeros(round(seconds * RATE), dtype=np.float32), rate=RATE),
        transcript=None,
        language="en",
        digest=digest,
    )


def plan_of(*spoken: str) -> TextPlan:
    """A plan whose segments are these texts."""
    segments, start = [], 0
    for index, text in enumerate(spoken):
        segments.append(
            Segment(
                index=index,
                text=text or "🙂",
                start=start,
                stop=start + len(text or "🙂"),
                pause_s=0.1,
                language="en",
                spoken=text,
            )
        )
        start += len(text or "🙂") + 1
    return TextPlan(
        source=" ".join(each.text for each in segments), language="en", segments=tuple(segments)
    )


def job_of(*spoken: str, card: EngineCard = FAKE_CARD, seed: int = 0, voice_id: str = "v") -> Job:
    plan = plan_of(*spoken)
    seeds = keys.segment_seeds(seed, plan)
    return Job(
        id=uuid.uuid4().hex,
        request=SpeakRequest(text=plan.source, voice_id=voice_id, engine=card.name, seed=seed),
        plan=plan,
        keys=keys.segment_keys(card, "voice", plan, seeds, {}),
        seeds=seeds,
        state=JobState.WAITING,
        error=None,
        made_at=0.0,
    )
