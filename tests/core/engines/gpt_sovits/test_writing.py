"""Writing tokens: alone as in company, until each row ends, and no further once stopped."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engines.gpt_sovits.dims import SemanticDims
from core.engines.gpt_sovits.semantic import Attention, SemanticModel, load_semantic
from core.engines.gpt_sovits.writing import (
    N_WITHOUT_END,
    PENALTY,
    Drawing,
    Line,
    Reference,
    sampler_for,
    write,
)
from core.errors import Cancelled
from tests.parity.gpt_sovits.semantic_recipe import recipe_checkpoint

TINY = SemanticDims(
    n_phones=20, n_tokens=33, n_bert=8, n_width=32, n_inner=64, n_heads=4, n_layers=3
)
MODELS = {
    "fp32": load_semantic(recipe_checkpoint(TINY, seed=2, end_scale=2.0)),
    "as filed": load_semantic(recipe_checkpoint(TINY, seed=2, end_scale=2.0, dtype=torch.float16)),
    "compact": load_semantic(
        recipe_checkpoint(TINY, seed=2, end_scale=2.0, dtype=torch.float16), precision="fp16"
    ),
}
ENDLESS = load_semantic(recipe_checkpoint(TINY, seed=2, end_scale=0.0))


class After:
    """A stop flag that is set from the n-th question on."""

    def __init__(self, n: int) -> None:
        self.n_asked, self._n = 0, n

    def is_set(self) -> bool:
        self.n_asked += 1
        return self.n_asked > self._n


def line(seed: int, n_phones: int = 12, n_prompt: int = 7) -> Line:
    random = torch.Generator().manual_seed(seed)
    return Line(
        phones=torch.randint(TINY.n_phones, (n_phones,), generator=random),
        prompt=torch.randint(TINY.end, (n_prompt,), generator=random),
        bert=torch.randn(TINY.n_bert, n_phones, generator=random),
    )


def written(
    model: SemanticModel,
    lines: Sequence[Line],
    *,
    seeds: Sequence[int] | None = None,
    drawing: Drawing | None = None,
    max_tokens: int = 60,
    look_every: int | None = None,
    which: Reference | None = None,
) -> list[tuple[list[int], bool]]:
    """Tokens of each line, and whether it ended."""
    sampler = sampler_for(
        model, drawing or Drawing(), range(len(lines)) if seeds is None else seeds
    )
    rows = write(
        model,
        lines,
        sampler,
        threading.Event(),
        max_tokens=max_tokens,
        look_every=look_every,
        as_reference=which,
    )
    done = sorted(rows, key=lambda row: row.row)
    assert [row.row for row in done] == list(range(len(lines)))
    return [(row.tokens.tolist(), row.ended) for row in done]


@settings(deadline=None, max_examples=9)
@given(
    lengths=st.lists(st.tuples(st.integers(1, 40), st.integers(0, 30)), min_size=2, max_size=4),
    name=st.sampled_from(list(MODELS)),
)
def test_a_row_says_in_company_what_it_says_alone(
    lengths: list[tuple[int, int]], name: str
) -> None:
    lines = [line(seed, *sizes) for seed, sizes in enumerate(lengths)]
    together = written(MODELS[name], lines, max_tokens=30)
    alone = [
        written(MODELS[name], [own], seeds=[row], max_tokens=30)[0] for row, own in enumerate(lines)
    ]
    assert together == alone


@pytest.mark.slow
def test_a_row_of_a_full_model_has_the_same_bits_alone_and_in_company() -> None:
    model = load_semantic(
        recipe_checkpoint(SemanticDims(), seed=1, end_scale=0.0, dtype=torch.float16)
    )
    random = torch.Generator().manual_seed(4)
    lines = [
        Line(
            phones=torch.randint(732, (n,), generator=random),
            prompt=torch.randint(1024, (40,), generator=random),
        )
        for n in (61, 18, 90)
    ]
    logits: dict[tuple[int, ...], list[torch.Tensor]] = {}
    for rows in ((0, 1, 2), (0,), (1,), (2,)):
        heard: list[torch.Tensor] = []
        hook = model.prediction.register_forward_hook(
            lambda _, __, made, heard=heard: heard.append(made.clone())
        )
        sampler = sampler_for(model, Drawing(), rows)
        chosen = [lines[row] for row in rows]
        list(write(model, chosen, sampler, threading.Event(), max_tokens=12))
        hook.remove()
        logits[rows] = [torch.cat(heard[: len(rows)]), *heard[len(rows) :]]
    for row in range(3):
        for together, alone in zip(logits[0, 1, 2], logits[row,], strict=True):
            assert torch.equal(together[row], alone[0])


def test_all_rows_at_once_behind_a_mask_say_what_each_says_apart() -> None:
    """As on an accelerator, where a kernel per row would take longer than the rows."""
    lines = [line(seed, 5 + 4 * seed) for seed in range(5)]
    apart = written(MODELS["fp32"], lines, max_tokens=40)
    model = load_semantic(recipe_checkpoint(TINY, seed=2, end_scale=2.0))
    for part in model.modules():
        if isinstance(part, Attention):
            part.rows_apart = False
    assert written(model, lines, max_tokens=40, look_every=8) == apart


def test_looking_seldom_changes_nothing() -> None:
    lines = [line(seed, 5 + 4 * seed) for seed in range(5)]
    often = written(MODELS["fp32"], lines, look_every=1)
    assert any(ended for _, ended in often)
    assert written(MODELS["fp32"], lines, look_every=8) == often
    assert written(MODELS["fp32"], lines, look_every=7, max_tokens=60) == often


def test_rows_come_as_they_finish_and_leave_the_batch() -> None:
    model, lines = MODELS["fp32"], [line(seed, 5 + 4 * seed) for seed in range(5)]
    sizes: list[int] = []
    hook = model.prediction.register_forward_hook(lambda _, __, made: sizes.append(len(made)))
    sampler = sampler_for(model, Drawing(), range(5))
    rows = list(write(model, lines, sampler, threading.Event(), max_tokens=60))
    hook.remove()
    lengths = [len(row.tokens) for row in rows]
    assert lengths == sorted(lengths)
    assert len(set(lengths)) > 1
    n_drawn = [len(row.tokens) + row.ended for row in rows]  # the end is drawn too
    # Five beginnings, read one by one, draw the first token; then as many rows as still go on.
    wanted = [sum(n > index for n in n_drawn) for index in range(1, max(n_drawn))]
    assert sizes == [1] * 5 + wanted


def test_no_row_ends_before_its_eleventh_token() -> None:
    eager = load_semantic(recipe_checkpoint(TINY, seed=2, end_scale=50.0))
    for tokens, ended in written(eager, [line(seed) for seed in range(6)]):
        assert len(tokens) >= N_WITHOUT_END
        assert TINY.end not in tokens
        assert ended


def test_what_does_not_end_keeps_its_last_token() -> None:
    (tokens, ended), *_ = written(ENDLESS, [line(0)], max_tokens=30)
    assert not ended
    assert len(tokens) == 30


def test_the_reference_loses_the_first_token_of_one_and_the_last_of_many() -> None:
    lines = [line(0), line(1)]
    kept = [tokens for tokens, _ in written(ENDLESS, lines, max_tokens=20)]
    naive = [t for t, _ in written(ENDLESS, lines, max_tokens=20, which=Reference.NAIVE)]
    batch = [t for t, _ in written(ENDLESS, lines, max_tokens=20, which=Reference.BATCH)]
    assert naive == [tokens[1:] for tokens in kept]
    assert batch == [tokens[:-1] for tokens in kept]


def test_the_reference_forgets_the_penalty_of_a_batch_without_prompts() -> None:
    asked = Drawing(penalty=2.0)
    assert asked.as_reference(Reference.BATCH, has_prompt=False).penalty == PENALTY
    assert asked.as_reference(Reference.BATCH, has_prompt=True) == asked
    assert asked.as_reference(Reference.NAIVE, has_prompt=False) == asked


@pytest.mark.parametrize("n", [0, 2, 3, 9])
def test_stopping_ends_within_one_step(n: int) -> None:
    flag = After(n)
    lines = [line(0), line(1)]
    with pytest.raises(Cancelled):
        list(write(ENDLESS, lines, sampler_for(ENDLESS, Drawing(), [0, 1]), flag))
    assert flag.n_asked == n + 1


@pytest.mark.parametrize(
    "change",
    [{"top_k": 2}, {"top_p": 0.3}, {"temperature": 0.3}, {"penalty": 3.0}],
    ids=lambda change: next(iter(change)),
)
def test_every_way_of_drawing_is_heard(change: dict[str, float]) -> None:
    usual = written(ENDLESS, [line(0)], max_tokens=40)
    assert written(ENDLESS, [line(0)], drawing=Drawing(**change), max_tokens=40) != usual  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_tokens_and_another_others() -> None:
    first = written(ENDLESS, [line(0)], seeds=[7])
    assert written(ENDLESS, [line(0)], seeds=[7]) == first
    assert written(ENDLESS, [line(0)], seeds=[8]) != first


def test_each_row_has_a_limit_of_its_own() -> None:
    lines = [replace(line(row), most=most) for row, most in enumerate((5, 17, 12))]
    together = written(ENDLESS, lines, max_tokens=30)
    assert [len(tokens) for tokens, _ in together] == [5, 17, 12]
    assert not any(ended for _, ended in together)
    for row, own in enumerate(lines):
        assert written(ENDLESS, [own], seeds=[row], max_tokens=30) == [together[row]]
    assert written(ENDLESS, lines, max_tokens=30, look_every=8) == together
