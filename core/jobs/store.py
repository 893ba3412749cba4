"""What is done is what is in here: jobs with their plans, and each finished segment as a file.

A segment is acknowledged when `save_segment` returns: its file was written whole before its row.
Everything may be called from any thread, and by several processes on the same home.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from core.audio import flac
from core.audio.samples import Audio
from core.database import ID, Database
from core.disk import write_whole
from core.errors import MissingError, ResourceError
from core.jobs import schema
from core.jobs.job import DoneSegment, Job, JobState, JobSummary
from core.paths import Paths

KEY = re.compile(r"[0-9a-f]{8,128}")
"""A hash in hexadecimal: also a file name that every system takes."""

_logger = logging.getLogger("timbre.jobs")

OPEN_STATES = (JobState.WAITING, JobState.RUNNING)


class Store:
    """
    Args:
        paths: The home.
        database: An open one to share; without it the store opens and closes its own.
        write: How a file is written whole, `core.disk.write_whole`; a test may fill the disk.
    """

    def __init__(
        self,
        paths: Paths,
        database: Database | None = None,
        *,
        write: Callable[[Path, bytes], None] = write_whole,
    ) -> None:
        self.paths = paths
        self.database = database or Database(paths)
        self._is_own = database is None
        self._write = write

    def own(self) -> None:
        """Be the one page of this home. Raises ResourceError while another page is open on it."""
        self.database.own()

    def close(self) -> None:
        if self._is_own:
            self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Jobs

    def add_job(self, job: Job) -> None:
        """Accept a job; it survives a power cut from here on. This process is its owner."""
        assert ID.fullmatch(job.id), "a job's id is a uuid4 in hexadecimal"
        assert len(job.keys) == len(job.seeds) == len(job.plan.segments), "one per segment"
        assert all(KEY.fullmatch(key) for key in job.keys), "a key is a hash in hexadecimal"
        columns = {
            "id": job.id,
            "state": job.state.value,
            "error": _text(job.error),
            "owner": self.database.token,
            "made_at": job.made_at,
            "title": schema.title(job.request.text),
            "n_segments": len(job.plan.segments),
            "voice_id": schema.storable(job.request.voice_id),
            "engine": schema.storable(job.request.engine),
            "keys": schema.dump_list(job.keys),
            "seeds": schema.dump_list(job.seeds),
            "request": schema.dump_request(job.request),
            "plan": schema.dump_plan(job.plan),
        }
        with self.database.change() as rows:
            rows.execute(
                f"INSERT INTO jobs ({', '.join(columns)})"  # noqa: S608 - our own names
                f" VALUES ({', '.join('?' * len(columns))})",
                tuple(columns.values()),
            )
        _logger.info("job %s accepted: %d segments", job.id, len(job.plan.segments))

    def job(self, job_id: str) -> Job:
        """A job with its plan. Raises MissingError."""
        found = self.database.rows("SELECT * FROM jobs WHERE id = ?", (job_id,))
        if not found:
            raise _no_job()
        row = found[0]
        return Job(
            id=row["id"],
            request=schema.load_request(row["request"]),
            plan=schema.load_plan(row["plan"]),
            keys=schema.load_strings(row["keys"]),
            seeds=schema.load_integers(row["seeds"]),
            state=JobState(row["state"]),
            error=row["error"],
            made_at=row["made_at"],
        )

    def jobs(self, limit: int = 50) -> tuple[JobSummary, ...]:
        """The newest first; cheap, whatever the length of their texts."""
        found = self.database.rows(
            "SELECT id, state, title, n_segments, voice_id, engine, error, made_at,"
            " (SELECT COUNT(*) FROM segments WHERE job_id = jobs.id) AS n_done"
            " FROM jobs ORDER BY made_at DESC, rowid DESC LIMIT ?",
            (limit,),
        )
        return tuple(
            JobSummary(**{**row, "state": JobState(row["state"])}) for row in map(dict, found)
        )

    def jobs_of(self, voice_id: str) -> tuple[str, ...]:
        """Ids of every job that asked for a voice, oldest first."""
        found = self.database.rows(
            "SELECT id FROM jobs WHERE voice_id = ? ORDER BY made_at, rowid",
            (schema.storable(voice_id),),
        )
        return tuple(row["id"] for row in found)

    def set_state(self, job_id: str, state: JobState, error: str | None = None) -> None:
        """Write down where a job is; this process becomes its owner.

        Before a job runs, the files of its finished segments are read once: damaged ones are
        forgotten, and so made again.

        Raises MissingError, and ResourceError while another live process is at the job.
        """
        if state is JobState.RUNNING:
            self.recheck(job_id)
        with self._mine(job_id, durable=state.is_over) as rows:
            rows.execute(
                "UPDATE jobs SET state = ?, error = ? WHERE id = ?",
                (state.value, _text(error), job_id),
            )
        _logger.info("job %s is %s", job_id, state.value)

    def interrupted(self) -> tuple[Job, ...]:
        """Jobs that were waiting or running in a process that is no more, oldest first."""
        open_jobs = self.database.rows(
            "SELECT id, owner FROM jobs WHERE state IN (?, ?) ORDER BY made_at, rowid",
            [state.value for state in OPEN_STATES],
        )
        alive = {
            owner: self.database.is_alive(owner) for owner in {row["owner"] for row in open_jobs}
        }
        return tuple(self.job(row["id"]) for row in open_jobs if not alive[row["owner"]])

    def delete_job(self, job_id: str) -> None:
        """Remove a job and its files. Raises as `set_state`."""
        with self._mine(job_id, durable=True) as rows:
            rows.execute("DELETE FROM jobs WHERE id = ?", (job_id,))
            _mark_unwanted(rows, job_id)
        self.database.discard("jobs", job_id)
        _logger.info("job %s deleted", job_id)

    # Segments

    def save_segment(self, job_id: str, done: DoneSegment, audio: Audio) -> None:
        """Keep a finished segment: once this returns, nothing but the disk can lose it.

        Raises MissingError when the job was deleted meanwhile, ResourceError when the disk is
        full, ValueError for a sound with NaN or infinity or a key that is not the plan's.
        """
        keys = self._keys(job_id)
        if not 0 <= done.index < len(keys) or keys[done.index] != done.key:
            raise ValueError(f"segment {done.index} does not have the key {done.key} in this job")
        content = flac.encode(audio)
        self._write(self.segment_file(job_id, done.key), content)
        columns = {
            "job_id": job_id,
            "position": done.index,
            "key": done.key,
            "seconds": done.seconds,
            "wall_s": done.wall_s,
            "peak_bytes": done.peak_bytes,
            "note": _text(done.note),
            "size_bytes": len(content),
            "crc32": zlib.crc32(content),
            **schema.origin_columns(done.origin),
            "verdict": schema.storable(done.verdict),
        }
        try:
            with self.database.change(durable=False) as rows:
                rows.execute(
                    f"INSERT OR REPLACE INTO segments ({', '.join(columns)})"  # noqa: S608 - ours
                    f" VALUES ({', '.join('?' * len(columns))})",
                    tuple(columns.values()),
                )
                # Equal sentences may share a key, and so the file that was just replaced.
                of_the_file = {
                    name: value
                    for name, value in columns.items()
                    if name in ("seconds", "size_bytes", "crc32", "verdict", *schema.ORIGIN)
                }
                rows.execute(
                    f"UPDATE segments SET {' = ?, '.join(of_the_file)} = ?"  # noqa: S608 - ours
                    " WHERE job_id = ? AND key = ?",
                    (*of_the_file.values(), job_id, done.key),
                )
        except sqlite3.IntegrityError as error:
            with self.database.change() as rows:
                _mark_unwanted(rows, job_id)
            self.database.discard("jobs", job_id)
            raise _no_job() from error

    def done(self, job_id: str) -> tuple[DoneSegment, ...]:
        """Finished segments in the order of the plan. A missing or cut file counts as not done.

        Raises MissingError.
        """
        rows = self._segments(job_id)
        sizes = _sizes(self.paths.jobs / job_id / "segments")
        return tuple(
            DoneSegment(
                index=row["position"],
                key=row["key"],
                seconds=row["seconds"],
                wall_s=row["wall_s"],
                peak_bytes=row["peak_bytes"],
                note=row["note"],
                origin=schema.origin_of(row),
                verdict=row["verdict"],
            )
            for row in rows
            if sizes.get(f"{row['key']}.flac") == row["size_bytes"]
        )

    def segment_file(self, job_id: str, key: str) -> Path:
        """Where the sound of a key lies, or would lie."""
        if not ID.fullmatch(job_id):
            raise _no_job()
        if not KEY.fullmatch(key):
            raise ValueError("a key is a hash in hexadecimal")
        return self.paths.jobs / job_id / "segments" / f"{key}.flac"

    def segment_sound(self, job_id: str, index: int) -> Audio:
        """The sound of a finished segment, without the pause after it.

        Raises MissingError when it is not there; a damaged file is forgotten first, so that
        resuming the job makes it again.
        """
        for row in self._segments(job_id, index):
            content = self._whole(job_id, row)
            if content is None:
                self._forget(job_id, row)
                raise MissingError(
                    f"The sound of segment {index + 1} is damaged or gone from the disk.",
                    "Resume the job: what is missing is made again.",
                )
            return flac.decode(content)
        raise MissingError(f"Segment {index + 1} of this job is not finished.")

    def recheck(self, job_id: str) -> int:
        """Read the file of every finished segment and forget those that are damaged or gone.

        Returns how many were forgotten. Raises MissingError.
        """
        n_forgotten = 0
        for row in self._segments(job_id):
            if self._whole(job_id, row) is None:
                self._forget(job_id, row)
                n_forgotten += 1
        return n_forgotten

    # Inside

    def _keys(self, job_id: str) -> tuple[str, ...]:
        found = self.database.rows("SELECT keys FROM jobs WHERE id = ?", (job_id,))
        if not found:
            raise _no_job()
        return schema.load_strings(found[0]["keys"])

    def _segments(self, job_id: str, index: int | None = None) -> list[sqlite3.Row]:
        """Rows of all segments in the order of the plan, or of the one at `index`."""
        keys = self._keys(job_id)
        rows = self.database.rows(
            "SELECT * FROM segments WHERE job_id = ? AND position = ifnull(?, position)"
            " ORDER BY position",
            (job_id, index),
        )
        return [row for row in rows if row["key"] == keys[row["position"]]]

    def _whole(self, job_id: str, row: sqlite3.Row) -> bytes | None:
        """The file of a segment as it was written, or None."""
        try:
            content = self.segment_file(job_id, row["key"]).read_bytes()
        except OSError:
            return None
        return content if zlib.crc32(content) == row["crc32"] else None

    def _forget(self, job_id: str, row: sqlite3.Row) -> None:
        # Only the row that was read: the segment may have been made again meanwhile.
        with self.database.change(durable=False) as rows:
            rows.execute(
                "DELETE FROM segments WHERE job_id = ? AND position = ? AND crc32 = ?",
                (job_id, row["position"], row["crc32"]),
            )
            # Done means that every segment is there; a stopped job can be resumed.
            rows.execute(
                "UPDATE jobs SET state = ? WHERE id = ? AND state = ?",
                (JobState.STOPPED.value, job_id, JobState.DONE.value),
            )
        _logger.warning("job %s: segment %d damaged or gone", job_id, row["position"])

    @contextlib.contextmanager
    def _mine(self, job_id: str, *, durable: bool) -> Iterator[sqlite3.Connection]:
        """A transaction on a job that becomes this process's own."""
        while True:
            found = self.database.rows("SELECT owner, state FROM jobs WHERE id = ?", (job_id,))
            if not found:
                raise _no_job()
            owner, state = found[0]["owner"], JobState(found[0]["state"])
            if state in OPEN_STATES and self._is_of_another(owner):
                raise ResourceError(
                    "Another Timbre is working on this job.",
                    "Wait until it has finished, or stop it there.",
                )
            with self.database.change(durable=durable) as rows:
                taken = rows.execute(
                    "UPDATE jobs SET owner = ? WHERE id = ? AND owner = ?",
                    (self.database.token, job_id, owner),
                )
                if taken.rowcount == 1:
                    yield rows
                    return

    def _is_of_another(self, owner: str) -> bool:
        return owner != self.database.token and self.database.is_alive(owner)


def _no_job() -> MissingError:
    return MissingError("There is no such job; it may have been deleted.")


def _mark_unwanted(rows: sqlite3.Connection, job_id: str) -> None:
    rows.execute("INSERT OR IGNORE INTO unwanted VALUES ('jobs', ?)", (job_id,))


def _text(text: str | None) -> str | None:
    return None if text is None else schema.storable(text)


def _sizes(folder: Path) -> dict[str, int]:
    """Of every file by name (bytes); one walk, because a page asks once a second."""
    sizes: dict[str, int] = {}
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                sizes[entry.name] = entry.stat().st_size
    return sizes
