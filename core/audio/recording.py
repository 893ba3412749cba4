"""A recording that was dropped in, decoded and judged, before a voice is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.audio.samples import ReferenceReport, Span


@dataclass(frozen=True, kw_only=True)
class ReferenceLimits:
    """How long a reference an engine wants; from its card.

    Args:
        min_s: Shorter ones are refused (s).
        best_s: What to aim at (s).
        max_s: Longest stretch that is used (s).
    """

    min_s: float
    best_s: float
    max_s: float


@dataclass(frozen=True, kw_only=True)
class Window:
    """A stretch that could serve as reference.

    Args:
        span: Begins and ends in a pause.
        report: Its measurements; `notes` say why it was chosen.
        score: Higher is better; comparable within one recording only.
    """

    span: Span
    report: ReferenceReport
    score: float


@dataclass(frozen=True, kw_only=True)
class Part:
    """The stretch of a recording that is kept.

    Args:
        recording_id: Of its `Recording`.
        span: Within it.
    """

    recording_id: str
    span: Span


@dataclass(frozen=True, kw_only=True)
class Recording:
    """
    Args:
        id: Opaque (uuid4 hex).
        name: Name of the file as the person knows it, for showing only.
        path: Decoded mono copy (FLAC) in the cache.
        seconds: Whole length (s), after the cap.
        rate: Sample rate of the copy (Hz).
        codec: What the file really was, such as `mp3`; for showing.
        peaks: (low, high) per column over the whole recording, for a waveform; at most 1200.
        speech: Where somebody speaks, in order.
        windows: Proposals, best first; empty when no stretch is long enough.
        problem: None, or why nothing can be kept (too short, no speech), in plain words.
        hint: What to try then.
        notes: What decoding had to do (cut at the cap, channels mixed), one sentence each.
    """

    id: str
    name: str
    path: Path
    seconds: float
    rate: int
    codec: str
    peaks: tuple[tuple[float, float], ...]
    speech: tuple[Span, ...]
    windows: tuple[Window, ...]
    problem: str | None
    hint: str
    notes: tuple[str, ...]
