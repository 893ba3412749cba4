"""The page comes in the language that was chosen and loads nothing from elsewhere."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from fastapi.testclient import TestClient

from ui.shell import COOKIE, Shell, language_of


@pytest.mark.parametrize(
    ("headers", "default", "language"),
    [
        ({"accept-language": "zh-TW,zh;q=0.9"}, None, "zh"),
        ({"accept-language": "de-DE,de;q=0.9,zh;q=0.1"}, None, "en"),
        ({}, None, "en"),
        ({"accept-language": "zh-CN"}, "en", "en"),
        ({"accept-language": "en", "cookie": f"a=b; {COOKIE}=zh"}, "en", "zh"),
        ({"cookie": f"{COOKIE}=xx"}, "zh", "zh"),
        ({"cookie": "\x00;;=;"}, "auto", "en"),
    ],
)
def test_the_choice_of_the_person_comes_before_the_setting_and_that_before_the_browser(
    headers: dict[str, str], default: str | None, language: str
) -> None:
    assert language_of(headers, default) == language


@pytest.fixture
def browser() -> TestClient:
    app = FastAPI()

    @app.get("/", response_class=HTMLResponse)
    def page() -> str:
        return '<html lang="en"><head><title>x</title></head><body>é</body></html>'

    @app.get("/other")
    def other() -> dict[str, int]:
        return {"n": 1}

    app.add_middleware(Shell, language=None)
    return TestClient(app)


def test_the_language_is_set_before_any_script_of_the_page(browser: TestClient) -> None:
    page = browser.get("/", headers={"accept-language": "zh-CN"})
    assert 'lang="zh-CN"' in page.text
    assert page.text.index("navigator") < page.text.index("<title>")
    assert int(page.headers["content-length"]) == len(page.content)
    assert "é" in page.text


def test_the_page_may_load_from_itself_only(browser: TestClient) -> None:
    policy = browser.get("/").headers["content-security-policy"]
    assert "http" not in policy
    assert "*" not in policy
    assert "default-src 'self'" in policy


def test_everything_else_passes_untouched(browser: TestClient) -> None:
    assert browser.get("/other").json() == {"n": 1}
    assert "content-security-policy" not in browser.get("/other").headers
