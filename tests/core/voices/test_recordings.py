"""Recordings that are at hand."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest
import soundfile

from core.audio.recording import Part
from core.audio.samples import Span
from core.errors import InputError, MissingError
from core.paths import Paths
from core.voices import recordings as module
from core.voices.recordings import Recordings
from tests.conftest import ASSETS
from tests.fakes import FAKE_CARD

DEMO = ASSETS / "demo_voice.flac"


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths.default(tmp_path / "home")
    paths.make()
    return paths


@pytest.fixture
def recordings(paths: Paths) -> Recordings:
    return Recordings(paths)


def test_what_was_read_is_found_by_its_id_alone(recordings: Recordings) -> None:
    found = recordings.read(DEMO, name="My voice.flac", card=FAKE_CARD)
    assert found.name == "My voice.flac"
    assert recordings.get(found.id) == found
    for other in ("", "../../../etc/passwd", str(found.path)):
        with pytest.raises(MissingError, match="no longer in the cache"):
            recordings.get(other)


def test_a_copy_that_somebody_removed_is_missing(recordings: Recordings) -> None:
    found = recordings.read(DEMO, name=None, card=FAKE_CARD)
    found.path.unlink()
    with pytest.raises(MissingError):
        recordings.judge(found.id, found.windows[0].span, card=FAKE_CARD)


def test_the_first_one_goes_when_there_are_too_many(
    recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_RECORDINGS", 2)
    first, second, third = (recordings.read(DEMO, name=None, card=FAKE_CARD) for _ in range(3))
    assert not first.path.exists()
    with pytest.raises(MissingError):
        recordings.get(first.id)
    assert [recordings.get(each.id) for each in (second, third)] == [second, third]
    assert second.path.exists()


def test_another_engine_proposes_of_the_same_sound_by_its_own_limits(
    recordings: Recordings,
) -> None:
    known = recordings.read(DEMO, name="mine", card=FAKE_CARD)
    short = dataclasses.replace(
        FAKE_CARD, reference_min_s=1.0, reference_best_s=2.0, reference_max_s=3.0
    )
    again = recordings.read_again(known.id, card=short)
    assert again.id != known.id
    assert (again.name, again.codec, again.seconds) == (known.name, known.codec, known.seconds)
    assert max(each.span.seconds for each in again.windows) <= 3.0
    assert recordings.get(known.id) == known
    assert recordings.get(again.id) == again


def test_what_is_kept_is_the_span_alone(recordings: Recordings) -> None:
    found = recordings.read(DEMO, name="mine", card=FAKE_CARD)
    span = Span(start_s=1.0, stop_s=3.5)
    assert recordings.kept(found.id, span).seconds == pytest.approx(2.5, abs=0.01)
    name, sound = recordings.kept_further(Part(recording_id=found.id, span=span), card=FAKE_CARD)
    assert name == "mine"
    assert sound.seconds == pytest.approx(2.5, abs=0.01)
    with pytest.raises(InputError, match=r"“mine” cannot be used\. The span is 0.2 s long"):
        recordings.kept_further(
            Part(recording_id=found.id, span=Span(start_s=1.0, stop_s=1.2)), card=FAKE_CARD
        )


def test_an_excerpt_is_made_once_and_goes_with_its_recording(
    recordings: Recordings, paths: Paths
) -> None:
    found = recordings.read(DEMO, name=None, card=FAKE_CARD)
    span = Span(start_s=1.0, stop_s=3.5)
    heard = recordings.excerpt(found.id, span)
    assert heard.is_relative_to(paths.exports)
    assert soundfile.info(heard).duration == pytest.approx(2.5)
    made = heard.stat().st_mtime_ns
    assert recordings.excerpt(found.id, span).stat().st_mtime_ns == made
    recordings.forget(found.id)
    assert not heard.exists()
    assert not found.path.exists()
    recordings.forget(found.id)  # twice does no harm


def test_only_what_is_old_is_swept(recordings: Recordings) -> None:
    old, fresh = (recordings.read(DEMO, name=None, card=FAKE_CARD) for _ in range(2))
    os.utime(old.path, (1_000, 1_000))
    recordings.sweep(before_s=2_000)
    assert not old.path.exists()
    assert fresh.path.exists()
