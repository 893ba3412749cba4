"""Every difference between our reading of the golden texts and the reference's.

    python -m tests.parity.gpt_sovits.text_report DIR [--own | --markdown]

First how much agrees per file and language: of all texts, of those that no known fault of the
reference touches, and of those whose words stand in a dictionary as well. Then text by text, with
the fault where one is known. With `--own`, what people hear: the readings without the reference's
mistakes. With `--markdown`, both in short, which is `docs/phonemes.md`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import groupby
from pathlib import Path

from core.engines.gpt_sovits.text.segment import stretches
from tests.parity.gpt_sovits.text_rows import (
    UNKNOWN_WORDS,
    Row,
    agreement,
    assembly_rows,
    language_rows,
    load,
    text_folder,
)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="text_report", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--own", action="store_true", help="without the reference's mistakes")
    parser.add_argument("--markdown", action="store_true", help="both, in short")
    options = parser.parse_args(arguments)
    if options.markdown:
        sys.stdout.write("\n".join(_document(text_folder(options.folder))) + "\n")
        return 0
    rows = list(_rows(text_folder(options.folder), as_reference=not options.own))
    if not rows:
        sys.stderr.write(f"No texts were found in {options.folder}.\n")
        return 2
    sys.stdout.write("\n".join(_report(rows, options.folder, options.own)) + "\n")
    return 0


def _report(rows: list[Row], folder: Path, own: bool) -> Iterator[str]:
    yield f"{'file':22} {'language':9} {'texts':>5} {'all':>8} {'no fault':>14} {'words known':>14}"
    for (file, language), group in groupby(rows, key=lambda row: (row.file, row.language)):
        yield _figures(file, language, list(group))
    for row in rows:
        if row.distance:
            yield from _difference(row)
    yield from _languages(text_folder(folder), as_reference=not own)


_INTRODUCTION = """\
# How GPT-SoVITS' phonemes differ from the reference's

Made by `python -m tests.parity.gpt_sovits.text_report tests/golden/gpt_sovits --markdown >
docs/phonemes.md`; without `--markdown` the same in full, text by text. Any other folder of golden
data will do.

Shares of phones that are equal, by edit distance, stress, tone and pitch included. *All*: every
text. *Without faults*: leaving out texts that the reference is known to read wrong, told by what
stands in them (`tests/parity/gpt_sovits/text_faults.py`). The reference's English was recorded with
every word taken for a noun, its Japanese with an older dictionary, and its words of no dictionary
come from a neural network; ours come from a table of letters and sounds that was made from the CMU
dictionary (how good it is: `python -m tests.parity.gpt_sovits.text_unknown`). What differs is
listed, each as `ours` / `the reference's`, with the fault where one is known."""

_AS_REFERENCE = """
## With the reference's mistakes

The switch `as_reference`, for comparison: the front ends, and whole segments in every mode
(`full_assembly`). There a mode says what a text is in, also where it is not."""

_OWN = """
## As people hear it

The default. It differs from the reference where that is wrong, and where several readings are
right: English homographs by their context, `a` as AH0, pauses at `;` and `:`, `NASA` as a word."""


def _document(texts: Path) -> Iterator[str]:
    yield _INTRODUCTION
    for title, as_reference in ((_AS_REFERENCE, True), (_OWN, False)):
        rows = list(_rows(texts, as_reference=as_reference))
        if not as_reference:
            rows = [row for row in rows if row.file != "full_assembly"]
        yield title
        yield ""
        yield "| file | language | texts | all | without faults | texts that differ |"
        yield "|---|---|---|---|---|---|"
        for (file, language), group in _by_file(rows):
            right = [row for row in group if row.fault in (None, UNKNOWN_WORDS)]
            differing = sum(row.distance > 0 for row in group)
            yield (
                f"| {file} | {language} | {len(group)} | {agreement(group):.2%}"
                f" | {agreement(right):.2%} of {len(right)} | {differing} |"
            )
        for (file, language), group in _by_file(rows):
            if any(row.distance for row in group):
                yield f"\n### {file}, {language}\n"
            yield from (_in_short(row) for row in group if row.distance)


def _by_file(rows: list[Row]) -> Iterator[tuple[tuple[str, str], list[Row]]]:
    for key, group in groupby(rows, key=lambda row: (row.file, row.language)):
        yield key, list(group)


def _in_short(row: Row) -> str:
    differences = "; ".join(
        f"`{ours or '–'}` / `{theirs or '–'}`" for ours, theirs in _changes(row)
    )
    fault = f" *({row.fault})*" if row.fault else ""
    text = row.text.replace("\n", " ").replace("|", "\\|")
    return f"- {text}{fault}: {differences}"


def _changes(row: Row) -> Iterator[tuple[str, str]]:
    """What stands in ours where the reference has something else."""
    matcher = SequenceMatcher(a=row.found, b=row.wanted, autojunk=False)
    for what, a, b, c, d in matcher.get_opcodes():
        if what != "equal":
            yield " ".join(row.found[a:b]), " ".join(row.wanted[c:d])


def _rows(texts: Path, *, as_reference: bool) -> Iterator[Row]:
    for path in sorted(texts.glob("text_*.json")):
        yield from sorted(
            language_rows(path, as_reference=as_reference), key=lambda row: row.language
        )
    for path in sorted(texts.glob("full_assembly.json")):
        yield from sorted(
            assembly_rows(path, as_reference=as_reference), key=lambda row: row.language
        )


def _figures(file: str, language: str, rows: list[Row]) -> str:
    right = [row for row in rows if row.fault in (None, UNKNOWN_WORDS)]
    known = [row for row in rows if row.fault is None]
    return (
        f"{file:22} {language:9} {len(rows):5} {agreement(rows):8.2%}"
        f" {agreement(right):8.2%} ({len(right):3}) {agreement(known):8.2%} ({len(known):3})"
    )


def _difference(row: Row) -> Iterator[str]:
    yield ""
    fault = f"  [{row.fault}]" if row.fault else ""
    yield f"{row.file} {row.language}, {row.distance} of {len(row.wanted)} phones{fault}"
    yield f"  text  {row.text!r}"
    if row.norm_text[0] != row.norm_text[1]:
        yield f"  read  {row.norm_text[0]!r}"
        yield f"  ref.  {row.norm_text[1]!r}"
    for ours, theirs in _changes(row):
        yield f"        {ours or '-'}  for  {theirs or '-'}"


def _languages(texts: Path, *, as_reference: bool) -> Iterator[str]:
    for path in sorted(texts.glob("langseg*.json")):
        for golden in load(path):
            for key in golden:
                if key == "text":
                    continue
                mode = "auto" if key == "default_none" else key.replace("default", "all")
                made = stretches(golden["text"], mode, as_reference=as_reference)  # type: ignore[arg-type]
                found = " | ".join(f"{part.language}:{part.text}" for part in made)
                wanted = " | ".join(f"{part['lang']}:{part['text']}" for part in golden[key])
                if found != wanted:
                    yield f"\nlanguages, {mode}\n  ours  {found}\n  ref.  {wanted}"


if __name__ == "__main__":
    sys.exit(main())
