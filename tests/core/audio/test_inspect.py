"""What the page gets when somebody drops a recording in."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.audio.inspect import excerpt, inspect, judge, kept
from core.audio.recording import Recording, ReferenceLimits
from core.audio.samples import Span
from core.errors import InputError, MissingError
from tests.core.audio.files import DEMO, demo

LIMITS = ReferenceLimits(min_s=3.0, best_s=10.0, max_s=30.0)
RATE = 16_000


def _inspect(path: Path, folder: Path, limits: ReferenceLimits = LIMITS) -> Recording:
    return inspect(
        path, recording_id="f00d", name="My voice.m4a", folder=folder, card_limits=limits
    )


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Twice the demo voice with a second around it, at 48 kHz."""
    folder = tmp_path_factory.mktemp("cache")
    gap = np.zeros(48_000, np.float32)
    sound = np.concatenate([gap, demo(48_000), gap, demo(48_000), gap])
    hiss = 3e-4 * np.random.default_rng(0).standard_normal(len(sound))
    path = folder / "dropped.wav"
    soundfile.write(path, sound + hiss, 48_000, subtype="PCM_24")
    return _inspect(path, folder)


def test_the_copy_is_the_whole_recording_as_mono_flac(recording: Recording) -> None:
    info = soundfile.info(recording.path)
    assert (info.format, info.subtype, info.channels) == ("FLAC", "PCM_16", 1)
    assert info.samplerate == recording.rate == 48_000
    assert recording.seconds == pytest.approx(info.duration, abs=1e-3)
    assert recording.path.name == "f00d.flac"
    assert (recording.id, recording.name, recording.codec) == ("f00d", "My voice.m4a", "pcm_s24le")


def test_the_outline_has_columns_over_all_of_it(recording: Recording) -> None:
    assert 1000 <= len(recording.peaks) <= 1200
    assert all(-1 <= low <= high <= 1 for low, high in recording.peaks)
    loudest = max(high for _, high in recording.peaks)
    assert loudest == pytest.approx(float(demo(48_000).max()), abs=0.03)


def test_a_stretch_is_proposed_with_its_reasons(recording: Recording) -> None:
    assert recording.problem is None
    best = recording.windows[0]
    codes = {note.code for note in best.report.notes}
    assert LIMITS.min_s <= best.span.seconds <= LIMITS.max_s
    assert best.report.seconds == pytest.approx(best.span.seconds, abs=0.01)
    assert best.report.speech_s > 7
    assert "ends_in_pause" in codes
    assert codes & {"snr_good", "snr_fair", "snr_low"}
    assert all(note.text.endswith(".") for note in best.report.notes)
    scores = [window.score for window in recording.windows]
    assert scores == sorted(scores, reverse=True)


def test_a_stretch_moved_by_hand_is_judged_like_a_proposed_one(recording: Recording) -> None:
    best = recording.windows[0]
    assert judge(recording.path, best.span, best_s=LIMITS.best_s) == best.report


@pytest.mark.parametrize(("seconds", "is_short"), [(3.5, True), (7.0, False)])
def test_a_short_reference_is_told_how_long_would_be_better(
    recording: Recording, seconds: float, is_short: bool
) -> None:
    report = judge(recording.path, Span(start_s=1.0, stop_s=1.0 + seconds), best_s=10.0)
    told = [note.text for note in report.notes if note.code == "short" and note.is_warning]
    assert told == (["Short: 3.5 s; about 10 s make a better voice."] if is_short else [])
    assert "short" not in {
        note.code for note in judge(recording.path, Span(start_s=1.0, stop_s=4.5)).notes
    }


def test_a_stretch_that_cuts_speech_is_told(recording: Recording) -> None:
    said = max(recording.speech, key=lambda span: span.seconds)
    middle = (said.start_s + said.stop_s) / 2
    report = judge(recording.path, Span(start_s=middle, stop_s=middle + 4))
    assert any(note.code == "cuts_speech" and note.is_warning for note in report.notes)


def test_a_stretch_of_silence_has_no_figures_but_a_warning(recording: Recording) -> None:
    report = judge(recording.path, Span(start_s=0.0, stop_s=0.8))
    assert report.speech_s == 0.0
    assert report.snr_db is None
    assert any(note.code == "little_speech" for note in report.notes)


def test_what_is_kept_is_what_was_chosen(recording: Recording, tmp_path: Path) -> None:
    span = Span(start_s=1.5, stop_s=4.25)
    audio = kept(recording.path, span)
    whole, _ = soundfile.read(recording.path, dtype="float32")
    np.testing.assert_array_equal(audio.samples, whole[72_000:204_000])
    excerpt(recording.path, span, tmp_path / "listen.wav")
    heard, rate = soundfile.read(tmp_path / "listen.wav", dtype="float32")
    assert rate == audio.rate
    np.testing.assert_allclose(heard, audio.samples, atol=1 / 32768)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (Span(start_s=3.0, stop_s=3.0), "empty"),
        (Span(start_s=3.0, stop_s=1.0), "empty"),
        (Span(start_s=math.nan, stop_s=2.0), "empty"),
        (Span(start_s=500.0, stop_s=510.0), "outside"),
        (Span(start_s=0.0, stop_s=10_000.0), "at most 600 s"),
    ],
)
def test_a_stretch_that_cannot_be_is_a_sentence(recording: Recording, span, words) -> None:
    with pytest.raises(InputError, match=words):
        kept(recording.path, span)
    with pytest.raises(InputError, match=words):
        judge(recording.path, span)


def test_a_copy_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="gone"):
        judge(tmp_path / "f00d.flac", Span(start_s=0, stop_s=5))


def test_one_second_is_too_short_and_says_so(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", demo()[RATE : 2 * RATE], RATE)
    recording = _inspect(tmp_path / "a.wav", tmp_path)
    assert recording.windows == ()
    assert recording.problem == "This recording is 1.0 s long; at least 3 s are needed."
    assert "10 s" in recording.hint
    assert recording.peaks


def test_silence_says_that_nobody_speaks(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(8 * RATE), RATE)
    recording = _inspect(tmp_path / "a.wav", tmp_path)
    assert recording.problem == "Nobody speaks in these 8.0 s."
    assert recording.speech == ()


def test_a_recording_that_is_just_right_is_kept_whole(tmp_path: Path) -> None:
    speech = _inspect(DEMO, tmp_path).speech
    tight = kept(tmp_path / "f00d.flac", Span(start_s=speech[0].start_s, stop_s=speech[-1].stop_s))
    soundfile.write(tmp_path / "a.wav", tight.samples, tight.rate)
    recording = _inspect(tmp_path / "a.wav", tmp_path)
    best = recording.windows[0]
    assert best.span.seconds == pytest.approx(recording.seconds, abs=0.05)
    assert best.report.notes[0].code == "whole_recording"


def test_a_rate_above_48_khz_is_brought_down(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", demo(96_000), 96_000)
    recording = _inspect(tmp_path / "a.wav", tmp_path)
    assert recording.rate == 48_000
    assert recording.seconds == pytest.approx(len(demo()) / RATE, abs=0.001)


def test_a_telephone_recording_is_told_so(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", demo(8000), 8000)
    report = _inspect(tmp_path / "a.wav", tmp_path).windows[0].report
    assert report.bandwidth_hz <= 4000
    assert any(note.code == "narrow_band" and note.is_warning for note in report.notes)


def test_a_recording_that_was_too_loud_is_told_so(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.clip(10 * demo(), -1, 1), RATE)
    report = _inspect(tmp_path / "a.wav", tmp_path).windows[0].report
    assert report.clipped > 0.01
    assert any(note.code == "clipped" and note.is_warning for note in report.notes)


def test_names_with_spaces_and_other_letters_work(tmp_path: Path) -> None:
    folder = tmp_path / "Моя папка 你好"
    folder.mkdir()
    path = folder / "so eine Größe.wav"
    soundfile.write(path, demo(), RATE)
    assert _inspect(path, folder).windows


@pytest.mark.parametrize(("gain_db", "says"), [(-25.0, "LUFS; noise"), (-50.0, "Almost silent")])
def test_a_recording_that_is_too_quiet_is_told_so(
    tmp_path: Path, gain_db: float, says: str
) -> None:
    path = tmp_path / "quiet.wav"
    soundfile.write(path, demo(RATE) * 10 ** (gain_db / 20), RATE, subtype="PCM_24")
    notes = _inspect(path, tmp_path).windows[0].report.notes
    [quiet] = [note for note in notes if note.code == "quiet"]
    assert quiet.is_warning
    assert says in quiet.text
