"""The whole program with an engine that needs a model, and a hub on this computer to fetch it from.

`python -m tests.browser.with_models PORT HOME` serves until it is ended. The hub gives the second
half of each file only when HOME holds the file `go`; its address stands in the file `hub` there.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from app import ASSETS, open_studio
from core.hub.catalogue import Item, RemoteFile
from core.hub.hub import Hub
from core.paths import Paths
from core.settings import Settings
from tests.core.hub.fake_hub import REPOSITORY, REVISION, FakeHub
from tests.fakes import FOLDER, SINGER_CARD
from ui import page

FILES = {
    "alto/alto.tone": b"la" * 2_000_000,
    "reed/reed.bin": b"wood" * 300_000,
    "kana/kana.bin": b"kana" * 200_000,
}


def an_item(name: str, title: str, path: str, **more: tuple[str, ...]) -> Item:
    return Item(
        name=name,
        title=title,
        repository=REPOSITORY,
        revision=REVISION,
        licence="MIT",
        files=(
            RemoteFile(
                path=path,
                size_bytes=len(FILES[path]),
                sha256=hashlib.sha256(FILES[path]).hexdigest(),
            ),
        ),
        **more,
    )


ITEMS = (
    an_item("reed", "The reed (all voices need it)", "reed/reed.bin"),
    an_item("kana", "Kana (Japanese)", "kana/kana.bin"),
    an_item("alto", "Alto", "alto/alto.tone", needs=("reed",), wishes=("kana",)),
)


def main() -> None:
    port, home = int(sys.argv[1]), Path(sys.argv[2])
    notes = home / "fake"
    notes.mkdir()
    os.environ[FOLDER] = str(notes)

    def gate(n_sent: int) -> None:
        while n_sent > 700_000 and not (home / "go").exists():
            time.sleep(0.01)

    with FakeHub(dict(FILES), gate=gate).open() as hub:
        (home / "hub").write_text(hub.endpoint)

        def hubs(paths: Paths, _: Settings) -> Mapping[str, Hub]:
            return {"singer": Hub(paths.models, endpoint=hub.endpoint, items=ITEMS)}

        with open_studio(
            home, extra_cards=(SINGER_CARD,), packages=("core.engines", "tests"), hubs=hubs
        ) as studio:
            studio.open_for_people(ASSETS)
            _, address = page.launch(studio, port=port, open_browser=False)
            sys.stdout.write(f"Timbre is at {address}\n")
            sys.stdout.flush()
            while True:
                time.sleep(1.0)


if __name__ == "__main__":
    main()
