"""`text/text_*.json`, what is Mandarin: with the reference's mistakes, and without.

    python -m tests.parity.gpt_sovits.text_zh DIR

lists every difference of the readings that people hear, those where the reference is wrong marked.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from pypinyin import Style, lazy_pinyin

from core.engines.gpt_sovits.text.chinese import g2p, normalise
from core.engines.gpt_sovits.text.chinese_numbers import MEASURE
from core.engines.gpt_sovits.text.chinese_words import words
from core.engines.gpt_sovits.text.phones import Phones
from tests.parity.gpt_sovits.agreement import agreement, cases, report
from tests.parity.result import Result

TOLERANCE = 0.02
"""Share of the phones that may differ."""

_WELL_READ = re.compile(
    r"\d{4}([-/.])\d\d\1\d\d"  # a date
    r"|\d?\d:(\d\d)[-~]\d?\d:\2"  # a time from and to; minutes that differ are mixed up
    r"|(?<=\d)(?:cm|kg|km|ml|m|s|db)(?![A-Za-z/])|°[CF]"
)
_READ_WRONG = re.compile(
    r"\d\s*[-~～]\s*\d(?![^，。]*=)"  # a range or a telephone number, unless it is a sum
    r"|\d+\.\d+\.\d"  # a version
    r"|[￥¥$^]"  # turns commas into silences, or is taken for a full stop
    # A number of three digits and more by itself is read digit by digit.
    rf"|(?<![\d.])[1-9]\d{{2,9}}(?![\d.%/年:：]|{MEASURE}|[+×÷=])"
    r"|\d[,，]\d{3}(?!\d)"  # thousands
    r"|第2|(?<!\d)2[日月号年点]"  # is made 两, or is not
    r"|(?<!\d)\d{2}年(?!\d)"  # 20年 as a year
    r"|\d[:：]\d(?!\d)"  # 3:2
    r"|\d摄氏度"  # is cut to 度
    r"|\dmm|/h|(?<!\d)/|〇"
    r"|[A-Za-zＡ-Ｚａ-ｚ]"  # letters are dropped
)


def is_read_wrong(text: str) -> bool:
    """Whether the reference reads something in a text wrong, by what stands in it."""
    if _READ_WRONG.search(_WELL_READ.sub("", text)):
        return True
    return any(_meets_itself(word.text) for word in words(normalise(text)))


def by_phrase(clause: str) -> list[str]:
    """What stood in for the network of g2pW when its file was made."""
    apart: Any = list
    return lazy_pinyin(clause, style=Style.TONE3, neutral_tone_with_five=True, errors=apart)


def run(folder: Path) -> Iterator[Result]:
    for name, golden in cases(folder, "zh"):
        # A pause mark changes the phones of the whole segment, which is compared in `text`.
        plain = [row for row in golden if not set(row.text) & set("￥^")]
        yield agreement(f"text_zh/{name}/as_reference", plain, _read(name, True), TOLERANCE)
        right = [row for row in golden if not is_read_wrong(row.text)]
        yield agreement(f"text_zh/{name}", right, _read(name, False), TOLERANCE)


def _read(name: str, as_reference: bool) -> partial[Phones]:
    return partial(
        g2p,
        version="v1" if name == "text_v1" else "v2",
        as_reference=as_reference,
        readings=by_phrase if "g2pwstub" in name else None,
    )


def _meets_itself(word: str) -> bool:
    """Whether equal characters meet in a word without repeating a syllable: 银行行长."""
    pairs = [at for at in range(1, len(word)) if word[at] == word[at - 1]]
    return len(word) > 3 and bool(pairs) and pairs != [1, 3]


if __name__ == "__main__":
    report(Path(sys.argv[1]), "zh", lambda name: _read(name, False), is_read_wrong)
