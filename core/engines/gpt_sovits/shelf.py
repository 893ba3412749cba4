"""What an engine's card names: the models in folders, as values that the page understands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

from core.engines.gpt_sovits.models import Pair, find, pairs
from core.engines.gpt_sovits.text import polyphone_files
from core.engines.protocol import Shelf, Weights
from core.memory.cost import LateCost


def shelf(folders: Sequence[Path]) -> Shelf:
    """Every s1 with every s2 of its family, the best first."""
    found = find(folders)
    models = [_weights(pair) for pair in pairs(found)]
    # Stable: those that can be loaded stay in their order, before those that cannot.
    models.sort(key=lambda each: bool(each.lacks))
    problems = found.problems
    if found.shared.polyphones is not None and not polyphone_files.has_runtime():
        problems += (polyphone_files.MISSING_RUNTIME,)
    return Shelf(models=tuple(models), problems=problems)


def _weights(pair: Pair) -> Weights:
    parts = {
        "s1": pair.s1.path,
        "s2": pair.s2.path,
        "hubert": pair.shared.hubert,
        "bert": pair.shared.bert,
        "sv": pair.shared.sv,
    }
    files = {part: path for part, path in parts.items() if path is not None}
    weights = Weights(name=pair.name, files=files, digest=pair.digest, lacks=pair.lacks)
    judge = pair.shared.polyphones
    # It says characters by BERT's tokens; models of v1 were trained without it.
    if judge is None or pair.shared.bert is None or pair.s2.family == "v1":
        return weights
    return _with_judge(weights, judge)


def _with_judge(weights: Weights, folder: Path) -> Weights:
    """Other readings are another sound: a model with it is another one than without it."""
    if not polyphone_files.has_runtime():
        return weights
    n_bytes = (folder / polyphone_files.NETWORK).stat().st_size
    digest = blake2b(f"{weights.digest} g2pw {n_bytes}".encode(), digest_size=16).hexdigest()
    late = LateCost(languages=("zh",), host_bytes=polyphone_files.loaded_bytes(folder))
    files = {**weights.files, "g2pw": folder}
    return replace(weights, files=files, digest=digest, late=(late,))
