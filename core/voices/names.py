"""What a voice may be called: short, visible, on one line. Never a path."""

from __future__ import annotations

from core.errors import InputError
from core.text.clean import clean
from core.text.graphemes import is_break

MAX_GRAPHEMES = 64
MAX_CHARS = 1024
"""No name that a person types is longer, marks and joiners included."""


def voice_name(typed: str) -> str:
    """A name as it is kept: NFC, nothing invisible, one line, cut after 64 letters.

    Raises InputError when nothing visible is left.
    """
    try:
        line = " ".join(clean(typed[:MAX_CHARS]).text.split())
    except InputError as error:
        raise InputError("The voice needs a name.", "Type what you want to call it.") from error
    n_graphemes = 0
    for at in range(1, len(line) + 1):
        n_graphemes += is_break(line, at)
        if n_graphemes == MAX_GRAPHEMES:
            return line[:at].rstrip()
    return line
