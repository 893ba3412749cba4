"""The voices a person keeps: a row with what is known of each, and one file with its sound."""

from __future__ import annotations

import json
import logging
import re
import sqlite3
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from core.audio import flac
from core.audio.samples import Audio, ReferenceReport, Span
from core.database import ID, Database
from core.disk import write_whole
from core.engines.protocol import Reference
from core.errors import InputError, MissingError
from core.text.clean import clean
from core.voices import records
from core.voices.digest import digest
from core.voices.names import voice_name
from core.voices.voice import Consent, Further, Voice

_logger = logging.getLogger("timbre.voices")

LANGUAGE = re.compile(r"[a-z]{2,3}")
MAX_TRANSCRIPT_CHARS = 10_000
MAX_STATEMENT_CHARS = 4_000
MAX_MORE = 8
"""Further recordings of a voice: no engine gains by the ninth."""
MAX_SOURCE_CHARS = 120
DEMO_FLAG = "demo voice added"
LENT_FLAG = "lent "
"""Before a voice's id: the process that has it for one command only."""


class VoiceLibrary:
    """Safe from many threads and processes, as its database is.

    Args:
        database: The home's database; `Store.database` is one.
        clock: Unix time (s).
        write: How a file is written whole; a test may fill the disk.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], float] = time.time,
        write: Callable[[Path, bytes], None] = write_whole,
    ) -> None:
        self._database = database
        self._folder = database.paths.voices
        self._clock = clock
        self._write = write

    def add(
        self,
        audio: Audio,
        *,
        name: str,
        transcript: str | None,
        language: str | None,
        span: Span,
        report: ReferenceReport,
        statement: str,
        more: Sequence[tuple[str, Audio]] = (),
    ) -> Voice:
        """Keep a voice.

        Args:
            audio: The kept stretch alone.
            name: As typed; see `core.voices.names.voice_name`.
            transcript: What is said in it; None or blank when not known.
            language: ISO 639-1 code of what is said, or None.
            span: Where it lay in the recording.
            report: What was measured on it.
            statement: What the person agreed to, for all of it; no voice without it.
            more: Further recordings of the same speaker, each with the name of its file.

        Raises InputError for what cannot be used, ResourceError when the disk is full.
        """
        voice = self._make(
            audio,
            name=name,
            transcript=transcript,
            language=language,
            span=span,
            report=report,
            statement=statement,
            more=more,
        )
        self._keep(voice, [audio, *(sound for _, sound in more)], once=None)
        _logger.info("voice %s made of %.2f s and %d more", voice.id, audio.seconds, len(more))
        return voice

    def list(self) -> tuple[Voice, ...]:
        """The newest first."""
        found = self._database.rows("SELECT * FROM voices ORDER BY made_at DESC, rowid DESC")
        return tuple(records.voice(self._folder, row) for row in found)

    def get(self, voice_id: str) -> Voice:
        """Raises MissingError."""
        found = self._database.rows("SELECT * FROM voices WHERE id = ?", (_checked(voice_id),))
        if not found:
            raise _no_voice()
        return records.voice(self._folder, found[0])

    def rename(self, voice_id: str, name: str) -> Voice:
        """Raises MissingError, or InputError for a blank name."""
        kept = voice_name(name)
        with self._database.change() as rows:
            rows.execute("UPDATE voices SET name = ? WHERE id = ?", (kept, _checked(voice_id)))
        return self.get(voice_id)

    def delete(self, voice_id: str) -> None:
        """Remove a voice and its sound for good; what was spoken with it stays.

        Raises MissingError.
        """
        with self._database.change() as rows:
            gone = rows.execute("DELETE FROM voices WHERE id = ?", (_checked(voice_id),))
            if gone.rowcount == 0:
                raise _no_voice()
            rows.execute("DELETE FROM flags WHERE name = ?", (LENT_FLAG + voice_id,))
            _mark_unwanted(rows, voice_id)
        self._database.discard("voices", voice_id)
        _logger.info("voice %s deleted", voice_id)

    def lend(self, voice: Voice) -> Voice:
        """Mark a voice as this process's, for one command.

        Returns, instead of it, one of the very same sound that a process lent and did not give
        back because it was killed; the new one is deleted then. A voice that a person keeps, or
        that another living process has, is never taken.
        """
        for twin in self.list():
            if twin.digest != voice.digest or twin.id == voice.id:
                continue
            owner = self._database.flag(LENT_FLAG + twin.id)
            if owner is None or self._database.is_alive(owner):
                continue
            with self._database.change() as rows:
                taken = rows.execute(
                    "UPDATE flags SET value = ? WHERE name = ? AND value = ?",
                    (self._database.token, LENT_FLAG + twin.id, owner),
                )
            if taken.rowcount == 1:  # else somebody else was quicker
                self.delete(voice.id)
                return twin
        self._database.set_flag(LENT_FLAG + voice.id, self._database.token)
        return voice

    def reference(self, voice_id: str) -> Reference:
        """What an engine gets of a voice.

        Raises MissingError when the voice was deleted or its sound is gone or damaged, and
        InputError when its consent was given for another sound.
        """
        kept = self.get(voice_id)
        try:
            audio = flac.decode(kept.audio.read_bytes())
            more = tuple(flac.decode(each.audio.read_bytes()) for each in kept.more)
            is_whole = digest(audio, kept.transcript, kept.language, more) == kept.digest
        except (OSError, ValueError):
            is_whole = False
        if not is_whole:
            raise MissingError(
                f"The sound of the voice “{kept.name}” is gone from the disk or damaged.",
                "Make the voice again from its recording.",
            )
        if kept.consent.digest != kept.digest or not kept.consent.statement:
            raise InputError(
                f"The voice “{kept.name}” has no consent on record for its sound.",
                "Make the voice again and confirm that it may be used.",
            )
        return Reference(
            audio=audio,
            transcript=kept.transcript,
            language=kept.language,
            digest=kept.digest,
            more=more,
        )

    def ensure_demo(self, asset_flac: Path, asset_json: Path) -> Voice | None:
        """Add the voice that comes with Timbre, once in the life of a library.

        Args:
            asset_flac: 16 bit mono.
            asset_json: `name`, `language`, `transcript`, `licence`, and `report` with the fields
                of `ReferenceReport`.

        Returns it when it was added now; None when it had been added before, deleted since or not.
        """
        if self._database.flag(DEMO_FLAG) is not None:
            return None
        facts = json.loads(asset_json.read_text("utf-8"))
        audio = flac.decode(asset_flac.read_bytes())
        voice = self._make(
            audio,
            name=facts["name"],
            transcript=facts["transcript"],
            language=facts["language"],
            span=Span(start_s=0.0, stop_s=audio.seconds),
            report=records.report(facts["report"]),
            statement=facts["licence"],
        )
        return voice if self._keep(voice, [audio], once=DEMO_FLAG) else None

    # Inside

    def _make(
        self,
        audio: Audio,
        *,
        name: str,
        transcript: str | None,
        language: str | None,
        span: Span,
        report: ReferenceReport,
        statement: str,
        more: Sequence[tuple[str, Audio]] = (),
    ) -> Voice:
        if len(audio.samples) == 0:
            raise InputError("The kept stretch is empty.", "Choose a longer stretch.")
        _check_more(more)
        if language is not None and not LANGUAGE.fullmatch(language):
            raise InputError(
                f"“{language[:20]}” is not a language code.", "Use two letters, such as en or zh."
            )
        typed = _cleaned(transcript or "", "transcript", MAX_TRANSCRIPT_CHARS)
        # Nothing to align with in an emoji or a row of dots.
        said = typed if any(each.isalnum() for each in typed) else None
        agreed = _cleaned(statement, "consent statement", MAX_STATEMENT_CHARS)
        if not agreed:
            raise InputError(
                "A voice needs a statement that it may be used.",
                "Confirm that it is your voice, or that its owner agreed.",
            )
        voice_id, now = uuid.uuid4().hex, self._clock()
        try:
            hashed = digest(audio, said, language, [sound for _, sound in more])
        except ValueError as error:
            raise InputError(
                "The recording holds samples that are not numbers.", "Save it again as WAV."
            ) from error
        return Voice(
            id=voice_id,
            name=voice_name(name),
            language=language,
            transcript=said,
            span=span,
            report=report,
            digest=hashed,
            audio=records.reference_file(self._folder, voice_id),
            consent=Consent(statement=agreed, given_at=now, digest=hashed),
            made_at=now,
            more=tuple(
                Further(
                    name=_source(source),
                    seconds=sound.seconds,
                    audio=records.further_file(self._folder, voice_id, n),
                )
                for n, (source, sound) in enumerate(more, 1)
            ),
        )

    def _keep(self, voice: Voice, sounds: Sequence[Audio], *, once: str | None) -> bool:
        """Write files and row; False when somebody else has set the flag `once` already."""
        with self._database.change() as rows:
            _mark_unwanted(rows, voice.id)
        is_kept = False
        try:
            files = [voice.audio, *(each.audio for each in voice.more)]
            for file, sound in zip(files, sounds, strict=True):
                self._write(file, flac.encode(sound))
            with self._database.change() as rows:
                if once is None or _set_first(rows, once):
                    records.insert(rows, voice)
                    rows.execute("DELETE FROM unwanted WHERE id = ?", (voice.id,))
                    is_kept = True
        finally:
            if not is_kept:
                self._database.discard("voices", voice.id)
        return is_kept


def _set_first(rows: sqlite3.Connection, flag: str) -> bool:
    return rows.execute("INSERT OR IGNORE INTO flags VALUES (?, 'yes')", (flag,)).rowcount == 1


def _mark_unwanted(rows: sqlite3.Connection, voice_id: str) -> None:
    rows.execute("INSERT OR IGNORE INTO unwanted VALUES ('voices', ?)", (voice_id,))


def _check_more(more: Sequence[tuple[str, Audio]]) -> None:
    if len(more) > MAX_MORE:
        raise InputError(
            f"These are {len(more)} further recordings; a voice takes at most {MAX_MORE}.",
            "Keep the best ones.",
        )
    for source, sound in more:
        if not len(sound.samples) or not np.isfinite(sound.samples).all():
            raise InputError(
                f"The further recording “{_source(source)}” is empty or broken.", "Leave it out."
            )


def _source(name: str) -> str:
    """A file's name as it is shown: whatever it holds, it is no path and has an end."""
    line = " ".join(name[:MAX_SOURCE_CHARS].split())
    return line.encode("utf-8", "replace").decode("utf-8")


def _cleaned(text: str, what: str, max_chars: int) -> str:
    if len(text) > max_chars:
        raise InputError(
            f"The {what} has {len(text):,} characters; at most {max_chars:,} can be kept.",
            "Shorten it.",
        )
    return clean(text).text.strip() if text.strip() else ""


def _checked(voice_id: str) -> str:
    if not ID.fullmatch(voice_id):
        raise _no_voice()
    return voice_id


def _no_voice() -> MissingError:
    return MissingError("There is no such voice; it may have been deleted.", "Choose another.")
