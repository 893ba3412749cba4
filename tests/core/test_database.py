from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.database import MIGRATIONS, Database
from core.errors import InputError, ResourceError, StudioError
from core.paths import Paths

ROOT = Path(__file__).parents[2]


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.default(tmp_path / "home")


def version(paths: Paths) -> int:
    connection = sqlite3.connect(paths.database)
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    return int(found)


def test_a_new_home_gets_the_newest_tables(paths: Paths) -> None:
    with Database(paths) as database:
        assert database.rows("PRAGMA journal_mode")[0][0] == "wal"
        assert database.rows("SELECT * FROM voices") == []
    assert version(paths) == len(MIGRATIONS)


def test_an_older_database_is_brought_forward_with_what_it_holds(paths: Paths) -> None:
    with Database(paths) as database:
        database.set_flag("kept", "yes")
    newer = (*MIGRATIONS, "ALTER TABLE voices ADD COLUMN colour TEXT;", "CREATE TABLE more (x);")
    with Database(paths, migrations=newer) as database:
        assert database.flag("kept") == "yes"
        assert database.rows("SELECT colour FROM voices") == []
        assert database.rows("SELECT x FROM more") == []
    assert version(paths) == len(newer)


def test_a_migration_that_fails_changes_nothing(paths: Paths) -> None:
    with Database(paths) as database:
        database.set_flag("kept", "yes")
    broken = (*MIGRATIONS, "CREATE TABLE more (x); INSERT INTO nowhere VALUES (1);")
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        Database(paths, migrations=broken)
    assert version(paths) == len(MIGRATIONS)
    with Database(paths) as database:
        assert database.flag("kept") == "yes"
        with pytest.raises(sqlite3.OperationalError, match="more"):
            database.rows("SELECT * FROM more")


def test_the_data_of_a_newer_timbre_is_left_alone_and_said(paths: Paths) -> None:
    newer = (*MIGRATIONS, "CREATE TABLE more (x);")
    Database(paths, migrations=newer).close()
    says = rf"newer Timbre .data version {len(newer)}; .* up to {len(MIGRATIONS)}"
    with pytest.raises(StudioError, match=says) as caught:
        Database(paths)
    assert "Update" in caught.value.hint
    assert version(paths) == len(newer)
    Database(paths, migrations=newer).close()


def test_a_damaged_database_is_said_and_not_touched(paths: Paths) -> None:
    paths.make()
    content = b"this is not a database " * 100
    paths.database.write_bytes(content)
    with pytest.raises(StudioError, match="is damaged"):
        Database(paths)
    assert paths.database.read_bytes() == content


def test_a_file_in_the_place_of_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(InputError, match="is a file where Timbre needs a folder"):
        Database(Paths.default(tmp_path / "home"))


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0,
    reason="root may write everywhere, and Windows has other rights",
)
def test_a_folder_that_is_closed_to_us_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(ResourceError, match="may not write"):
            Database(Paths.default(tmp_path))
    finally:
        tmp_path.chmod(stat.S_IRWXU)


def test_a_change_is_whole_or_not_there(paths: Paths) -> None:
    with Database(paths) as database:

        def half() -> None:
            with database.change() as rows:
                rows.execute("INSERT INTO flags VALUES ('half', 'yes')")
                raise KeyError

        with pytest.raises(KeyError):
            half()
        assert database.flag("half") is None
        database.set_flag("whole", "yes")
        assert database.flag("whole") == "yes"


def test_accepted_and_finished_wait_for_the_disk_progress_does_not(paths: Paths) -> None:
    normal, full = 1, 2  # as SQLite numbers them
    with Database(paths) as database:
        for durable, level in ((True, full), (False, normal), (True, full)):
            with database.change(durable=durable) as rows:
                assert rows.execute("PRAGMA synchronous").fetchone()[0] == level


def test_a_database_that_somebody_else_keeps_busy_is_said_after_a_while(paths: Paths) -> None:
    with Database(paths) as busy, Database(paths, busy_s=0.01) as waiting:
        with busy.change(), pytest.raises(ResourceError, match="busy for too long"):
            waiting.set_flag("mine", "yes")
        waiting.set_flag("mine", "yes")
        assert busy.flag("mine") == "yes"


def test_processes_and_threads_that_start_at_once_all_get_in(paths: Paths) -> None:
    script = (
        "import sys; from pathlib import Path; from core.database import Database;"
        "from core.paths import Paths; database = Database(Paths.default(Path(sys.argv[1])));"
        "database.set_flag(sys.argv[2], 'yes'); database.close()"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(paths.data.parent), f"process {number}"], cwd=ROOT
        )
        for number in range(4)
    ]

    def open_and_write(number: int) -> None:
        with Database(paths) as database:
            database.set_flag(f"thread {number}", "yes")

    threads = [threading.Thread(target=open_and_write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait() for process in processes] == [0] * 4
    with Database(paths) as database:
        assert len(database.rows("SELECT * FROM flags")) == 8
    assert [file.name for file in (paths.data / "open").iterdir()] == ["starting.lock"]


def test_a_token_is_alive_as_long_as_its_database_is_open(paths: Paths) -> None:
    with Database(paths) as first, Database(paths) as second:
        assert first.is_alive(first.token)
        assert first.is_alive(second.token)
        second.close()
        assert not first.is_alive(second.token)
        assert not first.is_alive("0" * 32)
        assert not first.is_alive("../../etc/passwd")
