"""What the memory guard did, in the words of the page, and how memory moves between segments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from core.memory.moments import Kind, MemoryEvent
from core.memory.picture import Growth, Verdict
from ui import figures, plots
from ui.words import say

N_EVENTS = 12
"""The panel shows the last ones; the log has all."""

QUIET = (Kind.ADMIT, Kind.CALIBRATE, Kind.RESTORE)
"""What goes as it should; everything else is marked."""

NOTHING = Growth()

_MIB = 1024.0**2
_SIZE = r"([\d.]+ [MG]B)"
_CLAUSES = tuple(
    (re.compile(pattern), chinese)
    for pattern, chinese in (
        (rf"needed {_SIZE}", r"需要 \1"),
        (rf"needs {_SIZE}", r"需要 \1"),
        (rf"{_SIZE} may be used", r"可以使用 \1"),
        (rf"up to {_SIZE} are used, {_SIZE} before", r"最多使用 \1，此前为 \2"),
        (rf"did not fit, {_SIZE} foreseen", r"放不下，预计 \1"),
        (r"did not fit", "放不下"),
        (rf"{_SIZE} given back", r"归还 \1"),
        (rf"{_SIZE} free", r"可用 \1"),
        (r"less memory is free", "可用内存减少"),
        (r"more memory is free again", "可用内存又增多"),
        (r"memory cleared, same size once more", "已清理内存，以同样大小再试一次"),
        (r"decode chunk (\d+) -> (\d+) frames", r"解码块 \1 → \2 帧"),
        (r"batch (\d+) -> (\d+)", r"批量 \1 → \2"),
        (r"precision (\S+) -> (\S+)", r"精度 \1 → \2"),
        (r"(\S+) -> the processor, which is slower", r"\1 → 处理器（较慢）"),
        (r"idle models unloaded", "已卸载闲置模型"),
        (r"left out, every smaller way was tried", "已跳过，更小的方式都试过了"),
        (r"it fits again", "又放得下了"),
        (r"continuing at (?:segment|piece|item) (\d+)", r"从第 \1 段继续"),
        (r"memory ran out in (\S+)", r"\1 阶段内存不足"),
        (r" at (?:segment|piece|item) (\d+)", r"（第 \1 段）"),
        # A plan before a run, and the limits that a stress test found
        (r"(\d+) segments?\b", r"\1 段"),
        (r"batches of (\d+)", r"每批 \1 段"),
        (r"in one batch", "一批完成"),
        (rf"about {_SIZE} of {_SIZE}", r"约占 \2 中的 \1"),
        (r"(\d+) too long for this memory", r"\1 段太长，内存放不下"),
        (rf"With {_SIZE}: references up to (\d+) s", r"可用 \1 时：参考录音最长 \2 秒"),
        (r"sentences up to (\d+) characters", r"句子最长 \1 个字符"),
        (r"(\d+) at once", r"可同时处理 \1 段"),
        (r"Nothing could be measured", "未能测得任何数据"),
    )
)
"""The guard builds its sentences from these; what is not among them stays English."""
_ENGLISH = re.compile(r"[a-z]{4,}")


def event_text(event: MemoryEvent, language: str) -> str:
    """The sentence of an event in a language of the page."""
    sentence = in_clauses(event.text, language)
    return sentence if language == "zh" else sentence[:1].upper() + sentence[1:]


def in_clauses(sentence: str, language: str) -> str:
    """A sentence that is put together from clauses of memory, in a language of the page."""
    if language != "zh":
        return sentence.replace(" -> ", " → ")
    for pattern, chinese in _CLAUSES:
        sentence = pattern.sub(chinese, sentence)
    sentence = sentence.replace(" -> ", " → ")
    if _ENGLISH.search(sentence):
        return sentence
    return sentence.replace(": ", "：").replace(", ", "，")


def events_html(events: Sequence[MemoryEvent], now_s: float, language: str) -> str:
    """The last events, newest first, each with its age.

    Args:
        events: Oldest first.
        now_s: On the clock of the events.
        language: Of the page.
    """
    if not events:
        return f'<p class="tb-small">{say(language, "guard_calm")}</p>'
    rows = "".join(
        f'<li class="tb-{"quiet" if event.kind in QUIET else "marked"}">'
        f"{escape(event_text(event, language))} "
        f"<span>{escape(_age(now_s - event.at_s, language))}</span></li>"
        for event in reversed(events[-N_EVENTS:])
    )
    return f'<ol class="tb-events">{rows}</ol>'


def last_event_html(events: Sequence[MemoryEvent], now_s: float, language: str) -> str:
    """One line for the side bar."""
    return events_html(events[-1:], now_s, language)


def _age(seconds: float, language: str) -> str:
    # A clock of another machine or of before a restart: nothing is better than a made-up time.
    if not 0 <= seconds + 1 < 7 * 86400:
        return figures.UNKNOWN
    return say(language, "ago", time=figures.about(seconds, language))


def growth_html(growth: Growth, language: str) -> str:
    """A verdict, the slope, and memory after each segment as a line."""
    said = verdict_html(growth, language)
    if len(growth.points) < 2:
        return f'{said}<div class="tb-history"></div>'
    sizes = [size for _, size in growth.points]
    low, high = _window(min(sizes), max(sizes))
    drawn = plots.line(
        [(float(number), float(size - low)) for number, size in growth.points],
        top=float(high - low), thin=False,
    )  # fmt: skip
    first, last = growth.points[0][0] + 1, growth.points[-1][0] + 1
    caption = say(
        language, "growth_caption",
        first=first, last=last, low=figures.size(min(sizes)), high=figures.size(max(sizes)),
    )  # fmt: skip
    return f'{said}<div class="tb-history">{drawn}<span>{escape(caption)}</span></div>'


def verdict_html(growth: Growth, language: str) -> str:
    """The leak light: steady, growing or not known, with the slope."""
    light = {Verdict.STEADY: "good", Verdict.GROWING: "bad", Verdict.UNKNOWN: "none"}
    words = say(language, f"growth_{growth.verdict.value}")
    known = growth.slope_bytes_per_segment is not None
    said = f" <span>{escape(slope(growth, language))}</span>" if known else ""
    return (
        f'<p class="tb-verdict tb-light-{light[growth.verdict]}"><i></i>{escape(words)}{said}</p>'
    )


def slope(growth: Growth, language: str) -> str:
    """`0.3 MB per segment`; `–` before it is known."""
    per_segment = growth.slope_bytes_per_segment
    if per_segment is None:
        return figures.UNKNOWN
    mib = per_segment / _MIB
    size = "0" if abs(mib) < 0.05 else f"{mib:+.1f}".replace("-", "−")
    return say(language, "growth_slope", size=size)


def _window(low: int, high: int) -> tuple[float, float]:
    """What the line is drawn in: a few megabytes of noise must not look like a mountain."""
    room = max(high - low, 0.1 * high, 8 * _MIB)
    middle = (low + high) / 2
    return middle - 0.6 * room, middle + 0.6 * room
