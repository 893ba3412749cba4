"""A small engine with random weights, to prove the guard on: writes tokens, then decodes them.

It has the shape of GPT-SoVITS (a decoder with a key-value cache, then HiFi-GAN) and says nothing
that a person would understand. What it says depends on the line and its seed alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils._python_dispatch import _disable_current_modes

from benchmarks._models import with_random_weights
from core.engines.nn.cache import KVCache
from core.engines.nn.chunked import Decoding
from core.engines.nn.decoder_lm import DecoderDims, DecoderLM, placed
from core.engines.nn.hifigan import HifiGan, HifiGanDims
from core.engines.nn.receptive import receptive_field
from core.engines.nn.sampling import Recipe, Sampler, Temperature, TopK
from core.memory.guard import Guard, Ladder, Way

FRAMES_PER_TOKEN = 2
RECIPE = Recipe(steps=(Temperature(1.0), TopK(15)), penalty=1.35)
CPU = "cpu"
EMULATED = "emulated card"
"""A way's device that is this machine's processor with its memory counted and capped."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Of the two models."""

    writer: DecoderDims
    vocoder: HifiGanDims


SMALL = Sizes(
    writer=DecoderDims(n_layers=8, n_width=256, n_heads=8, n_inner=1024, n_tokens=1025),
    vocoder=HifiGanDims(n_channels=128, n_condition=0),
)
"""30 MiB of weights: fast enough on a processor to be run under a dozen caps."""
FULL = Sizes(writer=DecoderDims(), vocoder=HifiGanDims(n_condition=0))
"""The sizes of GPT-SoVITS v2."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing to say.

    Args:
        index: Its place.
        n_prompt: Tokens that it begins with.
        n_written: Tokens that it becomes.
        seed: Decides what they are.
    """

    index: int
    n_prompt: int
    n_written: int
    seed: int


def lines(n: int, seed: int = 5, longest: int = 160) -> list[Line]:
    """Lines of many lengths, the same every time."""
    random = np.random.default_rng(seed)
    return [
        Line(
            index=index,
            n_prompt=int(random.integers(10, 60)),
            n_written=int(random.integers(longest // 4, longest + 1)),
            seed=int(random.integers(2**31)),
        )
        for index in range(n)
    ]


Observe = Callable[[str, Way, tuple[Line, ...], int], None]


class ProofSpeaker:
    """The two models, in every precision and place that a way asks for.

    Args:
        sizes: Of the models.
        home: Device that ways mean by their own name; the processor for `EMULATED`.
    """

    def __init__(self, sizes: Sizes, home: str = CPU) -> None:
        self.sizes = sizes
        self.home = home
        writer = with_random_weights(DecoderLM(sizes.writer), seed=1)
        vocoder = with_random_weights(HifiGan(sizes.vocoder), seed=2)
        table = torch.randn(
            sizes.writer.n_tokens,
            sizes.vocoder.n_latent,
            generator=torch.Generator().manual_seed(3),
        )
        self.field = receptive_field(vocoder, sizes.vocoder.n_latent)
        self._host = (writer, vocoder, table)
        self._placed: dict[tuple[str, str], tuple[Any, Any, Tensor]] = {}
        self.on_host: set[int] = set()
        """Lines of which some stage was done on the processor, not on the card."""

    def load(self, way: Way) -> tuple[DecoderLM, HifiGan, Tensor]:
        """Writer, vocoder and the latent of each token, where and in what a way wants them."""
        device = self._device(way)
        if device == CPU and way.dtype == "fp32":
            return self._host
        key = (device, way.dtype)
        if key not in self._placed:
            dtype = torch.float16 if way.dtype == "fp16" else torch.float32
            writer = DecoderLM(self.sizes.writer).to(device, dtype).eval()
            writer.load_state_dict(self._host[0].state_dict())
            vocoder = HifiGan(self.sizes.vocoder).to(device, dtype).eval()
            vocoder.load_state_dict(self._host[1].state_dict())
            self._placed[key] = (writer, vocoder, self._host[2].to(device, dtype))
        return self._placed[key]

    def unload(self) -> None:
        """Give back what is not on the host."""
        self._placed.clear()

    def weights(self) -> list[Tensor]:
        """As a ledger adopts them."""
        writer, vocoder, table = self._host
        return [*writer.parameters(), *vocoder.parameters(), table]

    def speak(
        self,
        batch: Sequence[Line],
        guard: Guard,
        way: Way,
        *,
        ladder: Ladder | None = None,
        observe: Observe = lambda *_: None,
    ) -> Iterator[tuple[Line, npt.NDArray[np.float32]]]:
        """Each line's sound, f32 `[T]`, as soon as it is made.

        Args:
            batch: Lines of like length; no more than fit the way.
            guard: Around both stages.
            way: Planned.
            ladder: Of both stages.
            observe: Told the stage, the way, the lines and the peak above what was in use.
        """
        ladder = Ladder() if ladder is None else ladder
        # All of a batch is written before any of it is decoded: a writer that waits for the
        # decoder keeps its cache meanwhile, and what it holds no rung of the decoder can free.
        written = list(
            guard.each(
                "write",
                self.write,
                batch,
                Way(batch=way.batch, dtype=way.dtype, device=way.device),
                where=lambda line: f"line {line.index}",
                ladder=ladder,
                observe=lambda chosen, part, grown: observe("write", chosen, part, grown),
            )
        )
        for line, tokens in written:
            yield line, self._sound(line, tokens, guard, way, ladder, observe)

    def _sound(
        self,
        line: Line,
        tokens: npt.NDArray[np.int64],
        guard: Guard,
        way: Way,
        ladder: Ladder,
        observe: Observe,
    ) -> npt.NDArray[np.float32]:
        decoding: list[Decoding] = []

        def decode(chosen: Way) -> npt.NDArray[np.float32]:
            _, vocoder, table = self.load(chosen)
            self._note(chosen, (line,))
            with self._memory_of(chosen):
                # On the host until a window of it is decoded.
                frames = table.cpu()[torch.from_numpy(tokens)].repeat_interleave(
                    FRAMES_PER_TOKEN, dim=0
                )
                where = torch.device(self._device(chosen))
                one = Decoding(vocoder, self.field, frames.T[None], where)
                if decoding:
                    one.sound, one.n_done = decoding[-1].sound, decoding[-1].n_done
                decoding.append(one)
                return one.finish(chosen.decode_chunk)[0]

        return guard.run(
            "decode",
            decode,
            Way(decode_chunk=way.decode_chunk, dtype=way.dtype, device=way.device),
            where=f"line {line.index}",
            ladder=ladder,
            observe=lambda chosen, grown: observe("decode", chosen, (line,), grown),
        )

    def write(
        self, way: Way, batch: tuple[Line, ...]
    ) -> Iterator[tuple[Line, npt.NDArray[np.int64]]]:
        """Each line's tokens, as soon as its last is written."""
        writer, _, _ = self.load(way)
        self._note(way, batch)
        writing = None
        while writing is None or writing.rows:
            # Entered anew for each step: between two of them the caller runs.
            with self._memory_of(way), torch.inference_mode():
                if writing is None:
                    writing = _Writing(writer, batch, self._device(way))
                finished = writing.step()
            yield from finished

    def _note(self, way: Way, batch: Sequence[Line]) -> None:
        if way.device == CPU:
            self.on_host.update(line.index for line in batch)

    def _device(self, way: Way) -> str:
        return self.home if way.device == EMULATED else way.device

    @staticmethod
    def _memory_of(way: Way) -> Any:
        """The ledger stands for the card; what is done on the host is none of its business."""
        return _disable_current_modes() if way.device == CPU else nullcontext()


class _Writing:
    """A batch of lines being written, one token a step."""

    def __init__(self, writer: DecoderLM, batch: tuple[Line, ...], device: str) -> None:
        dims = writer.dims
        self._writer = writer
        self.rows = list(batch)
        self._tokens: list[list[int]] = [[] for _ in batch]
        n_prompts = [line.n_prompt for line in batch]
        self._cache = KVCache(
            dims.cache_shape(writer.predict.weight.dtype),
            n_rows=len(batch),
            n_tokens=max(line.n_prompt + line.n_written for line in batch),
            device=device,
        )
        self._sampler = Sampler(
            RECIPE, seeds=[line.seed for line in batch], shape=(dims.n_tokens,), device=device
        )
        prompt = torch.zeros(len(batch), max(n_prompts), dtype=torch.int64)
        for row, line in enumerate(batch):
            generator = torch.Generator().manual_seed(line.seed)
            drawn = torch.randint(dims.n_tokens, (line.n_prompt,), generator=generator)
            prompt[row, : line.n_prompt] = drawn
        x = writer.embedding(prompt.to(device))
        self._logits = writer(placed(x, self._cache.positions), self._cache, n_prompts)

    def step(self) -> list[tuple[Line, npt.NDArray[np.int64]]]:
        """Draw one token for every row; the lines whose last it was."""
        drawn = self._sampler.draw(self._logits).tokens
        self._sampler.follow(drawn)
        for tokens, token in zip(self._tokens, drawn.tolist(), strict=True):
            tokens.append(token)
        finished = [
            row for row, line in enumerate(self.rows) if len(self._tokens[row]) == line.n_written
        ]
        done = [(self.rows[row], np.array(self._tokens[row])) for row in finished]
        if finished:
            order = list(self._cache.drop(finished))
            self._sampler.keep(order)
            self.rows = [self.rows[row] for row in order]
            self._tokens = [self._tokens[row] for row in order]
            drawn = drawn[order]
        if self.rows:
            x = self._writer.embedding(drawn[:, None])
            starts = torch.tensor(self._cache.lengths, device=drawn.device)
            self._logits = self._writer(placed(x, starts), self._cache)
        return done
