"""A file with other first bytes reads like a file; what unpacks to more than it is is refused."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from core.engines.nn import archive
from core.engines.nn.archive import Retouched, check_archive


def test_the_reader_of_retouched_files_reads_like_a_file(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"06abcdef")
    with Retouched(path, b"PK") as file:
        assert file.read(1) == b"P"
        assert file.read(3) == b"Kab"
        assert file.read() == b"cdef"
        file.seek(1)
        into = bytearray(4)
        assert file.readinto(into) == 4
        assert into == b"Kabc"
        file.seek(0)
        assert file.readall() == b"PKabcdef"


def test_too_many_parts_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.pth"
    with zipfile.ZipFile(path, "w") as file:
        for part in range(4):
            file.writestr(f"x/{part}.pkl", b"}.")
    check_archive(path, None)
    monkeypatch.setattr(archive, "ENTRIES_MAX", 3)
    with pytest.raises(ValueError, match="it has 4 parts"):
        check_archive(path, None)


def test_a_list_of_contents_of_absurd_size_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.pth"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("x/data.pkl", bytes(1000))
    check_archive(path, None)
    monkeypatch.setattr(archive, "PICKLE_MAX_BYTES", 999)
    with pytest.raises(ValueError, match="absurd size"):
        check_archive(path, None)
