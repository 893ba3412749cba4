from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.errors import InputError
from core.synthesis import prompts
from core.synthesis.prompts import Prompts, forget
from tests import fakes
from tests.fakes import FakePrompt, FakeSession, notes, reference


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(fakes.FOLDER, str(tmp_path))
    return tmp_path / "prompts"


def prepare(folder: Path | None, digest: str = "voice", engine: str = "fake 1") -> float:
    prompt = Prompts(folder, engine).get(FakeSession(), reference(digest=digest))
    assert isinstance(prompt, FakePrompt)
    return prompt.hertz


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def test_a_kept_prompt_is_the_same_and_not_prepared_again(folder: Path) -> None:
    assert prepare(folder) == prepare(folder)
    assert len(notes("prepare")) == 1


def test_another_version_of_the_engine_prepares_its_own(folder: Path) -> None:
    prepare(folder)
    prepare(folder, engine="fake 2")
    assert len(notes("prepare")) == 2
    assert len(files(folder)) == 2


@pytest.mark.parametrize(
    "content", [b"", b"no archive", b"PK\x03\x04 half an archive", b"\x93NUMPY\x01"]
)
def test_a_damaged_file_is_made_again(folder: Path, content: bytes) -> None:
    hertz = prepare(folder)
    (file,) = files(folder)
    file.write_bytes(content)
    assert prepare(folder) == hertz
    assert prepare(folder) == hertz
    assert len(notes("prepare")) == 2


def test_the_oldest_files_are_given_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts, "MAX_FILES", 3)
    for age, digest in enumerate("abcde"):
        prepare(folder, digest)
        for file in files(folder):
            os.utime(file, (file.stat().st_atime, file.stat().st_mtime - 10.0))
        assert len(files(folder)) == min(3, age + 1)
    for digest in "cde":
        prepare(folder, digest)
    assert len(notes("prepare")) == 5


def test_a_deleted_voice_leaves_nothing(folder: Path) -> None:
    for engine in ("fake 1", "fake 2"):
        prepare(folder, engine=engine)
    prepare(folder, "another")
    forget(folder, "voice")
    assert len(files(folder)) == 1
    prepare(folder, "another")
    assert len(notes("prepare")) == 3


def test_a_folder_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    assert prepare(in_the_way / "prompts") == prepare(None)


def test_a_refused_reference_leaves_nothing(folder: Path) -> None:
    with pytest.raises(InputError):
        Prompts(folder, "fake 1").get(FakeSession(), reference(0.5))
    assert not folder.exists()


def test_strangers_are_forgotten_after_a_while_and_voices_are_not(folder: Path) -> None:
    for digest in ("voice", "borrowed", "borrowed just now"):
        prepare(folder, digest)
    ages = {"voice": 100.0, "borrowed": 100.0, "borrowed just now": 300.0}
    for digest, used_at in ages.items():
        (file,) = folder.glob(f"{prompts._name(digest)}-*.npz")
        os.utime(file, (used_at, used_at))
    prompts.forget_strangers(folder, ["voice"], before_s=200.0)
    kept = {file.name.partition("-")[0] for file in files(folder)}
    assert kept == {prompts._name("voice"), prompts._name("borrowed just now")}
