"""One run's way down the ladder, what is remembered of it, and the sentence at its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from core.errors import ResourceError
from core.memory.ladder import Ladder, Way
from core.memory.moments import in_words, shortfall


class OutOfRoom(ResourceError):
    """Every smaller way was tried and this still does not fit.

    Args:
        needed_bytes: What the smallest way would take; None when not known.
        free_bytes: What there is.
    """

    def __init__(self, message: str, hint: str, needed_bytes: int | None, free_bytes: int) -> None:
        super().__init__(message, hint)
        self.needed_bytes = needed_bytes
        self.free_bytes = free_bytes


@dataclass(kw_only=True)
class Remembered:
    """Of one stage: the steps down that worked, largest way first, and how long they hold.

    `told` is the last smaller way that was told of before anything failed: it is news once.
    """

    steps: list[Way] = field(default_factory=list)
    until_s: float = 0.0
    told: str = ""

    def within(self, way: Way, ladder: Ladder) -> Way:
        return ladder.within(way, self.steps[-1]) if self.steps else way

    def climb(self, way: Way, ladder: Ladder) -> None:
        """Forget the last step, and with it those that make no difference to this way."""
        before = self.within(way, ladder)
        for n_kept in range(len(self.steps) - 1, -1, -1):
            kept = Remembered(steps=self.steps[:n_kept])
            if kept.within(way, ladder) != before:
                self.steps = kept.steps
                return


@dataclass(kw_only=True)
class Descent:
    """One run's way down the ladder."""

    stage: str
    way: Way
    ladder: Ladder
    needed: Callable[[Way], int] | None
    home: str
    climbed_from: Way | None
    is_cleared: bool = False
    is_unloaded: bool = False
    steps: list[Way] = field(default_factory=list)
    live_before: int = 0

    def needed_bytes(self) -> int | None:
        return None if self.needed is None else self.needed(self.way)

    def take(self, way: Way) -> None:
        self.way = way
        self.steps.append(way)


def why(needed_bytes: int | None, free_bytes: int) -> str:
    if needed_bytes is not None and needed_bytes <= free_bytes:
        return f"did not fit, {in_words(needed_bytes)} foreseen, {in_words(free_bytes)} free"
    return shortfall(needed_bytes, free_bytes)


def out_of_room(stage: str, where: str, needed_bytes: int | None, free_bytes: int) -> OutOfRoom:
    what = where[:1].upper() + where[1:] if where else "This"
    return OutOfRoom(
        f"{what} does not fit into memory, even in the smallest way "
        f"({stage}: {why(needed_bytes, free_bytes)}).",
        "Close other programs that use memory, allow Timbre more of it, or make it shorter.",
        needed_bytes,
        free_bytes,
    )
