"""GPT-SoVITS in a real browser, with tiny models in the official formats."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests import tiny_gpt_sovits
from tests.browser.conftest import App, end, free_port, start
from tests.browser.test_models import choose, visit
from tests.browser.test_page import SLOW_MS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    models = tmp_path_factory.mktemp("checkpoints")
    tiny_gpt_sovits.make(models)
    home = tmp_path_factory.mktemp("home")
    started = start(home, free_port(), "--models", str(models))
    yield started
    end(started)


def test_a_text_in_two_languages_is_spoken_with_a_persons_own_checkpoints(
    chromium: Browser, studio: App
) -> None:
    page, errors = visit(chromium, studio)
    choose(page, "#engine", "GPT-SoVITS")
    expect(page.locator("#model input")).to_have_value("ann-e15 + ann_e8_s120")
    page.locator("#text textarea").fill("Hello there, this is a small test.\n\n今天天气很好。")
    page.locator("#speak").click()
    # The engine imports torch and transformers, and loads five files.
    expect(page.locator(".tb-stage-said")).to_have_text("Done", timeout=3 * SLOW_MS)
    expect(page.locator(".tb-pieces")).to_contain_text("今天天气很好。")
    sounds = list(studio.home.glob("data/jobs/*/segments/*.flac"))
    assert len(sounds) == 2
    assert list(studio.home.glob("cache/models/*")), "the checkpoints were copied for next time"
    assert errors == []
    page.context.close()
