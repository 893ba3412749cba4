from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from core.paths import Paths, whole_file


def folders(paths: Paths) -> set[Path]:
    return {
        paths.config, paths.voices, paths.jobs, paths.exports, paths.recordings, paths.prompts,
        paths.uploads, paths.log,
    }  # fmt: skip


def test_everything_of_one_home_lies_under_it(tmp_path: Path) -> None:
    paths = Paths.default(tmp_path / "mein Zuhause 家")
    paths.make()
    paths.make()
    for folder in folders(paths):
        assert folder.is_dir()
        assert folder.is_relative_to(tmp_path / "mein Zuhause 家")
    assert paths.database.parent == paths.data


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps a user's folders private by itself")
def test_others_on_the_computer_cannot_look_into_voices_and_texts(tmp_path: Path) -> None:
    paths = Paths.default(tmp_path / "home")
    paths.make()
    for folder in (paths.config, paths.data, paths.cache, paths.log):
        assert folder.stat().st_mode & 0o077 == 0
    paths.data.chmod(0o755)  # as somebody wants it who shares a voice with others
    paths.make()
    assert paths.data.stat().st_mode & 0o777 == 0o755


def test_the_argument_wins_over_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIMBRE_HOME", str(tmp_path / "environment"))
    assert Paths.default().data == tmp_path / "environment" / "data"
    assert Paths.default(tmp_path / "argument").data == tmp_path / "argument" / "data"


def test_without_a_home_the_platforms_folders_are_taken_and_nothing_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TIMBRE_HOME", raising=False)
    paths = Paths.default()
    assert len({paths.config, paths.data, paths.cache, paths.log}) >= 3
    assert all("timbre" in str(folder).lower() for folder in folders(paths))


def test_a_relative_home_does_not_move_with_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Paths.default(Path("here")).data == tmp_path / "here" / "data"


def test_the_page_hands_out_no_folder_that_holds_voices_or_jobs(tmp_path: Path) -> None:
    paths = Paths.default(tmp_path)
    for private in (paths.voices, paths.jobs, paths.database, paths.config, paths.log):
        assert not private.is_relative_to(paths.exports)


def test_a_whole_file_appears_when_it_is_finished(tmp_path: Path) -> None:
    target = tmp_path / "new folder" / "sound.flac"
    with whole_file(target) as part:
        part.write_bytes(b"half")
        assert not target.exists()
        assert part.suffix == ".flac", "writers choose the format by it"
    assert target.read_bytes() == b"half"
    assert [file.name for file in target.parent.iterdir()] == ["sound.flac"]


def test_a_file_whose_writing_fails_leaves_the_older_one(tmp_path: Path) -> None:
    target = tmp_path / "sound.flac"
    target.write_bytes(b"older")

    def fail() -> None:
        with whole_file(target) as part:
            part.write_bytes(b"newer")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert target.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [target]


def test_many_writers_of_one_file_leave_one_whole_file(tmp_path: Path) -> None:
    target = tmp_path / "sound.flac"

    def write(number: int) -> None:
        with whole_file(target) as part:
            part.write_bytes(bytes([number]) * 100_000)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    content = target.read_bytes()
    assert len(content) == 100_000
    assert len(set(content)) == 1
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
def test_a_file_may_be_read_by_whom_the_umask_lets(tmp_path: Path) -> None:
    plain, whole = tmp_path / "plain", tmp_path / "whole"
    plain.touch()
    with whole_file(whole) as part:
        part.write_bytes(b"sound")
    assert whole.stat().st_mode == plain.stat().st_mode
