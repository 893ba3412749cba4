"""A hub on this computer that can be told to misbehave."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

REPOSITORY, REVISION = "someone/voices", "c0ffee"


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Who asked may have gone: that is what is tested."""


@dataclass
class FakeHub:
    """
    Args:
        files: Content by path.
        endpoint: Its address.
        cuts: After how many bytes each coming answer with content breaks off.
        statuses: Of the coming answers, instead of what they would be.
        sends: Other content than the hub tells of, by path.
        away: Where answers with content are redirected to, by path.
        knows_ranges: Whether it can go on in the middle.
        tells_checksums: Whether it says them.
        gate: Every piece waits for it.
        requests: Method, path and Range of every request.
    """

    files: dict[str, bytes]
    endpoint: str = ""
    cuts: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    sends: dict[str, bytes] = field(default_factory=dict)
    away: dict[str, str] = field(default_factory=dict)
    knows_ranges: bool = True
    tells_checksums: bool = True
    gate: Callable[[int], None] = lambda n_sent: None
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)

    def ranges(self, path: str) -> list[str | None]:
        """Of the requests for content, in their order."""
        return [asked for method, at, asked in self.requests if method == "GET" and at == path]

    @contextmanager
    def open(self) -> Iterator[FakeHub]:
        server = _Server(("127.0.0.1", 0), self._handler())
        server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        # Asked often whether to end: the wait for it is in every test.
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_HEAD(self) -> None:
                self.answer()

            def do_GET(self) -> None:
                self.answer()

            def answer(self) -> None:
                match = re.fullmatch(
                    rf"/(?:moved/)?{REPOSITORY}/resolve/{REVISION}/(.+)", self.path
                )
                path = unquote(match[1]) if match else self.path
                asked = self.headers.get("Range")
                hub.requests.append((self.command, path, asked))
                if hub.statuses and (status := hub.statuses.pop(0)) != 200:
                    self.plain(status)
                elif path not in hub.files:
                    self.plain(404)
                elif path in hub.away and "moved" not in self.path:
                    self.send_response(302)
                    self.send_header("Location", hub.away[path].format(path=self.path))
                    self.tell(hub.files[path])
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                elif self.command == "HEAD":
                    self.send_response(200)
                    self.tell(hub.files[path])
                    self.send_header("Content-Length", str(len(hub.files[path])))
                    self.end_headers()
                else:
                    self.content(hub.sends.get(path, hub.files[path]), asked)

            def plain(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def tell(self, content: bytes) -> None:
                if hub.tells_checksums:
                    self.send_header("X-Linked-Etag", f'"{hashlib.sha256(content).hexdigest()}"')
                    self.send_header("X-Linked-Size", str(len(content)))

            def content(self, content: bytes, asked: str | None) -> None:
                start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
                if asked and hub.knows_ranges:
                    if start >= len(content):
                        self.plain(416)
                        return
                    self.send_response(206)
                    last = len(content) - 1
                    self.send_header("Content-Range", f"bytes {start}-{last}/{len(content)}")
                    content = content[start:]
                else:
                    self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                sent = content[: hub.cuts.pop(0)] if hub.cuts else content
                for at in range(0, len(sent), 1000):
                    hub.gate(at)
                    self.wfile.write(sent[at : at + 1000])
                if len(sent) < len(content):
                    self.close_connection = True

        return Handler
