"""What can go wrong for the person, as typed values with a sentence each.

A bug is not in here: it travels to the edge (page, command line) and gets an incident number.
"""

from __future__ import annotations


class StudioError(Exception):
    """Something the person can understand and act on.

    Args:
        message: What happened, in the user's words, with numbers.
        hint: One thing to try; may be empty where nothing helps.
    """

    code = "studio"
    http_status = 500

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class InputError(StudioError):
    """What the person gave cannot be used: a file, a text, a setting."""

    code = "input"
    http_status = 400


class MissingError(StudioError):
    """Something that was asked for is not there: a voice, a job, a file."""

    code = "missing"
    http_status = 404


class ResourceError(StudioError):
    """The machine has too little of something: memory, disk, time."""

    code = "resource"
    http_status = 503


class NetworkError(StudioError):
    """The network was needed and did not deliver."""

    code = "network"
    http_status = 502


class Cancelled(Exception):
    """Somebody pressed Stop. Control flow, not an error."""


ERRORS: dict[str, type[StudioError]] = {
    kind.code: kind for kind in (StudioError, InputError, MissingError, ResourceError, NetworkError)
}
"""By code: how an error crosses a process boundary and stays what it was."""
