"""The Models tab: what engines need, what is here, and fetching the rest."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import gradio as gr

from core.hub.hub import DEFAULT_ENDPOINT
from ui import models
from ui.edge import Wires
from ui.place import place
from ui.tabs.choice import EngineChoice
from ui.tabs.pick import Pick

if TYPE_CHECKING:
    from core.studio import Studio

Label = Callable[[str], Any]
LanguageOf = Callable[[gr.Request], str]


class ModelsTab:
    """Lays itself out, with its tab; hidden where no engine needs a model. `wire` connects it.

    Args:
        studio: The door.
        label: Gives a label in the browser's language.
        language_of: The page's language for one request.
    """

    def __init__(self, studio: Studio, label: Label, language_of: LanguageOf) -> None:
        self._studio = studio
        self._language_of = language_of
        with gr.Tab(
            label("tab_models"), id="models", visible=bool(models.shelved(studio))
        ) as self.tab:
            gr.Markdown(label("models_help"), elem_classes="tb-small")
            self.what = Pick([], label=label("fetch_what"), elem_id="fetch-what")
            self.wishes = gr.Checkbox(
                label=label("fetch_wishes"), value=True, elem_id="fetch-wishes", container=False
            )
            self.size = place("fetch-size", min_height=24)
            with gr.Row(elem_classes="tb-act"):
                self.go = gr.Button(
                    label("fetch_go"), variant="primary", elem_id="fetch-go", min_width=100
                )
                self.halt = gr.Button(
                    label("stop"), interactive=False, elem_id="fetch-stop", min_width=70
                )
                self.again = gr.Button(label("refresh"), elem_id="fetch-refresh", min_width=130)
            self.problem = place("fetch-problem", folds=True)
            self.progress = place("download", folds=True)
            with gr.Accordion(label("fetch_from"), open=False, elem_id="fetch-from"):
                self.address = gr.Textbox(
                    label=label("fetch_address"),
                    info=label("fetch_address_help"),
                    placeholder=DEFAULT_ENDPOINT,
                    max_length=300,
                    elem_id="fetch-address",
                )
                self.refused = place("fetch-address-problem", folds=True)
                self.saved = place("fetch-address-saved", folds=True)
                with gr.Row(elem_classes="tb-act"):
                    self.save = gr.Button(
                        label("fetch_address_save"), elem_id="fetch-address-save", min_width=100
                    )
            self.lists = place("models", min_height=120)
            with gr.Column(visible=False) as self.kept:
                self.copies = place("copies")
                with gr.Row(elem_classes="tb-act"):
                    self.clear = gr.Button(
                        label("copies_clear"), size="sm", elem_id="copies-clear", min_width=160
                    )

    @property
    def fields(self) -> list[Any]:
        """What `recalled` fills."""
        return [*self._looked, self.address]

    @property
    def _looked(self) -> list[Any]:
        """What `shown` fills: nothing that somebody may be typing into meanwhile."""
        return [self.what, self.size, self.go, self.halt, self.lists, *self._kept]

    @property
    def _kept(self) -> list[Any]:
        """What `_shown_copies` fills."""
        return [self.kept, self.copies, self.clear]

    def recalled(self, language: str) -> tuple[Any, ...]:
        """For a page that opens: `shown`, and the address that is asked.

        The usual one is an empty field, which it is: to empty it once more could come late.
        """
        address = self._studio.settings().hub_endpoint
        return *self.shown(language), gr.skip() if address == DEFAULT_ENDPOINT else address

    def shown(
        self, language: str, what: str | None = None, *, wishes: bool = True
    ) -> tuple[Any, ...]:
        """Everything as it is now; reads the disk.

        Args:
            language: Of the page.
            what: `engine/name` that was chosen to be fetched before.
            wishes: With what only some languages need.
        """
        offers = models.offers(self._studio, language)
        known = [value for _, value in offers]
        what = what if what in known else next(iter(known), None)
        at_work = self._studio.download()
        is_busy = at_work is not None and at_work.is_running
        lists = "".join(
            models.engine_html(
                card, self._studio.models(card.name), self._studio.downloads(card.name), language
            )
            for card in models.shelved(self._studio)
        )
        return (
            gr.update(choices=offers, value=what),
            self._size(what, wishes=wishes, language=language),
            gr.update(interactive=self._can_fetch(what, wishes=wishes)),
            gr.update(interactive=is_busy),
            f'<div class="tb-shelves">{lists}</div>' if lists else "",
            *self._shown_copies(language),
        )

    def _shown_copies(self, language: str) -> tuple[Any, ...]:
        kept = self._studio.copies()
        can_clear = kept.size_bytes > kept.in_use_bytes
        return (
            gr.update(visible=bool(kept.n)),
            models.copies_html(kept, language),
            gr.update(interactive=can_clear),
        )

    def _size(self, what: str | None, *, wishes: bool, language: str) -> str:
        if what is None:
            return ""
        engine, _, name = what.partition("/")
        return models.offer_html(
            self._studio.downloads(engine), name, wishes=wishes, language=language
        )

    def _can_fetch(self, what: str | None, *, wishes: bool) -> bool:
        """Whether there is anything to fetch, and nobody at it."""
        at_work = self._studio.download()
        if what is None or (at_work is not None and at_work.is_running):
            return False
        engine, _, name = what.partition("/")
        wanted = self._studio.downloads(engine).bundle(name, wishes=wishes)
        return any(item.left_bytes for item in wanted)

    # Handlers: a value per output; problems are raised

    def on_what(self, what: str | None, wishes: bool, request: gr.Request) -> tuple[Any, ...]:
        """Something else shall be fetched. For: its size, the button."""
        return (
            self._size(what, wishes=wishes, language=self._language_of(request)),
            gr.update(interactive=self._can_fetch(what, wishes=wishes)),
        )

    def on_fetch(self, what: str | None, wishes: bool) -> tuple[Any, ...]:
        """For: the two buttons."""
        if what is None:
            return gr.skip(), gr.skip()
        engine, _, name = what.partition("/")
        self._studio.start_download(engine, name, wishes=wishes)
        return gr.update(interactive=False), gr.update(interactive=True)

    def on_halt_fetch(self) -> tuple[Any, ...]:
        """For: the button. The page's look says when it has ended."""
        self._studio.stop_download()
        return (gr.update(interactive=False),)

    def on_look(self, what: str | None, wishes: bool, request: gr.Request) -> tuple[Any, ...]:
        """Somebody put something there. For: `_looked`."""
        return self.shown(self._language_of(request), what, wishes=wishes)

    def on_clear(self, request: gr.Request) -> tuple[Any, ...]:
        """For: what there is to say of copies."""
        self._studio.clear_copies()
        return self._shown_copies(self._language_of(request))

    def on_address(self, address: str, request: gr.Request) -> tuple[Any, ...]:
        """Another place to download from; an empty one is the hub itself. For: what to say."""
        wanted = address.strip() or DEFAULT_ENDPOINT
        known = self._studio.settings()
        saved = self._studio.save_settings(dataclasses.replace(known, hub_endpoint=wanted))
        return (models.address_html(saved.hub_endpoint, self._language_of(request)),)

    def wire(self, wires: Wires, news: gr.HTML, choice: EngineChoice, tabs: gr.Tabs) -> None:
        """Connect everything but the progress, which the page's timer fills.

        Args:
            wires: Of the page.
            news: Changes when a download begins or ends.
            choice: On the Speak tab: other models may be there after a download.
            tabs: Of the page.
        """
        connect = partial(wires.connect, problem=self.problem)
        asked = [self.what, self.wishes]
        connect([self.what.input, self.wishes.input], self.on_what, asked, [self.size, self.go])
        connect(self.go.click, self.on_fetch, asked, [self.go, self.halt])
        connect(self.halt.click, self.on_halt_fetch, None, [self.halt], queue=False)
        connect(self.clear.click, self.on_clear, None, self._kept)
        wires.connect(
            [self.save.click, self.address.submit], self.on_address, [self.address], [self.saved],
            problem=self.refused,
        )  # fmt: skip
        connect([self.again.click, self.tab.select], self.on_look, asked, self._looked)

        def on_news(
            what: str | None, wishes: bool, engine: str | None, model: str | None,
            request: gr.Request,
        ) -> tuple[Any, ...]:  # fmt: skip
            language = self._language_of(request)
            return (
                *self.shown(language, what, wishes=wishes),
                *choice.shown(engine, model, language),
            )

        wires.connect(
            news.change, on_news, [*asked, choice.engine, choice.model],
            [*self._looked, *choice.fields], problem=None, queue=False,
        )  # fmt: skip
        wires.connect(
            choice.get.click, lambda: (gr.Tabs(selected="models"),), None, [tabs], problem=None
        )
