"""A plan fits the budget, loses nobody, and more memory never makes it worse."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.memory.cost import CostModel, StageCost
from core.memory.plan import BatchPlan, Item, Limits, plan

MIB = 1 << 20
GIB = 1 << 30

STAGES = st.builds(
    lambda fixed, per_row, per_unit, per_unit2, is_chunked, context, rows, holds: StageCost(
        name="stage",
        fixed_bytes=fixed,
        per_row_bytes=per_row,
        per_unit_bytes=per_unit,
        per_unit2_bytes=per_unit2,
        is_chunked=is_chunked,
        context=context,
        rows=rows,
        holds_keys=holds,
    ),
    st.integers(0, 100 * MIB),
    st.floats(0, 20 * MIB),
    st.floats(0, 2 * MIB),
    st.floats(0, 2000),
    st.booleans(),
    st.integers(0, 30),
    st.integers(0, 4),
    st.booleans(),
)
COSTS = st.builds(
    CostModel,
    stages=st.dictionaries(st.sampled_from(["step", "prefill", "decode"]), STAGES),
    weights_bytes=st.integers(0, GIB),
    kv_bytes_per_token=st.floats(0, 100_000),
)
LIMITS = st.builds(
    Limits,
    max_batch=st.integers(1, 16),
    chunk=st.sampled_from([0, 8, 100, 120, 512]),
    min_chunk=st.integers(1, 16),
    dtypes=st.sampled_from([(), ("fp32",), ("fp32", "fp16")]),
    prompt_tokens=st.integers(0, 500),
    tokens_per_unit=st.sampled_from([0.5, 1.0, 2.0]),
)
ITEMS = st.lists(st.integers(1, 3000), max_size=40).map(
    lambda lengths: [Item(index=index, n=n) for index, n in enumerate(lengths)]
)
BUDGETS = st.integers(0, 8 * GIB)


def holds(items: list[Item], budget: int, cost: CostModel, limits: Limits, made: BatchPlan) -> None:
    """What is true of every plan."""
    planned = [index for batch in made.batches for index in batch.items]
    refused = [refusal.index for refusal in made.refused]
    assert sorted(planned + refused) == [item.index for item in items], "once, all of them"
    lengths = {item.index: item.n for item in items}
    for batch in made.batches:
        assert 1 <= len(batch.items) <= limits.max_batch
        assert batch.n_max == max(lengths[index] for index in batch.items)
        model = cost.at(batch.dtype)
        assert batch.predicted_bytes == model.peak_bytes(
            batch.n_max, len(batch.items), chunk=batch.decode_chunk, kv_tokens=batch.kv_tokens
        )
        assert batch.predicted_bytes <= budget
        assert batch.decode_chunk <= limits.chunk
        assert batch.decode_chunk >= min(limits.chunk, limits.min_chunk)
        assert batch.kv_tokens >= limits.prompt_tokens + batch.n_max * limits.tokens_per_unit
    for refusal in made.refused:
        assert refusal.needed_bytes > budget == refusal.free_bytes
        assert 0 <= refusal.n_fits < lengths[refusal.index]
    firsts = [batch.items[0] for batch in made.batches]
    assert firsts == sorted(firsts)
    assert made.peak_bytes <= budget or not made.batches


@given(ITEMS, BUDGETS, COSTS, LIMITS)
def test_a_plan_fits_and_loses_nobody(
    items: list[Item], budget: int, cost: CostModel, limits: Limits
) -> None:
    holds(items, budget, cost, limits, plan(items, budget_bytes=budget, cost=cost, limits=limits))


def test_ten_thousand_random_plans_fit_and_lose_nobody() -> None:
    draw = random.Random(3)
    n_refused = n_planned = 0
    for _ in range(10_000):
        items = [Item(index=index, n=draw.randint(1, 2500)) for index in range(draw.randint(0, 12))]
        cost = CostModel(
            stages={
                "prefill": StageCost(
                    name="prefill",
                    fixed_bytes=draw.randint(0, 50 * MIB),
                    per_unit_bytes=draw.uniform(0, 50_000),
                    per_unit2_bytes=draw.uniform(0, 300),
                ),
                "decode": StageCost(
                    name="decode", per_unit_bytes=draw.uniform(0, MIB), is_chunked=True
                ),
            },
            weights_bytes=draw.randint(0, 3 * GIB),
            kv_bytes_per_token=draw.uniform(0, 100_000),
        )
        limits = Limits(
            max_batch=draw.randint(1, 16),
            chunk=draw.choice([0, 64, 120, 500]),
            dtypes=draw.choice([(), ("fp32", "fp16")]),
        )
        budget = draw.randint(0, 4 * GIB)
        made = plan(items, budget_bytes=budget, cost=cost, limits=limits)
        holds(items, budget, cost, limits, made)
        n_refused += len(made.refused)
        n_planned += len(items) - len(made.refused)
    # The cases are about the edge: a good share of both.
    assert n_refused > 10_000
    assert n_planned > 10_000


@given(ITEMS, BUDGETS, BUDGETS, COSTS, LIMITS)
def test_more_memory_never_makes_a_plan_worse(
    items: list[Item], one: int, other: int, cost: CostModel, limits: Limits
) -> None:
    less, more = sorted((one, other))
    limits = replace(limits, dtypes=limits.dtypes[:1])
    small = plan(items, budget_bytes=less, cost=cost, limits=limits)
    large = plan(items, budget_bytes=more, cost=cost, limits=limits)
    refused = {refusal.index for refusal in small.refused}
    assert {refusal.index for refusal in large.refused} <= refused
    kept = [item for item in items if item.index not in refused]
    again = plan(kept, budget_bytes=more, cost=cost, limits=limits)
    assert len(again.batches) <= len(small.batches)


@given(ITEMS, BUDGETS, BUDGETS, COSTS, LIMITS)
def test_more_memory_never_lowers_a_precision_nor_refuses_more(
    items: list[Item], one: int, other: int, cost: CostModel, limits: Limits
) -> None:
    less, more = sorted((one, other))
    limits = replace(limits, dtypes=("fp32", "fp16"))
    place: list[dict[int, int]] = []
    for budget in (less, more):
        made = plan(items, budget_bytes=budget, cost=cost, limits=limits)
        ranks = {item.index: 2 for item in items}
        for batch in made.batches:
            ranks |= dict.fromkeys(batch.items, limits.dtypes.index(batch.dtype))
        place.append(ranks)
    assert all(place[1][index] <= rank for index, rank in place[0].items())


DAC = CostModel(
    stages={
        "decode": StageCost(name="decode", per_unit_bytes=40.6 * MIB / 86, is_chunked=True),
    },
    weights_bytes=GIB,
    kv_bytes_per_token=52 * 1024 * 2,
)


def test_the_chunk_shrinks_before_the_batch_where_decoding_is_the_largest() -> None:
    limits = Limits(max_batch=8, chunk=480)
    items = [Item(index=index, n=860) for index in range(8)]
    roomy = plan(items, budget_bytes=8 * GIB, cost=DAC, limits=limits)
    assert [(len(batch.items), batch.decode_chunk) for batch in roomy.batches] == [(8, 480)]
    tight = plan(items, budget_bytes=roomy.peak_bytes - 1, cost=DAC, limits=limits)
    assert [(len(batch.items), batch.decode_chunk) for batch in tight.batches] == [(8, 240)]
    # Below a quarter the margins of every chunk cost more than company is worth.
    eighth = DAC.peak_bytes(860, 8, chunk=60, kv_tokens=limits.kv_tokens(860))
    assert len(plan(items, budget_bytes=eighth, cost=DAC, limits=limits).batches) > 1


def test_one_row_alone_is_decoded_in_the_smallest_chunks_before_it_is_refused() -> None:
    limits = Limits(max_batch=8, chunk=480)
    smallest = DAC.peak_bytes(860, 1, chunk=8, kv_tokens=limits.kv_tokens(860))
    made = plan([Item(index=0, n=860)], budget_bytes=smallest, cost=DAC, limits=limits)
    assert [(batch.decode_chunk, batch.predicted_bytes) for batch in made.batches] == [
        (8, smallest)
    ]
    made = plan([Item(index=0, n=860)], budget_bytes=smallest - 1, cost=DAC, limits=limits)
    assert not made.batches
    assert made.refused[0].needed_bytes == smallest


def test_keys_and_values_are_made_for_the_estimate_and_not_for_the_longest_ever() -> None:
    limits = Limits(prompt_tokens=100, kv_margin=1.1, kv_block=64)
    assert limits.kv_tokens(0) == 128
    # 100 + 1.1 x 860 = 1046 tokens in blocks of 64.
    assert limits.kv_tokens(860) == 1088


def test_utterances_of_similar_length_are_said_together() -> None:
    items = [Item(index=index, n=(50, 800)[index % 2]) for index in range(8)]
    made = plan(items, budget_bytes=8 * GIB, cost=DAC, limits=Limits(max_batch=4))
    assert [batch.items for batch in made.batches] == [(0, 2, 4, 6), (1, 3, 5, 7)]
    assert [batch.n_max for batch in made.batches] == [50, 800]


def test_a_lower_precision_is_for_those_only_that_need_it() -> None:
    cost = CostModel(stages={"say": StageCost(name="say", per_unit_bytes=4.0)}, dtype="fp32")
    items = [Item(index=0, n=100), Item(index=1, n=20)]
    made = plan(items, budget_bytes=220, cost=cost, limits=Limits(dtypes=("fp32", "fp16")))
    assert [batch.dtype for batch in made.batches] == ["fp16", "fp32"]


def test_a_refusal_says_what_is_needed_and_what_would_fit() -> None:
    cost = CostModel(
        stages={"say": StageCost(name="say", per_unit_bytes=MIB)}, weights_bytes=100 * MIB
    )
    made = plan([Item(index=4, n=400)], budget_bytes=300 * MIB, cost=cost, limits=Limits())
    assert made.refused[0].n_fits == 200
    assert made.refused[0].fits == (
        "needs 500 MB, 300 MB may be used: up to 50 % of its length would fit"
    )
    made = plan([Item(index=4, n=400)], budget_bytes=50 * MIB, cost=cost, limits=Limits())
    assert made.refused[0].fits.endswith("50 MB may be used: not even a short one would fit")


@given(ITEMS, BUDGETS, COSTS, LIMITS)
def test_what_would_fit_fits(
    items: list[Item], budget: int, cost: CostModel, limits: Limits
) -> None:
    for refusal in plan(items, budget_bytes=budget, cost=cost, limits=limits).refused:
        if refusal.n_fits:
            shorter = [Item(index=0, n=refusal.n_fits)]
            assert plan(shorter, budget_bytes=budget, cost=cost, limits=limits).batches


@pytest.mark.parametrize(
    ("n", "max_batch", "words"),
    [
        (41, 8, "41 segments, batches of 8, about 1.5 GB of 3.6 GB"),
        (3, 8, "3 segments, in one batch, about 1.2 GB of 3.6 GB"),
        (1, 8, "1 segment, about 1.1 GB of 3.6 GB"),
        (0, 8, "0 segments, about 1.0 GB of 3.6 GB"),
    ],
)
def test_a_plan_reads_as_a_sentence(n: int, max_batch: int, words: str) -> None:
    items = [Item(index=index, n=100) for index in range(n)]
    limits = Limits(max_batch=max_batch, chunk=120)
    made = plan(items, budget_bytes=int(3.6 * GIB), cost=DAC, limits=limits)
    assert made.in_words() == words


def test_no_text_is_an_empty_plan() -> None:
    made = plan([], budget_bytes=0, cost=DAC, limits=Limits())
    assert (made.batches, made.refused, made.peak_bytes) == ((), (), GIB)
