"""What the Speak tab does: plan a text, let it be spoken, and say how far it is."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from core.audio.encode import FileFormat
from core.errors import InputError, MissingError
from core.jobs.job import Job, JobState, JobSummary, SpeakRequest
from core.memory.plan import BatchPlan
from core.synthesis.take import Take
from core.text.plan import TextPlan
from ui import figures, guarding, words
from ui.edge import Problem
from ui.follow import Standing, standing
from ui.words import say

if TYPE_CHECKING:
    from core.studio import Studio

MAX_SEED = 2**31 - 1
N_JOBS_LISTED = 50
N_LANGUAGES_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """
    Args:
        engine: Name of its card.
        model: Name of one of its models; empty for the first that can be loaded.
        settings: Its knobs, those that were moved.
    """

    engine: str
    model: str = ""
    settings: dict[str, float] = field(default_factory=dict)


def plan_html(
    plan: TextPlan, seconds: float, language: str, *, fits: BatchPlan | None = None
) -> str:
    """`41 pieces · about 6 min of sound · English`, what cleaning changed, and what it takes.

    Args:
        plan: Of the text.
        seconds: Estimate of its sound (s).
        language: Of the page.
        fits: In which batches it is going to be said; None where that is not known.
    """
    n = len(plan.segments)
    counted = Counter(segment.language for segment in plan.segments)
    named = [
        words.spoken_language(code, language) for code, _ in counted.most_common(N_LANGUAGES_NAMED)
    ]
    line = say(
        language,
        "plan_line_one" if n == 1 else "plan_line",
        n=n,
        time=figures.about(seconds, language),
        language=", ".join(named),
    )
    notes = "".join(f"<li>{escape(words.translated(language, note))}</li>" for note in plan.notes)
    room = ""
    if fits is not None:
        told = guarding.in_clauses(fits.in_words(), language)
        room = f'<p class="tb-plan">{escape(say(language, "plan_fits", told=told))}</p>'
    return f'<p class="tb-plan">{escape(line)}</p>{room}' + (
        f'<ul class="tb-notes">{notes}</ul>' if notes else ""
    )


def speak(
    studio: Studio,
    *,
    text: str,
    voice_id: str | None,
    chosen: Chosen,
    spoken: str | None,
    seed: float | None,
    language: str,
) -> Job:
    """Hand a text over to be spoken; raises InputError or MissingError with what is missing."""
    if not voice_id:
        raise InputError(say(language, "plan_no_voice"))
    if not text.strip():
        raise InputError(say(language, "plan_empty"))
    return studio.submit(
        SpeakRequest(
            text=text,
            voice_id=voice_id,
            engine=chosen.engine,
            model=chosen.model,
            language=spoken or None,
            settings=chosen.settings,
            seed=min(MAX_SEED, max(0, int(seed or 0))),
        )
    )


def to_follow(studio: Studio) -> str:
    """The job that a freshly opened page shows: the one at work, or the last; empty for none."""
    running = studio.running()
    if running is not None:
        return running.id
    last = studio.jobs(limit=1)
    return last[0].id if last else ""


class Standings:
    """How far jobs are, read anew only when something happened: the page asks every second.

    Args:
        studio: The door.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._known: OrderedDict[str, Standing] = OrderedDict()

    def of(self, job_id: str | None) -> Standing | None:
        """None for no job, or for one that was deleted meanwhile."""
        if not job_id:
            return None
        listed = self._studio.jobs(limit=N_JOBS_LISTED)
        summary = next((one for one in listed if one.id == job_id), None)
        known = self._known.get(job_id)
        if summary is not None and known is not None and _says_the_same(summary, known):
            return known
        try:
            now = standing(self._studio.job(job_id), self._studio.progress(job_id))
        except MissingError:
            return None
        self._known[job_id] = now
        while len(self._known) > N_JOBS_LISTED:
            self._known.popitem(last=False)
        return now


def _says_the_same(summary: JobSummary, known: Standing) -> bool:
    return (summary.state, summary.n_done) == (known.state, known.n_done)


def stage(now: Standing | None, language: str, *, autoplay: bool = False) -> dict[str, Any]:
    """What the player component shows, for `player.js`."""
    if now is None:
        return {"job": None, "state": "empty", "said": say(language, "job_empty")}
    key = f"job_{now.state.value}"
    if now.state is JobState.RUNNING and now.n_done == 0:
        key = "job_starting"
    problem = None
    if now.state is JobState.FAILED:
        message = words.translated(language, now.error or say(language, "job_failed"))
        problem = Problem(message=message, hint=say(language, "job_failed_hint")).html
    return {
        "job": now.job_id,
        "state": now.state.value,
        "said": say(language, key),
        "detail": _detail(now, language),
        "problem": problem,
        "remarks": remarks_html(now.remarks, language),
        "fraction": round(now.fraction, 4),
        "done": now.n_done,
        "all": now.n_segments,
        "autoplay": autoplay,
    }


def remarks_html(remarks: Sequence[str], language: str) -> str:
    """What is to be known of finished pieces, folded: small and quiet; mostly nothing."""
    if not remarks:
        return ""
    n = len(remarks)
    head = say(language, "job_remark" if n == 1 else "job_remarks", n=n)
    lines = "".join(f"<li>{escape(words.translated(language, one))}</li>" for one in remarks)
    return (
        f'<details class="tb-small"><summary>{escape(head)}</summary>'
        f'<ul class="tb-notes">{lines}</ul></details>'
    )


def _detail(now: Standing, language: str) -> str:
    """`12 of 41 pieces · about 2 min left · 31 × real time`."""
    parts = [say(language, "job_count", done=now.n_done, all=now.n_segments)]
    if now.n_done:
        parts.append(say(language, "job_sound", time=figures.short_clock(now.sound_s)))
    if now.left_s is not None:
        parts.append(say(language, "job_left", time=figures.about(now.left_s, language)))
    if now.speed is not None:
        speed = f"{now.speed:.0f}" if now.speed >= 10 else f"{now.speed:.1f}"
        parts.append(say(language, "job_speed", speed=speed))
    # On a narrow page a line ends between two of them, not within one.
    return " · ".join(part.replace(" ", "\u00a0") for part in parts)


def job_choices(studio: Studio, language: str) -> list[tuple[str, str]]:
    """Earlier jobs as (line, id), newest first."""
    return [
        (_job_line(summary, language), summary.id) for summary in studio.jobs(limit=N_JOBS_LISTED)
    ]


def _job_line(summary: JobSummary, language: str) -> str:
    when = time.strftime("%m-%d %H:%M", time.localtime(summary.made_at))
    state = say(language, f"state_{summary.state.value}")
    count = f"{summary.n_done}/{summary.n_segments}"
    return f"{when} · {state} {count} · {summary.title}"


def save(
    studio: Studio, job_id: str | None, file_format: str, lufs: float | None, language: str
) -> Take:
    """Join the finished pieces into a file to download; raises what `Studio.export` raises."""
    if not job_id:
        raise InputError(say(language, "save_empty"))
    return studio.export(job_id, format=FileFormat(file_format), target_lufs=lufs)


def saved_html(take: Take, language: str) -> str:
    """What was written, in figures."""
    line = say(
        language,
        "saved",
        name=take.path.name,
        time=figures.short_clock(take.seconds),
        loudness=_decibels(take.loudness_lufs, "LUFS"),
        peak=_decibels(take.true_peak_db, "dBTP"),
    )
    return f'<p class="tb-said" role="status">{escape(line)}</p>'


def _decibels(value: float | None, unit: str) -> str:
    if value is None:
        return figures.UNKNOWN
    return f"{value:.1f} {unit}".replace("-", "−")


def format_choices(formats: Sequence[str] = tuple(FileFormat)) -> list[tuple[str, str]]:
    """File formats as (key of their label, name)."""
    return [(f"format_{name}", str(name)) for name in formats]
