"""What GPT-SoVITS finds in folders: which files belong together, and what they lack; torch-free.

    models = find([Path("models"), downloads])
    for pair in pairs(models):          # best first
        pair.name, pair.version, pair.digest, pair.lacks
    files.load_semantic(pair.s1), files.load_synthesiser(pair.s2) ...   # in the engine process

What a file is, its content decides (SPEC 1.1 to 1.3 of the authors' formats), never its name: a
file that says it is something else than it holds is not believed. Nothing in it is run.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from core.engines.gpt_sovits.identity import (
    BERT,
    HUBERT,
    POLYPHONES,
    SPEAKER,
    VERSIONS,
    WEIGHTS,
    ModelFile,
    examined,
)
from core.engines.gpt_sovits.text import polyphone_files

DEPTH_MAX = 8
ENTRIES_MAX = 50_000
FILES_MAX = 2_000
"""Bounds of a search: somebody may point it at a whole disk."""
SUFFIXES = frozenset({".ckpt", ".pth", ".pt", ".safetensors"})
_BY_NAME = frozenset({"config.json", polyphone_files.NETWORK})


@dataclass(frozen=True, kw_only=True)
class SharedFiles:
    """What all voices use.

    Args:
        hubert: Folder of the network that hears.
        bert: Folder of the network that reads Chinese, with its tokeniser.
        sv: File of the network that knows speakers.
        polyphones: Folder of the network that tells readings of Chinese characters apart.
    """

    hubert: Path | None = None
    bert: Path | None = None
    sv: Path | None = None
    polyphones: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Models:
    """All that was found.

    Args:
        s1: Semantic models, in the order of their names.
        s2: Synthesisers, the same way.
        shared: The networks that all use.
        problems: A sentence for each file that cannot be used, and for a search cut short.
    """

    s1: tuple[ModelFile, ...] = ()
    s2: tuple[ModelFile, ...] = ()
    shared: SharedFiles = SharedFiles()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A voice that can speak, as soon as nothing is lacking.

    Args:
        name: For people.
        s1: Its semantic model.
        s2: Its synthesiser.
        shared: The networks that all use.
        digest: Of both contents: an identifier that stays as long as they do.
        lacks: Names (`HUBERT`, `SPEAKER`) of what it cannot speak without and was not found.
        wishes: Names (`BERT`) of what only some of its languages need and was not found.
    """

    name: str
    s1: ModelFile
    s2: ModelFile
    shared: SharedFiles
    digest: str
    lacks: tuple[str, ...]
    wishes: tuple[str, ...]

    @property
    def version(self) -> str:
        return self.s2.version

    @property
    def is_official(self) -> bool:
        return self.version in self.s1.official and self.version in self.s2.official

    @property
    def needs(self) -> str:
        """Of what it lacks, as words after its name; empty where it lacks nothing."""
        return f"needs {' and '.join(self.lacks)}" if self.lacks else ""


def find(folders: Sequence[Path]) -> Models:
    """Look through folders and what is in them. Never fails: what is wrong is a sentence.

    Args:
        folders: Of the person's own voices, of downloads; one that is not there is empty.
    """
    problems: list[str] = []
    found: dict[str, ModelFile] = {}
    hubert: list[Path] = []
    bert: list[Path] = []
    sv: list[Path] = []
    judges: list[Path] = []
    for path, status in _walk(folders, problems):
        if path.name == "config.json":
            kind = _network(path)
            if kind is not None:
                (hubert if kind == HUBERT else bert).append(path.parent)
            continue
        if path.name == polyphone_files.NETWORK:
            if polyphone_files.is_complete(path.parent):
                judges.append(path.parent)
            continue
        known = examined(path, status.st_size, status.st_mtime_ns)
        if isinstance(known, ModelFile):
            found.setdefault(known.digest, known)
        elif known == SPEAKER:
            sv.append(path)
        elif known:
            problems.append(known)
    files = sorted(found.values(), key=lambda file: (file.name.casefold(), file.path))
    return Models(
        s1=tuple(file for file in files if file.part == "s1"),
        s2=tuple(file for file in files if file.part == "s2"),
        shared=SharedFiles(
            hubert=_best(hubert, HUBERT),
            bert=_best(bert, BERT),
            sv=_best(sv, SPEAKER),
            polyphones=_best(judges, POLYPHONES),
        ),
        problems=tuple(problems),
    )


def pairs(models: Models) -> tuple[Pair, ...]:
    """Every semantic model with every synthesiser of its family.

    The official pairs come first, then those that look trained together, then the others.
    """
    made = [
        _pair(s1, s2, models.shared)
        for s2 in models.s2
        for s1 in models.s1
        if s1.family == s2.family
    ]
    return tuple(sorted(made, key=_rank))


def _pair(s1: ModelFile, s2: ModelFile, shared: SharedFiles) -> Pair:
    lacks: tuple[str, ...] = () if shared.hubert else (HUBERT,)
    if s2.version in ("v2Pro", "v2ProPlus") and shared.sv is None:
        lacks += (SPEAKER,)
    is_official = s2.version in s1.official and s2.version in s2.official
    return Pair(
        name=f"{s2.version} (official)" if is_official else f"{s1.name} + {s2.name}",
        s1=s1,
        s2=s2,
        shared=shared,
        digest=blake2b(f"{s1.digest} {s2.digest}".encode(), digest_size=16).hexdigest(),
        lacks=lacks,
        wishes=() if shared.bert else (BERT,),
    )


def _rank(pair: Pair) -> tuple[int, int, int, str, int, str]:
    """Later versions and later epochs first."""
    version = -VERSIONS.index(pair.version)
    own, other = _speaker(pair.s1.name), _speaker(pair.s2.name)
    group = 0 if pair.is_official else 1 if own == other else 2 if not pair.s2.official else 3
    epochs = _epoch(pair.s1.name) + _epoch(pair.s2.name)
    return (group, version, not pair.s1.official, other, -epochs, pair.name)


def _speaker(name: str) -> str:
    """Whose voice a file is, by the names that the authors' trainer gives: `anna-e15`,
    `anna_e8_s120`."""
    return re.sub(r"[-_]e\d+(_s\d+)?(_l\d+)?$", "", name).casefold()


def _epoch(name: str) -> int:
    match = re.search(r"[-_]e(\d{1,6})", name)
    return int(match[1]) if match else 0


# The search.


def _walk(folders: Sequence[Path], problems: list[str]) -> Iterator[tuple[Path, os.stat_result]]:
    """Files worth a look, with bounds and every folder once, however links lead to it."""
    seen: set[tuple[int, int]] = set()
    waiting = [(Path(folder), 0) for folder in folders]
    n_entries = n_files = 0
    while waiting:
        folder, depth = waiting.pop(0)
        for path in _entries(folder, problems if depth == 0 else None):
            n_entries += 1
            if n_entries > ENTRIES_MAX or n_files >= FILES_MAX:
                problems.append(
                    f"The search stopped after {n_entries - 1} entries and {n_files} model files: "
                    f"give a folder that holds only models."
                )
                return
            try:
                status = path.stat()
            except OSError:
                continue  # a link to nowhere, or not ours to read
            if stat.S_ISDIR(status.st_mode):
                place = (status.st_dev, status.st_ino)
                if depth < DEPTH_MAX and not (place in seen and status.st_ino):
                    seen.add(place)
                    waiting.append((path, depth + 1))
            elif stat.S_ISREG(status.st_mode) and (
                path.suffix.lower() in SUFFIXES
                or path.name in ("config.json", polyphone_files.NETWORK)
            ):
                n_files += 1
                yield path, status


def _entries(folder: Path, problems: list[str] | None) -> list[Path]:
    """What lies in a folder, in order, without what is hidden."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry, _ in zip(entries, range(ENTRIES_MAX), strict=False)]
    except FileNotFoundError:
        return []
    except OSError as error:
        if problems is not None:
            problems.append(f"The folder {folder} cannot be read ({error.strerror}).")
        return []
    return [folder / name for name in sorted(names) if not name.startswith(".")]


def _network(config: Path) -> str | None:
    """`HUBERT` or `BERT`, where the folder holds one of them complete."""
    try:
        if config.stat().st_size > 1 << 16:
            return None
        settings = json.loads(config.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    kind = settings.get("model_type") if isinstance(settings, dict) else None
    if weights_of(config.parent) is None:
        return None
    if kind == "bert":
        tokeniser = ("tokenizer.json", "vocab.txt")
        has_one = any((config.parent / name).is_file() for name in tokeniser)
        return BERT if has_one else None
    return HUBERT if kind == "hubert" else None


def weights_of(folder: Path) -> Path | None:
    """The file of tensors in a folder of the Hugging Face kind."""
    return next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)


def _best(found: list[Path], name: str) -> Path | None:
    """The one with the published name before others, the first of a kind before the rest."""
    named = [path for path in found if name in path.parts[-2:]]
    return next(iter(named or found), None)
