"""The zip archive that a torch file is, looked over before anything in it is read."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

PICKLE_MAX_BYTES = 64 << 20
"""Of the list of contents; the engines' are below 1 MB."""
ENTRIES_MAX = 100_000


class Retouched(io.FileIO):
    """A file whose first bytes read otherwise. Seekable, read only."""

    def __init__(self, path: Path, first_bytes: bytes) -> None:
        super().__init__(path, "rb")
        self._first_bytes = first_bytes

    def read(self, size: int | None = -1) -> bytes:
        at = self.tell()
        content = super().read(-1 if size is None else size)
        first = self._first_bytes[at : at + len(content)]
        return first + content[len(first) :]

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        content = self.read(len(view))
        view[: len(content)] = content
        return len(content)

    def readall(self) -> bytes:
        return self.read(-1)


def check_archive(path: Path, first_bytes: bytes | None) -> None:
    """Refuse what unpacks to more than the file: torch stores tensors as they are, unpacked.

    Raises:
        ValueError: In words that follow "cannot be read: ".
        zipfile.BadZipFile: It is none.
    """
    file: BinaryIO
    with path.open("rb") if first_bytes is None else Retouched(path, first_bytes) as file:
        entries = zipfile.ZipFile(file).infolist()
    if len(entries) > ENTRIES_MAX:
        raise ValueError(f"it has {len(entries)} parts")
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise ValueError("it is packed, as torch never does")
    if sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise ValueError("it says it holds more than its own size")
    lists = [entry for entry in entries if entry.filename.endswith(".pkl")]
    if not lists or any(entry.file_size > PICKLE_MAX_BYTES for entry in lists):
        raise ValueError("it has no list of contents, or one of absurd size")
