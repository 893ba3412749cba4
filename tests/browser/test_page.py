"""What a person does with the page, done by a real browser on the whole program."""

from __future__ import annotations

import re
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import App, Open, Seen, end, free_port, start

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

SHORT = "The kettle sings. It is time for tea."
LONG = " ".join(f"This is sentence number {n} of a long and quiet text." for n in range(1, 61))
SLOW_MS = 60_000
"""The engine process starts cold, on a machine that may be busy."""

WIDTHS = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"


def tab(page: Page, number: int) -> None:
    page.get_by_role("tab").nth(number).click()


def listen_to(page: Page, text: str) -> None:
    """Type a text on the Speak tab, in the demo voice, and press Speak."""
    tab(page, 1)
    expect(page.locator("#voice input")).not_to_have_value("")
    page.locator("#text textarea").fill(text)
    expect(page.locator("#plan")).to_contain_text("of sound")
    page.locator("#speak").click()


def played_s(page: Page) -> float:
    return float(page.locator(".tb-stage").get_attribute("data-played") or 0)


def wait_until_played(page: Page, seconds: float) -> None:
    page.wait_for_function(
        f"Number(document.querySelector('.tb-stage').dataset.played) > {seconds}", timeout=SLOW_MS
    )


def test_a_recording_becomes_a_voice_and_a_text_is_heard_in_it(
    visit: Open, seen: Seen, recording: Path
) -> None:
    page = visit()
    page.locator("#drop input[type=file]").set_input_files(recording)
    expect(page.locator("#wave svg")).to_be_visible()
    expect(page.locator("#kept .tb-line")).to_contain_text(re.compile(r"\d\.\d s, from 0:0\d\.\d"))
    expect(page.locator("#kept")).to_contain_text("above the background")
    # The kept part can be heard: it is decoded by the browser and as long as it says.
    kept = page.locator("#kept audio")
    kept.evaluate("audio => audio.load()")
    page.wait_for_function("document.querySelector('#kept audio').duration > 3")

    expect(page.locator("#use")).to_be_disabled()
    page.locator("#consent input").check()
    page.locator("#name textarea, #name input").fill("Jane")
    page.locator("#transcript textarea").fill("And Mister John Dashwood had then leisure.")
    page.locator("#use").click()
    expect(page.locator("#speak-said")).to_contain_text("Jane is ready")
    expect(page.locator("#voice input")).to_have_value("Jane")

    listen_to(page, SHORT)
    wait_until_played(page, 0.8)
    pieces = [n_bytes for url, n_bytes in seen.sounds if "/pieces/" in url]
    assert pieces
    assert max(pieces) > 24_000  # half a second of 24 kHz at 16 bits
    expect(page.locator(".tb-stage-said")).to_have_text("Done", timeout=SLOW_MS)
    take = page.locator(".tb-take")
    expect(take).to_be_visible(timeout=SLOW_MS)
    page.wait_for_function("document.querySelector('.tb-take').duration > 1.5")


def test_a_reload_in_the_middle_of_a_job_loses_nothing(visit: Open) -> None:
    page = visit()
    listen_to(page, LONG)
    wait_until_played(page, 0.5)
    n_pieces = page.locator(".tb-pieces li").count()
    assert n_pieces > 10

    page.reload()
    page.locator("#status .tb-status").wait_for()
    tab(page, 1)
    expect(page.locator(".tb-pieces li")).to_have_count(n_pieces)
    expect(page.locator("#text textarea")).to_have_value(LONG)
    assert page.locator(".tb-pieces li[data-state=done]").count() >= 1
    # Nothing plays by itself after a reload; a press begins at the start, while the job goes on.
    assert played_s(page) == 0
    page.locator(".tb-again, .tb-take").first.wait_for(state="attached")
    if page.locator(".tb-controls").is_visible():
        page.locator(".tb-again").click()
        wait_until_played(page, 0.5)
    page.locator("#stop-job").click(force=True, no_wait_after=True)
    expect(page.locator(".tb-stage")).to_have_attribute(
        "data-state", re.compile("stopped|done"), timeout=SLOW_MS
    )


def hold(page: Page) -> list[Route]:
    """Of a page that is asked for anew: what it asks its program for, held back."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route("**/queue/join*", keep)
    return held


def test_what_is_typed_before_the_page_is_filled_stays_and_is_planned(visit: Open) -> None:
    page = visit()
    held = hold(page)
    page.reload()
    tab(page, 1)
    text = page.locator("#text textarea")
    text.press_sequentially("Typed early.")
    while not held:
        page.wait_for_timeout(50)
    # The answer that fills the page comes when the text is there.
    page.route("**/queue/join*", lambda route: route.continue_())
    for asked in held:
        asked.continue_()
    expect(page.locator("#voice input")).not_to_have_value("")
    expect(page.locator("#plan")).to_contain_text("of sound")
    expect(text).to_have_value("Typed early.")

    # And it is found again.
    page.reload()
    tab(page, 1)
    expect(text).to_have_value("Typed early.")


def test_what_is_dropped_before_the_page_is_filled_keeps_its_picture(
    visit: Open, recording: Path
) -> None:
    page = visit()
    held = hold(page)
    page.reload()
    # The one that fills the page is asked with the three things that the browser remembers.
    while not any(len(route.request.post_data_json["data"]) == 3 for route in held):
        page.wait_for_timeout(50)
    page.route("**/queue/join*", lambda route: route.continue_())
    page.locator("#drop input[type=file]").set_input_files(recording)
    expect(page.locator("#wave svg")).to_be_visible()
    expect(page.locator("#name input, #name textarea")).not_to_have_value("")

    # The answer that fills the page was asked for when nothing had been dropped.
    for asked in held:
        asked.continue_()
    tab(page, 1)
    expect(page.locator("#voice input")).not_to_have_value("")
    tab(page, 0)
    expect(page.locator("#wave svg")).to_be_visible()
    expect(page.locator("#window input:checked")).to_have_count(1)
    page.locator("#consent input").check()
    expect(page.locator("#use")).to_be_enabled()


def test_a_stopped_job_goes_on_where_it_was(visit: Open) -> None:
    page = visit()
    listen_to(page, LONG.replace("quiet", "stopped"))
    page.locator(".tb-pieces li[data-state=done]").first.wait_for(timeout=SLOW_MS)
    page.locator("#stop-job").click()
    stage = page.locator(".tb-stage")
    expect(stage).to_have_attribute("data-state", "stopped", timeout=5_000)
    kept = page.locator(".tb-pieces li[data-state=done]").count()
    page.locator("#resume").click()
    page.wait_for_function(
        f"document.querySelectorAll('.tb-pieces li[data-state=done]').length > {kept}",
        timeout=SLOW_MS,
    )
    page.locator("#stop-job").click()
    expect(stage).to_have_attribute("data-state", "stopped", timeout=5_000)


def test_the_finished_sound_is_saved_as_mp3_with_one_press(visit: Open) -> None:
    page = visit()
    listen_to(page, SHORT)
    expect(page.locator(".tb-stage-said")).to_have_text("Done", timeout=SLOW_MS)
    page.locator("#save-as").get_by_role("button").first.click()
    page.locator("#format input").click()
    page.get_by_role("option", name=re.compile("^MP3")).click()
    with page.expect_download(timeout=SLOW_MS) as waiting:
        page.locator("#save").click()
    content = Path(waiting.value.path()).read_bytes()
    assert content[:3] == b"ID3" or content[0] == 0xFF
    assert len(content) > 8_000
    expect(page.locator("#saved")).to_contain_text("LUFS")


def test_a_part_drawn_on_the_waveform_is_kept(visit: Open, recording: Path) -> None:
    page = visit()
    page.locator("#drop input[type=file]").set_input_files(recording)
    wave = page.locator(".tb-wave[data-seconds]")
    wave.wait_for()
    wave.scroll_into_view_if_needed()
    box = wave.bounding_box()
    assert box is not None
    seconds = float(wave.get_attribute("data-seconds") or 0)
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.2 * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], middle, steps=4)
    page.mouse.up()
    expect(page.locator("#window input[value=hand]")).to_be_checked()
    start = float(page.locator("#start input").input_value())
    stop = float(page.locator("#stop input").input_value())
    # One pixel of the picture is about 0.01 s.
    assert start == pytest.approx(0.2 * seconds, abs=0.05)
    assert stop == pytest.approx(0.5 * seconds, abs=0.05)
    kept = page.locator("#kept .tb-line")
    expect(kept).to_contain_text(f"{stop - start:.1f} s")

    said = kept.inner_text()
    page.reload()
    expect(kept).to_have_text(said)
    expect(page.locator("#window input[value=hand]")).to_be_checked()


def test_what_the_microphone_records_is_judged_like_a_file(visit: Open) -> None:
    page = visit(permissions=["microphone"])
    record = page.locator("#record")
    record.get_by_role("button", name="Record").click()
    page.wait_for_timeout(2500)  # somebody speaks, for longer than the shortest reference
    record.get_by_role("button", name="Stop").click()
    # The fake microphone beeps: that it is no speech shows that the sound itself arrived.
    expect(page.locator("#kept .tb-problem")).to_contain_text(
        "Nobody speaks in these", timeout=SLOW_MS
    )
    expect(page.locator("#wave svg")).to_be_visible()
    expect(page.locator("#use")).to_be_disabled()


def test_what_is_no_sound_is_refused_in_its_place_and_the_page_goes_on(
    visit: Open, recording: Path, tmp_path: Path
) -> None:
    letter = tmp_path / "voice.wav"
    letter.write_text("Dear Anna, this is a letter and no recording. " * 50)
    page = visit()
    page.locator("#drop input[type=file]").set_input_files(letter)
    problem = page.locator("#voice-problem .tb-problem")
    expect(problem).to_contain_text("not a sound file")
    expect(problem).to_contain_text("WAV, MP3")
    page.locator("#drop").get_by_role(
        "button", name=re.compile("Clear|Remove|Delete")
    ).first.click()
    page.locator("#drop input[type=file]").set_input_files(recording)
    expect(page.locator("#wave svg")).to_be_visible()
    expect(problem).to_have_count(0)


def test_the_monitor_says_what_the_machine_says(visit: Open, app: App) -> None:
    page = visit()
    tab(page, -1)
    monitor = page.locator("#monitor")
    expect(monitor).to_contain_text("This machine")
    expect(monitor).to_contain_text(re.compile(r"Memory\d+(\.\d)? / \d+(\.\d)? GB"))
    cards = monitor.locator(".tb-card h3").all_inner_texts()
    assert cards[0] == "Graphics card" or "NVIDIA" in cards[0]
    shown = re.search(r"Page\s*(\d+) MB", monitor.inner_text())
    assert shown is not None
    resident = psutil.Process(app.process.pid).memory_info().rss / 2**20
    # It was read up to a second ago, and pages come and go.
    assert float(shown[1]) == pytest.approx(resident, rel=0.2)
    first = monitor.locator(".tb-history polyline").first
    before = first.get_attribute("points")
    page.wait_for_function(
        "points => document.querySelector('#monitor .tb-history polyline')"
        ".getAttribute('points') !== points",
        arg=before,
    )


def test_the_page_speaks_the_browsers_language_and_can_be_told_another(visit: Open) -> None:
    page = visit(locale="zh-CN")
    expect(page.get_by_role("tab")).to_have_text(["声音", "朗读", "模型", "监视"])
    expect(page.locator("#panel")).to_contain_text("本机")
    page.locator("#languages button[data-language=en]").click()
    expect(page.get_by_role("tab")).to_have_text(["Voice", "Speak", "Models", "Monitor"])
    expect(page.locator("#panel")).to_contain_text("This machine")
    page.reload()
    expect(page.get_by_role("tab")).to_have_text(["Voice", "Speak", "Models", "Monitor"])


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_nothing_is_cut_on_a_phone(visit: Open, recording: Path, locale: str) -> None:
    page = visit(width=400, locale=locale)
    page.locator("#drop input[type=file]").set_input_files(recording)
    expect(page.locator("#wave svg")).to_be_visible()
    for number in range(3):
        tab(page, number)
        wide, window = page.evaluate(WIDTHS)
        assert wide == window == 400


def test_the_whole_way_can_be_gone_by_keyboard(visit: Open) -> None:
    page = visit()
    page.get_by_role("tab").nth(0).focus()
    page.get_by_role("tab").nth(1).press("Enter")
    text = page.locator("#text textarea")
    expect(text).to_be_visible()
    text.focus()
    text.press_sequentially("By keyboard.")
    expect(page.locator("#plan")).to_contain_text("of sound")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "speak":
            break
    assert page.evaluate("document.activeElement.id") == "speak"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    page.locator(".tb-pieces li[data-state=done]").first.wait_for(timeout=SLOW_MS)


@pytest.mark.slow
def test_an_open_page_and_its_job_outlive_the_program(chromium: Browser, tmp_path: Path) -> None:
    first = start(tmp_path, free_port())
    page = chromium.new_page(locale="en-US")
    page.goto(first.address)
    page.locator("#status .tb-status").wait_for()
    listen_to(page, LONG.replace("quiet", "patient"))
    done = page.locator(".tb-pieces li[data-state=done]")
    done.nth(1).wait_for(timeout=SLOW_MS)
    kept = done.count()
    first.process.kill()
    first.process.wait()
    # Started again as before; nobody touches the page.
    second = start(tmp_path, int(first.address.rstrip("/").rsplit(":", 1)[1]))
    try:
        page.wait_for_function(
            "kept => document.querySelectorAll('.tb-pieces li[data-state=done]').length > kept",
            arg=kept,
            timeout=SLOW_MS,
        )
        expect(page.locator("#text textarea")).to_have_value(LONG.replace("quiet", "patient"))
    finally:
        page.close()
        end(second)


CONTRASTS = """(least) => {
  const channel = (v) => {
    v /= 255;
    return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  };
  const rgba = (css) => {
    const numbers = css.match(/[\\d.]+/g).map(Number);
    return numbers.length < 4 ? [...numbers, 1] : numbers;
  };
  const light = (c) => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
  const ground = (node) => {
    while (node && rgba(getComputedStyle(node).backgroundColor)[3] < 1) node = node.parentElement;
    return node ? rgba(getComputedStyle(node).backgroundColor) : [255, 255, 255, 1];
  };
  const faint = [];
  for (const node of document.querySelectorAll('body *')) {
    const words = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    const box = node.getBoundingClientRect();
    if (!words || !box.width || !box.height) continue;
    if (!node.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    if (node.closest(':disabled, option, [aria-disabled=true]')) continue;
    const [a, b] = [light(ground(node)), light(rgba(getComputedStyle(node).color))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < least) faint.push(ratio.toFixed(2) + ' ' + node.textContent.trim().slice(0, 40));
  }
  return faint;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_stands_out_from_its_ground(visit: Open, recording: Path, scheme: str) -> None:
    page = visit(color_scheme=scheme)
    page.locator("#drop input[type=file]").set_input_files(recording)
    expect(page.locator("#wave svg")).to_be_visible()
    for number in range(3):
        tab(page, number)
        page.wait_for_timeout(300)  # colours of tabs change gradually
        assert page.evaluate(CONTRASTS, 4.5) == []
        assert page.evaluate(CONTRASTS, 21.1) != []  # the measure sees words at all
