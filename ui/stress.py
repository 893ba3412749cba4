"""What a stress test found: the safe limits in words, and peaks over lengths as drawn."""

from __future__ import annotations

from collections import defaultdict
from html import escape
from typing import TYPE_CHECKING

from ui import guarding, plots
from ui.words import WORDS, say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from core.synthesis.fitting import StressReport

_MIB = 1024.0**2
N_FIT = 40
"""Points of a fitted curve."""


def figure(found: StressReport, language: str) -> Figure:
    """One plot per stage: measured peaks (MB) over length, and the fitted cost as a line.

    Args:
        found: What is drawn.
        language: Of the page; the labels are English where no font has Chinese.
    """
    # Here and not above: it costs 0.3 s and 20 MB, and most pages never draw one.
    from matplotlib.figure import Figure  # noqa: PLC0415

    stages: dict[str, dict[int, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for point in found.points:
        stages[point.stage][point.batch].append((point.n, point.peak_bytes))
    spoken, font = plots.lettering(language)
    drawn = Figure(figsize=(4.8, 0.4 + 1.8 * len(stages)), dpi=100, layout="constrained")
    all_axes = drawn.subplots(len(stages), 1, squeeze=False)[:, 0]
    for axes, (stage, batches) in zip(all_axes, stages.items(), strict=True):
        for row, (batch, points) in enumerate(sorted(batches.items())):
            points.sort()
            lengths = [n for n, _ in points]
            axes.plot(lengths, [peak / _MIB for _, peak in points], "o", color=plots.ACCENT,
                      markersize=4)  # fmt: skip
            cost = found.cost.stages.get(stage) if found.cost is not None else None
            if cost is not None:
                grid = sorted({round(lengths[-1] * at / N_FIT) for at in range(N_FIT + 1)})
                fitted = [cost.bytes(n, batch) / _MIB for n in grid]
                axes.plot(grid, fitted, color=plots.INK, linewidth=1.0)
            axes.annotate(
                say(spoken, "stress_rows", n=batch),
                (lengths[-1], points[-1][1] / _MIB),
                xytext=(6, 10 * row - 5 * (len(batches) - 1)),  # one above the other
                textcoords="offset points",
                va="center",
                color=plots.INK,
                fontsize=8,
                **font,
            )
        axes.set_title(_stage(stage, spoken), loc="left", color=plots.INK, fontsize=10, **font)
        axes.set_ylabel(say(spoken, "stress_peak"), color=plots.INK, **font)
        plots.dress(axes)
    all_axes[-1].set_xlabel(say(spoken, "stress_length"), color=plots.INK, **font)
    return drawn


def _stage(name: str, language: str) -> str:
    """A part of the engine's work; the name as it is where the page has no word for it."""
    key = f"stage_{name}"
    return say(language, key) if key in WORDS else name


def stress_html(found: StressReport, language: str) -> str:
    """The limits in a sentence, and the drawing where anything was measured."""
    words = guarding.in_clauses(found.in_words(), language)
    said = f'<p class="tb-line">{escape(words)}</p>'
    if not found.points:
        return f'<div class="tb-report">{said}</div>'
    drawing = plots.svg(figure(found, language), stretches=False)
    alt = escape(say(language, "stress_alt"))
    return f'<figure class="tb-report" aria-label="{alt}">{said}<div>{drawing}</div></figure>'
