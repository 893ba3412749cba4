"""Public models for the engines: what there is, what is here, and the one download at a time.

How something is fetched, checked and resumed is `core.hub`'s; here is which engine it is for, what
belongs together, and how far it is, as plain values.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.disk import free_bytes, no_room
from core.errors import InputError, ResourceError
from core.hub.catalogue import Item
from core.hub.hub import SPARE_BYTES, Hub, Missing, Partial, Ready, Status
from core.hub.transfer import State, Transfer


@dataclass(frozen=True, kw_only=True)
class Public:
    """Something public that an engine speaks with.

    Args:
        name: Identifier.
        title: For people.
        licence: As its authors give it.
        total_bytes: Of all of it; an estimate where `is_exact` is false.
        done_bytes: What is here.
        is_exact: Whether the size is known to the byte.
        is_here: All of it is here.
        is_model: A voice to choose; else a part that voices need.
        needs: Names of those that it cannot be used without.
        wishes: Names of those that only some languages need.
    """

    name: str
    title: str
    licence: str
    total_bytes: int
    done_bytes: int
    is_exact: bool
    is_here: bool
    is_model: bool
    needs: tuple[str, ...]
    wishes: tuple[str, ...]

    @property
    def left_bytes(self) -> int:
        return 0 if self.is_here else max(0, self.total_bytes - self.done_bytes)


@dataclass(frozen=True, kw_only=True)
class Downloads:
    """What there is to fetch for an engine.

    Args:
        items: Models first, the best first; none for an engine that has nothing to fetch.
        folder: Where it is put, and where a person's own models may lie.
        free_bytes: On the disk of that folder; None where not known.
    """

    items: tuple[Public, ...]
    folder: Path
    free_bytes: int | None

    def of(self, name: str) -> Public:
        """Raises KeyError."""
        return {each.name: each for each in self.items}[name]

    def bundle(self, name: str, *, wishes: bool) -> tuple[Public, ...]:
        """One of them with all that it needs, in the order in which it is fetched.

        Args:
            name: Of an item.
            wishes: Also what only some languages need.
        """
        one = self.of(name)
        names = (*one.needs, name, *(one.wishes if wishes else ()))
        return tuple(self.of(each) for each in names)


@dataclass(frozen=True, kw_only=True)
class Download:
    """A download, running or over.

    Args:
        engine: It is for.
        name: What was asked for.
        wishes: With what only some languages need.
        state: Where it is.
        file: That is being fetched; empty before the first.
        done_bytes: Of all that was asked for, what was here before included.
        total_bytes: Of all that was asked for.
        bytes_per_s: Over the last seconds; None where not known.
        message: Why it failed; empty else.
        hint: One thing to try.
    """

    engine: str
    name: str
    wishes: bool
    state: State
    file: str
    done_bytes: int
    total_bytes: int
    bytes_per_s: float | None
    message: str = ""
    hint: str = ""

    @property
    def is_running(self) -> bool:
        return self.state is State.RUNNING

    @property
    def left_s(self) -> float | None:
        """Estimate of the time left (s); None where the speed is not known."""
        if not self.bytes_per_s:
            return None
        return max(0, self.total_bytes - self.done_bytes) / self.bytes_per_s

    @property
    def fraction(self) -> float:
        return min(1.0, self.done_bytes / self.total_bytes) if self.total_bytes else 0.0


@dataclass(frozen=True, kw_only=True)
class _Running:
    """What `start` began."""

    engine: str
    name: str
    wishes: bool
    wanted: tuple[Public, ...]
    hub: Hub
    transfer: Transfer

    def now(self) -> Download:
        state, error = self.transfer.state, self.transfer.error
        done, total, file, speed = self._sums()
        if state is State.DONE:
            done = total
        elif state is not State.RUNNING:
            # Reports come not for every byte; what is on the disk is what the next one begins with.
            done = sum(_done_bytes(self.hub.status(item.name)) for item in self.wanted)
        return Download(
            engine=self.engine,
            name=self.name,
            wishes=self.wishes,
            state=state,
            file=file,
            done_bytes=done,
            total_bytes=total,
            bytes_per_s=speed if state is State.RUNNING else None,
            message="" if error is None else error.message,
            hint="" if error is None else error.hint,
        )

    def _sums(self) -> tuple[int, int, str, float | None]:
        """Done and all of the bundle (bytes), the file of the moment, its speed (bytes/s).

        Reports are of one item: those before it are whole, those after it as they were.
        """
        latest = self.transfer.latest
        done, total = 0, 0
        is_before = latest is not None
        for item in self.wanted:
            if latest is not None and item.name == latest.name:
                is_before = False
                done, total = done + latest.done_bytes, total + latest.total_bytes
            else:
                done += item.total_bytes if is_before else item.done_bytes
                total += item.total_bytes
        if latest is None:
            return done, total, "", None
        return done, total, latest.file, latest.bytes_per_s


class Fetching:
    """One download at a time.

    Args:
        hubs: By engine; one that is not here has nothing to fetch.
        folder: Where a person's own models may lie.
    """

    def __init__(self, hubs: Mapping[str, Hub], folder: Path) -> None:
        self._hubs = dict(hubs)
        self._folder = folder
        self._lock = threading.Lock()
        self._running: _Running | None = None

    def downloads(self, engine: str) -> Downloads:
        """What there is for an engine, and how much of it is here; reads the disk."""
        hub = self._hubs.get(engine)
        if hub is None:
            return Downloads(items=(), folder=self._folder, free_bytes=free_bytes(self._folder))
        items = [_public(hub, item) for item in hub.items]
        return Downloads(
            items=tuple(sorted(items, key=lambda item: not item.is_model)),
            folder=hub.folder,
            free_bytes=free_bytes(hub.folder),
        )

    @property
    def download(self) -> Download | None:
        """The one that runs, or the last one; None before the first. Cheap."""
        running = self._running
        return None if running is None else running.now()

    def start(self, engine: str, name: str = "", *, wishes: bool = True) -> Download:
        """Begin to fetch, or go on with, a model and all that it needs; returns at once.

        Args:
            engine: It is for.
            name: Of an item; empty for the best model.
            wishes: Also what only some languages need.

        Raises:
            InputError: There is nothing to fetch for this engine, or nothing of this name.
            ResourceError: Another download runs, or the disk has too little room.
        """
        found = self.downloads(engine)
        if not found.items:
            raise InputError(f"There is nothing to download for “{engine}”.")
        known = [item.name for item in found.items]
        if name and name not in known:
            raise InputError(
                f"There is no “{name[:40]}” to download.", f"There is: {', '.join(known)}."
            )
        wanted = found.bundle(name or known[0], wishes=wishes)
        left = sum(item.left_bytes for item in wanted)
        if left and found.free_bytes is not None and found.free_bytes < left + SPARE_BYTES:
            raise no_room(found.folder, left + SPARE_BYTES)
        with self._lock:
            if self._running is not None and not self._running.transfer.wait(0):
                raise ResourceError("A download is running.", "Wait for its end, or stop it first.")
            self._running = _Running(
                engine=engine,
                name=name or known[0],
                wishes=wishes,
                wanted=wanted,
                hub=self._hubs[engine],
                transfer=Transfer(self._hubs[engine], [item.name for item in wanted]),
            )
            return self._running.now()

    def fetch_from(self, endpoint: str) -> None:
        """Every download that is started from now on asks this address of a hub or a mirror."""
        for hub in self._hubs.values():
            hub.endpoint = endpoint

    def stop(self) -> None:
        """End the download soon; what has come is kept, and `start` goes on from there."""
        if self._running is not None:
            self._running.transfer.stop()

    def wait(self, timeout_s: float) -> Download | None:
        """The download, when it is over or this time (s) has passed."""
        if self._running is not None:
            self._running.transfer.wait(timeout_s)
        return self.download


def _public(hub: Hub, item: Item) -> Public:
    status = hub.status(item.name)
    is_here = isinstance(status, Ready)
    return Public(
        name=item.name,
        title=item.title,
        licence=item.licence,
        total_bytes=status.total_bytes,
        done_bytes=_done_bytes(status),
        is_exact=isinstance(status, Ready) or status.is_exact,
        is_here=is_here,
        is_model=bool(item.needs),
        needs=item.needs,
        wishes=item.wishes,
    )


def _done_bytes(status: Status) -> int:
    match status:
        case Partial():
            return status.done_bytes
        case Ready():
            return status.total_bytes
        case Missing():
            return 0
