"""What is inside a checkpoint file: names, shapes and settings, read without running anything.

Torch-free and bounded in time and memory, so that the page process can look into files of unknown
origin: the tensors themselves are never read, and a pickle is walked, not executed. What it calls
a sound file may still be refused when it is loaded; what it refuses would be refused then too.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b, md5
from pathlib import Path
from typing import Any

from core.engines.gpt_sovits.inert import Tensor, Thing, Walk, is_sound
from core.errors import InputError

HEAD_BYTES = 8192
"""Of a file's beginning, by whose MD5 the official files are known."""
LIST_MAX_BYTES = 4 << 20
"""Of a list of contents; that of the largest published file takes 130 kB."""
DIRECTORY_MAX_BYTES = 2 << 20
"""Of a zip file's directory: some 20 000 parts; published files have 1000."""
HEADER_CODES = {
    b"00": "v1",
    b"01": "v2",
    b"02": "v3",
    b"03": "v3",
    b"04": "v4",
    b"05": "v2Pro",
    b"06": "v2ProPlus",
}
"""What the authors' trainer writes in place of a zip file's first two bytes."""
HINT = "Download it again, or from where its authors publish it."

_ZIP = b"PK"
_DAMAGED = (
    *(ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError),
    *(ValueError, NotImplementedError, RuntimeError, EOFError, zipfile.BadZipFile),
)
"""What reading raises on files that are cut, altered or made up."""
_SAMPLE_BYTES = 1 << 16
_N_SAMPLES = 16
_ITEM_BYTES = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2, "I16": 2}


@dataclass(frozen=True, kw_only=True)
class Contents:
    """
    Args:
        shapes: Of every tensor, by its name.
        settings: What stands beside the tensors: tables and plain values; see `setting`.
        header: The two bytes that stood in place of a zip file's, or None.
        head_md5: Of the first 8 KiB.
        is_nested: The tensors are under the key `weight`.
        is_safetensors: Of this format, not of torch's.
        digest: Of size, beginning, end, directory and a few places between.
    """

    shapes: Mapping[str, tuple[int, ...]]
    settings: Mapping[str, Any]
    header: bytes | None
    head_md5: str
    is_nested: bool
    is_safetensors: bool
    digest: str

    def setting(self, *keys: str) -> Any:
        """A value by its way through the tables, as `config`, `model`, `version`; None without."""
        place: Any = self.settings
        for key in keys:
            if isinstance(place, Thing):
                place = {**place.items, **(place.state if isinstance(place.state, dict) else {})}
            if not isinstance(place, dict) or key not in place:
                return None
            place = place[key]
        return place if isinstance(place, (str, int, float, bool)) else None


def read_contents(path: Path) -> Contents:
    """Look into a file.

    Raises:
        InputError: It is not a checkpoint that can be read; the sentence says why.
    """
    try:
        with path.open("rb") as file:
            return _read(path, file)
    except _DAMAGED as error:
        reason = str(error) if str(error).startswith(("it ", "its ")) else "it is damaged or cut"
        raise InputError(
            f"“{path.name}” is not a checkpoint that can be read: {reason}.", HINT
        ) from None


def _read(path: Path, file: io.BufferedReader) -> Contents:
    head = file.read(HEAD_BYTES)
    code = head[:2]
    n_bytes = path.stat().st_size
    settings: dict[str, Any] = {}
    is_nested, directory = False, b""
    is_safetensors = head[8:9] == b"{" and code != _ZIP
    if is_safetensors:
        shapes = _safetensors(head, file, n_bytes)
    elif code == _ZIP or (code in HEADER_CODES and head[2:4] == b"\x03\x04"):
        made, directory = _torch(file, n_bytes)
        shapes, settings, is_nested = _sorted_out(made)
    elif not head:
        raise ValueError("it is empty")
    elif head[:1] == b"\x80":
        raise ValueError("it was written before torch 1.6")
    else:
        raise ValueError("it is neither a safetensors nor a torch file")
    return Contents(
        shapes=shapes,
        settings=settings,
        header=code if code in HEADER_CODES else None,
        head_md5=md5(head, usedforsecurity=False).hexdigest(),
        is_nested=is_nested,
        is_safetensors=is_safetensors,
        digest=_digest(file, n_bytes, directory),
    )


def _sorted_out(made: Any) -> tuple[dict[str, tuple[int, ...]], dict[str, Any], bool]:
    """Tensors and what stands beside them."""
    if not isinstance(made, dict):
        raise ValueError("it holds no table of tensors")
    is_nested = isinstance(made.get("weight"), dict)
    table = made["weight"] if is_nested else made
    shapes = {
        name: value.shape
        for name, value in table.items()
        if isinstance(name, str) and isinstance(value, Tensor)
    }
    if not shapes:
        raise ValueError("it holds no table of tensors")
    beside = {key: value for key, value in made.items() if isinstance(key, str)}
    return shapes, beside if is_nested else {}, is_nested


def _digest(file: io.BufferedReader, n_bytes: int, directory: bytes) -> str:
    """Cheap and stable: a torch file's directory holds a checksum of every part."""
    digest = blake2b(f"{n_bytes}".encode(), digest_size=16)
    digest.update(directory)
    last = max(0, n_bytes - _SAMPLE_BYTES)
    for place in range(_N_SAMPLES + 1):
        file.seek(last * place // _N_SAMPLES)
        digest.update(file.read(_SAMPLE_BYTES if place in (0, _N_SAMPLES) else 4096))
    return digest.hexdigest()


# safetensors


def _safetensors(head: bytes, file: io.BufferedReader, n_bytes: int) -> dict[str, tuple[int, ...]]:
    n_header = int.from_bytes(head[:8], "little")
    if n_header > min(LIST_MAX_BYTES, n_bytes - 8):
        raise ValueError(f"its table of contents would take {n_header} bytes")
    file.seek(8)
    table = json.loads(file.read(n_header))
    shapes = {}
    for name, entry in table.items():
        if name == "__metadata__":
            continue
        shape, (start, stop) = tuple(entry["shape"]), entry["data_offsets"]
        if not is_sound((*shape, start, stop)):
            raise ValueError("its table of contents is made up")
        n_item = _ITEM_BYTES.get(entry["dtype"], 1)
        if stop > n_bytes - 8 - n_header or math.prod(shape) * n_item > stop - start:
            raise ValueError("it says it holds more than its own size")
        shapes[name] = shape
    if not shapes:
        raise ValueError("it holds no tensors")
    return shapes


# torch: a zip file with a pickle


class _Bounded(io.RawIOBase):
    """A file that begins like a zip file whatever its first bytes, and that nobody reads whole."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        at = self._file.tell()
        n_most = LIST_MAX_BYTES + 1
        content = self._file.read(n_most if size is None or size < 0 else min(size, n_most))
        if len(content) > LIST_MAX_BYTES:
            raise ValueError("it wants more to be read than a checkpoint needs")
        return _ZIP[at : at + len(content)] + content[max(0, 2 - at) :] if at < 2 else content


def _torch(file: io.BufferedReader, n_bytes: int) -> tuple[Any, bytes]:
    """What its pickle describes, and the directory as bytes."""
    _check_directory(file, n_bytes)
    with zipfile.ZipFile(_Bounded(file)) as archive:
        parts = archive.infolist()
        if any(part.compress_type != zipfile.ZIP_STORED for part in parts):
            raise ValueError("it is packed, as torch never does")
        if sum(part.file_size for part in parts) > n_bytes:
            raise ValueError("it says it holds more than its own size")
        lists = [part for part in parts if part.filename.endswith("/data.pkl")]
        if len(lists) != 1 or lists[0].file_size > LIST_MAX_BYTES:
            raise ValueError("it has no list of contents, or one of absurd size")
        stem = lists[0].filename.removesuffix("data.pkl") + "data/"
        sizes = {
            part.filename.removeprefix(stem): part.file_size
            for part in parts
            if part.filename.startswith(stem)
        }
        pickle = archive.read(lists[0])
    directory = "\n".join(f"{part.filename} {part.file_size} {part.CRC}" for part in parts)
    return Walk(sizes).through(pickle), directory.encode("utf-8", "replace")


def _check_directory(file: io.BufferedReader, n_bytes: int) -> None:
    """`zipfile` reads a directory whole, however large a file says it is."""
    file.seek(max(0, n_bytes - (1 << 16) - 22))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise ValueError("it is damaged or cut")
    sizes = [int.from_bytes(tail[at + 12 : at + 16], "little")]
    wide = tail.rfind(b"PK\x06\x06", 0, at)
    if wide >= 0:
        sizes.append(int.from_bytes(tail[wide + 40 : wide + 48], "little"))
    if any(DIRECTORY_MAX_BYTES < size < 0xFFFFFFFF for size in sizes) or sizes[-1] > n_bytes:
        raise ValueError("its directory is of absurd size")
