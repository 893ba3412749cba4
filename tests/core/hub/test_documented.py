"""The page on models says what the catalogue says."""

from __future__ import annotations

import re
from pathlib import Path

from core.hub.catalogue import ITEMS, REVISION

TEXT = (Path(__file__).parents[3] / "docs" / "models.md").read_text(encoding="utf-8")


def test_every_item_is_documented_with_its_size_and_licence() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| .+ \| (about )?(\d+) MB \| ([\w.-]+) \|$", TEXT, re.M)
    assert {name: (not about, int(size), licence) for name, about, size, licence in rows} == {
        one.name: (
            all(file.is_exact for file in one.files),
            round(one.size_bytes / 1e6),
            one.licence,
        )
        for one in ITEMS
    }
    assert REVISION[:8] in TEXT
