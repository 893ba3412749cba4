"""The child's work on a finished job: its segments as one file at the wanted loudness.

Reads every segment twice (measure, then write) instead of keeping any: memory does not grow
with the length of the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import soundfile

from core.audio.encode import FileFormat, encode
from core.audio.join import join, n_pause
from core.audio.loudness import LoudnessMeter, TruePeakMeter, level
from core.audio.samples import Samples
from core.errors import MissingError

MAX_GAIN_DB = 30.0  # nearly silent takes stay quiet instead of becoming noise
_CLOSE_LU = 0.1
_MAX_TRIES = 3
_SAY_AGAIN = "Say that segment again."


def assemble(
    *,
    segments: Sequence[tuple[str, float]],
    rate: int,
    target: str,
    format: str,
    target_lufs: float,
    ceiling_db: float,
    tags: dict[str, str],
) -> dict[str, Any]:
    """Join, level and encode.

    Args:
        segments: (file, pause after it (s)) in order; all mono at `rate`.
        rate: Hz.
        target: The file to write.
        format: A `FileFormat` value.
        target_lufs: Integrated loudness to reach (LUFS).
        ceiling_db: True peak that is not exceeded (dBTP), before a lossy coding.
        tags: For the file.

    Raises:
        MissingError: A segment is gone or not what it was.

    Returns:
        `seconds`, `rate`, `loudness_lufs`, `true_peak_db`, and `marks`: [start_s, stop_s] of
        every segment, pauses left out.
    """
    parts = [(Path(path), float(pause_s)) for path, pause_s in segments]
    for n, (path, _) in enumerate(parts):
        _check(path, rate, f"Segment {n + 1} of {len(parts)}")
    plain = _measure(_joined(parts, rate), rate)
    gain_db = 0.0 if plain.lufs is None else min(MAX_GAIN_DB, target_lufs - plain.lufs)
    if plain.lufs is not None and (plain.peak_db or 0.0) + gain_db > ceiling_db:
        gain_db = _make_up(parts, rate, gain_db, target_lufs, ceiling_db)
    meters = _Meters(rate)
    written = encode(
        meters.listening(level(_joined(parts, rate), rate, gain_db=gain_db, ceiling_db=ceiling_db)),
        rate,
        Path(target),
        FileFormat(format),
        tags,
    )
    heard = meters.finish()
    return {
        "seconds": written.seconds,
        "rate": written.rate,
        "loudness_lufs": heard.lufs,
        "true_peak_db": heard.peak_db,
        "marks": list(_marks(parts, rate)),
    }


@dataclass(frozen=True, kw_only=True)
class _Measured:
    lufs: float | None
    peak_db: float | None


class _Meters:
    def __init__(self, rate: int) -> None:
        self._loudness, self._peak = LoudnessMeter(rate), TruePeakMeter(rate)

    def listening(self, blocks: Iterator[Samples]) -> Iterator[Samples]:
        for block in blocks:
            self._loudness.feed(block)
            self._peak.feed(block)
            yield block

    def finish(self) -> _Measured:
        return _Measured(lufs=self._loudness.lufs(), peak_db=self._peak.finish())


def _measure(blocks: Iterator[Samples], rate: int) -> _Measured:
    meters = _Meters(rate)
    for _ in meters.listening(blocks):
        pass
    return meters.finish()


def _make_up(
    parts: Sequence[tuple[Path, float]],
    rate: int,
    gain_db: float,
    target_lufs: float,
    ceiling_db: float,
) -> float:
    """A gain that reaches the target although the limiter takes some of it away."""
    for _ in range(_MAX_TRIES):
        blocks = level(_joined(parts, rate), rate, gain_db=gain_db, ceiling_db=ceiling_db)
        heard = _measure(blocks, rate).lufs
        if heard is None or abs(target_lufs - heard) <= _CLOSE_LU:
            break
        gain_db = min(MAX_GAIN_DB, gain_db + target_lufs - heard)
    return gain_db


def _joined(parts: Sequence[tuple[Path, float]], rate: int) -> Iterator[Samples]:
    return join(((_read(path, rate), pause_s) for path, pause_s in parts), rate)


def _read(path: Path, rate: int) -> Samples:
    samples, found = soundfile.read(path, dtype="float32")
    assert found == rate
    sound: Samples = samples
    return sound


def _check(path: Path, rate: int, name: str) -> None:
    """Raises MissingError when a piece cannot be used."""
    if not path.is_file():
        raise MissingError(f"{name} is gone from the disk.", _SAY_AGAIN)
    try:
        found = soundfile.info(path)
    except soundfile.LibsndfileError:
        raise MissingError(f"{name} cannot be read any more.", _SAY_AGAIN) from None
    if (found.samplerate, found.channels) != (rate, 1):
        raise MissingError(
            f"{name} has {found.samplerate} Hz and {found.channels} channels instead of "
            f"{rate} Hz and 1.",
            _SAY_AGAIN,
        )


def _marks(parts: Sequence[tuple[Path, float]], rate: int) -> Iterator[tuple[float, float]]:
    at = 0
    for path, pause_s in parts:
        n = soundfile.info(path).frames
        yield at / rate, (at + n) / rate
        at += n + n_pause(pause_s, rate)
