"""The report of a job: memory and speed over its pieces, as a matplotlib figure and in a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import InputError, ResourceError
from core.jobs.job import DoneSegment, JobSummary
from core.paths import whole_file
from ui import figures, plots
from ui.words import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from core.studio import Studio

FORMATS = ("png", "svg")
DPI = 220
"""Of the saved picture: sharp when printed on half a page."""
SIZE_IN = (4.8, 3.9)
"""On the page it is drawn as wide as a telephone's screen or a little wider: its letters are then
about as large as the page's own."""
_MIB = 1024.0**2


@dataclass(frozen=True, kw_only=True)
class Report:
    """
    Args:
        title: First words of the text.
        pieces: Finished ones, in the order of the text; at least one.
    """

    title: str
    pieces: tuple[DoneSegment, ...]


def report(studio: Studio, job_id: str | None, language: str) -> Report:
    """Raises InputError before anything is finished, MissingError for a job that is gone."""
    if not job_id:
        raise InputError(say(language, "report_empty"))
    job = studio.job(job_id)
    pieces = studio.progress(job_id)
    if not pieces:
        raise InputError(say(language, "report_few"), say(language, "report_few_hint"))
    title = " ".join(job.request.text.split())
    return Report(title=title if len(title) <= 60 else f"{title[:59]}…", pieces=tuple(pieces))


def speeds(pieces: Sequence[DoneSegment]) -> list[float | None]:
    """Seconds of sound per second of work for each piece; None where no work was measured."""
    return [piece.seconds / piece.wall_s if piece.wall_s > 0 else None for piece in pieces]


def figure(shown: Report, language: str) -> Figure:
    """Two plots above each other: memory of the engine (MB), sound made per second.

    Args:
        shown: What is drawn.
        language: Of the page; the labels are English where no font has Chinese.
    """
    # Here and not above: it costs 0.3 s and 20 MB, and most pages never draw one.
    from matplotlib.figure import Figure  # noqa: PLC0415
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    spoken, font = plots.lettering(language)
    drawn = Figure(figsize=SIZE_IN, dpi=100, layout="constrained")
    memory, speed = drawn.subplots(2, 1, sharex=True)
    numbers = [piece.index + 1 for piece in shown.pieces]
    nan = float("nan")
    peaks = [nan if one.peak_bytes is None else one.peak_bytes / _MIB for one in shown.pieces]
    pace = [nan if value is None else value for value in speeds(shown.pieces)]
    for axes, values, key in (
        (memory, peaks, "report_memory"),
        (speed, pace, "report_speed"),
    ):
        axes.plot(numbers, values, color=plots.ACCENT, linewidth=1.6, marker="o",
                  markersize=3.5 if len(numbers) < 80 else 0)  # fmt: skip
        axes.set_ylabel(say(spoken, key), color=plots.INK, **font)
        plots.dress(axes)
    if all(value != value for value in peaks):  # noqa: PLR0124 - the one that is not itself is NaN
        memory.set_yticks([])
        memory.text(0.5, 0.5, say(spoken, "report_unmeasured"), transform=memory.transAxes,
                    ha="center", color=plots.INK, **font)  # fmt: skip
    speed.set_xlabel(say(spoken, "report_piece"), color=plots.INK, **font)
    speed.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return drawn


def report_html(shown: Report, language: str) -> str:
    """The figure in the page's colours, and the figures in a line."""
    sound_s = sum(piece.seconds for piece in shown.pieces)
    work_s = sum(piece.wall_s for piece in shown.pieces)
    peaks = [piece.peak_bytes for piece in shown.pieces if piece.peak_bytes is not None]
    line = say(
        language,
        "report_line",
        n=len(shown.pieces),
        time=figures.about(sound_s, language),
        work=figures.about(work_s, language),
        speed=f"{sound_s / work_s:.1f}" if work_s > 0 else figures.UNKNOWN,
        peak=figures.size(max(peaks)) if peaks else figures.UNKNOWN,
    )
    drawing = plots.svg(figure(shown, language), stretches=False)
    return (
        f'<figure class="tb-report" aria-label="{escape(say(language, "report_alt"))}">'
        f"<figcaption><b>{escape(shown.title)}</b><span>{escape(line)}</span></figcaption>"
        f"<div>{drawing}</div></figure>"
    )


def save(studio: Studio, job_id: str | None, file_format: str, language: str) -> Path:
    """Write the figure on white into the exports folder.

    Raises as `report`, and ResourceError when the disk says no.
    """
    if file_format not in FORMATS:
        raise InputError(f"{file_format} is no format of a report.", "Choose PNG or SVG.")
    shown = report(studio, job_id, language)
    # The id is one that the studio knows: it found the job.
    target = studio.paths.exports / f"report-{studio.job(str(job_id)).id[:8]}.{file_format}"
    drawn = figure(shown, language)
    try:
        with whole_file(target) as part:
            drawn.savefig(part, format=file_format, dpi=DPI, facecolor="white")
    except OSError as error:
        raise ResourceError(
            f"{target.name} could not be written: {error.strerror}.", "Free some space."
        ) from None
    return target


def choices(jobs: Sequence[JobSummary], lines: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those of the list of jobs (as line, id) that have something to report."""
    begun = {job.id for job in jobs if job.n_done > 0}
    return [(line, job_id) for line, job_id in lines if job_id in begun]
