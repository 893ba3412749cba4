"""What it costs to find the best seconds of a long recording.

`python -m benchmarks.trim [--minutes 10] [--formats wav,mp3] [--json]` builds recordings of that
length from the demo voice (pieces of it between pauses of many lengths, over a low hiss), and runs
the product's own command `trim` on each, in processes of its own, all of which are counted.
Aims for ten minutes: at most 5 seconds of processor time and 300 MB.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from benchmarks._measure import Cost, machine, measure

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "assets" / "demo_voice.flac"
CPU_AIM_S = 5.0
PEAK_AIM_BYTES = 300_000_000
AIM_MINUTES = 10.0


def main() -> int:
    """Print one line for each format, or one JSON object; 1 when an aim is missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=AIM_MINUTES)
    arguments.add_argument("--formats", default="wav,flac,mp3")
    arguments.add_argument("--json", action="store_true")
    chosen = arguments.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="trim-") as name:
        folder = Path(name)
        for form in chosen.formats.split(","):
            recording = folder / f"long.{form}"
            write_long(recording, minutes=chosen.minutes)
            idle = run(folder, "plan", "--text", "One.", "--json")
            cost = run(folder, "trim", str(recording), "--json")
            rows.append(row(form, recording, cost, idle))
    if chosen.json:
        print(json.dumps({"machine": machine(), "minutes": chosen.minutes, "rows": rows}))
    else:
        print(f"{machine()}; {chosen.minutes:g} minutes\n")
        print("| format | file | processor time | of it start-up | wall | peak of all | kept |")
        print("|---|---|---|---|---|---|---|")
        for each in rows:
            print(
                "| {format} | {file_mb:.0f} MB | {cpu_s:.2f} s | {start_cpu_s:.2f} s "
                "| {wall_s:.2f} s | {peak_mb:.0f} MB | {span} |".format(**each)
            )
    return 0 if all(each["is_met"] for each in rows) else 1


def row(form: str, recording: Path, cost: Cost, idle: Cost) -> dict[str, Any]:
    """One measured format.

    Args:
        form: Of the file.
        recording: The file.
        cost: Of `trim`.
        idle: Of a command that hardly does anything: what starting the program costs.
    """
    if cost.code != 0:
        raise RuntimeError(f"trim ended with code {cost.code}: {cost.stderr[-2000:]}")
    span = json.loads(cost.stdout)["span"]
    return {
        "format": form,
        "file_mb": recording.stat().st_size / 1e6,
        "cpu_s": cost.cpu_s,
        "start_cpu_s": idle.cpu_s,
        "wall_s": cost.wall_s,
        "peak_mb": cost.peak_bytes / 1e6,
        "largest_process_mb": cost.peak_one_bytes / 1e6,
        "span": f"{span['start_s']:.1f} to {span['stop_s']:.1f} s",
        "is_met": cost.cpu_s <= CPU_AIM_S and cost.peak_bytes <= PEAK_AIM_BYTES,
    }


def run(folder: Path, *words: str) -> Cost:
    """One command of the product on a home of its own, on one core."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TIMBRE_HOME": str(folder / "home")}
    return measure([sys.executable, ROOT / "app.py", *words], cwd=folder, env=environment)


def write_long(target: Path, *, minutes: float) -> None:
    """Pieces of the demo voice at many levels, pauses between them, hiss below; same every time."""
    voice, rate = soundfile.read(DEMO, dtype="float32")
    random = np.random.default_rng(7)
    n_left = round(minutes * 60 * rate)
    with soundfile.SoundFile(target, "w", rate, 1) as file:
        while n_left > 0:
            n_piece = int(random.uniform(2.0, 9.0) * rate)
            begin = int(random.integers(0, max(1, voice.size - n_piece)))
            piece = voice[begin : begin + n_piece] * random.uniform(0.2, 1.0)
            pause = np.zeros(int(random.uniform(0.2, 3.0) * rate), dtype=np.float32)
            sound = np.concatenate([piece, pause])[:n_left]
            sound += random.normal(0.0, 10 ** (-60 / 20), sound.size)
            file.write(sound.astype(np.float32))
            n_left -= sound.size


if __name__ == "__main__":
    sys.exit(main())
