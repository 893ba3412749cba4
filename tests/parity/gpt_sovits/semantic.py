"""The semantic transformer: positions, logits, tokens, drawing; files `s1_*` of the golden data."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core.engines.gpt_sovits.dims import SemanticDims
from core.engines.gpt_sovits.semantic import SemanticModel, load_semantic, sinusoids
from core.engines.gpt_sovits.writing import Drawing, Line, Reference, Written, write
from core.engines.nn.checkpoint import open_checkpoint
from core.engines.nn.sampling import Drawn, Sampler, penalised, race
from tests.parity.gpt_sovits.semantic_recipe import recipe_checkpoint
from tests.parity.result import ACTIVATION, Result, compare, same

SAMPLER_TOLERANCE = 1e-6
"""Chances: a sum of a thousand may be ordered otherwise."""

Arrays = Mapping[str, np.ndarray]


def run(folder: Path) -> Iterator[Result]:
    """Every `s1_*` file of the folder."""
    for path in sorted(folder.glob("s1_pe*.npz")):
        yield from _positions(path)
    for path in sorted(folder.glob("s1_*.json")):
        about = json.loads(path.read_text())
        with np.load(path.with_suffix(".npz")) as arrays:
            if isinstance(about, list):
                yield from _drawing(path.stem, about, arrays)
            else:
                yield from _model(path, about, arrays)


def _positions(path: Path) -> Iterator[Result]:
    with np.load(path) as arrays:
        n_width = arrays["pe"].shape[1]
        rates = SemanticModel(SemanticDims(n_width=n_width, n_layers=0)).token_places.rates
        found = sinusoids(torch.from_numpy(arrays["rows"]), rates)
        yield compare(f"{path.stem}/pe", found.numpy(), arrays["pe"], ACTIVATION)


def _drawing(stem: str, cases: Sequence[Mapping[str, Any]], arrays: Arrays) -> Iterator[Result]:
    """The chain of filters, from given logits and noise."""
    for about in cases:
        key = f"{about['set']}_{about['case']}"
        logits = torch.from_numpy(arrays[f"logits{about['set']}"])
        sampler = Sampler(
            _asked(about).recipe, seeds=[0] * len(logits), shape=logits.shape[1:], device="cpu"
        )
        for row, tokens in enumerate(torch.from_numpy(arrays[f"prev{about['set']}"])):
            sampler.follow_prompt(row, tokens.long())
        after = penalised(logits, sampler._counts, sampler.recipe.penalty)
        yield compare(f"{stem}/penalised{key}", after.numpy(), arrays[f"penalised{key}"], 1e-6)
        for step in sampler.recipe.steps:
            after = step(after)
        chances = after.softmax(-1)
        yield compare(
            f"{stem}/probs{key}", chances.numpy(), arrays[f"probs{key}"], SAMPLER_TOLERANCE
        )
        tokens = race(chances, torch.from_numpy(arrays[f"q{key}"]))
        yield compare(f"{stem}/token{key}", tokens.numpy(), arrays[f"token{key}"])


def _model(path: Path, about: Mapping[str, Any], arrays: Arrays) -> Iterator[Result]:
    model = _loaded(path, about)
    prompt = torch.from_numpy(arrays["prompt"]).long()
    n_items = sum(1 for name in arrays if name.startswith("x") and name[1:].isdigit())
    items = [
        Line(
            phones=torch.from_numpy(arrays[f"x{item}"]).long(),
            bert=torch.from_numpy(arrays[f"bert{item}"]),
            prompt=prompt,
        )
        for item in range(n_items)
    ]
    for name, case in about["cases"].items():
        title = f"{path.stem}/{name}"
        if name == "naive_each":
            yield from _each(title, model, items, about["cases"], arrays)
        elif case["fn"] == "batch_infer":
            yield from _together(title, model, items, case, arrays)
        else:
            yield from _alone(title, model, items[case["item"]], case, arrays)


def _loaded(path: Path, about: Mapping[str, Any]) -> SemanticModel:
    """From the weights beside the case, or from its recipe."""
    asked = about["config"]["model"]
    dims = SemanticDims(
        n_phones=asked["phoneme_vocab_size"],
        n_tokens=asked["vocab_size"],
        n_width=asked["hidden_dim"],
        n_inner=4 * asked["hidden_dim"],
        n_heads=asked["head"],
        n_layers=asked["n_layer"],
    )
    beside = path.with_suffix(".safetensors")
    if beside.is_file():
        with open_checkpoint(beside) as checkpoint:
            checkpoint.extras = {"config": about["config"]}
            return load_semantic(checkpoint)
    return load_semantic(
        recipe_checkpoint(dims, seed=about["weights_seed"], end_scale=about["eos_row_scale"])
    )


def _alone(
    title: str, model: SemanticModel, line: Line, case: Mapping[str, Any], arrays: Arrays
) -> Iterator[Result]:
    name = title.rpartition("/")[2]
    if "prompts" in case and case["prompts"] is None:
        line = Line(phones=line.phones, bert=line.bert)
    noise = torch.from_numpy(arrays[case["noise"]]) if "noise" in case else None
    heard, (written,) = _write(model, [line], case, Reference.NAIVE, noise)
    logits = torch.stack(heard.logits[: len(arrays[f"{name}/logits"])]).numpy()
    for found, key in (
        (logits, "logits"),
        (logits[0], "logits_step0"),
        (heard.hidden, "hidden_step0"),
    ):
        yield compare(f"{title}/{key}", found, arrays[f"{name}/{key}"], ACTIVATION)
    yield same(f"{title}/steps", len(heard.logits), case["steps"])
    # Upstream returns prompt and tokens, and how many of the last its caller takes: `-0:` is all.
    wanted = arrays[f"{name}/y"][-case["idx"] :]
    yield compare(f"{title}/tokens", written.tokens.numpy(), wanted)


def _together(
    title: str,
    model: SemanticModel,
    items: Sequence[Line],
    case: Mapping[str, Any],
    arrays: Arrays,
) -> Iterator[Result]:
    name = title.rpartition("/")[2]
    heard, rows = _write(model, items, case, Reference.BATCH, None)
    for key in (key for key in arrays if key.startswith(f"{name}/logits_step")):
        step = int(key.rpartition("step")[2])
        found = heard.logits[step].numpy()
        yield compare(f"{title}/logits_step{step}", found, arrays[key], ACTIVATION)
    yield same(f"{title}/steps", len(heard.logits), case["steps"])
    for row, written in enumerate(rows):
        wanted = arrays[f"{name}/y{row}"][-case["idx"][row] :]
        yield compare(f"{title}/tokens{row}", written.tokens.numpy(), wanted)


def _each(
    title: str,
    model: SemanticModel,
    items: Sequence[Line],
    cases: Mapping[str, Any],
    arrays: Arrays,
) -> Iterator[Result]:
    """The batch's items one by one, with the batch's settings."""
    name = title.rpartition("/")[2]
    for row, line in enumerate(items):
        _, (written,) = _write(model, [line], cases["batch"], Reference.NAIVE, None)
        wanted = arrays[f"{name}/y{row}"][-cases[name]["idx"][row] :]
        yield compare(f"{title}/tokens{row}", written.tokens.numpy(), wanted)


def _write(
    model: SemanticModel,
    lines: Sequence[Line],
    case: Mapping[str, Any],
    which: Reference,
    noise: Tensor | None,
) -> tuple[Heard, list[Written]]:
    drawing = _asked(case).as_reference(which, has_prompt=len(lines[0].prompt) > 0)
    shape = (model.dims.n_tokens,)
    if noise is None:
        sampler = Sampler(drawing.recipe, seeds=[0] * len(lines), shape=shape, device="cpu")
    else:
        sampler = WithNoise(drawing.recipe, seeds=[0], shape=shape, device="cpu")
        sampler.noise = list(noise)
    # It stops once it has more than this, and after 1500 steps.
    max_tokens = min(case["early_stop_num"] + 1, 1500)
    heard = Heard(len(lines))
    hook = model.prediction.register_forward_hook(heard)
    rows = list(
        write(model, lines, sampler, threading.Event(), max_tokens=max_tokens, as_reference=which)
    )
    hook.remove()
    return heard, sorted(rows, key=lambda written: written.row)


class Heard:
    """What goes into and comes out of the prediction, step by step.

    Args:
        n_rows: Which read their beginnings one after the other.
    """

    def __init__(self, n_rows: int) -> None:
        self._n_rows = n_rows
        self._calls: list[tuple[Tensor, Tensor]] = []

    def __call__(self, _: nn.Module, given: tuple[Tensor], made: Tensor) -> None:
        self._calls.append((given[0].clone(), made.clone()))

    @property
    def logits(self) -> list[Tensor]:
        """f32 [B, V] of every step."""
        made = [logits for _, logits in self._calls]
        return [torch.cat(made[: self._n_rows]), *made[self._n_rows :]]

    @property
    def hidden(self) -> np.ndarray:
        """f32 [B, n_width] of the first step."""
        return torch.cat([hidden for hidden, _ in self._calls[: self._n_rows]]).numpy()


class WithNoise(Sampler):
    """Draws with given noise.

    Attributes:
        noise: f32 [1, V] each, one per step to come, as of Exp(1).
    """

    noise: list[Tensor]

    def draw(self, logits: Tensor) -> Drawn:
        after = penalised(logits, self._counts, self.recipe.penalty)
        best = after.argmax(-1)
        for step in self.recipe.steps:
            after = step(after)
        return Drawn(race(after.softmax(-1), self.noise.pop(0)), best)


def _asked(case: Mapping[str, Any]) -> Drawing:
    return Drawing(
        top_k=case["top_k"],
        top_p=case["top_p"],
        temperature=case["temperature"],
        penalty=case["repetition_penalty"],
    )
