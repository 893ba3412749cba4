"""What it costs to refuse a file that is no recording.

`python -m benchmarks.hostile [--json]` makes every such file of `tests/core/audio/files.py` and an
hour of silence in few bytes, gives each to the product's own command `trim`, and expects exit code
2 with one sentence. Aims for each: 2 seconds and 300 MB, all processes counted.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks._measure import machine, measure
from tests.core.audio.files import BOMBS, HOSTILE, bomb

ROOT = Path(__file__).resolve().parents[1]
WALL_AIM_S = 2.0
PEAK_AIM_BYTES = 300_000_000
BOMB_S = 3600
# A command line cannot carry a zero byte.
UNSPEAKABLE = ("name with a zero byte",)


def main() -> int:
    """Print one line for each file, or one JSON object; 1 when an aim is missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", action="store_true")
    chosen = arguments.parse_args()
    makers: dict[str, Callable[[Path], Path]] = {
        name: maker for name, maker in HOSTILE.items() if name not in UNSPEAKABLE
    }
    for name in BOMBS:
        makers[f"an hour of {name}"] = partial(bomb, name=name, seconds=BOMB_S)
    rows = [row(name, maker) for name, maker in makers.items()]
    if chosen.json:
        print(json.dumps({"machine": machine(), "rows": rows}))
    else:
        print(f"{machine()}\n\n| file | wall | processor time | peak of all | said |")
        print("|---|---|---|---|---|")
        for each in rows:
            print(
                "| {name} | {wall_s:.2f} s | {cpu_s:.2f} s | {peak_mb:.0f} MB | {said} |".format(
                    **each
                )
            )
    return 0 if all(each["is_met"] for each in rows) else 1


def row(name: str, maker: Callable[[Path], Path]) -> dict[str, Any]:
    """Make one file and have it refused."""
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        given = Path(folder) / "given"
        given.mkdir()
        path = maker(given)
        environment = os.environ | {"OMP_NUM_THREADS": "1", "TIMBRE_HOME": f"{folder}/home"}
        cost = measure([sys.executable, ROOT / "app.py", "trim", path], env=environment)
    said = cost.stderr.strip()
    return {
        "name": name,
        "wall_s": cost.wall_s,
        "cpu_s": cost.cpu_s,
        "peak_mb": cost.peak_bytes / 1e6,
        "said": said[-300:],
        "is_met": cost.code == 2
        and "Traceback" not in said
        and cost.wall_s <= WALL_AIM_S
        and cost.peak_bytes <= PEAK_AIM_BYTES,
    }


if __name__ == "__main__":
    sys.exit(main())
