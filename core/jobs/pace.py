"""How fast a job goes, and so how long it will still take."""

from __future__ import annotations

_MEMORY = 0.9
"""What an earlier segment counts against the next one: ten segments back it is a third."""


class Pace:
    """Seconds per character, smoothed; what was measured lately counts more."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._n_chars = 0.0

    def learn(self, n_chars: int, seconds: float) -> None:
        """One segment of so many characters took so long (s)."""
        self._seconds = self._seconds * _MEMORY + seconds
        self._n_chars = self._n_chars * _MEMORY + n_chars

    def left_s(self, n_chars: int) -> float | None:
        """Time for so many characters (s); None before anything was measured."""
        return self._seconds / self._n_chars * n_chars if self._n_chars > 0.0 else None
