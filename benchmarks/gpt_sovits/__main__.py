"""Speed and memory of GPT-SoVITS at full size.

    python -m benchmarks.gpt_sovits [--only SECTION] [--quick] [--threads N] [--json]

Weights are random, by the recipe of the golden data, rounded to float16 as published files are.
The reference implementation cannot be run here: where it says "plain", a straightforward
implementation of the same formulas stands for it, in the same run on the same machine. With one
thread, times are of the processor and not of the wall: where other programs run, that is fairer.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import os
import sys

import torch

from benchmarks._measure import machine
from benchmarks.gpt_sovits._figure import Figure
from core.memory.heap import HEAP_ENVIRONMENT

SECTIONS = ("semantic", "decoder", "first", "ssl")
"""Modules of this package; `run(quick)` yields figures."""
ASKED_FOR = ("whole",)
"""Likewise, but only where it is asked for by name: a quarter of an hour."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpt_sovits", description=__doc__)
    parser.add_argument("--only", choices=(*SECTIONS, *ASKED_FOR))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not HEAP_ENVIRONMENT.items() <= os.environ.items():
        # As an engine's process has its memory; read when a process starts.
        words = [sys.executable, "-m", "benchmarks.gpt_sovits", *sys.argv[1:]]
        os.execve(sys.executable, words, {**os.environ, **HEAP_ENVIRONMENT})
    torch.set_num_threads(options.threads)
    if not options.json:
        print(f"{machine()}; torch {torch.__version__}, {options.threads} threads")
    figures = []
    for section in SECTIONS if options.only is None else (options.only,):
        if not options.json:
            print(f"\n{section}")
        for figure in importlib.import_module(f"benchmarks.gpt_sovits.{section}").run(
            options.quick
        ):
            figures.append({"section": section} | dataclasses.asdict(figure))
            if not options.json:
                print(_line(figure), flush=True)
    if options.json:
        print(json.dumps({"machine": machine(), "threads": options.threads, "figures": figures}))


def _line(figure: Figure) -> str:
    line = f"  {figure.name:58} {figure.value:9.4g} {figure.unit}"
    if figure.plain is not None:
        line += f", plain {figure.plain:.4g}"
    if figure.ratio is not None:
        line += f": {figure.ratio:.2f} x"
    if figure.aim is not None:
        line += f" (aim {figure.aim})"
    return line


if __name__ == "__main__":
    main()
