"""The process that hears: loads HuBERT once, then one file for each line that it is told.

Started by `ssl_process`, never imported by it. A line of JSON in, a line of JSON out; libraries
only get stderr. It ends with its parent, whose end of the pipe closes.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch

from core.audio import encode
from core.engines.gpt_sovits import hubert, ssl_sound
from core.engines.gpt_sovits.ssl_process import disk_errors
from core.engines.nn.allocator import allocator_for
from core.engines.nn.checkpoint import open_checkpoint
from core.errors import InputError, ResourceError, StudioError
from core.memory.budget import BudgetGate, budget_bytes
from core.memory.guard import EngineFatal, Guard, OutOfRoom, Way
from core.memory.moments import in_words
from core.paths import whole_file

NEED_BYTES_PER_S = 20 << 20
"""Activations of the base network while it hears a second of sound; 15.6 MiB measured at
10 to 60 s, 18.8 at 3 s (`benchmarks.gpt_sovits`, section ssl)."""
WAIT_S, RETRY_S = 30.0, 0.5
"""How long other programs may take to give back memory, and how often it is looked for (s)."""

LOST = 3
"""Exit code when the device is lost to this process."""


class Listener:
    """HuBERT on a device, behind the guard.

    Args:
        weights: Its file.
        device: As in `--device`.
        cap_bytes: Most memory that may be used; None for what there is.
    """

    def __init__(self, weights: Path, device: str, cap_bytes: int | None) -> None:
        self._device = _chosen(device)
        self._cap_bytes = cap_bytes
        self._allocator = allocator_for(self._device)
        # On the host nothing enforces a limit, and one that is set would shrink the next room.
        gate = None if self._device.type == "cpu" else BudgetGate(cap_bytes=cap_bytes)
        self._guard = Guard(
            self._allocator, clock=time.monotonic, sink=lambda event: None, gate=gate
        )
        self._way = Way(device=str(self._device))
        with open_checkpoint(weights) as checkpoint:
            self._net = self._guard.run(
                "load", lambda way: hubert.load(checkpoint, device=way.device), self._way
            )

    def hear(self, source: Path, features: Path, sound: Path) -> dict[str, Any]:
        """Hear a file, and write what comes of it where it is told.

        Raises:
            InputError: The file cannot be used, or not in the memory that there is.
            ResourceError: The disk takes no more.
        """
        made = ssl_sound.read(source)
        self._check_room(made.seconds)
        try:
            values = self._guard.run(
                "hear", lambda way: self._features(made.heard), self._way, where="this file"
            )
        except OutOfRoom as refusal:
            raise InputError(refusal.message, refusal.hint) from None
        if not np.isfinite(values).all():
            raise InputError(
                f"Its features are not numbers in {np.count_nonzero(~np.isfinite(values))} of "
                f"{values.size} places.",
                "Leave it out.",
            )
        with encode.disk_errors(), disk_errors(features.parent):
            with whole_file(sound) as part:
                soundfile.write(part, made.kept, ssl_sound.RATE, "PCM_16", format="WAV")
            # Last: a recording is known to be done by it.
            with whole_file(features) as part, part.open("wb") as file:
                np.save(file, values, allow_pickle=False)
        return {
            "n_frames": values.shape[1],
            "seconds": made.seconds,
            "n_clipped": made.n_clipped,
        }

    def _features(self, heard: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.float32]]:
        values: np.ndarray[Any, np.dtype[np.float32]]
        values = self._net(torch.from_numpy(heard)[None])[0].cpu().contiguous().numpy()
        return values

    def _check_room(self, seconds: float) -> None:
        """Refused before it is tried: where memory is the machine's, trying may end others.

        What another program needs for a moment is waited for.
        """
        share = self._net.dims.n_channels / hubert.HubertDims().n_channels
        activations = round(seconds * NEED_BYTES_PER_S * share)
        waited_until_s = time.monotonic() + WAIT_S
        while True:
            room = self._allocator.room()
            needed = self._allocator.live_bytes() + activations
            budget = budget_bytes(room, cap_bytes=self._cap_bytes)
            if needed <= budget:
                return
            most = budget_bytes(
                replace(room, free_bytes=room.total_bytes), cap_bytes=self._cap_bytes
            )
            if needed > most or time.monotonic() > waited_until_s:
                raise InputError(
                    f"Hearing {seconds:.1f} s takes {in_words(needed)}; {in_words(budget)} may be "
                    "used.",
                    "Close other programs, allow more (--memory-cap), or cut the recording.",
                )
            time.sleep(RETRY_S)


def main() -> None:
    """Questions on stdin, answers on the first stdout."""
    answers = os.dup(1)
    os.dup2(2, 1)
    # When memory runs out, the kernel should take this process and leave the others alone.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
    with os.fdopen(answers, "wb") as mouth:
        serve(_questions(), lambda answer: _say(mouth, answer))


def serve(questions: Iterator[dict[str, Any]], say: Callable[[dict[str, Any]], None]) -> None:
    """Answer each question; the first says what to load."""
    listener: Listener | None = None
    for question in questions:
        try:
            if listener is None:
                listener = Listener(
                    Path(question["weights"]), question["device"], question["cap_bytes"]
                )
                result: dict[str, Any] = {}
            else:
                result = listener.hear(*(Path(question[name]) for name in _PATHS))
        except StudioError as error:
            say({"error": {"code": error.code, "message": error.message, "hint": error.hint}})
            if listener is None:
                return
        except EngineFatal:
            sys.exit(LOST)  # another process may use the device again
        else:
            say({"result": result})


_PATHS = ("source", "features", "sound")


def _questions() -> Iterator[dict[str, Any]]:
    for line in sys.stdin.buffer:
        yield json.loads(line)


def _say(mouth: Any, answer: dict[str, Any]) -> None:
    mouth.write(json.dumps(answer).encode("ascii") + b"\n")
    mouth.flush()


def _chosen(wanted: str) -> torch.device:
    """Raises ResourceError for a device that is not here."""
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    kind = wanted.partition(":")[0]
    is_here = kind == "cpu" or (
        torch.cuda.is_available() if kind == "cuda" else torch.backends.mps.is_available()
    )
    if not is_here:
        raise ResourceError(f"There is no device {wanted} here.", "Use --device auto.")
    return torch.device(wanted)


if __name__ == "__main__":
    main()
