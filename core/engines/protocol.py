"""What an engine declares and what it must do.

The laws that every engine keeps are tests, run on every card: an utterance sounds the same alone
and in company; the declared rate is the rate; a piece is neither empty nor endless; `stop` ends
within one step; `close` gives the memory back; every knob changes the sound; the same seed gives
the same sound.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from core.audio.samples import Audio
from core.errors import StudioError
from core.memory.allocator import Allocator
from core.memory.cost import CostModel, LateCost
from core.memory.ladder import Ladder, Way
from core.memory.plan import Limits


@dataclass(frozen=True, kw_only=True)
class Knob:
    """One thing a person may turn. Moving it changes the sound.

    Args:
        name: Key in `--set name=value` and in a request's settings.
        title: Label (English; `ui.words` translates by name).
        default: Value when untouched.
        low: Smallest value.
        high: Largest value.
        step: Smallest change that a slider makes.
        help: One sentence on what one hears.
    """

    name: str
    title: str
    default: float
    low: float
    high: float
    step: float
    help: str


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The files of one model of an engine, as they were found on the disk.

    Args:
        name: For people, and `--model`; unique among the models of an engine.
        files: What the engine calls a part, to its file or folder.
        digest: Of what the files hold: another model of the same name is another sound.
        lacks: Parts that it needs and that were not found; empty: it can be loaded.
        copies: Folder for copies that load faster; None: files are read as they are.
        late: What of these files some languages alone need, besides what the card counts.
    """

    name: str
    files: Mapping[str, Path]
    digest: str
    lacks: tuple[str, ...] = ()
    copies: Path | None = None
    late: tuple[LateCost, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """What an engine's models folders hold.

    Args:
        models: Those that can be loaded first, then those that lack a part.
        problems: A sentence for each file that is no model, or one for later.
    """

    models: tuple[Weights, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EngineCard:
    """Everything that can be known of an engine without loading it.

    Args:
        name: Identifier, as in `--engine builtin`.
        title: Name on the page.
        version: Part of every segment's key: raise it when the sound changes.
        languages: ISO 639-1 codes it speaks, best first.
        rate: Sample rate of what it makes (Hz).
        reference_min_s: Shorter references are refused (s).
        reference_best_s: What auto-trim aims at (s).
        reference_max_s: Longest stretch that is used (s).
        wants_transcript: A transcript of the reference makes it better.
        max_more: Further recordings of the speaker that it listens to; 0: it ignores them.
        max_chars: Longest utterance, in characters.
        max_batch: Utterances that it can say at once.
        first_chars: A text's first sentence is cut after its first clause where it is longer, so
            that sound starts early; None for an engine that is quick.
        knobs: What can be turned.
        factory: Dotted path `package.module:callable` of its `Engine`, imported in the
            engine process only.
        devices: Kinds of device that it can use, best first: `cuda`, `mps`, `cpu`.
        cost: What it takes, as counted without a device; a stage called `prepare` is of the
            reference, per second, all others are of speaking. None: found by measuring.
        limits: What it can do, whatever the memory; `max_batch` and `device` are not read.
        units_per_char: Length of an utterance in the unit of the costs, per character.
        shelf: Dotted path `package.module:callable` of what finds its models in folders, a
            `FindsModels` that imports nothing heavy; empty for an engine that carries its own.
        weights: The model that was chosen; None for an engine that carries its own.
    """

    name: str
    title: str
    version: str
    languages: tuple[str, ...]
    rate: int
    reference_min_s: float
    reference_best_s: float
    reference_max_s: float
    wants_transcript: bool
    max_chars: int
    max_batch: int
    knobs: tuple[Knob, ...]
    factory: str
    max_more: int = 0
    first_chars: int | None = None
    devices: tuple[str, ...] = ("cpu",)
    cost: CostModel | None = None
    limits: Limits = field(default_factory=Limits)
    units_per_char: float = 1.0
    shelf: str = ""
    weights: Weights | None = None

    @property
    def identity(self) -> str:
        """Engine, version and model: what is cached or measured with one holds for no other."""
        model = [] if self.weights is None else [self.weights.digest]
        return " ".join([self.name, self.version, *model])


class FindsModels(Protocol):
    """What `EngineCard.shelf` names. Reads untrusted files: quick, bounded, executes nothing."""

    def __call__(self, folders: Sequence[Path]) -> Shelf: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference:
    """The kept stretch of a recording, as an engine gets it.

    Args:
        audio: Mono, any rate.
        transcript: What is said in it, or None.
        language: ISO 639-1 code of what is said in it, or None when not known.
        digest: Hash of samples, rate, transcript and language: the key of everything cached.
        more: Further recordings of the same speaker, for engines whose card has `max_more`; the
            digest is of these as well.
    """

    audio: Audio
    transcript: str | None
    language: str | None
    digest: str
    more: tuple[Audio, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """What an engine says in one go; it knows nothing of its place in a text.

    Args:
        text: Already spoken form: no digits where a language reads them in words.
        language: ISO 639-1 code.
        seed: Decides everything random about it.
    """

    text: str
    language: str
    seed: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """One utterance, said.

    Args:
        position: Place in the batch.
        audio: At the card's rate, on the host.
        units: How long it became, in the unit of the costs, from which later lengths are
            foreseen; None for an engine whose lengths follow from its characters.
        note: What the engine's own check had to say about it, for people; empty: all is well.
    """

    position: int
    audio: Audio
    units: int | None = None
    note: str = ""


class Unsaid(StudioError):
    """Some of a batch cannot be said, and all others were.

    Args:
        errors: By place in the batch, why; at least one.
    """

    def __init__(self, errors: Mapping[int, StudioError]) -> None:
        first = errors[min(errors)]
        super().__init__(first.message, first.hint)
        self.code = first.code
        self.errors = dict(errors)


class Prompt(Protocol):
    """A prepared reference: bounded in size, ready to speak with."""

    @property
    def nbytes(self) -> int: ...


class Session(Protocol):
    """A loaded engine.

    Running out of memory is nothing that it catches: the guard around `load`, `prepare` and
    `speak` does, and calls again. So a call that failed must have changed nothing.
    """

    def prepare(self, reference: Reference) -> Prompt:
        """Raises InputError when the reference holds too little speech."""
        ...

    def speak(
        self,
        prompt: Prompt,
        batch: Sequence[Utterance],
        settings: Mapping[str, float],
        stop: StopFlag,
    ) -> Iterator[Piece]:
        """Pieces in any order, each as soon as it is finished.

        Raises:
            Cancelled: Stopped.
            Unsaid: Some cannot be said; after the last of the others.
        """
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


class StopFlag(Protocol):
    """Asked between steps; `threading.Event` is one."""

    def is_set(self) -> bool: ...


class Engine(Protocol):
    """What a card's factory returns."""

    def load(self, weights: Weights | None, device: str) -> Session:
        """
        Args:
            weights: The chosen model; None for an engine that carries its own.
            device: `cpu`, `cuda`, `cuda:1`, `mps`.
        """
        ...


# What an engine may do besides; one that does not need it leaves it out.


@runtime_checkable
class CountsMemory(Protocol):
    """An `Engine` whose memory is not simply that of its process."""

    def allocator(self, device: str) -> Allocator | None:
        """Asked before `load`. None: the process's own memory is what counts."""
        ...


@runtime_checkable
class FindsDevices(Protocol):
    """An `Engine` that does not compute with torch, and knows itself where it can run."""

    def devices(self) -> tuple[str, ...]:
        """Devices that are here, best first, as `cuda:0`; without the processor."""
        ...


@runtime_checkable
class Arranges(Protocol):
    """An `Engine` or a `Session` that can work in smaller ways, for when memory is short.

    Without it only batches get smaller, and nothing but the place to load in can be chosen.
    """

    @property
    def way(self) -> Way:
        """The largest way. An engine's device and batch are not read."""
        ...

    @property
    def ladder(self) -> Ladder:
        """Which smaller ways there are."""
        ...

    def arrange(self, way: Way) -> None:
        """Work in this way from the next call on.

        Called inside the guard: it may move weights, and run out of memory over it.
        """
        ...


Early = Callable[[int, Audio], None]
"""Is given how many samples of an utterance came before, and those that follow."""


@runtime_checkable
class Streams(Protocol):
    """A `Session` whose sound can be heard while it is still being made."""

    def stream_to(self, early: Early | None) -> None:
        """From the next call on, tell the sound of an utterance that is said alone in parts.

        The piece has it all once more, and something else where the engine's own check had it made
        anew. After a failure parts can come twice.

        Args:
            early: Who listens; None: nobody.
        """
        ...


@runtime_checkable
class HoldsKeys(Protocol):
    """A `Session` that knows how much of its memory are keys and values."""

    @property
    def kv_bytes(self) -> int: ...


@runtime_checkable
class LoadsLate(Protocol):
    """A `Session` with networks that only some languages need: the `late` of its costs.

    They are loaded with the first text that needs them, inside `prepare` or `speak`.
    """

    @property
    def late_bytes(self) -> int:
        """What of them is loaded."""
        ...

    def keep_for(self, languages: Collection[str] | None) -> None:
        """Give back what these languages do not need. Called before `prepare` and `speak`.

        Args:
            languages: ISO 639-1 codes; None: it may be any.
        """
        ...
