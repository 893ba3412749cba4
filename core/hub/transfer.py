"""A download in a thread of its own, which many may watch."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import TYPE_CHECKING

from core.errors import Cancelled, StudioError

if TYPE_CHECKING:
    from core.hub.hub import Hub
    from core.hub.progress import Progress


class State(Enum):
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


class Transfer:
    """Starts at once; safe to use from many threads.

    Args:
        hub: Where to.
        names: Of items, in this order.
    """

    def __init__(self, hub: Hub, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._hub = hub
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._state = State.RUNNING
        self._error: StudioError | None = None
        self._latest: Progress | None = None
        self._n_news = 0
        self._thread = threading.Thread(target=self._run, name="download", daemon=True)
        self._thread.start()

    @property
    def state(self) -> State:
        return self._state

    @property
    def error(self) -> StudioError | None:
        """Why it failed."""
        return self._error

    @property
    def latest(self) -> Progress | None:
        """The last report; None before the first."""
        return self._latest

    def stop(self) -> None:
        """Ask it to end; what has come is kept. Does not wait."""
        self._stop.set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Whether it has ended."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def events(self) -> Iterator[Progress]:
        """Reports until it has ended; a slow reader gets the newest and misses others."""
        n_seen = 0
        while True:
            with self._changed:
                # In turns: on Windows Ctrl-C does not end a wait, but comes between two.
                while not self._changed.wait_for(
                    lambda: self._n_news > n_seen or self._state is not State.RUNNING,  # noqa: B023
                    timeout=1.0,
                ):
                    pass
                if self._n_news == n_seen:
                    return
                n_seen, latest = self._n_news, self._latest
            assert latest is not None
            yield latest

    def _run(self) -> None:
        state = State.FAILED
        try:
            for name in self.names:
                self._hub.download(name, self._tell, self._stop)
            state = State.DONE
        except Cancelled:
            state = State.STOPPED
        except StudioError as error:
            self._error = error
        finally:
            # A bug goes on to the thread's edge; whoever watches is told that it is over.
            if state is State.FAILED and self._error is None:
                self._error = StudioError("The download ended by a fault of Timbre's own.")
            with self._changed:
                self._state = state
                self._changed.notify_all()

    def _tell(self, progress: Progress) -> None:
        with self._changed:
            self._latest = progress
            self._n_news += 1
            self._changed.notify_all()
