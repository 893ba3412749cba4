"""Prepared references that are kept: a few in memory, more on disk where the engine can.

What is on disk can be deleted at any time and is made again; it says as much about a voice as
the reference itself, so it goes with the voice (`forget`).
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from core.engines.protocol import Prompt, Reference, Session
from core.paths import whole_file

MAX_PROMPTS = 4
MAX_PROMPT_BYTES = 512 << 20
"""In memory. The newest is kept whatever its size."""
MAX_FILES = 64

_log = logging.getLogger(__name__)


@runtime_checkable
class HasArrays(Protocol):
    """A prompt that can be kept on disk."""

    def to_arrays(self) -> Mapping[str, NDArray[Any]]: ...


@runtime_checkable
class Restores(Protocol):
    """A session that can read such a prompt."""

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Prompt:
        """Raises KeyError or ValueError for arrays that it did not write."""
        ...


class Prompts:
    """The least recently used are given up first, in memory and on disk.

    Args:
        folder: Where they are kept; None for memory alone.
        engine: Name and version: prompts of another one are not read.
    """

    def __init__(self, folder: Path | None = None, engine: str = "") -> None:
        self._folder, self._engine = folder, engine
        self._kept: OrderedDict[str, Prompt] = OrderedDict()

    def get(
        self,
        session: Session,
        reference: Reference,
        prepare: Callable[[Reference], Prompt] | None = None,
    ) -> Prompt:
        """Prepare it, unless that was done. Raises what `Session.prepare` raises.

        Args:
            session: Reads what is on disk.
            reference: Of whom.
            prepare: Instead of the session's own.
        """
        prepare = prepare or session.prepare
        prompt = self._kept.pop(reference.digest, None)
        prompt = prompt or self._from_disk(session, reference, prepare)
        self._kept[reference.digest] = prompt
        while len(self._kept) > 1 and (
            len(self._kept) > MAX_PROMPTS or self.nbytes > MAX_PROMPT_BYTES
        ):
            self._kept.popitem(last=False)
        return prompt

    @property
    def nbytes(self) -> int:
        """Of all that are kept in memory."""
        return sum(prompt.nbytes for prompt in self._kept.values())

    def keep_only(self, digest: str) -> int:
        """Give up all others in memory. Returns their size in bytes."""
        others = [self._kept.pop(each) for each in list(self._kept) if each != digest]
        return sum(prompt.nbytes for prompt in others)

    def _from_disk(
        self,
        session: Session,
        reference: Reference,
        prepare: Callable[[Reference], Prompt],
    ) -> Prompt:
        if self._folder is None or not isinstance(session, Restores):
            return prepare(reference)
        file = self._folder / f"{_name(reference.digest)}-{_name(self._engine)}.npz"
        try:
            # Opened here: where the file is damaged, numpy would leave it open.
            with file.open("rb") as stream, NpzFile(stream, allow_pickle=False) as arrays:
                prompt = session.restore(dict(arrays))
            file.touch()
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            _log.warning("a kept prompt cannot be used: %s", error)
        else:
            return prompt
        prompt = prepare(reference)
        if isinstance(prompt, HasArrays):
            self._to_disk(file, prompt)
        return prompt

    def _to_disk(self, file: Path, prompt: HasArrays) -> None:
        # A full disk costs the time to prepare it again, nothing else.
        try:
            with whole_file(file) as part:
                np.savez(part, allow_pickle=False, **prompt.to_arrays())
            kept = sorted(file.parent.glob("*.npz"), key=lambda each: each.stat().st_mtime)
        except OSError as error:
            _log.warning("a prompt cannot be kept: %s", error)
            return
        for old in kept[:-MAX_FILES]:
            old.unlink(missing_ok=True)


def forget(folder: Path, digest: str) -> None:
    """Delete what is kept of a reference, of every engine."""
    for file in folder.glob(f"{_name(digest)}-*.npz"):
        with contextlib.suppress(OSError):
            file.unlink()


def forget_strangers(folder: Path, digests: Iterable[str], *, before_s: float) -> None:
    """Delete what is kept of references that are nobody's voice any more and were not used lately.

    Args:
        folder: Where they are kept.
        digests: Of the voices that there are; theirs stay.
        before_s: Used last before this time (Unix time, s).
    """
    known = {_name(digest) for digest in digests}
    for file in folder.glob("*.npz"):
        with contextlib.suppress(OSError):
            if file.name.partition("-")[0] not in known and file.stat().st_mtime < before_s:
                file.unlink()


def _name(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
