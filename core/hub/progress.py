"""How far a download is, how fast, and how long it still takes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from core.disk import megabytes

NEWS_S = 0.1
"""Between two reports of progress."""
SPEED_OVER_S = 5.0
"""The stretch of time that a speed is taken over."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """
    Args:
        name: Of the item.
        file: That is being fetched.
        done_bytes: Of all of the item, what was there before included.
        total_bytes: Of the item.
        bytes_per_s: Over the last seconds; None in the first moment.
        left_s: Estimate; None where the speed is not known.
    """

    name: str
    file: str
    done_bytes: int
    total_bytes: int
    bytes_per_s: float | None
    left_s: float | None


class Speed:
    """Bytes per second over the last seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._points: deque[tuple[float, int]] = deque()

    def now(self) -> float:
        return self._clock()

    def after(self, done_bytes: int) -> float | None:
        now = self._clock()
        if self._points and done_bytes < self._points[-1][1]:
            self._points.clear()  # it began anew
        self._points.append((now, done_bytes))
        while len(self._points) > 2 and self._points[0][0] < now - SPEED_OVER_S:
            self._points.popleft()
        since, before = self._points[0]
        return (done_bytes - before) / (now - since) if now > since else None


class Teller:
    """Makes reports out of bytes, not more often than anybody wants to read them."""

    def __init__(
        self,
        on_progress: Callable[[Progress], None],
        speed: Speed,
        *,
        name: str,
        file: str,
        before_bytes: int,
        total_bytes: int,
    ) -> None:
        self._name, self._file = name, file
        self._before_bytes, self._total_bytes = before_bytes, total_bytes
        self._speed = speed
        self._on_progress = on_progress
        self._told_at: float | None = None

    def __call__(self, file_bytes: int) -> None:
        done = self._before_bytes + file_bytes
        now = self._speed.now()
        is_soon = self._told_at is not None and now - self._told_at < NEWS_S
        if is_soon and done < self._total_bytes:
            return
        self._told_at = now
        speed = self._speed.after(done)
        total = max(self._total_bytes, done)
        self._on_progress(
            Progress(
                name=self._name,
                file=self._file,
                done_bytes=done,
                total_bytes=total,
                bytes_per_s=speed,
                left_s=(total - done) / speed if speed else None,
            )
        )


def sentence(progress: Progress) -> str:
    """A line for the terminal: `v2ProPlus: 120 MB of 355 MB, 11 MB/s, 21 s left`."""
    done, total = megabytes(progress.done_bytes), megabytes(progress.total_bytes)
    words = f"{progress.name}: {done} of {total}"
    if progress.bytes_per_s:
        words += f", {megabytes(round(progress.bytes_per_s))}/s"
    return words + (f", {progress.left_s:.0f} s left" if progress.left_s is not None else "")
