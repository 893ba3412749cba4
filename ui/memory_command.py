"""`app.py memory`: what an engine takes here, and the batches of a text."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from core.memory.cost import CostModel
from core.memory.moments import in_words
from core.memory.plan import Batch, BatchPlan
from core.studio import Studio
from core.synthesis.fitting import Costs, languages_of
from core.synthesis.guarded import PREPARE
from core.synthesis.wire import Peak
from ui.given import read_text
from ui.terminal import tell

Answer = dict[str, Any]


def memory(arguments: argparse.Namespace, studio: Studio) -> tuple[Answer, str]:
    """What may be used, what an engine is known to take, and the batches of a text."""
    card = studio.card(arguments.engine)
    lines: list[str] = []
    answer: Answer = {"engine": card.name, "stress": None, "plan": None}
    has_text = arguments.text is not None or arguments.text_file is not None
    made = (
        studio.plan(read_text(arguments), engine=card.name, language=arguments.language)
        if has_text
        else None
    )
    if arguments.measure:
        is_quiet = getattr(arguments, "json", False)
        report = studio.stress(card.name, told=(lambda _: None) if is_quiet else _tell_peak)
        answer["stress"] = dataclasses.asdict(report) | {"sentence": report.in_words()}
        lines.append(report.in_words())
    device, cap = studio.device(card.name), studio.memory_cap_bytes
    allowed = studio.budget_bytes(card.name)
    answer |= {"device": device, "budget_bytes": allowed, "cap_bytes": cap}
    room = "not known" if allowed is None else f"up to {in_words(allowed)} may be used"
    lines.append(f"{card.title} on {device}: {room}." + _cap(cap))
    if device_note := studio.device_note(card.name):
        lines.append(device_note)
    known = studio.costs(card.name)
    answer["calibration"] = None if known is None else dataclasses.asdict(known)
    if known is None or not known.cost.stages:
        lines.append("It was not measured here yet: `app.py memory --measure` does.")
    else:
        lines += _costs(known, device)
    if made is not None:
        batches = studio.fit(made, engine=card.name)
        if batches is not None and known is not None:
            cost = known.cost.reading(languages_of(made), device)
            answer["plan"] = _batches(batches, cost)
            lines += [_batch_line(at, batch) for at, batch in enumerate(batches.batches)]
            lines += [f"segment {each.index + 1}: {each.fits}" for each in batches.refused]
            lines.append(f"{batches.in_words()}.")
        else:
            lines.append(f"{len(made.segments)} segments; what they take is not known yet.")
    return answer, "\n".join(lines)


def _tell_peak(peak: Peak) -> None:
    unit = "s of reference" if peak.stage == PREPARE else "characters"
    rows = f" x {peak.batch}" if peak.batch > 1 else ""
    tell(f"{peak.n} {unit}{rows}: {in_words(peak.peak_bytes)}")


def _cap(cap: int | None) -> str:
    return "" if cap is None else f" The memory cap is {in_words(cap)}."


def _costs(known: Costs, device: str) -> list[str]:
    """The formula of each stage."""
    lines = [f"loaded: {in_words(known.cost.weights_bytes)} ({known.cost.dtype})"]
    for name, stage in known.cost.stages.items():
        unit = "second of reference" if name == PREPARE else "unit of length and row"
        square = (
            f" + {in_words(round(stage.per_unit2_bytes))} per square unit"
            if stage.per_unit2_bytes
            else ""
        )
        how = "measured here" if name in known.measured else "counted, not measured here"
        lines.append(
            f"{name}: {in_words(stage.fixed_bytes)} + "
            f"{in_words(round(stage.per_unit_bytes))} per {unit}{square} ({how})"
        )
    for late in known.cost.late:
        languages = ", ".join(late.languages)
        size = in_words(late.host_bytes if device == "cpu" else late.card_bytes)
        lines.append(f"texts in {languages}: {size} more, only while needed")
    return lines


def _batches(made: BatchPlan, cost: CostModel) -> Answer:
    """A plan with the bytes of every stage."""
    batches = []
    for batch in made.batches:
        at = cost.at(batch.dtype)
        stages = {
            name: stage.bytes(batch.n_max, len(batch.items), batch.decode_chunk)
            for name, stage in at.stages.items()
            if name != PREPARE
        }
        batches.append(dataclasses.asdict(batch) | {"stages": stages})
    return {
        "batches": batches,
        "refused": [dataclasses.asdict(each) for each in made.refused],
        "peak_bytes": made.peak_bytes,
        "budget_bytes": made.budget_bytes,
        "sentence": made.in_words(),
    }


def _batch_line(at: int, batch: Batch) -> str:
    numbers = ", ".join(str(each + 1) for each in batch.items)
    return f"{at + 1:4d}  {in_words(batch.predicted_bytes):>7}  segments {numbers}"
