"""When to ask a source again that did not answer."""

from __future__ import annotations


class Backoff:
    """Patience with one source: each failure in a row doubles the wait, one answer ends it.

    Args:
        first_s: Wait after the first failure (s).
        longest_s: Wait after many (s).
    """

    def __init__(self, *, first_s: float, longest_s: float) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._wait_s = first_s
        self._due_s = float("-inf")

    def is_due(self, now_s: float) -> bool:
        """Whether the source may be asked at this moment."""
        return now_s >= self._due_s

    def failed(self, now_s: float) -> None:
        """It did not answer."""
        self._due_s = now_s + self._wait_s
        self._wait_s = min(2 * self._wait_s, self._longest_s)

    def worked(self) -> None:
        """It answered."""
        self._wait_s = self._first_s
        self._due_s = float("-inf")
