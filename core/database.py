"""The SQLite database of one Timbre home: its tables, its transactions, and who else has it open.

Knows nothing of jobs and voices beyond their tables. Safe from many threads (one connection
behind a lock) and from many processes (WAL, a busy timeout, a lock file per process that the
kernel lets go of when the process dies, however it dies).
"""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from core.disk import free_bytes, megabytes, no_room, writing
from core.errors import ResourceError, StudioError
from core.locks import FileLock
from core.paths import Paths

ID = re.compile(r"[0-9a-f]{32}")
"""What every id looks like; checked before a path is made of one."""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE flags (name TEXT PRIMARY KEY, value TEXT NOT NULL);

    CREATE TABLE voices (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, language TEXT, transcript TEXT,
        span TEXT NOT NULL, report TEXT NOT NULL, digest TEXT NOT NULL,
        statement TEXT NOT NULL, given_at REAL NOT NULL, consent_digest TEXT NOT NULL,
        made_at REAL NOT NULL
    );

    -- The long columns stand last: a list of jobs never reads them.
    CREATE TABLE jobs (
        id TEXT PRIMARY KEY, state TEXT NOT NULL, error TEXT, owner TEXT NOT NULL,
        made_at REAL NOT NULL, title TEXT NOT NULL, n_segments INTEGER NOT NULL,
        voice_id TEXT NOT NULL, engine TEXT NOT NULL,
        keys TEXT NOT NULL, seeds TEXT NOT NULL, request TEXT NOT NULL, plan TEXT NOT NULL
    );
    CREATE INDEX jobs_by_age ON jobs (made_at);

    CREATE TABLE segments (
        job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        position INTEGER NOT NULL, key TEXT NOT NULL, seconds REAL NOT NULL,
        wall_s REAL NOT NULL, peak_bytes INTEGER, note TEXT,
        size_bytes INTEGER NOT NULL, crc32 INTEGER NOT NULL,
        PRIMARY KEY (job_id, position)
    ) WITHOUT ROWID;
    CREATE INDEX segments_by_key ON segments (job_id, key);

    -- Folders of nobody: being made and without a row yet, or deleted and not yet removed.
    -- Nothing else on the disk is ever removed, so that a lost database loses no sound.
    CREATE TABLE unwanted (kind TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (kind, id));
    """,
    """
    -- With what a segment was made, and instead of what where memory was short.
    ALTER TABLE segments ADD COLUMN device TEXT;
    ALTER TABLE segments ADD COLUMN dtype TEXT;
    ALTER TABLE segments ADD COLUMN instead_of TEXT;
    """,
    """
    -- What the engine's own check had to say of a segment's sound; empty: all is well.
    ALTER TABLE segments ADD COLUMN verdict TEXT NOT NULL DEFAULT '';
    """,
    """
    -- Further recordings of a voice's speaker: a list of {name, seconds}, in JSON.
    ALTER TABLE voices ADD COLUMN more TEXT NOT NULL DEFAULT '[]';
    """,
)
"""One script per version, only ever added to: `PRAGMA user_version` counts those that ran."""

FOLDERS = ("jobs", "voices")


class Database:
    """Open it once per process and close it at the end.

    Args:
        paths: The home; its folders are made.
        busy_s: How long to wait for another process that writes (s).
        migrations: For tests of migrating.

    Raises StudioError for a database of a newer Timbre or a broken one, ResourceError where
    the disk does not let us, InputError where a file is in the way of a folder.
    """

    def __init__(
        self, paths: Paths, *, busy_s: float = 10.0, migrations: Sequence[str] = MIGRATIONS
    ) -> None:
        self.paths = paths
        self.token = uuid.uuid4().hex
        self._owners = paths.data / "open"
        self._lock = threading.RLock()
        self._page: FileLock | None = None
        with writing(paths.data, 0):
            paths.make()
            self._owners.mkdir(exist_ok=True)
            starting = self._starting()
        with starting, contextlib.ExitStack() as undo:
            with self._told():
                self._connection = _connect(paths.database, busy_s)
                undo.callback(self._connection.close)
                self._prepare(migrations)
            presence = FileLock.take(self._owner_file(self.token))
            assert presence is not None, "a fresh token is nobody else's"
            self._presence = presence
            undo.callback(presence.release)
            self._tidy()
            undo.pop_all()

    # Reading and writing

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._lock, self._told():
            return self._connection.execute(sql, values).fetchall()

    @contextlib.contextmanager
    def change(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """A transaction: all of the block or nothing.

        Args:
            durable: Wait until it survives a power cut. Without it a power cut may take the
                last changes back, whole; a crash of the process takes nothing back either way.
        """
        with self._lock, self._told():
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def flag(self, name: str) -> str | None:
        """A remark that was left with `set_flag`."""
        found = self.rows("SELECT value FROM flags WHERE name = ?", (name,))
        return str(found[0]["value"]) if found else None

    def set_flag(self, name: str, value: str) -> None:
        with self.change() as rows:
            rows.execute("INSERT OR REPLACE INTO flags VALUES (?, ?)", (name, value))

    # Who is there

    def own(self) -> None:
        """Be the one page of this home until `close` or the end of the process.

        Raises ResourceError while another page is open on it. Programs that only come to
        speak one text need not call it.
        """
        if self._page is None:
            self._page = FileLock.take(self.paths.data / "page.lock")
        if self._page is None:
            raise ResourceError(
                f"Timbre is already open on this data ({self.paths.data}).",
                "Use the page that is open, or close it first; --home opens another set of data.",
            )

    def is_alive(self, token: str) -> bool:
        """Whether the `Database` with that token is still open, in this process or another."""
        if token == self.token:
            return True
        if not ID.fullmatch(token):
            return False
        with self._starting():
            return self._is_held(self._owner_file(token))

    def close(self) -> None:
        with self._lock:
            self._connection.close()
            self._presence.release()
            with contextlib.suppress(OSError):  # on Windows while somebody asks who is there
                self._owner_file(self.token).unlink()
            if self._page is not None:
                self._page.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Folders of nobody

    def discard(self, kind: str, item_id: str) -> None:
        """Remove a folder whose `unwanted` row is written; what cannot be removed now (a file
        that a player holds open on Windows) is removed at a later start."""
        folder = self._folder(kind, item_id)
        if folder is None:
            return
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            with self.change(durable=False) as rows:
                rows.execute("DELETE FROM unwanted WHERE kind = ? AND id = ?", (kind, item_id))

    def _folder(self, kind: str, item_id: str) -> Path | None:
        if kind not in FOLDERS or not ID.fullmatch(item_id):
            return None
        return self.paths.data / kind / item_id

    # Opening

    def _starting(self) -> FileLock:
        """Who opens, or asks who is there, does so one after the other."""
        lock = FileLock.take(self._owners / "starting.lock", wait=True)
        assert lock is not None, "waiting ends with the lock"
        return lock

    def _owner_file(self, token: str) -> Path:
        return self._owners / f"{token}.lock"

    def _is_held(self, owner_file: Path) -> bool:
        if not owner_file.exists():
            return False
        lock = FileLock.take(owner_file)
        if lock is None:
            return True
        lock.release()
        return False

    def _prepare(self, migrations: Sequence[str]) -> None:
        # Where the disk cannot share memory (some network drives) SQLite says so by keeping
        # its older journal, which is slower and as safe.
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute("PRAGMA synchronous = FULL")
        version = self._version()
        if version > len(migrations):
            raise StudioError(
                f"This data was written by a newer Timbre (data version {version}; this program "
                f"knows up to {len(migrations)}). Nothing was changed.",
                "Update Timbre, or start with --home and another folder.",
            )
        for number, script in enumerate(migrations[version:], version + 1):
            try:
                self._connection.executescript(
                    f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;"
                )
            except sqlite3.Error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def _tidy(self) -> None:
        """Clear up after processes that died, if nobody else is there to be disturbed."""
        dead: list[str] = []
        for owner_file in self._owners.glob("*.lock"):
            token = owner_file.stem
            if token == self.token or not ID.fullmatch(token):
                continue
            if self._is_held(owner_file):
                return
            dead.append(token)
        for row in self.rows("SELECT kind, id FROM unwanted"):
            self.discard(row["kind"], row["id"])
        if not dead:
            return
        for token in dead:
            for row in self.rows("SELECT id FROM jobs WHERE owner = ?", (token,)):
                _sweep(self.paths.jobs / row["id"])
        for folder in (self.paths.voices, self.paths.exports, self.paths.config):
            _sweep(folder)
        for token in dead:
            self._owner_file(token).unlink(missing_ok=True)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """SQLite's troubles in plain words."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            # An extended code carries the plain one in its low byte.
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code == sqlite3.SQLITE_FULL:
                raise no_room(self.paths.data, 1_000_000) from error
            if code == sqlite3.SQLITE_BUSY:
                raise ResourceError(
                    "Another Timbre has kept the database busy for too long.",
                    "Wait for it to finish, or close it, and try again.",
                ) from error
            if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR):
                free = free_bytes(self.paths.data)
                room = "" if free is None else f"; {megabytes(free)} free"
                raise ResourceError(
                    f"The database {self.paths.database} cannot be written ({error}{room}).",
                    "Check the disk and the right to write there, or start with --home.",
                ) from error
            if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                raise StudioError(
                    f"The database {self.paths.database} is damaged ({error}).",
                    "Put a copy of it back, or move it away and start again: the sound files "
                    "beside it stay where they are.",
                ) from error
            raise


def _connect(file: Path, busy_s: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        file, timeout=busy_s, isolation_level=None, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    return connection


def _sweep(folder: Path) -> None:
    """Remove what `whole_file` left when its process was killed."""
    for part in folder.rglob(".part-*"):
        with contextlib.suppress(OSError):
            part.unlink()
