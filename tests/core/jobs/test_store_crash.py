"""What `kill -9` leaves behind, by real processes that are really killed."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.errors import ResourceError
from core.jobs.job import Job, JobState
from core.jobs.store import Store
from core.paths import Paths
from core.voices.library import VoiceLibrary
from tests.core.jobs.making import make_done, make_job, make_sound

ROOT = Path(__file__).parents[3]
SEGMENTS_PER_KILL = 60
"""More than a process can finish before it is killed: the job must not end."""
SECONDS = 1.0
"""Long enough that a kill often falls into the writing of a file."""

WRITER = f"""
import sys
from pathlib import Path
from core.jobs.job import JobState
from core.jobs.store import Store
from core.paths import Paths
from tests.core.jobs.making import make_done, make_sound

store = Store(Paths.default(Path(sys.argv[1])))
store.own()
job = store.job(sys.argv[2])
store.set_state(job.id, JobState.RUNNING)
print("running", flush=True)
done = {{segment.index for segment in store.done(job.id)}}
for index in range(len(job.keys)):
    if index not in done:
        store.save_segment(job.id, make_done(job, index), make_sound(index, {SECONDS}))
        print(index, flush=True)
store.set_state(job.id, JobState.DONE)
print("done", flush=True)
sys.stdin.read()
"""


def start(home: Path, job: Job) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(home), job.id],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def kill_after(writer: subprocess.Popen[str], n_lines: int, more_s: float = 0.0) -> list[str]:
    """Everything the process acknowledged before it was killed, a last cut line left out.

    Args:
        n_lines: Killed once it has said so many ...
        more_s: ... and so much later (s), in the middle of whatever it does then.
    """
    assert writer.stdout is not None
    lines = [writer.stdout.readline() for _ in range(n_lines)]
    with contextlib.suppress(subprocess.TimeoutExpired):
        writer.wait(more_s)
    writer.kill()
    rest, _ = writer.communicate()
    return [line.strip() for line in [*lines, *rest.splitlines(keepends=True)] if "\n" in line]


def check_kills(home: Path, n_kills: int) -> None:
    paths = Paths.default(home)
    job = make_job(SEGMENTS_PER_KILL * n_kills)
    with Store(paths) as store:
        store.add_job(job)
    acknowledged: set[int] = set()
    chance = random.Random(n_kills)
    for _ in range(n_kills):
        said = kill_after(start(home, job), chance.randint(1, 8), chance.uniform(0, 0.02))
        assert said[0] == "running"
        acknowledged |= {int(line) for line in said if line.isdigit()}
        with Store(paths) as store:
            assert list(paths.data.rglob(".part-*")) == [], "swept at opening"
            done = {segment.index for segment in store.done(job.id)}
            assert acknowledged <= done, "everything acknowledged is there"
            assert len(done - acknowledged) <= n_kills, "at most one unannounced per kill"
            assert store.recheck(job.id) == 0, "nothing half-written is visible"
            for index in done:
                sound, put = store.segment_sound(job.id, index), make_sound(index, SECONDS)
                # Half a step of 16 bit.
                assert np.abs(sound.samples - put.samples).max() <= 0.5 / 32768
            assert [left.id for left in store.interrupted()] == [job.id]
            assert store.database.rows("PRAGMA integrity_check")[0][0] == "ok"
    assert acknowledged


def test_nothing_acknowledged_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    check_kills(tmp_path, 8)


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_in_thirty_kills(tmp_path: Path) -> None:
    check_kills(tmp_path, 30)


DIES = """
import os, signal, sys
from pathlib import Path
from core.database import Database
from core.disk import write_whole
from core.jobs.job import JobState
from core.jobs.store import Store
from core.paths import Paths, whole_file
from tests.core.jobs.making import make_done, make_sound

def dies_in_the_file(target, content):
    with whole_file(target) as part:
        part.write_bytes(content[: len(content) // 2])
        os.kill(os.getpid(), signal.SIGKILL)

def dies_before_the_row(target, content):
    write_whole(target, content)
    os.kill(os.getpid(), signal.SIGKILL)

store = Store(Paths.default(Path(sys.argv[1])), write=globals()[sys.argv[3]])
job = store.job(sys.argv[2])
store.set_state(job.id, JobState.RUNNING)
store.save_segment(job.id, make_done(job, 1), make_sound(1))
"""


@pytest.mark.parametrize(
    ("moment", "left_behind"), [("dies_in_the_file", ".part-*"), ("dies_before_the_row", "*.flac")]
)
def test_a_kill_inside_of_saving_leaves_the_segment_not_done(
    tmp_path: Path, moment: str, left_behind: str
) -> None:
    paths = Paths.default(tmp_path)
    job = make_job(2)
    with Store(paths) as store:
        store.add_job(job)
    subprocess.run(
        [sys.executable, "-c", DIES, str(tmp_path), job.id, moment], cwd=ROOT, check=False
    )
    assert len(list(paths.jobs.rglob(left_behind))) == 1
    with Store(paths) as store:
        assert store.done(job.id) == ()
        assert list(paths.jobs.rglob(".part-*")) == []
        store.set_state(job.id, JobState.RUNNING)
        store.save_segment(job.id, make_done(job, 1), make_sound(1))
        assert store.done(job.id) == (make_done(job, 1),)


def test_a_live_process_keeps_its_job_and_its_part_files(tmp_path: Path) -> None:
    paths = Paths.default(tmp_path)
    job = make_job(3)
    with Store(paths) as store:
        store.add_job(job)
    writer = start(tmp_path, job)
    assert writer.stdout is not None
    while writer.stdout.readline() != "2\n":
        pass
    part = paths.jobs / job.id / "segments" / ".part-being-written.flac"
    part.touch()
    try:
        with Store(paths) as store:
            assert part.exists(), "somebody who is alive may be writing it"
            assert store.interrupted() == ()
            with pytest.raises(ResourceError, match="already open"):
                store.own()
            mine = make_job()
            store.add_job(mine)
            store.save_segment(mine.id, make_done(mine, 0), make_sound())
    finally:
        writer.kill()
        writer.communicate()
    with Store(paths) as store:
        assert not part.exists()
        # The writer was killed just before or just after it said that its job is done.
        assert {left.id for left in store.interrupted()} - {job.id} == {mine.id}
        store.own()


def test_files_of_nobody_are_removed_only_where_they_are_known_to_be(tmp_path: Path) -> None:
    paths = Paths.default(tmp_path)
    job, lost = make_job(), make_job()
    with Store(paths) as store:
        for added in (job, lost):
            store.add_job(added)
            store.save_segment(added.id, make_done(added, 0), make_sound())
        # As if the process had died between removing the rows and removing the files.
        with store.database.change() as rows:
            rows.execute("DELETE FROM jobs WHERE id = ?", (job.id,))
            rows.execute("INSERT INTO unwanted VALUES ('jobs', ?)", (job.id,))
            # As if somebody had put an older database back.
            rows.execute("DELETE FROM jobs WHERE id = ?", (lost.id,))
            rows.execute("INSERT INTO unwanted VALUES ('jobs', '../../..')")
    with Store(paths):
        assert not (paths.jobs / job.id).exists()
        assert (paths.jobs / lost.id).exists()
        assert tmp_path.exists()


DISK_LIMIT = """
import resource, sys
from pathlib import Path
from core.errors import ResourceError
from core.jobs.store import Store
from core.paths import Paths
from tests.core.jobs.making import make_done, make_job, make_sound

store = Store(Paths.default(Path(sys.argv[1])))
job = make_job(2)
store.add_job(job)
store.save_segment(job.id, make_done(job, 0), make_sound(0, 0.01))
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
try:
    store.save_segment(job.id, make_done(job, 1), make_sound(1, 30.0))
except ResourceError as error:
    print(error)
print([done.index for done in store.done(job.id)])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on a file's size")
def test_a_file_that_the_system_refuses_is_a_clear_sentence(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", DISK_LIMIT, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "no room left on the disk" in ran.stdout
    assert ran.stdout.splitlines()[-1] == "[0]"
    assert list(tmp_path.rglob(".part-*")) == []


def test_a_voice_whose_making_was_killed_leaves_no_folder(tmp_path: Path) -> None:
    paths = Paths.default(tmp_path)
    script = """
import os, signal, sys
from pathlib import Path
from core.database import Database
from core.paths import Paths
from core.voices.library import VoiceLibrary
from tests.core.voices.making import add_voice

def killed(target, content):
    target.parent.mkdir(parents=True)
    target.write_bytes(content)
    os.kill(os.getpid(), signal.SIGKILL)

add_voice(VoiceLibrary(Database(Paths.default(Path(sys.argv[1]))), write=killed))
"""
    ran = subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, check=False)
    assert ran.returncode != 0
    assert len(list(paths.voices.iterdir())) == 1
    with Store(paths) as store:
        assert list(paths.voices.iterdir()) == []
        assert VoiceLibrary(store.database).list() == ()


def test_a_running_job_is_taken_up_where_it_was(tmp_path: Path) -> None:
    paths = Paths.default(tmp_path)
    job = make_job(30)
    with Store(paths) as store:
        store.add_job(job)
    said = kill_after(start(tmp_path, job), 10)
    with Store(paths) as store:
        (left,) = store.interrupted()
        assert left.state is JobState.RUNNING
        store.set_state(job.id, JobState.RUNNING)
        missing = set(range(30)) - {segment.index for segment in store.done(job.id)}
        assert missing.isdisjoint({int(line) for line in said if line.isdigit()})
        for index in missing:
            store.save_segment(job.id, make_done(job, index), make_sound(index))
        store.set_state(job.id, JobState.DONE)
        assert len(store.done(job.id)) == 30
        assert store.interrupted() == ()
