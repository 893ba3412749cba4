"""Controls drawn from an engine's card: there is no second list of knobs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from core.engines.protocol import EngineCard
from ui import words


def sliders(card: EngineCard, label: Callable[[str], Any]) -> list[gr.Slider]:
    """One slider per knob, in the card's order; to be called inside a Blocks.

    Args:
        card: Whose knobs.
        label: Gives the translated label of a key, such as a `gr.I18n`.
    """
    return [
        gr.Slider(
            minimum=knob.low,
            maximum=knob.high,
            value=knob.default,
            step=knob.step,
            label=label(f"knob_{card.name}_{knob.name}"),
            info=label(f"knob_{card.name}_{knob.name}_help"),
            elem_id=f"knob-{card.name}-{knob.name}",
        )
        for knob in card.knobs
    ]


def labels(card: EngineCard, language: str) -> dict[str, str]:
    """The words that a card brings to the page, in a language of it: its title, its knobs."""
    found = {f"engine_{card.name}": words.translated(language, card.title)}
    for knob in card.knobs:
        title, sentence = knob.title, knob.help
        if language == "zh" and knob.name in words.KNOBS:
            title, sentence = words.KNOBS[knob.name]
        found[f"knob_{card.name}_{knob.name}"] = title
        found[f"knob_{card.name}_{knob.name}_help"] = sentence
    return found


def settings(card: EngineCard, values: Sequence[float | None]) -> dict[str, float]:
    """What the sliders say, as a request's settings: only what was moved.

    An emptied or foreign value counts as untouched; one outside the range is taken to its end.
    """
    moved: dict[str, float] = {}
    for knob, value in zip(card.knobs, values, strict=True):
        if value is None or value == knob.default:
            continue
        moved[knob.name] = min(knob.high, max(knob.low, float(value)))
    return moved


def language_choices(*cards: EngineCard) -> list[tuple[str, str]]:
    """The languages of one or several cards by their own names, as (label, code)."""
    codes = dict.fromkeys(code for card in cards for code in card.languages)
    return [(words.SPOKEN.get(code, code), code) for code in codes]
