"""Text: cutting, languages and numbers of symbols equal; phones as near as the languages allow."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from core.engines.gpt_sovits.text import symbols
from core.engines.gpt_sovits.text.cut import cut_text, pre_seg_text
from core.engines.gpt_sovits.text.homographs import homographs_of_reference
from core.engines.gpt_sovits.text.phones import Version
from core.engines.gpt_sovits.text.segment import MODES, stretches
from core.errors import InputError
from tests.parity.gpt_sovits.text_faults import judged_otherwise, misjudged_characters
from tests.parity.gpt_sovits.text_rows import (
    UNKNOWN_WORDS,
    Row,
    agreement,
    assembly_rows,
    language_rows,
    load,
    text_folder,
)
from tests.parity.result import EXACT, Result, same

DISAGREEMENT: Mapping[str, float] = {"en": 0.01}
"""Share of phones that may differ, of the languages that have no part of their own: another edition
of the dictionary."""

MIXED = 0.03
"""For whole segments, in which several of these meet."""

UNKNOWN = 0.4
"""For texts with words of no dictionary: the reference's network guesses, our rules guess."""


def run(folder: Path) -> Iterator[Result]:
    texts = text_folder(folder)
    readers: tuple[tuple[str, Callable[[Path], Iterator[Result]]], ...] = (
        ("cut.json", cut),
        ("en_homographs.json", homographs),
        ("langseg*.json", languages),
        ("text_*.json", symbol_numbers),
        ("text_*.json", phones),
        ("full_assembly.json", assembly),
    )
    for pattern, reader in readers:
        for path in sorted(texts.glob(pattern)):
            yield from reader(path)


def cut(path: Path) -> Iterator[Result]:
    """Every way to cut every text, and its segments: equal."""
    for number, golden in enumerate(load(path)):
        for key, wanted in golden.items():
            case = f"text/cut/{number}/{key}"
            if key.startswith("pre_seg"):
                method, language = key.removeprefix("pre_seg_").split("_")
                found = _segments(golden["text"], language, method)
                # An error of the reference and an empty list both mean that there is no word.
                yield same(case, found, wanted if isinstance(wanted, list) else [])
            elif key != "text":
                yield same(case, cut_text(golden["text"], key), wanted)  # type: ignore[arg-type]


def _segments(text: str, language: str, method: Any) -> list[str]:
    try:
        return list(pre_seg_text(text, language, method, as_reference=True))
    except InputError:
        return []


def homographs(path: Path) -> Iterator[Result]:
    """Every homograph under every tag: equal."""
    wrong = [
        f"{golden['word']} as {golden['tag']}"
        for golden in load(path)
        if list(homographs_of_reference()[golden["word"]].said_as(golden["tag"]))
        != golden["phones"]
    ]
    yield _none("text/homographs", wrong)


def languages(path: Path) -> Iterator[Result]:
    """Stretches of one language: equal with a default; without one, where the reference knows."""
    rows = load(path)
    for key in rows[0]:
        if key == "text":
            continue
        default = key.removeprefix("default_")
        case = f"text/{path.stem}/{default}"
        if default == "none":
            yield _free_languages(case, rows)
            continue
        wrong = []
        for golden in rows:
            found = stretches(golden["text"], f"all_{default}", as_reference=True)  # type: ignore[arg-type]
            wanted = [(part["lang"], part["text"]) for part in golden[key]]
            if [(part.language, part.text) for part in found] != wanted:
                wrong.append(golden["text"])
        yield _none(case, wrong)


def _free_languages(case: str, rows: list[dict[str, Any]]) -> Result:
    """Languages per character, but for characters whose language the reference only guesses."""
    wrong, counted = [], 0
    for golden in rows:
        doubtful = misjudged_characters(golden["text"])
        counted += doubtful.count(False)
        if any(not doubtful[at] for at in judged_otherwise(golden["text"], golden["default_none"])):
            wrong.append(golden["text"])
    note = " | ".join(wrong[:3]) or f"{counted} characters"
    return Result(case=case, error=len(wrong), tolerance=EXACT, note=note)


def symbol_numbers(path: Path) -> Iterator[Result]:
    """Numbers of the reference's phones: equal."""
    version: Version = "v1" if path.stem == "text_v1" else "v2"
    found = [list(symbols.ids(golden["phones"], version)) for golden in load(path)]
    yield same(f"text/{path.stem}/ids", found, [golden["ids"] for golden in load(path)])


def phones(path: Path) -> Iterator[Result]:
    """Agreement of phones, per language."""
    rows = sorted(
        language_rows(path, as_reference=True, languages=DISAGREEMENT), key=lambda row: row.language
    )
    for language, group in groupby(rows, key=lambda row: row.language):
        yield from _agreements(f"text/{path.stem}/{language}", list(group), DISAGREEMENT[language])


def assembly(path: Path, modes: Container[str] = MODES) -> Iterator[Result]:
    """Agreement of whole segments, per mode."""
    found = assembly_rows(path, as_reference=True, modes=modes)
    rows = sorted(found, key=lambda row: row.language)
    for mode, group in groupby(rows, key=lambda row: row.language):
        yield from _agreements(f"text/{path.stem}/{mode}", list(group), MIXED)


def _agreements(case: str, rows: list[Row], tolerance: float) -> Iterator[Result]:
    counted = [row for row in rows if row.fault is None]
    misaligned = [row.text for row in rows if not row.is_aligned]
    yield _none(f"{case}/word2ph", misaligned)
    if counted:
        yield _agreement(case, counted, tolerance, len(rows))
    unknown = [row for row in rows if row.fault == UNKNOWN_WORDS]
    if unknown:
        yield _agreement(f"{case}/unknown_words", unknown, UNKNOWN, len(rows))


def _none(case: str, wrong: list[str]) -> Result:
    """How many are wrong; none may be."""
    return Result(case=case, error=len(wrong), tolerance=EXACT, note=" | ".join(wrong[:2]))


def _agreement(case: str, rows: list[Row], tolerance: float, of: int) -> Result:
    error = 1.0 - agreement(rows)
    worst = max(rows, key=lambda row: row.distance)
    note = f"{len(rows)} of {of} texts"
    if worst.distance:
        note += f"; {worst.distance} phones in {worst.text!r}"
    return Result(case=case, error=error, tolerance=tolerance, note=note)
