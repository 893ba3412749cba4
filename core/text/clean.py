"""What a text must be before anything else looks at it: bounded, normalised, nothing hidden.

The order matters. Unicode normalisation takes time in the square of a run of combining marks, so
length and runs are bounded first.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from core.errors import InputError

MAX_CHARS = 1_000_000
MARKS_IN_A_ROW = 8
"""No script stacks more; a hundred thousand marks on one letter cost NFC seven seconds."""

_JOINERS = "\u200c\u200d"
# Scripts that spell with joiners (Arabic, Syriac, N'Ko, Brahmic scripts of India, Sinhala,
# Myanmar, Khmer, Mongolian) and what an emoji sequence is made of.
_BEFORE_JOINER = (
    "\u0600-\u06ff\u0700-\u077f\u07c0-\u07ff\u08a0-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff"
    "\u1800-\u18af\ufb50-\ufdff\ufe70-\ufeff\ufe0f\u2190-\u2bff\U0001f000-\U0001faff"
)
_STRAY_JOINER = re.compile(f"(?<![{_BEFORE_JOINER}])[{_JOINERS}]|(?<=[{_JOINERS}])[{_JOINERS}]")


def _hidden_characters() -> dict[int, str | None]:
    """Translation table: what is dropped (None) or becomes a line end."""
    dropped: list[int] = [
        0x00AD,  # soft hyphen
        0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A),  # bidi
        0x180E, 0x200B, 0xFEFF, *range(0x2060, 0x2066), *range(0x206A, 0x2070),  # zero width
        *range(0xFFF9, 0xFFFC), *range(0xFDD0, 0xFDF0), 0xFFFE, 0xFFFF,
        *range(0xE0000, 0xE0080),  # tags
    ]  # fmt: skip
    table: dict[int, str | None] = dict.fromkeys(dropped)
    table |= dict.fromkeys((*range(32), *range(127, 160)))
    del table[0x09], table[0x0A]
    return table | {0x0B: "\n", 0x0C: "\n\n", 0x85: "\n", 0x2028: "\n", 0x2029: "\n\n"}


_HIDDEN = _hidden_characters()
_SURROGATE = re.compile("[\ud800-\udfff]+")


@dataclass(frozen=True, kw_only=True)
class CleanText:
    """
    Args:
        text: NFC, line ends are `\\n`, nothing invisible but joiners that a script needs.
        notes: What was changed, one sentence each.
    """

    text: str
    notes: tuple[str, ...]


def clean(text: str) -> CleanText:
    """Bound and normalise what a person typed or pasted.

    Raises:
        InputError: The text is longer than `MAX_CHARS` or holds nothing visible.
    """
    if len(text) > MAX_CHARS:
        raise InputError(
            f"The text has {len(text):,} characters; at most {MAX_CHARS:,} can be read at once.",
            "Split it into parts and speak one after the other.",
        )
    notes: list[str] = []
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    shorter = _SURROGATE.sub("", text)
    _note(notes, len(text) - len(shorter), "broken character", "(half of a surrogate pair)")
    text = shorter.translate(_HIDDEN)
    hidden = sum(shorter.count(char) for char in set(shorter) if _is_hidden(char))
    shorter = _STRAY_JOINER.sub("", text)
    hidden += len(text) - len(shorter)
    _note(notes, hidden, "invisible character", "(control, direction or zero width)")
    text = _cap_marks(shorter)
    _note(notes, len(shorter) - len(text), "combining mark", f"beyond {MARKS_IN_A_ROW} in a row")
    # A few characters come apart into more marks (musical notes): capped once more, now stable.
    text = _cap_marks(unicodedata.normalize("NFC", text))
    if not text or text.isspace():
        raise InputError("There is no text to speak.", "Type or paste something to read aloud.")
    return CleanText(text=text, notes=tuple(notes))


def _is_hidden(char: str) -> bool:
    return _HIDDEN.get(ord(char), char) is None


def _cap_marks(text: str) -> str:
    # Marks are looked up among the characters that occur: the table of all of Unicode takes 0.3 s.
    marks = [char for char in set(text) if unicodedata.category(char)[0] == "M"]
    if not marks:
        return text
    mark = f"[{''.join(map(re.escape, marks))}]"
    return re.sub(f"({mark}{{{MARKS_IN_A_ROW}}}){mark}+", r"\1", text)


def _note(notes: list[str], count: int, noun: str, why: str) -> None:
    if count:
        notes.append(f"Left out {count:,} {noun}{'s' if count > 1 else ''} {why}.")
