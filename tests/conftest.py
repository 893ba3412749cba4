"""What tests of the studio, the page and the command line share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app import open_studio
from core.studio import Studio
from tests.fakes import FAKE_CARD, FOLDER

ASSETS = Path(__file__).resolve().parent.parent / "assets"


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
