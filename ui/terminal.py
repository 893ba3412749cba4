"""What a command says, where nobody may be listening."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from core.errors import ResourceError


def tell(sentence: str) -> None:
    """One line to whoever watches; nobody may be there."""
    try:
        print(f"timbre: {' '.join(sentence.split())}", file=sys.stderr, flush=True)
    except OSError:
        _leave(sys.stderr)


def answer(text: str) -> None:
    """The result, on stdout. Raises ResourceError when it cannot be written."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        _leave(sys.stdout)  # `| head -1` has seen enough: nobody's fault
    except OSError as error:
        _leave(sys.stdout)
        raise ResourceError(
            f"The answer could not be printed: {error.strerror}.", "Redirect it elsewhere."
        ) from None


def _leave(stream: TextIO) -> None:
    """Let a stream that cannot be written end in nothing, or Python complains when it exits."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, stream.fileno())
    os.close(nothing)
