"""The Monitor tab: the live cards, what gives memory back, a job's report, and the check-up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from core.errors import Cancelled, InputError
from ui import figures, report, speaking, stress, words
from ui.cards import reason_html, said_html
from ui.edge import Wires
from ui.live import Acts
from ui.place import place
from ui.tabs.pick import Pick
from ui.words import say

if TYPE_CHECKING:
    from core.studio import Studio

Label = Callable[[str], Any]
LanguageOf = Callable[[gr.Request], str]

LEAST_TOLD_BYTES = 1 << 20
"""Less is noise of the allocator."""

# The file is ready: one press is enough. After a problem the button may hold an older file.
_PRESS_DOWNLOAD = """() => setTimeout(() => {
  if (!document.querySelector('#report-problem .tb-problem'))
    document.querySelector('#report-file')?.click();
}, 150)"""


class MonitorTab:
    """Lays itself out where it is made."""

    def __init__(self, studio: Studio, label: Label, language_of: LanguageOf) -> None:
        self._studio = studio
        self._measuring = threading.Lock()
        self._halt = threading.Event()
        self._language_of = language_of
        self.full = place("monitor", min_height=220)
        with gr.Row(elem_classes="tb-act"):
            self.unload = gr.Button(
                label("unload"), interactive=False, elem_id="unload", min_width=140, size="sm"
            )
            self.free = gr.Button(
                label("free_cache"), interactive=False, elem_id="free-cache", min_width=140,
                size="sm",
            )  # fmt: skip
            self.why = place("acts-why")
        self.acts_problem = place("acts-problem", folds=True)
        self.acts_said = place("acts-said", folds=True)
        self._lay_report(label)
        self._lay_stress(label)
        with gr.Accordion(label("doctor"), open=False, elem_id="doctor"):
            with gr.Row(elem_classes="tb-act"):
                self.go = gr.Button(
                    label("doctor_go"), size="sm", elem_id="doctor-go", min_width=190
                )
            self.problem = place("doctor-problem", folds=True)
            self.findings = place("findings", folds=True)

    def _lay_report(self, label: Label) -> None:
        with gr.Accordion(label("report"), open=False, elem_id="report") as self.report:
            self.job = Pick([], label=label("job_choose"), elem_id="report-job")
            with gr.Row(elem_classes="tb-act"):
                self.draw = gr.Button(
                    label("report_go"), size="sm", elem_id="report-go", min_width=90
                )
                self.save = {
                    name: gr.Button(
                        label(f"report_{name}"), size="sm", elem_id=f"report-{name}", min_width=130
                    )
                    for name in report.FORMATS
                }
                self.file = gr.DownloadButton(
                    "–", visible=False, elem_id="report-file", min_width=160, size="sm"
                )
            self.report_problem = place("report-problem", folds=True)
            self.drawn = place("report-drawn", folds=True)

    def _lay_stress(self, label: Label) -> None:
        with gr.Accordion(label("stress"), open=False, elem_id="stress"):
            gr.Markdown(label("stress_help"), elem_classes="tb-small")
            with gr.Row(elem_classes="tb-act"):
                self.measure = gr.Button(
                    label("stress_go"), size="sm", elem_id="stress-go", min_width=110
                )
                self.halt = gr.Button(
                    label("stress_stop"), size="sm", elem_id="stress-stop", min_width=90
                )
            self.stress_problem = place("stress-problem", folds=True)
            self.measured = place("stress-found", folds=True)

    @property
    def buttons(self) -> list[Any]:
        """What `offered` is for."""
        return [self.unload, self.free, self.why]

    def on_unload(self, request: gr.Request) -> tuple[str]:
        """End the engine process, which gives everything back. For: the line of confirmation."""
        language = self._language_of(request)
        if self._studio.running() is not None:
            raise InputError(say(language, "unload_why_busy"))
        self._studio.unload()
        return (said_html(say(language, "unloaded")),)

    def on_free(self, request: gr.Request) -> tuple[str]:
        """Let the engine give back what it holds for reuse. For: the line of confirmation."""
        language = self._language_of(request)
        if self._studio.running() is not None:
            raise InputError(say(language, "free_why_busy"))
        given_back = self._studio.free_cache()
        if given_back < LEAST_TOLD_BYTES:
            return (said_html(say(language, "freed_nothing")),)
        return (said_html(say(language, "freed", size=figures.size(given_back))),)

    def on_jobs(self, request: gr.Request) -> tuple[Any]:
        """The report was unfolded. For: its list of texts."""
        jobs = self._studio.jobs(limit=speaking.N_JOBS_LISTED)
        lines = speaking.job_choices(self._studio, self._language_of(request))
        listed = report.choices(jobs, lines)
        # The newest one is what somebody wants to see; without a value the list asks to choose.
        return (gr.update(choices=listed, value=listed[0][1] if listed else None),)

    def on_draw(self, job_id: str | None, request: gr.Request) -> tuple[str]:
        """For: the drawing."""
        language = self._language_of(request)
        return (report.report_html(report.report(self._studio, job_id, language), language),)

    def on_save_png(self, job_id: str | None, request: gr.Request) -> tuple[Any]:
        """For: the download."""
        return self._saved(job_id, "png", request)

    def on_save_svg(self, job_id: str | None, request: gr.Request) -> tuple[Any]:
        """For: the download."""
        return self._saved(job_id, "svg", request)

    def _saved(self, job_id: str | None, file_format: str, request: gr.Request) -> tuple[Any]:
        language = self._language_of(request)
        written = report.save(self._studio, job_id, file_format, language)
        label = say(language, "download", name=written.name)
        return (gr.update(value=str(written), label=label, visible=True),)

    def on_stress(self, request: gr.Request) -> tuple[str]:
        """Measure what the engine takes here; minutes. For: what was found."""
        language = self._language_of(request)
        if self._studio.running() is not None:
            raise InputError(say(language, "unload_why_busy"))
        if not self._measuring.acquire(blocking=False):
            raise InputError(say(language, "stress_busy"))
        self._halt.clear()
        try:
            found = self._studio.stress(self._studio.chosen_card().name, stop=self._halt)
        except Cancelled:
            return (said_html(say(language, "stress_stopped")),)
        finally:
            self._measuring.release()
        return (stress.stress_html(found, language),)

    def on_halt(self) -> tuple[()]:
        """End a measurement at its next run. For: nothing."""
        self._halt.set()
        return ()

    def on_doctor(self, request: gr.Request) -> tuple[str]:
        """What works here, a line each. For: findings."""
        return (findings_html(self._studio, self._language_of(request)),)

    def wire(self, wires: Wires) -> None:
        """Connect everything but the live cards, which the page's timer fills."""
        for button, handler in ((self.unload, self.on_unload), (self.free, self.on_free)):
            wires.connect(
                button.click, handler, None, [self.acts_said], problem=self.acts_problem,
                show_progress="minimal", show_progress_on=button,
            )  # fmt: skip
        wires.connect(
            self.report.expand, self.on_jobs, None, [self.job], problem=self.report_problem
        )
        wires.connect(
            self.draw.click, self.on_draw, [self.job], [self.drawn], problem=self.report_problem,
            show_progress="minimal", show_progress_on=self.draw,
        )  # fmt: skip
        savers = {"png": self.on_save_png, "svg": self.on_save_svg}
        for name, button in self.save.items():
            wires.connect(
                button.click, savers[name], [self.job], [self.file], problem=self.report_problem,
                show_progress="minimal", show_progress_on=button,
            ).success(None, js=_PRESS_DOWNLOAD)  # fmt: skip
        wires.connect(
            self.measure.click, self.on_stress, None, [self.measured],
            problem=self.stress_problem, show_progress="minimal", show_progress_on=self.measure,
        )  # fmt: skip
        wires.connect(self.halt.click, self.on_halt, None, [], problem=None, queue=False)
        wires.connect(
            self.go.click, self.on_doctor, None, [self.findings], problem=self.problem,
            show_progress="minimal", show_progress_on=self.go,
        )  # fmt: skip


def offered(acts: Acts, language: str) -> tuple[Any, ...]:
    """Whether the buttons can be pressed, and why not. For: `MonitorTab.buttons`."""
    unload = free = None
    if acts.at_work:
        unload = free = say(language, "unload_why_busy")
    else:
        unload = None if acts.is_loaded else say(language, "unload_why_none")
        free = None if acts.holds_cache else say(language, "free_why_none")
    reasons = " ".join(dict.fromkeys(reason for reason in (unload, free) if reason))
    return (
        gr.update(interactive=unload is None),
        gr.update(interactive=free is None),
        reason_html(reasons),
    )


def findings_html(studio: Studio, language: str) -> str:
    """Each finding with its state and what to do."""
    signs = {"ok": "✓", "note": "·", "missing": "!"}
    rows = "".join(
        f'<li class="tb-{finding.state}"><i>{signs.get(finding.state, "·")}</i>'
        f"<b>{escape(words.translated(language, finding.area))}</b> "
        f"{escape(words.translated(language, finding.text))}"
        f"<span>{escape(words.translated(language, finding.todo or ''))}</span></li>"
        for finding in studio.doctor()
    )
    return f'<ul class="tb-findings">{rows}</ul>'
