"""Splits mixed text into stretches of one language each: Chinese, Japanese, Korean, English.

Scripts decide. Ideographs, which Chinese and Japanese share, are told apart by characters that only
one of them writes and by the kana around them; a language model for single words, as the reference
uses, calls 今天 Japanese. Languages that GPT-SoVITS does not speak count as English.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

from core.engines.gpt_sovits.text.ideographs import HAN, KANA, Judge
from core.engines.gpt_sovits.text.phones import Language, Version
from core.errors import InputError

Mode = Literal[
    "en", "all_zh", "all_yue", "all_ja", "all_ko", "zh", "yue", "ja", "ko", "auto", "auto_yue"
]
"""What a text is in: `zh` Chinese with English words, `all_zh` the same, `auto` anything."""

MODES: Final[tuple[Mode, ...]] = get_args(Mode)
_V1_MODES: Final = frozenset(("auto", "en", "zh", "ja", "all_zh", "all_ja"))

_HANGUL: Final = "\u1100-\u11ff\u3131-\u318f\uac00-\ud7a3"
_MARKS: Final = re.escape(
    "〜~,.;:!?，。！？；：、·([{<（【《〈「『“‘)]}>）】》〉」』”’\"-_——#$%&……￥'*+=@\\^`|"
)
_SPACE: Final = r"\s"
# What follows a blank belongs to what was before it, so a piece takes its blanks along.
_PIECES: Final = re.compile(
    f"(?P<cjk>[{KANA}{HAN}][{KANA}{HAN}{_SPACE}]*)"
    f"|(?P<ko>[{_HANGUL}][{_HANGUL}{_SPACE}]*)"
    rf"|(?P<digit>\d[\d{_SPACE}]*)"
    f"|(?P<mark>[{_MARKS}{_SPACE}]+)"
    rf"|(?P<other>[^{KANA}{HAN}{_HANGUL}\d{_MARKS}][^{KANA}{HAN}{_HANGUL}\d{_MARKS}]*"
    rf"(?:'[^{KANA}{HAN}{_HANGUL}\d{_MARKS}]*)*)"
)
_LATIN: Final = re.compile(r"[A-Za-z]")
_PLAIN_LATIN: Final = re.compile("[\x00-\x7f\u2000-\u206f\u3000-\u303f\uff00-\uffef]*")
"""What the reference takes for English if it holds a letter: nothing beyond these."""
_UNIT: Final = re.compile(
    r"(?:°[CF]|[℃℉°%‰]|(?:km/h|m/s|km|cm|mm|dm|m|kg|mg|ml|L|l|g|s|h|dB|db)(?:[2²3³])?)(?![A-Za-z])"
)
_PUNCTUATION: Final = frozenset(",.;:!?，。！？；：、…·~-—'\"“”‘’()（）")


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
    found = _auto(text, as_reference, None if as_reference else own)
    chosen = (replace(s, language=own) if s.language != "en" else s for s in found)
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


def _auto(text: str, as_reference: bool, contested: Language | None = None) -> list[Stretch]:
    pieces = _pieces(text)
    if not as_reference:
        pieces = _units_to_numbers(pieces)
    judge = Judge(text)
    named: list[_Piece] = []
    start = 0
    for piece in pieces:
        if piece.kind == "cjk":
            named += [_Piece(part, language) for part, language in judge.split(piece.text, start)]
        else:
            named.append(_Piece(piece.text, _kind_of_other(piece, as_reference)))
        start += len(piece.text)
    return _numbers_to_neighbours(named, judge.main, contested)


def _with_default(text: str, default: Language, as_reference: bool) -> list[Stretch]:
    pieces = _pieces(text)
    if as_reference:
        return [
            Stretch(piece.text, "en" if _is_plain_latin(piece) else default) for piece in pieces
        ]
    named = []
    for piece in _units_to_numbers(pieces):
        kind = _kind_of_other(piece, as_reference)
        named.append(_Piece(piece.text, kind if kind in ("en", "digit") else default))
    return _numbers_to_neighbours(named, default, contested=default)


def _is_plain_latin(piece: _Piece) -> bool:
    return bool(_LATIN.search(piece.text) and _PLAIN_LATIN.fullmatch(piece.text))


def _kind_of_other(piece: _Piece, as_reference: bool) -> str:
    """`en` for letters (the reference: of ASCII); signs without any count with the numbers."""
    if piece.kind == "other":
        return "en" if _has_letter(piece.text, as_reference) else "digit"
    return piece.kind


def _has_letter(text: str, is_latin: bool = False) -> bool:
    return any(sign.isalpha() and not (is_latin and not sign.isascii()) for sign in text)


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
        if _has_letter(rest):
            result.append(_Piece(rest, piece.kind))
        else:
            result[-1] = replace(result[-1], text=result[-1].text + rest)
    return result


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
                kind = "en" if _begins_word(piece.text, after) else contested
            else:
                kind = _language_of_number(piece.text, before, after, alone)
        result.append(Stretch(piece.text, kind))  # type: ignore[arg-type]
    return result


def _begins_word(digits: str, after: _Piece) -> bool:
    """Whether a number is written onto an English word: 7-Eleven, but not 5G."""
    is_word = after.kind == "en" and after.text[:2].isalpha() and len(after.text) > 1
    return is_word and not digits[-1:].isspace()


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
