"""Further recordings of a voice's speaker, as the page lists them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.audio.recording import Part, Recording
from core.audio.samples import Span
from ui import figures
from ui.sounds import excerpt_url
from ui.words import say

if TYPE_CHECKING:
    from core.studio import Studio

Memo = dict[str, Any]
"""What the browser remembers of one: recording, name, seconds (of all of it), start_s, stop_s,
engine (whose limits the part keeps)."""


def look(studio: Studio, path: Path, engine: str, name: str | None = None) -> Memo:
    """Read a dropped file and keep its best part. Raises InputError that names it."""
    return _memo(studio.inspect_further(path, name=name or path.name, engine=engine), engine)


def fitted(studio: Studio, memo: Memo, engine: str) -> Memo:
    """One with a part that this engine can use.

    Raises MissingError where it is no longer in the cache, InputError that names it where this
    engine finds nothing to keep.
    """
    recording = studio.recording(str(memo["recording"]))
    if memo["engine"] == engine:
        return memo
    return look(studio, recording.path, engine, recording.name)


def part(memo: Memo) -> Part:
    """What a voice is made of."""
    return Part(
        recording_id=memo["recording"], span=Span(start_s=memo["start_s"], stop_s=memo["stop_s"])
    )


def list_html(memos: Sequence[Memo], language: str) -> str:
    """Each with its kept part, a player and a button to take it away."""
    rows = "".join(_row(number, memo, language) for number, memo in enumerate(memos))
    return f'<ul class="tb-further">{rows}</ul>' if rows else ""


def _row(number: int, memo: Memo, language: str) -> str:
    kept = part(memo)
    name = escape(memo["name"])
    line = say(
        language,
        "further_line",
        kept=f"{kept.span.seconds:.1f} s",
        all=figures.clock(memo["seconds"]),
    )
    remove = escape(say(language, "further_remove", name=memo["name"]))
    return (
        f"<li><b>{name}</b><span>{escape(line)}</span>"
        f'<audio controls preload="none" src="{escape(excerpt_url(kept.recording_id, kept.span))}" '
        f'aria-label="{name}"></audio>'
        f'<button type="button" data-remove="{number}" title="{remove}" aria-label="{remove}">×'
        "</button></li>"
    )


def _memo(recording: Recording, engine: str) -> Memo:
    span = recording.windows[0].span
    return {
        "recording": recording.id,
        "name": recording.name,
        "seconds": recording.seconds,
        "start_s": span.start_s,
        "stop_s": span.stop_s,
        "engine": engine,
    }
