"""The semantic transformer: what it computes, what it refuses, how little it takes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from core.engines.gpt_sovits.dims import SemanticDims
from core.engines.gpt_sovits.semantic import SemanticModel, load_semantic, precision_for
from core.engines.gpt_sovits.semantic_names import our_name, published_name, semantic_dims
from core.engines.nn.checkpoint import TensorSpec, open_checkpoint
from core.engines.nn.prove import peak_bytes
from core.engines.nn.weights import on_meta
from core.errors import InputError
from tests.parity.gpt_sovits import semantic
from tests.parity.gpt_sovits.semantic_recipe import recipe_checkpoint

GOLDEN = Path(__file__).parents[3] / "golden" / "gpt_sovits"
TINY = SemanticDims(
    n_phones=20, n_tokens=33, n_bert=8, n_width=32, n_inner=64, n_heads=4, n_layers=3
)


def golden(folder: Path, pattern: str) -> Path:
    for path in GOLDEN.glob(pattern):
        shutil.copy(path, folder)
    return folder


@pytest.mark.parametrize(
    ("pattern", "at_least"), [("s1_tiny_*", 82), ("s1_sampling.*", 72), ("s1_pe512.npz", 1)]
)
def test_a_small_model_gives_the_references_numbers_and_tokens(
    tmp_path: Path, pattern: str, at_least: int
) -> None:
    results = list(semantic.run(golden(tmp_path, pattern)))
    assert len(results) >= at_least
    assert [result for result in results if not result.passed] == []


@pytest.mark.slow
def test_a_full_model_gives_the_references_numbers_and_tokens(tmp_path: Path) -> None:
    results = list(semantic.run(golden(tmp_path, "s1_real.*")))
    assert len(results) >= 30
    assert [result for result in results if not result.passed] == []


def test_every_published_name_has_a_place_and_back() -> None:
    ours = set(on_meta(lambda: SemanticModel(TINY)).state_dict())
    assert {our_name(published_name(name)) for name in ours} == ours
    assert len(on_meta(lambda: SemanticModel(SemanticDims())).state_dict()) == 295


def test_a_full_model_has_the_published_number_of_weights() -> None:
    model = on_meta(lambda: SemanticModel(SemanticDims()))
    assert sum(weight.numel() for weight in model.parameters()) == 77_606_402


def test_a_file_laid_out_as_published_loads_with_its_settings(tmp_path: Path) -> None:
    recipe = recipe_checkpoint(TINY, seed=1, dtype=torch.float16)
    weight = {name: recipe.tensor(name) for name in recipe.specs}
    path = tmp_path / "person-e10.ckpt"
    torch.save({"weight": weight, "config": recipe.extras["config"], "info": "GPT-e10"}, path)
    with open_checkpoint(path, at=("weight",)) as checkpoint:
        model = load_semantic(checkpoint)
    assert model.dims == TINY
    assert torch.equal(first_logits(model), first_logits(load_semantic(recipe)))


@pytest.mark.parametrize("name", ["model.h.layers.1.linear2.bias", "model.ar_audio_position.alpha"])
def test_a_missing_tensor_is_named(name: str) -> None:
    checkpoint = recipe_checkpoint(TINY, seed=1)
    checkpoint.specs = {key: spec for key, spec in checkpoint.specs.items() if key != name}
    with pytest.raises(InputError, match=our_name(name).replace(".", r"\.")):
        load_semantic(checkpoint)


@pytest.mark.parametrize(
    "name", ["model.h.layers.0.linear3.weight", "model.extra", "h.layers.0.linear1.weight"]
)
def test_an_unknown_tensor_is_named(name: str) -> None:
    checkpoint = recipe_checkpoint(TINY, seed=1)
    checkpoint.specs = {**checkpoint.specs, name: TensorSpec((2,), torch.float32)}
    with pytest.raises(InputError, match=name.replace(".", r"\.")):
        load_semantic(checkpoint)


def test_a_file_of_another_kind_is_told_apart() -> None:
    with pytest.raises(InputError, match="no semantic model"):
        semantic_dims({"dec.conv_pre.weight": (512, 192, 7)})


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    checkpoint = recipe_checkpoint(TINY, seed=1)
    checkpoint.extras = {"config": {"model": {"head": 5}}}
    with pytest.raises(InputError, match="32 channels divided into 5 heads"):
        load_semantic(checkpoint)


def test_weights_that_the_file_keeps_in_halves_are_kept_so_without_loss() -> None:
    filed = recipe_checkpoint(TINY, seed=1, dtype=torch.float16)
    assert precision_for("fp32", "cpu", torch.float16).weights == torch.float16
    assert precision_for("fp32", "cpu", torch.float32).weights == torch.float32
    widened = recipe_checkpoint(TINY, seed=1, dtype=torch.float16)
    widened.specs = {n: s._replace(dtype=torch.float32) for n, s in widened.specs.items()}
    # Sums in another order.
    torch.testing.assert_close(
        first_logits(load_semantic(filed)), first_logits(load_semantic(widened)), atol=1e-5, rtol=0
    )


def test_a_cache_of_halves_changes_a_logit_by_thousandths() -> None:
    filed = recipe_checkpoint(TINY, seed=1, dtype=torch.float16)
    exact, compact = (load_semantic(filed, precision=name) for name in ("fp32", "fp16"))
    assert compact.new_cache(1, 8).nbytes < 0.6 * exact.new_cache(1, 8).nbytes
    error = (first_logits(compact) - first_logits(exact)).abs().max()
    # Keys and values rounded to 11 bits, logits of about one.
    assert 0 < error < 5e-3


def test_reading_takes_the_cache_and_one_row_more() -> None:
    """No mask of all positions by all, and no row waits for another's activations."""
    n_rows, n_text, n_prompt = 6, 150, 100
    model = load_semantic(recipe_checkpoint(TINY, seed=1))
    phones = torch.randint(TINY.n_phones, (n_text,))
    prompt = torch.randint(TINY.n_tokens, (n_prompt,))

    def read() -> None:
        cache = model.new_cache(n_rows, n_text + n_prompt)
        for row in range(n_rows):
            model.read(phones, None, prompt, row, cache)

    cache_bytes = model.new_cache(n_rows, n_text + n_prompt).nbytes
    one_row_bytes = (n_text + n_prompt) * 4 * (TINY.n_inner + 8 * TINY.n_width)
    assert peak_bytes(read) < cache_bytes + one_row_bytes


@torch.inference_mode()
def first_logits(model: SemanticModel) -> torch.Tensor:
    """f32 [2, V]: of a first token and the next."""
    cache = model.new_cache(1, 64)
    phones, prompt = torch.arange(15), torch.arange(9)
    first = model.read(phones, torch.ones(TINY.n_bert, 15), prompt, 0, cache)
    return torch.stack((first, model.step(torch.tensor([4]), torch.tensor([9]), cache)[0]))
