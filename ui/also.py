"""Further recordings of a voice's speaker, as a command takes them: `speak --also`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.audio.recording import Part, Recording
from core.engines.protocol import EngineCard
from core.errors import InputError

if TYPE_CHECKING:
    from core.studio import Studio


@contextlib.contextmanager
def heard(
    studio: Studio, files: Sequence[Path], card: EngineCard
) -> Iterator[tuple[tuple[Part, ...], list[str]]]:
    """The best part of each file, for the time of a command, and what the person should know.

    An engine that hears one recording alone has a remark instead of parts. Raises InputError
    that names the file which is of no use.
    """
    if files and not card.max_more:
        yield (), [f"{card.title} listens to one recording: --also was not used."]
        return
    check_number(len(files), card)
    with contextlib.ExitStack() as cleared:
        found: list[Recording] = []
        for file in files:
            recording = studio.inspect_further(file, engine=card.name)
            cleared.callback(studio.forget_recording, recording.id)
            found.append(recording)
        yield tuple(map(_best, found)), [_told(recording) for recording in found]


def check_number(n: int, card: EngineCard) -> None:
    """Raises InputError where these are more than the engine hears."""
    if n > card.max_more:
        raise InputError(
            f"These are {n} further recordings; {card.title} listens to {card.max_more} at most.",
            "Keep the best ones.",
        )


def _best(recording: Recording) -> Part:
    return Part(recording_id=recording.id, span=recording.windows[0].span)


def _told(recording: Recording) -> str:
    span = recording.windows[0].span
    return f"Of {recording.name} {span.start_s:.1f} s to {span.stop_s:.1f} s were used as well."
