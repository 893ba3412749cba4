"""A small engine on cards of many sizes: emulated by a ledger of live bytes, or real ones."""

from __future__ import annotations

import dataclasses
import gc
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from benchmarks._speaker import (
    EMULATED,
    FRAMES_PER_TOKEN,
    FULL,
    SMALL,
    Line,
    ProofSpeaker,
    Sizes,
    lines,
)
from core.engines.nn.allocator import allocator_for
from core.engines.nn.hifigan import HifiGan
from core.engines.nn.ledger import Ledger
from core.engines.nn.prove import pretended_peaks_bytes
from core.engines.nn.receptive import ReceptiveField
from core.memory.allocator import Allocator
from core.memory.budget import BudgetGate, Room
from core.memory.cost import CostModel, fit
from core.memory.guard import Guard, Ladder, OutOfRoom, Rung, Way
from core.memory.ladder import CPU
from core.memory.moments import Kind, MemoryEvent
from core.memory.plan import Item, Limits, plan

ROOT = Path(__file__).resolve().parents[1]
MIB = 1 << 20
GIB = 1 << 30
CHUNK = 400
"""Frames decoded at once where there is room: 8 s."""
MAX_BATCH = 16
LONGEST_PROMPT = 60
TOLERANCE = 1e-5
"""Of samples, fp32: rows in other company sum in another order."""
LEAK_BYTES = MIB
GPU_MISSING = "A real card: not measured, torch sees no CUDA device."

Sounds = dict[int, npt.NDArray[np.float32]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """One text on one card.

    Args:
        sounds: By line.
        weights_bytes: In use before and after.
        peak_bytes: Most in use.
        left_bytes: In use afterwards beyond the weights.
        n_oom: Times that memory ran out.
        n_on_host: Lines of which some stage was done on the processor.
        steps: Each rung taken, with how often.
        wall_s: Time.
        largest_difference: Of any sample from the reference.
        holds: Every line was made, equal to the reference, within the cap, nothing was left
            behind, and what was planned was never too large.
    """

    sounds: Sounds
    weights_bytes: int
    peak_bytes: int
    left_bytes: int
    n_oom: int
    n_on_host: int
    steps: str
    wall_s: float
    largest_difference: float
    holds: bool


class Watched:
    """An allocator whose peak over a whole text is kept: a guard counts anew for every stage.

    Args:
        inner: The device's.
    """

    def __init__(self, inner: Allocator) -> None:
        self._inner = inner
        self._highest_bytes = 0

    def highest_bytes(self) -> int:
        """Most in use since it was made, tries that failed included."""
        self._highest_bytes = max(self._highest_bytes, self._inner.peak_bytes())
        return self._highest_bytes

    def reset_peak(self) -> None:
        self.highest_bytes()
        self._inner.reset_peak()

    def live_bytes(self) -> int:
        return self._inner.live_bytes()

    def reserved_bytes(self) -> int:
        return self._inner.reserved_bytes()

    def peak_bytes(self) -> int:
        return self._inner.peak_bytes()

    def release(self) -> None:
        self._inner.release()

    def room(self) -> Room:
        return self._inner.room()

    def limit(self, n_bytes: int | None) -> None:
        self._inner.limit(n_bytes)


def emulated(
    speaker: ProofSpeaker,
    todo: Sequence[Line],
    *,
    cap_bytes: int | None,
    reference: Sounds | None,
    is_planned: bool,
) -> Outcome:
    """Say all lines on an emulated card.

    Args:
        speaker: On the processor.
        todo: What to say.
        cap_bytes: Memory of the card, weights included.
        reference: What it should sound like; None for the run that makes it.
        is_planned: By predictions from two small runs; else as asked for, batches of 16, and what
            does not fit is found out.
    """
    ledger = Ledger(cap_bytes)
    ledger.adopt(speaker.weights())
    weights_bytes = ledger.live_bytes
    events: list[MemoryEvent] = []
    allocator = Watched(allocator_for(CPU, ledger=ledger))
    guard = Guard(allocator, clock=time.monotonic, sink=events.append)
    speaker.on_host.clear()
    sounds: Sounds = {}
    batches = list(_batches(speaker, todo, cap_bytes, is_planned=is_planned))
    begun_s = time.perf_counter()
    with ledger:
        for batch, way in batches:
            sounds.update((line.index, sound) for line, sound in speaker.speak(batch, guard, way))
    wall_s = time.perf_counter() - begun_s
    gc.collect()
    left_bytes = ledger.live_bytes - weights_bytes
    worst = largest_difference(sounds, sounds if reference is None else reference)
    n_oom = sum(event.kind is Kind.OOM for event in events)
    peak_bytes = allocator.highest_bytes()
    return Outcome(
        sounds=sounds,
        weights_bytes=weights_bytes,
        peak_bytes=peak_bytes,
        left_bytes=left_bytes,
        n_oom=n_oom,
        n_on_host=len(speaker.on_host),
        steps=steps_down(events),
        wall_s=wall_s,
        largest_difference=worst,
        holds=(
            len(sounds) == len(todo)
            and worst <= TOLERANCE
            and left_bytes <= LEAK_BYTES
            and (cap_bytes is None or peak_bytes <= cap_bytes)
            and not (is_planned and n_oom)
        ),
    )


def _batches(
    speaker: ProofSpeaker, todo: Sequence[Line], cap_bytes: int | None, *, is_planned: bool
) -> Iterator[tuple[list[Line], Way]]:
    by_index = {line.index: line for line in todo}
    asked = Way(batch=MAX_BATCH, decode_chunk=CHUNK, device=EMULATED)
    if not is_planned or cap_bytes is None:
        ordered = sorted(todo, key=lambda line: -line.n_written)
        for start in range(0, len(ordered), MAX_BATCH):
            yield ordered[start : start + MAX_BATCH], asked
        return
    planned = plan(
        [Item(index=line.index, n=line.n_written * FRAMES_PER_TOKEN) for line in todo],
        budget_bytes=cap_bytes,
        cost=predicted_cost(speaker.sizes, sum(w.nbytes for w in speaker.weights()), speaker.field),
        limits=LIMITS,
    )
    for batch in planned.batches:
        way = dataclasses.replace(asked, batch=len(batch.items), decode_chunk=batch.decode_chunk)
        yield [by_index[index] for index in batch.items], way
    # What the plan refuses for the card is said on the processor, without a try.
    on_cpu = Way(decode_chunk=CHUNK, device=CPU)
    for refusal in planned.refused:
        yield [by_index[refusal.index]], on_cpu


LIMITS = Limits(
    max_batch=MAX_BATCH,
    chunk=CHUNK,
    # A prompt's activations take half of what its keys and values do.
    prompt_tokens=LONGEST_PROMPT * 3 // 2,
    tokens_per_unit=1 / FRAMES_PER_TOKEN,
    kv_margin=1.0,
    kv_block=128,
    device=EMULATED,
)


def predicted_cost(sizes: Sizes, weights_bytes: int, field: ReceptiveField) -> CostModel:
    """From two small runs of the vocoder, pretended; the cache's figure is arithmetic."""
    n_latent = sizes.vocoder.n_latent
    context = field.left + field.right
    chunks = (8, 64)
    peaks = pretended_peaks_bytes(
        lambda: HifiGan(sizes.vocoder),
        [_window(n_latent, chunk + context) for chunk in chunks],
    )
    points = [(chunk, 1, peak) for chunk, peak in zip(chunks, peaks, strict=True)]
    decode = dataclasses.replace(fit(points, name="decode"), is_chunked=True)
    return CostModel(
        stages={"decode": decode},
        weights_bytes=weights_bytes,
        kv_bytes_per_token=sizes.writer.cache_shape(torch.float32).bytes_per_token,
    )


def _window(n_latent: int, n_frames: int) -> Callable[[HifiGan], object]:
    return lambda model: model(torch.empty(1, n_latent, n_frames))


def hostile_jobs(
    n_jobs: int, *, sizes: Sizes = SMALL, device: str = EMULATED, home: str = CPU
) -> dict[str, Any]:
    """Jobs of all lengths under caps that change between them; one row of figures.

    Every job must end: with all its sound, equal to the same job without a cap, or with a
    sentence and numbers; and give back what it took.
    """
    random = np.random.default_rng(17)
    speaker = ProofSpeaker(sizes, home)
    ledger = Ledger() if device == EMULATED else None
    allocator = allocator_for(home, ledger=ledger)
    if ledger is not None:
        ledger.adopt(speaker.weights())
    else:
        speaker.load(Way(device=device))
    base_bytes = allocator.live_bytes()
    counts = {"made": 0, "refused": 0, "unequal": 0}
    events: list[MemoryEvent] = []
    worst_left = 0
    begun_s = time.perf_counter()
    for job in range(n_jobs):
        todo = lines(int(random.integers(1, 6)), seed=job, longest=int(random.choice([4, 20, 90])))
        way = Way(
            batch=int(random.choice([1, 2, 8, 64])),
            decode_chunk=int(random.choice([8, 50, 400, 5000])),
            device=device,
        )
        # From far too little for anything to plenty; every third job may not use the processor.
        cap_bytes = base_bytes + int(10 ** random.uniform(4.0, 8.0) * (1 if ledger else 20))
        ladder = Ladder(cpu_dtype=None if job % 3 == 0 else "fp32")
        _limit(allocator, ledger, cap_bytes)
        guard = Guard(allocator, clock=time.monotonic, sink=events.append)
        try:
            sounds = _say(speaker, todo, guard, way, ladder, ledger)
        except OutOfRoom:
            counts["refused"] += 1
        else:
            _limit(allocator, ledger, None)
            calm = Guard(allocator, clock=time.monotonic, sink=lambda _: None)
            alone = dataclasses.replace(way, batch=1, decode_chunk=100)
            reference = _say(speaker, todo, calm, alone, Ladder(), ledger)
            counts["made"] += 1
            counts["unequal"] += largest_difference(sounds, reference) > TOLERANCE
            del sounds, reference
        gc.collect()
        worst_left = max(worst_left, allocator.live_bytes() - base_bytes)
    _limit(allocator, ledger, None)
    return {
        "jobs": n_jobs,
        "all their sound, equal": counts["made"] - counts["unequal"],
        "unequal": counts["unequal"],
        "refused in words": counts["refused"],
        "crashed": n_jobs - counts["made"] - counts["refused"],
        "OOMs": sum(event.kind is Kind.OOM for event in events),
        "most left behind": f"{worst_left} B",
        "time": f"{time.perf_counter() - begun_s:.0f} s",
        "holds": not counts["unequal"] and worst_left <= LEAK_BYTES,
    }


def _say(
    speaker: ProofSpeaker,
    todo: Sequence[Line],
    guard: Guard,
    way: Way,
    ladder: Ladder,
    ledger: Ledger | None,
) -> Sounds:
    if ledger is None:
        return {line.index: one for line, one in speaker.speak(todo, guard, way, ladder=ladder)}
    with ledger:
        return {line.index: one for line, one in speaker.speak(todo, guard, way, ladder=ladder)}


def _limit(allocator: Any, ledger: Ledger | None, n_bytes: int | None) -> None:
    if ledger is not None:
        ledger.cap_bytes = n_bytes
    else:
        allocator.limit(n_bytes)


def real_cards(*, quick: bool) -> list[dict[str, Any]]:
    """Full-size models on the CUDA card under caps, beside a neighbour, with hostile jobs.

    Empty without a card.
    """
    if not torch.cuda.is_available():
        return []
    name, device = torch.cuda.get_device_name(0), "cuda:0"
    todo = lines(6 if quick else 24, longest=100 if quick else 600)
    rows = []
    speaker = ProofSpeaker(FULL, device)
    reference: Sounds | None = None
    for cap_gib, has_neighbour in ((None, False), (8, False), (6, False), (4, False), (4, True)):
        other = None
        if has_neighbour:
            command = [sys.executable, "-m", "benchmarks.memory", "--neighbour", "60"]
            other = subprocess.Popen(command, cwd=ROOT)
        try:
            outcome = _on_card(speaker, todo, device, cap_gib, reference)
        finally:
            if other is not None:
                other.kill()
                other.wait()
        reference = outcome.sounds if reference is None else reference
        rows.append(
            {
                "card": name,
                "cap": "none" if cap_gib is None else f"{cap_gib} GiB",
                "neighbour": "yes" if has_neighbour else "no",
                "peak": f"{outcome.peak_bytes / MIB:.0f} MiB",
                "OOMs": outcome.n_oom,
                "steps down": outcome.steps or "-",
                "time": f"{outcome.wall_s:.1f} s",
                "largest difference": f"{outcome.largest_difference:.1e}",
                "holds": outcome.holds,
            }
        )
    speaker.unload()
    hostile = hostile_jobs(20 if quick else 500, sizes=FULL, device=device, home=device)
    return [*rows, {"card": name} | hostile]


def _on_card(
    speaker: ProofSpeaker,
    todo: Sequence[Line],
    device: str,
    cap_gib: int | None,
    reference: Sounds | None,
) -> Outcome:
    allocator = Watched(allocator_for(device))
    way = Way(batch=64, decode_chunk=CHUNK, device=device)
    speaker.load(way)
    gc.collect()
    allocator.release()
    weights_bytes = allocator.live_bytes()
    events: list[MemoryEvent] = []
    gate = BudgetGate(cap_bytes=None if cap_gib is None else cap_gib * GIB)
    guard = Guard(allocator, clock=time.monotonic, sink=events.append, gate=gate)
    speaker.on_host.clear()
    sounds: Sounds = {}
    begun_s = time.perf_counter()
    for start in range(0, len(todo), way.batch):
        part = todo[start : start + way.batch]
        sounds.update((one.index, made) for one, made in speaker.speak(part, guard, way))
    wall_s = time.perf_counter() - begun_s
    allocator.limit(None)
    gc.collect()
    left_bytes = allocator.live_bytes() - weights_bytes
    worst = largest_difference(sounds, sounds if reference is None else reference)
    n_oom = sum(event.kind is Kind.OOM for event in events)
    return Outcome(
        sounds=sounds,
        weights_bytes=weights_bytes,
        peak_bytes=allocator.highest_bytes(),
        left_bytes=left_bytes,
        n_oom=n_oom,
        n_on_host=len(speaker.on_host),
        steps=steps_down(events),
        wall_s=wall_s,
        largest_difference=worst,
        holds=len(sounds) == len(todo) and worst <= 1e-4 and left_bytes <= LEAK_BYTES,
    )


def neighbour(seconds: float) -> None:
    """Another program on the card: takes and gives back random gigabytes."""
    random = np.random.default_rng()
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        free_bytes, _ = torch.cuda.mem_get_info()
        taken = torch.empty(
            int(free_bytes * random.uniform(0.1, 0.9)), dtype=torch.uint8, device="cuda"
        )
        time.sleep(float(random.uniform(0.05, 1.0)))
        del taken
        torch.cuda.empty_cache()  # noqa: TID251 -- it stands for another program


def largest_difference(sounds: Sounds, reference: Sounds) -> float:
    """Of any sample; infinite where a line is missing or of another length."""
    worst = 0.0
    for index, sound in sounds.items():
        expected = reference.get(index)
        if expected is None or expected.shape != sound.shape:
            return float("inf")
        worst = max(worst, float(np.abs(sound - expected).max()))
    return worst


def steps_down(events: Sequence[MemoryEvent]) -> str:
    """`smaller batch 3, smaller chunk 2, on cpu 1`, by what the events say."""
    words = {
        Rung.CLEAR: "memory cleared",
        Rung.SMALLER_BATCH: "batch ",
        Rung.SMALLER_CHUNK: "decode chunk ",
        Rung.LOWER_PRECISION: "precision ",
        Rung.ON_CPU: "the processor",
        Rung.REFUSE: "left out",
    }
    texts = [event.text.rpartition(": ")[2] for event in events if event.kind is Kind.RUNG]
    counted = {rung.value: sum(word in text for text in texts) for rung, word in words.items()}
    return ", ".join(f"{name} {n}" for name, n in counted.items() if n)
