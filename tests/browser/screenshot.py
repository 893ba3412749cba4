"""Takes the README's picture of the page: `python -m tests.browser.screenshot docs/screenshot.png`.

The real program in a fresh home, the English example spoken by the built-in engine in the demo
voice, while its third sentence is heard. To be taken on an idle machine: its load is in it.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.browser.conftest import NAMES, QUIET, end, free_port, start
from tests.browser.test_page import SLOW_MS, tab

WIDTH, HEIGHT = 1280, 780
HEARD = 2
"""Place of the sentence that is marked in the picture."""


def main() -> None:
    target = Path(sys.argv[1]).absolute()
    path = next(found for name in NAMES if (found := shutil.which(name)))
    with tempfile.TemporaryDirectory() as home:
        app = start(Path(home), free_port())
        try:
            with sync_playwright() as opened:
                browser = opened.chromium.launch(executable_path=path, args=list(QUIET))
                page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, locale="en-US")
                page.goto(app.address)
                page.locator("#status .tb-status").wait_for()
                tab(page, 1)
                expect(page.locator("#voice input")).not_to_have_value("")
                page.get_by_role("button", name="English", exact=True).last.click()
                expect(page.locator("#plan")).to_contain_text("of sound")
                page.locator("#speak").click()
                said = page.locator(".tb-stage-said")
                expect(said).to_have_text("Done", timeout=SLOW_MS)
                page.locator(".tb-pieces li button").nth(HEARD).click()
                page.locator(f".tb-pieces li.tb-now:nth-child({HEARD + 1})").wait_for()
                page.mouse.move(WIDTH - 1, HEIGHT - 1)
                page.wait_for_timeout(2000)
                page.screenshot(path=str(target))
                browser.close()
        finally:
            end(app)


if __name__ == "__main__":
    main()
