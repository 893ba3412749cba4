"""What references and texts of growing length take on this device, by running them."""

from __future__ import annotations

import math
from collections.abc import Iterator

from core.audio.samples import Audio
from core.engines.protocol import Prompt, Reference, StopFlag, Utterance
from core.errors import Cancelled
from core.synthesis import wire
from core.synthesis.guarded import PREPARE, SPEAK, GuardedEngine


def measure(engine: GuardedEngine, order: wire.Measure, stop: StopFlag) -> Iterator[wire.Peak]:
    """Measured runs, as they are finished; the costs are fitted and kept at the end.

    A length that does not fit ends its row: longer ones would not either.

    Raises Cancelled when stopped, and what the engine raises.
    """
    _warm_up(engine, order, stop)
    prepared: list[tuple[int, int, int]] = []
    prompt: Prompt | None = None
    for seconds in order.reference_s:
        if stop.is_set():
            raise Cancelled
        made: list[Prompt] = []
        reference = _reference(order, seconds)
        peak = engine.peak_of(PREPARE, lambda: made.append(engine.prepare(reference)))  # noqa: B023
        if peak is None:
            break
        prompt = made[0]
        n = math.ceil(reference.audio.seconds)
        prepared.append((n, 1, max(1, peak)))
        yield wire.Peak(stage=PREPARE, n=n, batch=1, peak_bytes=peak)
    engine.calibrate(PREPARE, prepared)
    spoken: list[tuple[int, int, int]] = []
    for utterance, rows in _batches(order):
        if prompt is None:
            break
        batch = [utterance] * rows
        peak = engine.peak_of(SPEAK, lambda: _say(engine, prompt, batch, order, stop))  # noqa: B023
        if peak is None:
            break
        spoken.append((engine.units(utterance), rows, max(1, peak)))
        yield wire.Peak(stage=SPEAK, n=len(utterance.text), batch=rows, peak_bytes=peak)
    engine.calibrate(SPEAK, spoken)


def _warm_up(engine: GuardedEngine, order: wire.Measure, stop: StopFlag) -> None:
    """What an engine loads when it first speaks is no part of a run."""
    shortest = engine.prepare(_reference(order, order.reference_s[0]))
    _say(engine, shortest, list(order.utterances[:1]), order, stop)
    engine.weigh()


def _batches(order: wire.Measure) -> Iterator[tuple[Utterance, int]]:
    """Every text alone, and the shortest and the longest in company."""
    for utterance in order.utterances:
        yield utterance, 1
    if order.max_batch > 1 and order.utterances:
        yield order.utterances[0], order.max_batch
        yield order.utterances[-1], order.max_batch


def _say(
    engine: GuardedEngine,
    prompt: Prompt,
    batch: list[Utterance],
    order: wire.Measure,
    stop: StopFlag,
) -> None:
    for _ in engine.speak(prompt, batch, order.settings, stop):
        pass


def _reference(order: wire.Measure, seconds: float) -> Reference:
    n_samples = min(len(order.samples), max(1, round(seconds * order.rate)))
    return Reference(
        audio=Audio(samples=order.samples[:n_samples], rate=order.rate),
        transcript=None,
        language=None,
        digest=f"measured {seconds:g}",
    )
