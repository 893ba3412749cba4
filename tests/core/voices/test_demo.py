from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.audio import flac, vad
from core.audio.report import judge
from core.audio.samples import Span
from core.database import Database
from core.paths import Paths
from core.voices.library import VoiceLibrary

ASSETS = Path(__file__).parents[3] / "assets"


def test_the_voice_that_comes_with_timbre_can_be_spoken_with(tmp_path: Path) -> None:
    with Database(Paths.default(tmp_path)) as database:
        library = VoiceLibrary(database)
        voice = library.ensure_demo(ASSETS / "demo_voice.flac", ASSETS / "demo_voice.json")
        assert voice is not None
        assert "Public domain" in voice.consent.statement
        reference = library.reference(voice.id)
    assert reference.language == "en"
    assert reference.transcript is not None
    assert reference.audio.seconds == pytest.approx(voice.report.seconds, abs=0.01)


def test_what_is_said_of_the_demo_voice_was_measured() -> None:
    # The file says it, so that the first start need not listen. When measuring changes, write
    # the new figures there.
    said = json.loads((ASSETS / "demo_voice.json").read_text("utf-8"))["report"]
    audio = flac.decode((ASSETS / "demo_voice.flac").read_bytes())
    report = judge(audio, Span(start_s=0.0, stop_s=audio.seconds), vad.load())
    assert [note.code for note in report.notes] == [note["code"] for note in said["notes"]]
    # Figures are shown to a tenth of a second, a whole dB and a tenth of a kHz.
    assert report.speech_s == pytest.approx(said["speech_s"], abs=0.05)
    assert report.snr_db == pytest.approx(said["snr_db"], abs=0.5)
    assert report.loudness_lufs == pytest.approx(said["loudness_lufs"], abs=0.1)
    assert report.bandwidth_hz == pytest.approx(said["bandwidth_hz"], abs=50)
    assert report.clipped == said["clipped"]
