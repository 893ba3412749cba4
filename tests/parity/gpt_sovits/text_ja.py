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
from tests.parity.gpt_sovits.agreement import agreement, cases, report
from tests.parity.result import Result

TOLERANCE = 0.02
"""Share of the phones that may differ."""

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
    for name, golden in cases(folder, "ja"):
        yield agreement(f"text_ja/{name}/as_reference", golden, _read(name, True), TOLERANCE)
        right = [row for row in golden if not is_read_wrong(row.text)]
        yield agreement(f"text_ja/{name}", right, _read(name, False), TOLERANCE)


def _read(name: str, as_reference: bool) -> partial[Phones]:
    return partial(g2p, version="v1" if name == "text_v1" else "v2", as_reference=as_reference)


if __name__ == "__main__":
    report(Path(sys.argv[1]), "ja", lambda name: _read(name, False), is_read_wrong)
