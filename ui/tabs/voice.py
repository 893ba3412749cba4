"""The Voice tab: layout, and which act answers which press."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from core.errors import InputError
from core.voices.voice import Voice
from ui import cards, forms, picks
from ui.edge import Problem, Wires, attempt
from ui.picks import BY_HAND, Memo, Pick
from ui.place import place
from ui.tabs.further import FurtherRecordings
from ui.tabs.library import Library
from ui.words import say

if TYPE_CHECKING:
    from core.studio import Studio
    from ui.tabs.speak import SpeakTab

STATIC = Path(__file__).resolve().parents[1] / "static"

Label = Callable[[str], Any]
LanguageOf = Callable[[gr.Request], str]


class VoiceTab:
    """Lays itself out where it is made; `wire` connects it once every tab exists.

    Args:
        studio: The door.
        label: Gives a label in the browser's language.
        language_of: The page's language for one request.
        memo: The recording that is shown, remembered by the browser.
        listed: Further recordings, remembered by the browser.
    """

    def __init__(
        self,
        studio: Studio,
        label: Label,
        language_of: LanguageOf,
        memo: gr.BrowserState,
        listed: gr.BrowserState,
    ) -> None:
        self._studio = studio
        self._language_of = language_of
        self.memo = memo
        self.asked = gr.State([None, None])
        self._lay_recording(label)
        self.further = FurtherRecordings(studio, label, language_of, listed)
        self._lay_form(label)
        self.library = Library(studio, label, language_of)

    def _lay_recording(self, label: Label) -> None:
        with gr.Row(elem_classes="tb-top"):
            with gr.Column(scale=3, min_width=280):
                self.upload = gr.File(label=label("drop"), height=168, elem_id="drop")
            with gr.Column(scale=2, min_width=280):
                self.microphone = gr.Audio(
                    sources=["microphone"],
                    type="filepath",
                    label=label("record"),
                    editable=False,
                    buttons=[],
                    elem_id="record",
                )
                self.demo = gr.Button(label("demo"), elem_id="demo", size="sm")
        self.problem = place("voice-problem", folds=True)
        self.wave = place("wave", js_on_load=(STATIC / "wave.js").read_text(encoding="utf-8"))
        with gr.Row():
            with gr.Column(scale=1, min_width=280):
                self.window = gr.Radio(
                    [], label=label("window"), interactive=False, elem_id="window"
                )
                with gr.Row():
                    self.start, self.stop = (
                        gr.Number(
                            label=label(f"{end}_s"),
                            minimum=0,
                            step=0.1,
                            elem_id=end,
                            min_width=100,
                        )
                        for end in ("start", "stop")
                    )
            with gr.Column(scale=1, min_width=280):
                self.kept = place("kept")

    def _lay_form(self, label: Label) -> None:
        spoken = forms.language_choices(*self._studio.engines())
        with gr.Row():
            with gr.Column(scale=1, min_width=280):
                self.transcript = gr.Textbox(
                    label=label("transcript"),
                    placeholder=label("transcript_hint"),
                    lines=4,
                    max_lines=6,
                    elem_id="transcript",
                )
            with gr.Column(scale=1, min_width=280):
                with gr.Row():
                    self.name = gr.Textbox(
                        label=label("name"), max_length=64, elem_id="name", min_width=130
                    )
                    self.spoken = gr.Dropdown(
                        [(label("auto"), ""), *spoken],
                        value="",
                        label=label("reference_language"),
                        elem_id="spoken",
                        min_width=130,
                    )
                self.consent = gr.Checkbox(
                    label=label("consent"), value=False, elem_id="consent", container=False
                )
        with gr.Row(elem_classes="tb-act"):
            self.use = gr.Button(
                label("use"), variant="primary", interactive=False, elem_id="use", scale=0,
                min_width=220,
            )  # fmt: skip
            self.why = place("why")

    @property
    def _engine(self) -> str:
        """Whose limits a reference keeps: the engine that is chosen."""
        return self._studio.chosen_card().name

    # What is shown, as values for lists of components

    @property
    def picture(self) -> list[Any]:
        """What shows a pick; `show` gives its values in this order."""
        return [
            self.memo, self.wave, self.kept, self.window, self.start, self.stop, self.use, self.why,
        ]  # fmt: skip

    @property
    def fresh(self) -> list[Any]:
        """What another recording changes."""
        return [
            *self.picture, *self.further.picture, self.name, self.transcript, self.consent,
        ]  # fmt: skip

    def show(self, pick: Pick | None, name: str, consent: bool, language: str) -> tuple[Any, ...]:
        """A pick on the page, or the empty page."""
        memo = pick.memo if pick else None
        recording, span = (pick.recording, pick.span) if pick else (None, None)
        return (
            memo,
            cards.wave_html(pick, language),
            cards.kept_html(pick, language),
            gr.update(
                choices=cards.window_choices(recording, language),
                value=pick.choice if pick and span else None,
                interactive=span is not None,
            ),
            gr.update(value=round(span.start_s, 2) if span else None),
            gr.update(value=round(span.stop_s, 2) if span else None),
            *self._readiness(memo, name, consent, language),
        )

    def _readiness(
        self, memo: Memo | None, name: str, consent: bool, language: str
    ) -> tuple[Any, Any]:
        """Values for the button and the reason beside it."""
        reason = picks.why_not(memo, consent, name, language)
        return gr.update(interactive=reason is None), cards.reason_html(reason)

    # Handlers: a value per output; problems are raised

    def on_file(
        self, path: str | None, memo: Memo | None, listed: list[Memo] | None, request: gr.Request
    ) -> tuple[Any, ...]:
        """A file was dropped, chosen or recorded. For: `fresh`.

        What belongs to the recording before starts anew: transcript, consent, further recordings.
        """
        if path is None:
            return (gr.skip(),) * len(self.fresh)
        language = self._language_of(request)
        pick = picks.look(self._studio, Path(path), self._engine)
        name = picks.offered_name(pick.recording.name)
        return (
            *self.show(pick, name, False, language),
            *self.further.shown([] if memo else listed or [], language),
            name,
            "",
            False,
        )

    def on_window(
        self, choice: str, memo: Memo | None, name: str, consent: bool, request: gr.Request
    ) -> tuple[Any, ...]:
        """Another proposal was chosen; `by hand` keeps the part and waits. For: picture."""
        if not memo or not choice:
            return (gr.skip(),) * len(self.picture)
        return self._keep({**memo, "choice": choice}, name, consent, self._language_of(request))

    def on_numbers(
        self, memo: Memo | None, name: str, consent: bool, start_s: float | None,
        stop_s: float | None, request: gr.Request,
    ) -> tuple[Any, ...]:  # fmt: skip
        """The part was set in numbers. For: picture."""
        if not memo or start_s is None or stop_s is None or _is_same(memo, start_s, stop_s):
            return (gr.skip(),) * len(self.picture)
        moved = {**memo, "choice": BY_HAND, "start_s": start_s, "stop_s": stop_s}
        return self._keep(moved, name, consent, self._language_of(request))

    def on_drag(
        self, memo: Memo | None, name: str, consent: bool, drawn: gr.EventData, request: gr.Request
    ) -> tuple[Any, ...]:
        """The part was drawn on the waveform. For: picture."""
        return self.on_numbers(memo, name, consent, drawn.start_s, drawn.stop_s, request)

    def _keep(self, memo: Memo, name: str, consent: bool, language: str) -> tuple[Any, ...]:
        pick = picks.recalled(self._studio, memo, self._engine, language)
        return self.show(pick, name, consent, language)

    def on_form(
        self, memo: Memo | None, name: str, consent: bool, request: gr.Request
    ) -> tuple[Any, ...]:
        """Name or consent changed: can the voice be made now? For: button, reason."""
        return self._readiness(memo, name, consent, self._language_of(request))

    def on_use(
        self, memo: Memo | None, name: str, consent: bool, transcript: str, spoken: str,
        listed: list[Memo] | None, request: gr.Request,
    ) -> tuple[Any, ...]:  # fmt: skip
        """Make the voice, and go on to the Speak tab. For: `made`."""
        language = self._language_of(request)
        reason = picks.why_not(memo, consent, name, language)
        if reason:
            raise InputError(reason)
        voice = picks.make(
            self._studio,
            memo,
            name=name,
            transcript=transcript,
            spoken=spoken,
            statement=say(language, "consent"),
            engine=self._engine,
            language=language,
            more=self.further.parts(listed),
        )
        return self._made(voice, language)

    def on_demo(self, request: gr.Request) -> tuple[Any, ...]:
        """Take the demo voice, and go on to the Speak tab. For: `made`."""
        voice = picks.demo_voice(self._studio, self._engine)
        return self._made(voice, self._language_of(request))

    def _made(self, voice: Voice, language: str) -> tuple[Any, ...]:
        """For: tabs, the library's shelf, Speak's chooser and line."""
        chosen = gr.update(choices=cards.voice_choices(self._studio), value=voice.id)
        ready = cards.said_html(say(language, "voice_ready", name=voice.name))
        shelf = self.library.shelved(voice.id, language)
        return gr.Tabs(selected="speak"), *shelf, chosen, ready

    # After a reload

    def recalled(
        self, memo: Memo | None, language: str, name: str = "", consent: bool = False
    ) -> tuple[Any, ...]:
        """The picture of before; a recording that is gone is forgotten. For: picture."""
        pick = None
        if memo:
            pick = attempt(
                language, lambda: picks.recalled(self._studio, memo, self._engine, language)
            )
        shown = self.show(None if isinstance(pick, Problem) else pick, name, consent, language)
        # What is remembered already is not written again: another may stand there by now.
        return (gr.skip() if shown[0] == memo else shown[0], *shown[1:])

    def on_filled(
        self, asked: list[Any], memo: Memo | None, listed: list[Memo] | None, name: str,
        consent: bool, request: gr.Request,
    ) -> tuple[Any, ...]:  # fmt: skip
        """The page is filled: what was dropped while it was not is drawn anew. For: pictures."""
        if asked == [memo, listed]:
            return (gr.skip(),) * len([*self.picture, *self.further.picture])
        language = self._language_of(request)
        return (
            *self.recalled(memo, language, name, consent),
            *self.further.recalled(listed, language),
        )

    def on_opened(
        self, memo: Memo | None, listed: list[Memo] | None, name: str, consent: bool,
        request: gr.Request,
    ) -> tuple[Any, ...]:  # fmt: skip
        """Another engine may have been chosen: its limits hold. For: both pictures."""
        language = self._language_of(request)
        shown: tuple[Any, ...] = (gr.skip(),) * len(self.picture)
        if memo and memo.get("engine") != self._engine:
            pick = picks.recalled(self._studio, memo, self._engine, language)
            shown = self.show(pick, name, consent, language)
        return (*shown, *self.further.opened(listed, language))

    def wire(self, wires: Wires, speak: SpeakTab, tabs: gr.Tabs, opened: gr.Tab) -> None:
        """Connect presses and handlers.

        Args:
            wires: Of the page.
            speak: The tab where voices are used.
            tabs: All of them.
            opened: The tab that this is laid out in.
        """
        connect = partial(wires.connect, problem=self.problem)
        form = [self.memo, self.name, self.consent]
        dropped = [self.memo, self.further.memo]
        reading: dict[str, Any] = {"show_progress": "minimal", "show_progress_on": self.wave}
        for source, heard in (
            (self.upload, self.upload.upload),
            (self.microphone, self.microphone.stop_recording),
        ):
            connect(heard, self.on_file, [source, *dropped], self.fresh, **reading)
        connect(self.window.input, self.on_window, [self.window, *form], self.picture)
        numbers = [*form, self.start, self.stop]
        set_by_hand = [self.start.submit, self.start.blur, self.stop.submit, self.stop.blur]
        connect(set_by_hand, self.on_numbers, numbers, self.picture)
        connect(self.wave.drag, self.on_drag, form, self.picture)
        wires.connect(
            [self.name.input, self.consent.input], self.on_form, form, [self.use, self.why],
            problem=None, trigger_mode="always_last",
        )  # fmt: skip
        made = [tabs, *self.library.shelf, speak.voice, speak.said]
        connect(
            self.use.click, self.on_use,
            [*form, self.transcript, self.spoken, self.further.memo], made,
            show_progress="minimal", show_progress_on=self.use,
        )  # fmt: skip
        connect(
            self.demo.click, self.on_demo, None, made,
            show_progress="minimal", show_progress_on=self.demo,
        )  # fmt: skip
        connect(
            opened.select, self.on_opened, [self.memo, self.further.memo, self.name, self.consent],
            [*self.picture, *self.further.picture], **reading,
        )  # fmt: skip
        self.further.wire(wires)
        self.library.wire(wires, speak.voice)


def _is_same(memo: Memo, start_s: float, stop_s: float) -> bool:
    """Leaving a number field is no choice; the fields show hundredths."""
    known = (memo["start_s"], memo["stop_s"])
    return None not in known and all(
        abs(float(a) - b) < 0.006 for a, b in zip(known, (start_s, stop_s), strict=True)
    )
