"""A job's segments as one file: where each lies, how loud it is, and what can go wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.audio.assemble import assemble
from core.audio.child import run
from core.audio.loudness import integrated_lufs, true_peak_db
from core.errors import MissingError
from tests.core.audio.files import demo

RATE = 24_000


@pytest.fixture
def segments(tmp_path: Path) -> list[tuple[str, float]]:
    voice = demo(RATE)
    made = []
    for n, (stop_s, pause_s) in enumerate([(3.0, 0.3), (2.0, 0.7), (4.0, 0.0), (0.5, 0.25)]):
        path = tmp_path / f"{n}.flac"
        soundfile.write(path, voice[: round(stop_s * RATE)], RATE, subtype="PCM_16")
        made.append((str(path), pause_s))
    return made


def _assemble(segments, target: Path, **changes):
    arguments = {
        "segments": segments,
        "rate": RATE,
        "target": str(target),
        "format": "flac",
        "target_lufs": -18.0,
        "ceiling_db": -1.0,
        "tags": {},
    }
    return assemble(**{**arguments, **changes})


def test_segments_lie_where_the_marks_say(segments, tmp_path: Path) -> None:
    made = _assemble(segments, tmp_path / "take.flac")
    assert made["marks"] == [(0.0, 3.0), (3.3, 5.3), (6.0, 10.0), (10.0, 10.5)]
    assert made["seconds"] == pytest.approx(10.75, abs=1e-3)
    heard, rate = soundfile.read(tmp_path / "take.flac", dtype="float32")
    assert rate == RATE
    assert len(heard) == round(10.75 * RATE)
    for _, stop_s in made["marks"][:2]:
        pause = heard[round((stop_s + 0.01) * RATE) : round((stop_s + 0.29) * RATE)]
        assert np.abs(pause).max() < 1e-3


@pytest.mark.parametrize("target_lufs", [-30.0, -18.0, -14.0])
def test_the_wanted_loudness_is_reached_under_the_ceiling(
    segments, tmp_path: Path, target_lufs: float
) -> None:
    made = _assemble(segments, tmp_path / "take.flac", target_lufs=target_lufs)
    heard, _ = soundfile.read(tmp_path / "take.flac", dtype="float32")
    assert integrated_lufs(heard, RATE) == pytest.approx(target_lufs, abs=0.2)
    assert true_peak_db(heard, RATE) <= -1.0 + 0.1
    assert made["loudness_lufs"] == pytest.approx(integrated_lufs(heard, RATE), abs=0.05)
    assert made["true_peak_db"] == pytest.approx(true_peak_db(heard, RATE), abs=0.05)


def test_where_the_ceiling_forbids_the_target_the_ceiling_wins(segments, tmp_path: Path) -> None:
    made = _assemble(segments, tmp_path / "take.flac", target_lufs=-3.0, ceiling_db=-6.0)
    assert made["true_peak_db"] <= -5.9
    assert made["loudness_lufs"] < -6.0


def test_silent_segments_stay_silent(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", np.zeros(RATE), RATE)
    made = _assemble([(str(tmp_path / "a.flac"), 0.5)], tmp_path / "take.flac")
    assert made["loudness_lufs"] is None
    assert made["true_peak_db"] is None
    assert made["seconds"] == pytest.approx(1.5)


@pytest.mark.parametrize("spoil", ["missing", "damaged", "other rate"])
def test_a_segment_that_is_not_what_it_was_is_named(segments, tmp_path: Path, spoil: str) -> None:
    path = Path(segments[2][0])
    if spoil == "missing":
        path.unlink()
    elif spoil == "damaged":
        path.write_bytes(b"no sound")
    else:
        soundfile.write(path, demo(), 16_000)
    with pytest.raises(MissingError, match="Segment 3 of 4"):
        _assemble(segments, tmp_path / "take.flac")
    assert not (tmp_path / "take.flac").exists()


def test_the_child_does_it_for_the_page(segments, tmp_path: Path) -> None:
    arguments = {
        "segments": segments,
        "rate": RATE,
        "target": str(tmp_path / "take.mp3"),
        "format": "mp3",
        "target_lufs": -18.0,
        "ceiling_db": -1.0,
        "tags": {"title": "A page", "artist": "A voice"},
    }
    made = run("assemble", arguments, subject="The export")
    assert made["marks"][-1] == [10.0, 10.5]
    assert (tmp_path / "take.mp3").stat().st_size > 10_000
