"""What it costs to save a long text as one file: memory must not grow with its length.

`python -m benchmarks.assemble [--segments 200,2000] [--formats flac,mp3,opus] [--json]` makes
segments of 2 to 5 seconds from the demo voice at 24 kHz and assembles them in the product's own
child process.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import soundfile
import soxr

from benchmarks._measure import machine
from core.audio import child

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "assets" / "demo_voice.flac"
RATE = 24_000


def main() -> int:
    """Print one line for each number of segments and format, or one JSON object."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--segments", default="200,2000")
    arguments.add_argument("--formats", default="flac,mp3,opus")
    arguments.add_argument("--json", action="store_true")
    chosen = arguments.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="assemble-") as name:
        files = write_segments(Path(name))
        for form in chosen.formats.split(","):
            for count in map(int, chosen.segments.split(",")):
                segments = [(str(files[n % len(files)]), 0.4) for n in range(count)]
                rows.append(row(segments, form, Path(name) / f"take.{form}"))
    if chosen.json:
        print(json.dumps({"machine": machine(), "rows": rows}))
    else:
        print(f"{machine()}\n\n| format | segments | sound | wall | processor | peak | loudness |")
        print("|---|---|---|---|---|---|---|")
        for each in rows:
            print(
                "| {format} | {segments} | {seconds:.0f} s | {wall_s:.1f} s | {cpu_s:.1f} s "
                "| {peak_mb:.0f} MB | {loudness_lufs:.2f} LUFS, {true_peak_db:.2f} dBTP |".format(
                    **each
                )
            )
    return 0


def row(segments: list[tuple[str, float]], form: str, target: Path) -> dict[str, Any]:
    """Assemble once, in a process of its own so that its child's peak is known alone."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        begun_s = time.perf_counter()
        made = child.run(
            "assemble",
            {
                "segments": segments,
                "rate": RATE,
                "target": str(target),
                "format": form,
                "target_lufs": -18.0,
                "ceiling_db": -1.0,
                "tags": {},
            },
            limits=child.Limits(cpu_s=3600, wall_s=3600),
        )
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        said = {
            "format": form,
            "segments": len(segments),
            "wall_s": time.perf_counter() - begun_s,
            "cpu_s": used.ru_utime + used.ru_stime,
            "peak_mb": used.ru_maxrss * 1024 / 1e6,
            **{key: made[key] for key in ("seconds", "loudness_lufs", "true_peak_db")},
        }
        with os.fdopen(writer, "w") as pipe:
            json.dump(said, pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    result: dict[str, Any] = json.loads(said)
    return result


def write_segments(folder: Path) -> list[Path]:
    """Twenty stretches of the demo voice."""
    voice, own = soundfile.read(DEMO, dtype="float32")
    voice = soxr.resample(voice, own, RATE)
    files = []
    for n in range(20):
        start_s, seconds = 0.25 * n, 2.0 + 3.0 * (n % 4) / 3
        files.append(folder / f"segment-{n}.flac")
        piece = voice[round(start_s * RATE) : round((start_s + seconds) * RATE)]
        soundfile.write(files[-1], piece, RATE, subtype="PCM_16")
    return files


if __name__ == "__main__":
    sys.exit(main())
