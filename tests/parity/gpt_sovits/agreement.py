"""How far the phones of two front ends agree over many texts, and where they do not."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.engines.gpt_sovits.text.phones import Phones
from tests.parity.result import Result

Read = Callable[[str], Phones]


@dataclass(frozen=True)
class Row:
    """A text as the reference read it."""

    text: str
    norm_text: str
    phones: tuple[str, ...]
    word2ph: tuple[int, ...] | None


@dataclass(frozen=True)
class Difference:
    """A text read in two ways; `errors` is the edit distance of the phones."""

    row: Row
    found: Phones
    errors: int

    def __str__(self) -> str:
        lines = (
            f"{self.row.text}  ({self.errors} of {len(self.row.phones)} phones)",
            f"    ref.  {self.row.norm_text}  {' '.join(self.row.phones)}",
            f"    ours  {self.found.norm_text}  {' '.join(self.found.phones)}",
        )
        return "\n".join(lines)


def rows(path: Path, language: str) -> list[Row]:
    """The texts of a golden file in one language."""
    golden: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return [
        Row(
            text=row["text"],
            norm_text=row["norm_text"],
            phones=tuple(row["phones"]),
            word2ph=None if row["word2ph"] is None else tuple(row["word2ph"]),
        )
        for row in golden
        if row["lang"] == language
    ]


def cases(folder: Path, language: str) -> Iterator[tuple[str, list[Row]]]:
    """Name and rows of each file that has texts in a language."""
    for path in sorted(folder.glob("text/text_*.json")):
        found = rows(path, language)
        if found:
            yield path.stem, found


def report(
    folder: Path,
    language: str,
    reader: Callable[[str], Read],
    is_read_wrong: Callable[[str], bool],
) -> None:
    """Print every difference, those where the reference is wrong marked.

    Args:
        folder: Of golden data.
        language: Of the rows.
        reader: Name of a file -> how its texts are read.
        is_read_wrong: Whether the reference reads something in a text wrong.
    """
    for name, golden in cases(folder, language):
        for difference in differences(golden, reader(name)):
            why = "  [the reference is wrong]" if is_read_wrong(difference.row.text) else ""
            sys.stdout.write(f"{name}{why}: {difference}\n")


def differences(golden: Iterable[Row], read: Read) -> Iterator[Difference]:
    """Texts whose phones, or whose phones per character, are not the reference's."""
    for row in golden:
        found = read(row.text)
        if (found.phones, found.word2ph) != (row.phones, row.word2ph):
            yield Difference(row, found, edit_distance(row.phones, found.phones))


def agreement(case: str, golden: Sequence[Row], read: Read, tolerance: float) -> Result:
    """The share of phones that differ, as an error."""
    found = list(differences(golden, read))
    wrong = sum(difference.errors for difference in found)
    total = sum(len(row.phones) for row in golden)
    note = f"{wrong} of {total} phones, in {len(found)} of {len(golden)} texts"
    return Result(case=case, error=wrong / max(total, 1), tolerance=tolerance, note=note)


def edit_distance(left: Sequence[object], right: Sequence[object]) -> int:
    """Fewest phones to insert, delete or replace (Levenshtein)."""
    row = list(range(len(right) + 1))
    for i, one in enumerate(left, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(right, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (one != other))
    return row[-1]
