"""Which frame of one speech belongs to which frame of another that says the same words.

Source: Sakoe and Chiba, "Dynamic programming algorithm optimization for spoken word
recognition", 1978.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.distance import cdist

from core.engines.builtin.world import Array, Mask

Path = NDArray[np.intp]

DIAGONAL_WEIGHT = 1.6
"""Of a step in both; 2 would be neutral, so this gently favours an even pace."""

BAND = 0.25
"""The path stays this near to the diagonal, as a share of both lengths."""

N_ALIGNED = 13
VOICING_WEIGHT = 1.5
DELTA_WEIGHT = 3.0
DELTA_FRAMES = 2.0
LARGEST_TABLE = 9_000_000
"""Cells; longer pairs are aligned on every second or third frame."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Features:
    """What is compared when aligning.

    Args:
        mcep: f64 [T, 31].
        is_voiced: bool [T].
        is_speech: bool [T].
    """

    mcep: Array
    is_voiced: Mask
    is_speech: Mask


@dataclass(frozen=True, kw_only=True, eq=False)
class Alignment:
    """
    Args:
        pairs: int [K, 2], (frame of the left, frame of the right), both speech.
        cost: Mean distance along the path.
    """

    pairs: Path
    cost: float


def align(left: Features, right: Features, converted: Array | None = None) -> Alignment:
    """Align two speakers saying the same words.

    Each speaker's mean and spread are taken out first, so that voices do not matter.

    Args:
        left: The speech that is to be moved toward the other.
        right: The other.
        converted: f64 [T, 31], `left` after a first conversion; where given, it is compared as it
            is, beside the normalised features.
    """
    x, y = _features(left), _features(right)
    if converted is not None:
        spread = right.mcep[right.is_speech].std(axis=0) + 1e-6
        x = np.hstack([_direct(converted / spread, left.is_voiced), 0.7 * x])
        y = np.hstack([_direct(right.mcep / spread, right.is_voiced), 0.7 * y])
    step = 1
    while (len(x) // step) * (len(y) // step) > LARGEST_TABLE:
        step += 1
    costs = cdist(x[::step], y[::step]).astype(np.float32)
    path = dtw(costs)
    both = left.is_speech[::step][path[:, 0]] & right.is_speech[::step][path[:, 1]]
    chosen = path[both] if both.any() else path
    return Alignment(pairs=chosen * step, cost=float(costs[chosen[:, 0], chosen[:, 1]].mean()))


def mismatch(left: Features, right: Features) -> float:
    """How badly two speeches go together: about 0.8 to 0.95 for the same words, 1 for unrelated.

    The cost of aligning them over the cost of aligning one of them played backwards, which is
    equally rich in sounds and says something else.
    """
    backwards = Features(
        mcep=left.mcep[::-1], is_voiced=left.is_voiced[::-1], is_speech=left.is_speech[::-1]
    )
    return align(left, right).cost / max(align(backwards, right).cost, 1e-9)


def dtw(costs: NDArray[np.float32]) -> Path:
    """The cheapest monotonic path through a table, inside the band.

    Worked out one anti-diagonal at a time: all of its cells are independent, so that numpy can do
    them together.

    Args:
        costs: f32 [N, M], both at least 1.

    Returns:
        int [K, 2], from (0, 0) to (N - 1, M - 1), each step (1, 1), (1, 0) or (0, 1).
    """
    n, m = costs.shape
    if n == 1 or m == 1:
        longest = np.arange(max(n, m))
        return np.stack([np.minimum(longest, n - 1), np.minimum(longest, m - 1)], axis=1)
    flat, came_from = costs.reshape(-1), np.zeros(n * m, dtype=np.int8)
    stride = m - 1
    # Totals of the last two anti-diagonals by row, with one cell of margin for "row above".
    before, last, now = (np.full(n + 1, np.inf, dtype=np.float64) for _ in range(3))
    last[1] = flat[0]
    for diagonal in range(1, n + m - 1):
        low, high = _band(diagonal, n, m)
        cells = slice(diagonal + low * stride, diagonal + high * stride + 1, stride)
        cost = flat[cells]
        rows = slice(low + 1, high + 2)
        above = slice(low, high + 1)
        options = np.stack(
            [before[above] + DIAGONAL_WEIGHT * cost, last[above] + cost, last[rows] + cost]
        )
        choice = options.argmin(axis=0)
        came_from[cells] = choice
        now[:] = np.inf
        now[rows] = np.take_along_axis(options, choice[None], axis=0)[0]
        before, last, now = last, now, before
    return _trace(came_from.reshape(n, m))


def _band(diagonal: int, n: int, m: int) -> tuple[int, int]:
    """First and last row of an anti-diagonal inside the table and the band."""
    low, high = max(0, diagonal - m + 1), min(n - 1, diagonal)
    slope = 1 / (n - 1) + 1 / (m - 1)
    middle, reach = diagonal / (m - 1) / slope, BAND / slope
    # One cell of reach at least: a narrower band could hold no path at all.
    reach = max(reach, 1.0)
    return max(low, int(np.ceil(middle - reach))), min(high, int(np.floor(middle + reach)))


def _trace(came_from: NDArray[np.int8]) -> Path:
    row, column = came_from.shape[0] - 1, came_from.shape[1] - 1
    steps = [(row, column)]
    while row or column:
        choice = came_from[row, column]
        row -= choice != 2
        column -= choice != 1
        steps.append((row, column))
    return np.array(steps[::-1], dtype=np.intp)


def _features(speech: Features) -> Array:
    """Mean-variance-normalised mel-cepstra, their slopes and voicing, f64 [T, 27]."""
    inside = speech.mcep[speech.is_speech]
    normal = (speech.mcep - inside.mean(axis=0)) / (inside.std(axis=0) + 1e-6)
    features = np.hstack(
        [
            normal[:, :N_ALIGNED],
            DELTA_WEIGHT * gaussian_filter1d(normal[:, :N_ALIGNED], DELTA_FRAMES, axis=0, order=1),
            VOICING_WEIGHT * speech.is_voiced[:, None],
        ]
    )
    features[:, 0] *= 1.5
    return features


def _direct(scaled: Array, is_voiced: Mask) -> Array:
    first = scaled[:, :16]
    slopes = DELTA_WEIGHT * gaussian_filter1d(first, DELTA_FRAMES, axis=0, order=1)
    return np.hstack([first, slopes, VOICING_WEIGHT * is_voiced[:, None]])
