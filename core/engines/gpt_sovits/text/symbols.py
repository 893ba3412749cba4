"""The numbers of the phonemes: the two symbol lists that checkpoints were trained with.

`v2` (732 symbols, every later family) continues `v1` (322): the first 322 numbers mean the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from core.engines.gpt_sovits.text.phones import Version

UNKNOWN: Final = "UNK"
"""Stands for every phone that is not in the list."""

_DATA: Final = Path(__file__).parent / "data"


def table(name: str) -> Any:
    """A table of this package, `text/data/<name>.json`."""
    return json.loads((_DATA / f"{name}.json").read_text(encoding="utf-8"))


@cache
def symbols(version: Version) -> tuple[str, ...]:
    """All symbols; the place of each is its number."""
    return tuple(table(f"symbols_{version}"))


@cache
def numbers(version: Version) -> Mapping[str, int]:
    """The number of each symbol."""
    return {symbol: number for number, symbol in enumerate(symbols(version))}


def known(phones: Iterable[str], version: Version) -> tuple[str, ...]:
    """Phones, those outside of the list replaced by `UNK`."""
    place = numbers(version)
    return tuple(phone if phone in place else UNKNOWN for phone in phones)


def ids(phones: Iterable[str], version: Version) -> tuple[int, ...]:
    """Numbers of phones; what is not in the list counts as `UNK`."""
    place = numbers(version)
    return tuple(place.get(phone, place[UNKNOWN]) for phone in phones)
