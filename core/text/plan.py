"""The plan of a text: its segments, in order, each a stretch of the source."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A stretch of the source that is spoken in one go.

    Args:
        index: Place in the plan, from 0.
        text: `source[start:stop]`, as it was written.
        start: Offset into `TextPlan.source`, in characters.
        stop: Offset past the last character.
        pause_s: Silence after it (s); 0 after the last.
        language: ISO 639-1 code it is spoken in.
        spoken: What the engine says: numbers, units and dates in words. Empty for a segment
            with nothing to say (emoji alone): it is a pause.
    """

    index: int
    text: str
    start: int
    stop: int
    pause_s: float
    language: str
    spoken: str


@dataclass(frozen=True, kw_only=True)
class TextPlan:
    """Segments that cover every non-blank character of `source`, in order and once.

    Args:
        source: The cleaned text that the offsets refer to.
        language: The main language of the text, ISO 639-1.
        segments: In order; never empty.
        notes: What cleaning changed, one sentence each.
    """

    source: str
    language: str
    segments: tuple[Segment, ...]
    notes: tuple[str, ...] = ()
