"""Heavy or hostile work in a process of its own: limited, watched, and gone afterwards.

Everything that reads a stranger's file runs there: a decoder that crashes, hangs or eats memory
costs the answer to one question, never the page. On Linux the kernel holds memory, processor
time and file size; macOS and Windows do not enforce the memory limit: there the streaming caps
of `core.audio.decode` and the wall clock have to do.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.errors import ERRORS, InputError, StudioError

_ROOT = Path(__file__).resolve().parents[2]
_MIB = 1 << 20
_STDERR_TAIL = 4000

# One thread each: the pools of numpy and the codecs would only fight over the cores that speech
# needs, and every thread's stack counts against the memory limit.
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "PYTHONIOENCODING": "utf-8",
}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a child may use.

    Args:
        data_bytes: Private memory (heap, stacks). The libraries themselves, about 60 MiB of
            shared file pages, come on top.
        cpu_s: Processor time (s).
        wall_s: Time until it is killed (s).
        file_bytes: Largest file it may write.
    """

    data_bytes: int = 224 * _MIB
    cpu_s: int = 240
    wall_s: float = 300.0
    file_bytes: int = 2048 * _MIB


class ChildBug(RuntimeError):
    """The child failed for a reason that is not the person's: carries its traceback."""


def run(
    task: str,
    arguments: Mapping[str, Any],
    *,
    limits: Limits | None = None,
    subject: str = "This file",
    hint: str = "Convert it to WAV or MP3 with another program and try again.",
) -> dict[str, Any]:
    """Do one task in a child and wait for its answer.

    Args:
        task: A name in `core.audio.child_main.TASKS`, or `package.module:function`; never one
            that came from outside.
        arguments: What JSON can carry.
        limits: What it may use.
        subject: What a sentence about its death begins with.
        hint: What to try then.

    Raises:
        StudioError: What the task raised, of the same kind; or an InputError when the child
            died of the work: too long, too much memory, or a crash of a decoder.
        ChildBug: The task has a bug.
    """
    limits = limits or Limits()
    question = json.dumps(
        {
            "task": task,
            "arguments": dict(arguments),
            "limits": asdict(limits),
            "subject": subject,
            "hint": hint,
        }
    )
    environment = os.environ | _ENVIRONMENT
    environment["PYTHONPATH"] = os.pathsep.join(
        [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    # The child's chatter goes to a file: a pipe that nobody reads would stop it.
    with tempfile.TemporaryFile() as chatter:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "core.audio.child_main"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=chatter,
            env=environment,
            start_new_session=True,
        )
        try:
            answer, _ = process.communicate(question.encode(), timeout=limits.wall_s)
        except subprocess.TimeoutExpired:
            raise InputError(f"{subject} took longer than {limits.wall_s:g} s.", hint) from None
        finally:
            _end(process)
        chatter.seek(max(0, chatter.seek(0, os.SEEK_END) - _STDERR_TAIL))
        said = _read(answer, process.returncode, chatter.read().decode(errors="replace"))
        if isinstance(said, str):
            raise InputError(f"{subject} could not be worked through: the decoder {said}.", hint)
        return said


def _read(answer: bytes, code: int, chatter: str) -> dict[str, Any] | str:
    """What the task returned, or how the child died."""
    if code == 0 and answer:
        said: dict[str, Any] = json.loads(answer)
        if "error" not in said:
            result: dict[str, Any] = said["result"]
            return result
        error = said["error"]
        raise ERRORS.get(error["code"], StudioError)(error["message"], error["hint"])
    if code == 1 and "Traceback" in chatter:
        raise ChildBug(chatter)
    return _death(code)


def _death(code: int) -> str:
    cpu_signal = getattr(signal, "SIGXCPU", None)
    if cpu_signal is not None and code == -cpu_signal:
        return "used up its processor time"
    if code < 0:
        return f"was stopped by signal {-code}"
    return f"ended without an answer (code {code})"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing behind: neither the child nor anything it may have started."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            if sys.platform == "win32":
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
