"""The doctor: what each finding says, and that every bad one says what to do."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core import doctor, selfcheck
from core.doctor import machine, parts
from core.engines.protocol import EngineCard, Shelf, Weights
from core.engines.registry import Registry
from core.errors import InputError
from core.memory import outside
from core.memory.device import TorchDevice, TorchReport
from core.memory.readings import DeviceReading, HostReading
from core.paths import Paths

GB = 10**9


def host(**changes: int | None) -> HostReading:
    values: dict[str, Any] = {
        "total_bytes": 16 * GB,
        "used_bytes": 4 * GB,
        "disk_free_bytes": 100 * GB,
    } | changes
    return HostReading(
        at_s=0.0, cpu_percent=None, n_cores=4, page_bytes=None, engine_bytes=None, **values
    )


def card(**changes: int | None) -> DeviceReading:
    values: dict[str, Any] = {"total_bytes": 8 * GB, "used_bytes": 2 * GB} | changes
    return DeviceReading(
        at_s=0.0,
        uuid="GPU-1",
        name="Card 8",
        ours_bytes=None,
        busy_percent=None,
        watts=None,
        limit_watts=None,
        celsius=None,
        **values,
    )


TORCH_CARD = TorchDevice(
    index=0,
    name="Card 8",
    uuid="GPU-1",
    total_bytes=8 * GB,
    free_bytes=6 * GB,
    capability=(8, 9),
    bf16=True,
)


def engine_card(name: str = "builtin", factory: str = "core.engines.nowhere:make") -> EngineCard:
    return EngineCard(
        name=name,
        title="An engine",
        version="1",
        languages=("en",),
        rate=24_000,
        reference_min_s=3,
        reference_best_s=10,
        reference_max_s=30,
        wants_transcript=False,
        max_chars=200,
        max_batch=1,
        knobs=(),
        factory=factory,
    )


def test_this_installation_is_examined_whole(tmp_path: Path) -> None:
    paths = Paths.default(tmp_path / "a home with spaces")
    findings = doctor.examine(paths, Registry().cards())
    by_area = {finding.area: finding for finding in findings}
    assert {
        *("System", "Packages", "Memory", "Disk", "Data folder", "Graphics card", "torch"),
        *("Log", "Engine builtin", "Engine gpt_sovits", "Models of GPT-SoVITS", "Reading audio"),
    } == set(by_area)
    missing = [finding for finding in findings if finding.state == "missing"]
    assert missing == [], "what the tests run on is complete"
    assert "gradio" in by_area["Packages"].text
    assert "can run" in by_area["Engine builtin"].text
    assert "can run" in by_area["Engine gpt_sovits"].text
    assert "download --engine gpt_sovits" in by_area["Models of GPT-SoVITS"].todo
    assert not list(paths.data.glob(".*")), "nothing is left behind"


def test_every_finding_that_is_missing_says_what_to_do(tmp_path: Path) -> None:
    no_folder = tmp_path / "file"
    no_folder.write_text("")

    def no_answer(*_: object, **__: object) -> dict[str, Any]:
        raise outside.NoAnswer("ended with code -11.")

    findings = [
        *parts.packages(["surely-not-installed>=1"]),
        machine.folder(no_folder / "data"),
        *machine.graphics((), "lost"),
        *parts.engine(engine_card(), no_answer),
        *parts.engine(engine_card("other"), no_answer),
    ]
    assert {finding.state for finding in findings} == {"missing"}
    assert all(finding.todo for finding in findings)


def test_of_an_engine_that_needs_a_model_only_the_code_is_loaded() -> None:
    asked = []

    def ask(command: tuple[str, ...], **_: object) -> dict[str, Any]:
        asked.append(command)
        return {"seconds": 0.5}

    card = replace(engine_card("other"), shelf="somewhere:find")
    (found,) = parts.engine(card, ask)
    assert found.state == "ok"
    assert asked[0][-2:] == ("code", card.factory)


def test_models_are_counted_and_what_lacks_says_how_to_get_it(tmp_path: Path) -> None:
    card = engine_card("other")
    (none,) = parts.models(card, Shelf(), tmp_path)
    assert (none.state, none.area) == ("note", "Models of An engine")
    assert str(tmp_path) in none.text
    assert none.todo == "Run: python app.py download --engine other"

    def model(name: str, *lacks: str) -> Weights:
        return Weights(name=name, files={}, digest=name, lacks=lacks)

    shelf = Shelf(
        models=(*(model(f"m{n}") for n in range(7)), model("half", "the reed")),
        problems=("“a.pth” is empty.",),
    )
    ok, half, problem = parts.models(card, shelf, tmp_path)
    assert (ok.state, ok.text) == ("ok", "7 can be loaded: m0, m1, m2, m3, m4 and 2 more")
    assert (half.text, half.state) == ("“half” lacks the reed", "note")
    assert problem.text == "“a.pth” is empty."
    assert half.todo
    assert problem.todo


def test_a_package_of_another_version_is_told_with_both() -> None:
    (ok, note) = parts.packages(["pytest", "hypothesis<1"])
    assert (ok.state, note.state) == ("ok", "note")
    assert "hypothesis" in note.text
    assert "<1" in note.text
    assert note.todo


def test_a_build_of_torch_for_one_device_is_the_version_that_is_wanted() -> None:
    installed = importlib.metadata.version("torch").split("+")[0]
    (found,) = parts.packages([f"torch=={installed}"])
    assert found.state == "ok"


@pytest.mark.parametrize(
    ("reading", "states"),
    [
        (host(), ("ok", "ok")),
        (host(used_bytes=16 * GB - 1), ("note", "ok")),
        (host(disk_free_bytes=1000), ("ok", "note")),
        (host(total_bytes=None, used_bytes=None, disk_free_bytes=None), ("note", "note")),
    ],
)
def test_little_room_is_a_note(reading: HostReading, states: tuple[str, str]) -> None:
    assert tuple(finding.state for finding in machine.memory(reading)) == states


def test_cards_are_told_with_their_memory_and_unknown_is_unknown() -> None:
    (known,) = machine.graphics((card(),), "ok")
    assert known.text == "Card 8, 6.0 GB free of 8.0 GB"
    (unknown,) = machine.graphics((card(total_bytes=None, used_bytes=None),), "ok")
    assert "unknown" in unknown.text
    (none,) = machine.graphics((), "none")
    assert none.state == "note"
    one_left, lost = machine.graphics((card(),), "lost")
    assert (one_left.state, lost.state) == ("ok", "missing")


@pytest.mark.parametrize(
    ("report", "has_card", "state", "told"),
    [
        (TorchReport(error="ModuleNotFoundError: torch"), False, "note", "runs without it"),
        (TorchReport(version="2.13.0", cuda="13.0"), False, "ok", "processor only"),
        (TorchReport(version="2.13.0+cpu"), True, "note", "no CUDA"),
        (TorchReport(version="2.13.0", cuda="13.0"), True, "note", "not usable"),
        (TorchReport(version="2.13.0", cuda="13.0", error="driver too old"), True, "note", "old"),
        (TorchReport(version="2.13.0", cuda="13.0", devices=(TORCH_CARD,)), True, "ok", "8.9"),
        (TorchReport(version="2.13.0", mps=True), False, "ok", "mps"),
    ],
)
def test_torch_is_judged_by_what_it_can_use(
    report: TorchReport, has_card: bool, state: str, told: str
) -> None:
    finding = machine.torch(report, has_card=has_card)
    assert finding.state == state
    assert told in finding.text
    assert bool(finding.todo) == (state == "note")


def test_an_engine_names_the_part_that_it_lacks() -> None:
    def ask(command: tuple[str, ...], *, timeout_s: float) -> dict[str, Any]:
        if command[-1] == "espeak":
            return {"error": "OSError: libespeak-ng.so: cannot open shared object file"}
        return {"seen": "fine"} if command[-2] == "part" else {"seconds": 0.1}

    (finding,) = parts.engine(engine_card(), ask)
    assert finding.state == "missing"
    assert "espeakng-loader" in finding.text
    assert "cannot open" in finding.text
    assert "espeakng-loader==" in finding.todo


def test_an_engines_own_words_are_kept_when_no_part_is_missing() -> None:
    def ask(command: tuple[str, ...], *, timeout_s: float) -> dict[str, Any]:
        if command[-2] == "part":
            return {"seen": "fine"}
        return {"error": "Its weights are not there.", "hint": "Fetch them on the Models tab."}

    (finding,) = parts.engine(engine_card(), ask)
    assert finding.state == "missing"
    assert "weights" in finding.text
    assert finding.todo == "Fetch them on the Models tab."


def test_the_parts_of_the_built_in_engine_are_here() -> None:
    for name in selfcheck.PARTS:
        answer = outside.ask(outside.module("core.selfcheck", "part", name), timeout_s=60)
        assert set(answer) == {"seen"}, answer


def test_a_part_that_is_not_installed_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyworld", None)
    assert "pyworld" in selfcheck.part("world")["error"]


def test_an_engine_that_refuses_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str) -> object:
        raise InputError("Too small.", "Grow.")

    monkeypatch.setattr(selfcheck.registry, "build", refuse)
    assert selfcheck.engine("core.engines.a:b") == {"error": "Too small.", "hint": "Grow."}


def test_chatter_of_a_library_does_not_spoil_the_answer() -> None:
    code = (
        "import os, sys\n"
        "from core import selfcheck\n"
        "def loud():\n"
        "    print('hello'); os.write(1, b'from C'); return 'fine'\n"
        "selfcheck.PARTS['world'] = loud\n"
        "sys.exit(selfcheck.main(['part', 'world']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=outside.ROOT, capture_output=True, check=True, timeout=60
    )
    assert json.loads(done.stdout) == {"seen": "fine"}


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    finding = machine.folder(tmp_path / "data")
    assert finding.state == "missing"
    assert os.fspath(tmp_path / "data") in finding.text


def test_a_device_that_is_asked_for_and_not_here_is_said() -> None:
    cards = Registry().cards()
    here = TorchReport(version="2.0", devices=(TORCH_CARD,))
    for wanted in ("auto", "cpu"):
        assert machine.asked_for(cards, wanted, here) == ()
    (unused,) = machine.asked_for(cards, "cuda", here)
    assert (unused.state, unused.text) == (
        "note",
        "Built-in does not use cuda: it runs on the processor.",
    )
    _, missing = machine.asked_for(cards, "cuda:3", here)
    assert (missing.state, missing.todo) == ("missing", "Leave --device out.")
    assert "cuda:3" in missing.text
