"""A voice as a row of the home's database, and where its sound lies."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from pathlib import Path
from typing import Any

from core.audio.samples import Note, ReferenceReport, Span
from core.voices.voice import Consent, Further, Voice


def reference_file(folder: Path, voice_id: str) -> Path:
    """Sound of a voice, in the folder of all voices."""
    return folder / voice_id / "reference.flac"


def further_file(folder: Path, voice_id: str, number: int) -> Path:
    """Sound of its further recordings, counted from 1."""
    return folder / voice_id / f"further-{number}.flac"


def insert(rows: sqlite3.Connection, voice: Voice) -> None:
    """Within a change that the caller has begun."""
    rows.execute(
        "INSERT INTO voices (id, name, language, transcript, span, report, digest, statement,"
        " given_at, consent_digest, made_at, more) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            voice.id,
            voice.name,
            voice.language,
            voice.transcript,
            json.dumps(dataclasses.asdict(voice.span)),
            json.dumps(dataclasses.asdict(voice.report)),
            voice.digest,
            voice.consent.statement,
            voice.consent.given_at,
            voice.consent.digest,
            voice.made_at,
            json.dumps([{"name": each.name, "seconds": each.seconds} for each in voice.more]),
        ),
    )


def voice(folder: Path, row: sqlite3.Row) -> Voice:
    """The voice of a row; `folder` is that of all voices."""
    return Voice(
        id=row["id"],
        name=row["name"],
        language=row["language"],
        transcript=row["transcript"],
        span=Span(**json.loads(row["span"])),
        report=report(json.loads(row["report"])),
        digest=row["digest"],
        audio=reference_file(folder, row["id"]),
        consent=Consent(
            statement=row["statement"],
            given_at=row["given_at"],
            digest=row["consent_digest"],
        ),
        made_at=row["made_at"],
        more=tuple(
            Further(**each, audio=further_file(folder, row["id"], n))
            for n, each in enumerate(json.loads(row["more"]), 1)
        ),
    )


def report(fields: dict[str, Any]) -> ReferenceReport:
    """Of what `insert` writes of it."""
    notes = tuple(Note(**note) for note in fields["notes"])
    return ReferenceReport(**{**fields, "notes": notes})
