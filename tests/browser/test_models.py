"""An engine that needs a model, in a real browser: chosen, given a model, spoken with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Page, expect

from core.paths import Paths
from tests.browser.conftest import App, end, free_port, serve
from tests.browser.test_page import CONTRASTS, SHORT, SLOW_MS, WIDTHS, tab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

MODELS = 2


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    home, port = tmp_path_factory.mktemp("models"), free_port()
    started = serve(home, port, "-m", "tests.browser.with_models", str(port), str(home))
    yield started
    end(started)


def visit(
    chromium: Browser, studio: App, *, width: int = 1280, locale: str = "en-US"
) -> tuple[Page, list[str]]:
    """The page on its Speak tab, and what went wrong in it."""
    context = chromium.new_context(viewport={"width": width, "height": 900}, locale=locale)
    context.set_default_timeout(20_000)
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda said: said.type == "error" and errors.append(said.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(studio.address)
    page.locator("#status .tb-status").wait_for()
    tab(page, 1)
    expect(page.locator("#voice input")).not_to_have_value("")
    return page, errors


def choose(page: Page, where: str, name: str) -> None:
    page.locator(f"{where} input").click()
    page.get_by_role("option", name=name).click()


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
@pytest.mark.parametrize("width", [1280, 400])
def test_the_models_tab_fits_the_screen_and_every_word_can_be_read(
    chromium: Browser, studio: App, width: int, locale: str
) -> None:
    page, errors = visit(chromium, studio, width=width, locale=locale)
    tab(page, MODELS)
    page.locator("#models .tb-card").first.wait_for()
    page.locator("#fetch-from button").first.click()
    expect(page.locator("#fetch-address input, #fetch-address textarea")).to_be_visible()
    page.wait_for_timeout(300)  # colours of tabs change gradually
    assert page.evaluate(WIDTHS) == [width, width]
    assert page.evaluate(CONTRASTS, 4.5) == []
    assert errors == []
    page.context.close()


def test_copies_of_models_are_removed_and_another_address_is_saved(
    chromium: Browser, studio: App
) -> None:
    copy = studio.home / "cache" / "models" / f"{'a' * 32}-1"
    copy.mkdir(parents=True)
    (copy / "old.safetensors").write_bytes(b"0" * 3_000_000)
    page, errors = visit(chromium, studio)
    tab(page, MODELS)
    expect(page.locator("#copies")).to_contain_text("take 3.0 MB on the disk")
    page.locator("#copies-clear").click()
    expect(page.locator("#copies-clear")).not_to_be_visible()
    assert not copy.exists()

    page.locator("#fetch-from button").first.click()
    address = page.locator("#fetch-address input, #fetch-address textarea")
    address.fill("mirror.example")
    page.locator("#fetch-address-save").click()
    expect(page.locator("#fetch-address-problem")).to_contain_text("not the address of a site")
    settings = studio.home / "config" / "settings.toml"
    assert not settings.exists() or "mirror" not in settings.read_text()
    address.fill("http://127.0.0.1:9/hub")
    page.locator("#fetch-address-save").click()
    expect(page.locator("#fetch-address-saved")).to_contain_text("http://127.0.0.1:9/hub")
    expect(page.locator("#fetch-address-problem")).to_be_empty()
    assert 'hub_endpoint = "http://127.0.0.1:9/hub"' in settings.read_text()

    # The next download asks there, and says that nobody answers.
    page.locator("#fetch-go").click()
    failed = page.locator("#download").get_by_role("alert")
    expect(failed).to_contain_text("127.0.0.1 cannot be reached", timeout=SLOW_MS)
    address.fill((studio.home / "hub").read_text())
    page.locator("#fetch-address-save").click()
    expect(page.locator("#fetch-address-saved")).not_to_contain_text(":9/hub")
    assert errors == []
    page.context.close()


def test_an_engine_is_chosen_its_model_fetched_and_a_text_spoken_with_both(
    chromium: Browser, studio: App
) -> None:
    page, errors = visit(chromium, studio)
    expect(page.locator("#knob-singer-pitch")).not_to_be_visible()
    choose(page, "#engine", "Singer")
    expect(page.locator("#engine-note")).to_contain_text("Singer needs a model")
    expect(page.locator("#status")).to_contain_text("Singer")
    page.locator("#pace button").first.click()
    expect(page.locator("#knob-singer-pitch")).to_contain_text("In which key it sings.")

    # What cannot speak yet says so where Speak was pressed, and nothing else happens.
    page.locator("#text textarea").fill(SHORT)
    page.locator("#speak").click()
    expect(page.locator("#speak-problem")).to_contain_text("no Singer model on this computer")

    page.locator("#get-models").click()
    expect(page.locator("#fetch-what input")).to_have_value("Alto")
    expect(page.locator("#fetch-size")).to_contain_text("6.0 MB to fetch")
    page.locator("#fetch-go").click()
    progress = page.locator("#download")
    expect(progress).to_contain_text("Downloading alto")
    expect(progress).to_contain_text(re.compile(r"0\.\d MB of 6\.0 MB"))
    page.locator("#fetch-stop").click()
    expect(page.locator("#fetch-stop")).to_be_disabled()
    # The hub held its answer back until Stop was heard: it ends between two pieces.
    (studio.home / "go").touch()
    expect(progress).to_contain_text("Stopped. What has come is kept", timeout=SLOW_MS)
    page.locator("#fetch-go").click()
    expect(progress).to_contain_text("alto is here", timeout=SLOW_MS)
    expect(page.locator("#fetch-size")).to_contain_text("All of it is here.")
    expect(page.locator("#models").get_by_text("alto", exact=True)).to_be_visible()

    tab(page, 1)
    expect(page.locator("#model input")).to_have_value("alto")
    expect(page.locator("#get-models")).not_to_be_visible()
    page.locator("#speak").click()
    expect(page.locator(".tb-stage-said")).to_have_text("Done", timeout=SLOW_MS)
    said = (studio.home / "fake" / "log").read_text().splitlines()
    assert "load cpu alto" in said

    # The next visit begins where this one ended.
    page.reload()
    page.locator("#status .tb-status").wait_for()
    tab(page, 1)
    expect(page.locator("#engine input")).to_have_value("Singer")
    expect(page.locator("#model input")).to_have_value("alto")
    assert errors == []
    page.context.close()


# Every sound that the page starts, and when it ends
SPY = """
window.started = [];
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (at, from) {
  window.started.push({ at, from, until: at + this.buffer.duration - from,
                        all: this.buffer.duration });
  return start.call(this, at, from);
};
"""


def test_the_first_piece_is_heard_while_it_is_still_being_made(
    chromium: Browser, studio: App
) -> None:
    own = Paths.default(studio.home).models / "own.tone"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text("mine")
    go = studio.home / "fake" / "go"
    go.unlink(missing_ok=True)
    page, errors = visit(chromium, studio)
    page.add_script_tag(content=SPY)
    choose(page, "#engine", "Singer")
    choose(page, "#model", "own")
    page.locator("#text textarea").fill("They waitforgo before the end of a first piece.")
    page.locator("#speak").click()
    expect(page.locator(".tb-pieces li")).to_have_count(1, timeout=SLOW_MS)  # the job is there
    page.wait_for_function("window.started.length === 1", timeout=SLOW_MS)
    assert page.locator(".tb-pieces li[data-state=done]").count() == 0
    go.touch()
    expect(page.locator(".tb-stage-said")).to_have_text("Done", timeout=SLOW_MS)
    page.wait_for_function("window.started.length >= 2")
    sounds = page.evaluate("window.started")
    heard_s = 0.0
    for sound in sounds[:-1]:
        assert sound["from"] == 0
        heard_s += sound["all"]
    # What is played of the whole piece begins where the parts before ended.
    assert sounds[-1]["from"] == pytest.approx(heard_s, abs=1e-3)
    assert sounds[-1]["all"] > heard_s
    assert all(now["at"] >= before["until"] - 1e-6 for before, now in pairwise(sounds))
    own.unlink()
    assert errors == []
    page.context.close()
