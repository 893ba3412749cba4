"""What is around the page: its language, and what the browser may load for it.

Gradio picks the language of its labels from the browser and offers no way to choose. One small
script before any other, put into the page on its way out, makes the choice of the person (cookie),
of `--lang`, or of the browser hold for everything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from ui.words import LANGUAGES

COOKIE = "timbre-language"
_BROWSER_CODES = {"en": "en", "zh": "zh-CN"}

CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self' data: blob:; worker-src 'self' blob:; "
    "frame-ancestors 'self'; form-action 'self'; base-uri 'self'"
)
"""Nothing is loaded from anywhere else. Gradio's own scripts need inline and eval."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def language_of(headers: Mapping[str, str], default: str | None) -> str:
    """The page's language for one request: `en` or `zh`.

    Args:
        headers: Of the request; names in lower case.
        default: What `--lang` or the settings say; None to follow the browser.
    """
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        cookie = None
    if cookie is not None and cookie.value in LANGUAGES:
        return cookie.value
    if default in LANGUAGES:
        return str(default)
    wanted = headers.get("accept-language", "").split(",")[0].strip().lower()
    return "zh" if wanted.startswith("zh") else "en"


class Shell:
    """Middleware: puts the language into the page, and a content policy on it."""

    def __init__(self, app: App, language: str | None) -> None:
        self._app = app
        self._language = language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        headers = {
            key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]
        }
        language = language_of(headers, self._language)
        # The page is rewritten, so it must arrive uncompressed.
        plain = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
        page = _Rewriter(send, language)
        await self._app({**scope, "headers": plain}, receive, page.take)


class _Rewriter:
    """Holds one response back until it is whole."""

    def __init__(self, send: Send, language: str) -> None:
        self._send = send
        self._language = language
        self._start: Message = {}
        self._body = b""

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        body = with_language(self._body, self._language)
        headers = [pair for pair in self._start["headers"] if pair[0].lower() != b"content-length"]
        headers += [
            (b"content-length", str(len(body)).encode()),
            (b"content-security-policy", CONTENT_POLICY.encode()),
            (b"vary", b"cookie, accept-language"),
        ]
        await self._send({**self._start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def with_language(page: bytes, language: str) -> bytes:
    """The page with its language set before any other script runs."""
    code = _BROWSER_CODES[language]
    script = (
        "<script>for (const name of ['language', 'languages'])"
        f" Object.defineProperty(navigator, name, {{get: () => name === 'language' ? '{code}' :"
        f" ['{code}']}});</script>"
    )
    page = page.replace(b'lang="en"', f'lang="{code}"'.encode(), 1)
    return page.replace(b"<head>", b"<head>" + script.encode(), 1)
