"""A memory bar is the whole device, and no stretch of it is made up."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from core.memory.picture import Running, Split
from ui import bars
from ui.bars import Use, bar

GIB = 1 << 30
SIZES = st.one_of(st.none(), st.integers(-5, 2**44))
SPLITS = st.one_of(
    st.none(),
    st.builds(
        Split,
        weights_bytes=SIZES, kv_bytes=SIZES, activation_bytes=SIZES, cache_bytes=SIZES,
        ours_bytes=SIZES,
    ),
)  # fmt: skip
RUNNING = st.builds(Running, predicted_bytes=SIZES, peak_bytes=SIZES, budget_bytes=SIZES)


@given(st.integers(1, 2**44), SIZES, SIZES, SPLITS)
def test_the_stretches_fill_the_device_exactly_whatever_the_sources_say(
    total: int, used: int | None, ours: int | None, split: Split | None
) -> None:
    drawn = bar(total, used, ours, split)
    assert sum(part.n_bytes for part in drawn.slices) == total
    assert all(part.n_bytes > 0 for part in drawn.slices)
    if used is None:
        assert [part.use for part in drawn.slices] == [Use.UNKNOWN]
    else:
        free = sum(part.n_bytes for part in drawn.slices if part.use is Use.FREE)
        assert free == total - min(max(0, used), total)


@given(st.integers(1, 2**44), SIZES, SIZES, SPLITS, RUNNING)
def test_everything_that_is_drawn_lies_inside_the_frame(
    total: int, used: int | None, ours: int | None, split: Split | None, running: Running
) -> None:
    shown = bars.bar_html(bar(total, used, ours, split), running, "Memory", "1", "en")
    places = [float(found) for found in re.findall(r"(?:width|left):([-\d.]+)%", shown)]
    assert all(0 <= place <= 100 for place in places)
    assert "nan" not in shown


def test_a_card_is_divided_into_all_its_uses() -> None:
    split = Split(
        weights_bytes=2 * GIB, kv_bytes=GIB, activation_bytes=GIB // 2, cache_bytes=GIB // 4,
        ours_bytes=4 * GIB,
    )  # fmt: skip
    drawn = bar(12 * GIB, 7 * GIB, 5 * GIB, split)
    assert {part.use: part.n_bytes for part in drawn.slices} == {
        Use.OTHERS: 2 * GIB,
        Use.TIMBRE: GIB,
        Use.WEIGHTS: 2 * GIB,
        Use.KV: GIB,
        Use.ACTIVATIONS: GIB // 2,
        Use.CACHE: GIB // 4,
        Use.ENGINE: GIB // 4,
        Use.FREE: 5 * GIB,
    }
    # The budget is counted from where the engine's own memory begins.
    assert drawn.engine_from_bytes == 3 * GIB
    running = Running(budget_bytes=6 * GIB, predicted_bytes=3 * GIB, peak_bytes=None)
    shown = bars.bar_html(drawn, running, "Memory", "7 / 12 GB", "en")
    assert '<b class="tb-m-budget" style="left:75.00%">' in shown
    assert '<b class="tb-m-predicted" style="left:50.00%">' in shown
    assert "tb-m-peak" not in shown


def test_where_nobody_says_whose_memory_it_is_nothing_is_guessed() -> None:
    drawn = bar(8 * GIB, 3 * GIB, None, None)
    assert [part.use for part in drawn.slices] == [Use.TAKEN, Use.FREE]
    assert drawn.engine_from_bytes is None
    shown = bars.bar_html(drawn, Running(budget_bytes=GIB), "Memory", "", "en")
    assert "tb-m-budget" not in shown


def test_where_the_driver_does_not_tell_the_engine_itself_is_believed() -> None:
    drawn = bar(8 * GIB, 3 * GIB, None, Split(weights_bytes=GIB))
    assert {part.use: part.n_bytes for part in drawn.slices} == {
        Use.OTHERS: 2 * GIB, Use.WEIGHTS: GIB, Use.FREE: 5 * GIB,
    }  # fmt: skip


def test_a_device_of_unknown_size_draws_an_empty_frame() -> None:
    drawn = bar(None, 3 * GIB, None, None)
    assert drawn.slices == ()
    assert "– " not in bars.legend_html(drawn, None, None, "en")


def test_the_legend_has_a_dash_for_what_the_engine_does_not_tell() -> None:
    split = Split(ours_bytes=GIB, kv_bytes=0)
    drawn = bar(8 * GIB, 3 * GIB, GIB, split)
    shown = bars.legend_html(drawn, split, Running(budget_bytes=4 * GIB), "en")
    plain = re.sub(r"<[^>]+>", " ", shown)
    assert re.search(r"Model weights\s+–", plain)
    assert re.search(r"Key-value cache\s+0 MB", plain)
    assert re.search(r"Engine\s+1.0 GB", plain)
    assert re.search(r"Budget\s+4.0 GB", plain)
    assert re.search(r"Foreseen peak\s+–", plain)


def test_the_bar_is_read_aloud() -> None:
    drawn = bar(8 * GIB, 3 * GIB, GIB, None)
    shown = bars.bar_html(drawn, None, "Memory", "3.0 / 8.0 GB", "en")
    assert (
        'aria-label="Memory: 3.0 / 8.0 GB. Other programs 2.0 GB, Timbre 1.0 GB, Free 5.0 GB"'
        in shown
    )
