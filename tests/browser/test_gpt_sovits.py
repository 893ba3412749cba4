"""GPT-SoVITS in a real browser, with tiny models in the official formats."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from playwright.sync_api import Browser, expect

from tests import tiny_gpt_sovits
from tests.browser.conftest import App, end, free_port, start
from tests.browser.test_models import choose, visit
from tests.browser.test_page import CONTRASTS, SLOW_MS, WIDTHS, tab
from tests.conftest import ASSETS

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


def a_cut(folder: Path, name: str, start_s: float, stop_s: float) -> Path:
    samples, rate = soundfile.read(ASSETS / "demo_voice.flac", dtype="float32")
    file = folder / name
    soundfile.write(file, samples[round(start_s * rate) : round(stop_s * rate)], rate)
    return file


def test_a_voice_is_made_of_several_recordings_and_spoken_with(
    chromium: Browser, studio: App, tmp_path: Path
) -> None:
    page, errors = visit(chromium, studio, width=400)
    choose(page, "#engine", "Built-in")
    tab(page, 0)
    expect(page.locator("#further")).not_to_be_visible()
    page.locator("#drop input[type=file]").set_input_files(ASSETS / "demo_voice.flac")
    expect(page.locator("#window")).to_contain_text("Best")
    tab(page, 1)
    choose(page, "#engine", "GPT-SoVITS")
    tab(page, 0)
    # What was proposed for the other engine is proposed anew: from 3 to 10 s.
    expect(page.locator("#further")).to_be_visible()
    page.locator("#further button").first.click()
    files = [a_cut(tmp_path, "first.wav", 0, 5), a_cut(tmp_path, "second.wav", 4, 9)]
    breath = a_cut(tmp_path, "breath.wav", 1, 1.4)
    page.locator("#further-drop input[type=file]").set_input_files([*files, breath])
    expect(page.locator("#further-list li")).to_have_count(2, timeout=SLOW_MS)
    expect(page.locator("#further-problem")).to_contain_text("“breath.wav” cannot be used")
    page.locator("#further-list audio").first.evaluate("audio => audio.load()")
    page.wait_for_function("document.querySelector('#further-list audio').duration > 2.5")
    page.get_by_role("button", name="Take first.wav away").click()
    expect(page.locator("#further-list li")).to_have_count(1)
    assert page.evaluate(WIDTHS) == [400, 400]
    assert page.evaluate(CONTRASTS, 4.5) == []

    page.reload()
    expect(page.locator("#further-list li b")).to_have_text("second.wav")
    page.locator("#name textarea, #name input").fill("Jane")
    page.locator("#consent input").check()
    page.locator("#use").click()
    expect(page.locator("#speak-said")).to_contain_text("Jane is ready")
    page.locator("#text textarea").fill("Hello there.")
    page.locator("#speak").click()
    expect(page.locator(".tb-stage-said")).to_have_text("Done", timeout=3 * SLOW_MS)
    assert len(list(studio.home.glob("data/voices/*/further-*.flac"))) == 1
    assert errors == []
    page.context.close()
