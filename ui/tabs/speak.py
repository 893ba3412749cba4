"""The Speak tab: layout, and which act answers which press."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from core.jobs.job import JobState
from ui import cards, forms, speaking, words
from ui.edge import Wires
from ui.follow import Standing
from ui.place import place
from ui.tabs.choice import EngineChoice
from ui.tabs.pick import Pick
from ui.tabs.saving import Saving
from ui.tabs.texts import EarlierTexts
from ui.words import say

if TYPE_CHECKING:
    from core.studio import Studio

STATIC = Path(__file__).resolve().parents[1] / "static"
ASSETS = Path(__file__).resolve().parents[2] / "assets"

Label = Callable[[str], Any]
LanguageOf = Callable[[gr.Request], str]

PLAYER_WORDS = (
    "listen", "pause", "from_start", "position", "next_piece", "pieces", "piece_play",
    "piece_waiting", "piece_making", "piece_silent", "no_sound", "offline",
)  # fmt: skip
"""What `player.js` says by itself."""

_DRAFTED = "(draft, typed) => (!typed && draft?.text) || undefined"
"""The text of before. Found in the browser: an answer from here can come when somebody has begun
to type, and would take that away. `undefined` leaves the field alone."""


class SpeakTab:
    """Lays itself out where it is made; `wire` connects it.

    Args:
        studio: The door.
        label: Gives a label in the browser's language.
        language_of: The page's language for one request.
        draft: What was typed and turned, remembered by the browser.
    """

    def __init__(
        self,
        studio: Studio,
        label: Label,
        language_of: LanguageOf,
        draft: gr.BrowserState,
    ) -> None:
        self._studio = studio
        self._language_of = language_of
        self.choice = EngineChoice(studio, label)
        self.standings = speaking.Standings(studio)
        # None until the page is attached (a fresh page, or Timbre was started again behind an open
        # one); empty for no job.
        self.job = gr.State(None)
        self.draft = draft
        with gr.Row(elem_classes="tb-columns"):
            with gr.Column(scale=1, min_width=300):
                self._lay_text(label)
                self._lay_pace(label)
            with gr.Column(scale=1, min_width=300):
                self._lay_result(label)
                self.saving = Saving(studio, label, language_of)
                self.texts = EarlierTexts(label)

    def _lay_text(self, label: Label) -> None:
        self.said = place("speak-said", folds=True)
        with gr.Row():
            self.voice = Pick([], label=label("voice"), elem_id="voice", min_width=180)
            self.choice.lay_engine()
        self.choice.lay_models()
        self.text = gr.Textbox(
            label=label("text"),
            placeholder=label("text_placeholder"),
            lines=9,
            max_lines=18,
            elem_id="text",
        )
        texts = examples()
        gr.Examples(
            examples=[[text] for _, text in texts],
            example_labels=[name for name, _ in texts],
            inputs=[self.text],
            label=label("examples"),
            elem_id="examples",
            api_visibility="private",
        )
        self.plan_problem = place("plan-problem", folds=True)
        self.plan = place("plan", min_height=28)
        with gr.Row(elem_classes="tb-act"):
            self.go = gr.Button(label("speak"), variant="primary", elem_id="speak", min_width=120)
            self.halt = gr.Button(
                label("stop"), elem_id="stop-job", interactive=False, min_width=90
            )
            self.resume = gr.Button(label("go_on"), elem_id="resume", visible=False, min_width=90)

    def _lay_pace(self, label: Label) -> None:
        with gr.Accordion(label("pace"), open=False, elem_id="pace"):
            self.choice.lay_knobs()
            with gr.Row():
                self.spoken = gr.Dropdown(
                    [
                        (label("auto"), ""),
                        *forms.language_choices(self._studio.chosen_card()),
                    ],
                    value="",
                    label=label("speech_language"),
                    elem_id="speech-language",
                    min_width=140,
                )
                self.seed = gr.Number(
                    value=0,
                    minimum=0,
                    maximum=speaking.MAX_SEED,
                    precision=0,
                    label=label("seed"),
                    info=label("seed_help"),
                    elem_id="seed",
                    min_width=140,
                )
            self.defaults = gr.Button(label("defaults"), size="sm", elem_id="defaults")

    def _lay_result(self, label: Label) -> None:
        self.problem = place("speak-problem", folds=True)
        spoken_words = {
            code: {key: words.table(code)[key] for key in PLAYER_WORDS} for code in words.LANGUAGES
        }
        self.stage = place(
            "stage",
            value=speaking.stage(None, "en"),
            html_template=(STATIC / "player.html").read_text(encoding="utf-8"),
            js_on_load=f"const WORDS = {json.dumps(spoken_words)};\n"
            + (STATIC / "player.js").read_text(encoding="utf-8"),
        )

    # What is shown, as values for lists of components

    @property
    def progress(self) -> list[Any]:
        """What shows a job; `show` gives its values in this order."""
        return [self.stage, self.go, self.halt, self.resume]

    def show(
        self, now: Standing | None, language: str, *, autoplay: bool = False
    ) -> tuple[Any, ...]:
        at_work = now is not None and not now.state.is_over
        can_go_on = now is not None and now.state in (JobState.STOPPED, JobState.FAILED)
        return (
            speaking.stage(now, language, autoplay=autoplay),
            gr.update(interactive=not at_work),
            gr.update(interactive=at_work),
            gr.update(visible=can_go_on),
        )

    # Handlers: a value per output; problems are raised

    def on_text(
        self, text: str, voice_id: str | None, spoken: str, engine: str | None,
        model: str | None, request: gr.Request,
    ) -> tuple[Any, ...]:  # fmt: skip
        """What would be spoken. For: the line under the text."""
        language = self._language_of(request)
        if not voice_id:
            return (cards.reason_html(say(language, "plan_no_voice")),)
        if not text.strip():
            return (cards.reason_html(say(language, "plan_empty")),)
        card = self.choice.card(engine)
        plan = self._studio.plan(text, engine=card.name, language=spoken or None)
        fits = self._studio.fit(plan, engine=card.name, model=model or "")
        seconds = self._studio.estimate_s(plan)
        unheard = "" if card.max_more else self._unheard(voice_id, card.title, language)
        return (speaking.plan_html(plan, seconds, language, fits=fits) + unheard,)

    def _unheard(self, voice_id: str, engine: str, language: str) -> str:
        """A word on the voice's recordings that this engine does not listen to."""
        n = len(self._studio.voice(voice_id).more)
        line = say(language, "further_of_voice_unheard", engine=engine, n=n)
        return f'<p class="tb-plan">{escape(line)}</p>' if n else ""

    def on_warm(
        self, voice_id: str | None, engine: str | None, model: str | None
    ) -> tuple[Any, ...]:
        """Somebody is about to speak: get the engine ready meanwhile. For: nothing."""
        if voice_id:
            card = self.choice.card(engine)
            self._studio.warm(voice_id, engine=card.name, model=model or "")
        return ()

    def on_engine(self, engine: str | None, spoken: str, request: gr.Request) -> tuple[Any, ...]:
        """Another engine was chosen. For: the engine's fields, the languages of the text."""
        self.choice.remember(engine)
        language = self._language_of(request)
        return (
            *self.choice.shown(engine, None, language),
            self.choice.languages(engine, spoken),
        )

    def on_models(
        self, engine: str | None, model: str | None, request: gr.Request
    ) -> tuple[Any, ...]:
        """Another model was chosen, or one may have come. For: the engine's fields."""
        return self.choice.shown(engine, model, self._language_of(request))

    def on_speak(
        self, text: str, voice_id: str | None, spoken: str, seed: float | None,
        engine: str | None, model: str | None, request: gr.Request, *knobs: float | None,
    ) -> tuple[Any, ...]:  # fmt: skip
        """For: job, progress, list of jobs, the line of confirmation."""
        language = self._language_of(request)
        job = speaking.speak(
            self._studio,
            text=text,
            voice_id=voice_id,
            chosen=self.choice.chosen(engine, model, knobs),
            spoken=spoken,
            seed=seed,
            language=language,
        )
        now = self.standings.of(job.id)
        choices = speaking.job_choices(self._studio, language)
        return (
            job.id, *self.show(now, language, autoplay=True),
            gr.update(choices=choices, value=job.id), "",
        )  # fmt: skip

    def on_stop(self, job_id: str | None, request: gr.Request) -> tuple[Any, ...]:
        """For: stop button. The timer shows what became of the job."""
        if job_id:
            self._studio.stop(job_id)
        return (gr.update(interactive=False),)

    def on_resume(self, job_id: str | None, request: gr.Request) -> tuple[Any, ...]:
        """For: progress."""
        if not job_id:
            return (gr.skip(),) * len(self.progress)
        self._studio.resume(job_id)
        return self.show(self.standings.of(job_id), self._language_of(request))

    @property
    def asked(self) -> list[Any]:
        """What `on_open` fills: the job, and everything that it was asked with."""
        return [
            self.job, *self.progress, self.text, self.voice, self.spoken, self.seed,
            *self.choice.knobs, *self.choice.fields, self.said,
        ]  # fmt: skip

    def on_open(
        self, job_id: str | None, request: gr.Request, *knobs: float | None
    ) -> tuple[Any, ...]:
        """An earlier text, as it was asked for; a word on what is gone. For: `asked`."""
        if not job_id:
            return (gr.skip(),) * len(self.asked)
        language = self._language_of(request)
        asked = self._studio.job(job_id).request
        known = {voice_id for _, voice_id in cards.voice_choices(self._studio)}
        voice = asked.voice_id if asked.voice_id in known else gr.skip()
        self.choice.remember(asked.engine)
        return (
            job_id,
            *self.show(self.standings.of(job_id), language),
            asked.text,
            voice,
            self.choice.languages(asked.engine, asked.language),
            asked.seed,
            *self.choice.turned(asked.engine, asked.settings, knobs),
            *self.choice.shown(asked.engine, asked.model, language),
            cards.reason_html(self.choice.gone(asked.engine, asked.model, language)),
        )

    def on_delete_job(
        self, chosen: str | None, shown: str | None, request: gr.Request
    ) -> tuple[Any, ...]:
        """For: list of jobs, the question, job, progress."""
        language = self._language_of(request)
        away = gr.update(visible=False)
        if not chosen:
            return (gr.skip(), away, *(gr.skip(),) * (len(self.progress) + 1))
        self._studio.delete_job(chosen)
        left = gr.update(choices=speaking.job_choices(self._studio, language), value=None)
        if chosen != shown:
            return (left, away, *(gr.skip(),) * (len(self.progress) + 1))
        return left, away, "", *self.show(None, language)

    def on_draft(
        self, attached: str | None, text: str, voice_id: str | None, spoken: str,
        seed: float | None, engine: str | None, model: str | None, *knobs: Any,
    ) -> tuple[Any, ...]:  # fmt: skip
        """For: what the browser remembers.

        Components report their first, empty values too: those must not replace the draft.
        """
        if attached is None:
            return (gr.skip(),)
        return (
            {
                "text": text,
                "voice": voice_id,
                "spoken": spoken,
                "seed": seed,
                "engine": engine,
                "model": model,
                "knobs": self.choice.by_engine(knobs),
            },
        )

    @property
    def fields(self) -> list[Any]:
        """What `restored` fills."""
        return [
            self.voice, self.spoken, self.seed, *self.choice.knobs, self.texts.jobs,
            *self.choice.fields,
        ]  # fmt: skip

    def restored(self, draft: dict[str, Any] | None, language: str) -> tuple[Any, ...]:
        """For: `fields`.

        A number that is the usual one stands there already: to set it once more could come late,
        on top of what somebody has set meanwhile.
        """
        draft = draft or {}
        numbers = [draft.get("seed") or 0, *self.choice.sliders_of(draft.get("knobs"))]
        usual = [0, *self.choice.defaults]
        choices = cards.voice_choices(self._studio)
        known = [voice_id for _, voice_id in choices]
        voice = draft.get("voice") if draft.get("voice") in known else next(iter(known), None)
        engine = self._studio.chosen_card().name
        model = draft.get("model") if draft.get("engine") == engine else None
        return (
            gr.update(choices=choices, value=voice),
            self.choice.languages(engine, draft.get("spoken")),
            *(
                gr.skip() if number == own else number
                for number, own in zip(numbers, usual, strict=True)
            ),
            gr.update(choices=speaking.job_choices(self._studio, language)),
            *self.choice.shown(engine, model, language),
        )

    def wire(self, wires: Wires, page: gr.Blocks, opened: gr.Tab) -> None:
        """Connect presses and handlers.

        Args:
            wires: Of the page.
            page: That opens.
            opened: The tab that this is laid out in.
        """
        page.load(
            None, [self.draft, self.text], [self.text], js=_DRAFTED, show_progress="hidden",
            api_visibility="private",
        )  # fmt: skip
        picked = [self.choice.engine, self.choice.model]
        wires.connect(
            [opened.select, self.voice.input, self.text.focus], self.on_warm,
            [self.voice, *picked], [], problem=None, trigger_mode="once",
        )  # fmt: skip
        connect = partial(wires.connect, problem=self.problem)
        asked: list[Any] = [
            self.text, self.voice, self.spoken, self.seed, *picked, *self.choice.knobs,
        ]  # fmt: skip
        planned: list[Any] = [self.text, self.voice, self.spoken, *picked]
        wires.connect(
            [component.change for component in planned], self.on_text, planned, [self.plan],
            problem=self.plan_problem, trigger_mode="always_last",
        )  # fmt: skip
        wires.connect(
            [component.change for component in asked], self.on_draft,
            [self.job, *asked], [self.draft],
            problem=None, trigger_mode="always_last", queue=False,
        )  # fmt: skip
        connect(
            self.go.click,
            self.on_speak,
            asked,
            [self.job, *self.progress, self.texts.jobs, self.said],
        )
        choice = self.choice
        connect(
            choice.engine.input, self.on_engine, [choice.engine, self.spoken],
            [*choice.fields, self.spoken], trigger_mode="always_last",
        )  # fmt: skip
        connect([choice.model.input, choice.refresh.click], self.on_models, picked, choice.fields)
        connect(self.halt.click, self.on_stop, self.job, [self.halt], queue=False)
        connect(self.resume.click, self.on_resume, self.job, self.progress)
        self.saving.wire(wires, self.job)
        self.texts.wire(wires, self)
        untouched = [*choice.defaults, "", 0]
        connect(
            self.defaults.click, lambda: untouched, None, [*choice.knobs, self.spoken, self.seed]
        )


def examples() -> list[tuple[str, str]]:
    """Texts to try, as (language by its own name, text)."""
    found = json.loads((ASSETS / "examples.json").read_text(encoding="utf-8"))
    return [(words.SPOKEN[example["language"]], example["text"]) for example in found]
