"""What an engine's card names: the models in folders, as values that the page understands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.engines.gpt_sovits.models import Pair, find, pairs
from core.engines.protocol import Shelf, Weights


def shelf(folders: Sequence[Path]) -> Shelf:
    """Every s1 with every s2 of its family, the best first."""
    found = find(folders)
    models = [_weights(pair) for pair in pairs(found)]
    # Stable: those that can be loaded stay in their order, before those that cannot.
    models.sort(key=lambda each: bool(each.lacks))
    return Shelf(models=tuple(models), problems=found.problems)


def _weights(pair: Pair) -> Weights:
    parts = {
        "s1": pair.s1.path,
        "s2": pair.s2.path,
        "hubert": pair.shared.hubert,
        "bert": pair.shared.bert,
        "sv": pair.shared.sv,
    }
    files = {part: path for part, path in parts.items() if path is not None}
    return Weights(name=pair.name, files=files, digest=pair.digest, lacks=pair.lacks)
