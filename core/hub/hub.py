"""The folder of downloads: what is there, what is missing, and how it comes.

    hub = Hub(paths.models, endpoint=settings.hub_endpoint)
    hub.status("v2ProPlus")                      # Missing | Partial | Ready, at once, no network
    hub.download("v2ProPlus", on_progress, stop) # blocks; raises StudioError or Cancelled
    transfer = Transfer(hub, with_needs("v2ProPlus"))   # the same in a thread
    for progress in transfer.events(): ...       # ends when it ends; then transfer.state, .error

A file has its name only when it is whole and its checksum is right; until then it is a hidden one
beside it, from which a later download goes on, also after a crash.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.disk import free_bytes, no_room, write_whole, writing
from core.errors import NetworkError, ResourceError
from core.hub.catalogue import ITEMS, Item, RemoteFile, item
from core.hub.progress import Progress, Speed, Teller
from core.hub.unpack import unpack
from core.locks import FileLock

if TYPE_CHECKING:
    from core.hub.fetch import Connection, StopFlag, Told

DEFAULT_ENDPOINT = "https://huggingface.co"
SPARE_BYTES = 64 << 20
"""Left free on the disk."""
_RECORD = "received.json"


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Nothing of it is there.

    Args:
        total_bytes: What has to be fetched; an estimate where `is_exact` is false.
    """

    total_bytes: int
    is_exact: bool


@dataclass(frozen=True, kw_only=True)
class Partial:
    """Some of it is there.

    Args:
        done_bytes: Of all of it.
        total_bytes: As `Missing`.
    """

    done_bytes: int
    total_bytes: int
    is_exact: bool


@dataclass(frozen=True, kw_only=True)
class Ready:
    """All of it is there.

    Args:
        total_bytes: On the disk.
        path: Folder or file.
    """

    total_bytes: int
    path: Path


Status = Missing | Partial | Ready


@dataclass(frozen=True)
class _Received:
    size_bytes: int
    kind: str
    checksum: str
    revision: str


class Hub:
    """
    Args:
        folder: Of downloads; is made when something comes.
        endpoint: Address of the hub or of a mirror; a change holds from the next download on.
        items: The catalogue.
        connect: From an address to a connection.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        folder: Path,
        *,
        endpoint: str = DEFAULT_ENDPOINT,
        items: tuple[Item, ...] = ITEMS,
        connect: Callable[[str], Connection] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = folder
        self.items = items
        self.endpoint = endpoint
        self._connect = connect or _connection
        self._clock = clock

    def status(self, name: str) -> Status:
        """What is there of an item. Raises MissingError for an unknown name."""
        wanted = item(name, self.items)
        record = self._record()
        is_exact = all(file.is_exact or file.path in record for file in wanted.files)
        total = sum(self._expected(file, record) for file in wanted.files)
        done = sum(
            self._expected(file, record)
            if self._is_here(file, record)
            else min(_size(self._part(wanted, file)), self._expected(file, record))
            for file in wanted.files
        )
        if all(self._is_here(file, record) for file in wanted.files):
            return Ready(total_bytes=total, path=self.folder / wanted.place)
        if done:
            return Partial(done_bytes=done, total_bytes=total, is_exact=is_exact)
        return Missing(total_bytes=total, is_exact=is_exact)

    def download(
        self,
        name: str,
        on_progress: Callable[[Progress], None],
        stop: StopFlag,
    ) -> Path:
        """Fetch what is missing of an item.

        Args:
            name: Of the item.
            on_progress: Called a few times a second, in this thread.
            stop: Ends it soon; what has come is kept.

        Returns:
            The folder or file that holds it.

        Raises:
            MissingError: There is no such item.
            ResourceError: No room on the disk, or another download is running.
            NetworkError: Offline, not found, damaged, sent on to an unsafe place.
            Cancelled: Stopped.
        """
        wanted = item(name, self.items)
        record = self._record()
        missing = [file for file in wanted.files if not self._is_here(file, record)]
        if missing:
            with writing(self.folder, 0):
                self.folder.mkdir(parents=True, exist_ok=True)
            with self._alone():
                missing = [file for file in missing if not self._adopted(wanted, file, stop)]
                if missing:
                    self._fetch(wanted, missing, on_progress, stop)
        return self.folder / wanted.place

    def _fetch(
        self,
        wanted: Item,
        missing: Sequence[RemoteFile],
        on_progress: Callable[[Progress], None],
        stop: StopFlag,
    ) -> None:
        with self._connect(self.endpoint) as connection:
            told = {file.path: self._ask(connection, wanted, file, stop) for file in missing}
            sizes = {
                file.path: told[file.path].size_bytes or file.size_bytes
                for file in wanted.files
                if file.path in told
            }
            left = sum(
                sizes[f.path] - _size(self._part(wanted, f)) + f.unpacked_bytes for f in missing
            )
            free = free_bytes(self.folder)
            if free is not None and free < left + SPARE_BYTES:
                raise no_room(self.folder, left + SPARE_BYTES)
            record = self._record()
            here = sum(self._expected(f, record) for f in wanted.files if f not in missing)
            speed = Speed(self._clock)
            total = here + sum(sizes.values())
            for file in missing:
                tell = Teller(
                    on_progress,
                    speed,
                    name=wanted.name,
                    file=file.path,
                    before_bytes=here,
                    total_bytes=total,
                )
                self._bring(connection, wanted, file, told=told[file.path], tell=tell, stop=stop)
                here += sizes[file.path]

    def _ask(self, connection: Connection, wanted: Item, file: RemoteFile, stop: StopFlag) -> Told:
        told = connection.ask(self._address(connection, wanted, file), stop)
        differs = file.sha256 and told.sha256 and file.sha256 != told.sha256
        if differs or (file.is_exact and told.size_bytes not in (None, file.size_bytes)):
            raise NetworkError(
                f"{connection.host} offers another “{file.path}” than the one that was published "
                f"({told.size_bytes} bytes instead of {file.size_bytes}).",
                "Nothing was fetched. Download from the hub's own address (the setting "
                "hub_endpoint).",
            )
        return told

    def _bring(
        self,
        connection: Connection,
        wanted: Item,
        file: RemoteFile,
        *,
        told: Told,
        tell: Callable[[int], None],
        stop: StopFlag,
    ) -> None:
        """One file, whole and checked. A resumed one that turns out wrong is fetched anew, once."""
        part, target = self._part(wanted, file), self.folder / file.path
        size = told.size_bytes or (file.size_bytes if file.is_exact else None)
        with writing(part.parent, size or 0):
            part.parent.mkdir(parents=True, exist_ok=True)
        if size is not None and _size(part) > size:
            part.unlink()
        was_begun = _size(part) > 0
        tell(_size(part))
        address = self._address(connection, wanted, file)
        for is_last in (not was_begun, True):
            connection.fetch(address, part, size, tell, stop)
            kind, expected = _expected_checksum(file, told) or ("sha256", None)
            found = _checksum(part, kind, stop)
            if expected is None or expected == found:
                received = _Received(_size(part), kind, found, wanted.revision)
                if file.members:
                    self._unpack(wanted, file, part, stop)
                    part.unlink()
                else:
                    with writing(target.parent, 0):
                        part.replace(target)
                self._write_down(file.path, received)
                return
            part.unlink()
            if is_last:
                raise NetworkError(
                    f"“{file.path}” arrived damaged: its checksum is {found[:12]}…, not "
                    f"{expected[:12]}…. It was thrown away.",
                    "Try again, or download from another address (the setting hub_endpoint).",
                )

    def _adopted(self, wanted: Item, file: RemoteFile, stop: StopFlag) -> bool:
        """Whether a file that somebody else put there is the one; then it is kept."""
        target = self.folder / file.path
        if file.sha256 is None or (file.is_exact and _size(target) != file.size_bytes):
            return False
        if not target.is_file() or _checksum(target, "sha256", stop) != file.sha256:
            return False
        known = _Received(_size(target), "sha256", file.sha256, wanted.revision)
        if file.members:
            self._unpack(wanted, file, target, stop)
        self._write_down(file.path, known)
        return True

    def _unpack(self, wanted: Item, file: RemoteFile, archive: Path, stop: StopFlag) -> None:
        """What is wanted of a zip file; before it is written down, as whole or not there."""
        sizes = unpack(
            archive, self.folder, file.members, most_bytes=file.unpacked_bytes, stop=stop
        )
        for path, n_bytes in sizes.items():
            self._write_down(path, _Received(n_bytes, "zip", file.path, wanted.revision))

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        lock = FileLock.take(self.folder / ".lock")
        if lock is None:
            raise ResourceError(
                f"Another download into {self.folder} is running.", "Wait until it has ended."
            )
        with lock:
            yield

    def _address(self, connection: Connection, wanted: Item, file: RemoteFile) -> str:
        return connection.address(wanted.repository, wanted.revision, file.path)

    def _part(self, wanted: Item, file: RemoteFile) -> Path:
        """Named by what it will be: a part of another version is not gone on with."""
        target = self.folder / file.path
        version = (file.sha256 or wanted.revision)[:12]
        return target.with_name(f".part-{version}-{target.name}")

    def _expected(self, file: RemoteFile, record: dict[str, _Received]) -> int:
        known = record.get(file.path)
        return file.size_bytes if known is None else known.size_bytes

    def _is_here(self, file: RemoteFile, record: dict[str, _Received]) -> bool:
        known = record.get(file.path)
        if known is None or file.sha256 not in (None, known.checksum):
            return False
        paths = file.members or (file.path,)
        return all(
            path in record and _size(self.folder / path) == record[path].size_bytes
            for path in paths
        )

    def _record(self) -> dict[str, _Received]:
        """What was received whole; a damaged record is none, and files are looked at again."""
        try:
            entries = json.loads((self.folder / _RECORD).read_bytes())["files"]
            return {str(path): _Received(**entry) for path, entry in entries.items()}
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return {}

    def _write_down(self, path: str, received: _Received) -> None:
        entries = {**self._record(), path: received}
        content = {"format": 1, "files": {path: asdict(one) for path, one in entries.items()}}
        write_whole(self.folder / _RECORD, json.dumps(content, indent=1).encode())


def _connection(endpoint: str) -> Connection:
    from core.hub.fetch import Connection  # noqa: PLC0415 - httpx takes 0.2 s that a start need not

    return Connection(endpoint)


def _checksum(path: Path, kind: str, stop: StopFlag) -> str:
    from core.hub.fetch import checksum  # noqa: PLC0415 - as above

    return checksum(path, kind, stop)


def _expected_checksum(file: RemoteFile, told: Told) -> tuple[str, str] | None:
    """Its kind, `sha256` or `git`, and its value; None where nobody knows one."""
    value = file.sha256 or told.sha256
    if value:
        return "sha256", value
    return ("git", told.git_sha1) if told.git_sha1 else None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
