"""How the machine's readings look: one line for the header, a compact panel beside every tab."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from core.jobs.job import JobState
from core.memory.picture import MemoryPicture, Verdict
from core.memory.readings import DeviceReading, HostReading, Snapshot
from ui import bars, figures, guarding, plots
from ui.figures import UNKNOWN
from ui.follow import Standing
from ui.words import say, translated


def line_html(now: Snapshot, voice: str | None, engine: str, language: str) -> str:
    """The header's line: voice, engine, machine."""
    chosen = escape(voice) if voice else say(language, "status_no_voice")
    parts = [
        f"<span><i>{say(language, 'status_voice')}</i> {chosen}</span>",
        f"<span><i>{say(language, 'status_engine')}</i> "
        f"{escape(translated(language, engine))}</span>",
    ]
    if now.devices:
        parts += [
            f"<span>{escape(short_name(device.name))} · "
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


def panel_html(
    now: Snapshot, job: Standing | None, language: str, *, memory: MemoryPicture | None = None
) -> str:
    """The compact panel that stays beside every tab; arguments as `monitoring.monitor_html`."""
    blocks = [_device(device, now, language, memory) for device in now.devices]
    blocks += [
        f'<h4>{escape(short_name(name))}</h4><p class="tb-lost">{say(language, "gpu_lost")}</p>'
        for name in now.lost
    ]
    if not blocks:
        key = "gpu_lost" if now.gpu_state == "lost" else "gpu_none_short"
        blocks = [f'<p class="tb-small">{say(language, key)}</p>']
    blocks.append(_host(now, language, memory))
    blocks.append(job_html(job, language))
    blocks.append(_guard(now, language, memory))
    return f'<div class="tb-panel">{"".join(blocks)}</div>'


def runs_on(memory: MemoryPicture | None, device: DeviceReading, now: Snapshot) -> bool:
    """Whether the engine's memory is that of this card.

    By the card's own name in the driver; where it is not known only a single card can be meant.
    """
    if memory is None or is_host(memory):
        return False
    if memory.uuid is not None:
        return memory.uuid == device.uuid
    return len(now.devices) + len(now.lost) == 1


def is_host(memory: MemoryPicture) -> bool:
    """Whether the engine's memory is the machine's own."""
    return memory.device.startswith(("cpu", "mps"))


def _device(
    device: DeviceReading, now: Snapshot, language: str, memory: MemoryPicture | None
) -> str:
    here = memory if runs_on(memory, device, now) else None
    drawn = device_bar(device, here)
    earlier = now.device_history.get(device.uuid, ())
    facts = [
        (say(language, "temperature"), figures.degrees(device.celsius)),
        (say(language, "power"), figures.power(device.watts, device.limit_watts)),
    ]
    slowed = ""
    if device.throttles:
        names = throttle(device, language)
        slowed = f'<p class="tb-slowed">{say(language, "throttle_line", names=escape(names))}</p>'
    return "".join(
        (
            f"<h4>{escape(short_name(device.name))}</h4>",
            memory_html(drawn, device.used_bytes, here, say(language, "memory"), language),
            meter_html(say(language, "busy"), figures.percent(device.busy_percent),
                       figures.share(device.busy_percent, 100.0)),
            facts_html(facts),
            slowed,
            history_html(
                [(one.at_s, one.busy_percent) for one in earlier], 100.0, past(earlier, language)
            ),
        )
    )  # fmt: skip


def _host(now: Snapshot, language: str, memory: MemoryPicture | None) -> str:
    host = now.host
    here = memory if memory is not None and is_host(memory) else None
    drawn = host_bar(host, here)
    parts = [
        f"<h4>{say(language, 'machine')}</h4>",
        memory_html(drawn, host.used_bytes, here, say(language, "memory"), language),
        meter_html(
            f"{say(language, 'processor')} · {say(language, 'cores', n=host.n_cores)}",
            figures.percent(host.cpu_percent), figures.share(host.cpu_percent, 100.0),
        ),
    ]  # fmt: skip
    if not now.devices:
        points = [(one.at_s, one.cpu_percent) for one in now.history]
        parts.append(history_html(points, 100.0, past(now.history, language)))
    parts.append(
        facts_html(
            (
                (say(language, "page_process"), figures.size(host.page_bytes)),
                (say(language, "engine_process"), engine_size(host, language)),
            )
        )
    )
    return "".join(parts)


def throttle(device: DeviceReading, language: str) -> str:
    """Why the card is slower than it could be: `nothing`, `its power limit, heat`, or `–`."""
    if device.throttles is None:
        return UNKNOWN
    if not device.throttles:
        return say(language, "throttle_none")
    comma = "、" if language == "zh" else ", "
    return comma.join(say(language, f"throttle_{reason.value}") for reason in device.throttles)


def engine_size(host: HostReading, language: str) -> str:
    """Memory of the engine process, or that there is none."""
    if host.engine_bytes is None:
        return say(language, "engine_off")
    return figures.size(host.engine_bytes)


def device_bar(device: DeviceReading, here: MemoryPicture | None) -> bars.Bar:
    """A card's memory, divided; `here` is the engine's when it runs there."""
    return bars.bar(
        device.total_bytes, device.used_bytes, device.ours_bytes, here.split if here else None
    )


def host_bar(host: HostReading, here: MemoryPicture | None) -> bars.Bar:
    """The machine's memory, divided; `here` is the engine's when it runs there."""
    ours = None if host.page_bytes is None else host.page_bytes + (host.engine_bytes or 0)
    return bars.bar(host.total_bytes, host.used_bytes, ours, here.split if here else None)


def memory_html(
    drawn: bars.Bar, used_bytes: int | None, here: MemoryPicture | None, title: str, language: str
) -> str:
    """The bar of a device under its title."""
    text = figures.of(used_bytes, drawn.total_bytes)
    return bars.bar_html(drawn, here.running if here else None, title, text, language)


def _guard(now: Snapshot, language: str, memory: MemoryPicture | None) -> str:
    if memory is None:
        return ""
    said = guarding.last_event_html(memory.events, now.host.at_s, language)
    if memory.growth.verdict is Verdict.GROWING:
        said += guarding.verdict_html(memory.growth, language)
    return f"<h4>{say(language, 'guard')}</h4>{said}"


def job_html(
    job: Standing | None, language: str, *, titled: bool = True, paced: bool = True
) -> str:
    """How far the job is that the engine works on.

    Args:
        job: None where nothing runs.
        language: Of the page.
        titled: With a heading.
        paced: With its mean speed, where no other line tells how fast it goes.
    """
    head = f"<h4>{say(language, 'job')}</h4>" if titled else ""
    if job is None or job.state.is_over:
        return f'{head}<p class="tb-small">{say(language, "job_none")}</p>'
    if job.state is JobState.WAITING:
        return f'{head}<p class="tb-small">{say(language, "job_waiting")}</p>'
    left = (
        UNKNOWN
        if job.left_s is None
        else say(language, "job_left", time=figures.about(job.left_s, language))
    )
    piece = say(language, "job_piece", done=min(job.n_done + 1, job.n_segments), all=job.n_segments)
    if not paced:
        return f"{head}{meter_html(piece, left, job.fraction)}"
    speed = UNKNOWN if job.speed is None else say(language, "job_speed", speed=f"{job.speed:.1f}")
    return f"{head}{meter_html(piece, speed, job.fraction)}<p class='tb-small'>{left}</p>"


def meter_html(title: str, text: str, filled: float) -> str:
    """A titled bar of one thing."""
    return (
        f'<div class="tb-meter"><span>{escape(title)}</span><span>{escape(text)}</span>'
        f'<div><i style="width:{100 * filled:.1f}%"></i></div></div>'
    )


def facts_html(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and figures, a line each."""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs)
    return f'<dl class="tb-facts">{rows}</dl>'


def history_html(
    points: Sequence[tuple[float, float | None]], top: float, caption: str = ""
) -> str:
    """A line over the last minutes, its place kept before there is one.

    Args:
        points: (time in s, value), oldest first.
        top: Value at the upper edge.
        caption: What is drawn; may be empty.
    """
    drawn = plots.line(points, top=top) if len(points) > 1 else ""
    return f'<div class="tb-history">{drawn}<span>{escape(caption)}</span></div>'


def past(readings: Sequence[DeviceReading] | Sequence[HostReading], language: str) -> str:
    """`last 5 min`; empty before there is a past."""
    if len(readings) < 2:
        return ""
    past_s = readings[-1].at_s - readings[0].at_s
    return say(language, "last_minutes", time=figures.about(past_s, language))


def short_name(name: str) -> str:
    """A product's name without its maker's."""
    return name.removeprefix("NVIDIA ").removeprefix("GeForce ")
