"""The library of voices: listen, rename, delete."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import gradio as gr

from ui import cards, picks
from ui.edge import Wires
from ui.place import place
from ui.tabs.pick import Pick
from ui.words import say

if TYPE_CHECKING:
    from core.studio import Studio

Label = Callable[[str], Any]
LanguageOf = Callable[[gr.Request], str]


class Library:
    """Lays itself out where it is made; `wire` connects it.

    Args:
        studio: The door.
        label: Gives a label in the browser's language.
        language_of: The page's language for one request.
    """

    def __init__(self, studio: Studio, label: Label, language_of: LanguageOf) -> None:
        self._studio = studio
        self._language_of = language_of
        with gr.Accordion(label("library"), open=False, elem_id="library"):
            with gr.Row():
                with gr.Column(scale=1, min_width=280):
                    self.chooser = Pick([], label=label("voice"), elem_id="library-voice")
                    self.new_name = gr.Textbox(
                        label=label("new_name"), max_length=64, elem_id="new-name"
                    )
                    with gr.Row():
                        self.rename = gr.Button(
                            label("rename"), size="sm", elem_id="rename", min_width=90
                        )
                        self.delete = gr.Button(
                            label("delete"), size="sm", elem_id="delete", min_width=90
                        )
                    with gr.Row(visible=False) as self.ask:
                        self.sure = gr.Button(
                            label("sure"), size="sm", variant="stop", elem_id="sure", min_width=120
                        )
                        self.keep = gr.Button(
                            label("keep"), size="sm", elem_id="keep", min_width=90
                        )
                with gr.Column(scale=1, min_width=280):
                    self.card = place("library-card")
            self.problem = place("library-problem", folds=True)
            self.said = place("library-said", folds=True)

    @property
    def shelf(self) -> list[Any]:
        """What `shelved` fills."""
        return [self.chooser, self.card]

    def shelved(self, voice_id: str | None, language: str) -> tuple[Any, Any]:
        """The library with one voice in sight; the newest without one."""
        choices = cards.voice_choices(self._studio)
        if voice_id is None and choices:
            voice_id = choices[0][1]
        return (
            gr.update(choices=choices, value=voice_id),
            cards.voice_html(self._studio, voice_id, language),
        )

    def on_choose(self, voice_id: str | None, request: gr.Request) -> tuple[Any, ...]:
        """For: card, line below, the question."""
        card = cards.voice_html(self._studio, voice_id, self._language_of(request))
        return card, "", gr.update(visible=False)

    def on_rename(self, voice_id: str | None, name: str, request: gr.Request) -> tuple[Any, ...]:
        """For: shelf, Speak's chooser, line below, new name."""
        if not voice_id:
            return (gr.skip(),) * 5
        language = self._language_of(request)
        renamed = self._studio.rename_voice(voice_id, name.strip())
        said = cards.said_html(say(language, "renamed", name=renamed.name))
        chooser, card = self.shelved(voice_id, language)
        return chooser, card, gr.update(choices=chooser["choices"]), said, ""

    def on_delete_voice(
        self, voice_id: str | None, speaks: str | None, request: gr.Request
    ) -> tuple[Any, ...]:
        """For: shelf, Speak's chooser, line below, the question."""
        if not voice_id:
            return (gr.skip(),) * 5
        language = self._language_of(request)
        name = picks.deleted(self._studio, voice_id)
        chooser, card = self.shelved(None, language)
        left = chooser["value"] if speaks == voice_id else speaks
        said = cards.said_html(say(language, "deleted", name=name))
        return (
            chooser, card, gr.update(choices=chooser["choices"], value=left), said,
            gr.update(visible=False),
        )  # fmt: skip

    def wire(self, wires: Wires, speaks: gr.Dropdown) -> None:
        """Connect presses and handlers; `speaks` is Speak's own chooser of voices."""
        connect = partial(wires.connect, problem=self.problem)
        choosers = [*self.shelf, speaks]
        connect(
            self.chooser.input, self.on_choose, self.chooser,
            [self.card, self.said, self.ask],
        )  # fmt: skip
        connect(
            self.rename.click, self.on_rename, [self.chooser, self.new_name],
            [*choosers, self.said, self.new_name],
        )  # fmt: skip
        connect(
            self.sure.click, self.on_delete_voice, [self.chooser, speaks],
            [*choosers, self.said, self.ask],
        )  # fmt: skip
        connect(self.delete.click, lambda: (gr.update(visible=True),), None, [self.ask])
        connect(self.keep.click, lambda: (gr.update(visible=False),), None, [self.ask])
