"""Requests and plans as JSON columns of the database, with a version in each."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import unicodedata
from typing import Any

from core.errors import StudioError
from core.jobs.job import SpeakRequest
from core.memory.ladder import Origin
from core.text.plan import Segment, TextPlan

VERSION = 1
TITLE_CHARS = 80
ORIGIN = tuple(field.name for field in dataclasses.fields(Origin))
OVERRIDES = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""Classes of the characters that change the direction of the text around them (UAX #9)."""


def dump_request(request: SpeakRequest) -> str:
    """Escaped to ASCII: a lone surrogate that somebody pasted cannot be stored otherwise."""
    fields = {field.name: getattr(request, field.name) for field in dataclasses.fields(request)}
    return json.dumps({"version": VERSION, **fields, "settings": dict(request.settings)})


def load_request(text: str) -> SpeakRequest:
    return SpeakRequest(**_fields(text))


def dump_plan(plan: TextPlan) -> str:
    return json.dumps({"version": VERSION, **dataclasses.asdict(plan)})


def load_plan(text: str) -> TextPlan:
    fields = _fields(text)
    fields["segments"] = tuple(Segment(**segment) for segment in fields["segments"])
    fields["notes"] = tuple(fields["notes"])
    return TextPlan(**fields)


def dump_list(values: tuple[str, ...] | tuple[int, ...]) -> str:
    return json.dumps(values)


def load_strings(text: str) -> tuple[str, ...]:
    return tuple(str(value) for value in json.loads(text))


def load_integers(text: str) -> tuple[int, ...]:
    return tuple(int(value) for value in json.loads(text))


def origin_columns(origin: Origin | None) -> dict[str, str | None]:
    """With what a segment was made, as columns."""
    if origin is None:
        return dict.fromkeys(ORIGIN)
    return {
        name: None if (value := getattr(origin, name)) is None else storable(value)
        for name in ORIGIN
    }


def origin_of(row: sqlite3.Row) -> Origin | None:
    """What `origin_columns` gave; None for a segment of a Timbre that did not keep it."""
    return None if row["device"] is None else Origin(**{name: row[name] for name in ORIGIN})


def title(text: str) -> str:
    """First words of a text on one line, at most 80 characters, cut at a space if there is one.

    Without control characters: the tags of a sound file take no NUL, and a direction override
    would turn the line it is shown in around.
    """
    # Far more than needed, so that a long text is not split as a whole.
    words = text[: 8 * TITLE_CHARS].split()
    line = storable(" ".join(words))
    line = "".join(each for each in line if unicodedata.category(each) != "Cc")
    line = "".join(each for each in line if unicodedata.bidirectional(each) not in OVERRIDES)
    if len(line) <= TITLE_CHARS:
        return line
    kept = line[: TITLE_CHARS - 1]
    return (kept.rsplit(" ", 1)[0] if " " in kept[TITLE_CHARS // 2 :] else kept) + "…"


def storable(text: str) -> str:
    """Without lone surrogates, which SQLite's UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _fields(text: str) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(text)
    version = fields.pop("version")
    if version != VERSION:
        raise StudioError(
            f"A job was stored in form {version}; this Timbre reads form {VERSION}.",
            "Update Timbre.",
        )
    return fields
