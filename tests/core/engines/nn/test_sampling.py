"""Drawing follows each model's published order exactly, and no row depends on its company."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engines.nn.ledger import Ledger
from core.engines.nn.sampling import (
    MinP,
    Recipe,
    Sampler,
    Step,
    Temperature,
    TopK,
    TopP,
    Unified,
    penalised,
    race,
)

GOLDEN = np.load(Path(__file__).parents[3] / "golden" / "sampling.npz")
"""What upstream GPT-SoVITS and Zonos draw from given logits (their own code, recorded once)."""

GPT_CASES: list[dict[str, Any]] = json.loads(str(GOLDEN["gpt_cases"]))
ZONOS_CASES: list[dict[str, Any]] = json.loads(str(GOLDEN["zonos_cases"]))


def gpt_recipe(case: dict[str, Any]) -> Recipe:
    steps: list[Step] = []
    if case["top_p"] < 1:
        steps.append(TopP(case["top_p"], keeps_crossing=False))
    steps.append(Temperature(case["temperature"]))
    if case["top_k"] is not None:
        steps.append(TopK(case["top_k"]))
    return Recipe(steps=tuple(steps), penalty=case["repetition_penalty"])


def zonos_recipe(params: dict[str, Any]) -> Recipe:
    temperature = params.get("temperature", 1.0)
    steps: list[Step] = []
    if temperature > 0:
        steps.append(Temperature(temperature))
        if params.get("linear", 0) > 0:
            steps.append(Unified(params["linear"], params.get("conf", 0), params.get("quad", 0)))
        if params.get("top_p", 0) > 0:
            steps.append(TopP(params["top_p"]))
        if params.get("top_k", 0) > 0:
            steps.append(TopK(params["top_k"]))
        if params.get("min_p", 0) > 0:
            steps.append(MinP(params["min_p"]))
    return Recipe(
        steps=tuple(steps),
        penalty=params.get("repetition_penalty", 3.0),
        window=params.get("repetition_penalty_window", 2),
        greedy=temperature <= 0,
    )


def reshaped(sampler: Sampler, logits: torch.Tensor) -> torch.Tensor:
    logits = penalised(logits, sampler._counts, sampler.recipe.penalty)
    for step in sampler.recipe.steps:
        logits = step(logits)
    return logits


def follow_all(sampler: Sampler, history: torch.Tensor) -> None:
    for column in history.long().unbind(-1):
        sampler.follow(column)


@pytest.mark.parametrize("case", GPT_CASES, ids=lambda case: str(case["case"]))
def test_gpt_sovits_order_gives_upstreams_chances_and_tokens(case: dict[str, Any]) -> None:
    logits = torch.from_numpy(GOLDEN["gpt_logits"])
    sampler = Sampler(gpt_recipe(case), seeds=[0, 1, 2], shape=(65,), device="cpu")
    for row, tokens in enumerate(torch.from_numpy(GOLDEN["gpt_prev"]).long()):
        sampler.follow_prompt(row, tokens)
    chances = reshaped(sampler, logits).softmax(-1)
    expected = torch.from_numpy(GOLDEN[f"gpt_probs_{case['case']}"])
    # fp32; a sum of 65 chances may be ordered otherwise.
    assert torch.allclose(chances, expected, atol=1e-6)
    noise = torch.from_numpy(GOLDEN[f"gpt_q_{case['case']}"])
    assert race(chances, noise).tolist() == GOLDEN[f"gpt_token_{case['case']}"].tolist()


@pytest.mark.parametrize("case", ZONOS_CASES, ids=lambda case: str(case["name"]))
def test_zonos_order_gives_upstreams_tokens(case: dict[str, Any]) -> None:
    logits = torch.from_numpy(GOLDEN["zonos_logits"])
    sampler = Sampler(zonos_recipe(case["params"]), seeds=[0, 0], shape=(9, 1026), device="cpu")
    if case["history"]:
        follow_all(sampler, torch.from_numpy(GOLDEN["zonos_history"]))
    if sampler.recipe.greedy:
        tokens = sampler.draw(logits).tokens
    else:
        generator = torch.Generator().manual_seed(case["seed"])
        noise = torch.empty(2, 9, 1026).exponential_(generator=generator)
        tokens = race(reshaped(sampler, logits).softmax(-1), noise)
    assert tokens.tolist() == GOLDEN[f"zonos_token_{case['name']}"].tolist()


def test_zonos_full_chain_gives_upstreams_chances() -> None:
    case = next(case for case in ZONOS_CASES if case["name"] == "14")
    sampler = Sampler(zonos_recipe(case["params"]), seeds=[0, 0], shape=(9, 1026), device="cpu")
    chances = reshaped(sampler, torch.from_numpy(GOLDEN["zonos_logits"])).softmax(-1)
    assert torch.allclose(chances, torch.from_numpy(GOLDEN["zonos_probs_14"]), atol=1e-6)


VOCABULARY = 40
RECIPES = [
    Recipe(),
    Recipe(steps=(TopP(0.8, keeps_crossing=False), Temperature(0.9), TopK(10)), penalty=1.35),
    Recipe(steps=(Temperature(1.1), Unified(0.5, 0.4, 0.1), MinP(0.05)), penalty=3.0, window=2),
]


def speak(
    recipe: Recipe, seeds: list[int], n_steps: int, leaves: dict[int, int]
) -> list[list[int]]:
    """Tokens of each row from a toy model: the next logits depend on the last token alone.

    Args:
        leaves: Row -> step before which it leaves the batch.
    """
    table = 3 * torch.randn(VOCABULARY, VOCABULARY, generator=torch.Generator().manual_seed(5))
    sampler = Sampler(recipe, seeds=seeds, shape=(VOCABULARY,), device="cpu")
    spoken: list[list[int]] = [[] for _ in seeds]
    rows = list(range(len(seeds)))
    last = torch.zeros(len(seeds), dtype=torch.int64)
    for step in range(n_steps):
        order = [place for place, row in enumerate(rows) if leaves.get(row, n_steps) > step]
        if len(order) < len(rows):
            sampler.keep(order)
            last, rows = last[order], [rows[place] for place in order]
        if not rows:
            break
        last = sampler.draw(table[last]).tokens
        sampler.follow(last)
        for row, token in zip(rows, last.tolist(), strict=True):
            spoken[row].append(token)
    return spoken


@given(
    st.sampled_from(RECIPES),
    st.lists(st.integers(0, 2**40), min_size=1, max_size=8),
    st.dictionaries(st.integers(0, 7), st.integers(1, 12)),
)
@settings(max_examples=40, deadline=None)
def test_a_row_says_the_same_alone_and_in_company(
    recipe: Recipe, seeds: list[int], leaves: dict[int, int]
) -> None:
    together = speak(recipe, seeds, 12, leaves)
    for row, seed in enumerate(seeds):
        alone = speak(recipe, [seed], 12, {})[0]
        assert together[row] == alone[: leaves.get(row, 12)]


def test_another_seed_says_something_else() -> None:
    first, second = speak(RECIPES[0], [1, 2], 20, {})
    assert first != second
    assert speak(RECIPES[0], [1, 2], 20, {}) == [first, second]


def test_draws_follow_the_chances() -> None:
    chances = torch.tensor([0.5, 0.3, 0.15, 0.05])
    sampler = Sampler(Recipe(), seeds=list(range(200)), shape=(4,), device="cpu")
    logits = chances.log().expand(200, 4)
    drawn = torch.cat([sampler.draw(logits).tokens for _ in range(100)])
    share = drawn.bincount(minlength=4) / 20_000
    # Standard deviation of a share is at most sqrt(0.25 / 20000) = 0.0035; five of them.
    assert torch.allclose(share, chances, atol=0.018)


@given(st.integers(0, 2**31), st.floats(0.01, 0.99), st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_something_can_always_be_drawn_and_only_what_was_left(seed: int, p: float, k: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = 4 * torch.randn(2, VOCABULARY, generator=generator)
    logits[0, 3] = -torch.inf
    for step in (TopP(p), TopP(p, keeps_crossing=False), TopK(k), MinP(p)):
        left = step(logits)
        allowed = left > -torch.inf
        assert allowed.any(-1).all()
        assert (left == logits)[allowed].all()
        assert left.argmax(-1).tolist() == logits.argmax(-1).tolist()
        sampler = Sampler(Recipe(steps=(step,)), seeds=[seed, 1], shape=(VOCABULARY,), device="cpu")
        tokens = sampler.draw(logits).tokens
        assert allowed.gather(-1, tokens[:, None]).all()
        assert tokens[0] != 3


def test_each_knob_changes_what_may_be_drawn() -> None:
    logits = torch.tensor([[2.0, 1.0, 0.5, 0.0, -1.0]])

    def n_left(step: Step) -> int:
        return int((step(logits) > -torch.inf).sum())

    assert [n_left(TopK(k)) for k in (1, 3, 99)] == [1, 3, 5]
    # softmax: .564 .208 .126 .076 .028
    assert [n_left(TopP(p)) for p in (0.5, 0.6, 0.9)] == [1, 2, 4]
    assert [n_left(TopP(p, keeps_crossing=False)) for p in (0.5, 0.6, 0.9)] == [1, 1, 3]
    assert [n_left(MinP(p)) for p in (0.9, 0.3, 0.01)] == [1, 2, 5]
    assert Temperature(0.5)(logits)[0, 0] == 4
    assert Temperature(0.0)(logits).softmax(-1)[0, 0] == 1


def test_repetition_is_penalised_once_or_per_occurrence_in_the_window() -> None:
    logits = torch.tensor([[2.0, -2.0, 1.0]])
    for window, expected in ((None, [[1.0, -4.0, 1.0]]), (2, [[0.5, -2.0, 1.0]])):
        recipe = Recipe(penalty=2.0, window=window, greedy=True)
        sampler = Sampler(recipe, seeds=[0], shape=(3,), device="cpu")
        for token in (1, 0, 0):
            sampler.follow(torch.tensor([token]))
        assert reshaped(sampler, logits).tolist() == expected


def test_the_best_is_of_the_penalised_logits_before_any_step() -> None:
    recipe = Recipe(steps=(TopK(1),), penalty=10.0)
    sampler = Sampler(recipe, seeds=[0], shape=(3,), device="cpu")
    sampler.follow(torch.tensor([0]))
    drawn = sampler.draw(torch.tensor([[2.0, 1.5, 0.0]]))
    assert drawn.best.tolist() == [1] == drawn.tokens.tolist()


def test_a_step_keeps_no_memory() -> None:
    with Ledger() as ledger:
        sampler = Sampler(RECIPES[2], seeds=[1, 2], shape=(9, 1026), device="cpu")
        logits = torch.zeros(2, 9, 1026)
        for _ in range(4):
            sampler.follow(sampler.draw(logits).tokens)
        before_bytes = ledger.live_bytes
        for _ in range(20):
            sampler.follow(sampler.draw(logits).tokens)
        assert ledger.live_bytes == before_bytes


def test_half_precision_logits_are_drawn_in_single() -> None:
    logits = torch.tensor([[8.0, 8.01, 0.0]])
    sampler = Sampler(Recipe(greedy=True), seeds=[0], shape=(3,), device="cpu")
    assert sampler.draw(logits).tokens.tolist() == [1]
    assert sampler.draw(logits.bfloat16()).tokens.tolist() == [0], "8.01 is 8 in bf16"
