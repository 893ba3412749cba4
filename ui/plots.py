"""Pictures: the waveform with its kept span (matplotlib) and small lines over time (plain SVG).

Colours are style sheet variables, so that one picture serves light and dark. There is no text in
the pictures: they stretch with the page, and labels beside them stay readable on a phone.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from core.audio.recording import Recording
from core.audio.samples import Span

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOURS = {
    "#010101": "var(--tb-wave)",
    "#010102": "var(--tb-wave-kept)",
    "#010103": "var(--tb-band-speech)",
    "#010104": "var(--tb-band-kept)",
    "#010105": "var(--tb-band-other)",
    "#0f7d71": "var(--tb-accent)",
    "#525b63": "var(--tb-dim)",
    "#e0e3e5": "var(--tb-rule)",
}
"""Colours that matplotlib can draw with, and the variables that replace them on the page. The
last three are those of the light page, so that a saved picture looks as it did there."""

_WAVE, _WAVE_KEPT, _SPEECH, _KEPT, _OTHER, ACCENT, INK, RULE = _COLOURS
_CHINESE_FONTS = (
    "PingFang SC", "Hiragino Sans GB", "Heiti SC", "STHeiti", "Microsoft YaHei", "SimHei", "SimSun",
    "Noto Sans CJK SC", "Noto Sans SC", "Noto Sans CJK JP", "Source Han Sans SC",
    "Source Han Sans CN", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback",
)  # fmt: skip
"""Of macOS, Windows and Linux; by what looks best beside the page."""
BEAT_S = 2.0
"""Distance of the points of a line over time: five minutes are 150 points."""
MIN_BEATS = 20

_PROLOGUE = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_SIZE = re.compile(r'(<svg[^>]*?) width="[^"]*"')
_HEIGHT = re.compile(r'(<svg[^>]*?) height="[^"]*"')


def waveform(recording: Recording, kept: Span | None) -> Figure:
    """The whole recording, speech shaded, the kept span and other proposals marked.

    Args:
        recording: Its peaks are drawn as they are.
        kept: Drawn in the accent colour; None while nothing is kept.
    """
    # Here and not above: it costs 0.3 s and 20 MB, and a page may never draw.
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(10, 1.3), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, max(recording.seconds, 1e-3))
    loudest = max((max(abs(low), abs(high)) for low, high in recording.peaks), default=0.0)
    # A quiet recording fills the picture too; its level is said in words.
    reach = max(loudest, 0.02) * 1.15
    axes.set_ylim(-reach, reach)
    for span in recording.speech:
        axes.axvspan(span.start_s, span.stop_s, color=_SPEECH, linewidth=0)
    for window in recording.windows:
        if kept is None or window.span != kept:
            axes.axvspan(
                window.span.start_s,
                window.span.stop_s,
                ymin=0,
                ymax=0.04,
                color=_OTHER,
                linewidth=0,
            )
    if kept is not None:
        axes.axvspan(kept.start_s, kept.stop_s, color=_KEPT, linewidth=0)
    _draw_peaks(axes, recording, kept, smallest=reach * 0.012)
    return figure


def _draw_peaks(axes: object, recording: Recording, kept: Span | None, smallest: float) -> None:
    n = len(recording.peaks)
    if not n:
        return
    at = [(column + 0.5) * recording.seconds / n for column in range(n)]
    low = [min(low, -smallest) for low, _ in recording.peaks]
    high = [max(high, smallest) for _, high in recording.peaks]
    axes.fill_between(at, low, high, color=_WAVE, linewidth=0)  # type: ignore[attr-defined]
    if kept is not None:
        inside = [kept.start_s <= moment < kept.stop_s for moment in at]
        axes.fill_between(  # type: ignore[attr-defined]
            at, low, high, where=inside, color=_WAVE_KEPT, linewidth=0
        )


@cache
def _chinese_font() -> str | None:
    from matplotlib.font_manager import fontManager  # noqa: PLC0415 - as above

    known = set(fontManager.get_font_names())
    return next((name for name in _CHINESE_FONTS if name in known), None)


def lettering(language: str) -> tuple[str, dict[str, Any]]:
    """The language that a figure can be labelled in, and the font for it.

    matplotlib's own font has no Chinese, and it takes from the system what it is told by name. On
    a system without any of these the labels of figures are English; the page around them is not.
    """
    font = _chinese_font() if language == "zh" else None
    return ("zh", {"fontfamily": font}) if font else ("en", {})


def dress(axes: Any) -> None:
    """Axes as the page draws them: a faint grid, two thin edges, from zero up."""
    axes.set_ylim(bottom=0)
    axes.grid(visible=True, color=RULE, linewidth=0.8)
    axes.tick_params(colors=INK, which="both")
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(RULE)


def svg(figure: Figure, *, stretches: bool = True) -> str:
    """A figure as an SVG element in the page's colours.

    Args:
        figure: Drawn with the colours of this module.
        stretches: Fills its box in both directions; False where there is text in it.
    """
    page = io.StringIO()
    figure.savefig(page, format="svg", transparent=True, metadata={"Date": None})
    drawing = _PROLOGUE.sub("", page.getvalue(), count=1)
    drawing = _HEIGHT.sub(r"\1", _SIZE.sub(r"\1", drawing, count=1), count=1)
    for stand_in, variable in _COLOURS.items():
        drawing = drawing.replace(stand_in, variable)
    shape = 'preserveAspectRatio="none" ' if stretches else ""
    return drawing.replace("<svg", f'<svg {shape}aria-hidden="true" focusable="false"', 1)


def line(
    points: Sequence[tuple[float, float | None]],
    *,
    top: float,
    css: str = "tb-line",
    thin: bool = True,
) -> str:
    """Values over time as an SVG polyline, newest at the right; gaps where nothing is known.

    Args:
        points: (time in s, value), oldest first, at any distance from each other.
        top: Value at the upper edge.
        css: Class of the drawing.
        thin: One point per beat of the clock; False where `points` are few and no times.
    """
    coarse = _thinned(points) if thin else list(points)
    start_s, past_s = coarse[0][0], max(coarse[-1][0] - coarse[0][0], 1e-9)
    runs: list[list[str]] = [[]]
    for at_s, value in coarse:
        if value is None:
            runs.append([])
            continue
        height = 30.0 * min(1.0, max(0.0, value / top)) if top > 0 else 0.0
        runs[-1].append(f"{100.0 * (at_s - start_s) / past_s:.1f},{31.0 - height:.1f}")
    drawn = "".join(
        f'<polyline points="{" ".join(run)}" vector-effect="non-scaling-stroke"/>'
        for run in runs
        if len(run) > 1
    )
    return (
        f'<svg class="{css}" viewBox="0 0 100 32" preserveAspectRatio="none" aria-hidden="true" '
        f'focusable="false">{drawn}</svg>'
    )


def _thinned(
    points: Sequence[tuple[float, float | None]],
) -> list[tuple[float, float | None]]:
    """One point per beat of the clock, the mean of its values: the line does not jitter."""
    beats: dict[int, list[float | None]] = {}
    for at_s, value in points:
        beats.setdefault(int(at_s // BEAT_S), []).append(value)
    if len(beats) < MIN_BEATS:
        return list(points)
    return [(beat * BEAT_S, _mean(values)) for beat, values in beats.items()]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
