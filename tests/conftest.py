"""What tests of the studio, the page and the command line share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest

from app import open_studio
from core.studio import Studio
from tests.fakes import FAKE_CARD, FOLDER

T = TypeVar("T")
ASSETS = Path(__file__).resolve().parent.parent / "assets"


def in_a_loop(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine in a thread of its own: a browser test may have left a loop in ours."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result()


@pytest.fixture
def real_studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    """A real studio on an empty home, with the tones engine beside the real one."""
    notes = tmp_path / "fake"
    notes.mkdir()
    monkeypatch.setenv(FOLDER, str(notes))
    with open_studio(
        tmp_path / "home", extra_cards=(FAKE_CARD,), packages=("core.engines", "tests")
    ) as opened:
        yield opened
