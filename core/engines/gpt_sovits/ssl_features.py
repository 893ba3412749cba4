"""What HuBERT hears in a folder of recordings, file by file, as training data has it.

Drives a process of its own (`ssl_child`), so that no file can take the caller down, and imports no
torch. What was made stays: the next call goes on from there.

    OUT/features/NAME-KEY.npy   f32 [n_channels, F], 50 frames a second
    OUT/wav32k/NAME-KEY.wav     the same recording at the models' level: 16 bits, 32 kHz, mono
    OUT/features.json           which file became which, and which were refused and why

KEY is of what the file holds and of the network that heard it: a changed file is made anew, and
names from outside decide nothing but how a result is called.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import soundfile

from core.engines.gpt_sovits import models
from core.engines.gpt_sovits.contents import read_contents
from core.engines.gpt_sovits.ssl_process import (
    Fallen,
    Heard,
    Hearing,
    HearingOptions,
    disk_errors,
)
from core.errors import InputError, MissingError, ResourceError, StudioError
from core.locks import FileLock
from core.paths import whole_file

RECIPE = "1"
"""Of the features: raise it when they change."""
FILE_MAX_BYTES = 1 << 30
"""A minute in the largest format that is read has 0.7 GiB."""
FALLEN_MAX = 3
"""Times in a row that the process may fall: then it is not the files' fault."""
COMPANIONS = frozenset(
    {".txt", ".lab", ".list", ".json", ".csv", ".tsv", ".md", ".srt", ".ass", ".textgrid"}
    | {".npy", ".npz", ".pt", ".jpg", ".png", ".ini", ".log"}
)
"""What lies beside recordings and is not taken for one."""

TABLE = "features.json"
"""What became of each file."""

_FEATURES, _SOUND = "features", "wav32k"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A recording that has its features.

    Args:
        source: Its name within the folder of recordings.
        features: File of them, within the other folder.
        sound: File of the copy, there too.
        seconds: Length (s).
        n_frames: Of the features.
        n_clipped: Samples of the copy that were held at full scale; None when it was made before.
        is_new: Made now.
    """

    source: str
    features: str
    sound: str
    seconds: float
    n_frames: int
    n_clipped: int | None
    is_new: bool


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A file without.

    Args:
        source: Its name within the folder of recordings.
        reason: A sentence.
        hint: One thing to try; may be empty.
    """

    source: str
    reason: str
    hint: str


@dataclass(frozen=True, kw_only=True)
class Step:
    """How far it is.

    Args:
        n_done: Files, whatever became of them.
        n_files: All.
        last: The latest of them.
    """

    n_done: int
    n_files: int
    last: Kept | Refused


@dataclass(frozen=True, kw_only=True)
class Extracted:
    """What became of a folder.

    Args:
        kept: In the order of their names.
        refused: The same.
        is_complete: Every file was looked at.
    """

    kept: tuple[Kept, ...]
    refused: tuple[Refused, ...]
    is_complete: bool


def extract(
    source: Path,
    target: Path,
    *,
    models_folders: Sequence[Path],
    told: Callable[[Step], None] = lambda step: None,
    options: HearingOptions | None = None,
) -> Extracted:
    """Hear every recording of a folder and of those in it.

    Args:
        source: Folder of recordings of any format.
        target: Folder for what is made; created.
        models_folders: Where HuBERT's weights are looked for.
        told: After every file; may raise to stop, as Ctrl-C does. What was made stays.
        options: Of the process that hears.

    Raises:
        MissingError: There is no such folder, or no HuBERT.
        InputError: The target serves another run, or there is nothing to hear.
        ResourceError: The disk is full, or the process falls again and again.
    """
    _check_folders(source, target)
    weights = _weights(models_folders)
    network = read_contents(weights).digest
    files = list(_files(source, target))
    if not files:
        raise InputError(f"There are no recordings in {source}.", "Choose another folder.")
    with disk_errors(target):
        for folder in (target / _FEATURES, target / _SOUND):
            folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock.take(target / ".lock")
    if lock is None:
        raise InputError(f"Another run is writing to {target}.", "Wait for it, or choose another.")
    with lock:
        _sweep(target)
        run = _Run(source=source, target=target, network=network)
        try:
            with Hearing(weights, options or HearingOptions()) as hearing:
                for n_done, file in enumerate(files, 1):
                    last = run.file(file, hearing)
                    told(Step(n_done=n_done, n_files=len(files), last=last))
            run.is_complete = True
        finally:
            # Whatever ended it: the table says what is there, and nothing lies half written.
            _sweep(target)
            run.write_table()
    return run.extracted


class _Run:
    """One walk over the files."""

    def __init__(self, *, source: Path, target: Path, network: str) -> None:
        self._source, self._target, self._network = source, target, network
        self._kept: list[Kept] = []
        self._refused: list[Refused] = []
        self._n_fallen = 0
        self.is_complete = False

    @property
    def extracted(self) -> Extracted:
        return Extracted(
            kept=tuple(self._kept), refused=tuple(self._refused), is_complete=self.is_complete
        )

    def file(self, path: Path, hearing: Hearing) -> Kept | Refused:
        name = path.relative_to(self._source).as_posix()
        try:
            stem = f"{_plain(path.stem)}-{self._key(path)}"
        except InputError as error:
            return self._refuse(name, error.message, error.hint)
        features, sound = Path(_FEATURES) / f"{stem}.npy", Path(_SOUND) / f"{stem}.wav"
        made = _known(self._target / features, self._target / sound)
        is_new = made is None
        if made is None:
            hearing.start()  # what is wrong here is no file's fault
            try:
                made = hearing.hear(path, self._target / features, self._target / sound)
            except ResourceError:
                raise
            except StudioError as error:
                self._n_fallen = 0
                return self._refuse(name, error.message, error.hint)
            except Fallen as fallen:
                return self._fell(name, fallen)
            self._n_fallen = 0
        kept = Kept(
            source=name,
            features=features.as_posix(),
            sound=sound.as_posix(),
            seconds=round(made.seconds, 3),
            n_frames=made.n_frames,
            n_clipped=made.n_clipped,
            is_new=is_new,
        )
        self._kept.append(kept)
        return kept

    def _fell(self, name: str, fallen: Fallen) -> Refused:
        self._n_fallen += 1
        if self._n_fallen >= FALLEN_MAX:
            raise ResourceError(
                f"The process that hears ended {self._n_fallen} times in a row; the last time, on "
                f"“{_shown(name)}”, it {fallen}.",
                "Close other programs, or look at these files; the same command goes on.",
            ) from None
        return self._refuse(name, f"The process that hears {fallen} on it.", "Leave it out.")

    def _refuse(self, name: str, reason: str, hint: str) -> Refused:
        refused = Refused(source=name, reason=reason, hint=hint)
        self._refused.append(refused)
        return refused

    def _key(self, path: Path) -> str:
        digest = blake2b(f"{RECIPE} {self._network} ".encode(), digest_size=12)
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                raise InputError("It is a device or a pipe, not a file.")
            if status.st_size > FILE_MAX_BYTES:
                raise InputError(
                    f"It has {status.st_size / (1 << 30):.1f} GiB; at most "
                    f"{FILE_MAX_BYTES >> 30} GiB are read.",
                    "Cut it into sentences.",
                )
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        except OSError as error:
            raise InputError(f"It cannot be read: {error.strerror}.", "Check its rights.") from None
        return digest.hexdigest()

    def write_table(self) -> None:
        table = {
            "recipe": RECIPE,
            "hubert": self._network,
            "is_complete": self.is_complete,
            "kept": [
                {key: value for key, value in asdict(kept).items() if key != "is_new"}
                for kept in self._kept
            ],
            "refused": [asdict(refused) for refused in self._refused],
        }
        with disk_errors(self._target), whole_file(self._target / TABLE) as part:
            part.write_text(json.dumps(table, indent=1), encoding="ascii")


def _check_folders(source: Path, target: Path) -> None:
    if not source.is_dir():
        raise MissingError(f"There is no folder {source}.", "Check the first argument.")
    if target.exists() and not target.is_dir():
        raise InputError(f"{target} is a file, not a folder.", "Choose another one for results.")
    if source.resolve() == target.resolve():
        raise InputError("Recordings and results have the same folder.", "Choose another one.")


def _weights(folders: Sequence[Path]) -> Path:
    hubert = models.find(folders).shared.hubert
    weights = None if hubert is None else models.weights_of(hubert)
    if weights is None:
        where = " or ".join(str(folder) for folder in folders) or "no folder"
        raise MissingError(
            f"HuBERT's weights (the folder chinese-hubert-base) are not in {where}.",
            "Download a model of GPT-SoVITS, which brings them, or give --models DIR.",
        )
    return weights


def _files(source: Path, target: Path) -> Iterator[Path]:
    """Everything that may be a recording, in the order of names; results are none."""
    results = target.resolve()
    for folder, folders, names in os.walk(source):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and (Path(folder) / name).resolve() != results
        )
        for name in sorted(names):
            path = Path(folder) / name
            if not name.startswith(".") and path.suffix.lower() not in COMPANIONS:
                yield path


def _plain(stem: str) -> str:
    """What is left of a name that any system takes: letters, digits, `-`, `_`, 40 at most."""
    return re.sub(r"[^\w-]+", "_", stem)[:40].strip("_") or "recording"


def _shown(name: str) -> str:
    """On one line, whatever is in it."""
    return "".join(c if c.isprintable() else "�" for c in name)


def _known(features: Path, sound: Path) -> Heard | None:
    """What was made before; None where it is not there whole."""
    try:
        shape = np.load(features, mmap_mode="r", allow_pickle=False).shape
        about = soundfile.info(sound)
    except (OSError, ValueError, EOFError, soundfile.LibsndfileError):
        return None
    if len(shape) != 2:
        return None
    return Heard(n_frames=int(shape[1]), seconds=float(about.duration), n_clipped=None)


def _sweep(target: Path) -> None:
    """Away with what a killed run left half written."""
    for folder in (target, target / _FEATURES, target / _SOUND):
        for part in folder.glob(".part-*"):
            part.unlink(missing_ok=True)
