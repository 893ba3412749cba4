"""The finished segments of a job as one file."""

from __future__ import annotations

import shutil
from pathlib import Path

from core.audio import child
from core.audio.encode import FileFormat
from core.errors import MissingError, ResourceError
from core.jobs.job import Job
from core.jobs.schema import title
from core.jobs.store import Store
from core.synthesis.take import Mark, Take

BYTES_PER_SAMPLE = 2
SPARE_BYTES = 64 << 20
"""Left free on the disk beside the file."""
CPU_SHARE = 0.5
"""Processor seconds granted per second of sound; a tenth of it was used."""


def export(
    store: Store,
    job: Job,
    *,
    rate: int,
    voice_name: str,
    folder: Path,
    format: FileFormat,
    target_lufs: float,
    ceiling_db: float,
) -> Take:
    """Join what is finished, in the order of the plan, at the wanted loudness.

    Args:
        store: Where the segments are.
        job: Over or still running; what is not finished is left out.
        rate: Of its segments (Hz).
        voice_name: For the file's tags.
        folder: Where the file goes.
        format: Of the file.
        target_lufs: Integrated loudness to reach (LUFS).
        ceiling_db: True peak that is not passed (dBTP).

    Raises:
        MissingError: Nothing is finished yet.
        ResourceError: The disk has too little room.
    """
    done = store.done(job.id)
    if not done:
        raise MissingError("Nothing of this job is finished yet.", "Wait for the first segment.")
    last = done[-1].index
    segments = [job.plan.segments[each.index] for each in done]
    # The pause before a piece that is not there yet would only be a longer silence at the end.
    pauses_s = [0.0 if s.index == last else s.pause_s for s in segments]
    expected_s = sum(each.seconds for each in done) + sum(pauses_s)
    folder.mkdir(parents=True, exist_ok=True)
    _check_room(folder, round(expected_s * rate * BYTES_PER_SAMPLE))
    target = folder / f"timbre-{job.id[:12]}.{format.value}"
    made = child.run(
        "assemble",
        {
            "segments": [
                (str(store.segment_file(job.id, each.key)), pause_s)
                for each, pause_s in zip(done, pauses_s, strict=True)
            ],
            "rate": rate,
            "target": str(target),
            "format": format.value,
            "target_lufs": target_lufs,
            "ceiling_db": ceiling_db,
            "tags": {"title": title(job.request.text), "artist": f"{voice_name} (synthetic)"},
        },
        limits=child.Limits(
            cpu_s=240 + round(CPU_SHARE * expected_s),
            wall_s=600 + 2 * CPU_SHARE * expected_s,
            file_bytes=(4 << 30) - 1,
        ),
        subject="The export",
    )
    return Take(
        job_id=job.id,
        path=target,
        seconds=made["seconds"],
        rate=made["rate"],
        loudness_lufs=made["loudness_lufs"],
        true_peak_db=made["true_peak_db"],
        marks=tuple(
            Mark(index=segment.index, text=segment.text, start_s=start_s, stop_s=stop_s)
            for segment, (start_s, stop_s) in zip(segments, made["marks"], strict=True)
        ),
    )


def _check_room(folder: Path, n_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < n_bytes + SPARE_BYTES:
        raise ResourceError(
            f"The file needs up to {n_bytes / 2**20:.0f} MiB and the disk has "
            f"{free / 2**20:.0f} MiB free.",
            "Free some space and save again; the segments are kept.",
        )
