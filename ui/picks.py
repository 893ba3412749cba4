"""What the Voice tab does: keep a part of a recording and make a voice of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.audio.recording import Part, Recording
from core.audio.samples import ReferenceReport, Span
from core.errors import InputError
from core.voices.voice import Voice
from ui.words import say

if TYPE_CHECKING:
    from core.studio import Studio

ASSETS = Path(__file__).resolve().parents[1] / "assets"
BY_HAND = "hand"

Memo = dict[str, Any]
"""What the browser remembers of a pick: recording, choice, start_s, stop_s, engine."""


@dataclass(frozen=True, kw_only=True)
class Pick:
    """A recording and the part of it that is kept.

    Args:
        recording: As inspected.
        span: The kept part; None where nothing can be kept.
        report: Its measurements; None with the span.
        choice: Number of the proposal, or `hand`.
        engine: Whose limits the part keeps.
    """

    recording: Recording
    span: Span | None
    report: ReferenceReport | None
    choice: str
    engine: str

    @property
    def memo(self) -> Memo:
        """What the browser remembers, to show the same after a reload."""
        span = self.span
        return {
            "recording": self.recording.id,
            "choice": self.choice,
            "start_s": span.start_s if span else None,
            "stop_s": span.stop_s if span else None,
            "engine": self.engine,
        }


def look(studio: Studio, path: Path, engine: str) -> Pick:
    """Read a dropped file and keep its best part; raises InputError for what is no sound."""
    return proposal(studio.inspect(path, name=path.name, engine=engine), "0", engine)


def proposal(recording: Recording, choice: str, engine: str) -> Pick:
    """Keep one of the proposed parts; the first where that number does not exist."""
    if not recording.windows:
        return Pick(recording=recording, span=None, report=None, choice="0", engine=engine)
    number = int(choice) if choice.isdecimal() and int(choice) < len(recording.windows) else 0
    window = recording.windows[number]
    return Pick(
        recording=recording,
        span=window.span,
        report=window.report,
        choice=str(number),
        engine=engine,
    )


def by_hand(
    studio: Studio,
    recording: Recording,
    *,
    start_s: float,
    stop_s: float,
    engine: str,
    language: str,
) -> Pick:
    """Keep a part that the person chose; raises InputError when it is none."""
    start_s = min(max(0.0, start_s), recording.seconds)
    stop_s = min(max(0.0, stop_s), recording.seconds)
    if stop_s <= start_s:
        raise InputError(
            say(language, "span_backwards", start=f"{start_s:.1f}", stop=f"{stop_s:.1f}"),
            say(language, "span_backwards_hint"),
        )
    span = Span(start_s=round(start_s, 3), stop_s=round(stop_s, 3))
    report = studio.judge(recording.id, span, engine=engine)
    return Pick(recording=recording, span=span, report=report, choice=BY_HAND, engine=engine)


def recalled(studio: Studio, memo: Memo, engine: str, language: str) -> Pick:
    """What was shown before; raises MissingError when the recording is gone.

    For another engine than before: its own best part.
    """
    recording = studio.recording(str(memo["recording"]))
    if memo.get("engine", engine) != engine:
        return proposal(studio.inspect_again(recording.id, engine=engine), "0", engine)
    if memo.get("choice") == BY_HAND:
        return by_hand(
            studio,
            recording,
            start_s=memo["start_s"],
            stop_s=memo["stop_s"],
            engine=engine,
            language=language,
        )
    return proposal(recording, str(memo.get("choice", "0")), engine)


def make(
    studio: Studio,
    memo: Memo | None,
    *,
    name: str,
    transcript: str,
    spoken: str | None,
    statement: str,
    engine: str,
    language: str,
    more: Sequence[Part] = (),
) -> Voice:
    """Make the voice of what is shown; raises InputError when nothing is."""
    if not memo or memo.get("start_s") is None:
        raise InputError(say(language, "no_recording"), say(language, "no_recording_hint"))
    span = Span(start_s=memo["start_s"], stop_s=memo["stop_s"])
    return studio.make_voice(
        memo["recording"],
        span,
        name=name.strip(),
        transcript=transcript.strip() or None,
        language=spoken or None,
        statement=statement,
        engine=engine,
        more=more,
    )


def demo_voice(studio: Studio, engine: str) -> Voice:
    """The voice of the recording that comes with Timbre; made once, found again later."""
    about = json.loads((ASSETS / "demo_voice.json").read_text(encoding="utf-8"))
    for voice in studio.voices():
        if voice.consent.statement == about["licence"]:
            return voice
    pick = look(studio, ASSETS / "demo_voice.flac", engine)
    whole = Span(start_s=0.0, stop_s=pick.recording.seconds)
    return studio.make_voice(
        pick.recording.id,
        whole,
        name=about["name"],
        transcript=about["transcript"],
        language=about["language"],
        statement=about["licence"],
    )


def why_not(pick: Memo | None, consent: bool, name: str, language: str) -> str | None:
    """Why the voice cannot be made yet, as a sentence; None when it can."""
    if not pick:
        return say(language, "why_recording")
    if pick.get("start_s") is None:
        return say(language, "why_problem")
    if not name.strip():
        return say(language, "why_name")
    if not consent:
        return say(language, "why_consent")
    return None


def deleted(studio: Studio, voice_id: str) -> str:
    """Delete a voice and say its name; raises MissingError."""
    name = studio.voice(voice_id).name
    studio.delete_voice(voice_id)
    return name


def offered_name(file_name: str) -> str:
    """A name for the voice, from that of the file."""
    return " ".join(Path(file_name).stem.replace("_", " ").split())[:64]
