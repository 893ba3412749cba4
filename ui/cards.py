"""How a recording, its kept part and a voice look: HTML made of escaped words and figures."""

from __future__ import annotations

import time
from html import escape
from typing import TYPE_CHECKING

from core.audio.recording import Recording
from core.audio.samples import ReferenceReport
from ui import figures, plots, words
from ui.edge import Problem
from ui.picks import BY_HAND, Pick
from ui.sounds import excerpt_url, voice_url
from ui.words import say

if TYPE_CHECKING:
    from core.studio import Studio


def wave_html(pick: Pick | None, language: str) -> str:
    """The waveform in its frame; an empty frame of the same height before there is one."""
    if pick is None:
        return (
            f'<div class="tb-wave tb-empty"><p>{say(language, "wave_empty")}'
            f"<br>{say(language, 'voice_empty')}</p></div>"
        )
    recording, span = pick.recording, pick.span
    start, stop = (span.start_s, span.stop_s) if span else (0.0, 0.0)
    alt = say(
        language,
        "wave_alt",
        seconds=figures.clock(recording.seconds),
        start=figures.clock(start),
        stop=figures.clock(stop),
    )
    drawing = plots.svg(plots.waveform(recording, span))
    edges = ""
    if span is not None:
        left = 100.0 * start / recording.seconds
        width = 100.0 * span.seconds / recording.seconds
        edges = f'<i class="tb-kept" style="left:{left:.2f}%;width:{width:.2f}%"></i>'
    legend = "".join(
        f'<span><i class="{css}"></i>{say(language, key)}</span>'
        for css, key, is_drawn in (
            ("tb-k-kept", "legend_kept", span is not None),
            ("tb-k-speech", "legend_speech", recording.speech),
            ("tb-k-other", "legend_other", any(one.span != span for one in recording.windows)),
        )
        if is_drawn
    )
    return (
        f'<div class="tb-wave" role="img" aria-label="{escape(alt)}" '
        f'data-seconds="{recording.seconds:.3f}">{drawing}{edges}'
        f'<i class="tb-drag" hidden></i></div>'
        f'<div class="tb-legend"><b>{escape(recording.name)}</b>'
        f"<span>{figures.clock(recording.seconds)}</span>{legend}"
        f'<span class="tb-tip">{say(language, "wave_help")}</span></div>'
    )


def kept_html(pick: Pick | None, language: str) -> str:
    """The kept part in words, with a player."""
    if pick is None:
        return f'<div class="tb-kept-box tb-empty"><p>{say(language, "kept_empty")}</p></div>'
    recording = pick.recording
    remarks = "".join(
        f"<li>{escape(words.translated(language, text))}</li>" for text in recording.notes
    )
    if pick.span is None or pick.report is None:
        problem = Problem(
            message=words.translated(language, recording.problem or ""),
            hint=words.translated(language, recording.hint),
        )
        return f'{problem.html}<ul class="tb-notes">{remarks}</ul>'
    span, report = pick.span, pick.report
    line = say(
        language,
        "kept_line",
        seconds=f"{span.seconds:.1f} s",
        start=figures.clock(span.start_s),
        stop=figures.clock(span.stop_s),
    )
    notes = "".join(
        f'<li class="{"tb-warn" if remark.is_warning else "tb-good"}">'
        f"{escape(words.note(language, remark))}</li>"
        for remark in report.notes
    )
    source = excerpt_url(recording.id, span)
    return (
        f'<div class="tb-kept-box"><p class="tb-line">{line}</p>'
        f'<audio controls preload="none" src="{escape(source)}" '
        f'aria-label="{say(language, "listen_kept")}"></audio>'
        f'<ul class="tb-notes">{notes}{remarks}</ul>'
        f'<p class="tb-small">{_measured(recording, report, language)}</p></div>'
    )


def _measured(recording: Recording, report: ReferenceReport, language: str) -> str:
    loudness = report.loudness_lufs
    return say(
        language,
        "measured",
        codec=recording.codec.upper(),
        rate=f"{recording.rate / 1000:g}",
        loudness=figures.UNKNOWN if loudness is None else f"{loudness:.0f} LUFS".replace("-", "−"),
    )


def window_choices(recording: Recording | None, language: str) -> list[tuple[str, str]]:
    """The proposals of a recording as (label, number), then the way by hand."""
    windows = recording.windows[:3] if recording else ()
    labels = ("window_best", "window_second", "window_third")
    choices = [
        (f"{say(language, label)} · {window.span.seconds:.1f} s", str(number))
        for number, (label, window) in enumerate(zip(labels, windows, strict=False))
    ]
    return [*choices, (say(language, "window_hand"), BY_HAND)]


def voice_choices(studio: Studio) -> list[tuple[str, str]]:
    """The library as (name, id), newest first."""
    newest = sorted(studio.voices(), key=lambda voice: voice.made_at, reverse=True)
    return [(voice.name, voice.id) for voice in newest]


def voice_html(studio: Studio, voice_id: str | None, language: str) -> str:
    """One voice of the library: what it is, and a player."""
    if not voice_id:
        return f'<p class="tb-empty">{say(language, "library_empty")}</p>'
    voice = studio.voice(voice_id)
    facts = say(
        language,
        "voice_facts",
        seconds=f"{voice.report.seconds:.1f} s",
        language=words.spoken_language(voice.language, language),
        date=time.strftime("%Y-%m-%d", time.localtime(voice.made_at)),
    )
    transcript = f"<q>{escape(voice.transcript)}</q>" if voice.transcript else ""
    more = ""
    if voice.more:
        names = ", ".join(each.name for each in voice.more)
        line = say(language, "further_of_voice", n=len(voice.more), names=names)
        more = f'<p class="tb-small">{escape(line)}</p>'
    return (
        f'<div class="tb-kept-box"><p class="tb-line">{escape(voice.name)}</p>'
        f'<p class="tb-small">{facts}</p>'
        f'<audio controls preload="none" src="{escape(voice_url(voice.id))}" '
        f'aria-label="{escape(voice.name)}"></audio>{more}{transcript}</div>'
    )


def reason_html(reason: str | None) -> str:
    """Why a button cannot be pressed, beside it."""
    return f'<p class="tb-why">{escape(reason)}</p>' if reason else ""


def said_html(sentence: str) -> str:
    """A line that confirms."""
    return f'<p class="tb-said" role="status">{escape(sentence)}</p>'
