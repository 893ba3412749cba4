"""One life of the engine process: started, spoken to, ended, and what it died of in plain words."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, cast

from core.memory.heap import HEAP_ENVIRONMENT
from core.synthesis import wire

ROOT = Path(__file__).resolve().parents[2]
"""Where the package `core` lies: the engine process runs there, wherever Timbre was started."""

LOG_MAX_BYTES = 2_000_000
_LAST_WORDS_S = 0.5

_DEATHS = {
    "SIGKILL": "was ended from outside (SIGKILL), most often because memory ran out",
    "SIGSEGV": "crashed (SIGSEGV)",
    "SIGBUS": "crashed (SIGBUS), which a full disk can cause",
    "SIGABRT": "gave up (SIGABRT)",
    "SIGILL": "met an instruction that this processor does not know (SIGILL)",
    "SIGTERM": "was asked to end from outside (SIGTERM)",
}
_GARBLED = "said something unreadable and was ended"
_WINDOWS_DEATHS = {0xC0000005: "crashed (access violation)", 0xC0000017: "ran out of memory"}

_log = logging.getLogger(__name__)


class Ended:
    """Nothing more will come from this process."""


class Life:
    """One engine process. `send` and `receive` never wait for it longer than they are told.

    Args:
        log: What it prints is appended here; the file is set aside when it is long.
        packages: Where an engine's factory may live.
        n_threads: Of the numeric libraries inside; what the environment says wins.
        told: Given what it says of its memory, from a thread of its own.
        is_capped: Its memory will be limited: then OpenBLAS has one thread, whose buffer can be
            taken before (see `core.synthesis.resident`).

    Raises OSError when no process can be started.
    """

    def __init__(
        self,
        log: Path,
        packages: Sequence[str],
        n_threads: int,
        told: Callable[[wire.Told], None] = lambda _: None,
        *,
        is_capped: bool = False,
    ) -> None:
        self.is_loaded = False
        self._verdict: str | None = None
        self._is_garbled = False
        self._outbox: queue.SimpleQueue[wire.Message | None] = queue.SimpleQueue()
        self._inbox: queue.SimpleQueue[wire.Message | Ended] = queue.SimpleQueue()
        self._ending = threading.Lock()
        self._log = log
        self._told = told
        self._popen = _start(log, packages, n_threads, 1 if is_capped else n_threads)
        self._threads = [
            threading.Thread(target=target, name=f"engine {name}", daemon=True)
            for name, target in (("mouth", self._talk), ("ears", self._listen))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def is_alive(self) -> bool:
        return self._verdict is None and self._popen.poll() is None

    def send(self, message: wire.Message) -> None:
        """Hand over a message; lost when the process is dead, which `receive` tells."""
        self._outbox.put(message)

    def receive(self, timeout_s: float) -> wire.Message | Ended | None:
        """What it says next; None when it said nothing in time."""
        try:
            return self._inbox.get(timeout=max(0.0, timeout_s))
        except queue.Empty:
            return None

    def end(self, verdict: str | None = None) -> str:
        """Kill it with all that it started, unless it is dead; nothing of it is left.

        Args:
            verdict: Why it is killed. None: it is dead already or about to be, tell of what.

        Returns what happened to the engine, to follow "The voice engine".
        """
        with self._ending:
            if self._verdict is None:
                if verdict is None and not self._is_garbled:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        self._popen.wait(_LAST_WORDS_S)
                code = self._popen.returncode
                _kill(self._popen)
                self._popen.wait()
                self._verdict = verdict or (_GARBLED if self._is_garbled else _words(code))
                _log.info("engine process %d %s", self.pid, self._verdict)
                self._outbox.put(None)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()
        return self._verdict

    def _talk(self) -> None:
        stream = cast(BinaryIO, self._popen.stdin)
        with contextlib.suppress(OSError):
            while (message := self._outbox.get()) is not None:
                wire.write(stream, message)
        with contextlib.suppress(OSError):
            stream.close()

    def _listen(self) -> None:
        stream = cast(BinaryIO, self._popen.stdout)
        try:
            while (message := wire.read(stream)) is not None:
                self.is_loaded = self.is_loaded or isinstance(message, wire.Loaded)
                if isinstance(message, wire.Told):
                    self._told(message)  # also where nobody waits for an answer
                self._inbox.put(message)
                _shorten(self._log)
        except wire.WireError as error:
            _log.warning("engine process %d: %s", self.pid, error)
            self._is_garbled = True
        finally:
            stream.close()
            self._inbox.put(Ended())


def _start(
    log: Path, packages: Sequence[str], n_threads: int, n_blas_threads: int
) -> subprocess.Popen[bytes]:
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_MAX_BYTES:
        # On Windows somebody may have it open; then it grows until the next start.
        with contextlib.suppress(OSError):
            log.replace(log.with_suffix(".old.log"))
    command = [sys.executable, "-X", "utf8", "-m", "core.synthesis.worker", *packages]
    threads = {
        "OMP_NUM_THREADS": str(n_threads),
        "MKL_NUM_THREADS": str(n_threads),
        "OPENBLAS_NUM_THREADS": str(n_blas_threads),
    }
    with log.open("ab") as errors:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=ROOT,
            env={**threads, **HEAP_ENVIRONMENT, **os.environ},
            # A group of its own: Ctrl-C in the terminal is for the page process, and to end the
            # group ends whatever the engine itself started.
            start_new_session=os.name == "posix",
            creationflags=(
                getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
                | getattr(subprocess, "CREATE_NO_WINDOW", 0)
            ),
        )


def _shorten(log: Path) -> None:
    """Empty the file of an engine that prints a lot: it lives for days, and starts are rare."""
    # It is written by appending, so that the next line stands at the new end. Windows may refuse.
    with contextlib.suppress(OSError):
        if log.stat().st_size > LOG_MAX_BYTES:
            os.truncate(log, 0)


def _kill(popen: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        popen.kill()
    else:
        # Also after its death: the group lives on while a process of it does.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(popen.pid, signal.SIGKILL)


def _words(code: int | None) -> str:
    """What an exit code means, to follow "The voice engine"."""
    if code is None:
        return "closed its connection and was ended"
    if code in _WINDOWS_DEATHS:
        return _WINDOWS_DEATHS[code]
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return _DEATHS.get(name, f"was ended by {name}")
    return f"ended by itself (exit code {code})"
