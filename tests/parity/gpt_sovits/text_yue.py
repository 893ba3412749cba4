"""`text/text_*.json`, what is Cantonese: with the reference's mistakes, and without.

    python -m tests.parity.gpt_sovits.text_yue DIR

lists every difference of the readings that people hear, those where the reference is wrong marked.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from core.engines.gpt_sovits.text.cantonese import g2p
from tests.parity.gpt_sovits import text_zh
from tests.parity.gpt_sovits.agreement import agreement, cases, report
from tests.parity.result import Result

TOLERANCE = 0.05
"""Share of the phones that may differ."""

_BEYOND_MANDARIN = re.compile(r"[\u3400-\u4dbf\u9fa6-\u9fff\U00020000-\U0003ffff]")
"""Characters that the reference drops."""


def is_read_wrong(text: str) -> bool:
    """Whether the reference reads something in a text wrong, by what stands in it."""
    return bool(_BEYOND_MANDARIN.search(text)) or text_zh.is_read_wrong(text)


def run(folder: Path) -> Iterator[Result]:
    for name, golden in cases(folder, "yue"):
        as_reference = partial(g2p, version="v2", as_reference=True)
        yield agreement(f"text_yue/{name}/as_reference", golden, as_reference, TOLERANCE)
        right = [row for row in golden if not is_read_wrong(row.text)]
        yield agreement(f"text_yue/{name}", right, partial(g2p, version="v2"), TOLERANCE)


if __name__ == "__main__":
    report(Path(sys.argv[1]), "yue", lambda _: partial(g2p, version="v2"), is_read_wrong)
