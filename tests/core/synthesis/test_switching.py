"""Going from one model to another and back, many times: nothing of the one before stays."""

from __future__ import annotations

import dataclasses
import gc
import os
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from core.engines.gpt_sovits.engine import GptSovits
from core.engines.protocol import EngineCard, Reference, Utterance
from core.synthesis.host import EngineHost
from core.synthesis.resident import Resident
from tests import fakes, tiny_gpt_sovits
from tests.core.engines.gpt_sovits.test_engine import USUAL, demo
from tests.fakes import SINGER_CARD, find_tones, is_running, notes, reference

pytestmark = pytest.mark.skipif(
    not Path("/proc/self").exists(), reason="looks at processes through /proc"
)
N = 20


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EngineHost]:
    monkeypatch.setenv(fakes.FOLDER, str(tmp_path))
    made = EngineHost(tmp_path / "engine.log", packages=("core.engines", "tests"))
    yield made
    made.close()


def test_the_page_keeps_nothing_of_a_model_that_another_took_the_place_of(
    host: EngineHost, tmp_path: Path
) -> None:
    (tmp_path / "alto.tone").write_text("la")
    (tmp_path / "bass.tone").write_text("lo")
    cards = [
        dataclasses.replace(SINGER_CARD, weights=model) for model in find_tones([tmp_path]).models
    ]
    held: list[tuple[int, int, int]] = []
    pids: list[int] = []
    # What Python and numpy hold, not what is resident: other tests have been in this process, and
    # its allocator takes back what they left whenever it likes.
    tracemalloc.start()
    try:
        for n in range(N):
            _spoken(host, cards[n % 2])
            assert host.pid is not None
            pids.append(host.pid)
            gc.collect()
            traced_bytes, _ = tracemalloc.get_traced_memory()
            held.append((n_open(), threading.active_count(), traced_bytes))
    finally:
        tracemalloc.stop()
    assert len(set(pids)) == N, "one process for each model: nothing can stay in it"
    assert not any(is_running(pid) for pid in pids[:-1])
    assert len({(files, threads) for files, threads, _ in held}) == 1
    # 1.5 kB seen; one reference kept each time would be 15 times 64 kB.
    assert held[-1][2] - held[4][2] < 1 << 19
    assert notes("load") == ["load cpu alto", "load cpu bass"] * (N // 2)
    assert len(notes("prepare")) == N, "a prompt is its model's own"


def _spoken(host: EngineHost, card: EngineCard) -> None:
    batch = [Utterance(text="Hello.", language="en", seed=1)]
    pieces = list(
        host.speak(card, reference(2.0), batch, {"speed": 1.0, "pitch": 0.0}, threading.Event())
    )
    assert len(pieces) == 1


def n_open() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_an_engine_that_was_closed_leaves_no_tensor_no_file_and_no_memory(tmp_path: Path) -> None:
    models = [
        dataclasses.replace(tiny_gpt_sovits.make(tmp_path / name), digest=name) for name in "ab"
    ]
    held: list[tuple[int, int]] = []
    resident: list[int] = []
    for n in range(N + 4):
        language, text = ("en", "We went home.") if n % 4 < 2 else ("zh", "今天天气很好")
        model = dataclasses.replace(models[n % 2], copies=tmp_path / "copies")
        session = GptSovits().load(model, "cpu")
        prompt = session.prepare(
            Reference(audio=demo(), transcript="Hello there", language="en", digest="d")
        )
        batch = [Utterance(text=text, language=language, seed=1)]
        assert list(session.speak(prompt, batch, USUAL, threading.Event()))
        session.close()
        del session, prompt
        gc.collect()
        held.append((tensor_bytes(), n_open()))
        resident.append(Resident().live_bytes())
    assert len(set(held[4:])) == 1
    # Seen: 0.8 MB in 20 rounds, tables of Chinese words that jieba fills; a kept model has 3 MB.
    assert resident[-1] - resident[3] < 8 << 20


def tensor_bytes() -> int:
    return sum(
        each.nbytes for each in gc.get_objects() if type(each) in (torch.Tensor, torch.nn.Parameter)
    )
