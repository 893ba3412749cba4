"""A lock on a file that lives as long as the process: the kernel lets go of it after a crash."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Self

from core.errors import ResourceError

if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int, *, wait: bool) -> None:
        while True:
            try:
                # LK_LOCK itself gives up after ten seconds.
                msvcrt.locking(handle, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
                return
            except OSError:
                if not wait:
                    raise BlockingIOError from None

else:
    import fcntl

    def _lock(handle: int, *, wait: bool) -> None:
        # flock, not lockf: it belongs to the open file, so that two stores inside one process
        # keep apart as well, and closing another handle of the same file gives nothing back.
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)


class FileLock:
    """A held lock. As a context it is released at the end of the block."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self._handle: int | None = handle

    @classmethod
    def take(cls, path: Path, *, wait: bool = False) -> FileLock | None:
        """Lock a file, which is created when it is not there.

        Args:
            path: A file used for nothing else; its folder exists.
            wait: Wait for whoever holds it, instead of returning None.

        Raises ResourceError where the disk does not know locks (some network drives).
        """
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(handle, wait=wait)
        except BlockingIOError:
            os.close(handle)
            return None
        except OSError as error:
            os.close(handle)
            raise ResourceError(
                f"Timbre's data folder lies on a disk that cannot lock files ({error.strerror}).",
                "Start with --home and a folder on a local disk.",
            ) from error
        return cls(path, handle)

    def release(self) -> None:
        """Let go; once is enough, twice does no harm."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
