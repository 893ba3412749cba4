"""The engine that the guard is measured with says the same on any card, and steps are counted."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from benchmarks._cards import (
    TOLERANCE,
    emulated,
    hostile_jobs,
    largest_difference,
    steps_down,
)
from benchmarks._speaker import EMULATED, Line, ProofSpeaker, Sizes, lines
from core.engines.nn.allocator import allocator_for
from core.engines.nn.decoder_lm import DecoderDims
from core.engines.nn.hifigan import HifiGanDims
from core.memory.guard import Guard, Way
from core.memory.moments import MemoryEvent

TINY = Sizes(
    writer=DecoderDims(n_layers=2, n_width=64, n_heads=4, n_inner=128, n_tokens=1025),
    vocoder=HifiGanDims(n_latent=16, n_channels=32, n_condition=0),
)
TODO = [
    Line(index=0, n_prompt=12, n_written=20, seed=1),
    Line(index=1, n_prompt=30, n_written=9, seed=2),
    Line(index=2, n_prompt=5, n_written=14, seed=3),
]


@pytest.fixture(scope="module")
def speaker() -> ProofSpeaker:
    return ProofSpeaker(TINY)


def test_a_line_sounds_alone_as_it_does_in_company(speaker: ProofSpeaker) -> None:
    def said(batch: list[Line]) -> dict[int, np.ndarray]:
        guard = Guard(allocator_for("cpu"), clock=time.monotonic, sink=lambda _: None)
        way = Way(batch=len(batch), decode_chunk=16)
        return {line.index: sound for line, sound in speaker.speak(batch, guard, way)}

    together = said(TODO)
    alone = {index: sound for line in TODO for index, sound in said([line]).items()}
    assert together.keys() == alone.keys() == {0, 1, 2}
    assert len(together[0]) == 20 * 2 * speaker.field.hop
    assert largest_difference(together, alone) <= TOLERANCE
    assert together[0].std() > 0.01


@pytest.mark.parametrize("is_planned", [False, True])
@pytest.mark.parametrize("share", [0.6, 0.01])
def test_on_a_smaller_card_it_says_the_same(
    speaker: ProofSpeaker, share: float, is_planned: bool
) -> None:
    free = emulated(speaker, TODO, cap_bytes=None, reference=None, is_planned=False)
    cap_bytes = free.weights_bytes + int(share * (free.peak_bytes - free.weights_bytes))
    tight = emulated(
        speaker, TODO, cap_bytes=cap_bytes, reference=free.sounds, is_planned=is_planned
    )
    assert tight.holds
    assert tight.peak_bytes <= cap_bytes
    # The highest of all stages, writing included, not of the last one alone.
    cache_bytes = TINY.writer.cache_shape(torch.float32).bytes_per_token * 128 * len(TODO)
    assert free.peak_bytes - free.weights_bytes >= cache_bytes
    # Foreseen, it is never tried; asked for as it is, it must have been.
    assert (tight.n_oom == 0) == is_planned


def test_hostile_jobs_end_in_sound_or_in_words() -> None:
    row = hostile_jobs(4, sizes=TINY, device=EMULATED)
    assert row["holds"]
    assert row["unequal"] == row["crashed"] == 0
    assert row["all their sound, equal"] + row["refused in words"] == 4


def test_a_missing_line_or_a_shorter_one_is_no_equality() -> None:
    sound = np.zeros(4, dtype=np.float32)
    assert largest_difference({1: sound}, {}) == float("inf")
    assert largest_difference({1: sound}, {1: sound[:3]}) == float("inf")
    assert largest_difference({1: sound}, {1: sound + 0.5}) == 0.5


def test_no_steps_are_no_words() -> None:
    events: list[MemoryEvent] = []
    assert steps_down(events) == ""


def test_the_lines_are_the_same_every_time_and_of_many_lengths() -> None:
    assert lines(20) == lines(20)
    assert len({line.n_written for line in lines(20)}) > 10
