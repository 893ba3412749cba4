"""What there is to fetch for an engine, and the one download at a time, from a hub on loopback."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import fetching
from core.errors import InputError, ResourceError
from core.fetching import Fetching
from core.hub.catalogue import Item, RemoteFile
from core.hub.hub import Hub
from core.hub.transfer import State
from tests.core.hub.fake_hub import REPOSITORY, REVISION, FakeHub

CONTENT = {
    "alto.pth": random.Random(1).randbytes(1_000_000),
    "reed.bin": random.Random(2).randbytes(200_000),
    "kana.bin": random.Random(3).randbytes(100_000),
}
END_S = 20.0


def an_item(path: str, **more: tuple[str, ...]) -> Item:
    content = CONTENT[path]
    file = RemoteFile(
        path=path, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest()
    )
    return Item(
        name=Path(path).stem, title=path, repository=REPOSITORY, revision=REVISION,
        licence="MIT", files=(file,), **more,
    )  # fmt: skip


ITEMS = (
    an_item("reed.bin"),
    an_item("kana.bin"),
    an_item("alto.pth", needs=("reed",), wishes=("kana",)),
)


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub(dict(CONTENT)).open() as opened:
        yield opened


@pytest.fixture
def made(hub: FakeHub, tmp_path: Path) -> Iterator[Fetching]:
    folder = tmp_path / "models"
    found = Fetching({"singer": Hub(folder, endpoint=hub.endpoint, items=ITEMS)}, folder)
    yield found
    found.stop()
    found.wait(END_S)


def test_voices_come_first_and_say_what_they_need(made: Fetching) -> None:
    there_is = made.downloads("singer")
    assert [item.name for item in there_is.items] == ["alto", "reed", "kana"]
    assert [item.name for item in there_is.bundle("alto", wishes=True)] == ["reed", "alto", "kana"]
    assert [item.name for item in there_is.bundle("alto", wishes=False)] == ["reed", "alto"]
    assert there_is.of("alto").left_bytes == 1_000_000
    assert made.download is None


def test_an_engine_without_a_hub_has_nothing_to_fetch(made: Fetching, tmp_path: Path) -> None:
    there_is = made.downloads("builtin")
    assert (there_is.items, there_is.folder) == ((), tmp_path / "models")
    with pytest.raises(InputError, match="nothing to download"):
        made.start("builtin")


def test_one_press_fetches_a_voice_and_all_that_it_needs(made: Fetching, tmp_path: Path) -> None:
    begun = made.start("singer")
    assert (begun.name, begun.done_bytes, begun.total_bytes) == ("alto", 0, 1_300_000)
    done = made.wait(END_S)
    assert done is not None
    assert (done.state, done.done_bytes, done.fraction) == (State.DONE, 1_300_000, 1.0)
    assert all(item.is_here for item in made.downloads("singer").items)
    for path, content in CONTENT.items():
        assert (tmp_path / "models" / path).read_bytes() == content


def test_what_some_languages_need_can_be_left_out(made: Fetching) -> None:
    made.start("singer", "alto", wishes=False)
    made.wait(END_S)
    assert [item.is_here for item in made.downloads("singer").items] == [True, True, False]


def test_stopped_and_begun_again_it_goes_on_where_it_was(hub: FakeHub, made: Fetching) -> None:
    come, go = threading.Event(), threading.Event()

    def gate(n_sent: int) -> None:
        if n_sent > 700_000:  # only the voice is so large: what it needs is here by then
            come.set()
            go.wait(END_S)

    hub.gate = gate
    made.start("singer", "alto", wishes=False)
    assert come.wait(END_S)
    with pytest.raises(ResourceError, match="A download is running"):
        made.start("singer")
    made.stop()
    go.set()
    stopped = made.wait(END_S)
    assert stopped is not None
    assert stopped.state is State.STOPPED
    assert 200_000 < stopped.done_bytes < 1_200_000
    made.start("singer", "alto", wishes=False)
    done = made.wait(END_S)
    assert done is not None
    assert (done.state, done.done_bytes) == (State.DONE, 1_200_000)
    assert len(hub.ranges("reed.bin")) == 1
    assert hub.ranges("alto.pth")[0] is None
    assert hub.ranges("alto.pth")[-1] is not None, "the rest alone was asked for"


def test_without_a_network_it_says_so(tmp_path: Path) -> None:
    with FakeHub({}).open() as hub:
        nowhere = hub.endpoint
    made = Fetching({"singer": Hub(tmp_path, endpoint=nowhere, items=ITEMS)}, tmp_path)
    made.start("singer")
    failed = made.wait(END_S)
    assert failed is not None
    assert failed.state is State.FAILED
    assert "cannot be reached" in failed.message
    assert failed.hint


def test_a_disk_too_small_for_all_of_it_is_refused_before_anything_comes(
    hub: FakeHub, made: Fetching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "free_bytes", lambda _: fetching.SPARE_BYTES + 1_299_999)
    with pytest.raises(ResourceError, match="no room"):
        made.start("singer")
    assert hub.requests == []
    made.start("singer", wishes=False)


def test_an_unknown_item_is_answered_with_those_there_are(made: Fetching) -> None:
    with pytest.raises(InputError) as unknown:
        made.start("singer", "bass")
    assert "alto, reed, kana" in unknown.value.hint
