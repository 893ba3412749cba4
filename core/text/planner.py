"""From what a person typed to the segments that an engine says.

Needs no model and no torch: a page can plan before anything is loaded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from core.text import spoken
from core.text.clean import clean
from core.text.language import LanguageFinder, shipped_model
from core.text.plan import Segment, TextPlan
from core.text.split import End, Stretch, blocks, opening, pieces, sentences

PAUSES_S = {
    End.LETTER: 0.0,
    End.WORD: 0.05,
    End.CLAUSE: 0.2,
    End.BREAK: 0.25,
    End.SENTENCE: 0.4,
    End.ELLIPSIS: 0.6,
    End.LINE: 0.45,
    End.PARAGRAPH: 0.8,
    End.SECTION: 1.0,
}
"""Silence after a segment (s), by what it ends with."""

LONGEST_CHARS = 400
"""No segment is longer even if the engine could: it would be too much to make again."""
GOOD_CHARS = 180
"""Short sentences of a paragraph are said together up to here."""
FIRST_CHARS = 80
"""The first segment is kept shorter, so that sound starts early."""
TINY_CHARS = 25
"""A sentence this short is said badly on its own by many engines."""
LEAST_SPOKEN_CHARS = 80
"""What a single sign or number may grow to, whatever the engine's limit."""

_DENSE_LANGUAGES = frozenset({"zh", "ja", "ko"})
_DENSE_SHARE = 0.4
"""A character of these says as much as two or three letters: lengths shrink accordingly."""


@dataclass(frozen=True, slots=True)
class _Draft:
    stretch: Stretch
    language: str
    spoken: str


def plan(
    text: str,
    *,
    max_chars: int,
    languages: tuple[str, ...],
    language: str | None = None,
    first_chars: int | None = None,
) -> TextPlan:
    """Clean, split and spell out a text.

    Args:
        text: Anything a person pasted.
        max_chars: Longest segment that the engine takes, in characters of the source.
        languages: ISO 639-1 codes that the engine speaks, best first.
        language: Spoken throughout; None to detect it sentence by sentence.
        first_chars: A first sentence longer than this is cut after its first clause, and what
            follows is kept short once, for an engine that takes seconds to speak; None: not cut.

    Returns:
        Segments that cover every non-blank character once and in order. What is spoken of one is
        at most 4 * `max_chars` long (or `LEAST_SPOKEN_CHARS`, where that is more).

    Raises:
        InputError: No text, too much of it, or a language that the engine does not speak.
    """
    assert max_chars >= 1
    assert languages
    cleaned = clean(text)
    model = None if language else shipped_model()
    finder = LanguageFinder(cleaned.text, languages, language, model)
    drafts = list(_Planner(cleaned.text, finder, max_chars, first_chars).drafts())
    segments = tuple(
        Segment(
            index=index,
            text=cleaned.text[draft.stretch.start : draft.stretch.stop],
            start=draft.stretch.start,
            stop=draft.stretch.stop,
            pause_s=0.0 if index == len(drafts) - 1 else PAUSES_S[draft.stretch.end],
            language=draft.language,
            spoken=draft.spoken,
        )
        for index, draft in enumerate(drafts)
    )
    return TextPlan(
        source=cleaned.text,
        language=finder.main,
        segments=segments,
        notes=(*cleaned.notes, *finder.notes, *_silence_notes(segments)),
    )


def _silence_notes(segments: tuple[Segment, ...]) -> tuple[str, ...]:
    n_silent = sum(not segment.spoken for segment in segments)
    if not n_silent:
        return ()
    what = "1 segment holds" if n_silent == 1 else f"{n_silent:,} segments hold"
    return (f"{what} nothing to say (signs or emoji alone): a pause instead.",)


class _Planner:
    """Walks a text once.

    Args:
        source: Cleaned.
        finder: Decides languages.
        max_chars: Of the engine.
        first_chars: Of the engine.
    """

    def __init__(
        self, source: str, finder: LanguageFinder, max_chars: int, first_chars: int | None
    ) -> None:
        self._source = source
        self._finder = finder
        self._max_chars = max_chars
        self._longest_spoken = max(4 * max_chars, LEAST_SPOKEN_CHARS)
        self._first_chars = first_chars
        self._is_opened = first_chars is None
        self._n_packed = 0

    def drafts(self) -> Iterator[_Draft]:
        for block in blocks(self._source):
            for stretch, language in self._packed(block):
                self._n_packed += 1
                yield from self._spelled(stretch, language)

    def _packed(self, block: Stretch) -> Iterator[tuple[Stretch, str]]:
        """Sentences of a block, the long ones cut, the short ones together."""
        held: tuple[Stretch, str] | None = None
        for piece, language in self._pieces(block):
            if held is not None and held[1] == language:
                together = Stretch(held[0].start, piece.stop, piece.end)
                if self._belong_together(held[0], piece, language):
                    held = together, language
                    continue
            if held is not None:
                yield held
            held = piece, language
        if held is not None:
            yield held

    def _pieces(self, block: Stretch) -> Iterator[tuple[Stretch, str]]:
        paragraph = self._finder.of_paragraph(self._source[block.start : block.stop])
        for sentence in sentences(self._source, block, paragraph):
            written = self._source[sentence.start : sentence.stop]
            language = self._finder.of_sentence(written, paragraph)
            for part in self._opened(sentence, language):
                for piece in pieces(self._source, part, self._limit(language)):
                    yield piece, language

    def _opened(self, sentence: Stretch, language: str) -> Iterator[Stretch]:
        """The first sentence of all, cut after its first clause where it is long."""
        share = _share(language)
        is_long = sentence.stop - sentence.start > (self._first_chars or 0) * share
        if self._is_opened or not is_long:
            yield sentence
        else:
            yield from opening(self._source, sentence, math.ceil(TINY_CHARS * share))
        self._is_opened = True

    def _limit(self, language: str) -> int:
        return min(self._max_chars, int(LONGEST_CHARS * _share(language)))

    @property
    def _good_chars(self) -> int:
        """Short sentences are said together up to here: at the beginning, fewer."""
        if self._first_chars is None:
            return GOOD_CHARS if self._n_packed else FIRST_CHARS
        return (self._first_chars, FIRST_CHARS, GOOD_CHARS)[min(self._n_packed, 2)]

    def _belong_together(self, held: Stretch, piece: Stretch, language: str) -> bool:
        share, limit = _share(language), self._limit(language)
        good = min(self._good_chars * share, limit)
        together = piece.stop - held.start
        shorter = min(held.stop - held.start, piece.stop - piece.start)
        is_tiny = shorter < TINY_CHARS * share
        return together <= good or (is_tiny and together <= min(limit, 1.5 * good))

    def _spelled(self, stretch: Stretch, language: str) -> Iterator[_Draft]:
        """A stretch with what is spoken of it; cut further where that is too long."""
        said = spoken.say(self._source[stretch.start : stretch.stop], language)
        length = stretch.stop - stretch.start
        if len(said) <= self._longest_spoken or length == 1:
            yield _Draft(stretch, language, said)
            return
        for piece in pieces(self._source, stretch, -(-length // 2)):
            yield from self._spelled(piece, language)


def _share(language: str) -> float:
    return _DENSE_SHARE if language in _DENSE_LANGUAGES else 1.0
