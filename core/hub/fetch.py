"""Fetches one file over HTTP: resumable, checked, and only from where it may come.

Not `huggingface_hub`, which Gradio brings along: it compares sizes but no checksums, follows
redirects to any place, only warns of a full disk, and can be stopped only by an error out of its
progress bar. What is asked of the hub here are its documented headers, which mirrors give too.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx

from core.disk import writing
from core.errors import Cancelled, InputError, NetworkError
from core.paths import VERSION

TRIES = 5
"""In a row without a single byte."""
REDIRECTS_MAX = 5
PATIENCE_S = 10.0
"""Without an answer or a byte (s); then the connection is made anew."""

_BUSY = {408, 425, 429, 500, 502, 503, 504}
_MIRROR = "Try again later, or download from another address (the setting hub_endpoint)."


class StopFlag(Protocol):
    """Asked between pieces; `threading.Event` is one."""

    def is_set(self) -> bool: ...


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the hub says of a file before it is fetched; None where it says nothing."""

    size_bytes: int | None = None
    sha256: str | None = None
    git_sha1: str | None = None


class Connection:
    """A client for one hub.

    Args:
        endpoint: Its address, such as `https://huggingface.co`.
        patience_s: Longest wait for an answer or a byte.
        sleep: Between two tries (s).

    Raises:
        InputError: The address is neither https nor of this computer.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        patience_s: float = PATIENCE_S,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._endpoint = httpx.URL(checked(endpoint))
        self._sleep = sleep
        self._client = _client(patience_s)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @property
    def host(self) -> str:
        return self._endpoint.host

    def address(self, repository: str, revision: str, path: str) -> str:
        return f"{self._endpoint}".rstrip("/") + f"/{repository}/resolve/{revision}/{path}"

    def ask(self, address: str, stop: StopFlag) -> Told:
        """Raises NetworkError, Cancelled."""
        n_failures = 0
        while True:
            try:
                return self._ask(address)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                raise self._unreachable() from error
            except (httpx.TransportError, _BusyError) as error:
                n_failures += 1
                self._wait(n_failures, error, stop)

    def fetch(
        self,
        address: str,
        part: Path,
        size_bytes: int | None,
        on_bytes: Callable[[int], None],
        stop: StopFlag,
    ) -> None:
        """Bring a file to its end.

        Args:
            address: Where it is.
            part: Holds its beginning or does not exist; is kept whatever happens.
            size_bytes: Of the whole file.
            on_bytes: Told how much there is, after every piece.
            stop: Ends it between two pieces.

        Raises:
            NetworkError: It does not come, or more comes than it should.
            ResourceError: The disk is full.
            Cancelled: Stopped.
        """
        n_failures = 0
        while size_bytes is None or _size(part) < size_bytes:
            before = _size(part)
            try:
                self._fetch(address, part, size_bytes, on_bytes, stop)
                if size_bytes is None:
                    return
                if _size(part) < size_bytes:
                    raise httpx.RemoteProtocolError("the answer was cut short")
            except (httpx.TransportError, _BusyError) as error:
                n_failures = 1 if _size(part) > before else n_failures + 1
                self._wait(n_failures, error, stop)

    def _ask(self, address: str) -> Told:
        with self._answers("HEAD", address, {}, follow_away=False) as response:
            if response.status_code in (405, 501):
                return Told()
            if not response.is_redirect:
                self._check(response)
            headers = response.headers
            tag = headers.get("X-Linked-Etag") or headers.get("ETag", "")
            tag = tag.removeprefix("W/").strip('"').lower()
            size = headers.get("X-Linked-Size")
            if size is None and not response.is_redirect:
                size = headers.get("Content-Length")
            return Told(
                size_bytes=int(size) if size and re.fullmatch(r"\d{1,15}", size) else None,
                sha256=tag if re.fullmatch(r"[0-9a-f]{64}", tag) else None,
                git_sha1=tag if re.fullmatch(r"[0-9a-f]{40}", tag) else None,
            )

    def _fetch(
        self,
        address: str,
        part: Path,
        size_bytes: int | None,
        on_bytes: Callable[[int], None],
        stop: StopFlag,
    ) -> None:
        start = _size(part)
        wanted = {"Range": f"bytes={start}-"} if start else {}
        with self._answers("GET", address, wanted, follow_away=True) as response:
            if response.status_code == 416:
                part.unlink(missing_ok=True)
                raise httpx.RemoteProtocolError("there is no such part of the file")
            self._check(response)
            goes_on = response.status_code == 206 and response.headers.get(
                "Content-Range", ""
            ).startswith(f"bytes {start}-")
            if response.status_code == 206 and not goes_on:
                part.unlink(missing_ok=True)
                raise httpx.RemoteProtocolError("another part of the file came")
            n_done = start if goes_on else 0
            with (
                writing(part.parent, (size_bytes or 0) - n_done),
                part.open("ab" if goes_on else "wb") as file,
            ):
                # As they come: pieces of one size would be held back until they are full.
                for piece in response.iter_raw():
                    n_done += len(piece)
                    if size_bytes is not None and n_done > size_bytes:
                        file.truncate(0)
                        raise NetworkError(
                            f"{self.host} sends more than the {size_bytes} bytes that "
                            f"“{_last(httpx.URL(address))}” should have.",
                            _MIRROR,
                        )
                    file.write(piece)
                    on_bytes(n_done)
                    if stop.is_set():
                        raise Cancelled
                file.flush()
                os.fsync(file.fileno())

    @contextlib.contextmanager
    def _answers(
        self, method: str, address: str, headers: dict[str, str], *, follow_away: bool
    ) -> Iterator[httpx.Response]:
        """An answer behind redirects: within the hub, and away from it only encrypted."""
        url = httpx.URL(address)
        for _ in range(REDIRECTS_MAX + 1):
            request = self._client.build_request(method, url, headers=headers)
            response = self._client.send(request, stream=True)
            try:
                target = response.headers.get("Location") if response.is_redirect else None
                if target is None:
                    yield response
                    return
                following = url.join(target)
                is_here = _origin(following) == _origin(self._endpoint)
                if not is_here and not follow_away:
                    yield response
                    return
                if not is_here and following.scheme != "https":
                    raise NetworkError(
                        f"{self.host} sends on to {following.host} without encryption "
                        f"({following.scheme}), which is not followed.",
                        _MIRROR,
                    )
                url = following
            finally:
                response.close()
        raise NetworkError(f"{self.host} sends on and on, {REDIRECTS_MAX} times.", _MIRROR)

    def _check(self, response: httpx.Response) -> None:
        status, host = response.status_code, response.url.host
        if status in _BUSY:
            raise _BusyError(host, status)
        if status == 404:
            raise NetworkError(f"{host} does not have “{_last(response.url)}” (404).", _MIRROR)
        if status in (401, 403):
            raise NetworkError(
                f"{host} does not give “{_last(response.url)}” away ({status}).", _MIRROR
            )
        if not response.is_success:
            raise NetworkError(f"{host} answers {status} instead of a file.", _MIRROR)

    def _wait(self, n_failures: int, error: Exception, stop: StopFlag) -> None:
        if stop.is_set():
            raise Cancelled from error
        if n_failures >= TRIES:
            if isinstance(error, _BusyError):
                raise NetworkError(
                    f"{error.host} answered {error.status}, {TRIES} times in a row.", _MIRROR
                ) from error
            raise NetworkError(
                f"The connection to {self.host} broke {TRIES} times in a row ({_why(error)}).",
                "What has come is kept: try again when the network is better.",
            ) from error
        for _ in range(10 * 2 ** (n_failures - 1)):
            if stop.is_set():
                raise Cancelled from error
            self._sleep(0.1)

    def _unreachable(self) -> NetworkError:
        return NetworkError(
            f"{self.host} cannot be reached: this computer seems to be offline.",
            "Check the network, or download from another address (the setting hub_endpoint).",
        )


class _BusyError(Exception):
    """The other side asks for patience."""

    def __init__(self, host: str, status: int) -> None:
        super().__init__(host, status)
        self.host, self.status = host, status


def checked(endpoint: str) -> str:
    """An address of a hub. Raises InputError where it is neither https nor of this computer."""
    try:
        url = httpx.URL(endpoint)
    except httpx.InvalidURL:
        url = httpx.URL("")
    is_here = url.scheme == "http" and url.host in ("127.0.0.1", "localhost", "::1")
    if not url.host or not (url.scheme == "https" or is_here) or url.userinfo or url.query:
        raise InputError(
            f"“{endpoint[:80]}” is not an address that models can be downloaded from.",
            "Give one that begins with https://, such as https://huggingface.co.",
        )
    return endpoint.rstrip("/")


def checksum(path: Path, kind: str, stop: StopFlag) -> str:
    """Of a file on the disk, in hexadecimal.

    Args:
        path: The file.
        kind: `sha256`, or `git`: SHA-1 over git's header and the content.
        stop: Ends it.

    Raises Cancelled.
    """
    if kind == "git":
        digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    else:
        digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
            if stop.is_set():
                raise Cancelled
    return digest.hexdigest()


def _client(patience_s: float) -> httpx.Client:
    headers = {"User-Agent": f"timbre/{VERSION}", "Accept-Encoding": "identity"}
    try:
        return httpx.Client(headers=headers, timeout=patience_s, follow_redirects=False)
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise NetworkError(
            f"The proxy that this computer is set to cannot be used ({error}).",
            "Look at the variables HTTPS_PROXY and ALL_PROXY.",
        ) from error


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _last(url: httpx.URL) -> str:
    return url.path.rpartition("/")[2][:80]


def _why(error: Exception) -> str:
    return str(error)[:100] or type(error).__name__


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
