"""The folder of models' copies that load faster: what lies in it, whose they are, what goes.

    copies = Copies(paths.copies)
    file = copies.place(digest, source)     # where the copy is or shall be; in use from now on
    copies.prune()                          # after one was written
    copies.release()

A copy can always be made again, so too few are kept rather than too many. Only folders that
are named like ours are looked into or removed, never what a link leads to.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.disk import writing
from core.errors import StudioError
from core.locks import FileLock
from core.paths import whole_file

MOST_BYTES = 8_000_000_000
"""Of all copies: some thirty voices of 0.23 GB and what they share."""
FORMAT = 1
"""Of the copies; raised when they must be made anew."""

_SOURCE = "source.json"
_USE, _GONE = ".use-", ".gone-"
_OURS = re.compile(r"[0-9a-f]{16,64}-\d{1,4}")
_REMOVED = re.compile(r"\.gone-[0-9a-f]{16}")


@dataclass(frozen=True, kw_only=True)
class Copy:
    """
    Args:
        folder: That holds it.
        source: File that it was made from; None where that is not known.
        size_bytes: On the disk.
        used_at_s: When it was last loaded (Unix time, s).
        is_in_use: A running engine has it.
    """

    folder: Path
    source: Path | None
    size_bytes: int
    used_at_s: float
    is_in_use: bool

    @property
    def is_orphan(self) -> bool:
        """Nothing can be loaded from it: its source is gone, or it is of another format."""
        is_gone = self.source is not None and not self.source.is_file()
        return is_gone or not self.folder.name.endswith(f"-{FORMAT}")


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What copies take on the disk.

    Args:
        folder: That holds all of them.
        n: How many there are.
        size_bytes: Of all.
        in_use_bytes: Of those that a running engine has; they stay when the others are cleared.
    """

    folder: Path
    n: int
    size_bytes: int
    in_use_bytes: int


class Copies:
    """
    Args:
        folder: Is made with the first copy; nothing else is kept in it.
        most_bytes: What all copies together may take before the longest unused go.
    """

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self.folder, self._most_bytes = folder, most_bytes
        self._marks: dict[Path, FileLock] = {}

    def place(self, digest: str, source: Path) -> Path:
        """Where the copy of a file is or shall be, which stays until `release`.

        Args:
            digest: Of the file's content.
            source: The file.

        Raises:
            ResourceError, InputError: The folder cannot be written to.
        """
        home = self.folder / f"{digest}-{FORMAT}"
        with writing(home, 0):
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._alone():
                home.mkdir(exist_ok=True)
                self._mark(home)
        _write_source(home, source)
        # Sentences about a copy name it, so it is named like the file that the person knows.
        return home / f"{source.stem}.safetensors"

    def release(self) -> None:
        """Nothing is in use here any more."""
        while self._marks:
            _, mark = self._marks.popitem()
            mark.release()
            with contextlib.suppress(OSError):
                mark.path.unlink()

    def kept(self) -> Kept:
        """What there is now; reads the disk."""
        with self._alone():
            found = tuple(self._found())
        return Kept(
            folder=self.folder,
            n=len(found),
            size_bytes=sum(copy.size_bytes for copy in found),
            in_use_bytes=sum(copy.size_bytes for copy in found if copy.is_in_use),
        )

    def prune(self) -> int:
        """Remove copies of files that are gone, and the longest unused of too many.

        Returns the bytes that it gave back. What is in use stays, and what cannot be removed.
        """
        with self._alone():
            found = sorted(self._found(), key=lambda copy: copy.used_at_s)
            left = sum(copy.size_bytes for copy in found)
            freed = 0
            # Orphans first: others may stay for the room that they give back.
            for copy in sorted(found, key=lambda copy: not copy.is_orphan):
                if not copy.is_in_use and (copy.is_orphan or left - freed > self._most_bytes):
                    freed += copy.size_bytes if self._remove(copy.folder) else 0
        return freed

    def clear(self) -> int:
        """Remove all that are not in use. Returns the bytes that it gave back."""
        with self._alone():
            return sum(
                copy.size_bytes
                for copy in tuple(self._found())
                if not copy.is_in_use and self._remove(copy.folder)
            )

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One at a time looks who uses what; where the disk knows no locks, nobody waits."""
        lock: FileLock | None = None
        if self.folder.is_dir():
            with contextlib.suppress(OSError, StudioError):
                lock = FileLock.take(self.folder / ".lock", wait=True)
        try:
            yield
        finally:
            if lock is not None:
                lock.release()

    def _mark(self, home: Path) -> None:
        if home in self._marks:
            return
        with contextlib.suppress(OSError, StudioError):
            mark = FileLock.take(home / f"{_USE}{secrets.token_hex(8)}")
            if mark is not None:
                self._marks[home] = mark

    def _found(self) -> Iterator[Copy]:
        for entry in _entries(self.folder):
            if not entry.is_dir(follow_symlinks=False):
                continue
            if _OURS.fullmatch(entry.name):
                yield _copy(Path(entry.path))
            elif _REMOVED.fullmatch(entry.name):  # a removal that was killed
                shutil.rmtree(entry.path, ignore_errors=True)

    def _remove(self, folder: Path) -> bool:
        """Out of everybody's way first, so that nobody finds half of one."""
        gone = self.folder / f"{_GONE}{secrets.token_hex(8)}"
        try:
            folder.rename(gone)
        except OSError:  # Windows: a file of it is open
            return False
        shutil.rmtree(gone, ignore_errors=True)
        return not gone.exists()


def _copy(folder: Path) -> Copy:
    size, used_at = 0, 0.0
    is_in_use = False
    for entry in _entries(folder):
        with contextlib.suppress(OSError):
            about = entry.stat(follow_symlinks=False)
            size += about.st_size
            if entry.name == _SOURCE:
                used_at = about.st_mtime
            if entry.name.startswith(_USE):
                is_in_use |= _is_held(Path(entry.path))
            elif not used_at:
                used_at = about.st_mtime
    return Copy(
        folder=folder,
        source=_source(folder),
        size_bytes=size,
        used_at_s=used_at,
        is_in_use=is_in_use,
    )


def _is_held(mark: Path) -> bool:
    """Whether whoever set it lives; a mark that a crash left is removed."""
    try:
        lock = FileLock.take(mark)
    except (OSError, StudioError):
        return True
    if lock is None:
        return True
    lock.release()
    with contextlib.suppress(OSError):
        mark.unlink()
    return False


def _write_source(home: Path, source: Path) -> None:
    """Also says, by its time, when the copy was last used. A disk that refuses costs only that."""
    content = json.dumps({"source": str(source.absolute())})
    with contextlib.suppress(OSError), whole_file(home / _SOURCE) as part:
        part.write_text(content, encoding="utf-8")


def _source(folder: Path) -> Path | None:
    try:
        known = json.loads((folder / _SOURCE).read_bytes())["source"]
        return Path(known) if isinstance(known, str) and known else None
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []
