"""What the doctor says: one line on one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

INSTALL = "Run: pip install -r requirements.txt"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the doctor.

    Args:
        area: What it is about, in a word or two.
        state: `ok`; `note`: works, with a limit; `missing`: something cannot work.
        text: What was found, with numbers.
        todo: What to do; empty where there is nothing to do.
    """

    area: str
    state: Literal["ok", "note", "missing"]
    text: str
    todo: str = ""


def gb(n_bytes: int | None) -> str:
    """Size for people."""
    return "an unknown amount" if n_bytes is None else f"{n_bytes / 1e9:.1f} GB"
