"""The child's side of `core.audio.child`: takes one question, limits itself, answers, ends."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from core.disk import NO_ROOM
from core.errors import InputError, ResourceError, StudioError

TASKS = {
    "inspect": "core.audio.tasks:inspect",
    "judge": "core.audio.tasks:judge",
    "assemble": "core.audio.assemble:assemble",
}


def main() -> int:
    """Question on stdin, one line of JSON on the first stdout; libraries only get stderr."""
    answer_to = os.dup(1)
    os.dup2(2, 1)
    question = json.loads(sys.stdin.buffer.read())
    _limit(question["limits"])
    try:
        answer = {"result": _task(question["task"])(**question["arguments"])}
    except StudioError as error:
        answer = _refusal(error)
    except MemoryError:
        answer = _refusal(
            InputError(f"{question['subject']} needs more memory than it may.", question["hint"])
        )
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        answer = _refusal(
            ResourceError("The disk took no more of the file.", "Free some space and try again.")
        )
    with os.fdopen(answer_to, "wb") as stdout:
        stdout.write(json.dumps(answer).encode() + b"\n")
    return 0


def _refusal(error: StudioError) -> dict[str, Any]:
    return {"error": {"code": error.code, "message": error.message, "hint": error.hint}}


def _task(name: str) -> Callable[..., dict[str, Any]]:
    module, function = TASKS.get(name, name).split(":")
    found: Callable[..., dict[str, Any]] = getattr(importlib.import_module(module), function)
    return found


def _limit(limits: dict[str, Any]) -> None:
    if sys.platform == "win32":  # has no such limits; the parent's clock remains
        return
    import resource  # noqa: PLC0415  (does not exist on Windows)

    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: limits["cpu_s"],
        resource.RLIMIT_FSIZE: limits["file_bytes"],
        # DATA counts what is really private; AS also counts mapped libraries and reserved
        # arenas, and only backs it up.
        resource.RLIMIT_DATA: limits["data_bytes"],
        resource.RLIMIT_AS: limits["data_bytes"] + (1 << 30),
    }
    for which, most in wanted.items():
        # macOS refuses some of these; what it does not hold, the parent's clock has to.
        with contextlib.suppress(ValueError, OSError):
            _, hard = resource.getrlimit(which)
            value = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(which, (value, value))


if __name__ == "__main__":
    sys.exit(main())
