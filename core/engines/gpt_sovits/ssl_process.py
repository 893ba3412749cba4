"""The process that hears recordings (`ssl_child`), from outside: started, asked, ended.

It lives for many files, as loading takes seconds; one that falls is replaced at the next file.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from core.errors import ERRORS, ResourceError, StudioError
from core.memory.heap import HEAP_ENVIRONMENT

SHAPES_KEPT = "16"
"""Plans of convolutions that oneDNN keeps, by their shapes. Recordings have a thousand lengths, and
with as many plans as it keeps by default memory grew by 125 MB over 500 files."""
LOAD_S = 600.0
"""Longest loading, of a slow disk (s)."""

_ROOT = Path(__file__).resolve().parents[3]
_MODULE = "core.engines.gpt_sovits.ssl_child"
_STDERR_TAIL = 4000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class HearingOptions:
    """How the process runs.

    Args:
        device: As in `--device`.
        cap_bytes: Most memory that it may take; None for what there is.
        file_s: Longest that one file may take (s).
        module: That is run; another one in tests.
    """

    device: str = "auto"
    cap_bytes: int | None = None
    file_s: float = 300.0
    module: str = _MODULE


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One recording, heard.

    Args:
        n_frames: Of its features.
        seconds: Length (s).
        n_clipped: Samples of its copy that were held at full scale; None when nobody counted.
    """

    n_frames: int
    seconds: float
    n_clipped: int | None


class Fallen(Exception):
    """The process ended instead of answering; the message is a verb, as `ran out of time`."""


@contextlib.contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turns a disk's refusals into a ResourceError that names the folder."""
    try:
        yield
    except OSError as error:
        raise ResourceError(
            f"{folder} cannot be written to: {error.strerror or error}.",
            "Free some space there, or choose another folder.",
        ) from None


class Hearing:
    """A context: at its end the process is gone. For one thread."""

    def __init__(self, weights: Path, options: HearingOptions) -> None:
        self._weights, self._options = weights, options
        self._process: subprocess.Popen[bytes] | None = None
        self._chatter: IO[bytes] | None = None

    def hear(self, source: Path, features: Path, sound: Path) -> Heard:
        """Hear a file and write what comes of it.

        Args:
            source: The recording.
            features: The file to write.
            sound: Of its copy.

        Raises:
            ResourceError: The disk takes no more.
            StudioError: The file cannot be used.
            Fallen: The process ended on it; `start` another.
        """
        answer = self._ask(
            {"source": str(source), "features": str(features), "sound": str(sound)},
            self._options.file_s,
        )
        return Heard(**answer)

    def start(self) -> None:
        """Load HuBERT, unless it is.

        Raises:
            InputError: The weights cannot be read.
            ResourceError: There is too little memory, or no such device.
        """
        if self._process is not None:
            return
        environment = {**os.environ, **HEAP_ENVIRONMENT, "PYTHONIOENCODING": "utf-8"}
        environment["HF_HUB_OFFLINE"] = "1"
        environment["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] = SHAPES_KEPT
        environment["PYTHONPATH"] = os.pathsep.join(
            [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        )
        # A pipe that nobody reads would stop it.
        self._chatter = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", self._options.module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._chatter,
            env=environment,
            start_new_session=True,  # Ctrl-C is for us; we end it
        )
        about = {
            "weights": str(self._weights.absolute()),
            "device": self._options.device,
            "cap_bytes": self._options.cap_bytes,
        }
        try:
            self._ask(about, LOAD_S)
        except Fallen as fallen:
            raise ResourceError(
                f"The process that hears {fallen} while it was loading HuBERT.",
                "Close other programs and try again.",
            ) from None

    def _ask(self, question: Mapping[str, Any], limit_s: float) -> dict[str, Any]:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        is_late = threading.Event()

        def end() -> None:
            is_late.set()
            _kill(process)

        clock = threading.Timer(limit_s, end)
        clock.daemon = True
        clock.start()
        line = b""
        try:
            with contextlib.suppress(OSError):  # gone already: its end tells why
                process.stdin.write(json.dumps(question).encode("ascii") + b"\n")
                process.stdin.flush()
                line = process.stdout.readline()
        finally:
            clock.cancel()
        if not line.endswith(b"\n"):
            code, said = self._end()
            if is_late.is_set():
                raise Fallen(f"took longer than {limit_s:g} s")
            if code == 1 and "Traceback" in said:
                _log.error("the process that hears failed:\n%s", said)
                raise Fallen(f"failed ({said.strip().splitlines()[-1][:200]})")
            raise Fallen(_death(code))
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            error = answer["error"]
            raise ERRORS.get(error["code"], StudioError)(error["message"], error["hint"])
        result: dict[str, Any] = answer["result"]
        return result

    def _end(self) -> tuple[int, str]:
        """End the process. Returns its code and the last that it said."""
        process, chatter = self._process, self._chatter
        self._process = self._chatter = None
        code, said = 0, ""
        if process is not None:
            with contextlib.suppress(OSError):
                if process.stdin is not None:
                    process.stdin.close()
            try:
                code = process.wait(timeout=2.0)
            except subprocess.TimeoutExpired:
                _kill(process)
                code = process.wait()
            if process.stdout is not None:
                process.stdout.close()
        if chatter is not None:
            with chatter:
                chatter.seek(max(0, chatter.seek(0, os.SEEK_END) - _STDERR_TAIL))
                said = chatter.read().decode(errors="replace")
        return code, said

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None and self._process is not None:
            _kill(self._process)  # it may be in the middle of a file
        self._end()


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


def _death(code: int) -> str:
    if code == -9:
        return "was ended by the system, perhaps for its memory,"
    if code < 0:
        return f"crashed (signal {-code})"
    return f"ended without an answer (code {code})"
