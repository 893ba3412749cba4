"""Writing to a disk that may be full or closed to us, and saying so with numbers."""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Iterator
from pathlib import Path

from core.errors import InputError, ResourceError
from core.paths import whole_file

NO_ROOM = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
"""Disk full, file too large for the file system or its limit, quota used up."""
NOT_ALLOWED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def megabytes(n_bytes: int) -> str:
    """Size for people: `0.4 MB`, `12 MB`, `3.1 GB`."""
    if n_bytes >= 1_000_000_000:
        return f"{n_bytes / 1e9:.1f} GB"
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes < 10_000_000 else f"{n_bytes / 1e6:.0f} MB"


def free_bytes(folder: Path) -> int | None:
    """Free room on the disk of a folder, or of the nearest folder above it that exists."""
    for place in (folder, *folder.parents):
        with contextlib.suppress(OSError):
            return shutil.disk_usage(place).free
    return None


def no_room(folder: Path, needed_bytes: int) -> ResourceError:
    """The sentence for a full disk."""
    free = free_bytes(folder)
    known = "" if free is None else f"{megabytes(free)} free, "
    return ResourceError(
        f"There is no room left on the disk of {folder}: {known}{megabytes(needed_bytes)} needed.",
        "Free some space, then go on: everything that is finished is kept.",
    )


@contextlib.contextmanager
def writing(folder: Path, needed_bytes: int) -> Iterator[None]:
    """Turn the disk's refusals into sentences; every other OSError goes on as it is.

    Args:
        folder: Where the block writes.
        needed_bytes: Size of what it writes.

    Raises ResourceError where it is full or closed to us, InputError where a file is in the way.
    """
    try:
        yield
    except (FileExistsError, NotADirectoryError) as error:
        above = Path(error.filename or folder)
        in_the_way = next((each for each in (above, *above.parents) if each.exists()), above)
        raise InputError(
            f"{in_the_way} is a file where Timbre needs a folder.",
            "Move it away, or start with --home and another folder.",
        ) from error
    except OSError as error:
        if error.errno in NO_ROOM:
            raise no_room(folder, needed_bytes) from error
        if error.errno in NOT_ALLOWED:
            raise ResourceError(
                f"Timbre may not write into its folder {folder} ({error.strerror}).",
                "Give yourself the right to write there, or start with --home and another folder.",
            ) from error
        if isinstance(error, FileNotFoundError) and not folder.exists():
            raise InputError(
                f"The folder {folder} cannot be made.", "Start with --home and another folder."
            ) from error
        raise


def write_whole(target: Path, content: bytes) -> None:
    """Write a file that is whole or not there. Raises as `writing`."""
    with writing(target.parent, len(content)), whole_file(target) as part:
        part.write_bytes(content)
