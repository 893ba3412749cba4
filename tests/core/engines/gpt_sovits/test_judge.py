"""g2pW beside a model: found, counted, used for Chinese, given back, and never in the way."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from core.engines.gpt_sovits import shelf as shelves
from core.engines.gpt_sovits.card import CARD
from core.engines.gpt_sovits.engine import GptSovits
from core.engines.gpt_sovits.networks import Networks
from core.engines.gpt_sovits.parts import FileParts
from core.engines.gpt_sovits.shelf import shelf
from core.engines.gpt_sovits.text.polyphone_files import MISSING_RUNTIME
from core.engines.gpt_sovits.text.polyphones import UNASKED
from core.engines.protocol import Utterance, Weights
from core.engines.registry import finder
from core.engines.shelves import Shelves
from tests import tiny_gpt_sovits
from tests.core.engines.gpt_sovits.test_engine import USUAL, demo

GOLDEN = Path(__file__).parents[3] / "golden" / "gpt_sovits" / "g2pw"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("models")
    tiny_gpt_sovits.make(made)
    return made


@pytest.fixture(scope="module")
def plain(folder: Path) -> Weights:
    return shelf([folder]).models[0]


@pytest.fixture
def judged(folder: Path, plain: Weights, tmp_path: Path) -> Weights:
    shutil.copytree(GOLDEN, tmp_path / "G2PWModel")
    return shelf([folder, tmp_path]).models[0]


def test_a_model_with_it_is_another_model_with_more_to_load_for_chinese(
    folder: Path, plain: Weights, judged: Weights, tmp_path: Path
) -> None:
    assert "g2pw" not in plain.files
    assert judged.files["g2pw"] == tmp_path / "G2PWModel"
    assert judged.digest != plain.digest
    assert judged.name == plain.name
    size = (GOLDEN / "g2pW.onnx").stat().st_size
    card = Shelves([folder, tmp_path], finder).with_model(CARD)
    assert card.cost is not None
    assert CARD.cost is not None

    def more(languages: list[str], device: str) -> int:
        assert card.cost is not None
        assert CARD.cost is not None
        with_it = card.cost.reading(languages, device).peak_bytes(10, 1)
        return with_it - CARD.cost.reading(languages, device).peak_bytes(10, 1)

    assert more(["zh"], "cpu") == round(2.1 * size)
    assert more(["en"], "cpu") == 0
    assert more(["zh"], "cuda") == 0, "it stays on the host"


def test_half_of_its_files_are_none_of_it(folder: Path, plain: Weights, tmp_path: Path) -> None:
    shutil.copytree(GOLDEN, tmp_path / "G2PWModel")
    (tmp_path / "G2PWModel" / "POLYPHONIC_CHARS.txt").unlink()
    found = shelf([folder, tmp_path])
    assert found.models[0] == plain
    assert found.problems == ()


def test_without_the_runtime_that_is_said_and_the_model_is_as_before(
    folder: Path, plain: Weights, judged: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves.polyphone_files, "has_runtime", lambda: False)
    found = shelf([folder, tmp_path])
    assert found.models[0] == plain
    assert found.problems == (MISSING_RUNTIME,)


def test_chinese_is_read_with_it_and_the_next_language_gives_it_back(judged: Weights) -> None:
    nets = Networks(FileParts(judged), "cpu", "fp32")
    nets.front_end("en")
    assert nets.late_bytes == 0
    readings = {
        nets.front_end("zh")(f"{left}还{right}", "v2").phones[2:4]
        for left in "你我他在大小" for right in "人山水火土木"
    }  # fmt: skip
    assert readings == {("h", "ai2"), ("h", "uan2")}, "not by phrase: that has one answer"
    assert nets.late_bytes == round(2.1 * (GOLDEN / "g2pW.onnx").stat().st_size)
    assert nets.reading_note == ""
    nets.keep_for(["en"])
    assert nets.late_bytes == 0


def test_a_network_that_fails_costs_a_note_and_nothing_else(judged: Weights) -> None:
    onnx = judged.files["g2pw"] / "g2pW.onnx"
    onnx.write_bytes(onnx.read_bytes()[:-300])
    session = GptSovits().load(judged, "cpu")
    prompt = session.prepare_from([demo()], None, None)

    def notes(text: str, language: str) -> list[str]:
        batch = [Utterance(text=text, language=language, seed=1)]
        return [piece.note for piece in session.speak(prompt, batch, USUAL, threading.Event())]

    (note,) = notes("今天还好", "zh")
    assert note, "the check of a model that babbles, or this"
    assert session._nets.reading_note == UNASKED
    assert notes("We went home.", "en") != [UNASKED]
    session.close()
