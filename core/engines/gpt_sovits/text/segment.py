"""Splits mixed text into stretches of one language each: Chinese, Japanese, Korean, English.

Scripts decide. Ideographs, which Chinese and Japanese share, are told apart by characters that only
one of them writes and by the kana around them; a language model for single words, as the reference
uses, calls 今天 Japanese. Languages that GPT-SoVITS does not speak count as English.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final, Literal, get_args

from core.engines.gpt_sovits.text.phones import Language, Version
from core.errors import InputError

Mode = Literal[
    "en", "all_zh", "all_yue", "all_ja", "all_ko", "zh", "yue", "ja", "ko", "auto", "auto_yue"
]
"""What a text is in: `zh` Chinese with English words, `all_zh` the same, `auto` anything."""

MODES: Final[tuple[Mode, ...]] = get_args(Mode)
_V1_MODES: Final = frozenset(("auto", "en", "zh", "ja", "all_zh", "all_ja"))

_KANA: Final = "\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"
_HAN: Final = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff々〇"
_HANGUL: Final = "\u1100-\u11ff\u3131-\u318f\uac00-\ud7a3"
_MARKS: Final = re.escape(
    "〜~,.;:!?，。！？；：、·([{<（【《〈「『“‘)]}>）】》〉」』”’\"-_——#$%&……￥'*+=@\\^`|"
)
_SPACE: Final = r"\s"
# What follows a blank belongs to what was before it, so a piece takes its blanks along.
_PIECES: Final = re.compile(
    f"(?P<cjk>[{_KANA}{_HAN}][{_KANA}{_HAN}{_SPACE}]*)"
    f"|(?P<ko>[{_HANGUL}][{_HANGUL}{_SPACE}]*)"
    rf"|(?P<digit>\d[\d{_SPACE}]*)"
    f"|(?P<mark>[{_MARKS}{_SPACE}]+)"
    rf"|(?P<other>[^{_KANA}{_HAN}{_HANGUL}\d{_MARKS}][^{_KANA}{_HAN}{_HANGUL}\d{_MARKS}]*"
    rf"(?:'[^{_KANA}{_HAN}{_HANGUL}\d{_MARKS}]*)*)"
)
_LATIN: Final = re.compile(r"[A-Za-z]")
_LETTER: Final = re.compile(r"[^\W\d_]")
_PLAIN_LATIN: Final = re.compile("[\x00-\x7f\u2000-\u206f\u3000-\u303f\uff00-\uffef]*")
"""What the reference takes for English if it holds a letter: nothing beyond these."""
_UNIT: Final = re.compile(
    r"(?:°[CF]|[℃℉°%‰]|(?:km|cm|mm|dm|m|kg|mg|ml|L|l|g|s|h|dB|db|km/h)(?:[2²3³])?)(?![A-Za-z])"
)
_SENTENCE_END: Final = re.compile(r"(?<=[。！？!?\n])")
_PUNCTUATION: Final = frozenset(",.;:!?，。！？；：、…·~-—'\"“”‘’()（）")
_KANA_SHARE: Final = 0.1
"""Japanese prose has four times as many kana; Chinese has a decorative one now and then."""


@dataclass(frozen=True)
class Stretch:
    """Text in one language."""

    text: str
    language: Language


@dataclass(frozen=True)
class _Piece:
    """A stretch before its language is known: `digit` for what its neighbours decide."""

    text: str
    kind: str


def stretches(
    text: str, mode: Mode, version: Version = "v2", *, as_reference: bool = False
) -> tuple[Stretch, ...]:
    """The text in stretches of one language each, in order, nothing left out.

    Args:
        text: One segment.
        mode: What the person says the text is in.
        version: `v1` models speak no Korean and no Cantonese.
        as_reference: Numbers in `all_*` text are never English; units go to English. The reading
            of shared ideographs stays ours.

    Raises:
        InputError: The version does not speak the language.
    """
    check_mode(mode, version)
    if mode == "en":
        return (Stretch(text, "en"),) if text else ()
    if mode in ("auto", "auto_yue"):
        found = _merged(_auto(text, as_reference))
        if mode == "auto_yue":
            found = [replace(s, language="yue") if s.language == "zh" else s for s in found]
        spoken = {"zh", "ja", "en"} if version == "v1" else {"zh", "yue", "ja", "ko", "en"}
        return tuple(s if s.language in spoken else replace(s, language="zh") for s in found)
    own: Language = mode.removeprefix("all_")  # type: ignore[assignment]
    if mode.startswith("all_"):
        return tuple(_merged(_with_default(text, own, as_reference)))
    chosen = (
        replace(s, language=own) if s.language != "en" else s for s in _auto(text, as_reference)
    )
    return tuple(_merged(chosen))


def check_mode(mode: str, version: Version) -> None:
    """
    Raises:
        InputError: There is no such mode, or this version does not speak it.
    """
    if mode not in MODES:
        raise InputError(
            f"There is no language {mode!r} for GPT-SoVITS.", f"Choose one of {', '.join(MODES)}."
        )
    if version == "v1" and mode not in _V1_MODES:
        raise InputError(
            f"GPT-SoVITS v1 does not speak {mode!r}.",
            f"Choose one of {', '.join(sorted(_V1_MODES))}, or a later model.",
        )


def _auto(text: str, as_reference: bool) -> list[Stretch]:
    pieces = _pieces(text)
    if not as_reference:
        pieces = _units_to_numbers(pieces)
    judge = _Judge(text)
    named: list[_Piece] = []
    start = 0
    for piece in pieces:
        if piece.kind == "cjk":
            named += judge.split(piece.text, start)
        else:
            named.append(_Piece(piece.text, _kind_of_other(piece)))
        start += len(piece.text)
    return _numbers_to_neighbours(named, judge.main)


def _with_default(text: str, default: Language, as_reference: bool) -> list[Stretch]:
    pieces = _pieces(text)
    if as_reference:
        return [
            Stretch(piece.text, "en" if _is_plain_latin(piece) else default) for piece in pieces
        ]
    named = []
    for piece in _units_to_numbers(pieces):
        kind = _kind_of_other(piece)
        named.append(_Piece(piece.text, kind if kind in ("en", "digit") else default))
    return _numbers_to_neighbours(named, default, contested=default)


def _is_plain_latin(piece: _Piece) -> bool:
    return bool(_LATIN.search(piece.text) and _PLAIN_LATIN.fullmatch(piece.text))


def _kind_of_other(piece: _Piece) -> str:
    """`en` for letters; signs without any count with the numbers."""
    if piece.kind == "other":
        return "en" if _LETTER.search(piece.text) else "digit"
    return piece.kind


def _pieces(text: str) -> list[_Piece]:
    """Stretches of one script; marks end the piece before them, or begin the text's first one."""
    pieces: list[_Piece] = []
    held = ""
    for match in _PIECES.finditer(text):
        kind, found = str(match.lastgroup), match.group()
        if kind == "mark":
            if pieces:
                pieces[-1] = replace(pieces[-1], text=pieces[-1].text + found)
            else:
                held += found
        elif pieces and pieces[-1].kind == kind:
            pieces[-1] = replace(pieces[-1], text=pieces[-1].text + found)
        else:
            pieces.append(_Piece(held + found, kind))
            held = ""
    return pieces or ([_Piece(held, "digit")] if held else [])


def _units_to_numbers(pieces: Sequence[_Piece]) -> list[_Piece]:
    """`5km` is one thing to read: a unit written onto its number goes with it."""
    result: list[_Piece] = []
    for piece in pieces:
        before = result[-1] if result else None
        unit = _UNIT.match(piece.text) if piece.kind == "other" else None
        if before is None or before.kind != "digit" or not before.text[-1:].isdigit() or not unit:
            result.append(piece)
            continue
        result[-1] = replace(before, text=before.text + unit.group())
        rest = piece.text[unit.end() :]
        if _LETTER.search(rest):
            result.append(_Piece(rest, piece.kind))
        else:
            result[-1] = replace(result[-1], text=result[-1].text + rest)
    return result


class _Judge:
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
        kana = len(re.findall(f"[{_KANA}]", text))
        han = len(re.findall(f"[{_HAN}]", text))
        is_japanese = kana >= _KANA_SHARE * (kana + han) and not any(map(_is_chinese, text))
        self.main: Language = "ja" if kana and is_japanese else "zh"

    def split(self, piece: str, at: int) -> Iterator[_Piece]:
        """A piece of ideographs and kana in its languages.

        Args:
            piece: Ideographs, kana and the marks after them.
            at: Where it begins in the text.
        """
        for sentence in _SENTENCE_END.split(piece):
            runs = re.split(f"([{_KANA}]+)", sentence)
            for number, run in enumerate(runs):
                if not run:
                    continue
                if number % 2:
                    yield _Piece(run, "ja")
                elif len(runs) == 1:
                    yield _Piece(run, self._alone(run, at))
                else:
                    yield from self._beside_kana(run, number, len(runs))
                at += len(run)

    def _beside_kana(self, run: str, number: int, n_runs: int) -> Iterator[_Piece]:
        """Ideographs that touch kana are Japanese but for a part that only Chinese writes."""
        chinese = [at for at, sign in enumerate(run) if _is_chinese(sign)]
        if not chinese:
            yield _Piece(run, "ja")
        elif number == n_runs - 1:
            yield _Piece(run, "zh")
        else:
            end = chinese[-1] + 1
            yield _Piece(run[:end], "zh")
            if run[end:]:
                yield _Piece(run[end:], "ja")

    def _alone(self, run: str, at: int) -> str:
        """Ideographs without kana: their own characters, then their sentence, then the text."""
        verdict = _script_of(run)
        if verdict is None:
            around = next(s for start, s in reversed(self._sentences) if start <= at)
            verdict = _script_of(around)
            if verdict is None and re.search(f"[{_KANA}]", around):
                return "ja"
        return verdict or self.main


def _script_of(text: str) -> str | None:
    """`zh` or `ja` where a character tells; None otherwise."""
    if any(map(_is_chinese, text)):
        return "zh"
    return "ja" if any(map(_is_japanese, text)) else None


@cache
def _is_chinese(sign: str) -> bool:
    """An ideograph of Chinese that no Japanese character set has: 说, 们, 你."""
    return _is_han(sign) and _encodes(sign, "gb2312") and not _encodes(sign, "cp932")


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


def _numbers_to_neighbours(
    pieces: Sequence[_Piece], alone: Language, contested: Language | None = None
) -> list[Stretch]:
    """Numbers are read in the language around them; every other piece has one by now.

    Args:
        pieces: Of languages, and of kind `digit`.
        alone: For a text of nothing but numbers.
        contested: Where the two neighbours differ; without it they are weighed.
    """
    joined = _joined(pieces)
    result: list[Stretch] = []
    for at, piece in enumerate(joined):
        kind = piece.kind
        if kind == "digit":
            before = joined[at - 1] if at else None
            after = joined[at + 1] if at + 1 < len(joined) else None
            if contested and before and after and before.kind != after.kind:
                kind = contested
            else:
                kind = _language_of_number(piece.text, before, after, alone)
        result.append(Stretch(piece.text, kind))  # type: ignore[arg-type]
    return result


def _joined(pieces: Sequence[_Piece]) -> list[_Piece]:
    """Neighbours of one kind in one piece."""
    joined: list[_Piece] = []
    for piece in pieces:
        if joined and joined[-1].kind == piece.kind:
            joined[-1] = replace(piece, text=joined[-1].text + piece.text)
        else:
            joined.append(piece)
    return joined


def _language_of_number(
    digits: str, before: _Piece | None, after: _Piece | None, alone: Language
) -> str:
    if before is None or after is None:
        one = before or after
        return alone if one is None else one.kind
    if before.kind == after.kind or after.text[:1] in _PUNCTUATION:
        return before.kind
    if before.text.rstrip()[-1:] in _PUNCTUATION:
        return after.kind
    if digits.rstrip()[-1:] in ("。", "."):
        return before.kind
    return before.kind if len(before.text) >= len(after.text) else after.kind


def _merged(found: Iterable[Stretch]) -> list[Stretch]:
    merged: list[Stretch] = []
    for stretch in found:
        if merged and merged[-1].language == stretch.language:
            merged[-1] = replace(stretch, text=merged[-1].text + stretch.text)
        else:
            merged.append(stretch)
    return merged
