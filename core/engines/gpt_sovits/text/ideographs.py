"""Tells Chinese from Japanese where both write ideographs: by the characters and kana around."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, Literal

KANA: Final = "\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"
"""Ranges of a character class."""

HAN: Final = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff々〇"
"""Ranges of a character class."""

_CHINESE: Final = frozenset("你您妳她吧呢很嗎們這麼")
"""Japanese character sets have some of them, Japanese texts none."""

_SENTENCE_END: Final = re.compile(r"(?<=[。！？!?\n])")
_KANA_SHARE: Final = 0.1
"""Japanese prose has four times as many kana; Chinese has a decorative one now and then."""

East = Literal["zh", "ja"]


class Judge:
    """Tells Chinese ideographs from Japanese ones, by what surrounds them.

    Args:
        text: The whole text.
    """

    def __init__(self, text: str) -> None:
        self._sentences: list[tuple[int, str]] = []
        start = 0
        for sentence in _SENTENCE_END.split(text):
            self._sentences.append((start, sentence))
            start += len(sentence)
        kana = len(re.findall(f"[{KANA}]", text))
        han = len(re.findall(f"[{HAN}]", text))
        is_japanese = kana >= _KANA_SHARE * (kana + han) and not any(map(_is_chinese, text))
        self.main: East = "ja" if kana and is_japanese else "zh"

    def split(self, piece: str, at: int) -> Iterator[tuple[str, East]]:
        """A piece of ideographs and kana in its languages.

        Args:
            piece: Ideographs, kana and the marks after them.
            at: Where it begins in the text.
        """
        for sentence in _SENTENCE_END.split(piece):
            runs = re.split(f"([{KANA}]+)", sentence)
            for number, run in enumerate(runs):
                if not run:
                    continue
                if number % 2:
                    yield run, "ja"
                elif len(runs) == 1:
                    yield run, self._alone(run, at)
                else:
                    yield from self._beside_kana(run, number, len(runs))
                at += len(run)

    def _beside_kana(self, run: str, number: int, n_runs: int) -> Iterator[tuple[str, East]]:
        """Ideographs that touch kana are Japanese but for a part that only Chinese writes."""
        chinese = [at for at, sign in enumerate(run) if _is_chinese(sign)]
        if not chinese:
            yield run, "ja"
        elif number == n_runs - 1:
            yield run, "zh"
        else:
            end = chinese[-1] + 1
            blanks = [at for at, sign in enumerate(run) if sign.isspace() and at >= end]
            end = blanks[-1] + 1 if blanks else end
            yield run[:end], "zh"
            if run[end:]:
                yield run[end:], "ja"

    def _alone(self, run: str, at: int) -> East:
        """Ideographs without kana: their own characters, then their sentence, then the text."""
        verdict = _script_of(run)
        if verdict is None:
            around = next(s for start, s in reversed(self._sentences) if start <= at)
            verdict = _script_of(around)
            if verdict is None and re.search(f"[{KANA}]", around):
                return "ja"
        return verdict or self.main


def _script_of(text: str) -> East | None:
    """`zh` or `ja` where a character tells; None otherwise."""
    if any(map(_is_chinese, text)):
        return "zh"
    return "ja" if any(map(_is_japanese, text)) else None


@cache
def _is_chinese(sign: str) -> bool:
    """An ideograph of Chinese that no Japanese character set has: 说, 们, 你."""
    return sign in _CHINESE or (
        _is_han(sign) and _encodes(sign, "gb2312") and not _encodes(sign, "cp932")
    )


@cache
def _is_japanese(sign: str) -> bool:
    """An ideograph of Japanese that neither Chinese script has: 円, 気, 込."""
    return (
        _is_han(sign)
        and _encodes(sign, "cp932")
        and not (_encodes(sign, "gb2312") or _encodes(sign, "big5"))
    )


def _is_han(sign: str) -> bool:
    return "\u4e00" <= sign <= "\u9fff"


def _encodes(sign: str, charset: str) -> bool:
    try:
        sign.encode(charset)
    except UnicodeEncodeError:
        return False
    return True
