"""A whole plan against its run: a writer with its keys, then a decoder, over batches and lengths.

The engine has no checkpoint and no sampling; what it takes is what GPT-SoVITS takes while it
speaks: all rows of a batch are written together, then each is decoded alone, in windows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from core.engines.nn.cache import KVCache
from core.engines.nn.chunked import Decoding
from core.engines.nn.decoder_lm import DecoderDims, DecoderLM
from core.engines.nn.prove import peak_bytes, pretended_peaks_bytes
from core.engines.nn.receptive import ReceptiveField
from core.memory.cost import CostModel, Point, StageCost, fit
from core.memory.plan import Batch, BatchPlan, Item, Limits, plan

BLOCK_TOKENS = 128
SMALL_PROMPTS = ((32, 1), (64, 2))
"""Tokens and rows of the two runs from which the writer's cost is found."""
SMALL_SOUNDS = (32, 64)
"""Frames of the two runs of the decoder."""


@dataclass(frozen=True)
class Engine:
    """A writer and a decoder.

    Args:
        title: In the tables.
        dims: Of the writer.
        make_decoder: Builds the decoder.
        n_latent: Channels of its frames.
        field: Of the decoder.
        tokens_per_frame: Tokens that the writer writes for each of them.
        chunk: Frames decoded at once where there is room.
        n_prompt: Tokens before the first written one.
    """

    title: str
    dims: DecoderDims
    make_decoder: Callable[[], nn.Module]
    n_latent: int
    field: ReceptiveField
    tokens_per_frame: float = 0.5
    chunk: int = 100
    n_prompt: int = 200

    def limits(self, max_batch: int) -> Limits:
        """For so many rows at once."""
        return Limits(
            max_batch=max_batch,
            chunk=self.chunk,
            prompt_tokens=self.n_prompt,
            tokens_per_unit=self.tokens_per_frame,
            kv_block=BLOCK_TOKENS,
        )

    def make(self) -> Models:
        return Models(DecoderLM(self.dims), self.make_decoder())


class Models(nn.Module):
    """The two models."""

    def __init__(self, writer: DecoderLM, decoder: nn.Module) -> None:
        super().__init__()
        self.writer = writer
        self.decoder = decoder


Run = Callable[[Models], object]
Measure = Callable[[Engine, Sequence[Run]], list[int]]
"""Peaks above the weights (bytes)."""


def pretended(engine: Engine, runs: Sequence[Run]) -> list[int]:
    """Of tensors without content: equal to the real run's live bytes, whatever the size."""
    return pretended_peaks_bytes(engine.make, runs)


def real(engine: Engine, runs: Sequence[Run]) -> list[int]:
    """Of runs that compute."""
    models = engine.make().eval()
    return [peak_bytes(lambda: run(models)) for run in runs]  # noqa: B023 -- called at once


def calibrated(engine: Engine, measure: Measure) -> CostModel:
    """From two small runs of each stage; keys and values are arithmetic."""
    shape = engine.dims.cache_shape(torch.float32)
    kv_per_token = shape.planned_bytes_per_token
    reads = [_written(engine, n, BLOCK_TOKENS, rows) for n, rows in SMALL_PROMPTS]
    sounds = [_sounded(engine, n, n) for n in SMALL_SOUNDS]
    peaks = measure(engine, [*reads, *sounds])
    prompts: list[Point] = [
        (n, rows, peak - BLOCK_TOKENS * rows * shape.bytes_per_token)
        for (n, rows), peak in zip(SMALL_PROMPTS, peaks[:2], strict=True)
    ]
    read = fit(prompts, name="write")
    decode = fit([(n, 1, peak) for n, peak in zip(SMALL_SOUNDS, peaks[2:], strict=True)])
    with torch.device("meta"):
        weights_bytes = sum(weight.nbytes for weight in engine.make().parameters())
    return CostModel(
        stages={
            "write": StageCost(
                name="write",
                fixed_bytes=read.fixed_bytes,
                per_row_bytes=read.per_unit_bytes * engine.n_prompt,
            ),
            "decode": replace(
                decode,
                name="decode",
                is_chunked=True,
                context=engine.field.left + engine.field.right,
                rows=1,
                holds_keys=False,
            ),
        },
        weights_bytes=weights_bytes,
        kv_bytes_per_token=kv_per_token,
    )


@dataclass(frozen=True, kw_only=True)
class Held:
    """A plan and what running it took.

    Args:
        made: The plan.
        peak_bytes: Highest of all batches, weights included.
        ratios: Predicted / measured of each batch, weights included.
        ratios_above: The same without the weights, which every run has alike.
    """

    made: BatchPlan
    peak_bytes: int
    ratios: tuple[float, ...]
    ratios_above: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Of the plan's peak."""
        return self.made.peak_bytes / self.peak_bytes


def held(
    engine: Engine,
    cost: CostModel,
    lengths: Sequence[int],
    measure: Measure,
    cases: Sequence[tuple[int, int]],
) -> list[Held]:
    """Plan a text in several ways and run each plan.

    Args:
        engine: Says it.
        cost: As calibrated.
        lengths: Frames of each utterance.
        measure: How peaks are found.
        cases: Rows at once at most, and what may be used beside the weights (bytes).
    """
    items = [Item(index=index, n=n) for index, n in enumerate(lengths)]
    plans = [
        plan(
            items,
            budget_bytes=cost.weights_bytes + above_bytes,
            cost=cost,
            limits=engine.limits(max_batch),
        )
        for max_batch, above_bytes in cases
    ]
    # Batches whose tensors have the same shapes are run once.
    shapes = {_shape(engine, batch, lengths) for made in plans for batch in made.batches}
    found = measure(engine, [_said(engine, *shape) for shape in sorted(shapes)])
    peaks = dict(zip(sorted(shapes), found, strict=True))
    return [_held(engine, cost, lengths, made, peaks) for made in plans]


Shape = tuple[int, int, int, tuple[int, ...]]
"""Rows, tokens of keys and values, chunk, and frames of the sounds that differ in memory."""


def _shape(engine: Engine, batch: Batch, lengths: Sequence[int]) -> Shape:
    window = batch.decode_chunk + engine.field.left + engine.field.right
    sizes = {min(lengths[at], window) for at in batch.items}
    return len(batch.items), batch.kv_tokens, batch.decode_chunk, tuple(sorted(sizes))


def _held(
    engine: Engine,
    cost: CostModel,
    lengths: Sequence[int],
    made: BatchPlan,
    peaks: Mapping[Shape, int],
) -> Held:
    weights = cost.weights_bytes
    pairs = [
        (batch.predicted_bytes, peaks[_shape(engine, batch, lengths)]) for batch in made.batches
    ]
    return Held(
        made=made,
        peak_bytes=weights + max(peak for _, peak in pairs),
        ratios=tuple(predicted / (weights + peak) for predicted, peak in pairs),
        ratios_above=tuple((predicted - weights) / peak for predicted, peak in pairs),
    )


def _said(engine: Engine, n_rows: int, kv_tokens: int, chunk: int, sizes: Sequence[int]) -> Run:
    write = _written(engine, engine.n_prompt, kv_tokens, n_rows)
    decodes = [_sounded(engine, size, chunk) for size in sizes]

    def run(models: Models) -> None:
        write(models)
        for decode in decodes:
            decode(models)

    return run


def _written(engine: Engine, n_prompt: int, kv_tokens: int, n_rows: int) -> Run:
    """Prompts of growing text read together, the first token after them, and the last."""
    dims = engine.dims

    def run(models: Models) -> None:
        kept = KVCache(
            dims.cache_shape(torch.float32), n_rows=n_rows, n_tokens=kv_tokens, device="cpu"
        )
        lengths = [n_prompt - row % 3 for row in range(n_rows)]
        prefixes = [length // 2 for length in lengths]
        models.writer(
            torch.zeros(n_rows, n_prompt, dims.n_width), kept, n_new=lengths, n_prefix=prefixes
        )
        models.writer(torch.zeros(n_rows, 1, dims.n_width), kept)
        if (between := kv_tokens - n_prompt - 2) > 0:
            kept.extend(between)
            models.writer(torch.zeros(n_rows, 1, dims.n_width), kept)

    return run


def _sounded(engine: Engine, n_frames: int, chunk: int) -> Run:
    def run(models: Models) -> None:
        size = min(n_frames, chunk + engine.field.left + engine.field.right)
        window = torch.zeros(1, engine.n_latent, size)
        if _has_content(window):
            # On the host, as latents are until a window of them is decoded.
            frames = torch.from_numpy(np.zeros((1, engine.n_latent, n_frames), dtype=np.float32))
            Decoding(models.decoder, engine.field, frames).finish(chunk)
        else:
            models.decoder(window)  # all windows have this shape

    return run


def _has_content(tensor: Tensor) -> bool:
    return type(tensor) is Tensor
