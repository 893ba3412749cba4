"""Takes named files out of a zip file that was checked, and nothing else."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.disk import writing
from core.errors import Cancelled, NetworkError
from core.paths import whole_file

if TYPE_CHECKING:
    from core.hub.fetch import StopFlag

PIECE_BYTES = 4 << 20
_ENCRYPTED = 1


def unpack(
    archive: Path, folder: Path, names: Sequence[str], *, most_bytes: int, stop: StopFlag
) -> Mapping[str, int]:
    """Write some of its files under the same names below a folder, each whole or not there.

    Args:
        archive: A zip file.
        folder: They go below it.
        names: Of files in it: paths of our own catalogue.
        most_bytes: All of them together; what says or holds more is refused.
        stop: Ends it between two pieces.

    Returns:
        Their sizes (bytes).

    Raises:
        NetworkError: It is damaged, or not all are in it, or they are too large.
        ResourceError: The disk is full.
        Cancelled: Stopped.
    """
    sizes: dict[str, int] = {}
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [opened.getinfo(name) for name in names]
            if any(member.flag_bits & _ENCRYPTED or member.is_dir() for member in members):
                raise _refusal(archive, "a file in it cannot be read")
            if sum(member.file_size for member in members) > most_bytes:
                raise _refusal(archive, f"it holds more than {most_bytes} bytes")
            for member in members:
                target = folder / member.filename
                with writing(target.parent, member.file_size):
                    _write(opened, member, target, stop)
                sizes[member.filename] = member.file_size
    except KeyError as error:
        raise _refusal(archive, f"{error.args[0]}") from None
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError) as error:
        raise _refusal(archive, str(error)) from None
    return sizes


def _write(opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, stop: StopFlag) -> None:
    n_left = member.file_size
    with whole_file(target) as part, part.open("wb") as file, opened.open(member) as source:
        while piece := source.read(min(PIECE_BYTES, n_left + 1)):
            n_left -= len(piece)
            if n_left < 0:
                raise zipfile.BadZipFile("a file in it is longer than it says")
            file.write(piece)
            if stop.is_set():
                raise Cancelled
        if n_left:
            raise zipfile.BadZipFile("a file in it is shorter than it says")
        file.flush()
        os.fsync(file.fileno())


def _refusal(archive: Path, why: str) -> NetworkError:
    return NetworkError(
        f"“{archive.name}” cannot be unpacked: {why}.", "Try again, or put its files there by hand."
    )
