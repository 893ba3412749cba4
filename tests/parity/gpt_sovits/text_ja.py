"""`text/text_*.json`, what is Japanese: with the reference's mistakes, and without.

    python -m tests.parity.gpt_sovits.text_ja DIR

lists every difference of the readings that people hear, those where the reference is wrong marked.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from core.engines.gpt_sovits.text.japanese import g2p
from core.engines.gpt_sovits.text.phones import Phones
from tests.parity.gpt_sovits.agreement import Row, agreement, differences, rows
from tests.parity.result import Result

TOLERANCE = 0.02
"""Share of the phones that may differ."""

AS_REFERENCE = 0.03
"""The same, where what the reference reads wrong counts too: our dictionary is a later edition,
with other pitch for numbers and some words, and nothing turns that off."""

_READ_WRONG = re.compile(
    r"[0-9]-[0-9]"  # the groups of a telephone number are said as whole numbers
    r"|何です"  # なに for なん
    r"|ヴ"  # is made a b
    r"|[A-Za-z]{3}"  # words in Latin letters are spelled
    r"|[！？。]{2}"  # full-width marks stay doubled
)


def is_read_wrong(text: str) -> bool:
    """Whether the reference reads something in a text wrong, by what stands in it."""
    return bool(_READ_WRONG.search(text))


def run(folder: Path) -> Iterator[Result]:
    for name, golden in _cases(folder):
        yield agreement(f"text_ja/{name}/as_reference", golden, _read(name, True), AS_REFERENCE)
        right = [row for row in golden if not is_read_wrong(row.text)]
        yield agreement(f"text_ja/{name}", right, _read(name, False), TOLERANCE)


def _cases(folder: Path) -> Iterator[tuple[str, list[Row]]]:
    """Name and rows of each file."""
    for path in sorted(folder.glob("text/text_*.json")):
        found = rows(path, "ja")
        if found:
            yield path.stem, found


def _read(name: str, as_reference: bool) -> partial[Phones]:
    return partial(g2p, version="v1" if name == "text_v1" else "v2", as_reference=as_reference)


def main(folder: Path) -> None:
    for name, golden in _cases(folder):
        for difference in differences(golden, _read(name, False)):
            why = "  [the reference is wrong]" if is_read_wrong(difference.row.text) else ""
            sys.stdout.write(f"{name}{why}: {difference}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
