"""A voice of the library: a kept reference with a name and somebody's consent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.audio.samples import ReferenceReport, Span


@dataclass(frozen=True, kw_only=True)
class Consent:
    """Who said that this voice may be used. No synthesis without it.

    Args:
        statement: What was agreed to, word for word.
        given_at: Unix time (s).
        digest: Digest of the reference it was given for.
    """

    statement: str
    given_at: float
    digest: str


@dataclass(frozen=True, kw_only=True)
class Further:
    """A further recording of a voice's speaker, for engines that listen to several.

    Args:
        name: Of the file it came from, for showing only.
        seconds: Of the kept stretch.
        audio: The kept stretch as a file, written once and never changed.
    """

    name: str
    seconds: float
    audio: Path


@dataclass(frozen=True, kw_only=True)
class Voice:
    """
    Args:
        id: Opaque (uuid4 hex); never made from the name.
        name: For people (NFC, at most 64 graphemes); escaped wherever it is shown.
        language: ISO 639-1 code of the reference, or None.
        transcript: What is said in the kept stretch, or None.
        span: Where the kept stretch lay in the recording.
        report: Its measurements.
        digest: Hash of the reference: samples, rate, transcript, language, further recordings.
        audio: The kept stretch as a file, written once and never changed.
        consent: The statement it was made under.
        made_at: Unix time (s).
        more: Further recordings of the same speaker.
    """

    id: str
    name: str
    language: str | None
    transcript: str | None
    span: Span
    report: ReferenceReport
    digest: str
    audio: Path
    consent: Consent
    made_at: float
    more: tuple[Further, ...] = ()
