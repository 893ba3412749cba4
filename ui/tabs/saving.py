"""`Save as`: the finished sound as a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gradio as gr

from ui import speaking
from ui.edge import Wires
from ui.place import place
from ui.words import say

if TYPE_CHECKING:
    from core.studio import Studio

Label = Callable[[str], Any]
LanguageOf = Callable[[gr.Request], str]

# The file is ready: one press on Save is enough. After a problem the button may hold an older file.
_PRESS_DOWNLOAD = """() => setTimeout(() => {
  if (!document.querySelector('#save-problem .tb-problem'))
    document.querySelector('#download')?.click();
}, 150)"""


class Saving:
    """Lays itself out where it is made; `wire` connects it.

    Args:
        studio: The door.
        label: Gives a label in the browser's language.
        language_of: The page's language for one request.
    """

    def __init__(self, studio: Studio, label: Label, language_of: LanguageOf) -> None:
        self._studio = studio
        self._language_of = language_of
        with gr.Accordion(label("save_as"), open=False, elem_id="save-as"):
            self.format = gr.Dropdown(
                [(label(key), name) for key, name in speaking.format_choices()],
                value="wav",
                label=label("format"),
                elem_id="format",
            )
            self.lufs = gr.Slider(
                -30, -9, value=self._studio.settings().target_lufs, step=0.5, label=label("lufs"),
                info=label("lufs_help"), elem_id="lufs",
            )  # fmt: skip
            with gr.Row(elem_classes="tb-act"):
                self.save = gr.Button(label("save"), elem_id="save", min_width=110)
                self.download = gr.DownloadButton(
                    "–", visible=False, elem_id="download", min_width=160
                )
            self.problem = place("save-problem", folds=True)
            self.saved = place("saved", folds=True)

    def on_save(
        self, job_id: str | None, file_format: str, lufs: float | None, request: gr.Request
    ) -> tuple[Any, ...]:
        """For: download button, the line of confirmation."""
        language = self._language_of(request)
        take = speaking.save(self._studio, job_id, file_format, lufs, language)
        label = say(language, "download", name=take.path.name)
        return (
            gr.update(value=str(take.path), label=label, visible=True),
            speaking.saved_html(take, language),
        )

    def wire(self, wires: Wires, job: gr.State) -> None:
        """Connect the button; `job` is the one that the page shows."""
        wires.connect(
            self.save.click, self.on_save, [job, self.format, self.lufs],
            [self.download, self.saved],
            problem=self.problem, show_progress="minimal", show_progress_on=self.save,
        ).success(None, js=_PRESS_DOWNLOAD)  # fmt: skip
