"""A finished job as one sound, and how it is saved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Where a segment lies in the take.

    Args:
        index: Place in the plan.
        text: The source text of it.
        start_s: Where its sound begins (s).
        stop_s: Where it ends, the pause after it left out (s).
    """

    index: int
    text: str
    start_s: float
    stop_s: float


@dataclass(frozen=True, kw_only=True)
class Take:
    """
    Args:
        job_id: Whose it is.
        path: The file.
        seconds: Length (s).
        rate: Sample rate (Hz).
        loudness_lufs: Integrated loudness of the file; None when silent.
        true_peak_db: True peak of the file (dBTP); None when silent.
        marks: One per segment.
    """

    job_id: str
    path: Path
    seconds: float
    rate: int
    loudness_lufs: float | None
    true_peak_db: float | None
    marks: tuple[Mark, ...]
