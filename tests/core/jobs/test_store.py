from __future__ import annotations

import dataclasses
import errno
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from core.audio.samples import Audio
from core.database import MIGRATIONS, Database
from core.disk import write_whole, writing
from core.errors import MissingError, ResourceError
from core.jobs import schema
from core.jobs.job import JobState, SpeakRequest, remarks
from core.jobs.store import Store
from core.memory.ladder import Origin
from core.paths import Paths
from tests.core.jobs.making import RATE, make_done, make_job, make_sound

STEP = 1 / 32768
"""Sounds are kept in 16 bit: rounding moves a sample by at most half of this."""


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.default(tmp_path / "Zuhause mit Leerzeichen 声音")


@pytest.fixture
def store(paths: Paths) -> Iterator[Store]:
    with Store(paths) as opened:
        yield opened


# With what a segment was made


@pytest.mark.parametrize(
    "origin",
    [
        None,
        Origin(device="cpu"),
        Origin(device="cuda:0", dtype="fp16"),
        Origin(device="cuda:0", dtype="bf16", instead_of="fp16 on cuda:0"),
    ],
)
def test_a_segment_knows_with_what_it_was_made(paths: Paths, origin: Origin | None) -> None:
    job = make_job(2)
    with Store(paths) as store:
        store.add_job(job)
        store.save_segment(
            job.id, dataclasses.replace(make_done(job, 1), origin=origin), make_sound()
        )
    with Store(paths) as store:
        assert [each.origin for each in store.done(job.id)] == [origin]


def test_a_home_of_before_keeps_its_segments_which_do_not_know_it(paths: Paths) -> None:
    job = make_job(2)
    older = Database(paths, migrations=MIGRATIONS[:1])
    with older as database, database.change() as rows:
        # As it was written then.
        rows.execute(
            "INSERT INTO jobs VALUES (?, 'stopped', NULL, ?, 1, 't', 2, 'v', 'e', ?, ?, ?, ?)",
            (
                job.id,
                database.token,
                schema.dump_list(job.keys),
                schema.dump_list(job.seeds),
                schema.dump_request(job.request),
                schema.dump_plan(job.plan),
            ),
        )
        rows.execute(
            "INSERT INTO segments VALUES (?, 0, ?, 1.0, 0.5, 7, NULL, 3, 0)",
            (job.id, job.keys[0]),
        )
    with Store(paths) as store:
        file = store.segment_file(job.id, job.keys[0])
        file.parent.mkdir(parents=True)
        file.write_bytes(b"abc")
        (done,) = store.done(job.id)
        assert (done.seconds, done.peak_bytes, done.origin) == (1.0, 7, None)
        assert done.verdict == ""


def test_what_the_engine_found_wrong_with_a_segment_is_kept_and_told(paths: Paths) -> None:
    job = make_job(2)
    with Store(paths) as store:
        store.add_job(job)
        done = dataclasses.replace(make_done(job, 1), verdict="A stretch is said twice.")
        store.save_segment(job.id, done, make_sound())
    with Store(paths) as store:
        assert remarks(store.done(job.id)) == ("Segment 2: A stretch is said twice.",)


def test_segments_made_with_less_memory_are_told_in_one_sentence() -> None:
    job = make_job(7)
    low = Origin(device="cuda:0", dtype="bf16", instead_of="fp16 on cuda:0")
    usual = Origin(device="cuda:0", dtype="fp16")
    done = [
        dataclasses.replace(make_done(job, at), origin=low if at in (1, 2, 3, 5) else usual)
        for at in range(7)
    ]
    assert remarks(done) == (
        "Segments 2 to 4, 6 were made in bf16 on cuda:0 instead of fp16 on cuda:0, because memory "
        "was short: made again with more of it, the same seed may sound a little different.",
    )
    assert remarks(done[:1]) == ()
    assert remarks([dataclasses.replace(done[0], note="It is quiet.")]) == (
        "Segment 1: It is quiet.",
    )


# Jobs


def test_a_job_comes_back_as_it_was_put_in(store: Store) -> None:
    job = make_job(5)
    store.add_job(job)
    assert store.job(job.id) == job


@pytest.mark.parametrize(
    "text", ["\ud800 half a pair", "null \0 byte", "🎙️ emoji", "مرحبا", "'; DROP TABLE jobs; --"]
)
def test_any_text_a_person_can_paste_can_be_kept(store: Store, text: str) -> None:
    job = make_job()
    job = dataclasses.replace(job, request=SpeakRequest(text=text, voice_id=text, seed=2**70))
    store.add_job(job)
    assert store.job(job.id) == job
    assert len(store.jobs()) == 1


def test_the_list_is_newest_first_and_counts_finished_segments(store: Store) -> None:
    old, new = make_job(2, made_at=1.0), make_job(4, made_at=2.0)
    store.add_job(new)
    store.add_job(old)
    store.save_segment(new.id, make_done(new, 2), make_sound())
    first, second = store.jobs()
    assert (first.id, first.n_done, first.n_segments) == (new.id, 1, 4)
    assert (second.id, second.n_done, second.n_segments) == (old.id, 0, 2)
    assert [line.id for line in store.jobs(limit=1)] == [new.id]


def test_a_title_has_nothing_that_a_file_tag_or_a_line_cannot_take() -> None:
    assert schema.title("\0H\0e\u202ello\x1b[31m\n\n there\x07") == "Hello[31m there"
    assert schema.title("\0\u2066") == ""
    assert schema.title("مرحبا بالعالم") == "مرحبا بالعالم"


def test_a_title_is_one_short_line_of_the_text(store: Store) -> None:
    job = make_job()
    text = "First line\nsecond\tpart " + "word " * 100_000
    store.add_job(dataclasses.replace(job, request=SpeakRequest(text=text, voice_id="v")))
    (line,) = store.jobs()
    assert line.title.startswith("First line second part word")
    assert line.title.endswith("word…")
    assert len(line.title) <= 80


def test_lists_do_not_slow_down_with_long_texts(store: Store) -> None:
    for index in range(8):
        store.add_job(make_job(2000, sentence="A rather long sentence, " * 5 + "{}."))
        if index == 0:
            short = _best_s(store.jobs)
    # Eight such plans take a quarter of a second to read; a list of lines reads none of them.
    assert _best_s(store.jobs) < short + 0.02


def _best_s(ask: Callable[[], object]) -> float:
    def once() -> float:
        started = time.process_time()
        ask()
        return time.process_time() - started

    return min(once() for _ in range(5))


def test_a_state_and_its_error_are_kept(store: Store) -> None:
    job = make_job()
    store.add_job(job)
    store.set_state(job.id, JobState.RUNNING)
    store.set_state(job.id, JobState.FAILED, "The voice is gone.")
    assert store.job(job.id) == dataclasses.replace(
        job, state=JobState.FAILED, error="The voice is gone."
    )
    store.set_state(job.id, JobState.WAITING)
    assert store.job(job.id).error is None


@pytest.mark.parametrize("job_id", ["0" * 32, "../../etc/passwd", "", "NUL", "a/b"])
def test_a_job_that_is_not_there_is_said_to_be_missing(store: Store, job_id: str) -> None:
    for ask in (
        lambda: store.job(job_id),
        lambda: store.done(job_id),
        lambda: store.set_state(job_id, JobState.RUNNING),
        lambda: store.delete_job(job_id),
        lambda: store.segment_sound(job_id, 0),
        lambda: store.recheck(job_id),
        lambda: store.save_segment(job_id, make_done(make_job(), 0), make_sound()),
    ):
        with pytest.raises(MissingError, match="no such job"):
            ask()


# Segments


def test_a_segment_sounds_as_it_was_saved(store: Store) -> None:
    job, sound = make_job(), make_sound(3)
    store.add_job(job)
    store.save_segment(job.id, make_done(job, 1), sound)
    back = store.segment_sound(job.id, 1)
    assert back.rate == sound.rate
    assert np.abs(back.samples - sound.samples).max() <= STEP / 2
    assert store.done(job.id) == (make_done(job, 1),)


def test_a_sound_past_full_scale_is_cut_and_does_not_wrap(store: Store) -> None:
    job = make_job()
    store.add_job(job)
    loud = Audio(samples=np.array([2.0, 1.0, -1.0, -2.0], np.float32), rate=RATE)
    store.save_segment(job.id, make_done(job, 0), loud)
    back = store.segment_sound(job.id, 0).samples
    assert back.tolist() == [1 - STEP, 1 - STEP, -1.0, -1.0]


def test_an_empty_sound_can_be_kept(store: Store) -> None:
    job = make_job()
    store.add_job(job)
    store.save_segment(
        job.id,
        dataclasses.replace(make_done(job, 0), seconds=0.0, note="nothing to say"),
        Audio(samples=np.zeros(0, np.float32), rate=RATE),
    )
    assert np.abs(store.segment_sound(job.id, 0).samples).max() == 0
    assert store.done(job.id)[0].note == "nothing to say"


def test_a_sound_with_nan_is_refused_and_nothing_is_kept(store: Store) -> None:
    job = make_job()
    store.add_job(job)
    with pytest.raises(ValueError, match="NaN"):
        store.save_segment(
            job.id, make_done(job, 0), Audio(samples=np.array([np.nan], np.float32), rate=RATE)
        )
    assert store.done(job.id) == ()


def test_a_key_that_is_not_the_plans_is_refused(store: Store) -> None:
    job = make_job()
    store.add_job(job)
    wrong = dataclasses.replace(make_done(job, 0), key=job.keys[1])
    with pytest.raises(ValueError, match="does not have the key"):
        store.save_segment(job.id, wrong, make_sound())


def test_finished_segments_come_in_the_order_of_the_plan(store: Store) -> None:
    job = make_job(5)
    store.add_job(job)
    for index in (4, 0, 2):
        store.save_segment(job.id, make_done(job, index), make_sound(index))
    assert [done.index for done in store.done(job.id)] == [0, 2, 4]


def test_a_missing_or_cut_file_counts_as_not_done(store: Store) -> None:
    job = make_job(4)
    store.add_job(job)
    for index in range(4):
        store.save_segment(job.id, make_done(job, index), make_sound(index))
    store.segment_file(job.id, job.keys[1]).unlink()
    cut = store.segment_file(job.id, job.keys[2])
    cut.write_bytes(cut.read_bytes()[:-100])
    assert [done.index for done in store.done(job.id)] == [0, 3]


def test_a_damaged_file_is_forgotten_when_heard_or_when_the_job_runs_again(store: Store) -> None:
    job = make_job(3)
    store.add_job(job)
    for index in range(3):
        store.save_segment(job.id, make_done(job, index), make_sound(index))
    for index in (0, 1):
        file = store.segment_file(job.id, job.keys[index])
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 0x10  # one bit, same size
        file.write_bytes(content)
    with pytest.raises(MissingError, match="segment 1 is damaged"):
        store.segment_sound(job.id, 0)
    assert [done.index for done in store.done(job.id)] == [1, 2]
    store.set_state(job.id, JobState.RUNNING)
    assert [done.index for done in store.done(job.id)] == [2]
    store.save_segment(job.id, make_done(job, 1), make_sound(1))
    assert np.abs(store.segment_sound(job.id, 1).samples - make_sound(1).samples).max() <= STEP / 2


def test_a_done_job_with_a_damaged_file_can_be_resumed(store: Store) -> None:
    job = make_job(2)
    store.add_job(job)
    for index in range(2):
        store.save_segment(job.id, make_done(job, index), make_sound(index))
    store.set_state(job.id, JobState.DONE)
    store.segment_file(job.id, job.keys[0]).write_bytes(b"")
    assert store.job(job.id).state is JobState.DONE
    with pytest.raises(MissingError, match="Resume the job"):
        store.segment_sound(job.id, 0)
    assert store.job(job.id).state is JobState.STOPPED


def test_sentences_that_share_a_key_share_a_file_and_stay_whole(store: Store) -> None:
    job = make_job(2)
    job = dataclasses.replace(job, keys=(job.keys[0], job.keys[0]))
    store.add_job(job)
    store.save_segment(job.id, make_done(job, 0), make_sound(1))
    store.save_segment(job.id, make_done(job, 1), make_sound(2))
    assert store.recheck(job.id) == 0
    assert len(store.done(job.id)) == 2


def test_a_deleted_job_leaves_no_file(store: Store, paths: Paths) -> None:
    kept, gone = make_job(), make_job()
    for job in (kept, gone):
        store.add_job(job)
        store.save_segment(job.id, make_done(job, 0), make_sound())
    store.delete_job(gone.id)
    assert [line.id for line in store.jobs()] == [kept.id]
    assert [folder.name for folder in paths.jobs.iterdir()] == [kept.id]
    with pytest.raises(MissingError):
        store.done(gone.id)


def test_files_that_cannot_be_removed_now_are_removed_at_the_next_start(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job()
    with Store(paths) as store:
        store.add_job(job)
        store.save_segment(job.id, make_done(job, 0), make_sound())
        with monkeypatch.context() as held:
            # As on Windows while a player has one of them open.
            held.setattr("shutil.rmtree", lambda *_, **__: None)
            store.delete_job(job.id)
        assert store.jobs() == ()
        assert len(list(paths.jobs.iterdir())) == 1
    with Store(paths):
        assert list(paths.jobs.iterdir()) == []


def test_a_segment_that_comes_after_the_job_was_deleted_leaves_no_file(
    paths: Paths, store: Store
) -> None:
    job = make_job()

    def deleted_while_writing(target: Path, content: bytes) -> None:
        store.delete_job(job.id)
        write_whole(target, content)

    late = Store(paths, store.database, write=deleted_while_writing)
    store.add_job(job)
    with pytest.raises(MissingError, match="no such job"):
        late.save_segment(job.id, make_done(job, 0), make_sound())
    assert list(paths.jobs.iterdir()) == []
    assert store.database.rows("SELECT * FROM unwanted") == []


def test_every_file_has_a_name_that_every_system_takes(store: Store, paths: Paths) -> None:
    job = make_job(20)
    store.add_job(job)
    for index in range(20):
        store.save_segment(job.id, make_done(job, index), make_sound(index, 0.01))
    for file in paths.data.rglob("*"):
        name = file.name
        assert name == name.lower(), "Windows and macOS do not tell case apart"
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")
        assert len(name) < 120


# The disk is full


def test_a_full_disk_is_said_with_numbers_and_loses_nothing(store: Store, paths: Paths) -> None:
    room = 12_000

    def small_disk(target: Path, content: bytes) -> None:
        nonlocal room
        with writing(target.parent, len(content)):
            room -= len(content)
            if room < 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            write_whole(target, content)

    job = make_job(10)
    store.add_job(job)
    full = Store(paths, store.database, write=small_disk)
    saved = []

    def save_all() -> None:
        for index in range(10):
            full.save_segment(job.id, make_done(job, index), make_sound(index))
            saved.append(index)

    with pytest.raises(ResourceError, match=r"no room left .* free, .* needed") as caught:
        save_all()
    assert caught.value.hint
    assert saved
    assert [done.index for done in store.done(job.id)] == saved
    assert list(paths.jobs.rglob(".part-*")) == []
    store.save_segment(job.id, make_done(job, 9), make_sound(9))


def test_a_database_that_cannot_grow_says_so_and_goes_on_when_it_can(store: Store) -> None:
    jobs = [make_job(200) for _ in range(20)]
    store.database.rows("PRAGMA max_page_count = 40")
    accepted = []

    def add_all() -> None:
        for job in jobs:
            store.add_job(job)
            accepted.append(job)

    with pytest.raises(ResourceError, match="no room left"):
        add_all()
    assert accepted
    assert {line.id for line in store.jobs()} == {job.id for job in accepted}
    store.database.rows("PRAGMA max_page_count = 1000000")
    store.add_job(jobs[-1])
    assert store.job(jobs[-1].id) == jobs[-1]


# Several threads, several processes


def test_many_threads_write_and_read_at_once(store: Store) -> None:
    job = make_job(80)
    store.add_job(job)
    wrong: list[str] = []
    finished = threading.Event()

    def write(first: int) -> None:
        for index in range(first, 80, 4):
            store.save_segment(job.id, make_done(job, index), make_sound(index, 0.01))

    def read() -> None:
        seen: set[int] = set()
        while not finished.is_set():
            now = {done.index for done in store.done(job.id)}
            if not seen <= now:
                wrong.append("a finished segment vanished")
            seen = now
            if now:
                index = max(now)
                back, put = store.segment_sound(job.id, index), make_sound(index, 0.01)
                if np.abs(back.samples - put.samples).max() > STEP / 2:
                    wrong.append(f"segment {index} sounds different")

    readers = [threading.Thread(target=read) for _ in range(3)]
    writers = [threading.Thread(target=write, args=(first,)) for first in range(4)]
    for thread in readers + writers:
        thread.start()
    for thread in writers:
        thread.join()
    finished.set()
    for thread in readers:
        thread.join()
    assert wrong == []
    assert len(store.done(job.id)) == 80


def test_two_stores_on_one_home_see_each_other(store: Store, paths: Paths) -> None:
    with Store(paths) as other:
        job = make_job()
        other.add_job(job)
        other.save_segment(job.id, make_done(job, 0), make_sound())
        assert store.done(job.id) == other.done(job.id) == (make_done(job, 0),)


def test_only_one_page_owns_a_home_but_a_command_may_still_work(store: Store, paths: Paths) -> None:
    store.own()
    store.own()
    with Store(paths) as other:
        with pytest.raises(ResourceError, match="already open"):
            other.own()
        other.add_job(make_job())
    store.close()
    with Store(paths) as later:
        later.own()


def test_jobs_of_a_closed_store_are_interrupted_those_of_a_live_one_are_not(
    store: Store, paths: Paths
) -> None:
    with Store(paths) as other:
        theirs = [make_job(made_at=2.0, state=JobState.RUNNING), make_job(made_at=1.0)]
        over = make_job(state=JobState.DONE)
        for job in [*theirs, over]:
            other.add_job(job)
        assert store.interrupted() == ()
    mine = make_job()
    store.add_job(mine)
    assert store.interrupted() == (theirs[1], theirs[0])
    store.set_state(theirs[0].id, JobState.WAITING)
    assert store.interrupted() == (theirs[1],)


def test_a_job_that_another_live_store_works_on_is_left_alone(store: Store, paths: Paths) -> None:
    job = make_job()
    with Store(paths) as other:
        other.add_job(job)
        for touch in (
            lambda: store.set_state(job.id, JobState.RUNNING),
            lambda: store.delete_job(job.id),
        ):
            with pytest.raises(ResourceError, match="Another Timbre"):
                touch()
        other.set_state(job.id, JobState.STOPPED)
        store.set_state(job.id, JobState.RUNNING)
        with pytest.raises(ResourceError, match="Another Timbre"):
            other.set_state(job.id, JobState.RUNNING)


def test_two_thousand_segments_are_no_trouble(store: Store) -> None:
    job = make_job(2000)
    store.add_job(job)
    sound = make_sound(0, 0.005)
    for index in range(0, 2000, 10):
        store.save_segment(job.id, make_done(job, index), sound)
    assert len(store.done(job.id)) == 200
    # A page asks once a second; 5 ms measured, so this only catches another order of growth.
    assert _best_s(lambda: store.done(job.id)) < 0.1


def test_a_shared_database_stays_open_for_its_owner(paths: Paths) -> None:
    with Database(paths) as database:
        with Store(paths, database) as store:
            store.add_job(make_job())
        assert len(Store(paths, database).jobs()) == 1


def test_ids_are_checked_before_a_path_is_made(store: Store) -> None:
    with pytest.raises(MissingError):
        store.segment_file("..", "0" * 32)
    for key in ("..", "con", "A" * 32, "0" * 129, "a/../../b"):
        with pytest.raises(ValueError, match="hexadecimal"):
            store.segment_file(uuid.uuid4().hex, key)
