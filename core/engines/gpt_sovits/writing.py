"""Writes the semantic tokens of a batch of texts: draws from the chances until each row ends.

A row's tokens do not depend on the rows beside it; finished rows leave the batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import torch
from torch import Tensor

from core.engines.gpt_sovits.semantic import SemanticModel
from core.engines.nn.sampling import Recipe, Sampler, Step, Temperature, TopK, TopP
from core.engines.protocol import StopFlag
from core.errors import Cancelled

MAX_TOKENS = 1500
"""Of a row: 60 s of sound; a text that takes longer has lost its end."""
N_WITHOUT_END = 11
"""Tokens before a row may end (0.44 s)."""
LOOK_EVERY = 8
"""Steps between two looks at who has ended, where looking makes the device wait."""
PENALTY = 1.35
"""For repetition; the models were published with it."""


class Reference(StrEnum):
    """Which of the reference implementation's two loops to repeat, faults included.

    Where a row does not end by itself, both lose a token; without a prompt the one for batches
    also forgets which penalty was asked for.
    """

    NAIVE = "naive"
    """Loses the first token."""
    BATCH = "batch"
    """Loses the last one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Line:
    """What a row is to say, and the beginning it goes on from.

    Args:
        phones: i64 [T], of the reference's transcript, then of the text.
        prompt: i64 [P], semantic tokens of the reference; empty without one.
        bert: f32 [n_bert, T], features of the phones; None: all zero.
        most: Tokens after which it has lost its end; None: those of `write`.
    """

    phones: Tensor
    prompt: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.int64))
    bert: Tensor | None = None
    most: int | None = None


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """How tokens are drawn; the defaults are the reference's.

    Args:
        top_k: Only the k best; None: all.
        top_p: Only the best that together have less than this probability.
        temperature: Below 1 keeps to the likely.
        penalty: Divides the logits of tokens that the row, its prompt included, has had.
    """

    top_k: int | None = 15
    top_p: float = 1.0
    temperature: float = 1.0
    penalty: float = PENALTY

    @property
    def recipe(self) -> Recipe:
        steps: list[Step] = [TopP(self.top_p, keeps_crossing=False)] if self.top_p < 1 else []
        steps.append(Temperature(self.temperature))
        if self.top_k is not None:
            steps.append(TopK(self.top_k))
        return Recipe(steps=tuple(steps), penalty=self.penalty)

    def as_reference(self, which: Reference, *, has_prompt: bool) -> Drawing:
        """What becomes of it in the reference implementation."""
        forgets = which is Reference.BATCH and not has_prompt
        return replace(self, penalty=PENALTY) if forgets else self


@dataclass(frozen=True, kw_only=True, eq=False)
class Written:
    """One row, done.

    Args:
        row: Its place among the lines.
        tokens: i64 [n], on the host, without prompt and end.
        ended: Whether it came to its end by itself, rather than to the limit.
    """

    row: int
    tokens: Tensor
    ended: bool


def sampler_for(model: SemanticModel, drawing: Drawing, seeds: Sequence[int]) -> Sampler:
    """A sampler with a seed for each row."""
    shape = (model.dims.n_tokens,)
    return Sampler(drawing.recipe, seeds=seeds, shape=shape, device=model.device)


@torch.inference_mode()
def write(
    model: SemanticModel,
    lines: Sequence[Line],
    sampler: Sampler,
    stop: StopFlag,
    *,
    max_tokens: int = MAX_TOKENS,
    expected_tokens: int = 0,
    look_every: int | None = None,
    as_reference: Reference | None = None,
) -> Iterator[Written]:
    """Rows in the order in which they finish, each as soon as that is known.

    Args:
        model: Filled.
        lines: One per row.
        sampler: With as many rows and no history; see `sampler_for`.
        stop: Asked before every step.
        max_tokens: Of a row.
        expected_tokens: Of the longest row; memory for so many is taken at once.
        look_every: Steps between two looks at who has ended; default: `LOOK_EVERY`, on the host 1.
        as_reference: Cut the tokens as the reference implementation does.

    Raises:
        Cancelled: `stop` was set.
    """
    if look_every is None:
        look_every = 1 if model.device.type == "cpu" else LOOK_EVERY
    batch = _Batch(model, lines, sampler, expected_tokens)
    for index in range(max_tokens):
        if stop.is_set():
            raise Cancelled
        batch.draw(may_end=index >= N_WITHOUT_END) if index else batch.begin(stop)
        if (index + 1) % look_every and index + 1 < max_tokens:
            continue
        for written in batch.finished(max_tokens):
            has_prompt = len(lines[written.row].prompt) > 0
            yield _cut(written, as_reference, has_prompt=has_prompt)
        if not batch.rows:
            return


class _Batch:
    """The rows that are still being written.

    Args:
        model: Filled.
        lines: One per row.
        sampler: Their histories are in it.
        expected_tokens: To make room for.
    """

    def __init__(
        self, model: SemanticModel, lines: Sequence[Line], sampler: Sampler, expected_tokens: int
    ) -> None:
        self.rows = list(range(len(lines)))
        self._model, self._lines, self._sampler = model, lines, sampler
        longest = max(len(line.phones) + len(line.prompt) for line in lines)
        self._cache = model.new_cache(len(lines), longest + max(expected_tokens, 1))
        self._tokens = torch.empty(0)
        self._places = torch.tensor([len(line.prompt) for line in lines]).to(model.device)
        self._unread: list[Tensor] = []
        self._written: list[list[int]] = [[] for _ in lines]

    def begin(self, stop: StopFlag) -> None:
        """Read what the rows begin with and draw their first tokens."""
        # Its place is made before: what stays of each row would lie between what comes and goes.
        logits = torch.empty(len(self._lines), self._model.dims.n_tokens, device=self._model.device)
        for row, line in enumerate(self._lines):
            if stop.is_set():
                raise Cancelled
            phones, prompt = line.phones.to(self._places), line.prompt.to(self._places)
            bert = None if line.bert is None else line.bert.to(phones.device)
            logits[row] = self._model.read(phones, bert, prompt, row, self._cache)
            self._sampler.follow_prompt(row, prompt)
        self._draw(logits, may_end=False)

    def draw(self, *, may_end: bool) -> None:
        """One token more for each row."""
        logits = self._model.step(self._tokens, self._places, self._cache)
        self._places += 1
        self._draw(logits, may_end=may_end)

    def finished(self, max_tokens: int) -> Iterator[Written]:
        """Look at what was drawn; rows that ended leave. Waits for the device once."""
        end = self._model.dims.end
        drawn = torch.stack(self._unread, dim=1).tolist()
        self._unread.clear()
        leaving = []
        for place, (row, tokens) in enumerate(zip(self.rows, drawn, strict=True)):
            most = min(max_tokens, self._lines[row].most or max_tokens)
            # What was drawn after the limit, before anybody looked, never was.
            kept = tokens[: most - len(self._written[row])]
            ended = end in kept
            self._written[row] += kept[: kept.index(end)] if ended else kept
            if ended or len(self._written[row]) >= most:
                leaving.append(place)
                yield Written(row=row, tokens=torch.tensor(self._written[row]), ended=ended)
        if leaving:
            self._drop(leaving)

    def _draw(self, logits: Tensor, *, may_end: bool) -> None:
        end = self._model.dims.end
        if not may_end:
            logits[:, end] = -torch.inf
        drawn = self._sampler.draw(logits)
        self._sampler.follow(drawn.tokens)
        self._tokens = drawn.tokens
        # A row also ends where its end would have been the likeliest, whatever was drawn.
        self._unread.append(drawn.tokens.masked_fill(drawn.best == end, end))

    def _drop(self, places: Sequence[int]) -> None:
        order = self._cache.drop(places)
        self._sampler.keep(order)
        kept = torch.tensor(order, dtype=torch.int64).to(self._places.device)
        self._tokens, self._places = self._tokens[kept], self._places[kept]
        self.rows = [self.rows[place] for place in order]


def _cut(written: Written, which: Reference | None, *, has_prompt: bool) -> Written:
    """The reference loses a token of what did not end by itself."""
    if which is None or written.ended or not has_prompt:
        return written
    tokens = written.tokens
    kept = tokens[1:] if which is Reference.NAIVE else tokens[:-1]
    return replace(written, tokens=kept)
