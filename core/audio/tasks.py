"""The child's work on one recording: read it, hear it, propose stretches, judge one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from core.audio.decode import open_source
from core.audio.encode import disk_errors
from core.audio.listen import Listener
from core.audio.recording import ReferenceLimits
from core.audio.report import CONTEXT_S
from core.audio.report import judge as judge_stretch
from core.audio.samples import Audio, Note, ReferenceReport, Samples, Span
from core.audio.trim import Problem, Proposal, propose
from core.audio.vad import Network, load
from core.errors import InputError
from core.paths import whole_file

MAX_COPY_HZ = 48_000
MAX_COLUMNS = 1200
MAX_JUDGED_S = 600.0
_WHOLE_S = 0.05
_PEAK_S = 0.02
_FASTEST = 0.0  # FLAC's lowest effort: 2 % larger, and reading a recording should not wait


def inspect(*, path: str, copy: str, min_s: float, best_s: float, max_s: float) -> dict[str, Any]:
    """Decode a file to a mono copy and say what is in it.

    Args:
        path: The person's file.
        copy: Where the FLAC goes.
        min_s: Shortest reference (s).
        best_s: Best (s).
        max_s: Longest (s).

    Returns:
        The fields of a `Recording` but `id`, `name` and `path`.
    """
    target = Path(copy)
    network = load()
    limits = ReferenceLimits(min_s=min_s, best_s=best_s, max_s=max_s)
    with open_source(Path(path)) as source, whole_file(target) as part, disk_errors():
        rate = min(source.rate, MAX_COPY_HZ)
        listener, outline = Listener(rate, network), _Outline(rate)
        with soundfile.SoundFile(
            part, "w", rate, 1, "PCM_16", format="FLAC", compression_level=_FASTEST
        ) as file:
            for block in _at_rate(source.blocks(), source.rate, rate):
                np.clip(block, -1.0, 32767 / 32768, out=block)
                file.write(block)
                listener.feed(block)
                outline.feed(block)
        codec, notes = source.codec, list(source.notes)
    track = listener.finish()
    found = propose(track, limits)
    proposals = () if isinstance(found, Problem) else found
    return {
        "seconds": track.seconds,
        "rate": rate,
        "codec": codec,
        "peaks": outline.columns(),
        "speech": [asdict(span) for span in track.spans()],
        "windows": [_window(target, one, track.seconds, network) for one in proposals],
        "problem": found.problem if isinstance(found, Problem) else None,
        "hint": found.hint if isinstance(found, Problem) else "",
        "notes": notes,
    }


def judge(*, copy: str, start_s: float, stop_s: float) -> dict[str, Any]:
    """Measure a stretch of a copy. Returns the fields of a `ReferenceReport`."""
    return asdict(_judge(Path(copy), Span(start_s=start_s, stop_s=stop_s), load()))


def _judge(copy: Path, span: Span, network: Network) -> ReferenceReport:
    if span.seconds > MAX_JUDGED_S:
        raise InputError(
            f"The stretch is {span.seconds:.0f} s long; at most {MAX_JUDGED_S:.0f} s are measured.",
            "Choose a shorter one.",
        )
    with soundfile.SoundFile(copy) as file:
        first_s = max(0.0, span.start_s - CONTEXT_S)
        file.seek(min(file.frames, round(first_s * file.samplerate)))
        n = round((span.stop_s + CONTEXT_S - first_s) * file.samplerate)
        around = Audio(samples=file.read(n, dtype="float32"), rate=file.samplerate)
    inside = Span(start_s=span.start_s - first_s, stop_s=min(span.stop_s - first_s, around.seconds))
    if inside.seconds <= 0:
        raise InputError("The stretch lies outside the recording.", "Choose another one.")
    return judge_stretch(around, inside, network)


def _window(copy: Path, one: Proposal, seconds: float, network: Network) -> dict[str, Any]:
    report = _judge(copy, one.span, network)
    notes = list(report.notes)
    if one.span.seconds >= seconds - _WHOLE_S:
        text = f"The whole recording ({seconds:.1f} s)."
        notes = [
            Note(code="whole_recording", text=text, value=seconds),
            *(note for note in notes if note.code not in ("ends_in_pause", "cuts_speech")),
        ]
    elif one.cuts_speech:
        text = "There is no pause to cut at: cut where the speech is softest."
        notes = [
            *(note for note in notes if note.code not in ("ends_in_pause", "cuts_speech")),
            Note(code="cuts_speech", text=text, is_warning=True),
        ]
    fields = asdict(report) | {"notes": [asdict(note) for note in notes]}
    return {"span": asdict(one.span), "report": fields, "score": one.score}


def _at_rate(blocks: Any, rate: int, wanted: int) -> Any:
    if rate == wanted:
        yield from blocks
        return
    stream = soxr.ResampleStream(rate, wanted, 1)
    for block in blocks:
        out = stream.resample_chunk(block)
        if len(out):
            yield out
    out = stream.resample_chunk(np.zeros(0, np.float32), last=True)
    if len(out):
        yield out


class _Outline:
    """Lowest and highest sample of each 20 ms, drawn together to at most 1200 columns."""

    def __init__(self, rate: int) -> None:
        self._width = max(1, round(rate * _PEAK_S))
        self._rest: Samples = np.zeros(0, np.float32)
        self._low: list[NDArray[np.float32]] = []
        self._high: list[NDArray[np.float32]] = []

    def feed(self, block: Samples) -> None:
        joined = np.concatenate([self._rest, block])
        n = len(joined) // self._width * self._width
        self._rest = joined[n:]
        self._keep(joined[:n].reshape(-1, self._width))

    def columns(self) -> list[tuple[float, float]]:
        if len(self._rest):
            self._keep(self._rest[None])
            self._rest = self._rest[:0]
        if not self._low:
            return []
        low, high = np.concatenate(self._low), np.concatenate(self._high)
        edges = np.unique(np.linspace(0, len(low), min(MAX_COLUMNS, len(low)) + 1).astype(int))[:-1]
        lows, highs = np.minimum.reduceat(low, edges), np.maximum.reduceat(high, edges)
        pairs = zip(lows.tolist(), highs.tolist(), strict=True)
        return [(round(a, 4), round(b, 4)) for a, b in pairs]

    def _keep(self, rows: Samples) -> None:
        if rows.size:
            self._low.append(rows.min(axis=1))
            self._high.append(rows.max(axis=1))
