"""What the guard did is told in plain words, in both languages, with its age."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.memory.moments import Kind, MemoryEvent
from core.memory.picture import Growth, Verdict
from tests.ui.fake_studio import picture
from ui import guarding

MIB = 1 << 20


def event(text: str, kind: Kind = Kind.RUNG, at_s: float = 0.0) -> MemoryEvent:
    return MemoryEvent(kind=kind, at_s=at_s, text=text)


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        (
            "needed 1.9 GB, 1.4 GB free: batch 8 -> 4, continuing at segment 12",
            "需要 1.9 GB，可用 1.4 GB：批量 8 → 4，从第 12 段继续",
        ),
        (
            "did not fit, 340 MB foreseen, 1.4 GB free: decode chunk 64 -> 32 frames",
            "放不下，预计 340 MB，可用 1.4 GB：解码块 64 → 32 帧",
        ),
        ("did not fit: precision fp32 -> fp16", "放不下：精度 fp32 → fp16"),
        ("memory ran out in decode at segment 3", "decode 阶段内存不足（第 3 段）"),
        (
            "less memory is free: up to 1.2 GB are used, 3.0 GB before",
            "可用内存减少：最多使用 1.2 GB，此前为 3.0 GB",
        ),
        ("batch 4 -> 8: it fits again", "批量 4 → 8：又放得下了"),
        (
            "needs 4.0 GB, 3.0 GB may be used: batch 8 -> 4",
            "需要 4.0 GB，可以使用 3.0 GB：批量 8 → 4",
        ),
        (
            "needed 2.0 GB: idle models unloaded, 512 MB given back",
            "需要 2.0 GB：已卸载闲置模型，归还 512 MB",
        ),
    ],
)
def test_what_the_guard_says_is_said_in_chinese_too(english: str, chinese: str) -> None:
    assert guarding.event_text(event(english), "zh") == chinese


def test_a_plan_is_told_in_chinese_too() -> None:
    told = "41 segments, batches of 8, about 2.9 GB of 3.6 GB, 2 too long for this memory"
    chinese = guarding.in_clauses(told, "zh")
    assert chinese == "41 段，每批 8 段，约占 3.6 GB 中的 2.9 GB，2 段太长，内存放不下"
    assert guarding.in_clauses(told, "en") == told


def test_a_sentence_nobody_translated_stays_whole() -> None:
    said = "the moon is full, batch 8 -> 4: something new"
    shown = guarding.event_text(event(said), "zh")
    assert "the moon is full, " in shown
    assert guarding.event_text(event(said), "en") == "The moon is full, batch 8 → 4: something new"


@given(st.text(max_size=60), st.floats(allow_nan=True, allow_infinity=True))
def test_any_event_can_be_shown(text: str, at_s: float) -> None:
    for language in ("en", "zh"):
        shown = guarding.events_html([event(text, at_s=at_s)], 100.0, language)
        assert shown.startswith("<ol")
        assert re.search(r"nan|inf ", shown.replace(text, "")) is None


def test_events_are_told_newest_first_with_their_age() -> None:
    shown = guarding.events_html(picture().events, 100.0, "en")
    newest, oldest = shown.index("batch 8 → 4"), shown.index("41 segments")
    assert newest < oldest
    assert "45 s ago" in shown
    assert "80 s ago" in shown
    assert "80 秒前" in guarding.events_html(picture().events, 100.0, "zh")


def test_an_age_that_cannot_be_is_a_dash() -> None:
    for at_s in (1e9, float("nan"), -1e9):
        assert "<span>–</span>" in guarding.events_html([event("x", at_s=at_s)], 100.0, "en")


def test_only_the_last_events_are_listed() -> None:
    many = [event(f"number {at}", at_s=float(at)) for at in range(200)]
    shown = guarding.events_html(many, 200.0, "en")
    assert shown.count("<li") == guarding.N_EVENTS
    assert "umber 199" in shown


@pytest.mark.parametrize("kind", list(Kind))
def test_what_goes_as_it_should_is_not_marked(kind: Kind) -> None:
    calm = {Kind.ADMIT, Kind.CALIBRATE, Kind.RESTORE}
    shown = guarding.events_html([event("x", kind)], 1.0, "en")
    assert ("tb-quiet" in shown) == (kind in calm)


@pytest.mark.parametrize(
    ("growth", "said", "light"),
    [
        (Growth(slope_bytes_per_segment=0.0, verdict=Verdict.STEADY), "steady", "good"),
        (Growth(slope_bytes_per_segment=6e6, verdict=Verdict.GROWING), "growing", "bad"),
        (Growth(), "too few segments to say", "none"),
    ],
)
def test_growth_has_a_verdict_and_a_light(growth: Growth, said: str, light: str) -> None:
    shown = guarding.growth_html(growth, "en")
    assert said in shown
    assert f"tb-light-{light}" in shown


def test_the_slope_is_said_as_a_person_would() -> None:
    def slope(per_piece: float | None) -> str:
        return guarding.slope(Growth(slope_bytes_per_segment=per_piece), "en")

    assert slope(6e6) == "+5.7 MB per segment"
    assert slope(-2.0 * MIB) == "−2.0 MB per segment"
    assert slope(1000.0) == "0 MB per segment"
    assert slope(None) == "–"


def test_a_little_noise_is_no_mountain() -> None:
    noisy = Growth(points=tuple((at, 800 * MIB + (at % 2) * MIB) for at in range(20)))
    shown = guarding.growth_html(noisy, "en")
    heights = [float(y) for y in re.findall(r",([\d.]+)", shown.split('points="')[1].split('"')[0])]
    assert max(heights) - min(heights) < 1.0  # of 32
    assert "segments 1 to 20 · 800 MB to 801 MB" in shown
