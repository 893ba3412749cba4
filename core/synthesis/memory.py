"""What the engine process said of its memory, kept on the page's side as one picture."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque

from core.memory.growth import N_POINTS, growth
from core.memory.moments import Kind, MemoryEvent, Moments, in_words
from core.memory.picture import MemoryPicture, Running, Split
from core.synthesis import wire

_log = logging.getLogger("timbre.memory")


class Memory:
    """Safe to use from many threads.

    Args:
        device: Where engines are asked to run, until one says where it runs.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._told: wire.Told | None = None
        self._moments = Moments()
        self._points: deque[tuple[int, int]] = deque(maxlen=N_POINTS)
        self._lock = threading.Lock()

    def add(self, told: wire.Told) -> None:
        """Take in what it said."""
        for event in told.events:
            _log.info("%s%s", event.text, f" ({event.detail})" if event.detail else "")
        self._moments.extend(told.events)
        with self._lock:
            if self._told is not None and told.n_said < self._told.n_said:
                self._points.clear()  # another process: its memory begins anew
            self._told = told
            live = _live_bytes(told.split)
            if told.is_settled and told.n_said and live is not None:
                if self._points and self._points[-1][0] == told.n_said:
                    self._points.pop()
                self._points.append((told.n_said, live))

    def unloaded(self) -> None:
        """The process was ended to give its memory back."""
        with self._lock:
            told, self._told = self._told, None
            self._points.clear()
        if told is None or not told.split.ours_bytes:
            return
        given_back = in_words(told.split.ours_bytes)
        self._moments.add(
            MemoryEvent(
                kind=Kind.EVICT,
                at_s=time.monotonic(),
                text=f"idle models unloaded, {given_back} given back",
            )
        )

    def picture(self, *, is_alive: bool) -> MemoryPicture:
        """As far as it is known.

        Args:
            is_alive: There is an engine process; without one nothing is in use.
        """
        with self._lock:
            told, points = self._told if is_alive else None, tuple(self._points)
        events = self._moments.last()
        if told is None:
            return MemoryPicture(device=self._device, events=events)
        return MemoryPicture(
            device=told.device,
            uuid=told.uuid,
            split=told.split,
            running=Running(
                batch=told.batch,
                predicted_bytes=told.predicted_bytes,
                peak_bytes=told.peak_bytes,
                budget_bytes=told.budget_bytes,
            ),
            growth=growth(points),
            events=events,
        )


def _live_bytes(split: Split) -> int | None:
    """In use, without what the allocator keeps for later."""
    if split.ours_bytes is None:
        return None
    return split.ours_bytes - (split.cache_bytes or 0)
