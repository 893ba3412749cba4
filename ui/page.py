"""The page as a whole: header, tabs, panel, and what keeps them up to date."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Before Gradio is imported: it reads this once. Nothing is sent anywhere.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr
from starlette.middleware import Middleware

from core.engines.protocol import EngineCard
from ui import forms, sounds, speaking, theme, words
from ui.edge import Wires
from ui.follow import Standing
from ui.live import LOOK, Live, glance
from ui.memory import remembered
from ui.place import place
from ui.shell import COOKIE, Shell, language_of
from ui.tabs.models import ModelsTab
from ui.tabs.monitor import MonitorTab, offered
from ui.tabs.speak import SpeakTab
from ui.tabs.voice import VoiceTab

if TYPE_CHECKING:
    from core.studio import Studio

HOST = "127.0.0.1"
STATIC = Path(__file__).resolve().parent / "static"
ICON = Path(__file__).resolve().parents[1] / "assets" / "icon.svg"
TICK_S = 1.0
MAX_WAITING = 32
MAX_AT_ONCE = 4
MAX_UPLOAD = "2gb"
KEEP_UPLOADS_S = 24 * 3600
"""Longer than a session in which somebody tries parts of one recording."""


def build(studio: Studio, *, language: str | None) -> gr.Blocks:
    """The page of a studio.

    Args:
        studio: The door; the page calls nothing else.
        language: `en` or `zh` for everybody who has not chosen; None to follow the browser.
    """
    with gr.Blocks(
        title="Timbre",
        analytics_enabled=False,
        delete_cache=(3600, KEEP_UPLOADS_S),
        fill_width=True,
    ) as opened:
        page: gr.Blocks = opened
        _Page(studio, language).wire(page)
    return page


def launch(
    studio: Studio, *, port: int, open_browser: bool, language: str | None = None
) -> tuple[gr.Blocks, str]:
    """Serve the page on this computer only, and return at once.

    Args:
        studio: The door.
        port: To listen on; raises OSError where it is taken.
        open_browser: Show the page when it is up.
        language: As `build`.

    Returns:
        The page (call `close` to end it) and its address.
    """
    with socket.socket() as probe:
        # The system's own words for a port in use; Gradio's speak of ranges and variables.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, os.name != "nt")
        probe.bind((HOST, port))
    os.environ["GRADIO_TEMP_DIR"] = str(studio.paths.uploads)
    page = build(studio, language=language)
    page.queue(max_size=MAX_WAITING, default_concurrency_limit=MAX_AT_ONCE)
    app, address, _ = page.launch(
        server_name=HOST,
        server_port=port,
        inbrowser=False,
        share=False,
        quiet=True,
        prevent_thread_lock=True,
        show_error=False,
        ssr_mode=False,
        allowed_paths=[str(studio.paths.exports)],
        max_file_size=MAX_UPLOAD,
        favicon_path=ICON,
        footer_links=[],
        i18n=_i18n(studio.engines()),
        theme=theme.theme(),
        css=(STATIC / "page.css").read_text(encoding="utf-8"),
        app_kwargs={"middleware": [Middleware(Shell, language=language)]},
    )
    app.include_router(sounds.router(studio))
    # Before Gradio's own routes: it is asked for most.
    app.router.routes.insert(0, Live(studio, language).route())
    if open_browser:
        import webbrowser  # noqa: PLC0415 - only where one is wanted

        webbrowser.open(address)
    return page, address


def _i18n(cards: Sequence[EngineCard]) -> gr.I18n:
    """Labels in both languages; the browser's own code of Chinese is `zh-CN`."""
    both: dict[str, dict[str, str]] = {}
    for code in words.LANGUAGES:
        both[code] = dict(words.table(code))
        for card in cards:
            both[code] |= forms.labels(card, code)
    return gr.I18n(**{"en": both["en"], "zh-CN": both["zh"]})


Told = tuple[str, str, int] | None


def _told(now: Standing | None) -> Told:
    """What decides whether the player has to hear of it."""
    return None if now is None else (now.job_id, now.state.value, now.n_done)


_SWITCH = f"""
const NAMES = {json.dumps({code: words.say(code, "language_of_page") for code in words.LANGUAGES})};
element.addEventListener('click', (event) => {{
  const button = event.target.closest('[data-language]');
  if (!button) return;
  document.cookie = '{COOKIE}=' + button.dataset.language
    + ';path=/;max-age=31536000;samesite=strict';
  location.reload();
}});
element.setAttribute('role', 'group');
const now = document.documentElement.lang.startsWith('zh') ? 'zh' : 'en';
element.setAttribute('aria-label', NAMES[now]);
for (const button of element.querySelectorAll('[data-language]'))
  button.setAttribute('aria-pressed', button.dataset.language === now);
"""


class _Page:
    """Lays everything out and wires it."""

    def __init__(self, studio: Studio, language: str | None) -> None:
        self._studio = studio
        self._default = language
        label: Callable[[str], Any] = _i18n(studio.engines())
        # Outside the tabs: what is inside one is not there before the tab is opened.
        memo, draft = remembered("recording"), remembered("draft")
        listed = remembered("further")
        self._lay_header()
        with gr.Row(elem_classes="tb-body"):
            with gr.Column(elem_classes="tb-main", min_width=280), gr.Tabs() as self.tabs:
                with gr.Tab(label("tab_voice"), id="voice") as self.voice_tab:
                    self.voice = VoiceTab(studio, label, self.language_of, memo, listed)
                with gr.Tab(label("tab_speak"), id="speak") as self.speak_tab:
                    self.speak = SpeakTab(studio, label, self.language_of, draft)
                self.models = ModelsTab(studio, label, self.language_of)
                with gr.Tab(label("tab_monitor"), id="monitor", elem_classes="tb-monitor-tab"):
                    self.monitor = MonitorTab(studio, label, self.language_of)
            with gr.Column(elem_classes="tb-rail", min_width=220, scale=0):
                self.panel = place("panel")
        self.pulse, self.news = place("pulse"), place("news")
        # (job, state, finished segments) that the player was last told
        self.told = gr.State(None)

    def language_of(self, request: gr.Request) -> str:
        """The page's language for one request."""
        return language_of(dict(request.headers), self._default)

    def _lay_header(self) -> None:
        with gr.Row(elem_classes="tb-header"):
            place("brand", value="<h1>Timbre</h1>")
            self.line = place("status")
            place(
                "languages",
                value="".join(
                    f'<button type="button" lang="{code}" data-language="{code}">{name}</button>'
                    for code, name in words.LANGUAGES.items()
                ),
                js_on_load=_SWITCH,
            )

    def on_pulse(self, told: Told, job_id: str | None, request: gr.Request) -> tuple[Any, ...]:
        """Something happened that the open page has to hear of.

        For: job, what the player was told, list of jobs, buttons of the monitor, progress.
        """
        language = self.language_of(request)
        attached: Any = gr.skip()
        if job_id is None:
            attached = job_id = speaking.to_follow(self._studio)
        standings = self.speak.standings
        buttons = offered(glance(self._studio, standings).acts, language)
        now = standings.of(job_id)
        news = _told(now)
        if news == told:
            return (attached, gr.skip(), gr.skip(), *buttons,
                    *(gr.skip(),) * len(self.speak.progress))  # fmt: skip
        # The list names jobs and their states, not every piece.
        is_listed = told is not None and news is not None and told[:2] == news[:2]
        jobs = gr.skip()
        if not is_listed:
            jobs = gr.update(choices=speaking.job_choices(self._studio, language))
        return (attached, news, jobs, *buttons, *self.speak.show(now, language))

    def on_load(
        self,
        draft: dict[str, Any] | None,
        memo: dict[str, Any] | None,
        listed: list[dict[str, Any]] | None,
        request: gr.Request,
    ) -> tuple[Any, ...]:
        """A page was opened or reloaded: everything that was there is there again.

        For: tabs, job, progress, what the player was told, the fields of Speak, library, picture,
        further recordings, what was remembered of these two, models.
        """
        language = self.language_of(request)
        job_id = speaking.to_follow(self._studio)
        now = self.speak.standings.of(job_id)
        is_at_work = now is not None and not now.state.is_over
        return (
            gr.Tabs(selected="speak") if is_at_work else gr.skip(),
            job_id,
            *self.speak.show(now, language),
            _told(now),
            *self.speak.restored(draft, language),
            *self.voice.library.shelved(None, language),
            *self.voice.recalled(memo, language),
            *self.voice.further.recalled(listed, language),
            [memo, listed],
            *self.models.recalled(language),
        )

    def wire(self, page: gr.Blocks) -> None:
        """Connect everything."""
        wires = Wires(self.language_of)
        speak, voice = self.speak, self.voice
        voice.wire(wires, speak, self.tabs, self.voice_tab)
        speak.wire(wires, page, self.speak_tab)
        self.models.wire(wires, self.news, speak.choice, self.tabs)
        self.monitor.wire(wires)
        filled = wires.connect(
            page.load,
            self.on_load,
            [speak.draft, voice.memo, voice.further.memo],
            [
                self.tabs,
                speak.job,
                *speak.progress,
                self.told,
                *speak.fields,
                *voice.library.shelf,
                *voice.picture,
                *voice.further.picture,
                voice.asked,
                *self.models.fields,
            ],
            problem=voice.problem,
        )
        wires.connect(
            filled.then, voice.on_filled,
            [voice.asked, voice.memo, voice.further.memo, voice.name, voice.consent],
            [*voice.picture, *voice.further.picture],
            problem=None,
        )  # fmt: skip
        live = [self.line, self.panel, self.monitor.full, self.pulse]
        live += [self.models.progress, self.news]
        # Without a handler: the browser asks past Gradio.
        gr.Timer(TICK_S).tick(
            None, [speak.voice, *live], live, js=LOOK, show_progress="hidden",
            api_visibility="private",
        )  # fmt: skip
        wires.connect(
            self.pulse.change,
            self.on_pulse,
            [self.told, speak.job],
            [
                speak.job,
                self.told,
                speak.texts.jobs,
                *self.monitor.buttons,
                *speak.progress,
            ],
            problem=None,
            queue=False,
        )
