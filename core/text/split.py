"""Where a text may be cut: blocks of lines, sentences, clauses, words, letters.

Works on offsets into the source and reads every character a bounded number of times. Knows nothing
of engines or of how long a segment should be.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from core.text import abbreviations, graphemes


class End(Enum):
    """What a stretch ends with."""

    LETTER = "letter"
    WORD = "word"
    CLAUSE = "clause"
    BREAK = "break"
    SENTENCE = "sentence"
    ELLIPSIS = "ellipsis"
    LINE = "line"
    PARAGRAPH = "paragraph"
    SECTION = "section"


@dataclass(frozen=True, slots=True)
class Stretch:
    """`source[start:stop]`, without blanks at its ends."""

    start: int
    stop: int
    end: End


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    stop: int
    blank_lines_after: int


_WIDEST_WRAP = 100
"""Longer lines are paragraphs that end with a line break, not lines of a wrapped paragraph."""
_NARROWEST_WRAP = 45
_HEADING_CHARS = 80

_LINE = re.compile(r"[^\n]+")
_ITEM = re.compile(r"(?:[-*+•·▪◦‣–—]|\d{1,3}[.)]|[A-Za-z][.)]|#{1,6}|>)\s")
_RULE = re.compile(r"[\W_]+\Z")
_FINAL = ".!?…‥。．！？｡؟۔।॥։።:：;；"
_CLOSING = r"[\"'”’“‘»«›‹)\]}」』）】》〉〕＂＇]*+"
_NOTE = r"(?:\[\d{1,3}\])*+"
_TERMINAL = re.compile(rf"(?P<mark>[.!?…‥。．！？｡؟۔।॥։።፧‽⁇⁈⁉]++)(?P<close>{_CLOSING}){_NOTE}")
_TERMINALS = {
    "el": re.compile(_TERMINAL.pattern.replace("[.!", "[;.!", 1)),
    # French quotations close after a space.
    "fr": re.compile(
        _TERMINAL.pattern.replace("(?P<close>", r"(?P<close>(?:[ \u00a0\u202f](?=»))?", 1)
    ),
}
_ALWAYS = frozenset("。．！？｡؟۔।॥։።፧")
_OPENING = frozenset("\"'“”„‘’«»‹([{¿¡「『（【《〈*_—–-•")
_QUOTES = frozenset("\"'”’»」』")

_BREAK = re.compile(r"[;:—–؛；：](?=\s)|—|；|：(?!//)|\s(?=[–-]\s)|(?<=\s)[–-](?=\s)")
_CLAUSE = re.compile(r"[,،、，)\]）](?=[\"'”’»」』）]{0,3}\s)|[、，）]|\s(?=[(\[])")
_SPACE = re.compile(r"\s")
_PHRASED_BY_SPACES = re.compile(r"[\u0e01-\u0edf\u1000-\u109f\u1780-\u17ff]\s")
"""Thai, Lao, Burmese and Khmer part phrases by spaces, not words."""
_SLASH = re.compile(r"[/&=_.-]")


def blocks(source: str) -> Iterator[Stretch]:
    """Stretches between line breaks that mean something: lines of verse, items, paragraphs.

    Lines that were wrapped at a margin belong together.
    """
    for paragraph in _paragraphs(source):
        wrap = max(min(line.stop - line.start, _WIDEST_WRAP + 1) for line in paragraph)
        start = paragraph[0].start
        for line, after in zip(paragraph, [*paragraph[1:], None], strict=True):
            if after is not None and _flows_on(source, line, after, wrap):
                continue
            end = _end_of_block(source, start, line, paragraph)
            yield Stretch(start, line.stop, end)
            if after is not None:
                start = after.start


def _paragraphs(source: str) -> Iterator[list[_Line]]:
    held: list[_Line] = []
    for line in _lines(source):
        held.append(line)
        if line.blank_lines_after:
            yield held
            held = []
    if held:
        yield held


def _lines(source: str) -> Iterator[_Line]:
    """Lines that hold something, blanks at their ends left out."""
    last: tuple[int, int] | None = None
    for found in _LINE.finditer(source):
        written = found.group()
        bare = written.strip()
        if not bare:
            continue
        start = found.start() + len(written) - len(written.lstrip())
        if last is not None:
            n_breaks = source.count("\n", last[1], start)
            yield _Line(*last, n_breaks - 1)
        last = (start, start + len(bare))
    if last is not None:
        yield _Line(*last, 0)


def _flows_on(source: str, line: _Line, after: _Line, wrap: int) -> bool:
    """Whether a line break is only the margin."""
    if _ITEM.match(source, after.start, after.stop) or source[line.start] == "#":
        return False
    width = line.stop - line.start
    if width > _WIDEST_WRAP or _is_rule(source, line) or _is_rule(source, after):
        return False
    ends = source[line.stop - 1] in _FINAL
    if source[after.start].islower() and width >= 20 and not ends:
        return True
    next_word = re.compile(r"\S{1,30}").match(source, after.start, after.stop)
    assert next_word is not None
    length = 2 if _is_dense(source[after.start]) else len(next_word.group())
    full = width + 1 + length > wrap
    return full and _NARROWEST_WRAP <= wrap <= _WIDEST_WRAP and width >= _NARROWEST_WRAP - 5


def _end_of_block(source: str, start: int, line: _Line, paragraph: list[_Line]) -> End:
    """
    Args:
        source: The text.
        start: Of the block.
        line: Its last line.
        paragraph: All lines of the paragraph that the block is part of.
    """
    if source[start] == "#" or (line.start == start and _is_rule(source, line)):
        return End.SECTION
    if line.blank_lines_after > 1:
        return End.SECTION
    if line is not paragraph[-1]:
        return End.PARAGRAPH if line.stop - line.start > _WIDEST_WRAP else End.LINE
    is_item = _ITEM.match(source, start, line.stop) is not None
    alone = len(paragraph) == 1 and line.stop - line.start <= _HEADING_CHARS
    goes_on = source[line.stop - 1] in _FINAL + ',，、"”’»」)'
    return End.SECTION if alone and not is_item and not goes_on else End.PARAGRAPH


def _is_rule(source: str, line: _Line) -> bool:
    return line.stop - line.start <= 200 and bool(_RULE.match(source, line.start, line.stop))


def _is_dense(char: str) -> bool:
    return "\u2e80" <= char <= "\u9fff" or "\uf900" <= char <= "\uffef"


def sentences(source: str, block: Stretch, language: str) -> Iterator[Stretch]:
    """Sentences of a block, the last with the block's own end."""
    pattern = _TERMINALS.get(language, _TERMINAL)
    said = source[block.start : block.stop]
    small_letters_only = said == said.lower()
    start = block.start
    for found in pattern.finditer(source, block.start, block.stop):
        if found.start() < start:
            continue
        if found.end() >= block.stop:
            break
        if _ends_sentence(source, found, block, language, small_letters_only):
            end = End.ELLIPSIS if _is_ellipsis(found["mark"]) else End.SENTENCE
            yield Stretch(start, found.end(), end)
            start = _skip_blank(source, found.end(), block.stop)
    if start < block.stop:
        yield Stretch(start, block.stop, block.end)


def _skip_blank(source: str, at: int, stop: int) -> int:
    while at < stop and source[at].isspace():
        at += 1
    return at


def _is_ellipsis(mark: str) -> bool:
    return mark[-1] in "…‥" or mark.endswith("..")


def _ends_sentence(
    source: str, found: re.Match[str], block: Stretch, language: str, small_letters_only: bool
) -> bool:
    mark, close, at = found["mark"], found["close"], found.end()
    after = source[at]
    if not _ALWAYS.isdisjoint(mark):
        # 「待て。」と言った goes on after the quotation.
        return not (close and close[-1] in "」』" and after in "とっ、って")
    if not after.isspace():
        # "end!Next", "end.次": a missing space; anything else is 3.14 or example.com.
        return _is_dense(after) or (mark[-1] in "!?…" and after.isupper() and not close)
    significant = _first_letter(source, at, block.stop)
    if significant >= block.stop:
        return True
    first = source[significant]
    if first.islower() and not (small_letters_only and not close):
        return False
    is_stop = mark == "." and not close
    return not (is_stop and _is_abbreviation(source, found.start(), significant, block, language))


def _first_letter(source: str, at: int, stop: int) -> int:
    while at < stop and (source[at].isspace() or source[at] in _OPENING):
        at += 1
    return at


def _is_abbreviation(source: str, dot: int, after: int, block: Stretch, language: str) -> bool:
    """Whether the word before the stop at `dot` is short for something that goes on."""
    token_start = dot
    while token_start > max(block.start, dot - 16) and _is_word_part(source[token_start - 1]):
        token_start -= 1
    token = source[token_start:dot]
    small = token.lower()
    next_word = _word_at(source, after, block.stop)
    is_initial = len(next_word) == 1 and source[after + 1 : after + 2] == "."
    opens = next_word in _of(abbreviations.OPENERS, language) and not is_initial
    if token.isdigit():
        is_item = token_start == block.start and len(token) <= 3
        dotted = language in abbreviations.ORDINAL_DOT and len(token) <= 2 and not opens
        return is_item or dotted
    if small in _of(abbreviations.MAY_END, language):
        return not source[after].isupper() and not _is_dense(source[after])
    if len(token) == 1 and token.isalpha():
        return _is_initial(source, token_start, block, language, opens)
    never_ends = small in _of(abbreviations.NEVER_END, language)
    numbered = small in abbreviations.BEFORE_NUMBER and source[after].isdigit()
    # U.S. Army, but: in the U.S. They ...
    letters = "." in token and all(len(part) <= 2 for part in token.split("."))
    acronym = letters and not opens and language in abbreviations.OPENERS
    return never_ends or numbered or acronym


def _of(table: Mapping[str, frozenset[str]], language: str) -> frozenset[str]:
    return table.get(language, frozenset())


def _is_initial(source: str, at: int, block: Stretch, language: str, opens: bool) -> bool:
    """J. R. R. Tolkien, z. B., и т. д.: a single letter before the stop."""
    letter = source[at]
    if opens:
        return False
    if language == "en" and letter == "I":
        return at == block.start
    if language in ("ru", "uk") and letter.islower():
        before = source[max(block.start, at - 4) : at].rstrip()
        after_number = letter in "гвр" and before[-1:].isdigit()
        return not (after_number or (letter in "дп" and before.endswith("т.")))
    return unicodedata.category(letter) in ("Lu", "Ll", "Lt")


def _is_word_part(char: str) -> bool:
    return char.isalnum() or char in ".-"


def _word_at(source: str, at: int, stop: int) -> str:
    end = at
    while end < min(stop, at + 16) and source[end].isalpha():
        end += 1
    return source[at:end]


def opening(source: str, stretch: Stretch, least: int) -> Iterator[Stretch]:
    """A stretch cut once, after its first clause; whole where it has no place for that.

    Args:
        source: The text.
        stretch: A sentence.
        least: Characters that both parts have.
    """
    low, high = stretch.start + least, stretch.stop - least
    ends = [
        (_past_closers(source, found.end(), high), end)
        for pattern, end in ((_BREAK, End.BREAK), (_CLAUSE, End.CLAUSE))
        if (found := pattern.search(source, low, max(low, high)))
    ]
    if not ends:
        yield stretch
        return
    at, end = min(ends, key=lambda each: each[0])
    stop = at
    while source[stop - 1].isspace():
        stop -= 1
    yield Stretch(stretch.start, stop, end)
    yield Stretch(_skip_blank(source, at, stretch.stop), stretch.stop, stretch.end)


def pieces(source: str, stretch: Stretch, limit: int) -> Iterator[Stretch]:
    """A stretch cut into pieces of at most `limit` characters, at the best places near even parts.

    Clauses first, then spaces, then signs inside an address, then letters; never inside a grapheme
    cluster unless the cluster itself is longer than `limit`.
    """
    start = stretch.start
    while stretch.stop - start > limit:
        at, end = _best_cut(source, start, stretch.stop, limit)
        stop = at
        while stop > start and source[stop - 1].isspace():
            stop -= 1
        if stop > start:
            yield Stretch(start, stop, end)
        start = _skip_blank(source, at, stretch.stop)
    if start < stretch.stop:
        yield Stretch(start, stretch.stop, stretch.end)


def _best_cut(source: str, start: int, stop: int, limit: int) -> tuple[int, End]:
    n_parts = -(-(stop - start) // limit)
    even = (stop - start) / n_parts
    low, high = start + max(1, int(even * 0.5)), start + limit
    for pattern, end in ((_BREAK, End.BREAK), (_CLAUSE, End.CLAUSE)):
        places = [found.end() for found in pattern.finditer(source, low, min(high, stop - 1))]
        places = [_past_closers(source, place, high) for place in places]
        if places:
            return min(places, key=lambda place: abs(place - start - even)), end
    phrase = _PHRASED_BY_SPACES.search(source, start, high)
    space = End.CLAUSE if phrase else End.WORD
    for pattern, end in ((_SPACE, space), (_SLASH, End.LETTER)):
        place = max((found.end() for found in pattern.finditer(source, start + 1, high)), default=0)
        if source[high : high + 1].isspace():
            return high, space
        if place > start + (0 if end is space else limit // 2):
            return place, end
    return graphemes.cut_before(source, high, start), End.LETTER


def _past_closers(source: str, place: int, high: int) -> int:
    while place < high and source[place] in _QUOTES:
        place += 1
    return place
