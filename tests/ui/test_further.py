"""Further recordings of a speaker, on the command line and on the page."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile

from app import open_studio
from core.studio import Studio
from tests.fakes import FAKE_CARD, FOLDER, notes
from tests.ui.test_cli import DEMO, run

CHOIR = dataclasses.replace(FAKE_CARD, name="choir", title="Choir", max_more=2)


@pytest.fixture
def choir_studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    notes_folder = tmp_path / "notes"
    notes_folder.mkdir()
    monkeypatch.setenv(FOLDER, str(notes_folder))
    with open_studio(
        tmp_path / "home", extra_cards=(FAKE_CARD, CHOIR), packages=("core.engines", "tests")
    ) as opened:
        yield opened


def cut_of_demo(folder: Path, name: str, start_s: float, stop_s: float) -> Path:
    samples, rate = soundfile.read(DEMO, dtype="float32")
    file = folder / name
    soundfile.write(file, samples[round(start_s * rate) : round(stop_s * rate)], rate)
    return file


def test_further_recordings_are_heard_by_an_engine_that_listens_to_them_and_leave_nothing(
    choir_studio: Studio, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    also = [cut_of_demo(tmp_path, "one.wav", 0, 4), cut_of_demo(tmp_path, "two.wav", 4, 8)]
    ran = run(
        choir_studio, capsys, "speak", "--engine", "choir", "--reference", DEMO,
        "--also", str(also[0]), "--also", str(also[1]),
        "--out", str(tmp_path / "out.wav"), "--text", "Hello.", "--json",
    )  # fmt: skip
    assert ran.code == 0
    (heard,) = notes("further")
    assert heard.count(" s at ") == 2
    said = "\n".join(ran.answer["notes"])
    assert "Of one.wav" in said
    assert "Of two.wav" in said
    assert choir_studio.voices() == ()
    assert list(choir_studio.paths.recordings.iterdir()) == []


def test_an_engine_that_listens_to_one_recording_says_so(
    choir_studio: Studio, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ran = run(
        choir_studio, capsys, "speak", "--engine", "fake", "--reference", DEMO,
        "--also", str(tmp_path / "not even there.wav"), "--out", str(tmp_path / "out.wav"),
        "--text", "Hello.", "--json",
    )  # fmt: skip
    assert ran.code == 0
    assert "Tones listens to one recording: --also was not used." in ran.answer["notes"]
    assert notes("further") == []


@pytest.mark.parametrize(
    ("seconds", "n", "told"),
    [
        (4.0, 3, "3 further recordings; Choir listens to 2 at most"),
        (0.2, 1, "further recording “more.wav” cannot be used. "),
    ],
)
def test_further_recordings_of_no_use_end_in_a_sentence(
    choir_studio: Studio,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    seconds: float,
    n: int,
    told: str,
) -> None:
    more = cut_of_demo(tmp_path, "more.wav", 1.0, 1.0 + seconds)
    also = [argument for _ in range(n) for argument in ("--also", str(more))]
    ran = run(
        choir_studio, capsys, "speak", "--engine", "choir", "--reference", DEMO, *also,
        "--out", str(tmp_path / "out.wav"), "--text", "Hello.",
    )  # fmt: skip
    assert ran.code == 2
    assert told in ran.err
    assert not (tmp_path / "out.wav").exists()
    assert list(choir_studio.paths.recordings.iterdir()) == []
