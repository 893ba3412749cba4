"""The sound of a job's first segment while it is still being made: to be heard, never kept.

What is finished is what is in the store; this is lost without loss.
"""

from __future__ import annotations

import threading

import numpy as np

from core.audio.samples import Audio


class EarlySound:
    """Of one job at a time. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._job_id = ""
        self._parts: list[Audio] = []
        self._n = 0

    def begin(self, job_id: str) -> None:
        """The first segment of a job is being made, perhaps once more."""
        with self._lock:
            self._job_id, self._parts, self._n = job_id, [], 0

    def add(self, start: int, audio: Audio) -> None:
        """A part that follows `start` samples; what is known of it already counts once."""
        with self._lock:
            if not self._job_id or start > self._n:
                return
            new = audio.samples[self._n - start :]
            self._parts.append(Audio(samples=new, rate=audio.rate))
            self._n += len(new)

    def end(self) -> None:
        """The segment is in the store, or nobody makes it any more."""
        self.begin("")

    def after(self, job_id: str, n_samples: int) -> Audio | None:
        """What was made of a job's first segment since so many samples; None while nothing was."""
        with self._lock:
            if job_id != self._job_id or not 0 <= n_samples < self._n:
                return None
            rate = self._parts[0].rate
            samples = np.concatenate([part.samples for part in self._parts])[n_samples:]
        return Audio(samples=samples, rate=rate)
