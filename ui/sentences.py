"""The core speaks English with its numbers in place; this says the same in Chinese.

What `ui.chinese` does not know is shown as it is.
"""

from __future__ import annotations

import re
from functools import cache

from ui.chinese import CHINESE

_FIGURE = re.compile(r"\\{(\w+)\\}")


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (re.compile(_FIGURE.sub(r"(?P<\1>.*?)", re.escape(english)), re.DOTALL), chinese)
        for english, chinese in CHINESE.items()
    )


def in_chinese(sentence: str) -> str:
    """The Chinese of a sentence of the core, its figures kept; as it is where it is not known.

    A sentence can stand inside another, such as the reason why an engine ended.
    """
    for pattern, chinese in _patterns():
        found = pattern.fullmatch(sentence)
        if found:
            figures = {name: in_chinese(figure) for name, figure in found.groupdict().items()}
            return chinese.format(**figures)
    return sentence
