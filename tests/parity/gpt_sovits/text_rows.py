"""Golden texts beside what our front ends make of them."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.engines.gpt_sovits.text import chinese, symbols
from core.engines.gpt_sovits.text.assemble import front_end, segment_phones
from core.engines.gpt_sovits.text.phones import Language, Phones, Version
from core.engines.gpt_sovits.text.segment import MODES, stretches
from tests.parity.gpt_sovits import text_zh
from tests.parity.gpt_sovits.agreement import edit_distance
from tests.parity.gpt_sovits.text_faults import (
    fault_of,
    judged_otherwise,
    misjudged_characters,
    unknown_words,
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One text.

    Args:
        file: Which golden file it is from, without `text_`.
        language: Whose front end, or for whole segments the mode.
        text: As given.
        found: Our phones.
        wanted: The reference's phones.
        norm_text: As we read it, and as the reference did.
        is_aligned: Each character has its phones where the reference has them, or phones differ.
        fault: Why the row does not count, if so.
    """

    file: str
    language: str
    text: str
    found: tuple[str, ...]
    wanted: tuple[str, ...]
    norm_text: tuple[str, str]
    is_aligned: bool
    fault: str | None

    @functools.cached_property
    def distance(self) -> int:
        """How many phones must change to make one the other."""
        return edit_distance(self.found, self.wanted)


def load(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return rows


def text_folder(folder: Path) -> Path:
    """Where the golden texts lie: `text/` of a folder, or the folder itself."""
    return folder / "text" if (folder / "text").is_dir() else folder


def language_rows(
    path: Path, *, as_reference: bool, languages: Container[str] = ()
) -> Iterator[Row]:
    """The rows of a `text_<name>.json`, of all languages or of some."""
    file = path.stem.removeprefix("text_")
    for golden in load(path):
        text, language = golden["text"], golden["lang"]
        if languages and language not in languages:
            continue
        found = _read(text, language, file, as_reference)
        fault = fault_of(text, language)
        if language == "en" and fault is None and unknown_words(text):
            fault = UNKNOWN_WORDS
        yield Row(
            file=file,
            language=language,
            text=text,
            found=found.phones,
            wanted=tuple(golden["phones"]),
            norm_text=(found.norm_text, golden["norm_text"]),
            is_aligned=found.phones != tuple(golden["phones"])
            or found.word2ph is None
            or list(found.word2ph) == golden["word2ph"],
            fault=fault,
        )


UNKNOWN_WORDS = "a word of no dictionary"


def _read(text: str, language: Language, file: str, as_reference: bool) -> Phones:
    version: Version = "v1" if file == "v1" else "v2"
    if language == "zh" and "g2pwstub" in file:
        made = chinese.g2p(text, version, as_reference=as_reference, readings=text_zh.by_phrase)
    else:
        made = front_end(language)(text, version, as_reference=as_reference)
    return Phones(made.norm_text, symbols.known(made.phones, version), made.word2ph)


def assembly_rows(
    path: Path, *, as_reference: bool, modes: Container[str] = MODES
) -> Iterator[Row]:
    """The rows of `full_assembly.json`: whole segments in every mode, or in some."""
    names = symbols.symbols("v2")
    judged = {
        row["text"]: row["default_none"]
        for beside in sorted(path.parent.glob("langseg*.json"))
        for row in load(beside)
    }
    for golden in load(path):
        text, mode = golden["text"], golden["language"]
        if mode not in modes:
            continue
        found = segment_phones(text, mode, as_reference=as_reference)
        yield Row(
            file="full_assembly",
            language=mode,
            text=text,
            found=found.phones,
            wanted=tuple(names[number] for number in golden["ids"]),
            norm_text=(found.norm_text, golden["norm_text"]),
            is_aligned=golden["bert_shape"][1] == len(golden["ids"]),
            fault=_assembly_fault(text, mode, judged.get(text)),
        )


_OTHERS = {"auto": ("zh",), "auto_yue": ("zh", "yue")}
"""Languages besides English whose faults touch texts of a mode; for others, their own."""


def _assembly_fault(text: str, mode: str, judged: Sequence[Mapping[str, str]] | None) -> str | None:
    """Why a segment does not count.

    Args:
        text: The segment.
        mode: What it is said to be in.
        judged: How the reference parted it, where that is known.
    """
    is_misjudged = _is_misjudged(text) if judged is None else bool(judged_otherwise(text, judged))
    if mode.startswith("auto") and is_misjudged:
        return "single words are asked for their language"
    if mode in ("ja", "all_ja") and any(part.language == "zh" for part in stretches(text, "auto")):
        return "Chinese said to be Japanese, of which every dictionary knows other pieces"
    if mode == "en":
        fault = fault_of(text, "en")
    else:
        # English words in other text are read by English rules: no letters are dropped there.
        others = {"auto": ("zh",), "auto_yue": ("zh", "yue")}.get(
            mode, (mode.removeprefix("all_"),)
        )
        other_text = re.sub("[A-Za-z]+", "", text)
        fault = next(filter(None, (fault_of(other_text, language) for language in others)), None)
    return fault or (UNKNOWN_WORDS if unknown_words(text) else None)


def _is_misjudged(text: str) -> bool:
    doubtful = misjudged_characters(text)
    return any(
        is_doubtful and sign.isalnum() for sign, is_doubtful in zip(text, doubtful, strict=True)
    )


def agreement(rows: Sequence[Row]) -> float:
    """The share of phones that are the same, by edit distance; 1 for no rows."""
    total = sum(len(row.wanted) for row in rows)
    return 1.0 - sum(row.distance for row in rows) / total if total else 1.0
