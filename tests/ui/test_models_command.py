"""`app.py models` and `app.py download`, as a script sees them."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import ASSETS, open_studio
from core.engines.copies import Copies
from core.hub.catalogue import Item, RemoteFile
from core.hub.hub import Hub
from core.studio import Studio
from tests.core.hub.fake_hub import REPOSITORY, REVISION, FakeHub
from tests.fakes import FOLDER, SINGER_CARD
from tests.ui.test_cli import DEMO, run

VOICE = b"la" * 200_000


def an_item(name: str, content: bytes, **more: tuple[str, ...]) -> Item:
    file = RemoteFile(
        path=f"{name}.tone", size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest()
    )
    return Item(
        name=name, title=name.title(), repository=REPOSITORY, revision=REVISION,
        licence="MIT", files=(file,), **more,
    )  # fmt: skip


ITEMS = (
    an_item("reed", b"wood"),
    an_item("kana", b"kana"),
    an_item("alto", VOICE, needs=("reed",), wishes=("kana",)),
)


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    files = {"alto.tone": VOICE, "reed.tone": b"wood", "kana.tone": b"kana"}
    with FakeHub(files).open() as opened:
        yield opened


@pytest.fixture
def studio(hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    notes = tmp_path / "fake"
    notes.mkdir()
    monkeypatch.setenv(FOLDER, str(notes))
    with open_studio(
        tmp_path / "home",
        extra_cards=(SINGER_CARD,),
        packages=("core.engines", "tests"),
        hubs=lambda paths, _: {"singer": Hub(paths.models, endpoint=hub.endpoint, items=ITEMS)},
    ) as opened:
        yield opened


def test_download_fetches_the_best_voice_and_all_that_it_needs(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = run(studio, capsys, "download", "--engine", "singer", "--json")
    assert ran.code == 0
    assert ran.answer == {
        "engine": "singer",
        "item": "alto",
        "bytes": len(VOICE) + 8,
        "folder": str(studio.paths.models),
        "models": ["alto", "kana", "reed"],
    }
    assert "timbre: alto: " in ran.err
    assert "of 0.4 MB" in ran.err
    again = run(studio, capsys, "download", "--engine", "singer")
    assert again.code == 0
    assert again.out.startswith("alto is here: 0.4 MB")


def test_one_item_without_what_only_some_languages_need(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run(studio, capsys, "download", "--engine", "singer", "--item", "alto", "--lean").code == 0
    )
    assert [item.is_here for item in studio.downloads("singer").items] == [True, True, False]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--engine", "builtin"), "nothing to download"),
        (("--engine", "tuba"), "no engine called"),
        (("--engine", "singer", "--item", "bass"), "There is: alto, reed, kana"),
    ],
)
def test_what_cannot_be_fetched_is_one_line_and_exit_code_2(
    studio: Studio, capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], said: str
) -> None:
    ran = run(studio, capsys, "download", *argv)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_a_hub_that_does_not_have_it_is_said_and_exit_code_2(
    hub: FakeHub, studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    del hub.files["alto.tone"]
    ran = run(studio, capsys, "download", "--engine", "singer")
    assert (ran.code, ran.out) == (2, "")
    assert "does not have" in ran.err


def test_ctrl_c_stops_it_and_the_same_command_goes_on(
    hub: FakeHub,
    studio: Studio,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def pressed(_: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(studio, "wait_for_download", pressed)
        ran = run(studio, capsys, "download", "--engine", "singer")
    assert ran.code == 2
    assert "The same command goes on from there" in ran.err
    ended = studio.wait_for_download(20.0)
    assert ended is not None
    assert not ended.is_running
    assert run(studio, capsys, "download", "--engine", "singer").code == 0


def test_models_lists_what_is_here_what_lacks_and_what_is_no_model(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = studio.paths.models
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "own.tone").write_text("mine")
    (folder / "half.tone").write_text("no reed")
    (folder / "none.tone").write_text("")
    ran = run(studio, capsys, "models", "--engine", "singer", "--json")
    assert (ran.code, ran.err) == (0, "")
    (found,) = ran.answer["engines"]
    assert [(model["name"], model["lacks"]) for model in found["models"]] == [
        ("own", []),
        ("half", ["the reed"]),
    ]
    assert found["problems"] == ["“none.tone” is empty."]
    assert [item["name"] for item in found["public"]] == ["alto", "reed", "kana"]
    said = run(studio, capsys, "models", "--engine", "singer").out
    assert "half (lacks the reed)" in said
    assert "“none.tone” is empty." in said
    assert str(folder) in said


def test_models_without_an_engine_lists_all_that_need_one(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run(studio, capsys, "models", "--json").answer["engines"]
    assert "singer" in [one["engine"] for one in found]
    assert all(one["needs_model"] for one in found)
    own = run(studio, capsys, "models", "--engine", "builtin")
    assert (own.code, own.out) == (
        0,
        "Built-in carries its own model: there is nothing to choose or fetch.\n",
    )


def test_speak_takes_a_model_that_was_fetched(
    studio: Studio, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = ("speak", "--engine", "singer", "--reference", DEMO, "--text", "Hello.",
             "--out", str(tmp_path / "out.wav"))  # fmt: skip
    ran = run(studio, capsys, *asked)
    assert ran.code == 2
    assert "no Singer model on this computer" in ran.err
    run(studio, capsys, "download", "--engine", "singer")
    assert run(studio, capsys, *asked, "--model", "alto").code == 0
    assert "load cpu alto" in (tmp_path / "fake" / "log").read_text().splitlines()


def test_an_address_that_is_saved_is_asked_from_the_next_download_on(
    hub: FakeHub, studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    with FakeHub(dict(hub.files)).open() as mirror:
        del hub.files["alto.tone"]
        assert run(studio, capsys, "download", "--engine", "singer").code == 2
        n_asked = len(hub.requests)
        studio.save_settings(dataclasses.replace(studio.settings(), hub_endpoint=mirror.endpoint))
        assert run(studio, capsys, "download", "--engine", "singer").code == 0
        assert len(hub.requests) == n_asked
        assert mirror.ranges("alto.tone") == [None]
        assert mirror.ranges("reed.tone") == [], "it was here already"


def test_another_setting_leaves_the_address_alone(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    studio.save_settings(dataclasses.replace(studio.settings(), engine="singer"))
    assert run(studio, capsys, "download", "--engine", "singer").code == 0


def test_models_says_what_copies_take_and_clears_all_but_those_in_use(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = studio.paths
    used = Copies(paths.copies)
    used.place("a" * 32, paths.models / "used.pth").write_bytes(b"0" * 2_000_000)
    unused = Copies(paths.copies)
    unused.place("b" * 32, paths.models / "unused.pth").write_bytes(b"0" * 5_000_000)
    unused.release()
    ran = run(studio, capsys, "models", "--json")
    copies = ran.answer["copies"]
    assert copies["folder"] == str(paths.copies)
    assert copies["n"] == 2
    assert 7_000_000 <= copies["size_bytes"] < 7_010_000
    assert 2_000_000 <= copies["in_use_bytes"] < 2_010_000
    assert "freed_bytes" not in copies
    ran = run(studio, capsys, "models", "--clear-copies")
    assert ran.code == 0
    assert "5.0 MB were given back. Copies for fast loading take 2.0 MB in " in ran.out
    assert "2.0 MB of it in use" in ran.out
    used.release()
    ran = run(studio, capsys, "models", "--clear-copies", "--json")
    assert ran.answer["copies"]["freed_bytes"] >= 2_000_000
    assert ran.answer["copies"]["size_bytes"] == 0


def test_copies_of_models_that_are_gone_go_when_the_page_opens(studio: Studio) -> None:
    cache = Copies(studio.paths.copies)
    for name in ("kept", "gone"):
        source = studio.paths.models / f"{name}.pth"
        source.parent.mkdir(parents=True, exist_ok=True)
        source.touch()
        cache.place(name.encode().hex() * 4, source).write_bytes(b"0" * 1000)
    cache.release()
    (studio.paths.models / "gone.pth").unlink()
    studio.open_for_people(ASSETS)
    assert studio.copies().n == 1
    assert [file.stem for file in studio.paths.copies.rglob("*.safetensors")] == ["kept"]
