"""The routes by which the page's players get sound: finished pieces, excerpts, voices, takes.

Everything is asked for by an opaque id that the studio looks up; no path is built from input.
"""

from __future__ import annotations

import io
import math
import threading
import wave
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from fastapi import APIRouter, Response
from fastapi.responses import FileResponse, JSONResponse

from core.audio.samples import Audio, Span
from core.errors import MissingError
from core.synthesis.take import Take
from ui.edge import Problem, attempt

if TYPE_CHECKING:
    from core.studio import Studio

PREFIX = "/timbre"
MAX_TAKES = 32
_NO_STORE = {"Cache-Control": "no-store"}
_KEEP = {"Cache-Control": "private, max-age=3600, immutable"}


def excerpt_url(recording_id: str, span: Span) -> str:
    """Where a player finds a part of a recording."""
    part = f"start={span.start_s:.3f}&stop={span.stop_s:.3f}"
    return f"{PREFIX}/recordings/{recording_id}/excerpt?{part}"


def voice_url(voice_id: str) -> str:
    """Where a player finds the reference of a voice."""
    return f"{PREFIX}/voices/{voice_id}/sound"


def wav(audio: Audio) -> bytes:
    """Mono 16-bit WAV of a sound; what is outside [-1, 1] is cut off."""
    page = io.BytesIO()
    with wave.open(page, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(audio.rate)
        out.writeframes((np.clip(audio.samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes())
    return page.getvalue()


class Takes:
    """Joined sounds of finished jobs, made once each: a player asks for many parts of one file."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._takes: OrderedDict[str, Take] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, job_id: str) -> Take:
        """Raises what `Studio.export` raises."""
        with self._lock:
            known = self._takes.get(job_id)
            if known is not None and known.path.is_file():
                return known
            made = self._studio.export(job_id)
            self._takes[job_id] = made
            while len(self._takes) > MAX_TAKES:
                self._takes.popitem(last=False)
            return made


def router(studio: Studio) -> APIRouter:
    """All routes, to be included in the application that Gradio made."""
    routes = APIRouter(prefix=PREFIX)
    takes = Takes(studio)

    @routes.get("/jobs/{job_id}/pieces")
    def pieces(job_id: str) -> Response:
        return _json(attempt("en", lambda: planned(studio, job_id)))

    @routes.get("/jobs/{job_id}/done")
    def done(job_id: str) -> Response:
        return _json(attempt("en", lambda: finished(studio, job_id)))

    @routes.get("/jobs/{job_id}/pieces/{index}")
    def piece(job_id: str, index: int) -> Response:
        sound = attempt("en", lambda: studio.sound(job_id, index))
        if isinstance(sound, Problem):
            return _failed(sound)
        return Response(wav(sound), media_type="audio/wav", headers=_KEEP)

    @routes.get("/jobs/{job_id}/early")
    def early(job_id: str, after: int = 0) -> Response:
        sound = attempt("en", lambda: studio.early_sound(job_id, after))
        if isinstance(sound, Problem):
            return _failed(sound)
        if sound is None:
            return Response(status_code=204, headers=_NO_STORE)
        told = {**_NO_STORE, "X-Samples": str(len(sound.samples))}
        return Response(wav(sound), media_type="audio/wav", headers=told)

    @routes.get("/jobs/{job_id}/take")
    def take(job_id: str) -> Response:
        return _json(attempt("en", lambda: marks(takes.take(job_id))))

    @routes.get("/jobs/{job_id}/take.wav")
    def take_file(job_id: str) -> Response:
        return _file(attempt("en", lambda: takes.take(job_id).path))

    @routes.get("/recordings/{recording_id}/excerpt")
    def excerpt(recording_id: str, start: float, stop: float) -> Response:
        return _file(attempt("en", lambda: kept_part(studio, recording_id, start, stop)))

    @routes.get("/voices/{voice_id}/sound")
    def voice(voice_id: str) -> Response:
        return _file(attempt("en", lambda: studio.voice(voice_id).audio))

    return routes


def planned(studio: Studio, job_id: str) -> dict[str, Any]:
    """The pieces of a job as the player lists them; raises MissingError."""
    plan = studio.job(job_id).plan
    return {
        "pieces": [
            {"text": piece.text, "pause": piece.pause_s, "language": piece.language}
            for piece in plan.segments
        ]
    }


def finished(studio: Studio, job_id: str) -> dict[str, Any]:
    """Index, seconds and remark of every finished piece."""
    return {"done": [[piece.index, piece.seconds, piece.note] for piece in studio.progress(job_id)]}


def marks(take: Take) -> dict[str, Any]:
    """Where each piece begins in the joined sound."""
    return {"seconds": take.seconds, "starts": [mark.start_s for mark in take.marks]}


def kept_part(studio: Studio, recording_id: str, start_s: float, stop_s: float) -> Path:
    """A file of that part of a recording; raises MissingError or InputError."""
    if not (math.isfinite(start_s) and math.isfinite(stop_s)):
        raise MissingError("There is no such part of the recording.")
    return studio.excerpt(recording_id, Span(start_s=start_s, stop_s=stop_s))


def _json(found: dict[str, Any] | Problem) -> Response:
    return _failed(found) if isinstance(found, Problem) else JSONResponse(found, headers=_NO_STORE)


def _file(found: Path | Problem) -> Response:
    return _failed(found) if isinstance(found, Problem) else FileResponse(found, headers=_NO_STORE)


def _failed(problem: Problem) -> Response:
    return JSONResponse(
        {"problem": problem.message, "hint": problem.hint}, status_code=404, headers=_NO_STORE
    )
