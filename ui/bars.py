"""A memory bar: who holds how much of a device, and where the budget and the peaks lie on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from html import escape

from core.memory.picture import Running, Split
from ui import figures
from ui.words import say


class Use(StrEnum):
    """What a stretch of memory is used for; also the end of its name in the style sheet."""

    OTHERS = "others"
    TIMBRE = "timbre"
    """Ours, but not counted by the engine: the page, the driver's context."""
    WEIGHTS = "weights"
    KV = "kv"
    ACTIVATIONS = "activations"
    CACHE = "cache"
    ENGINE = "engine"
    """Counted by the engine, but not told apart."""
    TAKEN = "taken"
    """In use, and nobody says by whom."""
    FREE = "free"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Slice:
    """
    Args:
        use: What it is used for.
        n_bytes: How much, at least 1.
    """

    use: Use
    n_bytes: int


@dataclass(frozen=True, kw_only=True)
class Bar:
    """
    Args:
        total_bytes: Of the device; None where not known, and then nothing can be drawn.
        slices: From left to right; together the whole device.
        engine_from_bytes: Where the engine's own memory begins: its budget and its peaks are
            counted from here. None where it is not known.
    """

    total_bytes: int | None
    slices: tuple[Slice, ...]
    engine_from_bytes: int | None


def bar(
    total_bytes: int | None, used_bytes: int | None, ours_bytes: int | None, split: Split | None
) -> Bar:
    """Divide a device among those who use it.

    The figures come from different sources a moment apart: where they contradict each other, the
    device's own are believed, and no stretch is longer than what it is a part of.

    Args:
        total_bytes: Of the device.
        used_bytes: In use by everybody.
        ours_bytes: In use by Timbre's processes; None where the driver does not tell.
        split: What the engine counts on this device; None when it runs elsewhere.
    """
    if not total_bytes:
        return Bar(total_bytes=None, slices=(), engine_from_bytes=None)
    if used_bytes is None:
        unknown = Slice(use=Use.UNKNOWN, n_bytes=total_bytes)
        return Bar(total_bytes=total_bytes, slices=(unknown,), engine_from_bytes=None)
    used = min(max(0, used_bytes), total_bytes)
    known = _parts(split or Split())
    counted = split.ours_bytes if split is not None else None
    if counted is None and known:
        counted = sum(size for _, size in known)
    ours = counted if ours_bytes is None else ours_bytes
    if ours is None:
        sizes = [(Use.TAKEN, used), (Use.FREE, total_bytes - used)]
        return Bar(total_bytes=total_bytes, slices=_slices(sizes), engine_from_bytes=None)
    ours = min(max(0, ours), used)
    engine = None if counted is None else min(max(0, counted), ours)
    sizes = [(Use.OTHERS, used - ours), (Use.TIMBRE, ours - (engine or 0))]
    left = engine or 0
    for use, size in known:
        part = min(size, left)
        sizes.append((use, part))
        left -= part
    sizes += [(Use.ENGINE, left), (Use.FREE, total_bytes - used)]
    begins = None if engine is None else used - engine
    return Bar(total_bytes=total_bytes, slices=_slices(sizes), engine_from_bytes=begins)


def _parts(split: Split) -> list[tuple[Use, int]]:
    parts = (
        (Use.WEIGHTS, split.weights_bytes),
        (Use.KV, split.kv_bytes),
        (Use.ACTIVATIONS, split.activation_bytes),
        (Use.CACHE, split.cache_bytes),
    )
    return [(use, max(0, size)) for use, size in parts if size is not None]


def _slices(sizes: Sequence[tuple[Use, int]]) -> tuple[Slice, ...]:
    return tuple(Slice(use=use, n_bytes=size) for use, size in sizes if size > 0)


def bar_html(drawn: Bar, running: Running | None, title: str, text: str, language: str) -> str:
    """The bar under its title, with marks for the budget and the peaks of the running batch."""
    total = drawn.total_bytes or 1
    stretches = "".join(
        f'<i class="tb-m-{part.use}" style="width:{100 * part.n_bytes / total:.2f}%"></i>'
        for part in drawn.slices
    )
    marks = "".join(
        f'<b class="tb-m-{name}" style="left:{100 * place:.2f}%"></b>'
        for name, place in _marks(drawn, running)
    )
    said = f"{title}: {text}. {_spoken(drawn, language)}"
    return (
        f'<div class="tb-meter tb-memory"><span>{escape(title)}</span><span>{escape(text)}</span>'
        f'<div role="img" aria-label="{escape(said)}">{stretches}{marks}</div></div>'
    )


def _marks(drawn: Bar, running: Running | None) -> list[tuple[str, float]]:
    """(Name, place from 0 to 1) of what is known, the budget last so that it stays visible."""
    if running is None or drawn.engine_from_bytes is None or not drawn.total_bytes:
        return []
    sizes = (
        ("peak", running.peak_bytes),
        ("predicted", running.predicted_bytes),
        ("budget", running.budget_bytes),
    )
    return [
        (name, min(1.0, (drawn.engine_from_bytes + max(0, size)) / drawn.total_bytes))
        for name, size in sizes
        if size is not None
    ]


def _spoken(drawn: Bar, language: str) -> str:
    return ", ".join(
        f"{say(language, f'use_{part.use}')} {figures.size(part.n_bytes)}" for part in drawn.slices
    )


def legend_html(drawn: Bar, split: Split | None, running: Running | None, language: str) -> str:
    """Every stretch and mark with its colour and size; `–` for what the engine does not tell."""
    sizes = {part.use: figures.size(part.n_bytes) for part in drawn.slices}
    if split is not None and drawn.engine_from_bytes is not None:
        told = {use for use, _ in _parts(split)}
        for use in (Use.WEIGHTS, Use.KV, Use.ACTIVATIONS, Use.CACHE):
            sizes.setdefault(use, figures.size(0) if use in told else figures.UNKNOWN)
    rows = [(f"use_{use}", f"tb-m-{use}", sizes[use]) for use in Use if use in sizes]
    if running is not None and drawn.engine_from_bytes is not None:
        rows += [
            ("mark_budget", "tb-m-budget", figures.size(running.budget_bytes)),
            ("mark_predicted", "tb-m-predicted", figures.size(running.predicted_bytes)),
            ("mark_peak", "tb-m-peak", figures.size(running.peak_bytes)),
        ]
    items = "".join(
        f'<div><dt><i class="{css}"></i>{escape(say(language, key))}</dt>'
        f"<dd>{escape(size)}</dd></div>"
        for key, css, size in rows
    )
    return f'<dl class="tb-uses">{items}</dl>'
