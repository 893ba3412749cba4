"""From a text to sound, as the Speak tab does it."""

from __future__ import annotations

import dataclasses

import pytest

from core.errors import InputError
from core.jobs.job import Job, JobState
from core.memory.ladder import Origin
from core.memory.plan import Batch, BatchPlan
from tests.ui.fake_studio import FakeStudio
from ui import follow, forms, picks, speaking
from ui.tabs.speak import examples

TEXT = "One is here. Two is here. Three is here."


@pytest.fixture
def job(studio: FakeStudio) -> Job:
    return said(studio, TEXT)


def said(studio: FakeStudio, text: str, **knobs: float) -> Job:
    return speaking.speak(
        studio,
        text=text,
        voice_id=picks.demo_voice(studio, "builtin").id,
        chosen=speaking.Chosen(engine="builtin", settings=knobs),
        spoken=None,
        seed=7,
        language="en",
    )


def test_the_line_under_the_text_counts_pieces_and_time(studio: FakeStudio) -> None:
    line = speaking.plan_html(studio.plan(TEXT), 360.0, "en")
    assert "3 segments · about 6 min of sound · English" in line
    assert "1 segment ·" in speaking.plan_html(studio.plan("One."), 1.0, "en")
    assert "3 段" in speaking.plan_html(studio.plan(TEXT), 360.0, "zh")


def test_what_a_text_takes_is_said_before_it_is_spoken(studio: FakeStudio) -> None:
    batch = Batch(
        items=(0, 1), n_max=40, predicted_bytes=2 << 30, decode_chunk=0, kv_tokens=0, dtype="fp32",
        device="cpu",
    )  # fmt: skip
    last = dataclasses.replace(batch, items=(2,))
    fits = BatchPlan(batches=(batch, last), refused=(), peak_bytes=2 << 30, budget_bytes=3 << 30)
    shown = speaking.plan_html(studio.plan(TEXT), 360.0, "en", fits=fits)
    assert "Memory: 3 segments, batches of 2, about 2.0 GB of 3.0 GB" in shown
    shown = speaking.plan_html(studio.plan(TEXT), 360.0, "zh", fits=fits)
    assert "内存：3 段，每批 2 段，约占 3.0 GB 中的 2.0 GB" in shown
    assert "Memory" not in speaking.plan_html(studio.plan(TEXT), 360.0, "en")


@pytest.mark.parametrize(("text", "voice"), [("Hello.", None), ("  ", "voice0")])
def test_without_a_voice_or_a_text_it_says_what_is_missing(
    studio: FakeStudio, text: str, voice: str | None
) -> None:
    with pytest.raises(InputError):
        speaking.speak(
            studio, text=text, voice_id=voice, chosen=speaking.Chosen(engine="builtin"),
            spoken=None, seed=0,
            language="en",
        )  # fmt: skip


def test_knobs_and_seed_arrive_in_the_request(studio: FakeStudio) -> None:
    job = said(studio, "Hello.", speed=1.5)
    assert job.request.settings == {"speed": 1.5}
    assert job.request.seed == 7


def test_untouched_knobs_are_not_sent_and_wild_values_come_to_the_end_of_the_scale(
    studio: FakeStudio,
) -> None:
    card = studio.card("builtin")
    assert forms.settings(card, [1.0, 0.0]) == {}
    assert forms.settings(card, [None, 99.0]) == {"pitch": 6.0}


def test_a_fresh_page_follows_the_job_at_work_or_the_last_one(studio: FakeStudio) -> None:
    assert speaking.to_follow(studio) == ""
    first, second = said(studio, TEXT), said(studio, TEXT)
    assert speaking.to_follow(studio) == first.id
    studio.advance(first.id, 3)
    studio.advance(second.id, 3)
    assert speaking.to_follow(studio) == second.id


def test_the_figures_of_a_job_come_from_its_finished_pieces(studio: FakeStudio, job: Job) -> None:
    studio.advance(job.id, 2)
    now = speaking.Standings(studio).of(job.id)
    assert now is not None
    assert (now.n_done, now.n_segments) == (2, 3)
    assert now.sound_s == pytest.approx(2 * 0.4 + 2 * 0.1)
    assert now.speed == pytest.approx(4.0)
    assert now.left_s is not None
    assert 0 < now.left_s < 0.2  # two of three took 0.2 s; the last is about as long as one
    view = speaking.stage(now, "en")
    assert "2 of 3 segments" in view["detail"].replace("\u00a0", " ")
    assert "left" in view["detail"]


def test_a_job_that_is_over_has_no_time_left(studio: FakeStudio, job: Job) -> None:
    studio.advance(job.id, 3)
    now = speaking.Standings(studio).of(job.id)
    assert now is not None
    assert now.left_s is None
    assert now.fraction == 1.0
    assert speaking.stage(now, "en")["said"] == "Done"


def test_nothing_is_guessed_before_the_first_piece(job: Job) -> None:
    now = follow.standing(job, ())
    assert now.left_s is None
    assert now.speed is None
    assert speaking.stage(now, "en")["said"] == "Getting the voice ready"


def test_a_failed_job_says_why_and_what_is_kept(studio: FakeStudio, job: Job) -> None:
    studio.become(job.id, JobState.FAILED, "The disk is full: 2 MB are free.")
    view = speaking.stage(speaking.Standings(studio).of(job.id), "en")
    assert "The disk is full: 2 MB are free." in view["problem"]
    assert "Finished segments are kept" in view["problem"]


def test_a_job_is_read_anew_only_when_something_happened(studio: FakeStudio, job: Job) -> None:
    standings = speaking.Standings(studio)
    first = standings.of(job.id)
    assert standings.of(job.id) is first
    studio.advance(job.id)
    second = standings.of(job.id)
    assert second is not None
    assert second.n_done == 1
    studio.stop(job.id)
    third = standings.of(job.id)
    assert third is not None
    assert third.state is JobState.STOPPED


def test_a_deleted_job_is_no_job(studio: FakeStudio, job: Job) -> None:
    studio.delete_job(job.id)
    assert speaking.Standings(studio).of(job.id) is None
    assert speaking.stage(None, "zh")["state"] == "empty"


def test_earlier_texts_are_listed_newest_first(studio: FakeStudio) -> None:
    said(studio, "Older. Text.")
    newest = said(studio, "Newer. Text.")
    lines = speaking.job_choices(studio, "en")
    assert lines[0][1] == newest.id
    assert "running 0/2" in lines[0][0]
    assert "Newer" in lines[0][0]


def test_saving_asks_for_the_format_and_loudness_that_were_chosen(
    studio: FakeStudio, job: Job
) -> None:
    studio.advance(job.id, 3)
    take = speaking.save(studio, job.id, "mp3", -16.0, "en")
    assert studio.calls == ["export mp3 -16.0"]
    assert "0:02, −18.0 LUFS, peak −1.2 dBTP" in speaking.saved_html(take, "en")


def test_with_no_job_there_is_nothing_to_save(studio: FakeStudio) -> None:
    with pytest.raises(InputError, match="press Speak first"):
        speaking.save(studio, None, "wav", -18.0, "en")


def test_the_example_texts_are_of_different_languages(studio: FakeStudio) -> None:
    names = [name for name, _ in examples()]
    assert {"English", "中文"} <= set(names)
    assert len(names) == len(set(names))
    assert all(len(studio.plan(text).segments) >= 3 for _, text in examples())


def test_what_a_piece_was_made_with_when_memory_was_short_is_said_quietly(
    studio: FakeStudio, job: Job
) -> None:
    studio.advance(job.id, 2)
    plain = speaking.stage(follow.standing(job, studio.progress(job.id)), "en")
    assert plain["remarks"] == ""
    short = Origin(device="cpu", instead_of="fp16 on cuda:0")
    done = [dataclasses.replace(piece, origin=short) for piece in studio.progress(job.id)]
    now = follow.standing(job, done)
    shown = speaking.stage(now, "en")["remarks"]
    assert "<details" in shown
    assert "1 remark" in shown
    assert "Segments 1 to 2 were made in cpu instead of fp16 on cuda:0" in shown
    assert "因内存不足，第 1 to 2 段以 cpu" in speaking.stage(now, "zh")["remarks"]
