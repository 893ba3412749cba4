"""A fitted cost is never below what was measured and, where its form holds, hardly above."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.memory.cost import CostModel, LateCost, Point, StageCost, fit

MIB = 1 << 20
COSTS = st.builds(
    StageCost,
    name=st.just("decode"),
    fixed_bytes=st.integers(0, 500 * MIB),
    per_unit_bytes=st.floats(1e3, 1e7),
    per_unit2_bytes=st.floats(0, 1e4),
)
MEASURED: st.SearchStrategy[list[Point]] = st.lists(
    st.tuples(st.integers(1, 4000), st.integers(1, 64), st.integers(1, 1 << 40)),
    min_size=1,
    max_size=25,
)


@settings(deadline=None)  # the first call imports the solver
@given(MEASURED)
def test_no_prediction_is_below_its_measurement(points: list[Point]) -> None:
    cost = fit(points)
    assert all(cost.bytes(n, batch) >= peak for n, batch, peak in points)


@settings(deadline=None)  # the first call imports the solver
@given(MEASURED, COSTS)
def test_nor_with_a_known_shape(points: list[Point], prior: StageCost) -> None:
    cost = fit(points, prior=prior)
    assert all(cost.bytes(n, batch) >= peak for n, batch, peak in points)


@settings(deadline=None)  # the first call imports the solver
@given(COSTS, st.integers(0, 2**32))
def test_where_the_form_holds_a_fit_to_few_runs_holds_for_all(truth: StageCost, seed: int) -> None:
    draw = random.Random(seed)
    # Allocators round each tensor up: 2 % is more than 512-byte blocks ever make.
    noisy = [
        (n, batch, round(truth.bytes(n, batch) * draw.uniform(1, 1.02)))
        for n in (50, 200, 800, 2000)
        for batch in (1, 4, 8)
    ]
    cost = fit(noisy)
    for _ in range(20):
        n, batch = draw.randint(50, 2000), draw.randint(1, 8)
        assert truth.bytes(n, batch) * 0.98 <= cost.bytes(n, batch) <= truth.bytes(n, batch) * 1.1


@settings(deadline=None)  # the first call imports the solver
@given(COSTS, st.integers(0, 300 * MIB), st.floats(0.5, 3))
def test_two_runs_are_enough_for_a_known_shape(
    prior: StageCost, workspace: int, factor: float
) -> None:
    truth = StageCost(
        name="decode",
        fixed_bytes=workspace,
        per_unit_bytes=prior.per_unit_bytes * factor,
        per_unit2_bytes=prior.per_unit2_bytes * factor,
    )
    runs = [(n, batch, truth.bytes(n, batch)) for n, batch in ((64, 1), (256, 2))]
    cost = fit(runs, prior=prior)
    for n, batch in ((10, 1), (100, 8), (1000, 1), (3000, 16)):
        # Both runs fix two unknowns; what is left is the slack of 0.2 % and rounding.
        assert (
            truth.bytes(n, batch) * 0.999
            <= cost.bytes(n, batch)
            <= truth.bytes(n, batch) * 1.01 + 64
        )


def test_a_stage_with_a_workspace_and_attention_is_found_again() -> None:
    truth = StageCost(
        name="prefill", fixed_bytes=26 * MIB, per_unit_bytes=52_000.0, per_unit2_bytes=170.0
    )
    points = [
        (n, batch, truth.bytes(n, batch)) for n in (100, 500, 1000, 3000) for batch in (1, 2, 8)
    ]
    cost = fit(points, name="prefill")
    assert cost.fixed_bytes == pytest.approx(truth.fixed_bytes, rel=0.01)
    assert cost.per_unit_bytes == pytest.approx(truth.per_unit_bytes, rel=0.01)
    assert cost.per_unit2_bytes == pytest.approx(truth.per_unit2_bytes, rel=0.01)


@pytest.mark.parametrize("points", [[], [(10, 1, 0)]])
def test_nothing_measured_is_no_fit(points: list[Point]) -> None:
    with pytest.raises(ValueError, match="at least one measured peak"):
        fit(points)


def test_a_chunked_stage_costs_the_same_however_long_the_row() -> None:
    stage = StageCost(name="decode", per_unit_bytes=1000.0, is_chunked=True)
    assert stage.bytes(120, 2, 120) == stage.bytes(100_000, 2, 120) == 240_000
    assert stage.bytes(100, 2, 120) == 200_000
    assert stage.bytes(300, 2, 0) == 600_000


def test_the_largest_stage_counts_beside_weights_and_keys_and_values() -> None:
    cost = CostModel(
        stages={
            "step": StageCost(name="step", fixed_bytes=7),
            "decode": StageCost(name="decode", per_unit_bytes=10.0, is_chunked=True),
        },
        weights_bytes=1000,
        kv_bytes_per_token=2.5,
    )
    assert cost.peak_bytes(50, 2, chunk=20, kv_tokens=100) == 1000 + 500 + 400
    assert CostModel().peak_bytes(50, 2) == 0


def test_half_the_precision_is_half_of_what_grows_and_of_the_weights() -> None:
    cost = CostModel(
        stages={"decode": StageCost(name="decode", fixed_bytes=100, per_unit_bytes=8.0)},
        weights_bytes=1000,
        kv_bytes_per_token=4.0,
        dtype="fp32",
    )
    half = cost.at("fp16")
    assert half.peak_bytes(10, 1, kv_tokens=10) == 500 + 20 + 100 + 40
    assert half.dtype == "fp16"
    assert half.at("fp32").peak_bytes(10, 1) == cost.peak_bytes(10, 1)
    assert cost.at("fp32") is cost


def test_a_window_is_the_chunk_and_its_context_and_never_more_than_the_row() -> None:
    cost = StageCost(name="decode", per_unit_bytes=1000.0, is_chunked=True, context=22)
    assert cost.bytes(500, 3, chunk=100) == 3 * 122 * 1000
    assert cost.bytes(110, 3, chunk=100) == 3 * 110 * 1000
    assert cost.bytes(500, 3) == 3 * 500 * 1000, "decoded whole"


def test_what_is_done_row_by_row_costs_one_row() -> None:
    cost = StageCost(name="decode", fixed_bytes=7, per_unit_bytes=1000.0, rows=1)
    assert cost.bytes(50, 16) == cost.bytes(50, 1) == 50_007


def test_the_peak_is_that_of_the_largest_stage_with_the_keys_that_live_through_it() -> None:
    write = StageCost(name="write", per_row_bytes=10.0)
    decode = StageCost(name="decode", per_unit_bytes=20.0, rows=1, holds_keys=False)
    cost = CostModel(
        stages={"write": write, "decode": decode}, weights_bytes=1000, kv_bytes_per_token=1.0
    )
    # Two rows write beside 2 x 30 bytes of keys; one row is decoded when those are gone.
    assert cost.peak_bytes(3, 2, kv_tokens=30) == 1000 + 2 * 10 + 60
    assert cost.peak_bytes(5, 2, kv_tokens=30) == 1000 + 5 * 20
    assert cost.largest(3, 2, kv_tokens=30) == write
    assert cost.largest(5, 2, kv_tokens=30) == decode
    assert CostModel().largest(5, 2) is None
    assert CostModel(kv_bytes_per_token=1.0).peak_bytes(5, 2, kv_tokens=30) == 60


@settings(deadline=None)  # the first call imports the solver
@given(COSTS, st.floats(1e4, 1e8))
def test_what_a_row_takes_whatever_its_length_is_found(truth: StageCost, per_row: float) -> None:
    truth = replace(truth, per_row_bytes=per_row)
    runs = [(n, rows) for n in (20, 100, 400) for rows in (1, 2, 6)]
    cost = fit([(*run, truth.bytes(*run)) for run in runs])
    for n, rows in ((20, 6), (60, 3), (300, 4), (400, 1)):
        assert truth.bytes(n, rows) <= cost.bytes(n, rows) * 1.001
        assert cost.bytes(n, rows) <= truth.bytes(n, rows) * 1.1


LATE = CostModel(
    stages={"a": StageCost(name="a", fixed_bytes=10, per_unit_bytes=2.0), "b": StageCost(name="b")},
    weights_bytes=100,
    late=(
        LateCost(languages=("zh",), host_bytes=50, card_bytes=80),
        LateCost(languages=("ja", "zh"), host_bytes=7),
    ),
)


@pytest.mark.parametrize(
    ("languages", "on_host", "on_card"),
    [((), 0, 0), (("en",), 0, 0), (("ja", "en"), 7, 0), (("zh",), 57, 80), (None, 57, 80)],
)
def test_what_some_languages_need_is_counted_for_them_alone_where_it_is(
    languages: tuple[str, ...] | None, on_host: int, on_card: int
) -> None:
    for dtype, device, more in (
        ("fp32", "cpu", on_host), ("fp32", "cuda:0", on_card), ("fp16", "cuda:0", on_card // 2)
    ):  # fmt: skip
        plain = LATE.at(dtype)
        counted = plain.reading(languages, device)
        assert counted.weights_bytes == plain.weights_bytes
        assert counted.peak_bytes(20, 3) == plain.peak_bytes(20, 3) + more
        assert counted.reading(None, device) == counted, "it is counted once"
