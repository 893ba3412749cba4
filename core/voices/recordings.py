"""The recordings that were dropped in and not yet forgotten: decoded copies, and what is cut out
of them."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

from core.audio import inspect as audio
from core.audio.recording import Part, Recording, ReferenceLimits
from core.audio.samples import Audio, ReferenceReport, Span
from core.engines.protocol import EngineCard
from core.errors import InputError, MissingError, StudioError
from core.paths import Paths

MAX_RECORDINGS = 32
"""One more, and the first of them goes."""


class Recordings:
    """Safe from many threads.

    Args:
        paths: Of the home: where copies and excerpts lie.
    """

    def __init__(self, paths: Paths) -> None:
        self._copies = paths.recordings
        self._excerpts = paths.exports / "listen"
        self._known: OrderedDict[str, Recording] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, path: Path, *, name: str | None, card: EngineCard) -> Recording:
        """Decode a file and propose its best seconds for an engine.

        Raises InputError where it cannot be read as sound.
        """
        recording = audio.inspect(
            path,
            recording_id=uuid.uuid4().hex,
            name=name or path.name,
            folder=self._copies,
            card_limits=ReferenceLimits(
                min_s=card.reference_min_s,
                best_s=card.reference_best_s,
                max_s=card.reference_max_s,
            ),
        )
        with self._lock:
            self._known[recording.id] = recording
            while len(self._known) > MAX_RECORDINGS:
                _, oldest = self._known.popitem(last=False)
                oldest.path.unlink(missing_ok=True)
        return recording

    def read_again(self, recording_id: str, *, card: EngineCard) -> Recording:
        """A recording with what another engine would keep of it, under an id of its own."""
        known = self.get(recording_id)
        found = self.read(known.path, name=known.name, card=card)
        again = replace(found, codec=known.codec, notes=known.notes)
        with self._lock:
            self._known[again.id] = again
        return again

    def read_further(self, path: Path, *, name: str | None, card: EngineCard) -> Recording:
        """One more recording of a speaker; raises InputError that names it, also where there is
        nothing to keep in it."""
        name = name or path.name
        try:
            recording = self.read(path, name=name, card=card)
        except StudioError as error:
            raise _of_no_use(name, error.message, error.hint) from error
        if not recording.windows:
            self.forget(recording.id)
            raise _of_no_use(name, recording.problem or "No speech was found.", recording.hint)
        return recording

    def get(self, recording_id: str) -> Recording:
        """Raises MissingError when it was never read here, or long ago."""
        with self._lock:
            found = self._known.get(recording_id)
        if found is None or not found.path.is_file():
            raise MissingError("This recording is no longer in the cache.", "Drop it in again.")
        return found

    def forget(self, recording_id: str) -> None:
        """Remove its copy and its excerpts."""
        with self._lock:
            recording = self._known.pop(recording_id, None)
        if recording is not None:
            for file in (recording.path, *self._excerpts.glob(f"{recording.id}-*.wav")):
                file.unlink(missing_ok=True)

    def judge(self, recording_id: str, span: Span, *, card: EngineCard) -> ReferenceReport:
        """Measure a span; raises InputError when it is outside the recording or the limits."""
        recording = self.get(recording_id)
        _check_span(recording, span, card)
        return audio.judge(recording.path, span, best_s=card.reference_best_s)

    def kept(self, recording_id: str, span: Span) -> Audio:
        """The sound of a span that was judged."""
        return audio.kept(self.get(recording_id).path, span)

    def kept_further(self, part: Part, *, card: EngineCard) -> tuple[str, Audio]:
        """Name and sound of a part of a further recording; raises InputError that names it."""
        recording = self.get(part.recording_id)
        try:
            _check_span(recording, part.span, card)
        except InputError as error:
            raise _of_no_use(recording.name, error.message, error.hint) from error
        return recording.name, audio.kept(recording.path, part.span)

    def excerpt(self, recording_id: str, span: Span) -> Path:
        """A WAV file of a span, to listen to; made once."""
        recording = self.get(recording_id)
        name = f"{recording.id}-{round(span.start_s * 1000)}-{round(span.stop_s * 1000)}.wav"
        target = self._excerpts / name
        if not target.is_file():
            audio.excerpt(recording.path, span, target)
        return target

    def sweep(self, *, before_s: float) -> None:
        """Remove what nobody has touched since then (Unix time, s)."""
        for folder in (self._copies, self._excerpts):
            for file in folder.glob("*.*"):
                with contextlib.suppress(OSError):  # somebody else may sweep, or play it
                    if file.stat().st_mtime < before_s:
                        file.unlink(missing_ok=True)


def _check_span(recording: Recording, span: Span, card: EngineCard) -> None:
    if not 0 <= span.start_s < span.stop_s <= recording.seconds + 0.01:
        raise InputError(
            f"{span.start_s:.2f} s to {span.stop_s:.2f} s is not inside the recording "
            f"(0 s to {recording.seconds:.2f} s).",
            "Move the span.",
        )
    if not card.reference_min_s <= span.seconds <= card.reference_max_s + 0.01:
        raise InputError(
            f"The span is {span.seconds:.1f} s long; {card.title} takes "
            f"{card.reference_min_s:g} to {card.reference_max_s:g} s.",
            "Make it longer." if span.seconds < card.reference_min_s else "Make it shorter.",
        )


def _of_no_use(name: str, why: str, hint: str) -> InputError:
    return InputError(f"The further recording “{name}” cannot be used. {why}", hint)
