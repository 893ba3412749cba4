"""Tokens per second, memory of long beginnings and of loading: the semantic transformer."""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from benchmarks.gpt_sovits._figure import Figure, clock_s, in_child, risen_bytes, taking_turns
from benchmarks.gpt_sovits._plain_semantic import Plain
from core.engines.gpt_sovits.dims import SemanticDims
from core.engines.gpt_sovits.semantic import SemanticModel, load_semantic
from core.engines.gpt_sovits.writing import Drawing, Line, sampler_for, write
from core.engines.nn.checkpoint import Checkpoint, TensorSpec, open_checkpoint
from core.engines.nn.packed import Packed
from core.engines.nn.sampling import Sampler
from tests.parity.gpt_sovits.semantic_recipe import recipe_checkpoint

N_PHONES, N_PROMPT = 120, 125
"""Of the reference's published measurements: 245 positions before the first token."""
STEPS = {1: 40, 4: 16, 8: 12, 20: 8}
"""Tokens by rows at a time."""
QUICK_STEPS = {1: 16, 8: 4}
PLAIN = "plain"
SINGLE = "float32 weights, sums and cache"
AS_FILED = "float16 weights (as filed), float32 sums and cache"
COMPACT = "float16 weights and cache, float32 sums"
WAYS = {
    SINGLE: ("fp32", torch.float32),
    AS_FILED: ("fp32", torch.float16),
    COMPACT: ("fp16", torch.float16),
}
"""Precision asked for, and what the file keeps its weights in."""
SAME = {1: 1.2, 8: 1.5, 20: 1.5}
AIMS = {SINGLE: SAME, AS_FILED: SAME, COMPACT: {1: 2.0}}
MIB = 1 << 20
READ_FLOATS = 76_000_000
"""About the weights of a token."""


def run(quick: bool) -> Iterator[Figure]:
    """All figures of the section."""
    dims = SemanticDims()
    plain = Plain(dims, _weights(dims))
    ours = {name: _model(name) for name in WAYS}
    n_rounds = 2 if quick else 5
    for n_rows, n_steps in (QUICK_STEPS if quick else STEPS).items():
        yield from _speed(plain, ours, n_rows, n_steps, n_rounds)
    yield _bandwidth(ours[SINGLE], n_rounds)
    yield from _errors(ours)
    yield from _memory()


class _Rounded(Checkpoint):
    """The recipe's weights with values that float16 holds, as those of published files.

    Args:
        dims: Sizes.
        dtype: What they are kept in.
    """

    def __init__(self, dims: SemanticDims, dtype: torch.dtype) -> None:
        self._inner = recipe_checkpoint(dims, seed=1, end_scale=0.0, dtype=torch.float16)
        self.path, self.extras, self._dtype = self._inner.path, self._inner.extras, dtype
        self.specs = {
            name: TensorSpec(spec.shape, dtype) for name, spec in self._inner.specs.items()
        }

    def tensor(self, name: str) -> Tensor:
        return self._inner.tensor(name).to(self._dtype)

    def release(self) -> None:
        pass


def _model(name: str) -> SemanticModel:
    precision, filed = WAYS[name]
    return load_semantic(_Rounded(SemanticDims(), filed), precision=precision)


def _weights(dims: SemanticDims, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    checkpoint = _Rounded(dims, dtype)
    return {name: checkpoint.tensor(name) for name in checkpoint.specs}


def _load(path: Path, precision: str) -> None:
    with open_checkpoint(path) as checkpoint:
        load_semantic(checkpoint, precision=precision)


def _lines(n_rows: int, n_phones: int = N_PHONES, n_prompt: int = N_PROMPT) -> list[Line]:
    random = torch.Generator().manual_seed(5)
    return [
        Line(
            phones=torch.randint(732, (n_phones,), generator=random),
            prompt=torch.randint(1024, (n_prompt,), generator=random),
        )
        for _ in range(n_rows)
    ]


def _write(model: SemanticModel, lines: Sequence[Line], n_tokens: int, top_k: int = 15) -> Tensor:
    sampler = sampler_for(model, Drawing(top_k=top_k), seeds=range(len(lines)))
    rows = list(write(model, lines, sampler, threading.Event(), max_tokens=n_tokens))
    return torch.stack([row.tokens for row in sorted(rows, key=lambda row: row.row)])


class _Stamping(Sampler):
    """Notes when each token was drawn.

    Attributes:
        stamps: Clock readings (s).
    """

    stamps: list[float]

    def follow(self, tokens: Tensor) -> None:
        super().follow(tokens)
        self.stamps.append(clock_s())


class _Race:
    """One batch, written by one way: how long it took to its first token, and from there on."""

    def __init__(self, way: Plain | SemanticModel, lines: Sequence[Line], n_tokens: int) -> None:
        self._way, self._lines, self._n_tokens = way, lines, n_tokens
        self.begun_s: list[float] = []

    def __call__(self) -> float:
        """Seconds from the first token to the last."""
        begun = clock_s()
        stamps: list[float] = []
        if isinstance(self._way, Plain):
            self._way.write(self._lines, self._n_tokens, on_token=lambda: stamps.append(clock_s()))
        else:
            shape = (self._way.dims.n_tokens,)
            seeds = range(len(self._lines))
            sampler = _Stamping(Drawing().recipe, seeds=seeds, shape=shape, device="cpu")
            sampler.stamps = stamps
            never = threading.Event()
            for _ in write(self._way, self._lines, sampler, never, max_tokens=self._n_tokens):
                pass
        self.begun_s.append(stamps[0] - begun)
        return stamps[-1] - stamps[0]


def _speed(
    plain: Plain, ours: dict[str, SemanticModel], n_rows: int, n_steps: int, n_rounds: int
) -> Iterator[Figure]:
    lines = _lines(n_rows)
    ways: dict[str, Plain | SemanticModel] = {PLAIN: plain, **ours}
    for way in ways.values():
        _Race(way, lines, 2)()  # what a first call makes, it makes once
    races = {name: _Race(way, lines, 1 + n_steps) for name, way in ways.items()}
    found = taking_turns(races, n_rounds=n_rounds)
    n_tokens = n_rows * n_steps
    for name in ours:
        yield Figure(
            name=f"{n_rows} rows, {name}",
            value=n_tokens / found[name][0],
            unit="tokens/s",
            plain=n_tokens / found[PLAIN][0],
            ratio=found[name][1],
            aim=AIMS[name].get(n_rows),
        )
    for name in ours:
        first, own = min(races[PLAIN].begun_s), min(races[name].begun_s)
        yield Figure(
            name=f"{n_rows} rows of 245 read, {name}",
            value=own,
            unit="s",
            plain=first,
            ratio=first / own,
        )


def _bandwidth(model: SemanticModel, n_rounds: int) -> Figure:
    """How fast one row's weights come from memory; a loop that only reads is the most there is."""
    n_bytes = sum(part.nbytes for part in model.modules() if isinstance(part, Packed))
    n_steps, numbers = 16, torch.ones(READ_FLOATS)
    race = _Race(model, _lines(1), 1 + n_steps)

    def read() -> float:
        begun = clock_s()
        numbers.sum()
        return clock_s() - begun

    found = taking_turns({"read": read, "write": lambda: race() / n_steps}, n_rounds=n_rounds)
    most, own = numbers.nbytes / found["read"][0], n_bytes / found["write"][0]
    return Figure(
        name=f"1 row, {SINGLE}: {n_bytes / 1e6:.0f} MB of weights a token; a sum of as many",
        value=own / 1e9,
        unit="GB/s",
        plain=most / 1e9,
        ratio=own / most,
    )


def _errors(ours: dict[str, SemanticModel]) -> Iterator[Figure]:
    """Largest difference of a logit from those of float32, along one and the same row."""
    (line,) = _lines(1)
    tokens = _write(ours[SINGLE], [line], 50, top_k=1)[0]
    single = _logits(ours[SINGLE], line, tokens)
    for name in (AS_FILED, COMPACT):
        yield Figure(
            name=f"largest error of a logit (spread {single.std():.2f}), {name}",
            value=float((_logits(ours[name], line, tokens) - single).abs().max()),
            unit="",
        )


@torch.inference_mode()
def _logits(model: SemanticModel, line: Line, tokens: Tensor) -> Tensor:
    cache = model.new_cache(1, 512)
    made = [model.read(line.phones, line.bert, line.prompt, 0, cache)]
    for index, token in enumerate(tokens):
        made.append(model.step(token[None], torch.tensor([N_PROMPT + index]), cache)[0])
    return torch.stack(made)


def _memory() -> Iterator[Figure]:
    """Of 20 rows of 500 positions, to the first token; each in a process of its own."""
    plain_bytes = in_child("semantic", PLAIN)
    for name in WAYS:
        own_bytes = in_child("semantic", name)
        yield Figure(
            name=f"memory of reading 20 rows of 500, {name}",
            value=own_bytes / MIB,
            unit="MiB",
            plain=plain_bytes / MIB,
            ratio=plain_bytes / own_bytes,
            aim=4.0 if name == COMPACT else None,
        )
    with tempfile.TemporaryDirectory() as folder:
        for name, (_, filed) in WAYS.items():
            path = Path(folder, f"{filed}.safetensors")
            if not path.exists():
                save_file(_weights(SemanticDims(), filed), path)
            yield Figure(
                name=f"memory of loading, {name}",
                value=in_child("semantic", name, str(path)) / MIB,
                unit="MiB",
            )


def _child(name: str, file: str | None = None) -> None:
    """What a process prints that reads 20 beginnings, or loads a file, and does nothing else."""
    torch.set_num_threads(1)
    if file is not None:
        print(risen_bytes(lambda: _load(Path(file), WAYS[name][0])))
        return
    lines = _lines(20, 250, 250)
    if name == PLAIN:
        plain = Plain(SemanticDims(), _weights(SemanticDims()))
        plain.write(_lines(1, 8, 8), 2)
        print(risen_bytes(lambda: plain.write(lines, 1)))
        return
    model = _model(name)
    _write(model, _lines(1, 8, 8), 2)
    print(risen_bytes(lambda: _write(model, lines, 1)))


if __name__ == "__main__":
    _child(*sys.argv[1:])
