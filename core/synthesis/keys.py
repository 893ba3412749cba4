"""What decides a segment's sound, as one hash: the name of its file, and of its seed."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence

from core.engines.protocol import EngineCard, Knob
from core.errors import InputError
from core.text.plan import TextPlan


def fill_settings(card: EngineCard, settings: Mapping[str, float]) -> dict[str, float]:
    """Every knob of the card with its value, defaults filled in.

    Raises InputError for a name that the card does not have and for a value out of range.
    """
    knobs = {knob.name: knob for knob in card.knobs}
    for name in settings:
        if name not in knobs:
            raise InputError(
                f"The engine “{card.name}” has no setting called “{name}”.",
                f"Its settings: {', '.join(knobs) or 'none'}.",
            )
    return {
        name: _checked(knob, settings[name]) if name in settings else float(knob.default)
        for name, knob in knobs.items()
    }


def _checked(knob: Knob, value: float) -> float:
    if not (math.isfinite(value) and knob.low <= value <= knob.high):
        raise InputError(
            f"“{knob.name}” is {value:g}, but goes from {knob.low:g} to {knob.high:g}.",
            f"Choose a value in that range; {knob.default:g} is the usual one.",
        )
    return float(value) + 0.0  # -0.0 sounds like 0.0 and must be the same key


def segment_seeds(request_seed: int, plan: TextPlan) -> tuple[int, ...]:
    """A seed per segment, 0 to 2^32 - 1.

    Made from the spoken text and from how often the same text came before, not from the place
    in the plan: to edit, add or remove a sentence leaves the sound of all others as it was.
    """
    seen: Counter[str] = Counter()
    seeds = []
    for segment in plan.segments:
        seeds.append(
            int(_digest([request_seed, segment.spoken, seen[segment.spoken]], n_bytes=4), 16)
        )
        seen[segment.spoken] += 1
    return tuple(seeds)


def segment_keys(
    card: EngineCard,
    digest: str,
    plan: TextPlan,
    seeds: Sequence[int],
    settings: Mapping[str, float],
) -> tuple[str, ...]:
    """Per segment, the hash of all that decides how it sounds: 40 hexadecimal digits.

    Args:
        card: Name, version and the chosen model count.
        digest: Of the voice's reference.
        plan: Of each segment the spoken text and the language count, not its place.
        seeds: One per segment.
        settings: Missing knobs count as their default. Raises InputError as `fill_settings`.
    """
    values = sorted(fill_settings(card, settings).items())
    model = [] if card.weights is None else [card.weights.digest]
    voice = [card.name, card.version, *model, digest, values]
    return tuple(
        _digest([*voice, segment.language, segment.spoken, seed], n_bytes=20)
        for segment, seed in zip(plan.segments, seeds, strict=True)
    )


def _digest(value: object, *, n_bytes: int) -> str:
    # JSON keeps the parts apart; ASCII, so that half a surrogate pair can be hashed as well.
    canonical = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return hashlib.blake2b(canonical.encode("ascii"), digest_size=n_bytes).hexdigest()
