"""From a file to a judged `Recording`: what the page process asks of the child, and gets back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import soundfile

from core.audio import child
from core.audio.recording import Recording, ReferenceLimits, Window
from core.audio.samples import Audio, Note, ReferenceReport, Span
from core.errors import InputError, MissingError
from core.paths import whole_file

MAX_KEPT_S = 600.0
SHORT = 0.6
"""A reference below this share of the engine's best length is worth a word."""


def inspect(
    path: Path,
    *,
    recording_id: str,
    name: str,
    folder: Path,
    card_limits: ReferenceLimits,
    limits: child.Limits | None = None,
) -> Recording:
    """Read a file of any format, keep a mono copy, and propose stretches of it.

    Args:
        path: The person's file.
        recording_id: Opaque; names the copy.
        name: For showing.
        folder: Where the copy goes, as `<recording_id>.flac`.
        card_limits: How long a reference the engine wants.
        limits: What the child may use.

    Raises:
        MissingError: No such file.
        InputError: Not a recording that can be read. One that can be read but not used comes
            back with a `problem`.
    """
    copy = folder / f"{recording_id}.flac"
    said = child.run(
        "inspect",
        {
            "path": str(path.absolute()),
            "copy": str(copy.absolute()),
            "min_s": card_limits.min_s,
            "best_s": card_limits.best_s,
            "max_s": card_limits.max_s,
        },
        limits=limits,
    )
    return Recording(
        id=recording_id,
        name=name,
        path=copy,
        seconds=said["seconds"],
        rate=said["rate"],
        codec=said["codec"],
        peaks=tuple((low, high) for low, high in said["peaks"]),
        speech=tuple(Span(**span) for span in said["speech"]),
        windows=tuple(
            Window(
                span=Span(**window["span"]),
                report=_report(window["report"], card_limits.best_s),
                score=window["score"],
            )
            for window in said["windows"]
        ),
        problem=said["problem"],
        hint=said["hint"],
        notes=tuple(said["notes"]),
    )


def judge(copy: Path, span: Span, *, best_s: float = 0.0) -> ReferenceReport:
    """Measure a stretch that was moved by hand.

    Args:
        copy: A recording's mono copy.
        span: Within it.
        best_s: What the engine works best with (s); 0 where no engine is meant.

    Raises:
        InputError: The stretch is empty, outside the recording, or longer than ten minutes.
        MissingError: The copy is gone.
    """
    _check(copy, span)
    return _report(
        child.run(
            "judge",
            {"copy": str(copy.absolute()), "start_s": span.start_s, "stop_s": span.stop_s},
            subject="The copy of this recording",
        ),
        best_s,
    )


def kept(copy: Path, span: Span) -> Audio:
    """The sound of a stretch. Raises like `judge`."""
    _check(copy, span)
    with soundfile.SoundFile(copy) as file:
        first = min(file.frames, round(max(0.0, span.start_s) * file.samplerate))
        file.seek(first)
        n = max(0, round(span.stop_s * file.samplerate) - first)
        audio = Audio(samples=file.read(n, dtype="float32"), rate=file.samplerate)
    if not len(audio.samples):
        raise InputError("The stretch lies outside the recording.", "Choose another one.")
    return audio


def excerpt(copy: Path, span: Span, target: Path) -> None:
    """Write a stretch as a WAV file, to listen to. Raises like `judge`."""
    audio = kept(copy, span)
    with whole_file(target) as part:
        soundfile.write(part, audio.samples, audio.rate, subtype="PCM_16", format="WAV")


def _check(copy: Path, span: Span) -> None:
    if not copy.is_file():
        raise MissingError(
            "The copy of this recording is gone (the cache was emptied).", "Add it once more."
        )
    if not span.seconds > 0:  # NaN too
        raise InputError(
            f"The stretch from {span.start_s:.2f} to {span.stop_s:.2f} s is empty.",
            "Choose an end after the beginning.",
        )
    if span.seconds > MAX_KEPT_S:
        raise InputError(
            f"The stretch is {span.seconds:.0f} s long; at most {MAX_KEPT_S:.0f} s can be used.",
            "Choose a shorter one.",
        )


def _report(fields: Mapping[str, Any], best_s: float) -> ReferenceReport:
    notes = [Note(**note) for note in fields["notes"]]
    seconds = fields["seconds"]
    if seconds < SHORT * best_s:
        text = f"Short: {seconds:.1f} s; about {best_s:g} s make a better voice."
        notes.append(Note(code="short", text=text, value=best_s, is_warning=True))
    return ReferenceReport(**{**fields, "notes": tuple(notes)})
