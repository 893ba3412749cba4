from __future__ import annotations

import logging
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import log, settings
from core.database import Database
from core.errors import InputError
from core.jobs.job import JobState
from core.jobs.store import Store
from core.paths import Paths
from core.voices.library import VoiceLibrary
from tests.core.jobs.making import make_done, make_job, make_sound
from tests.core.voices.making import add_voice

ROOT = Path(__file__).parents[2]


@pytest.fixture
def paths(tmp_path: Path) -> Iterator[Paths]:
    yield Paths.default(tmp_path)
    log.stop()


def lines(paths: Paths) -> str:
    return log.log_file(paths).read_text("utf-8")


def test_what_is_logged_is_in_the_file(paths: Paths) -> None:
    log.start(paths)
    logging.getLogger("timbre.jobs").info("job %s: %d segments", "abc", 3)
    logging.getLogger("timbre.jobs").debug("not at this level")
    assert re.search(r"INFO \d+ timbre\.jobs: job abc: 3 segments\n", lines(paths))
    assert "not at this level" not in lines(paths)


def test_modules_log_by_their_own_names_and_libraries_do_not(paths: Paths) -> None:
    log.start(paths)
    for name in ("core.jobs.queue", "ui.page", "gradio"):
        logging.getLogger(name).warning("said by %s", name)
    assert "said by core.jobs.queue" in lines(paths)
    assert "said by ui.page" in lines(paths)
    assert "said by gradio" not in lines(paths)


def test_starting_again_moves_to_the_other_home_and_writes_once(tmp_path: Path) -> None:
    first, second = Paths.default(tmp_path / "1"), Paths.default(tmp_path / "2")
    log.start(first)
    log.start(second)
    logging.getLogger("timbre").info("once")
    log.stop()
    assert lines(first) == ""
    assert lines(second).count("once") == 1


def test_an_incident_has_its_number_and_its_traceback_in_the_file(paths: Paths) -> None:
    log.start(paths)
    try:
        {}["missing key"]
    except KeyError as error:
        number = log.incident(error)
    assert re.fullmatch("[0-9A-F]{6}", number)
    text = lines(paths)
    assert f"incident {number}: KeyError" in text
    assert "test_log.py" in text
    assert "Traceback" in text


def test_two_incidents_have_two_numbers(paths: Paths) -> None:
    log.start(paths)
    assert len({log.incident(ValueError()) for _ in range(20)}) == 20


def test_the_log_stays_small(paths: Paths) -> None:
    log.start(paths)
    logger = logging.getLogger("timbre")
    for _ in range(80):
        logger.info("x" * 100_000)
    files = sorted(file.name for file in paths.log.iterdir())
    assert files == ["timbre.log", *(f"timbre.log.{number}" for number in range(1, 6))]
    assert all(file.stat().st_size <= log.FILE_BYTES for file in paths.log.iterdir())


def test_a_line_with_half_a_surrogate_pair_is_written(paths: Paths) -> None:
    log.start(paths)
    logging.getLogger("timbre").warning("odd \ud800 text")
    assert "odd \\ud800 text" in lines(paths)


def test_another_file_that_holds_the_log_open_stops_nothing(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(*_: object) -> None:
        raise PermissionError("another process has the file open")

    log.start(paths)
    monkeypatch.setattr("os.rename", held)  # as Windows does
    for number in range(12):
        logging.getLogger("timbre").info("line %d %s", number, "x" * 200_000)
    assert [f"line {number} " in lines(paths) for number in range(12)] == [True] * 12


def test_many_threads_log_whole_lines(paths: Paths) -> None:
    log.start(paths)

    def work(number: int) -> None:
        for _ in range(100):
            logging.getLogger("timbre.thread").info("thread %d says something", number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    text = lines(paths)
    assert (
        len(re.findall(r"^\d.* INFO \d+ timbre\.thread: thread \d says something$", text, re.M))
        == 800
    )


def test_a_folder_that_cannot_be_is_a_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a file")
    with pytest.raises(InputError, match="needs a folder"):
        log.start(Paths.default(tmp_path))


def test_nothing_that_a_person_wrote_is_logged(paths: Paths) -> None:
    log.start(paths)
    with Database(paths) as database:
        store, library = Store(paths, database), VoiceLibrary(database)
        job = make_job(3, sentence="My secret number {}.")
        store.add_job(job)
        for index in range(3):
            store.save_segment(job.id, make_done(job, index), make_sound(index))
        store.segment_file(job.id, job.keys[1]).write_bytes(b"broken")
        store.set_state(job.id, JobState.RUNNING)
        store.set_state(job.id, JobState.FAILED, "My secret error")
        store.delete_job(job.id)
        voice = add_voice(library, name="My secret name", transcript="My secret words")
        library.rename(voice.id, "My secret second name")
        library.delete(voice.id)
    settings.load(paths)
    text = lines(paths)
    assert job.id in text, "what was done is logged by its id"
    assert voice.id in text
    assert "secret" not in text.lower()


def test_importing_configures_nothing() -> None:
    script = (
        "import logging, core.log, core.settings, core.jobs.store, core.voices.library\n"
        "assert logging.getLogger().handlers == []\n"
        "assert logging.getLogger('timbre').handlers == []\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)
