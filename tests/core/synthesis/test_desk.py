"""Which card is meant: not the first one, but the one that the engine runs on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.memory import budget
from core.memory.host import Host
from core.memory.monitor import Monitor
from core.memory.nvml import Nvml
from core.memory.picture import Split
from core.synthesis.desk import VISIBLE, MemoryDesk
from core.synthesis.host import EngineHost
from tests.core.memory.test_nvml import FakeLibrary
from tests.core.synthesis.test_memory import told
from tests.tiny_engine import TINY_CARD

GB = 1 << 30
FULL, EMPTY = "GPU-full", "GPU-empty"


class TwoCards(FakeLibrary):
    """The first of the driver's cards is nearly full."""

    def __init__(self) -> None:
        super().__init__((FULL, EMPTY))

    @staticmethod
    def _memory(handle: str, version: int | None = None) -> SimpleNamespace:
        return SimpleNamespace(total=24 * GB, used=(22 if handle == FULL else 2) * GB)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[EngineHost]:
    made = EngineHost(tmp_path / "engine.log", device="cuda", packages=("tests",))
    yield made
    made.close()


@pytest.fixture
def desk(tmp_path: Path, host: EngineHost) -> MemoryDesk:
    monitor = Monitor(
        engine_pid=lambda: None,
        data_folder=tmp_path,
        nvml=Nvml(TwoCards()),  # type: ignore[arg-type]
        host=Host(tmp_path),
    )
    return MemoryDesk(
        host=host, monitor=monitor, calibration=tmp_path / "c.json", demo=tmp_path / "none"
    )


class Running:
    """An engine process that has told on which card it is."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, uuid: str, ours_bytes: int) -> None:
        said = dataclasses.replace(
            told(0, 0), device="cuda", uuid=uuid, split=Split(ours_bytes=ours_bytes)
        )
        monkeypatch.setattr(EngineHost, "pid", 1)
        monkeypatch.setattr(EngineHost, "is_loaded", lambda *_: True)
        self.said = said


def usable(free_bytes: int) -> int:
    return free_bytes - budget.RESERVE_LINUX_BYTES


@pytest.mark.parametrize(("uuid", "free"), [(FULL, 2 * GB), (EMPTY, 22 * GB)])
def test_the_budget_is_of_the_card_that_the_engine_told(
    desk: MemoryDesk, host: EngineHost, monkeypatch: pytest.MonkeyPatch, uuid: str, free: int
) -> None:
    """Whatever CUDA_VISIBLE_DEVICES made of its number."""
    monkeypatch.setenv(VISIBLE, "1")
    host._memory.add(Running(monkeypatch, uuid, GB // 2).said)
    allowed = desk.budget_bytes(TINY_CARD)
    # What we hold ourselves is ours to use again; never more than its share of the whole.
    most = int(budget.FRACTION * 24 * GB)
    assert allowed == usable(min(most, free + GB // 2))


def test_a_card_that_the_driver_does_not_show_has_no_budget(
    desk: MemoryDesk, host: EngineHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    host._memory.add(Running(monkeypatch, "MIG-1", 0).said)
    assert desk.budget_bytes(TINY_CARD) is None


@pytest.mark.parametrize(
    ("visible", "free"),
    [
        (None, 2 * GB),  # not known which: better too little promised
        ("1", 2 * GB),  # CUDA's numbers are not NVML's
        (EMPTY, 22 * GB),
        ("GPU-emp", 22 * GB),
        (f"{FULL},{EMPTY}", 2 * GB),
    ],
)
def test_before_it_has_told_nothing_is_promised_that_may_not_be_there(
    desk: MemoryDesk, monkeypatch: pytest.MonkeyPatch, visible: str | None, free: int
) -> None:
    if visible is None:
        monkeypatch.delenv(VISIBLE, raising=False)
    else:
        monkeypatch.setenv(VISIBLE, visible)
    assert desk.budget_bytes(TINY_CARD) == usable(free)


def test_a_hidden_card_has_no_budget(desk: MemoryDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VISIBLE, "-1")
    assert desk.budget_bytes(TINY_CARD) is None
