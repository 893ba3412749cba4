"""One question to a process of its own: for imports that are too heavy or risky for this one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
"""Where `core` lies: a child started elsewhere would not find it."""


class NoAnswer(Exception):
    """The process gave none; the text says why, in the machine's words."""


def module(name: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs one of our modules with this interpreter."""
    return (sys.executable, "-m", name, *arguments)


def ask(command: Sequence[str], *, timeout_s: float) -> dict[str, Any]:
    """Run a command that prints one JSON object, and return it.

    Args:
        command: Program and arguments; it gets no input.
        timeout_s: It is ended after this time.

    Raises NoAnswer when it cannot start, fails, crashes, takes too long or prints something else.
    """
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NoAnswer(f"no answer within {timeout_s:g} s") from None
    except OSError as error:
        raise NoAnswer(str(error)) from error
    if done.returncode != 0:
        last = " ".join(done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:])
        raise NoAnswer(f"ended with code {done.returncode}. {last}".strip())
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise NoAnswer("an answer that is no report")
    return answer
