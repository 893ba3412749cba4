"""The Models tab: what engines need, what is here, and fetching the rest."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import gradio as gr

from ui import models
from ui.edge import Wires
from ui.place import place
from ui.tabs.choice import EngineChoice

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
            self.what = gr.Dropdown([], label=label("fetch_what"), elem_id="fetch-what")
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
                self.again = gr.Button(label("refresh"), elem_id="fetch-refresh", min_width=90)
            self.problem = place("fetch-problem", folds=True)
            self.progress = place("download", folds=True)
            self.lists = place("models", min_height=120)

    @property
    def fields(self) -> list[Any]:
        """What `shown` fills."""
        return [self.what, self.size, self.go, self.halt, self.lists]

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
            gr.update(interactive=what is not None and not is_busy),
            gr.update(interactive=is_busy),
            f'<div class="tb-shelves">{lists}</div>' if lists else "",
        )

    def _size(self, what: str | None, *, wishes: bool, language: str) -> str:
        if what is None:
            return ""
        engine, _, name = what.partition("/")
        return models.offer_html(
            self._studio.downloads(engine), name, wishes=wishes, language=language
        )

    # Handlers: a value per output; problems are raised

    def on_what(self, what: str | None, wishes: bool, request: gr.Request) -> tuple[Any, ...]:
        """Something else shall be fetched. For: its size."""
        return (self._size(what, wishes=wishes, language=self._language_of(request)),)

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
        """Somebody put something there. For: `fields`."""
        return self.shown(self._language_of(request), what, wishes=wishes)

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
        connect([self.what.input, self.wishes.input], self.on_what, asked, [self.size])
        connect(self.go.click, self.on_fetch, asked, [self.go, self.halt])
        connect(self.halt.click, self.on_halt_fetch, None, [self.halt], queue=False)
        connect([self.again.click, self.tab.select], self.on_look, asked, self.fields)

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
            [*self.fields, *choice.fields], problem=None, queue=False,
        )  # fmt: skip
        wires.connect(
            choice.get.click, lambda: (gr.Tabs(selected="models"),), None, [tabs], problem=None
        )
