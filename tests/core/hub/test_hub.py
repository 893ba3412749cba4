"""What is downloaded arrives whole and right, goes on where it stopped, or says why it does not."""

from __future__ import annotations

import errno
import hashlib
import json
import random
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import Cancelled, InputError, MissingError, NetworkError, ResourceError
from core.hub import hub as hub_module
from core.hub.catalogue import Item, RemoteFile
from core.hub.fetch import Connection
from core.hub.hub import Hub, Missing, Partial, Ready
from core.hub.progress import Progress, sentence
from core.hub.transfer import State, Transfer
from core.locks import FileLock
from tests.core.hub.fake_hub import REPOSITORY, REVISION, FakeHub

BIG, SMALL, ODD = "voice/big=1.pth", "voice/small.json", "odd.bin"
CONTENT = {
    BIG: random.Random(1).randbytes(300_000),
    SMALL: b'{"model_type": "hubert"}',
    ODD: random.Random(2).randbytes(5_000),
}
GO = threading.Event()
"""Never set: nobody stops."""


def remote(path: str, *, is_known: bool = True) -> RemoteFile:
    content = CONTENT[path]
    return RemoteFile(
        path=path,
        size_bytes=len(content) if is_known else 4_000,
        sha256=hashlib.sha256(content).hexdigest() if is_known else None,
        is_exact=is_known,
    )


def an_item(name: str, *files: RemoteFile, place: str = ".") -> Item:
    return Item(
        name=name,
        title=name,
        repository=REPOSITORY,
        revision=REVISION,
        licence="MIT",
        files=files,
        place=place,
    )


ITEMS = (
    an_item("voice", remote(SMALL), remote(BIG), place="voice"),
    an_item("odd", remote(ODD, is_known=False)),
)
TOTAL = len(CONTENT[BIG]) + len(CONTENT[SMALL])


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def server() -> Iterator[FakeHub]:
    with FakeHub(dict(CONTENT)).open() as opened:
        yield opened


def a_hub(server: FakeHub, folder: Path) -> Hub:
    """Impatient, and never waiting between two tries."""
    return Hub(
        folder,
        endpoint=server.endpoint,
        items=ITEMS,
        connect=lambda endpoint: Connection(endpoint, patience_s=2.0, sleep=lambda _: None),
    )


def fetched(hub: Hub, name: str = "voice") -> Path:
    return hub.download(name, lambda _: None, GO)


def hidden(folder: Path) -> list[Path]:
    return sorted(folder.rglob(".part-*"))


def test_everything_arrives_and_is_not_fetched_again(server: FakeHub, tmp_path: Path) -> None:
    hub = a_hub(server, tmp_path / "hub")
    assert hub.status("voice") == Missing(total_bytes=TOTAL, is_exact=True)
    assert fetched(hub) == tmp_path / "hub" / "voice"
    assert {path: (tmp_path / "hub" / path).read_bytes() for path in (BIG, SMALL)} == {
        path: CONTENT[path] for path in (BIG, SMALL)
    }
    assert hub.status("voice") == Ready(total_bytes=TOTAL, path=tmp_path / "hub" / "voice")
    assert hidden(tmp_path) == []
    n_requests = len(server.requests)
    fetched(a_hub(server, tmp_path / "hub"))
    assert len(server.requests) == n_requests


def test_nothing_is_asked_before_a_download(server: FakeHub, tmp_path: Path) -> None:
    hub = a_hub(server, tmp_path / "hub")
    for item in ITEMS:
        hub.status(item.name)
    assert server.requests == []
    assert not (tmp_path / "hub").exists()
    with pytest.raises(MissingError, match="nothing called “other”"):
        hub.status("other")


def test_progress_tells_bytes_speed_and_time(server: FakeHub, tmp_path: Path) -> None:
    ticks = iter(range(10**6))
    hub = Hub(tmp_path, endpoint=server.endpoint, items=ITEMS, clock=lambda: float(next(ticks)))
    seen: list[Progress] = []
    hub.download("voice", seen.append, GO)
    done = [progress.done_bytes for progress in seen]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, TOTAL)
    assert {progress.total_bytes for progress in seen} == {TOTAL}
    last = seen[-1]
    assert last.bytes_per_s
    assert last.left_s == 0
    assert sentence(last).startswith("voice: 0.3 MB of 0.3 MB, ")


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_a_broken_connection_goes_on(knows_ranges: bool, server: FakeHub, tmp_path: Path) -> None:
    server.cuts = [len(CONTENT[SMALL]), 120_000, 90_000]
    server.knows_ranges = knows_ranges
    fetched(a_hub(server, tmp_path))
    assert (tmp_path / BIG).read_bytes() == CONTENT[BIG]
    first, *others = server.ranges(BIG)
    assert first is None
    assert len(others) == 2
    assert all(asked is not None for asked in others)


def test_a_connection_that_only_breaks_ends_with_a_sentence(
    server: FakeHub, tmp_path: Path
) -> None:
    server.cuts = [24, 100_000, *[0] * 20]
    hub = a_hub(server, tmp_path)
    with pytest.raises(NetworkError, match="broke 5 times in a row") as caught:
        fetched(hub)
    assert "is kept" in caught.value.hint
    status = hub.status("voice")
    assert isinstance(status, Partial)
    assert status.done_bytes == 100_024
    server.cuts = []
    fetched(hub)
    assert server.ranges(BIG)[-1] == "bytes=100000-"
    assert (tmp_path / BIG).read_bytes() == CONTENT[BIG]


def test_a_killed_download_goes_on_in_the_next_process(server: FakeHub, tmp_path: Path) -> None:
    came, killed = threading.Event(), threading.Event()

    def gate(n_sent: int) -> None:
        if n_sent >= 200_000:
            came.set()
            killed.wait(20)

    server.gate = gate
    program = textwrap.dedent(
        """
        import sys, threading
        from pathlib import Path
        from tests.core.hub.test_hub import ITEMS, Hub
        Hub(Path(sys.argv[1]), endpoint=sys.argv[2], items=ITEMS).download(
            "voice", lambda _: None, threading.Event()
        )
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path), server.endpoint],
        cwd=Path(__file__).parents[3],
    )
    assert came.wait(60)
    # Sent is not yet on the disk.
    for _ in range(400):
        if any(part.stat().st_size for part in hidden(tmp_path)):
            break
        killed.wait(0.05)
    process.kill()
    process.wait()
    killed.set()
    server.gate = lambda n_sent: None
    hub = a_hub(server, tmp_path)
    status = hub.status("voice")
    assert isinstance(status, Partial)
    assert 24 < status.done_bytes < TOTAL
    fetched(hub)
    start = status.done_bytes - len(CONTENT[SMALL])
    assert server.ranges(BIG)[-1] == f"bytes={start}-"
    assert (tmp_path / BIG).read_bytes() == CONTENT[BIG]


def test_a_wrong_checksum_is_thrown_away(server: FakeHub, tmp_path: Path) -> None:
    wrong = bytearray(CONTENT[BIG])
    wrong[150_000] ^= 1
    server.sends[BIG] = bytes(wrong)
    hub = a_hub(server, tmp_path)
    with pytest.raises(NetworkError, match=r"arrived damaged: its checksum is [0-9a-f]{12}…, not"):
        fetched(hub)
    assert not (tmp_path / BIG).exists()
    assert hidden(tmp_path) == []
    assert isinstance(hub.status("voice"), Partial)


def test_a_beginning_that_was_wrong_is_fetched_anew(server: FakeHub, tmp_path: Path) -> None:
    server.cuts = [24, 100_000, *[0] * 20]
    hub = a_hub(server, tmp_path)
    with pytest.raises(NetworkError):
        fetched(hub)
    (part,) = hidden(tmp_path)
    part.write_bytes(bytes(100_000))
    server.cuts = []
    fetched(hub)
    assert (tmp_path / BIG).read_bytes() == CONTENT[BIG]
    assert server.ranges(BIG)[-2:] == ["bytes=100000-", None]


def test_a_part_longer_than_the_file_is_no_part(server: FakeHub, tmp_path: Path) -> None:
    hub = a_hub(server, tmp_path)
    server.cuts = [24, 0, 0, 0, 0, 0]
    with pytest.raises(NetworkError):
        fetched(hub)
    server.cuts = []
    (part,) = hidden(tmp_path)
    part.write_bytes(bytes(400_000))
    fetched(hub)
    assert (tmp_path / BIG).read_bytes() == CONTENT[BIG]


def test_more_than_was_told_is_not_taken(server: FakeHub, tmp_path: Path) -> None:
    server.sends[SMALL] = bytes(10_000_000)
    with pytest.raises(NetworkError, match=r"more than the 24 bytes that “small\.json”"):
        fetched(a_hub(server, tmp_path))
    assert sum(part.stat().st_size for part in hidden(tmp_path)) == 0


def test_another_file_than_the_published_one_is_refused_before_it_comes(
    server: FakeHub, tmp_path: Path
) -> None:
    server.files[BIG] = CONTENT[BIG][:-1] + b"?"
    with pytest.raises(NetworkError, match=r"offers another “voice/big=1\.pth”"):
        fetched(a_hub(server, tmp_path))
    assert [method for method, _, _ in server.requests] == ["HEAD", "HEAD"]


def test_a_file_without_a_known_checksum_is_held_against_the_hub_s_own(
    server: FakeHub, tmp_path: Path
) -> None:
    hub = a_hub(server, tmp_path)
    assert hub.status("odd") == Missing(total_bytes=4_000, is_exact=False)
    server.sends[ODD] = CONTENT[ODD][:-1] + b"?"
    with pytest.raises(NetworkError, match="arrived damaged"):
        fetched(hub, "odd")
    server.sends.clear()
    fetched(hub, "odd")
    assert hub.status("odd") == Ready(total_bytes=5_000, path=tmp_path)
    record = json.loads((tmp_path / "received.json").read_text())["files"][ODD]
    assert record["checksum"] == hashlib.sha256(CONTENT[ODD]).hexdigest()
    assert record["revision"] == REVISION


def test_where_nobody_knows_a_checksum_it_is_written_down(server: FakeHub, tmp_path: Path) -> None:
    server.tells_checksums = False
    fetched(a_hub(server, tmp_path), "odd")
    record = json.loads((tmp_path / "received.json").read_text())["files"][ODD]
    assert record["checksum"] == hashlib.sha256(CONTENT[ODD]).hexdigest()


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (404, r"does not have “small\.json” \(404\)"),
        (403, r"does not give “small\.json” away \(403\)"),
        (418, "answers 418 instead of a file"),
    ],
)
def test_a_refusal_is_a_sentence(status: int, said: str, server: FakeHub, tmp_path: Path) -> None:
    server.statuses = [status]
    with pytest.raises(NetworkError, match=said) as caught:
        fetched(a_hub(server, tmp_path))
    assert "hub_endpoint" in caught.value.hint


def test_a_busy_hub_is_asked_again(server: FakeHub, tmp_path: Path) -> None:
    server.statuses = [503, 429, 200, 200, 500, 200]
    fetched(a_hub(server, tmp_path))
    assert (tmp_path / BIG).read_bytes() == CONTENT[BIG]
    (tmp_path / BIG).unlink()
    server.statuses = [503] * 20
    with pytest.raises(NetworkError, match=r"127\.0\.0\.1 answered 503, 5 times in a row"):
        fetched(a_hub(server, tmp_path))


def test_no_network_is_said(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for endpoint in (f"http://127.0.0.1:{port}", "https://hub.invalid"):
        hub = Hub(tmp_path, endpoint=endpoint, items=ITEMS)
        with pytest.raises(NetworkError, match="cannot be reached: this computer seems to be"):
            fetched(hub)
        assert hub.status("voice") == Missing(total_bytes=TOTAL, is_exact=True)


def test_a_proxy_that_cannot_be_used_is_said(
    server: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(NetworkError, match="proxy that this computer is set to cannot be used"):
        fetched(a_hub(server, tmp_path))


def test_a_full_disk_is_said_before_anything_comes(
    server: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "free_bytes", lambda _: 50_000_000)
    with pytest.raises(ResourceError, match=r"no room left on the disk .* MB needed"):
        fetched(a_hub(server, tmp_path))
    assert not any(method == "GET" for method, _, _ in server.requests)


def test_a_disk_that_fills_up_meanwhile_is_said(
    server: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    hub = a_hub(server, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("core.hub.fetch.os.fsync", full)
        with pytest.raises(ResourceError, match="no room left on the disk"):
            fetched(hub)
    fetched(hub)
    assert (tmp_path / BIG).read_bytes() == CONTENT[BIG]


def test_a_stop_keeps_what_has_come(server: FakeHub, tmp_path: Path) -> None:
    stop = threading.Event()
    hub = a_hub(server, tmp_path)

    def on_progress(progress: Progress) -> None:
        if progress.file == BIG:
            stop.set()

    with pytest.raises(Cancelled):
        hub.download("voice", on_progress, stop)
    assert (tmp_path / SMALL).is_file()
    assert not (tmp_path / BIG).exists()
    assert isinstance(hub.status("voice"), Partial)
    fetched(hub)
    assert isinstance(hub.status("voice"), Ready)


def test_a_hub_that_falls_silent_can_be_stopped(server: FakeHub, tmp_path: Path) -> None:
    silent, let_go = threading.Event(), threading.Event()

    def gate(n_sent: int) -> None:
        if n_sent >= 200_000:
            silent.set()
            let_go.wait(20)

    server.gate = gate
    hub = Hub(
        tmp_path,
        endpoint=server.endpoint,
        items=ITEMS,
        connect=lambda endpoint: Connection(endpoint, patience_s=0.2, sleep=lambda _: None),
    )
    transfer = Transfer(hub, ["voice"])
    assert silent.wait(20)
    transfer.stop()
    assert transfer.wait(20)
    let_go.set()
    assert transfer.state is State.STOPPED
    assert isinstance(hub.status("voice"), Partial)


def test_redirects_within_the_hub_are_followed(server: FakeHub, tmp_path: Path) -> None:
    server.away[BIG] = "/moved{path}"
    fetched(a_hub(server, tmp_path))
    assert (tmp_path / BIG).read_bytes() == CONTENT[BIG]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("http://elsewhere.invalid{path}", "sends on to elsewhere.invalid without encryption"),
        ("http://127.0.0.1:9{path}", "sends on to 127.0.0.1 without encryption"),
        ("file:///etc/passwd", "without encryption"),
        ("{path}", "sends on and on, 5 times"),
    ],
)
def test_redirects_to_unsafe_places_are_not_followed(
    target: str, said: str, server: FakeHub, tmp_path: Path
) -> None:
    server.away[BIG] = target
    with pytest.raises(NetworkError, match=said):
        fetched(a_hub(server, tmp_path))
    assert not (tmp_path / BIG).exists()


def test_an_encrypted_redirect_is_followed_and_may_fail(server: FakeHub, tmp_path: Path) -> None:
    server.away[BIG] = "https://storage.invalid{path}"
    with pytest.raises(NetworkError, match="broke 5 times in a row"):
        fetched(a_hub(server, tmp_path))


@pytest.mark.parametrize(
    "endpoint",
    ["http://mirror.example", "ftp://mirror.example", "mirror", "", "https://me:pw@mirror.example"],
)
def test_only_encrypted_addresses_are_hubs(endpoint: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not an address that models can be downloaded from"):
        fetched(Hub(tmp_path, endpoint=endpoint, items=ITEMS))


def test_files_that_were_put_there_by_hand_are_taken(server: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "voice").mkdir()
    (tmp_path / BIG).write_bytes(CONTENT[BIG])
    (tmp_path / SMALL).write_bytes(b"x" * len(CONTENT[SMALL]))
    fetched(a_hub(server, tmp_path))
    assert server.ranges(BIG) == []
    assert (tmp_path / SMALL).read_bytes() == CONTENT[SMALL]


@pytest.mark.parametrize("content", ["", "[]", '{"files": {"a": 3}}', '{"files": 1}'])
def test_a_damaged_record_costs_no_download(content: str, server: FakeHub, tmp_path: Path) -> None:
    fetched(a_hub(server, tmp_path))
    (tmp_path / "received.json").write_text(content)
    n_requests = len(server.requests)
    fetched(a_hub(server, tmp_path))
    assert len(server.requests) == n_requests
    assert isinstance(a_hub(server, tmp_path).status("voice"), Ready)


def test_a_file_that_was_changed_or_went_is_missing(server: FakeHub, tmp_path: Path) -> None:
    hub = a_hub(server, tmp_path)
    fetched(hub)
    (tmp_path / BIG).write_bytes(b"short")
    assert isinstance(hub.status("voice"), Partial)
    fetched(hub)
    assert (tmp_path / BIG).read_bytes() == CONTENT[BIG]


def test_two_downloads_into_one_folder_do_not_meet(server: FakeHub, tmp_path: Path) -> None:
    lock = FileLock.take(tmp_path / ".lock")
    assert lock is not None
    with lock, pytest.raises(ResourceError, match="Another download"):
        fetched(a_hub(server, tmp_path))
    fetched(a_hub(server, tmp_path))


def test_a_transfer_runs_aside_and_is_watched(server: FakeHub, tmp_path: Path) -> None:
    transfer = Transfer(a_hub(server, tmp_path), ["voice", "odd"])
    seen = list(transfer.events())
    assert transfer.wait(20)
    assert (transfer.state, transfer.error) == (State.DONE, None)
    assert seen[-1].name == "odd"
    assert transfer.latest == seen[-1]
    assert list(transfer.events())[-1:] == seen[-1:], "who comes late gets the last report"


def test_a_transfer_that_fails_says_why(server: FakeHub, tmp_path: Path) -> None:
    server.statuses = [404]
    transfer = Transfer(a_hub(server, tmp_path), ["voice"])
    assert list(transfer.events()) == []
    assert transfer.wait(20)
    assert transfer.state is State.FAILED
    assert isinstance(transfer.error, NetworkError)
