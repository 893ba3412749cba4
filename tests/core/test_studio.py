"""The one door, from a recording to a file."""

from __future__ import annotations

import dataclasses
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from app import open_studio
from core.audio.encode import FileFormat
from core.audio.recording import Part
from core.audio.samples import Span
from core.errors import InputError, MissingError, ResourceError
from core.events import JobDone, JobEvent, JobStopped, SegmentReady
from core.jobs.job import JobState, SpeakRequest
from core.studio import Studio
from core.synthesis import prompts
from core.voices.voice import Voice
from tests.conftest import ASSETS
from tests.fakes import ask_for, notes, until

DEMO = ASSETS / "demo_voice.flac"
STATEMENT = "It is my own voice."


@pytest.fixture
def studio(real_studio: Studio) -> Studio:
    return real_studio


def make_voice(studio: Studio, *more: Part) -> Voice:
    recording = studio.inspect(DEMO, engine="fake")
    return studio.make_voice(
        recording.id,
        recording.windows[0].span,
        name="Anna",
        transcript=None,
        language="en",
        statement=STATEMENT,
        engine="fake",
        more=more,
    )


def request(voice: Voice, text: str, **changes: object) -> SpeakRequest:
    asked = SpeakRequest(text=text, voice_id=voice.id, engine="fake")
    return dataclasses.replace(asked, **changes)  # type: ignore[arg-type]


def finish(studio: Studio, job_id: str) -> list[JobEvent]:
    return list(studio.watch(job_id))


def test_a_recording_becomes_a_voice_and_a_text_becomes_a_file_in_it(studio: Studio) -> None:
    voice = make_voice(studio)
    job = studio.submit(request(voice, "One sentence. Another one!\n\nA second paragraph."))
    events = finish(studio, job.id)

    assert isinstance(events[-1], JobDone)
    assert studio.job(job.id).state is JobState.DONE
    ready = [event for event in events if isinstance(event, SegmentReady)]
    assert [event.index for event in ready] == list(range(len(job.plan.segments)))
    take = studio.export(job.id, format=FileFormat.FLAC)
    sound, rate = soundfile.read(take.path)
    assert rate == studio.card("fake").rate
    assert len(sound) / rate == pytest.approx(take.seconds)
    assert [mark.text for mark in take.marks] == [s.text for s in job.plan.segments]


def test_the_live_sound_of_a_piece_is_its_sound_and_the_pause_after_it(studio: Studio) -> None:
    voice = make_voice(studio)
    job = studio.submit(request(voice, "One sentence.\n\nA second paragraph."))
    finish(studio, job.id)
    first = studio.sound(job.id, 0)
    expected_s = studio.progress(job.id)[0].seconds + job.plan.segments[0].pause_s
    assert first.seconds == pytest.approx(expected_s, abs=0.001)  # whole samples
    assert job.plan.segments[0].pause_s > 0
    with pytest.raises(MissingError):
        studio.sound(job.id, 99)


def test_the_same_seed_gives_the_same_sound_and_another_seed_another(studio: Studio) -> None:
    voice = make_voice(studio)
    sounds = []
    for seed in (1, 1, 2):
        job = studio.submit(request(voice, "The very same words.", seed=seed))
        finish(studio, job.id)
        sounds.append(studio.sound(job.id, 0).samples)
    np.testing.assert_array_equal(sounds[0], sounds[1])
    assert len(sounds[0]) != len(sounds[2]) or (sounds[0] != sounds[2]).any()


def test_a_stopped_job_keeps_its_pieces_and_goes_on_where_it_was(studio: Studio) -> None:
    voice = make_voice(studio)
    text = (
        "The first piece is said at once. " * 3
        + "\n\nThey waitforgo before the second.\n\nA third."
    )
    job = studio.submit(request(voice, text))
    until(lambda: len(studio.progress(job.id)) >= 1)
    studio.stop(job.id)
    assert isinstance(finish(studio, job.id)[-1], JobStopped)
    n_kept = len(studio.progress(job.id))
    assert 0 < n_kept < len(job.plan.segments)
    assert studio.export(job.id).seconds > 0  # what is there can be saved

    ask_for("go")
    studio.resume(job.id)
    assert isinstance(finish(studio, job.id)[-1], JobDone)
    assert len(studio.progress(job.id)) == len(job.plan.segments)


def test_the_same_request_after_a_stop_goes_on_instead_of_beginning_again(studio: Studio) -> None:
    voice = make_voice(studio)
    asked = request(voice, "The first.\n\nThey waitforgo before the second.\n\nA third.")
    job = studio.submit(asked)
    until(lambda: len(studio.progress(job.id)) >= 1)
    studio.stop(job.id)
    ask_for("go")
    assert studio.submit_or_resume(asked).id == job.id
    finish(studio, job.id)
    other = studio.submit_or_resume(dataclasses.replace(asked, seed=5))
    assert other.id != job.id


def test_a_job_of_a_process_that_died_is_found_again_by_the_next_page(
    tmp_path: Path, studio: Studio
) -> None:
    voice = make_voice(studio)
    job = studio.submit(
        request(voice, "The first.\n\nThey waitforgo before the second.\n\nA third.")
    )
    until(lambda: len(studio.progress(job.id)) >= 1)
    studio.close()  # as closing the window does: nobody pressed Stop
    ask_for("go")
    fakes = {"extra_cards": (studio.card("fake"),), "packages": ("core.engines", "tests")}
    with open_studio(tmp_path / "home", **fakes) as again:  # type: ignore[arg-type]
        again.open_for_people(ASSETS)
        assert isinstance(finish(again, job.id)[-1], JobDone)
        # The page that is open now is the only one of this home.
        with open_studio(tmp_path / "home") as second, pytest.raises(ResourceError, match="open"):
            second.open_for_people(ASSETS)


def test_the_demo_voice_is_there_once_and_stays_deleted(studio: Studio) -> None:
    studio.open_for_people(ASSETS)
    [demo] = studio.voices()
    studio.delete_voice(demo.id)
    studio.open_for_people(ASSETS)
    assert studio.voices() == ()


GIVEN: dict[str, Any] = {
    "name": "Anna",
    "transcript": None,
    "language": None,
    "statement": STATEMENT,
}


def test_a_borrowed_voice_leaves_no_trace_and_a_kept_one_is_left_alone(studio: Studio) -> None:
    recording = studio.inspect(DEMO, engine="fake")
    span = recording.windows[0].span
    with studio.borrowed_voice(recording.id, span, **GIVEN) as voice:
        assert studio.voice(voice.id).name == "Anna"
    assert studio.voices() == ()
    kept = studio.make_voice(recording.id, span, **GIVEN)
    job = studio.submit(request(kept, "Good morning."))
    finish(studio, job.id)
    with studio.borrowed_voice(recording.id, span, **GIVEN) as voice:
        assert voice.id != kept.id
        # What a command clears up at its end is its own: the person's job is another one.
        assert studio.submit_or_resume(request(voice, "Good morning.")).id != job.id
        for each in studio.jobs():
            if each.voice_id == voice.id:
                studio.delete_job(each.id)
    assert [voice.id for voice in studio.voices()] == [kept.id]
    assert [each.id for each in studio.jobs()] == [job.id]


def test_a_recording_that_speaks_again_today_is_not_prepared_again(
    tmp_path: Path, studio: Studio
) -> None:
    fakes: dict[str, Any] = {
        "extra_cards": (studio.card("fake"),),
        "packages": ("core.engines", "tests"),
    }
    for _ in range(2):  # as two commands
        with open_studio(tmp_path / "home", **fakes) as command:
            recording = command.inspect(DEMO, engine="fake")
            with command.borrowed_voice(recording.id, recording.windows[0].span, **GIVEN) as voice:
                job = command.submit(request(voice, "Good morning."))
                finish(command, job.id)
                command.delete_job(job.id)
    assert len(notes("prepare")) == 1
    assert len(notes("restore")) == 1
    (kept,) = studio.paths.prompts.iterdir()
    yesterday = kept.stat().st_mtime - 25 * 3600
    os.utime(kept, (yesterday, yesterday))
    studio.inspect(DEMO, engine="fake")
    assert not kept.exists()


def test_a_borrowed_voice_leaves_after_a_failure_too(studio: Studio) -> None:
    recording = studio.inspect(DEMO, engine="fake")
    borrowed = studio.borrowed_voice(recording.id, recording.windows[0].span, **GIVEN)
    with pytest.raises(InputError, match="speaks"), borrowed as voice:
        studio.submit(request(voice, "Good morning.", language="xx"))
    assert studio.voices() == ()


def test_a_borrowed_voice_of_a_process_that_is_gone_is_found_again_with_its_job(
    tmp_path: Path, studio: Studio
) -> None:
    fakes: dict[str, Any] = {
        "extra_cards": (studio.card("fake"),),
        "packages": ("core.engines", "tests"),
    }
    text = "Good morning."
    with open_studio(tmp_path / "home", **fakes) as first:
        recording = first.inspect(DEMO, engine="fake")
        with first.borrowed_voice(recording.id, recording.windows[0].span, **GIVEN) as left:
            job = first.submit(request(left, text))
            finish(first, job.id)
            # Somebody else at the same time on the same home gets a voice of their own.
            own = studio.inspect(DEMO, engine="fake")
            with studio.borrowed_voice(own.id, own.windows[0].span, **GIVEN) as other:
                assert other.id != left.id
    assert [voice.id for voice in studio.voices()] == [left.id]
    own = studio.inspect(DEMO, engine="fake")
    with studio.borrowed_voice(own.id, own.windows[0].span, **GIVEN) as found:
        assert found.id == left.id
        # What is done is not made again, and another arrangement of the words is another job.
        assert studio.submit_or_resume(request(found, text)).id == job.id
        studio.delete_job(job.id)
    assert studio.voices() == ()


def test_the_same_words_with_other_pauses_are_another_job(studio: Studio) -> None:
    voice = make_voice(studio)
    first = studio.submit(request(voice, "One here. Two there."))
    finish(studio, first.id)
    assert studio.submit_or_resume(request(voice, "One here. Two there.")).id == first.id
    other = studio.submit_or_resume(request(voice, "One here.\n\nTwo there."))
    assert other.id != first.id
    finish(studio, other.id)


def test_a_recording_that_is_forgotten_is_gone_from_the_disk(studio: Studio) -> None:
    recording = studio.inspect(DEMO, engine="fake")
    listened = studio.excerpt(recording.id, Span(start_s=1.0, stop_s=3.0))
    studio.forget_recording(recording.id)
    assert not recording.path.exists()
    assert not listened.exists()
    with pytest.raises(MissingError):
        studio.recording(recording.id)
    studio.forget_recording(recording.id)  # twice does no harm


def test_a_delivered_take_leaves_the_exports_folder(studio: Studio, tmp_path: Path) -> None:
    voice = make_voice(studio)
    job = studio.submit(request(voice, "Good morning."))
    finish(studio, job.id)
    take = studio.export(job.id)
    studio.deliver(take, tmp_path / "out.wav")
    assert (tmp_path / "out.wav").stat().st_size > 100
    assert not take.path.exists()
    take = studio.export(job.id)
    (tmp_path / "folder").mkdir()
    with pytest.raises(ResourceError):
        studio.deliver(take, tmp_path / "folder")
    assert not take.path.exists()


def test_a_prompt_stays_while_a_voice_of_the_same_sound_does(studio: Studio) -> None:
    recording = studio.inspect(DEMO, engine="fake")
    span = recording.windows[0].span
    voices = [studio.make_voice(recording.id, span, **GIVEN) for _ in range(2)]
    kept = studio.paths.prompts / f"{prompts._name(voices[0].digest)}-x.npz"
    kept.touch()
    studio.delete_voice(voices[0].id)
    assert kept.exists()
    studio.delete_voice(voices[1].id)
    assert not kept.exists()


@pytest.mark.parametrize(
    ("span", "says"),
    [
        (Span(start_s=-1.0, stop_s=3.0), "not inside"),
        (Span(start_s=2.0, stop_s=99.0), "not inside"),
        (Span(start_s=2.0, stop_s=2.0), "not inside"),
        (Span(start_s=float("nan"), stop_s=3.0), "not inside"),
        (Span(start_s=2.0, stop_s=2.5), "1 to 10 s"),
    ],
)
def test_a_span_by_hand_that_cannot_serve_is_refused_with_numbers(
    studio: Studio, span: Span, says: str
) -> None:
    recording = studio.inspect(DEMO, engine="fake")
    with pytest.raises(InputError, match=says):
        studio.judge(recording.id, span, engine="fake")


def test_an_excerpt_is_the_span_and_lies_in_the_exports_folder(studio: Studio) -> None:
    recording = studio.inspect(DEMO, engine="fake")
    path = studio.excerpt(recording.id, Span(start_s=1.0, stop_s=3.5))
    assert path.is_relative_to(studio.paths.exports)
    assert soundfile.info(path).duration == pytest.approx(2.5)


def wrong_requests() -> Iterator[tuple[dict[str, object], type[Exception], str]]:
    yield {"text": "  \n "}, InputError, "text"
    yield {"language": "xx"}, InputError, "speaks"
    yield {"engine": "nobody"}, InputError, "nobody"
    yield {"settings": {"loudness": 3.0}}, InputError, "loudness"
    yield {"settings": {"speed": 99.0}}, InputError, "0.5 to 2"
    yield {"voice_id": "../../etc"}, MissingError, "voice"
    yield {"voice_id": "0" * 32}, MissingError, "voice"


@pytest.mark.parametrize(("changes", "kind", "says"), list(wrong_requests()))
def test_a_wrong_request_is_refused_before_anything_is_stored(
    studio: Studio, changes: dict[str, object], kind: type[Exception], says: str
) -> None:
    voice = make_voice(studio)
    text = str(changes.pop("text", "Good morning."))
    with pytest.raises(kind, match=says):
        studio.submit(request(voice, text, **changes))
    assert studio.jobs() == ()


def test_an_unknown_recording_is_missing(studio: Studio) -> None:
    with pytest.raises(MissingError):
        studio.recording("../../../etc/passwd")


def test_a_deleted_voice_leaves_its_finished_jobs_playable(studio: Studio) -> None:
    voice = make_voice(studio)
    job = studio.submit(request(voice, "Good morning."))
    finish(studio, job.id)
    studio.delete_voice(voice.id)
    assert studio.export(job.id).seconds > 0
    with pytest.raises(MissingError):
        studio.resume(job.id)


def test_deleting_a_running_job_stops_it_first(studio: Studio) -> None:
    voice = make_voice(studio)
    job = studio.submit(request(voice, "The first.\n\nThey waitforgo before ever."))
    until(lambda: len(studio.progress(job.id)) >= 1)
    studio.delete_job(job.id)
    assert studio.running() is None
    with pytest.raises(MissingError):
        studio.job(job.id)


def test_a_transcript_of_more_than_the_kept_seconds_is_refused(studio: Studio) -> None:
    recording = studio.inspect(DEMO, engine="fake")
    span = Span(start_s=1.0, stop_s=3.5)
    whole = "And Mister John Dashwood had then leisure to consider how much. " * 2
    given = {**GIVEN, "transcript": whole, "language": "en"}
    with pytest.raises(InputError, match=r"127 characters for 2\.5 s"):
        studio.make_voice(recording.id, span, **given)
    assert studio.make_voice(recording.id, span, **{**given, "transcript": whole[:60]})


def test_many_threads_may_ask_at_once(studio: Studio) -> None:
    voice = make_voice(studio)
    jobs = [studio.submit(request(voice, f"Sentence number {n}.")) for n in range(4)]
    ends: list[JobEvent] = []
    threads = [
        threading.Thread(target=lambda job_id=job.id: ends.append(finish(studio, job_id)[-1]))
        for job in jobs
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [type(end) for end in ends] == [JobDone] * 4


def test_old_copies_are_swept_and_voices_stay(studio: Studio) -> None:
    voice = make_voice(studio)
    recording = studio.inspect(DEMO, engine="fake")
    os.utime(recording.path, (0, 0))
    studio.open_for_people(ASSETS)
    assert not recording.path.exists()
    assert studio.voice(voice.id).audio.exists()


def test_the_language_of_a_voice_is_read_off_its_transcript(studio: Studio) -> None:
    recording = studio.inspect(DEMO, engine="fake")
    span = recording.windows[0].span
    spoken = {"Das ist meine eigene Stimme, ganz ohne Zweifel.": "de", "": None}
    for transcript, language in spoken.items():
        voice = studio.make_voice(
            recording.id,
            span,
            name="Anna",
            transcript=transcript,
            language=None,
            statement=STATEMENT,
        )
        assert voice.language == language


# Memory


def test_the_engine_can_be_unloaded_when_it_does_nothing(studio: Studio) -> None:
    voice = make_voice(studio)
    assert studio.memory().split.ours_bytes is None
    busy = studio.submit(request(voice, "Please waitforgo here."))
    until(lambda: studio.memory().split.ours_bytes is not None)
    until(lambda: notes("begin") != [])
    for act in (studio.unload, studio.free_cache, lambda: studio.stress("fake")):
        with pytest.raises(ResourceError, match="at work"):
            act()
    picture = studio.memory()
    assert (picture.running.segment, picture.running.n_segments) == (0, 1)
    ask_for("go")
    finish(studio, busy.id)
    until(lambda: studio.running() is None)
    assert studio.memory().running.batch is None
    assert studio.free_cache() >= 0
    studio.unload()
    assert studio.memory().split.ours_bytes is None
    assert "given back" in studio.memory().events[-1].text


def test_a_stress_test_is_kept_and_tells_before_a_run_what_it_takes(studio: Studio) -> None:
    plan = studio.plan("One sentence. Another one! And a third.", engine="fake")
    assert studio.fit(plan, engine="fake") is None
    told: list[object] = []
    report = studio.stress("fake", told=told.append)
    assert list(report.points) == told
    assert {point.stage for point in report.points} == {"prepare", "speak"}
    # Tones of a few kilobytes fit on any machine that runs tests.
    assert (report.max_reference_s, report.max_chars, report.max_batch) == (10, 100, 4)
    found = studio.fit(plan, engine="fake")
    assert found is not None
    n = len(plan.segments)
    assert sum(len(batch.items) for batch in found.batches) == n
    assert found.in_words().startswith(f"{n} segment")
    assert found.budget_bytes == pytest.approx(studio.budget_bytes(), rel=0.2)
    measured = studio.costs("fake")
    assert measured is not None
    assert measured.cost == report.cost
    assert measured.fingerprint is not None
    assert measured.fingerprint.model == "fake 1"


def test_a_device_that_an_engine_cannot_use_is_said_and_not_used(tmp_path: Path) -> None:
    with open_studio(tmp_path / "other", device="cuda") as studio:
        assert studio.device("builtin") == "cpu"
        assert studio.memory().device == "cpu"
        note = studio.device_note("builtin")
        assert note == "Built-in does not use cuda: it runs on the processor."
        told = [finding.text for finding in studio.doctor() if finding.area == "Device"]
        assert note in told
    with open_studio(tmp_path / "other") as studio:
        assert studio.device_note("builtin") is None


def test_a_cap_that_is_saved_holds_for_the_budget(studio: Studio) -> None:
    studio.save_settings(dataclasses.replace(studio.settings(), memory_cap_mib=256))
    assert studio.memory_cap_bytes == 256 << 20
    assert studio.budget_bytes() == 256 << 20
    studio.save_settings(dataclasses.replace(studio.settings(), memory_cap_mib=None))
    assert studio.memory_cap_bytes is None


def test_choosing_an_engine_leaves_a_memory_cap_of_this_start_alone(tmp_path: Path) -> None:
    with open_studio(tmp_path / "home", memory_cap_mib=512) as studio:
        assert studio.memory_cap_bytes == 512 << 20
        studio.save_settings(dataclasses.replace(studio.settings(), engine="gpt_sovits"))
        assert studio.chosen_card().name == "gpt_sovits"
        assert studio.memory_cap_bytes == 512 << 20
        studio.save_settings(dataclasses.replace(studio.settings(), engine="gone"))
        assert studio.chosen_card().name == "builtin"


# Further recordings


def cut_of_demo(folder: Path, name: str, start_s: float, stop_s: float) -> Path:
    samples, rate = soundfile.read(DEMO, dtype="float32")
    file = folder / name
    soundfile.write(file, samples[round(start_s * rate) : round(stop_s * rate)], rate)
    return file


def further(studio: Studio, file: Path) -> Part:
    recording = studio.inspect_further(file, engine="fake")
    return Part(recording_id=recording.id, span=recording.windows[0].span)


def test_further_recordings_make_another_voice_of_the_same_reference(
    studio: Studio, tmp_path: Path
) -> None:
    alone = make_voice(studio)
    more = further(studio, cut_of_demo(tmp_path, "second.wav", 4.0, 8.0))
    both = make_voice(studio, more)
    assert [each.name for each in both.more] == ["second.wav"]
    assert both.more[0].seconds == pytest.approx(more.span.seconds, abs=0.001)
    jobs = [studio.submit(request(voice, "One sentence.")) for voice in (alone, both)]
    assert jobs[0].keys != jobs[1].keys, "they sound differently where both are heard"
    for job in jobs:
        assert isinstance(finish(studio, job.id)[-1], JobDone)


def test_a_further_recording_that_is_too_short_or_no_sound_is_named(
    studio: Studio, tmp_path: Path
) -> None:
    short = cut_of_demo(tmp_path, "a breath.wav", 1.0, 1.3)
    text = tmp_path / "notes.wav"
    text.write_text("no sound")
    for file in (short, text, tmp_path / "nothing.wav"):
        with pytest.raises(InputError, match=rf"further recording “{file.name}” cannot be used\. "):
            studio.inspect_further(file, engine="fake")
    assert list(studio.paths.recordings.iterdir()) == []


def test_a_further_span_outside_the_engines_limits_is_named_and_nothing_is_kept(
    studio: Studio, tmp_path: Path
) -> None:
    more = further(studio, cut_of_demo(tmp_path, "second.wav", 4.0, 8.0))
    too_short = dataclasses.replace(more, span=Span(start_s=0.0, stop_s=0.5))
    with pytest.raises(InputError, match=r"“second.wav” cannot be used\. The span is 0.5 s long"):
        make_voice(studio, more, too_short)
    assert studio.voices() == ()
