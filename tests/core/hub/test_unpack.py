"""A zip file from the hub becomes the files that are wanted of it, and nothing else."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from core.errors import Cancelled, NetworkError
from core.hub.catalogue import Item, RemoteFile
from core.hub.hub import Hub, Missing, Partial, Ready
from core.hub.unpack import unpack
from tests.core.hub.fake_hub import REPOSITORY, REVISION, FakeHub

GO = threading.Event()
"""Never set: nobody stops."""
NET, TABLE = "Judge/net.onnx", "Judge/table.txt"
INSIDE = {NET: b"weights" * 20_000, TABLE: "行\tㄏㄤ2".encode(), "Judge/config.py": b"raise"}


def zipped(files: Mapping[str, bytes], *, way: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", way) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def an_item(content: bytes, *, unpacked_bytes: int = 1_000_000) -> Item:
    file = RemoteFile(
        path="Judge.zip",
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        members=(NET, TABLE),
        unpacked_bytes=unpacked_bytes,
    )
    return Item(
        name="judge", title="Judge", repository=REPOSITORY, revision=REVISION,
        licence="Apache-2.0", files=(file,), place="Judge",
    )  # fmt: skip


@pytest.fixture
def remote() -> Iterator[FakeHub]:
    with FakeHub({"Judge.zip": zipped(INSIDE)}).open() as opened:
        yield opened


def a_hub(remote: FakeHub, folder: Path) -> Hub:
    return Hub(folder, endpoint=remote.endpoint, items=(an_item(remote.files["Judge.zip"]),))


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("received.json", ".lock")
    }


def test_what_is_wanted_is_taken_out_and_the_zip_file_is_not_kept(
    remote: FakeHub, tmp_path: Path
) -> None:
    hub = a_hub(remote, tmp_path)
    assert isinstance(hub.status("judge"), Missing)
    assert hub.download("judge", lambda _: None, GO) == tmp_path / "Judge"
    assert files_in(tmp_path) == {name: INSIDE[name] for name in (NET, TABLE)}
    assert isinstance(a_hub(remote, tmp_path).status("judge"), Ready)
    hub.download("judge", lambda _: None, GO)
    assert len(remote.ranges("Judge.zip")) == 1


def test_a_file_that_is_gone_or_cut_is_fetched_again(remote: FakeHub, tmp_path: Path) -> None:
    hub = a_hub(remote, tmp_path)
    hub.download("judge", lambda _: None, GO)
    (tmp_path / TABLE).write_text("")
    assert not isinstance(hub.status("judge"), Ready)
    hub.download("judge", lambda _: None, GO)
    assert (tmp_path / TABLE).read_bytes() == INSIDE[TABLE]


def test_a_zip_file_that_somebody_put_there_is_used_and_stays(
    remote: FakeHub, tmp_path: Path
) -> None:
    (tmp_path / "Judge.zip").write_bytes(remote.files["Judge.zip"])
    a_hub(remote, tmp_path).download("judge", lambda _: None, GO)
    assert remote.requests == []
    assert set(files_in(tmp_path)) == {"Judge.zip", NET, TABLE}


def test_stopped_while_it_is_unpacked_it_goes_on_without_fetching(
    remote: FakeHub, tmp_path: Path
) -> None:
    hub = a_hub(remote, tmp_path)
    stop = threading.Event()
    with pytest.raises(Cancelled):
        # It is told of when all of it has come, before it is checked and unpacked.
        hub.download(
            "judge",
            lambda now: stop.set() if now.done_bytes == now.total_bytes else None,
            stop,
        )
    assert isinstance(hub.status("judge"), Partial)
    assert not (tmp_path / NET).exists()
    n_before = len(remote.ranges("Judge.zip"))
    hub.download("judge", lambda _: None, GO)
    assert isinstance(hub.status("judge"), Ready)
    assert len(remote.ranges("Judge.zip")) == n_before


BAD = {
    "a file is missing": zipped({NET: INSIDE[NET]}),
    "more comes out than should": zipped({NET: b"\0" * 2_000_000, TABLE: b""}),
    "it is no zip file": b"PK\x03\x04" + b"garbage" * 500,
    "it is cut": zipped(INSIDE)[:-40],
    "it is empty": b"",
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD.keys())
def test_a_zip_file_that_is_not_right_is_a_sentence_and_leaves_nothing(
    content: bytes, tmp_path: Path
) -> None:
    archive = tmp_path / "a.zip"
    archive.write_bytes(content)
    with pytest.raises(NetworkError, match="cannot be unpacked"):
        unpack(archive, tmp_path / "out", (NET, TABLE), most_bytes=1_000_000, stop=GO)
    assert not list((tmp_path / "out").rglob("*.onnx"))


def test_a_file_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({NET: b"a" * 5000, TABLE: b"b"}))
    directory = content.index(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = (100).to_bytes(4, "little")
    archive = tmp_path / "a.zip"
    archive.write_bytes(content)
    with pytest.raises(NetworkError):
        unpack(archive, tmp_path / "out", (NET, TABLE), most_bytes=1_000_000, stop=GO)
    assert files_in(tmp_path / "out") == {}


def test_names_that_lead_out_of_the_folder_are_never_asked_for(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    archive.write_bytes(zipped({**INSIDE, "../evil.txt": b"evil", "/evil.txt": b"evil"}))
    unpack(archive, tmp_path / "out", (NET, TABLE), most_bytes=1_000_000, stop=GO)
    assert set(files_in(tmp_path)) == {"a.zip", f"out/{NET}", f"out/{TABLE}"}
