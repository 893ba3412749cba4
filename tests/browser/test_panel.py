"""The live panel in a real browser: with cards that are not there, and on this machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import App, Open, end, free_port, serve
from tests.browser.test_page import CONTRASTS, SLOW_MS, WIDTHS, listen_to, tab
from tests.browser.with_cards import LOST

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    home, port = tmp_path_factory.mktemp("cards"), free_port()
    started = serve(home, port, "-m", "tests.browser.with_cards", str(port), str(home))
    yield started
    end(started)


def look(chromium: Browser, cards: App, *, width: int, locale: str, scheme: str) -> Page:
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, locale=locale, color_scheme=scheme
    )
    page = context.new_page()
    page.goto(cards.address)
    page.locator("#status .tb-status").wait_for()
    tab(page, -1)
    page.locator("#monitor .tb-monitor").wait_for()
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
@pytest.mark.parametrize("width", [1280, 400])
def test_two_cards_fit_the_screen_and_every_word_can_be_read(
    chromium: Browser, cards: App, width: int, locale: str, scheme: str
) -> None:
    page = look(chromium, cards, width=width, locale=locale, scheme=scheme)
    page.wait_for_timeout(300)  # colours of tabs change gradually
    assert page.evaluate(WIDTHS) == [width, width]
    assert page.evaluate(CONTRASTS, 4.5) == []
    page.context.close()


def test_a_card_shows_what_fills_it_and_the_lost_one_is_named(
    chromium: Browser, cards: App
) -> None:
    page = look(chromium, cards, width=1280, locale="en-US", scheme="light")
    card = page.locator("#monitor .tb-card").first
    expect(card).to_contain_text(re.compile(r"Model weights\s*512 MB"))
    expect(card).to_contain_text(re.compile(r"Budget\s*3.6 GB"))
    expect(card).to_contain_text("its power limit")
    lost = page.locator("#monitor .tb-card", has_text=LOST)
    expect(lost).to_contain_text("does not answer any more")
    # The stretches stand side by side and fill the bar; the budget lies right of the peaks.
    bar = card.locator(".tb-memory > div")
    frame = bar.bounding_box()
    boxes = [box for part in bar.locator("i").all() if (box := part.bounding_box())]
    assert frame is not None
    assert sum(box["width"] for box in boxes) == pytest.approx(frame["width"], abs=2)
    colours = bar.locator("i").evaluate_all(
        "parts => parts.map(part => getComputedStyle(part).backgroundColor)"
    )
    assert len(set(colours)) == len(colours) == 8
    places = {
        name: box["x"]
        for name in ("peak", "predicted", "budget")
        if (box := bar.locator(f".tb-m-{name}").bounding_box())
    }
    assert sorted(places, key=lambda name: places[name]) == ["peak", "predicted", "budget"]
    expect(page.locator("#monitor .tb-events li").first).to_contain_text("batch 8 → 4")
    expect(page.locator("#unload")).to_be_disabled()
    expect(page.locator("#acts-why")).to_contain_text("press Stop first")
    page.context.close()


def test_the_panel_moves_without_asking_gradio(chromium: Browser, cards: App) -> None:
    page = look(chromium, cards, width=1280, locale="en-US", scheme="light")
    expect(page.locator("#acts-why")).not_to_be_empty()  # the first pulse was heard
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    line = page.locator("#panel polyline").first
    for _ in range(3):
        before = line.get_attribute("points")
        page.wait_for_function(
            "points => document.querySelector('#panel polyline').getAttribute('points') !== points",
            arg=before,
        )
    looks = [url for url in asked if "/timbre/now" in url]
    events = [url for url in asked if "/gradio_api/" in url]
    assert len(looks) >= 3
    assert len(events) <= 1  # one in half a minute comes in any case
    page.context.close()


def test_a_spoken_text_is_reported_and_its_engine_unloaded(visit: Open, tmp_path: Path) -> None:
    page = visit()
    listen_to(page, " ".join(f"This is sentence number {n} of a text." for n in range(1, 15)))
    # First its segments, then their end: an opened page still shows the text before it as done.
    expect(page.locator(".tb-pieces")).to_contain_text("sentence number 14", timeout=SLOW_MS)
    expect(page.locator(".tb-stage[data-state=done]")).to_be_visible(timeout=SLOW_MS)
    tab(page, -1)
    growth = page.locator("#monitor .tb-card", has_text="Memory from segment to segment")
    expect(growth.locator(".tb-verdict")).to_contain_text(
        re.compile("steady|growing|too few segments")
    )

    page.locator("#report button").first.click()
    expect(page.locator("#report-job input")).to_have_value(re.compile("This is sentence"))
    page.locator("#report-go").click()
    expect(page.locator("#report-drawn svg")).to_be_visible(timeout=SLOW_MS)
    expect(page.locator("#report-drawn figcaption")).to_contain_text("× real time")
    with page.expect_download(timeout=SLOW_MS) as saved:
        page.locator("#report-png").click()
    written = tmp_path / "report.png"
    saved.value.save_as(written)
    assert written.read_bytes().startswith(b"\x89PNG")

    page.locator("#stress button").first.click()
    page.locator("#stress-go").click()
    # It runs the engine ten times: 22 s of computing.
    found = page.locator("#stress-found")
    expect(found).to_contain_text("references up to", timeout=3 * SLOW_MS)
    expect(page.locator("#stress-found svg")).to_be_visible()

    unload = page.locator("#unload")
    expect(unload).to_be_enabled()
    unload.click()
    expect(page.locator("#acts-said")).to_contain_text("Unloaded")
    expect(unload).to_be_disabled()
    expect(page.locator("#monitor")).to_contain_text(re.compile(r"Engine\s*not running"))
    expect(page.locator("#acts-why")).to_contain_text("No model is loaded")
