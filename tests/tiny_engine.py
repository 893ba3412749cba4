"""A small real neural engine: a decoder of tokens and a HiFi-GAN, with random weights from a seed.

It stands on the parts of `core.engines.nn` and works in every way that the guard's ladder knows.
Its card is called `cuda` and is emulated: a ledger counts its bytes and raises above a cap, which
the environment's `TIMBRE_TINY_CAP` names (bytes). What runs on `cpu` is not counted.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.audio.samples import Audio, Samples
from core.engines.nn.allocator import HostAllocator
from core.engines.nn.cache import KVCache
from core.engines.nn.chunked import Decoding
from core.engines.nn.decoder_lm import DecoderDims, DecoderLM, placed
from core.engines.nn.dtype import NAMES
from core.engines.nn.hifigan import HifiGan, HifiGanDims
from core.engines.nn.ledger import Ledger
from core.engines.nn.receptive import receptive_field
from core.engines.protocol import (
    EngineCard,
    Piece,
    Prompt,
    Reference,
    StopFlag,
    Utterance,
    Weights,
)
from core.errors import Cancelled
from core.memory.budget import FRACTION, RESERVE_LINUX_BYTES, Room, System
from core.memory.host import Host
from core.memory.ladder import CPU, Ladder, Way
from core.memory.plan import Limits
from tests.fakes import note

CAP = "TIMBRE_TINY_CAP"
RATE = 8000
N_LATENT = 16
TOKENS_PER_CHAR = 2
CHUNK = 32

LM_DIMS = DecoderDims(n_layers=2, n_width=32, n_heads=2, n_inner=64, n_tokens=64)
GAN_DIMS = HifiGanDims(
    n_latent=N_LATENT,
    n_channels=32,
    n_condition=N_LATENT,
    rates=(5, 4, 4),
    kernels=(9, 8, 8),
    residual_kernels=(3,),
    dilations=(1, 3),
)

TINY_CARD = EngineCard(
    name="tiny",
    title="Tiny",
    version="1",
    languages=("en",),
    rate=RATE,
    reference_min_s=1.0,
    reference_best_s=3.0,
    reference_max_s=10.0,
    wants_transcript=False,
    max_chars=80,
    max_batch=4,
    knobs=(),
    factory="tests.tiny_engine:TinyEngine",
    devices=("cuda", "cpu"),
    limits=Limits(chunk=CHUNK, min_chunk=8),
    units_per_char=float(TOKENS_PER_CHAR),
)


class Emulated(HostAllocator):
    """An allocator of a card of the ledger's cap; all of the cap is budget."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(Host(Path()).read, ledger)
        self._card = ledger

    def room(self) -> Room:
        cap_bytes = self._card.cap_bytes or 1 << 40
        total_bytes = math.ceil((cap_bytes + RESERVE_LINUX_BYTES) / FRACTION)
        live_bytes = self.live_bytes()
        return Room(
            total_bytes=total_bytes,
            free_bytes=total_bytes - live_bytes,
            reserved_by_us_bytes=live_bytes,
            is_host=False,
            system=System.LINUX,
        )


class Voice(nn.Module):
    """Everything that has weights."""

    def __init__(self) -> None:
        super().__init__()
        self.hear = nn.Conv1d(1, N_LATENT, 32, stride=16)
        self.lm = DecoderLM(LM_DIMS)
        self.latent = nn.Embedding(LM_DIMS.n_tokens, N_LATENT)
        self.gan = HifiGan(GAN_DIMS)


@dataclass(frozen=True, eq=False)
class TinyPrompt:
    """On the host, like every prompt: [N_LATENT]."""

    speaker: NDArray[np.float32]

    @property
    def nbytes(self) -> int:
        return self.speaker.nbytes


class TinyEngine:
    """
    Args:
        ledger: The card; None for one that the environment describes.
    """

    def __init__(self, ledger: Ledger | None = None) -> None:
        cap = os.environ.get(CAP)
        self.ledger = ledger or Ledger(int(cap) if cap else None)
        self._way = Way(dtype="fp32")

    def devices(self) -> tuple[str, ...]:
        return ("cuda",)

    def allocator(self, device: str) -> Emulated | None:
        return None if device == CPU else Emulated(self.ledger)

    @property
    def way(self) -> Way:
        return Way(dtype="fp32")

    @property
    def ladder(self) -> Ladder:
        return Ladder(dtypes=("fp32", "bf16"), cpu_dtype="fp32")

    def arrange(self, way: Way) -> None:
        self._way = way

    def load(self, weights: Weights | None, device: str) -> TinySession:
        note(f"load {device} {self._way.dtype}")
        return TinySession(self.ledger, device, self._way.dtype)


class TinySession:
    def __init__(self, ledger: Ledger, device: str, dtype: str) -> None:
        self._ledger = ledger
        self._home = Way(batch=TINY_CARD.max_batch, decode_chunk=CHUNK, dtype=dtype, device=device)
        self._now: Way | None = self._home
        self._cache: KVCache | None = None
        self._made: Voice | None = self._make(self._home)
        self._field = receptive_field(Voice().gan, N_LATENT)

    @property
    def way(self) -> Way:
        return self._home

    @property
    def ladder(self) -> Ladder:
        lower = ("fp32", "bf16") if self._home.dtype == "fp32" else ("bf16",)
        return Ladder(min_chunk=8, dtypes=lower, cpu_dtype="fp32")

    @property
    def kv_bytes(self) -> int:
        return 0 if self._cache is None else self._cache.nbytes

    def arrange(self, way: Way) -> None:
        """Weights are made anew: what was rounded once does not come back by itself.

        Where that fails there are none, until a next call makes them.
        """
        before, self._now = self._now, None
        if before is None or (before.dtype, before.device) != (way.dtype, way.device):
            self._made = None
            self._made = self._make(way)
        note(f"arrange {way.batch} {way.decode_chunk} {way.dtype} {way.device}")
        self._now = way

    def _make(self, way: Way) -> Voice:
        with self._counted(way), torch.random.fork_rng():
            torch.manual_seed(1)
            return Voice().requires_grad_(False).eval().to(NAMES[way.dtype])

    @property
    def _voice(self) -> Voice:
        assert self._made is not None
        return self._made

    def prepare(self, reference: Reference) -> TinyPrompt:
        note(f"prepare {reference.digest}")
        with self._counted(), torch.inference_mode():
            samples = torch.tensor(reference.audio.samples, dtype=self._dtype)
            speaker = self._voice.hear(samples[None, None]).tanh().mean(-1)[0]
            return TinyPrompt(speaker.float().numpy().copy())

    def speak(
        self,
        prompt: Prompt,
        batch: Sequence[Utterance],
        settings: Mapping[str, float],
        stop: StopFlag,
    ) -> Iterator[Piece]:
        assert isinstance(prompt, TinyPrompt)
        assert self._now is not None
        assert len(batch) <= self._now.batch
        rows = [_Row.of(position, each) for position, each in enumerate(batch)]
        for row in rows:
            note(f"begin {row.text}")
        with self._counted(), torch.inference_mode():
            logits = self._begin(rows)
        while rows:
            if stop.is_set():
                raise Cancelled
            with self._counted(), torch.inference_mode():
                over = self._draw(rows, logits)
            for row in over:
                with self._counted():
                    samples = self._sound(row, prompt)
                note(f"said {row.text}")
                audio = Audio(samples=samples, rate=RATE)
                yield Piece(position=row.position, audio=audio, units=len(row.tokens))
            with self._counted(), torch.inference_mode():
                rows = self._go_on(rows)
                if rows:
                    logits = self._next(rows)
        self._cache = None

    def close(self) -> None:
        self._made = None

    @property
    def _dtype(self) -> torch.dtype:
        assert self._now is not None
        return NAMES[self._now.dtype]

    def _counted(self, way: Way | None = None) -> contextlib.AbstractContextManager[Any]:
        """On the emulated card its ledger counts; on the host nobody does."""
        way = way or self._now
        assert way is not None
        return contextlib.nullcontext() if way.device == CPU else self._ledger

    def _begin(self, rows: list[_Row]) -> Tensor:
        """Read all texts; [B, n_tokens]."""
        longest = max(len(row.text) for row in rows)
        self._cache = None
        self._cache = KVCache(
            LM_DIMS.cache_shape(self._dtype),
            n_rows=len(rows),
            n_tokens=(1 + TOKENS_PER_CHAR) * longest,
            device="cpu",
            block_tokens=16,
        )
        tokens = torch.zeros(len(rows), longest, dtype=torch.int64)
        for place, row in zip(tokens, rows, strict=True):
            place[: len(row.text)] = torch.tensor([ord(each) % 64 for each in row.text])
        x = placed(self._voice.lm.embedding(tokens), torch.zeros(len(rows), dtype=torch.int64))
        return self._voice.lm(x, self._cache, [len(row.text) for row in rows])

    def _draw(self, rows: list[_Row], logits: Tensor) -> list[_Row]:
        """The next token of every row; those that are finished by it."""
        chances = logits.float().softmax(-1).double().cumsum(-1).numpy()
        for row, sums in zip(rows, chances, strict=True):
            drawn = int(np.searchsorted(sums, row.random.random() * sums[-1]))
            row.tokens.append(min(drawn, LM_DIMS.n_tokens - 1))
        return [row for row in rows if row.is_over]

    def _go_on(self, rows: list[_Row]) -> list[_Row]:
        assert self._cache is not None
        over = [at for at, row in enumerate(rows) if row.is_over]
        return [rows[at] for at in self._cache.drop(over)] if over else rows

    def _next(self, rows: list[_Row]) -> Tensor:
        assert self._cache is not None
        tokens = torch.tensor([[row.tokens[-1]] for row in rows])
        positions = torch.tensor(self._cache.lengths)
        x = placed(self._voice.lm.embedding(tokens), positions)
        return self._voice.lm(x, self._cache)

    def _sound(self, row: _Row, prompt: TinyPrompt) -> Samples:
        assert self._now is not None
        with torch.inference_mode():
            latent = self._voice.latent(torch.tensor(row.tokens)).T[None]  # [1, N_LATENT, N]
            speaker = torch.tensor(prompt.speaker, dtype=self._dtype)[None, :, None]
        decoding = Decoding(lambda frames: self._voice.gan(frames, speaker), self._field, latent)
        return decoding.finish(self._now.decode_chunk)[0].copy()


@dataclass(eq=False)
class _Row:
    """One utterance on its way."""

    position: int
    text: str
    random: np.random.Generator
    tokens: list[int] = field(default_factory=list)

    @staticmethod
    def of(position: int, said: Utterance) -> _Row:
        return _Row(position, said.text, np.random.default_rng(said.seed))

    @property
    def is_over(self) -> bool:
        return len(self.tokens) >= TOKENS_PER_CHAR * len(self.text)
