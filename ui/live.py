"""What every open page shows of the machine, made once a second for all of them together.

An open page asks for it by itself, past Gradio: a look costs a tenth of an event of Gradio, which
is asked only when something happened that the answer's `pulse` tells of.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.fetching import Download
from core.memory.picture import MemoryPicture
from core.memory.readings import Snapshot
from ui import models, monitoring, readings, speaking
from ui.edge import Problem, attempt
from ui.follow import Standing
from ui.shell import language_of
from ui.sounds import PREFIX

if TYPE_CHECKING:
    from core.studio import Studio

PATH = f"{PREFIX}/now"
HOLDS_S = 1.0
"""An answer is as old as this at most; the next look makes a new one."""
PULSE_S = 30.0
"""Every so often a page is told to ask Gradio in any case, whatever it missed."""
FREE_LEAST_BYTES = 1 << 20
"""Less than this in the engine's cache is not worth a button."""

LOOK = f"""async (voice, ...shown) => {{
  try {{
    const asked = await fetch('{PATH}?voice=' + encodeURIComponent(voice ?? ''));
    const now = await asked.json();
    if (!asked.ok) return shown;
    return [now.line, now.panel, now.monitor, now.pulse, now.download, now.news];
  }} catch {{ return shown; }}
}}"""
"""The page's side, once a second: what does not come leaves everything as it is."""


@dataclass(frozen=True, kw_only=True)
class Acts:
    """Which buttons can be pressed.

    Args:
        at_work: The engine is speaking.
        is_loaded: There is an engine process.
        holds_cache: The engine's allocator holds memory back that nothing uses.
    """

    at_work: bool
    is_loaded: bool
    holds_cache: bool


@dataclass(frozen=True, kw_only=True)
class Glance:
    """One look at everything that moves.

    Args:
        machine: The last readings.
        memory: What the engine says of its memory; None where it says nothing.
        at_work: The job that the engine works on, from any page or the command line.
        jobs: Changes with every state and every finished piece.
        engine: Title of the one that is chosen.
        download: That runs, or the last one.
    """

    machine: Snapshot
    memory: MemoryPicture | None
    at_work: Standing | None
    jobs: int
    engine: str
    download: Download | None

    @property
    def acts(self) -> Acts:
        cache = self.memory.split.cache_bytes if self.memory else None
        return Acts(
            at_work=self.at_work is not None and not self.at_work.state.is_over,
            is_loaded=self.machine.host.engine_bytes is not None,
            holds_cache=cache is not None and cache >= FREE_LEAST_BYTES,
        )


def glance(studio: Studio, standings: speaking.Standings) -> Glance:
    """Look now."""
    running = studio.running()
    listed = studio.jobs(limit=speaking.N_JOBS_LISTED)
    states = [(one.id, one.state.value, one.n_done) for one in listed]
    return Glance(
        machine=studio.monitor(),
        memory=studio.memory(),
        at_work=standings.of(running.id) if running is not None else None,
        jobs=crc32(repr(states).encode()),
        engine=studio.chosen_card().title,
        download=studio.download(),
    )


class Live:
    """Answers the looks of all pages.

    Args:
        studio: The door.
        default: Language for everybody who has not chosen; None to follow the browser.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        studio: Studio,
        default: str | None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._studio = studio
        self._default = default
        self._clock = clock
        self._standings = speaking.Standings(studio)
        self._lock = threading.Lock()
        self._beat = -1
        self._seen: Glance | None = None
        self._names: dict[str, str] = {}
        self._drawn: dict[str, dict[str, str]] = {}
        self._answers: dict[tuple[str, str], bytes] = {}
        # A program started anew knows nothing of what an open page was told.
        self._start = uuid.uuid4().hex[:8]

    def route(self) -> Route:
        """For the application that Gradio made."""
        return Route(PATH, self._respond, methods=["GET"])

    def known(self, language: str, voice_id: str) -> bytes | None:
        """The answer where it was made within this second; never waits."""
        is_now = self._beat == int(self._clock() / HOLDS_S)
        return self._answers.get((language, voice_id)) if is_now else None

    def answer(self, language: str, voice_id: str) -> bytes:
        """JSON with the header's line, the panel, the Monitor tab, the pulse and the download."""
        with self._lock:
            beat = int(self._clock() / HOLDS_S)
            if beat != self._beat or self._seen is None:
                self._seen = glance(self._studio, self._standings)
                self._names = {voice.id: voice.name for voice in self._studio.voices()}
                self._drawn, self._answers = {}, {}
                self._beat = beat
            seen = self._seen
            voice = self._names.get(voice_id)
            key = (language, voice_id if voice is not None else "")
            if key not in self._answers:
                self._answers[key] = self._make(seen, voice, language)
            return self._answers[key]

    def _make(self, seen: Glance, voice: str | None, language: str) -> bytes:
        if language not in self._drawn:
            self._drawn[language] = {
                "panel": readings.panel_html(
                    seen.machine, seen.at_work, language, memory=seen.memory
                ),
                "monitor": monitoring.monitor_html(
                    seen.machine, seen.at_work, language, memory=seen.memory
                ),
                "pulse": self._pulse(seen),
                "download": models.download_html(seen.download, language),
                "news": self._news(seen.download),
            }
        line = readings.line_html(seen.machine, voice, seen.engine, language)
        return json.dumps({"line": line, **self._drawn[language]}).encode()

    def _pulse(self, seen: Glance) -> str:
        acts = seen.acts
        told = (self._start, seen.jobs, acts.at_work, acts.is_loaded, acts.holds_cache)
        return f"{crc32(repr(told).encode()):x}-{int(self._clock() / PULSE_S):x}"

    def _news(self, download: Download | None) -> str:
        """Changes when a download begins or ends: then other models may be here."""
        told = None if download is None else (download.engine, download.name, download.state)
        return f"{crc32(repr((self._start, told)).encode()):x}"

    async def _respond(self, request: Request) -> Response:
        language = language_of(request.headers, self._default)
        voice_id = request.query_params.get("voice", "")
        body = self.known(language, voice_id)
        if body is None:
            found = await run_in_threadpool(
                attempt, language, lambda: self.answer(language, voice_id)
            )
            if isinstance(found, Problem):
                return Response(status_code=503)
            body = found
        return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})
