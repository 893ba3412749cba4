"""What takes memory in this process, by kind and shape, and what of it grew since a first look.

Arrays of numpy and tensors of torch are found through whatever holds them; torch is not imported.
A look walks over every object there is (a few tenths of a second), so it is taken once early and
once when memory is seen to grow.
"""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from core.memory.host import n_open_files
from core.memory.moments import in_words

N_NAMED = 3
LEAST_BYTES = 64 << 10
"""Less than this in all is nobody's gigabyte."""

Group = tuple[str, str]
"""What and of which shape, as `float32 array`, `4 x 512`."""
Census = Mapping[Group, tuple[int, int]]
"""Number and bytes of each group."""


class Suspects:
    """
    Args:
        caches: What this process keeps on purpose, by name (bytes); they are named first.
    """

    def __init__(self, caches: Callable[[], Mapping[str, int]] = dict) -> None:
        self._caches = caches
        self._first: tuple[Census, Mapping[str, int], int | None] | None = None

    def look(self) -> None:
        """Remember what is there now; only the first time."""
        if self._first is None:
            self._first = (census(), dict(self._caches()), n_open_files())

    def named(self) -> tuple[str, ...]:
        """What grew since then, the largest first; one phrase each, with numbers."""
        before, caches, files = self._first or ({}, {}, None)
        grown = [
            (size - caches.get(name, 0), f"{name} take {in_words(size)}")
            for name, size in self._caches().items()
        ]
        for group, (n, size) in census().items():
            n_before, size_before = before.get(group, (0, 0))
            what, shape = group
            grown.append(
                (size - size_before, f"{n - n_before:+d} {what} [{shape}], {in_words(size)} in all")
            )
        grown = sorted((one for one in grown if one[0] >= LEAST_BYTES), reverse=True)
        said = [words for _, words in grown[:N_NAMED]]
        files_now = n_open_files()
        if files is not None and files_now is not None and files_now > files:
            said.append(f"{files_now} files open, {files} before")
        return tuple(said)


def census() -> Census:
    """Every array and tensor that is alive, each memory counted once."""
    numbers: Counter[Group] = Counter()
    sizes: Counter[Group] = Counter()
    tensor: Any = getattr(sys.modules.get("torch"), "Tensor", None)
    known: set[int] = set()
    for found in _alive(tensor):
        group, place, size = _array(found) if isinstance(found, np.ndarray) else _tensor(found)
        if place not in known:
            known.add(place)
            numbers[group] += 1
            sizes[group] += size
    return {group: (numbers[group], sizes[group]) for group in numbers}


def _alive(tensor: type | None) -> Sequence[Any]:
    """Tensors know the collector, arrays do not: those are found in what refers to them."""
    kinds = (np.ndarray,) if tensor is None else (np.ndarray, tensor)
    seen: dict[int, Any] = {}
    objects = gc.get_objects()
    for each in objects:
        # By its type: to ask an object for its class may run its code.
        if tensor is not None and issubclass(type(each), tensor):
            seen[id(each)] = each
    for held in gc.get_referents(*objects):
        if type(held) in kinds:
            seen[id(held)] = held
    return list(seen.values())


def _array(found: np.ndarray) -> tuple[Group, int, int]:
    """A view counts as what it looks into."""
    while isinstance(found.base, np.ndarray):
        found = found.base
    size = found.nbytes if found.base is None else 0
    place = int(found.__array_interface__["data"][0]) if size else id(found)
    return (f"{found.dtype} arrays", _shape(found.shape)), place, size


def _tensor(found: Any) -> tuple[Group, int, int]:
    name = str(found.dtype).rpartition(".")[2]
    kind = f"{name} tensors on {found.device}"
    try:
        storage = found.untyped_storage()
        return (kind, _shape(found.shape)), storage.data_ptr(), storage.nbytes()
    except (RuntimeError, NotImplementedError):
        # Sparse and symbolic tensors have no storage.
        return (kind, _shape(found.shape)), id(found), 0


def _shape(shape: Sequence[int]) -> str:
    return " x ".join(str(size) for size in shape) or "1"
