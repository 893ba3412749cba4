"""The engine process: owns one engine, says what it is told, and may be killed at any time.

Started by `core.synthesis.host`, never imported by it. One thread runs the engine; another
listens, so that Stop arrives while the engine speaks and the process ends with its parent.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from core.audio.samples import Audio
from core.engines import registry
from core.engines.protocol import Reference, Session
from core.errors import Cancelled, StudioError
from core.synthesis import wire
from core.synthesis.prompts import Prompts

_log = logging.getLogger("timbre.engine")


class Ears:
    """Listens to the parent, in a thread of its own. Ends the process when the parent is gone."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._stopped = 0
        self._orders: queue.SimpleQueue[wire.Message] = queue.SimpleQueue()
        threading.Thread(target=self._listen, name="ears", daemon=True).start()

    def order(self) -> wire.Message:
        """The next thing to do; waits for it."""
        return self._orders.get()

    def is_stopped(self, number: int) -> bool:
        return number <= self._stopped

    def _listen(self) -> None:
        try:
            while (message := wire.read(self._stream)) is not None:
                if isinstance(message, wire.Stop):
                    self._stopped = max(self._stopped, message.number)
                else:
                    self._orders.put(message)
        except wire.WireError:
            _log.exception("the parent sent something unreadable")
        finally:
            # Not sys.exit: the engine may be deep inside a model and nobody waits for it.
            os._exit(0)


class _StopFlag:
    def __init__(self, ears: Ears, number: int) -> None:
        self._ears, self._number = ears, number

    def is_set(self) -> bool:
        return self._ears.is_stopped(self._number)


class Worker:
    """Carries out orders, one after the other.

    Args:
        packages: Where a factory may live.
    """

    def __init__(self, ears: Ears, mouth: BinaryIO, packages: tuple[str, ...]) -> None:
        self._ears, self._mouth, self._packages = ears, mouth, packages
        self._session: Session | None = None
        self._prompts = Prompts()

    def run(self) -> None:
        while True:
            order = self._ears.order()
            number = order.number if isinstance(order, wire.Speak) else 0
            try:
                self._carry_out(order)
            # The edge of the process: whatever the engine did not foresee becomes a record.
            except Exception as error:  # noqa: BLE001
                _log.exception("order %d failed", number)
                fault = f"{type(error).__name__}: {error}"[:500]
                is_memory = isinstance(error, MemoryError) or "OutOfMemory" in fault
                self._say(wire.Broken(number=number, fault=fault, is_memory=is_memory))

    def _carry_out(self, order: wire.Message) -> None:
        if isinstance(order, wire.Load):
            self._load(order)
        elif isinstance(order, wire.Speak):
            self._speak(order)

    def _load(self, order: wire.Load) -> None:
        try:
            engine = registry.build(order.factory, self._packages)
            self._session = engine.load(None, order.device)
            self._prompts = Prompts(Path(order.prompts) if order.prompts else None, order.engine)
        except StudioError as error:
            self._say(_refusal(error, number=0, in_batch=False))
        else:
            self._say(wire.Loaded())

    def _speak(self, order: wire.Speak) -> None:
        assert self._session is not None, "the host loads before it speaks"
        stop = _StopFlag(self._ears, order.number)
        in_batch = False
        try:
            if stop.is_set():
                raise Cancelled
            prompt = self._prompts.get(self._session, _reference(order))
            in_batch = True
            self._say(wire.Prepared(number=order.number))
            since = time.monotonic()
            for piece in self._session.speak(prompt, order.utterances, order.settings, stop):
                now = time.monotonic()
                self._say(
                    wire.Spoken(
                        number=order.number,
                        position=piece.position,
                        rate=piece.audio.rate,
                        wall_s=now - since,
                        peak_bytes=peak_bytes(),
                        samples=piece.audio.samples,
                    )
                )
                since = now
        except StudioError as error:
            self._say(_refusal(error, number=order.number, in_batch=in_batch))
        except Cancelled:
            self._say(wire.Finished(number=order.number, is_stopped=True))
        else:
            self._say(wire.Finished(number=order.number, is_stopped=False))

    def _say(self, message: wire.Message) -> None:
        wire.write(self._mouth, message)


def _reference(order: wire.Speak) -> Reference:
    return Reference(
        audio=Audio(samples=order.samples, rate=order.rate),
        transcript=order.transcript,
        language=order.language,
        digest=order.digest,
    )


def _refusal(error: StudioError, *, number: int, in_batch: bool) -> wire.Refused:
    return wire.Refused(
        number=number, code=error.code, message=error.message, hint=error.hint, in_batch=in_batch
    )


def peak_bytes() -> int | None:
    """Highest resident memory of this process so far; None where not known.

    From the kernel's high-water mark of this program: `getrusage` would count what the parent
    had in use when it started us.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return None


def _take_wire() -> tuple[BinaryIO, BinaryIO]:
    """Move the pipes to private descriptors, so that a library that prints breaks nothing.

    Afterwards standard output goes where standard error goes (the log), and standard input is
    empty. Descriptors made by `dup` are not inherited by grandchildren.
    """
    commands, replies = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415

        msvcrt.setmode(commands, os.O_BINARY)
        msvcrt.setmode(replies, os.O_BINARY)
    return os.fdopen(commands, "rb"), os.fdopen(replies, "wb")


def main(packages: Sequence[str]) -> None:
    """
    Args:
        packages: Where an engine's factory may live.
    """
    commands, replies = _take_wire()
    ears = Ears(commands)
    faulthandler.enable()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    # When memory runs out, the kernel should take this process and leave the page alone.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
    Worker(ears, replies, tuple(packages)).run()


if __name__ == "__main__":
    main(sys.argv[1:])
