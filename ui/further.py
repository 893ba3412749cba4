"""Further recordings of a voice's speaker: their best seconds, for engines that hear several."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.audio.recording import Part, Recording
from core.audio.samples import Span
from core.engines.protocol import EngineCard
from core.errors import InputError
from ui import figures
from ui.sounds import excerpt_url
from ui.words import say

if TYPE_CHECKING:
    from core.studio import Studio

Memo = dict[str, Any]
"""What the browser remembers of one: recording, name, seconds (of all of it), start_s, stop_s,
engine (whose limits the part keeps)."""


@contextlib.contextmanager
def heard(
    studio: Studio, files: Sequence[Path], card: EngineCard
) -> Iterator[tuple[tuple[Part, ...], list[str]]]:
    """The best part of each file, for the time of a command, and what the person should know.

    An engine that hears one recording alone has a remark instead of parts. Raises InputError
    that names the file which is of no use.
    """
    if files and not card.max_more:
        yield (), [f"{card.title} listens to one recording: --also was not used."]
        return
    check_number(len(files), card)
    with contextlib.ExitStack() as cleared:
        found: list[Recording] = []
        for file in files:
            recording = studio.inspect_further(file, engine=card.name)
            cleared.callback(studio.forget_recording, recording.id)
            found.append(recording)
        yield tuple(map(_best, found)), [_told(recording) for recording in found]


def check_number(n: int, card: EngineCard) -> None:
    """Raises InputError where these are more than the engine hears."""
    if n > card.max_more:
        raise InputError(
            f"These are {n} further recordings; {card.title} listens to {card.max_more} at most.",
            "Keep the best ones.",
        )


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


def _best(recording: Recording) -> Part:
    return Part(recording_id=recording.id, span=recording.windows[0].span)


def _told(recording: Recording) -> str:
    span = recording.windows[0].span
    return f"Of {recording.name} {span.start_s:.1f} s to {span.stop_s:.1f} s were used as well."
