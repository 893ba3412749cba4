"""Walks a folder of golden data and says how far our numbers are from it.

    python -m tests.parity gpt_sovits DIR [--only PART] [--json]

Exit code 0 when all pass, 1 when one fails, 2 when there is nothing to compare.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.parity.result import Result

ENGINES = ("gpt_sovits",)


def walk(engine: str, folder: Path, only: str | None = None) -> Iterator[Result]:
    """Results of every part. What breaks is a failed case, so that the others still run."""
    parts: Sequence[str] = importlib.import_module(f"tests.parity.{engine}").PARTS
    for part in parts:
        if only not in (None, part):
            continue
        try:
            module = importlib.import_module(f"tests.parity.{engine}.{part}")
            yield from module.run(folder)
        except Exception as error:
            # The edge of this program: a case that cannot be computed has not passed.
            note = f"{type(error).__name__}: {error}"
            yield Result(case=f"{part}/", error=math.inf, tolerance=0.0, note=note)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.parity", description=__doc__)
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", help="one part")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        print(f"There is no folder {options.folder}.", file=sys.stderr)
        return 2
    results = []
    for result in walk(options.engine, options.folder, options.only):
        results.append(result)
        if not options.json:
            print(_line(result), flush=True)
    if options.json:
        print(json.dumps([_plain(result) for result in results]))
    elif results:
        print(f"{sum(r.passed for r in results)} of {len(results)} cases pass.")
    if not results:
        print(f"No case was found in {options.folder}.", file=sys.stderr)
        return 2
    return 0 if all(result.passed for result in results) else 1


def _line(result: Result) -> str:
    verdict = "pass" if result.passed else "FAIL"
    line = f"{verdict}  {result.error:9.2e} of {result.tolerance:7.0e}  {result.case}"
    return f"{line}  ({result.note})" if result.note else line


def _plain(result: Result) -> dict[str, object]:
    # JSON has no infinity.
    error = result.error if math.isfinite(result.error) else None
    return {
        "case": result.case,
        "error": error,
        "tolerance": result.tolerance,
        "pass": result.passed,
    }


if __name__ == "__main__":
    sys.exit(main())
