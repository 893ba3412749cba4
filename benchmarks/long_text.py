"""Long text from end to end: is time linear, and is memory flat in both processes?

`python -m benchmarks.long_text [--chars 100000] [--json]` speaks a text of a tenth, a half and
the whole of that length through the real studio (store, engine process, export), and prints for
each the time per character against the shortest, the growth of resident memory per 100 segments
(Theil-Sen slope over the second half of the run) of this process and of the engine's, and the
time to the first sound with the engine already loaded.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from scipy.stats import theilslopes

from app import open_studio
from benchmarks._measure import machine
from core.events import SegmentReady
from core.jobs.job import SpeakRequest
from core.studio import Studio

ASSETS = Path(__file__).resolve().parent.parent / "assets"
STORY = (
    "The house stood at the end of the lane, where the trees gave way to open fields. "
    "Nobody had lived there for {n} years, or so the people of the village said; but on some "
    "evenings, when the wind came from the west, a light was seen in the upper window. "
    "“It is only the sun,” said the baker. “The sun does not walk from room to room,” said his "
    "daughter, and she went on counting her {n} marbles.\n\n"
)


def text_of(n_chars: int) -> str:
    """A text of about `n_chars` whose sentences are not all the same."""
    parts: list[str] = []
    total = 0
    while total < n_chars:
        parts.append(STORY.format(n=len(parts) + 2))
        total += len(parts[-1])
    return "".join(parts)[:n_chars]


def run(studio: Studio, voice_id: str, n_chars: int) -> dict[str, Any]:
    page = psutil.Process()
    began = time.perf_counter()
    job = studio.submit(SpeakRequest(text=text_of(n_chars), voice_id=voice_id))
    planned_s = time.perf_counter() - began
    first_s: float | None = None
    page_bytes: list[int] = []
    engine_bytes: list[int] = []
    sound_s = 0.0
    for event in studio.watch(job.id):
        if isinstance(event, SegmentReady):
            first_s = first_s or time.perf_counter() - began
            sound_s += event.seconds
            page_bytes.append(page.memory_info().rss)
            engine_bytes.append(studio.monitor().host.engine_bytes or 0)
    wall_s = time.perf_counter() - began
    exported = time.perf_counter()
    take = studio.export(job.id)
    export_s = time.perf_counter() - exported
    assert len(studio.progress(job.id)) == len(job.plan.segments)
    studio.delete_job(job.id)
    take.path.unlink()
    return {
        "chars": n_chars,
        "segments": len(job.plan.segments),
        "sound_s": round(sound_s, 1),
        "wall_s": round(wall_s, 1),
        "planned_s": round(planned_s, 2),
        "first_sound_s": round(first_s or 0.0, 2),
        "export_s": round(export_s, 1),
        "page_mib": round(page_bytes[-1] / 2**20),
        "engine_mib": round(engine_bytes[-1] / 2**20),
        "page_growth_mib_per_100": _slope(page_bytes),
        "engine_growth_mib_per_100": _slope(engine_bytes),
    }


def _slope(rss: list[int]) -> float:
    """MiB per 100 segments over the second half, when caches are warm."""
    half = rss[len(rss) // 2 :]
    return round(float(theilslopes(half).slope) * 100 / 2**20, 3)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--chars", type=int, default=100_000)
    arguments.add_argument("--json", action="store_true")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as home, open_studio(Path(home)) as studio:
        studio.open_for_people(ASSETS)
        voice = studio.voices()[0]
        run(studio, voice.id, 600)  # loads the engine; not counted
        rows = [run(studio, voice.id, round(given.chars * s)) for s in (0.1, 0.5, 1.0)]
    shortest = rows[0]["wall_s"] / rows[0]["chars"]
    for row in rows:
        row["time_per_char_ratio"] = round(row["wall_s"] / row["chars"] / shortest, 3)
        row["real_time_factor"] = round(row["wall_s"] / row["sound_s"], 4)
    if given.json:
        print(json.dumps({"machine": machine(), "rows": rows}))
        return 0
    print(machine())
    for row in rows:
        print(" ".join(f"{name}={value}" for name, value in row.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
