"""What a parity case says."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

ACTIVATION = 1e-4
"""Largest error of an activation (absolute)."""
WAVEFORM = 2e-4
"""Largest error of a waveform whose full scale is 1."""
EXACT = 0.0
"""Integers, and anything else that is either right or wrong."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """One case.

    Args:
        case: File and quantity, such as `s2_v2_tiny/audio`.
        error: Largest absolute error; infinite where the shapes differ or the case broke.
        tolerance: Largest error that passes.
        note: What happened, where a number does not say it.
    """

    case: str
    error: float
    tolerance: float
    note: str = ""

    @property
    def passed(self) -> bool:
        return self.error <= self.tolerance


def compare(case: str, found: np.ndarray, wanted: np.ndarray, tolerance: float = EXACT) -> Result:
    """Largest absolute difference of two arrays of one shape."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    if found.shape != wanted.shape:
        note = f"shape {found.shape}, expected {wanted.shape}"
        return Result(case=case, error=math.inf, tolerance=tolerance, note=note)
    gap = np.abs(found.astype(np.float64) - wanted.astype(np.float64))
    error = float(gap.max(initial=0.0))
    # NaN would compare as neither smaller nor larger.
    return Result(case=case, error=math.inf if math.isnan(error) else error, tolerance=tolerance)


def same(case: str, found: object, wanted: object) -> Result:
    """Equal or not; the error counts as 1."""
    if found == wanted:
        return Result(case=case, error=0.0, tolerance=EXACT)
    note = f"{_short(found)}, expected {_short(wanted)}"
    return Result(case=case, error=1.0, tolerance=EXACT, note=note)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
