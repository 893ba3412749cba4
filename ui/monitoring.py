"""How the Monitor tab looks: a card for each device, the machine, the job, growth and the guard."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from core.memory.picture import MemoryPicture, Running
from core.memory.readings import DeviceReading, HostReading, Snapshot
from ui import bars, figures, guarding, readings
from ui.follow import Standing
from ui.readings import facts_html, history_html, meter_html
from ui.words import say


def monitor_html(
    now: Snapshot, job: Standing | None, language: str, *, memory: MemoryPicture | None = None
) -> str:
    """All cards: on the left what the machine is, on the right what Timbre does with it.

    Args:
        now: The last readings.
        job: What the engine works on; None where nothing runs.
        language: Of the page.
        memory: What the engine says of its memory; None where it says nothing.
    """
    cards = [
        _card(device.name, _device(device, now, language, memory=memory)) for device in now.devices
    ]
    cards += [
        _card(name, f'<p class="tb-lost">{say(language, "gpu_lost")}</p>') for name in now.lost
    ]
    if not cards:
        key = "gpu_lost" if now.gpu_state == "lost" else "gpu_none"
        said = f'<p class="tb-small">{say(language, key)}</p>'
        cards.append(_card(say(language, "gpu_title"), said))
    growth = guarding.growth_html(memory.growth if memory else guarding.NOTHING, language)
    events = guarding.events_html(memory.events if memory else (), now.host.at_s, language)
    cards.append(_card(say(language, "machine"), _host(now, language, memory=memory)))
    work = [
        _card(say(language, "job"), _work(job, memory, language)),
        _card(say(language, "guard"), events),
        _card(say(language, "growth"), growth),
    ]
    return f'<div class="tb-monitor"><div>{"".join(cards)}</div><div>{"".join(work)}</div></div>'


def _card(title: str, inner: str) -> str:
    return f'<section class="tb-card"><h3>{escape(title)}</h3>{inner}</section>'


def _device(
    device: DeviceReading, now: Snapshot, language: str, *, memory: MemoryPicture | None
) -> str:
    past = now.device_history.get(device.uuid, ())
    here = memory if readings.runs_on(memory, device, now) else None
    drawn = readings.device_bar(device, here)
    top_watts = device.limit_watts or max((reading.watts or 0.0 for reading in past), default=0.0)
    charts = (
        ("busy", 100.0, [(reading.at_s, reading.busy_percent) for reading in past]),
        ("gpu_memory", float(device.total_bytes or 0),
         [(reading.at_s, reading.used_bytes) for reading in past]),
        ("temperature", 100.0, [(reading.at_s, reading.celsius) for reading in past]),
        ("power", top_watts, [(reading.at_s, reading.watts) for reading in past]),
    )  # fmt: skip
    clock = figures.megahertz(device.clock_mhz, device.top_clock_mhz)
    return "".join(
        (
            _memory(drawn, device.used_bytes, here, say(language, "gpu_memory"), language),
            meter_html(
                say(language, "busy"), figures.percent(device.busy_percent),
                figures.share(device.busy_percent, 100.0),
            ),
            facts_html(
                (
                    (say(language, "temperature"), figures.degrees(device.celsius)),
                    (say(language, "power"), figures.power(device.watts, device.limit_watts)),
                    (say(language, "clock"), clock),
                    (say(language, "throttle"), readings.throttle(device, language)),
                )
            ),
            _charts(charts, past, language),
        )
    )  # fmt: skip


def _host(now: Snapshot, language: str, *, memory: MemoryPicture | None) -> str:
    host = now.host
    here = memory if memory is not None and readings.is_host(memory) else None
    drawn = readings.host_bar(host, here)
    charts = (
        ("processor", 100.0, [(reading.at_s, reading.cpu_percent) for reading in now.history]),
        ("memory", float(host.total_bytes or 0),
         [(reading.at_s, reading.used_bytes) for reading in now.history]),
    )  # fmt: skip
    return "".join(
        (
            _memory(drawn, host.used_bytes, here, say(language, "memory"), language),
            meter_html(
                f"{say(language, 'processor')} · {say(language, 'cores', n=host.n_cores)}",
                figures.percent(host.cpu_percent), figures.share(host.cpu_percent, 100.0),
            ),
            facts_html(
                (
                    (say(language, "page_process"), figures.size(host.page_bytes)),
                    (say(language, "engine_process"), readings.engine_size(host, language)),
                    (say(language, "disk_free"), figures.size(host.disk_free_bytes)),
                )
            ),
            _charts(charts, now.history, language),
        )
    )  # fmt: skip


def _charts(
    charts: Sequence[tuple[str, float, Sequence[tuple[float, float | None]]]],
    earlier: Sequence[DeviceReading] | Sequence[HostReading],
    language: str,
) -> str:
    """Lines over the last minutes: (key of the title, value at the upper edge, points) each."""
    drawn = "".join(history_html(points, top, say(language, key)) for key, top, points in charts)
    return (
        f'<div class="tb-charts">{drawn}</div>'
        f'<p class="tb-small">{escape(readings.past(earlier, language))}</p>'
    )


def _memory(
    drawn: bars.Bar, used_bytes: int | None, here: MemoryPicture | None, title: str, language: str
) -> str:
    """The bar with the size of everything in it."""
    split, running = (here.split, here.running) if here else (None, None)
    return readings.memory_html(drawn, used_bytes, here, title, language) + bars.legend_html(
        drawn, split, running, language
    )


def _work(job: Standing | None, memory: MemoryPicture | None, language: str) -> str:
    """What the engine is doing, and the peak that was foreseen against the one that came."""
    running = memory.running if memory else Running()
    speed = running.audio_s_per_s
    if speed is None and job is not None and not job.state.is_over:
        speed = job.speed
    facts: Sequence[tuple[str, str]] = (
        (say(language, "device"), _where(memory, language)),
        (say(language, "batch"), _count(running.batch)),
        (say(language, "audio_speed"), figures.pace(speed, language)),
        (say(language, "queue"), str(running.queue) if memory else figures.UNKNOWN),
        (say(language, "peak_foreseen"), figures.size(running.predicted_bytes)),
        (say(language, "mark_peak"), figures.size(running.peak_bytes)),
        (say(language, "mark_budget"), figures.size(running.budget_bytes)),
    )
    return readings.job_html(job, language, titled=False, paced=False) + facts_html(facts)


def _where(memory: MemoryPicture | None, language: str) -> str:
    if memory is None:
        return figures.UNKNOWN
    return say(language, "processor") if memory.device == "cpu" else memory.device


def _count(n: int | None) -> str:
    return figures.UNKNOWN if n is None else str(n)
