"""Earlier texts: every job that is kept, to open again or to delete."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import gradio as gr

from ui.edge import Wires
from ui.tabs.pick import Pick

if TYPE_CHECKING:
    from ui.tabs.speak import SpeakTab

Label = Callable[[str], Any]


class EarlierTexts:
    """Lays itself out where it is made; `wire` connects it.

    Args:
        label: Gives a label in the browser's language.
    """

    def __init__(self, label: Label) -> None:
        with gr.Accordion(label("jobs"), open=False, elem_id="jobs"):
            self.jobs = Pick([], label=label("job_choose"), elem_id="job-choose")
            with gr.Row():
                self.open = gr.Button(label("open"), size="sm", elem_id="job-open", min_width=90)
                self.delete = gr.Button(
                    label("delete"), size="sm", elem_id="job-delete", min_width=90
                )
            with gr.Row(visible=False) as self.ask:
                self.sure = gr.Button(
                    label("sure"), size="sm", variant="stop", elem_id="job-sure", min_width=120
                )
                self.keep = gr.Button(label("keep"), size="sm", elem_id="job-keep", min_width=90)

    def wire(self, wires: Wires, speak: SpeakTab) -> None:
        """Connect the buttons; what is opened is shown on the Speak tab."""
        connect = partial(wires.connect, problem=speak.problem)
        connect(self.open.click, speak.on_open, [self.jobs, *speak.choice.knobs], speak.asked)
        connect(self.delete.click, lambda: (gr.update(visible=True),), None, [self.ask])
        connect(self.keep.click, lambda: (gr.update(visible=False),), None, [self.ask])
        connect(
            self.sure.click, speak.on_delete_job, [self.jobs, speak.job],
            [self.jobs, self.ask, speak.job, *speak.progress],
        )  # fmt: skip
