"""Chooses the stretches of a recording that make the best reference.

Works on the few numbers per hundredth of a second that `core.audio.listen` kept; linear in the
length of the recording (every beginning is tried with the ends within the longest reference).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.audio.listen import HOP_S, Track
from core.audio.recording import ReferenceLimits
from core.audio.samples import Span
from core.audio.score import Scorer

N_PROPOSALS = 3
_PAD_LOW_S, _PAD_BEST_S, _PAD_HIGH_S = 0.06, 0.2, 0.3
_PAUSE_S = 0.15  # a pause that one hears as one
_LEAST_SPEECH_SHARE = 0.25  # of the shortest reference
_STARTS_AT_ONCE = 128
_SMOOTH_HOPS = 5
_DIP_EVERY_S = 0.5
_DIP_COST = 2.0  # points: such a stretch says by its score that it cuts speech


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """
    Args:
        span: The stretch.
        score: In points; higher is better.
        cuts_speech: No pause was found, so it was cut where the speech is softest.
    """

    span: Span
    score: float
    cuts_speech: bool = False


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why nothing can be kept, and what to try."""

    problem: str
    hint: str


@dataclass(frozen=True, kw_only=True, eq=False)
class _Edges:
    """Moments where a stretch may begin or end (s), in order, with what each costs (points)."""

    starts: NDArray[np.float64]
    stops: NDArray[np.float64]
    start_cost: NDArray[np.float64]
    stop_cost: NDArray[np.float64]


def propose(track: Track, limits: ReferenceLimits) -> tuple[Proposal, ...] | Problem:
    """Up to three stretches that do not overlap, best first.

    Args:
        track: The recording.
        limits: How long a reference may be.
    """
    if track.seconds < limits.min_s - 1e-6:
        return Problem(
            problem=f"This recording is {track.seconds:.1f} s long; "
            f"at least {limits.min_s:g} s are needed.",
            hint=f"Record about {limits.best_s:g} s of one person speaking.",
        )
    spans = track.spans()
    said_s = sum(span.seconds for span in spans)
    if not spans:
        return Problem(
            problem=f"Nobody speaks in these {track.seconds:.1f} s.",
            hint="Check that the right microphone was recording, or choose another file.",
        )
    least_s = _LEAST_SPEECH_SHARE * limits.min_s
    scorer = Scorer(track, limits)
    for edges, cuts in (
        (_pause_edges(track, spans, wide=False), False),
        (_pause_edges(track, spans, wide=True), False),
        (_dip_edges(track), True),
    ):
        found = _search(edges, scorer, limits, least_s)
        if found:
            return tuple(
                Proposal(span=span, score=score, cuts_speech=cuts and _inside(span, spans))
                for span, score in found
            )
    return Problem(
        problem=f"Only {said_s:.1f} s of these {track.seconds:.1f} s are speech; no stretch of "
        f"{limits.min_s:g} to {limits.max_s:g} s holds {least_s:.1f} s of it.",
        hint=f"Record about {limits.best_s:g} s of one person speaking.",
    )


def _inside(span: Span, spans: tuple[Span, ...]) -> bool:
    return any(
        one.start_s < edge < one.stop_s for one in spans for edge in (span.start_s, span.stop_s)
    )


def _search(
    edges: _Edges, scorer: Scorer, limits: ReferenceLimits, least_s: float
) -> list[tuple[Span, float]]:
    """The best stretch of every beginning; then the best of those that do not overlap."""
    spans: list[tuple[float, float, float]] = []
    for at in range(0, len(edges.starts), _STARTS_AT_ONCE):
        starts = edges.starts[at : at + _STARTS_AT_ONCE]
        costs = edges.start_cost[at : at + _STARTS_AT_ONCE]
        low = np.searchsorted(edges.stops, starts + limits.min_s - 1e-9)
        high = np.searchsorted(edges.stops, starts + limits.max_s + 1e-9, side="right")
        n_each = np.maximum(0, high - low)
        if not n_each.sum():
            continue
        which = np.repeat(np.arange(len(starts)), n_each)
        offset = np.arange(n_each.sum()) - np.repeat(np.cumsum(n_each) - n_each, n_each)
        stop = low[which] + offset
        score, speech_s = scorer.score(starts[which], edges.stops[stop])
        score = score - costs[which] - edges.stop_cost[stop]
        score[speech_s < least_s] = -math.inf
        order = np.lexsort((-score, which))
        first = np.searchsorted(which[order], np.arange(len(starts)))
        for n, k in enumerate(first):
            if n_each[n] and score[order[k]] > -math.inf:
                best = order[k]
                spans.append((float(score[best]), float(starts[n]), float(edges.stops[stop[best]])))
    chosen: list[tuple[Span, float]] = []
    for score_, start_s, stop_s in sorted(spans, reverse=True):
        if all(stop_s <= one.start_s or start_s >= one.stop_s for one, _ in chosen):
            chosen.append((Span(start_s=start_s, stop_s=stop_s), score_))
            if len(chosen) == N_PROPOSALS:
                break
    return chosen


def _pause_edges(track: Track, spans: tuple[Span, ...], *, wide: bool) -> _Edges:
    """Edges inside pauses, a little away from the speech, where it is quietest.

    Args:
        track: The recording.
        spans: Where somebody speaks.
        wide: Take the shortest pauses too, and moments deep inside long ones: for recordings
            with hardly a pause, or with hardly any speech.
    """
    quiet = _smooth(track.power)
    starts: list[tuple[float, float]] = []
    stops: list[tuple[float, float]] = []
    ends = [0.0, *(span.stop_s for span in spans)]
    begins = [*(span.start_s for span in spans), track.seconds]
    for n, (low, high) in enumerate(zip(ends, begins, strict=True)):
        length = high - low
        is_first, is_last = n == 0, n == len(spans)
        if length < _PAUSE_S and not (is_first or is_last or wide):
            continue
        cost = max(0.0, 0.3 - length) * 4
        if not is_last:
            starts.append((_place(quiet, low, high, before=True, at_edge=is_first), cost))
        if not is_first:
            stops.append((_place(quiet, low, high, before=False, at_edge=is_last), cost))
        if wide:
            for at in np.arange(low + 0.5, high - 0.45, 0.5).tolist():
                starts.append((at, 0.5))
                stops.append((at, 0.5))
    return _edges(starts, stops, track.seconds)


def _place(
    quiet: NDArray[np.float64], low: float, high: float, *, before: bool, at_edge: bool
) -> float:
    """The quietest moment of a pause (s) that is 0.06 to 0.3 s away from the speech beside it.

    Args:
        quiet: Smoothed power of each 10 ms.
        low: Where the pause begins (s).
        high: Where it ends.
        before: The speech comes after the edge, not before it.
        at_edge: The pause lies at an end of the recording: may be used up to there.
    """
    length = high - low
    if at_edge and length <= _PAD_LOW_S + _PAD_BEST_S:
        return low if before else high
    other = 0.0 if at_edge else min(_PAD_LOW_S, length / 3)
    near = min(_PAD_LOW_S, length / 3)
    far = max(near, min(_PAD_HIGH_S, length - other))
    if before:
        first, last = _hop(high - far), _hop(high - near)
        best = high - min(_PAD_BEST_S, far)
    else:
        first, last = _hop(low + near), _hop(low + far)
        best = low + min(_PAD_BEST_S, far)
    moments = np.arange(first, max(first, last) + 1)
    moments = moments[(moments * HOP_S >= low) & (moments * HOP_S <= high)]
    if not len(moments):
        return (low + high) / 2
    # Between the 10 ms before and after the moment; the tenth of a second decides among equals.
    padded = np.concatenate([quiet[:1], quiet, quiet[-1:]])
    at = np.minimum(moments, len(quiet) - 1)
    level_db = 10 * np.log10(np.maximum(padded[at], padded[at + 1]) + 1e-12)
    cost = np.maximum(level_db, -75.0) + 20 * np.abs(moments * HOP_S - best)
    return float(moments[int(np.argmin(cost))]) * HOP_S


def _dip_edges(track: Track) -> _Edges:
    """For speech without any pause: its softest moment in every half second."""
    quiet = _smooth(track.power)
    step = round(_DIP_EVERY_S / HOP_S)
    dips = [
        (at + int(np.argmin(quiet[at : at + step])) + 0.5) * HOP_S
        for at in range(0, len(quiet), step)
    ]
    ends = [(moment, _DIP_COST) for moment in (0.0, *dips, track.seconds)]
    return _edges(ends, ends, track.seconds)


def _edges(
    starts: list[tuple[float, float]], stops: list[tuple[float, float]], seconds: float
) -> _Edges:
    def split(
        edges: list[tuple[float, float]],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        rows = np.array(sorted(edges), np.float64).reshape(-1, 2)
        return np.clip(rows[:, 0], 0.0, seconds), rows[:, 1]

    start_s, start_cost = split(starts)
    stop_s, stop_cost = split(stops)
    return _Edges(starts=start_s, stops=stop_s, start_cost=start_cost, stop_cost=stop_cost)


def _smooth(power: NDArray[np.float32]) -> NDArray[np.float64]:
    box = np.ones(_SMOOTH_HOPS) / _SMOOTH_HOPS
    padded = np.pad(power.astype(np.float64), _SMOOTH_HOPS // 2, mode="edge")
    result: NDArray[np.float64] = np.convolve(padded, box, mode="valid")
    return result


def _hop(at_s: float) -> int:
    return round(at_s / HOP_S)
