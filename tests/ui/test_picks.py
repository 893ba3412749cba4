"""From a recording to a voice, as the Voice tab does it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.errors import InputError, MissingError
from tests.ui.conftest import DEMO
from tests.ui.fake_studio import FakeStudio
from ui import cards, picks


def test_the_best_part_is_kept_at_first(studio: FakeStudio) -> None:
    pick = picks.look(studio, DEMO, "builtin")
    assert pick.span == pick.recording.windows[0].span
    assert pick.choice == "0"


def test_another_proposal_can_be_kept_and_a_wrong_number_means_the_best(studio: FakeStudio) -> None:
    recording = picks.look(studio, DEMO, "builtin").recording
    assert picks.proposal(recording, "2", "builtin").span == recording.windows[2].span
    assert picks.proposal(recording, "7", "builtin").span == recording.windows[0].span


def test_a_part_set_by_hand_stays_inside_the_recording(studio: FakeStudio) -> None:
    recording = picks.look(studio, DEMO, "builtin").recording
    pick = picks.by_hand(
        studio, recording, start_s=1.0, stop_s=99.0, engine="builtin", language="en"
    )
    assert pick.span is not None
    assert pick.span.stop_s == pytest.approx(recording.seconds, abs=0.001)  # rounded to ms
    assert pick.choice == picks.BY_HAND


def test_a_part_that_ends_before_it_begins_is_refused_with_its_numbers(studio: FakeStudio) -> None:
    recording = picks.look(studio, DEMO, "builtin").recording
    with pytest.raises(InputError, match=r"ends at 2.0 s.*begins at 5.0 s"):
        picks.by_hand(studio, recording, start_s=5.0, stop_s=2.0, engine="builtin", language="en")


def test_what_was_shown_before_a_reload_is_shown_again(studio: FakeStudio) -> None:
    recording = picks.look(studio, DEMO, "builtin").recording
    for pick in (
        picks.proposal(recording, "1", "builtin"),
        picks.by_hand(studio, recording, start_s=1, stop_s=6, engine="builtin", language="en"),
    ):
        assert picks.recalled(studio, pick.memo, "builtin", "en") == pick


def test_a_recording_that_is_gone_is_missing(studio: FakeStudio) -> None:
    with pytest.raises(MissingError):
        picks.recalled(studio, {"recording": "gone", "choice": "0"}, "builtin", "en")


def test_a_recording_that_is_too_short_shows_why_and_can_make_no_voice(
    studio: FakeStudio, tmp_path: Path
) -> None:
    short = tmp_path / "short.wav"
    soundfile.write(short, np.zeros(16000, dtype=np.float32), 16000)
    pick = picks.look(studio, short, "builtin")
    assert pick.span is None
    assert "Only 1.0 s of speech" in cards.kept_html(pick, "en")
    assert "tb-wave" in cards.wave_html(pick, "en")
    assert picks.why_not(pick.memo, True, "Anna", "en") is not None
    with pytest.raises(InputError):
        picks.make(
            studio, pick.memo, name="Anna", transcript="", spoken=None, statement="yes",
            engine="builtin", language="en",
        )  # fmt: skip


def test_a_voice_needs_a_recording_a_name_and_consent(studio: FakeStudio) -> None:
    memo = picks.look(studio, DEMO, "builtin").memo
    assert picks.why_not(None, True, "Anna", "en") == "First choose a recording."
    assert "name" in (picks.why_not(memo, True, "  ", "en") or "")
    assert "Tick" in (picks.why_not(memo, False, "Anna", "en") or "")
    assert picks.why_not(memo, True, "Anna", "en") is None


def test_the_voice_keeps_what_was_said_of_it(studio: FakeStudio) -> None:
    pick = picks.look(studio, DEMO, "builtin")
    voice = picks.make(
        studio, pick.memo, name=" Anna ", transcript=" Hello ", spoken="", statement="I may",
        engine="builtin", language="en",
    )  # fmt: skip
    assert (voice.name, voice.transcript, voice.language) == ("Anna", "Hello", None)
    assert voice.span == pick.span
    assert voice.consent.statement == "I may"


def test_the_demo_voice_is_made_once(studio: FakeStudio) -> None:
    first = picks.demo_voice(studio, "builtin")
    assert picks.demo_voice(studio, "builtin") == first
    assert first.transcript is not None
    assert first.language == "en"


def test_the_name_of_the_file_becomes_the_name_of_the_voice() -> None:
    assert picks.offered_name("my_aunt  Anna.m4a") == "my aunt Anna"


def test_a_name_is_never_markup(studio: FakeStudio, tmp_path: Path) -> None:
    evil = tmp_path / "<img src=x onerror=alert(1)>.flac"
    evil.write_bytes(DEMO.read_bytes())
    pick = picks.look(studio, evil, "builtin")
    assert "<img" not in cards.wave_html(pick, "en")
    voice = picks.make(
        studio, pick.memo, name="<b>x</b>", transcript="<i>y</i>", spoken=None, statement="s",
        engine="builtin", language="en",
    )  # fmt: skip
    card = cards.voice_html(studio, voice.id, "en")
    assert "<b>" not in card
    assert "<i>" not in card
