"""Cuts a long text into the segments that are spoken one at a time.

The six ways to cut carry the names people know from GPT-SoVITS: `cut0` not at all, `cut1` every
four pieces, `cut2` about 50 characters, `cut3` at 。, `cut4` at the English full stop, `cut5` at
every punctuation mark.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal

from core.errors import InputError

CutMethod = Literal["cut0", "cut1", "cut2", "cut3", "cut4", "cut5"]

SPLITS: Final = "，。？！,.?!~:：—…"
"""A segment ends with one of these."""

MAX_CHARS: Final = 510
"""Longest segment: BERT takes 512 tokens, one per character and two of its own."""

_LEAST_HEAD_CHARS: Final = 4
_LEAST_PIECE_CHARS: Final = 5
_GROUP_PIECES: Final = 4
_GROUP_CHARS: Final = 50
_MARKS: Final = frozenset("!?…,.- ")
_CUT5_MARKS: Final = frozenset(",.;?!、，。？！;：…")
_AT_SPLITS: Final = re.compile(f"[{SPLITS}]")
_AFTER_SPLITS: Final = re.compile(f"(?<=[{SPLITS}])")


def replace_consecutive_punctuation(text: str) -> str:
    """Runs of `! ? … , . -` become their first mark: `what?!` -> `what?`."""
    return re.sub(r"([!?…,.\-])[!?…,.\-]+", r"\1", text)


def cut_text(text: str, method: CutMethod) -> str:
    """The text with a line break wherever a segment ends."""
    return _METHODS[method](text)


def ended(text: str, language: str) -> str:
    """A transcript as one segment: on one line, with a mark at its end.

    Args:
        text: Any, not empty.
        language: The mode of the text; `en` decides the full stop that is added.
    """
    text = text.strip("\n")
    return text if text[-1:] in SPLITS else text + _full_stop(language)


def _full_stop(language: str) -> str:
    return "." if language == "en" else "。"


def pre_seg_text(
    text: str, language: str, method: CutMethod = "cut1", *, as_reference: bool = False
) -> tuple[str, ...]:
    """The segments of a text.

    A short first piece gets a mark in front and short pieces are joined, because the models
    swallow the words of very short segments.

    Args:
        text: As the person wrote it.
        language: The mode of the text, such as `zh` or `auto`; `en` decides the full stop that
            is added.
        method: Where to cut.
        as_reference: Let pass a stretch of more than 510 characters without punctuation.

    Raises:
        InputError: There is nothing to say.
    """
    text = replace_consecutive_punctuation(text).strip("\n")
    if not re.search(r"\w", text):
        raise InputError("There is no word to say in this text.", "Write at least one word.")
    head = _AT_SPLITS.split(text, maxsplit=1)[0].strip()
    if text[0] not in SPLITS and len(head) < _LEAST_HEAD_CHARS:
        text = _full_stop(language) + text
    lines = [line for line in cut_text(text, method).split("\n") if line.strip()]
    segments: list[str] = []
    for piece in _join_short(lines):
        if not re.search(r"\w", piece):
            continue
        segment = ended(piece, language)
        segments += _parted(segment, as_reference) if len(segment) > MAX_CHARS else [segment]
    return tuple(segments)


def _join_short(pieces: Sequence[str]) -> list[str]:
    """Joins pieces until each has 5 characters; a short rest goes to the last."""
    if len(pieces) < 2:
        return list(pieces)
    joined, current = [], ""
    for piece in pieces:
        current += piece
        if len(current) >= _LEAST_PIECE_CHARS:
            joined.append(current)
            current = ""
    if current:
        joined[-1:] = [joined[-1] + current] if joined else [current]
    return joined


def _parted(text: str, as_reference: bool) -> list[str]:
    """A text in parts of at most 510 characters, cut after punctuation where there is some."""
    parts, current = [], ""
    for stretch in _AFTER_SPLITS.split(text):
        for piece in [stretch] if as_reference else _chopped(stretch):
            if current and len(current) + len(piece) > MAX_CHARS:
                parts.append(current)
                current = ""
            current += piece
    return [*parts, current] if current else parts


def _chopped(stretch: str) -> list[str]:
    """A stretch without punctuation, cut at blanks, or anywhere, where it is too long."""
    pieces = []
    while len(stretch) > MAX_CHARS:
        blank = stretch.rfind(" ", 1, MAX_CHARS)
        at = blank + 1 if blank > 0 else MAX_CHARS
        pieces.append(stretch[:at])
        stretch = stretch[at:]
    return [*pieces, stretch]


def _pieces(text: str) -> list[str]:
    """A text cut after every mark of `SPLITS`."""
    text = text.replace("……", "。").replace("——", "，")
    if text[-1] not in SPLITS:
        text += "。"
    return [piece for piece in _AFTER_SPLITS.split(text) if piece]


def _lines(pieces: Iterable[str], marks: frozenset[str] = _MARKS) -> str:
    return "\n".join(piece for piece in pieces if not set(piece) <= marks)


def _cut0(text: str) -> str:
    return text if set(text) - _MARKS else "\n"


def _cut1(text: str) -> str:
    text = text.strip("\n")
    pieces = _pieces(text)
    starts = list(range(0, len(pieces), _GROUP_PIECES))
    if len(starts) < 2:
        return _lines([text])
    # What remains after the last whole group stays with it.
    ends: list[int | None] = [*starts[1:-1], None]
    groups = zip(starts[:-1], ends, strict=True)
    return _lines("".join(pieces[start:end]) for start, end in groups)


def _cut2(text: str) -> str:
    text = text.strip("\n")
    pieces = _pieces(text)
    if len(pieces) < 2:
        return text
    groups, current = [], ""
    for piece in pieces:
        current += piece
        if len(current) > _GROUP_CHARS:
            groups.append(current)
            current = ""
    if current:
        groups.append(current)
    if len(groups) > 1 and len(groups[-1]) < _GROUP_CHARS:
        groups[-2:] = [groups[-2] + groups[-1]]
    return _lines(groups)


def _cut3(text: str) -> str:
    return _lines(text.strip("\n").strip("。").split("。"))


def _cut4(text: str) -> str:
    return _lines(re.split(r"(?<!\d)\.(?!\d)", text.strip("\n").strip(".")))


def _cut5(text: str) -> str:
    text = text.strip("\n")
    pieces, start = [], 0
    for at, mark in enumerate(text):
        is_decimal = mark == "." and text[at - 1 : at].isdigit() and text[at + 1 : at + 2].isdigit()
        if mark in _CUT5_MARKS and not is_decimal:
            pieces.append(text[start : at + 1])
            start = at + 1
    return _lines([*pieces, text[start:]], _CUT5_MARKS)


_METHODS: Final[Mapping[CutMethod, Callable[[str], str]]] = MappingProxyType(
    {"cut0": _cut0, "cut1": _cut1, "cut2": _cut2, "cut3": _cut3, "cut4": _cut4, "cut5": _cut5}
)
