"""The plain implementations that speed is held against compute what ours compute."""

from __future__ import annotations

import threading

import torch

from benchmarks.gpt_sovits._figure import taking_turns
from benchmarks.gpt_sovits._plain_semantic import Plain
from core.engines.gpt_sovits.dims import SemanticDims
from core.engines.gpt_sovits.semantic import load_semantic
from core.engines.gpt_sovits.writing import Drawing, Line, sampler_for, write
from tests.parity.gpt_sovits.semantic_recipe import recipe_checkpoint

TINY = SemanticDims(
    n_phones=20, n_tokens=33, n_bert=8, n_width=32, n_inner=64, n_heads=4, n_layers=3
)


def test_the_plain_semantic_model_writes_the_same_tokens() -> None:
    checkpoint = recipe_checkpoint(TINY, seed=3, end_scale=0.0)
    plain = Plain(TINY, {name: checkpoint.tensor(name) for name in checkpoint.specs})
    random = torch.Generator().manual_seed(1)
    lines = [
        Line(
            phones=torch.randint(TINY.n_phones, (n,), generator=random),
            prompt=torch.randint(TINY.end, (6,), generator=random),
            bert=torch.randn(TINY.n_bert, n, generator=random),
        )
        for n in (14, 5, 9)
    ]
    model = load_semantic(checkpoint)
    sampler = sampler_for(model, Drawing(top_k=1), [0, 0, 0])
    rows = write(model, lines, sampler, threading.Event(), max_tokens=25)
    ours = torch.stack([row.tokens for row in sorted(rows, key=lambda row: row.row)])
    assert torch.equal(plain.write(lines, 25, top_k=1), ours)


def test_a_ratio_is_of_what_ran_in_the_same_round() -> None:
    slow, fast = iter([4.0, 8.0, 4.0]), iter([2.0, 4.0, 1.0])
    found = taking_turns({"slow": lambda: next(slow), "fast": lambda: next(fast)}, n_rounds=3)
    assert found == {"slow": (4.0, 1.0), "fast": (1.0, 2.0)}
