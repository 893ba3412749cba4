"""Whether memory grows from segment to segment: a robust slope and what it means."""

from __future__ import annotations

from collections.abc import Sequence

from core.memory.leak import slope, verdict
from core.memory.picture import Growth

N_POINTS = 50
"""A slope over the last ones: 50 points have 1225 pairs, worked through in under a millisecond."""
N_LEAST = 12
"""An engine fills its caches with the first segments; fewer tell nothing."""
GROWS_BYTES = 0.5 * 1024**2
"""Per segment. A megabyte in two segments is a gigabyte in an audio book."""


def growth(points: Sequence[tuple[int, int]]) -> Growth:
    """Judge memory after each segment by the median of the slopes of all pairs of points.

    The median does not mind a segment that was much longer than the others (H. Theil 1950,
    P. K. Sen 1968).

    Args:
        points: (number of the segment, bytes after it), oldest first.
    """
    last = tuple(points[-N_POINTS:])
    if len(last) < N_LEAST or len({n for n, _ in last}) < 2:
        return Growth(points=last)
    return Growth(
        slope_bytes_per_segment=slope(last), verdict=verdict(last, GROWS_BYTES), points=last
    )
