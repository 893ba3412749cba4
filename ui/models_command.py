"""`app.py models` and `app.py download`: what engines speak with, and fetching what is public."""

from __future__ import annotations

import argparse
from typing import Any

from core.disk import megabytes
from core.engines.copies import Kept
from core.engines.protocol import EngineCard
from core.errors import InputError, StudioError
from core.fetching import Download
from core.hub.transfer import State
from core.studio import Studio
from ui.terminal import tell

TELL_S = 1.0
"""Between two lines on how far a download is."""

Answer = dict[str, Any]


def models(arguments: argparse.Namespace, studio: Studio) -> tuple[Answer, str]:
    """What there is for one engine, or for all that need a model."""
    if arguments.engine:
        cards: tuple[EngineCard, ...] = (studio.card(arguments.engine),)
    else:
        cards = tuple(card for card in studio.engines() if card.shelf)
    answers, lines = [], []
    for card in cards:
        answer, said = _engine(studio, card)
        answers.append(answer)
        lines += said
    if not cards:
        lines.append("No engine needs a model.")
    freed = studio.clear_copies() if arguments.clear_copies else None
    kept, about_copies = _copies(studio.copies(), freed)
    if freed is not None or any(card.shelf for card in cards):
        lines.append(about_copies)
    return {"engines": answers, "copies": kept}, "\n".join(lines)


def _copies(kept: Kept, freed_bytes: int | None) -> tuple[Answer, str]:
    """What copies take, and what clearing them gave back."""
    answer: Answer = {
        "folder": str(kept.folder),
        "n": kept.n,
        "size_bytes": kept.size_bytes,
        "in_use_bytes": kept.in_use_bytes,
    }
    line = f"Copies for fast loading take {megabytes(kept.size_bytes)} in {kept.folder}"
    if kept.in_use_bytes:
        line += f", {megabytes(kept.in_use_bytes)} of it in use"
    if freed_bytes is not None:
        answer["freed_bytes"] = freed_bytes
        return answer, f"{megabytes(freed_bytes)} were given back. {line}."
    return answer, f"{line}."


def _engine(studio: Studio, card: EngineCard) -> tuple[Answer, list[str]]:
    shelf, there_is = studio.models(card.name), studio.downloads(card.name)
    answer: Answer = {
        "engine": card.name,
        "title": card.title,
        "needs_model": bool(card.shelf),
        "folder": str(there_is.folder),
        "models": [
            {
                "name": model.name,
                "lacks": list(model.lacks),
                "digest": model.digest,
                "files": {role: str(path) for role, path in model.files.items()},
            }
            for model in shelf.models
        ],
        "problems": list(shelf.problems),
        "public": [
            {
                "name": item.name,
                "title": item.title,
                "licence": item.licence,
                "total_bytes": item.total_bytes,
                "done_bytes": item.done_bytes,
                "is_here": item.is_here,
                "needs": list(item.needs),
                "wishes": list(item.wishes),
            }
            for item in there_is.items
        ],
    }
    if not card.shelf:
        return answer, [f"{card.title} carries its own model: there is nothing to choose or fetch."]
    lines = [f"{card.title}:"]
    for model in shelf.models:
        lacks = f" (lacks {', '.join(model.lacks)})" if model.lacks else ""
        lines.append(f"  {model.name}{lacks}")
    if not shelf.models:
        lines.append("  no model here yet")
    lines += [f"  - {problem}" for problem in shelf.problems]
    for item in there_is.items:
        state = "here" if item.is_here else f"{megabytes(item.left_bytes)} to fetch"
        lines.append(f"  public: {item.name}: {item.title}, {item.licence}, {state}")
    lines.append(f"  Models of your own go into {there_is.folder}.")
    return answer, lines


def download(arguments: argparse.Namespace, studio: Studio) -> tuple[Answer, str]:
    """Fetch a public model of an engine and all that it needs.

    Raises what `Studio.start_download` raises, and what it failed of.
    """
    begun = studio.start_download(arguments.engine, arguments.item, wishes=not arguments.lean)
    try:
        now = _followed(studio, begun)
    except KeyboardInterrupt:
        studio.stop_download()
        raise
    if now.state is State.FAILED:
        raise StudioError(now.message, now.hint)
    if now.state is State.STOPPED:
        raise InputError("The download was stopped.", "The same command goes on from there.")
    there_is = studio.downloads(now.engine)
    answer: Answer = {
        "engine": now.engine,
        "item": now.name,
        "bytes": now.total_bytes,
        "folder": str(there_is.folder),
        "models": [model.name for model in studio.models(now.engine).models if not model.lacks],
    }
    return answer, f"{now.name} is here: {megabytes(now.total_bytes)} in {there_is.folder}."


def _followed(studio: Studio, now: Download) -> Download:
    """Wait for its end; a line on stderr whenever there is news."""
    before = -1
    while now.is_running:
        if now.done_bytes != before:
            before = now.done_bytes
            tell(_line(now))
        now = studio.wait_for_download(TELL_S) or now
    return now


def _line(now: Download) -> str:
    """`v2Pro: 120 MB of 613 MB, 11 MB/s, 45 s left`."""
    line = f"{now.name}: {megabytes(now.done_bytes)} of {megabytes(now.total_bytes)}"
    if now.bytes_per_s:
        line += f", {megabytes(round(now.bytes_per_s))}/s"
    return line + (f", {now.left_s:.0f} s left" if now.left_s is not None else "")
