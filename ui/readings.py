"""How the machine's readings look: a compact panel, a full one, and one line for the header."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import TypeVar

from core.jobs.job import JobState
from core.memory.readings import DeviceReading, HostReading, Snapshot
from ui import figures, plots
from ui.figures import UNKNOWN
from ui.follow import Standing
from ui.words import say

R = TypeVar("R", DeviceReading, HostReading)


def line_html(now: Snapshot, voice: str | None, engine: str, language: str) -> str:
    """The header's line: voice, engine, machine."""
    chosen = escape(voice) if voice else say(language, "status_no_voice")
    parts = [
        f"<span><i>{say(language, 'status_voice')}</i> {chosen}</span>",
        f"<span><i>{say(language, 'status_engine')}</i> {escape(engine)}</span>",
    ]
    if now.devices:
        parts += [
            f"<span>{escape(_short_name(device.name))} · "
            f"{figures.of(device.used_bytes, device.total_bytes)} · "
            f"{figures.percent(device.busy_percent)}</span>"
            for device in now.devices
        ]
    else:
        host = now.host
        parts.append(
            f"<span><i>{say(language, 'processor')}</i> {figures.percent(host.cpu_percent)} · "
            f"{figures.of(host.used_bytes, host.total_bytes)}</span>"
        )
    return f'<div class="tb-status">{"".join(parts)}</div>'


def panel_html(now: Snapshot, job: Standing | None, language: str) -> str:
    """The compact panel that stays beside every tab."""
    blocks = [_device_block(device, now, language) for device in now.devices]
    if not blocks:
        key = "gpu_lost" if now.gpu_state == "lost" else "gpu_none_short"
        blocks = [f'<p class="tb-small">{say(language, key)}</p>']
    blocks.append(_host_block(now, language))
    blocks.append(_job_block(job, language))
    return f'<div class="tb-panel">{"".join(blocks)}</div>'


def monitor_html(now: Snapshot, job: Standing | None, language: str) -> str:
    """The Monitor tab."""
    blocks = [
        _card(device.name, [_device_block(device, now, language, full=True)])
        for device in now.devices
    ]
    if not blocks:
        key = "gpu_lost" if now.gpu_state == "lost" else "gpu_none"
        blocks.append(_card("GPU", [f"<p>{say(language, key)}</p>"]))
    host = now.host
    facts = _facts(
        (
            (say(language, "page_process"), figures.size(host.page_bytes)),
            (
                say(language, "engine_process"),
                say(language, "engine_off")
                if host.engine_bytes is None
                else figures.size(host.engine_bytes),
            ),
            (say(language, "disk_free"), figures.size(host.disk_free_bytes)),
        )
    )
    blocks.append(_card(say(language, "machine"), [_host_block(now, language, full=True), facts]))
    blocks.append(_card(say(language, "job"), [_job_block(job, language, titled=False)]))
    return f'<div class="tb-monitor">{"".join(blocks)}</div>'


def _card(title: str, parts: Sequence[str]) -> str:
    return f'<section class="tb-card"><h3>{escape(title)}</h3>{"".join(parts)}</section>'


def _device_block(
    device: DeviceReading, now: Snapshot, language: str, *, full: bool = False
) -> str:
    history = now.device_history.get(device.uuid, ())
    parts = [] if full else [f"<h4>{escape(_short_name(device.name))}</h4>"]
    parts.append(
        _bar(
            say(language, "gpu_memory" if full else "memory"),
            figures.of(device.used_bytes, device.total_bytes),
            figures.share(device.used_bytes, device.total_bytes),
            figures.share(device.ours_bytes, device.total_bytes),
        )
    )
    parts.append(
        _bar(
            say(language, "busy"),
            figures.percent(device.busy_percent),
            figures.share(device.busy_percent, 100.0),
        )
    )
    facts = [
        (say(language, "temperature"), figures.degrees(device.celsius)),
        (say(language, "power"), figures.power(device.watts, device.limit_watts)),
    ]
    if full:
        facts.insert(0, (say(language, "ours"), figures.size(device.ours_bytes)))
    parts.append(_facts(facts))
    parts.append(
        _history(history, lambda reading: reading.busy_percent, 100.0, language, titled=full,
                 title=say(language, "busy"))
    )  # fmt: skip
    if full:
        total = float(device.total_bytes or 0)
        parts.append(
            _history(history, lambda reading: reading.used_bytes, total, language,
                     title=say(language, "gpu_memory"))
        )  # fmt: skip
    return "".join(parts)


def _host_block(now: Snapshot, language: str, *, full: bool = False) -> str:
    host = now.host
    ours = (host.page_bytes or 0) + (host.engine_bytes or 0)
    parts = [
        "" if full else f"<h4>{say(language, 'machine')}</h4>",
        _bar(
            say(language, "memory"),
            figures.of(host.used_bytes, host.total_bytes),
            figures.share(host.used_bytes, host.total_bytes),
            figures.share(ours, host.total_bytes),
        ),
        _bar(
            f"{say(language, 'processor')} · {say(language, 'cores', n=host.n_cores)}",
            figures.percent(host.cpu_percent),
            figures.share(host.cpu_percent, 100.0),
        ),
    ]
    if full or not now.devices:
        parts.append(
            _history(now.history, lambda reading: reading.cpu_percent, 100.0, language,
                     title=say(language, "processor"), titled=full)
        )  # fmt: skip
    if full:
        parts.append(
            _history(now.history, lambda reading: reading.used_bytes, float(host.total_bytes or 0),
                     language, title=say(language, "memory"))
        )  # fmt: skip
    else:
        process = _facts(
            (
                (say(language, "page_process"), figures.size(host.page_bytes)),
                (
                    say(language, "engine_process"),
                    UNKNOWN if host.engine_bytes is None else figures.size(host.engine_bytes),
                ),
            )
        )
        parts.append(process)
    return "".join(parts)


def _job_block(job: Standing | None, language: str, *, titled: bool = True) -> str:
    head = f"<h4>{say(language, 'job')}</h4>" if titled else ""
    if job is None or job.state.is_over:
        return f'{head}<p class="tb-small">{say(language, "job_none")}</p>'
    if job.state is JobState.WAITING:
        return f'{head}<p class="tb-small">{say(language, "job_waiting")}</p>'
    speed = UNKNOWN if job.speed is None else say(language, "job_speed", speed=f"{job.speed:.1f}")
    left = (
        UNKNOWN
        if job.left_s is None
        else say(language, "job_left", time=figures.about(job.left_s, language))
    )
    piece = say(language, "job_piece", done=min(job.n_done + 1, job.n_segments), all=job.n_segments)
    return f"{head}{_bar(piece, speed, job.fraction)}<p class='tb-small'>{left}</p>"


def _bar(title: str, text: str, filled: float, ours: float | None = None) -> str:
    """A titled bar; `ours` is drawn inside what is filled."""
    inner = f'<b style="width:{100 * ours:.1f}%"></b>' if ours is not None else ""
    return (
        f'<div class="tb-meter"><span>{escape(title)}</span><span>{escape(text)}</span>'
        f'<div><i style="width:{100 * filled:.1f}%"></i>{inner}</div></div>'
    )


def _facts(pairs: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs)
    return f'<dl class="tb-facts">{rows}</dl>'


def _history(
    readings: Sequence[R],
    value: Callable[[R], float | None],
    top: float,
    language: str,
    *,
    title: str,
    titled: bool = True,
) -> str:
    if len(readings) < 2:
        return '<div class="tb-history"></div>'
    past = readings[-1].at_s - readings[0].at_s
    span = say(language, "last_minutes", time=figures.about(past, language))
    drawn = plots.line([(one.at_s, value(one)) for one in readings], top=top)
    name = f"{title} · {span}" if titled else span
    return f'<div class="tb-history">{drawn}<span>{escape(name)}</span></div>'


def _short_name(name: str) -> str:
    return name.removeprefix("NVIDIA ").removeprefix("GeForce ")
