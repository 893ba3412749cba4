"""`app.py features`: what HuBERT hears in a folder of recordings, as training data has it."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from core.engines.gpt_sovits.ssl_features import TABLE, Extracted, Refused, Step, extract
from core.engines.gpt_sovits.ssl_process import HearingOptions
from core.errors import InputError
from core.studio import Studio
from ui.following import Follower

TOLD_S = 1.0
"""Progress is told at most this often (s)."""
TOLD_REFUSED = 20
"""Refused files named in the last sentence; all are in the table."""

Answer = dict[str, Any]


def features(arguments: argparse.Namespace, studio: Studio) -> tuple[Answer, str]:
    """Features of every recording in a folder. Raises InputError where none could be used."""
    own: Path | None = getattr(arguments, "models", None)
    follower = Follower(is_quiet=getattr(arguments, "json", False))
    follower.say(f"Looking for recordings in {_shown(str(arguments.source))} ...")
    found = extract(
        arguments.source,
        arguments.target,
        models_folders=[*([own] if own else []), studio.paths.models],
        told=_Progress(follower).told,
        options=HearingOptions(
            device=getattr(arguments, "device", "auto"), cap_bytes=studio.memory_cap_bytes
        ),
    )
    if not found.kept:
        raise InputError(
            f"None of the {len(found.refused)} files could be used; the first is "
            f"{_reason(found.refused[0])}",
            f"{arguments.target / TABLE} lists them all.",
        )
    return _answer(found, arguments.target), _sentence(found, arguments.target)


class _Progress:
    """How far it is, not too often; what is refused, at once."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._told_s = self._first_s = 0.0
        self._n_before = 0

    def told(self, step: Step) -> None:
        now_s = self._follower.seconds
        if isinstance(step.last, Refused):
            self._follower.say(_reason(step.last))
        elif not step.last.is_new:
            self._n_before, self._first_s = step.n_done, now_s
        if step.n_done < step.n_files and now_s - self._told_s < TOLD_S:
            return
        self._told_s = now_s
        n_made = step.n_done - self._n_before
        left_s = (now_s - self._first_s) / n_made * (step.n_files - step.n_done) if n_made else 0.0
        left = f", about {left_s:.0f} s left" if left_s >= 1 else ""
        self._follower.say(f"{step.n_done} of {step.n_files}{left}")


def _answer(found: Extracted, target: Path) -> Answer:
    return {
        "folder": str(target),
        "files": len(found.kept) + len(found.refused),
        "made": sum(one.is_new for one in found.kept),
        "made_before": sum(not one.is_new for one in found.kept),
        "seconds": round(sum(one.seconds for one in found.kept), 3),
        "table": str(target / TABLE),
        "refused": [dataclasses.asdict(one) for one in found.refused],
    }


def _sentence(found: Extracted, target: Path) -> str:
    n_before = sum(not one.is_new for one in found.kept)
    before = f" ({n_before} of them were made before)" if n_before else ""
    minutes = sum(one.seconds for one in found.kept) / 60
    n = len(found.kept)
    lines = [
        f"{_shown(str(target))}: features of {n} recording{'s' if n != 1 else ''}{before}, "
        f"{minutes:.1f} min; {len(found.refused)} refused."
    ]
    lines += [f"- {_reason(one)}" for one in found.refused[:TOLD_REFUSED]]
    if len(found.refused) > TOLD_REFUSED:
        lines.append(f"- and {len(found.refused) - TOLD_REFUSED} more, in {TABLE}")
    if n_clipped := sum(bool(one.n_clipped) for one in found.kept):
        lines.append(
            f"- {n_clipped} went beyond full scale, so some samples of their copies were held at it"
        )
    return "\n".join(lines)


def _reason(one: Refused) -> str:
    return f"“{_shown(one.source)}” was refused: {one.reason}"


def _shown(name: str) -> str:
    """On one line, whatever is in it."""
    return "".join(letter if letter.isprintable() else "�" for letter in name)
