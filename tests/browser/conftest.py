"""The whole program, and a real browser in front of it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
START_S = 60.0
PATIENCE_MS = 20_000
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
# No word on autoplay: sound has to begin by the press on Speak, as for everybody. The microphone
# is Chromium's own: it beeps.
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
)  # fmt: skip


@dataclass
class App:
    """The program at work.

    Args:
        address: Of its page.
        process: It.
        home: Its folder.
    """

    address: str
    process: subprocess.Popen[str]
    home: Path


def start(home: Path, port: int, *more: str) -> App:
    """`python app.py` as a person starts it; returns when its page is up."""
    return serve(
        home, port, "app.py", "--no-browser", "--port", str(port), "--home", str(home), *more
    )


def serve(home: Path, port: int, *command: str) -> App:
    """A program of Python with the page; returns when that is up."""
    said = home / "said.txt"
    with said.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, text=True
        )
    until_up(process, said)
    return App(address=f"http://127.0.0.1:{port}/", process=process, home=home)


def until_up(process: subprocess.Popen[str], said: Path) -> None:
    """Wait until a program has said, into a file, where its page is."""
    deadline = time.monotonic() + START_S
    while "Timbre is at" not in said.read_text():
        assert process.poll() is None, said.read_text()
        assert time.monotonic() < deadline, "the page did not come up"
        time.sleep(0.1)


def end(app: App) -> None:
    app.process.terminate()
    try:
        app.process.wait(20)
    except subprocess.TimeoutExpired:
        app.process.kill()
        app.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    started = start(tmp_path_factory.mktemp("home"), free_port())
    yield started
    end(started)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as opened:
        yield opened


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        reason = f"no browser: none of {', '.join(NAMES)} is on PATH"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    expect.set_options(timeout=PATIENCE_MS)
    browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
    yield browser
    browser.close()


@dataclass
class Seen:
    """What a page did besides what it showed."""

    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    sounds: list[tuple[str, int]] = field(default_factory=list)


Open = Callable[..., Page]

CUT = ("AbortError: signal is aborted", "Unexpected error Connection errored out")
"""What Gradio's script says of a stream that is cut because its page is being left."""


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def visit(app: App, chromium: Browser, seen: Seen) -> Iterator[Open]:
    """Opens the page in a fresh browser profile; at the end nothing may have gone wrong."""
    contexts = []

    def opened(*, width: int = 1280, locale: str = "en-US", **options: Any) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, locale=locale, **options
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: said.type == "error" and seen.errors.append(said.text))
        page.on("pageerror", lambda error: seen.errors.append(str(error)))
        page.on("request", lambda asked: _note_outside(seen, asked.url, app.address))
        page.on("response", lambda answer: _note_sound(seen, answer))
        page.goto(app.address)
        # The first tick of the timer has arrived, and the answer that fills the page: the tab that
        # it begins with is drawn.
        page.locator("#status .tb-status").wait_for()
        page.locator("#wave .tb-wave, #stage .tb-stage").first.wait_for()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [said for said in seen.errors if not said.startswith(CUT)] == []
    assert seen.outside == []


def _note_outside(seen: Seen, url: str, address: str) -> None:
    if not url.startswith((address, "data:", "blob:")):
        seen.outside.append(url)


def _note_sound(seen: Seen, answer: Any) -> None:
    if answer.headers.get("content-type", "").startswith("audio/"):
        n_bytes = int(answer.headers.get("content-length", 0))
        seen.sounds.append((answer.url, n_bytes))


@pytest.fixture(scope="session")
def recording() -> Path:
    return ROOT / "assets" / "demo_voice.flac"
