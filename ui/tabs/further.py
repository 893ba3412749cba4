"""`More recordings of the same speaker`: drawn for engines that listen to several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from core.audio.recording import Part
from core.engines.protocol import EngineCard
from ui import cards, further
from ui.also import check_number
from ui.edge import Problem, Wires, attempt
from ui.further import Memo
from ui.place import place
from ui.words import say

if TYPE_CHECKING:
    from core.studio import Studio

Label = Callable[[str], Any]
LanguageOf = Callable[[gr.Request], str]

_TAKE_AWAY = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-remove]');
  if (button) trigger('take_away', { number: Number(button.dataset.remove) });
});
"""


class FurtherRecordings:
    """Lays itself out where it is made; `wire` connects it.

    Args:
        studio: The door.
        label: Gives a label in the browser's language.
        language_of: The page's language for one request.
        memo: What is listed, remembered by the browser.
    """

    def __init__(
        self, studio: Studio, label: Label, language_of: LanguageOf, memo: gr.BrowserState
    ) -> None:
        self._studio = studio
        self._language_of = language_of
        self.memo = memo
        is_drawn = studio.chosen_card().max_more > 0
        with gr.Accordion(
            label("further"), open=False, visible=is_drawn, elem_id="further"
        ) as self.group:
            self.upload = gr.File(
                label=label("further_drop"),
                file_count="multiple",
                height=120,
                elem_id="further-drop",
            )
            self.problem = place("further-problem", folds=True)
            self.list = place("further-list", folds=True, js_on_load=_TAKE_AWAY)
        self.note = place("further-note", folds=True)

    @property
    def picture(self) -> list[Any]:
        """What `shown` fills."""
        return [self.memo, self.list, self.group, self.note]

    def shown(
        self, memos: Sequence[Memo], language: str, problems: Sequence[Problem] = ()
    ) -> tuple[Any, ...]:
        """What is listed, where the chosen engine listens to it; else a word on it."""
        card = self._studio.chosen_card()
        is_heard = card.max_more > 0
        note = "".join(problem.html for problem in problems)
        if memos and not is_heard:
            note = cards.reason_html(
                say(language, "further_unheard", engine=card.title, n=len(memos))
            )
        return (
            list(memos),
            further.list_html(memos, language),
            # Where there is nothing in it, it stays as it is.
            gr.update(visible=is_heard, open=True) if memos else gr.update(visible=is_heard),
            note,
        )

    def recalled(self, memos: Sequence[Memo] | None, language: str) -> tuple[Any, ...]:
        """After a reload: what can serve; of the others why not."""
        memo, *others = self._fitting(memos, language)
        # What is remembered already is not written again: more may stand there by now.
        return (gr.skip() if memo == list(memos or ()) else memo, *others)

    def opened(self, memos: Sequence[Memo] | None, language: str) -> tuple[Any, ...]:
        """The same for a tab that is opened: what somebody adds meanwhile is not overwritten."""
        memo, listed, *others = self._fitting(memos, language)
        is_same = memo == list(memos or ())
        return (*((gr.skip(), gr.skip()) if is_same else (memo, listed)), *others)

    def _fitting(self, memos: Sequence[Memo] | None, language: str) -> tuple[Any, ...]:
        """What the chosen engine can listen to, as it is listed."""
        card = self._studio.chosen_card()
        if not card.max_more:
            return self.shown(memos or (), language)
        found = [
            attempt(language, partial(further.fitted, self._studio, each, card.name))
            for each in memos or ()
        ]
        return self.shown(
            [each for each in found if not isinstance(each, Problem)],
            language,
            [each for each in found if isinstance(each, Problem)],
        )

    def parts(self, memos: Sequence[Memo] | None) -> list[Part]:
        """What a voice is made of besides its reference."""
        heard = self._studio.chosen_card().max_more
        return [further.part(each) for each in (memos or ())[:heard]]

    # Handlers: a value per output; problems are raised

    def on_further(
        self, paths: Sequence[str] | None, memos: Sequence[Memo] | None, request: gr.Request
    ) -> tuple[Any, ...]:
        """Files were dropped or chosen: those of use are listed, the others named.

        For: picture, upload, problem.
        """
        language = self._language_of(request)
        card = self._studio.chosen_card()
        problems: list[str] = []
        listed = list(memos or ())
        for path in paths or ():
            found = attempt(language, partial(self._one_more, listed, Path(path), card))
            if isinstance(found, Problem):
                problems.append(found.html)
            else:
                listed = found
        return (*self.shown(listed, language), None, "".join(problems))

    def _one_more(self, listed: Sequence[Memo], path: Path, card: EngineCard) -> list[Memo]:
        check_number(len(listed) + 1, card)
        return [*listed, further.look(self._studio, path, card.name)]

    def on_take_away(
        self, memos: Sequence[Memo] | None, pressed: gr.EventData, request: gr.Request
    ) -> tuple[Any, ...]:
        """One is not wanted. For: picture, problem."""
        left = [each for n, each in enumerate(memos or ()) if n != pressed.number]
        return (*self.shown(left, self._language_of(request)), "")

    def wire(self, wires: Wires) -> None:
        """Connect presses and handlers."""
        reading: dict[str, Any] = {"show_progress": "minimal", "show_progress_on": self.upload}
        wires.connect(
            self.upload.upload, self.on_further, [self.upload, self.memo],
            [*self.picture, self.upload, self.problem], problem=None, **reading,
        )  # fmt: skip
        wires.connect(
            self.list.take_away, self.on_take_away, self.memo, [*self.picture, self.problem],
            problem=None,
        )  # fmt: skip
