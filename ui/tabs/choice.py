"""Which engine speaks, with which of its models, and what may be turned about it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import gradio as gr

from core.engines.protocol import EngineCard
from ui import forms, models
from ui.place import place
from ui.speaking import Chosen
from ui.tabs.pick import Pick
from ui.words import say

if TYPE_CHECKING:
    from core.studio import Studio

Label = Callable[[str], Any]


class EngineChoice:
    """Lays itself out where the `lay_...` are called; hidden where there is no choice.

    Args:
        studio: The door.
        label: Gives a label in the browser's language.
    """

    def __init__(self, studio: Studio, label: Label) -> None:
        self._studio = studio
        self._label = label
        self._cards = studio.engines()
        self._begin = studio.chosen_card().name

    def lay_engine(self) -> None:
        label = self._label
        self.engine = gr.Dropdown(
            [(label(f"engine_{card.name}"), card.name) for card in self._cards],
            value=self._begin,
            label=label("engine"),
            visible=len(self._cards) > 1,
            elem_id="engine",
            min_width=180,
        )

    def lay_models(self) -> None:
        """Those of the chosen engine, and what is to be said of them."""
        label = self._label
        self.model = Pick([], label=label("model"), elem_id="model", visible=False)
        self.note = place("engine-note", folds=True)
        with gr.Row(visible=False, elem_classes="tb-act") as self.offer:
            self.get = gr.Button(
                label("get_models"), size="sm", elem_id="get-models", min_width=130
            )
            self.refresh = gr.Button(
                label("refresh"), size="sm", elem_id="look-again", min_width=130
            )

    def lay_knobs(self) -> None:
        """The sliders of every engine; those of the chosen one are seen."""
        self.knobs: list[gr.Slider] = []
        self.groups: list[gr.Column] = []
        for card in self._cards:
            with gr.Column(visible=card.name == self._begin, elem_id=f"knobs-{card.name}") as group:
                self.knobs += forms.sliders(card, self._label)
            self.groups.append(group)

    # What is chosen

    def card(self, engine: str | None) -> EngineCard:
        """Of a name that a page sent; the chosen one where it names none that there is."""
        by_name = {card.name: card for card in self._cards}
        return by_name.get(engine or "") or self._studio.chosen_card()

    def chosen(
        self, engine: str | None, model: str | None, knobs: Sequence[float | None]
    ) -> Chosen:
        """What the components say.

        Args:
            engine: Of `engine`.
            model: Of `model`.
            knobs: Of all of `knobs`.
        """
        card = self.card(engine)
        own = self.by_engine(knobs)[card.name]
        return Chosen(engine=card.name, model=model or "", settings=forms.settings(card, own))

    def by_engine(self, knobs: Sequence[float | None]) -> dict[str, list[float | None]]:
        """The values of all sliders, by the engine that they are of."""
        found, at = {}, 0
        for card in self._cards:
            found[card.name] = list(knobs[at : at + len(card.knobs)])
            at += len(card.knobs)
        return found

    def turned(
        self, engine: str, settings: Mapping[str, float], knobs: Sequence[float | None]
    ) -> list[float]:
        """Values for all sliders: those of one engine as in a request, the others as they are."""
        kept = self.by_engine(knobs)
        card = self.card(engine)
        kept[card.name] = [settings.get(knob.name, knob.default) for knob in card.knobs]
        return self.sliders_of(kept)

    def gone(self, engine: str, model: str, language: str) -> str | None:
        """What a text was spoken with and is not here any more, in a sentence."""
        card = self.card(engine)
        if card.name != engine:
            return say(language, "engine_gone", engine=engine, instead=card.title)
        if model and all(each.name != model for each in self._studio.models(engine).models):
            return say(language, "model_gone", name=model)
        return None

    def sliders_of(self, kept: object) -> list[float]:
        """Values for all sliders, of what `by_engine` gave; its default for what is not there."""
        values: list[float] = []
        for card in self._cards:
            defaults = [knob.default for knob in card.knobs]
            own = kept.get(card.name) if isinstance(kept, dict) else None
            if not isinstance(own, list) or len(own) != len(defaults):
                own = defaults
            values += [
                default if value is None else value
                for default, value in zip(defaults, own, strict=True)
            ]
        return values

    @property
    def defaults(self) -> list[float]:
        """Values for all sliders."""
        return self.sliders_of(None)

    # What is shown, as values for lists of components

    @property
    def fields(self) -> list[Any]:
        """What `shown` fills."""
        return [self.engine, self.model, self.note, self.offer, *self.groups]

    def shown(self, engine: str | None, model: str | None, language: str) -> tuple[Any, ...]:
        """An engine with its models, as they lie there now; reads the disk.

        Args:
            engine: Name of its card.
            model: That was chosen before; the first that can be loaded where it is gone.
            language: Of the page.
        """
        card = self.card(engine)
        shelf = self._studio.models(card.name)
        choices = models.choices(shelf, language)
        known = [name for _, name in choices]
        value = model if model in known else next(iter(known), None)
        note = models.note_html(
            card, shelf, value, language, device_note=self._studio.device_note(card.name)
        )
        can_speak = any(each.name == value and not each.lacks for each in shelf.models)
        return (
            gr.update(value=card.name),
            gr.update(choices=choices, value=value, visible=bool(card.shelf and choices)),
            note,
            gr.update(visible=bool(card.shelf) and not can_speak),
            *(gr.update(visible=each.name == card.name) for each in self._cards),
        )

    def languages(self, engine: str | None, spoken: str | None) -> Any:
        """The languages that an engine speaks, for the list of them.

        Args:
            engine: Name of its card.
            spoken: That was chosen before; found by itself where this engine does not speak it.
        """
        card = self.card(engine)
        choices = [(self._label("auto"), ""), *forms.language_choices(card)]
        return gr.update(choices=choices, value=spoken if spoken in card.languages else "")

    def remember(self, engine: str | None) -> None:
        """The engine that is chosen when the page opens the next time."""
        card = self.card(engine)
        known = self._studio.settings()
        if known.engine != card.name:
            self._studio.save_settings(dataclasses.replace(known, engine=card.name))
