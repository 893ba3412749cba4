"""The Monitor tab and the panel beside all tabs; both are filled by the page's one timer."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from ui import words
from ui.edge import Wires
from ui.place import place

if TYPE_CHECKING:
    from core.studio import Studio

Label = Callable[[str], Any]
LanguageOf = Callable[[gr.Request], str]


class MonitorTab:
    """Lays itself out where it is made."""

    def __init__(self, studio: Studio, label: Label, language_of: LanguageOf) -> None:
        self._studio = studio
        self._language_of = language_of
        self.full = place("monitor", min_height=220)
        with gr.Accordion(label("doctor"), open=False, elem_id="doctor"):
            self.go = gr.Button(label("doctor_go"), size="sm", elem_id="doctor-go")
            self.problem = place("doctor-problem", folds=True)
            self.findings = place("findings", folds=True)

    def on_doctor(self, request: gr.Request) -> tuple[str]:
        """What works here, a line each. For: findings."""
        return (findings_html(self._studio, self._language_of(request)),)

    def wire(self, wires: Wires) -> None:
        wires.connect(
            self.go.click, self.on_doctor, None, [self.findings], problem=self.problem,
            show_progress="minimal", show_progress_on=self.go,
        )  # fmt: skip


def findings_html(studio: Studio, language: str) -> str:
    """Each finding with its state and what to do."""
    signs = {"ok": "✓", "note": "·", "missing": "!"}
    rows = "".join(
        f'<li class="tb-{finding.state}"><i>{signs.get(finding.state, "·")}</i>'
        f"<b>{escape(finding.area)}</b> {escape(words.translated(language, finding.text))}"
        f"<span>{escape(words.translated(language, finding.todo or ''))}</span></li>"
        for finding in studio.doctor()
    )
    return f'<ul class="tb-findings">{rows}</ul>'
