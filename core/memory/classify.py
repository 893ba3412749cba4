"""Which errors mean "out of memory" and which mean "this process is beyond help".

No library raises one type for it: the table is of messages seen in the field. It knows types by
their names, so that no model's library has to be imported to ask.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

READ_CHARS = 4000
"""Of a message; some carry a C++ stack trace of any length."""
TEXT_CHARS = 300
"""Of the first line, kept for the log."""
_CHAIN = 8
"""Causes that are followed."""


class FaultKind(StrEnum):
    MEMORY = "memory"
    """A smaller way may work."""
    FATAL = "fatal"
    """Every further call in this process fails: end it, start another."""
    OTHER = "other"
    """Not the guard's business."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is kept of an exception: plain values that hold on to nothing.

    Args:
        kind: What it means.
        text: Its type and the first line of its message.
        is_host: The machine's own memory ran out, not a card's.
        asked_bytes: What was asked for; None where the message does not tell.
        free_bytes: What was free; None where the message does not tell.
    """

    kind: FaultKind
    text: str
    is_host: bool = False
    asked_bytes: int | None = None
    free_bytes: int | None = None


_FATAL = re.compile(
    r"illegal memory access|device-side assert|unspecified launch (failure|timeout)"
    r"|misaligned address|illegal instruction was encountered|invalid program counter"
    r"|hardware stack error|uncorrectable ecc|an unknown error was encountered"
    r"|_status_execution_failed|memory access fault by gpu|fallen off the bus"
    r"|(cuda|hip) error: unknown error|gpu is lost|device (was )?(lost|removed|hung)",
    re.IGNORECASE,
)

_HOST_MEMORY = re.compile(
    r"defaultcpuallocator|std::bad_alloc|bad allocation|cannot allocate memory"
    r"|paging file is too small|not enough memory resources|unable to mmap",
    re.IGNORECASE,
)

_MEMORY = re.compile(
    r"\bout of (gpu |device |host |video )?memory\b|out_of_memory|memoryallocation\b"
    # PyTorch's libraries, where no room for a handle or a workspace is a status of its own.
    r"|cublas_status_(alloc_failed|not_initialized)|(cusolver|cufft|cusparse)\w*_alloc_failed"
    r"|cudnn_status_(not_supported|alloc_failed|internal_error)"
    r"|unable to find (an engine|a valid cudnn algorithm)"
    r"|cuda driver error: device not ready"
    # Seen on an 8 GB RTX 2070 and on Jetson boards, at the moment the card was full.
    r"|handles_\.at\(i\).*internal assert failed"
    r"|nvml_success == \w+.*internal assert failed"
    # MPS refuses one large buffer in these words; DirectML and ONNX Runtime in the next ones.
    r"|invalid buffer size|not enough (gpu video )?memory|failed to allocate memory",
    re.IGNORECASE | re.DOTALL,
)

_TYPES = frozenset({"OutOfMemoryError", "_ArrayMemoryError", "OutOfMemoryException"})
_ERRNOS = frozenset({errno.ENOMEM})
_WINERRORS = frozenset({8, 14, 1455})
"""ERROR_NOT_ENOUGH_MEMORY, ERROR_OUTOFMEMORY, ERROR_COMMITMENT_LIMIT."""

_ASKED = re.compile(
    r"(?:tried to allocate|unable to allocate|buffer size:)\s+([\d.]+)\s*(bytes|[KMGTPE]i?B)", re.I
)
_FREE = re.compile(r"of which ([\d.]+)\s*(bytes|[KMGTPE]i?B) is free", re.I)
_UNITS = "bkmgtpe"


def classify(error: BaseException) -> Fault:
    """What an exception means, its declared causes included; it is neither kept nor changed.

    Only errors of the machine are read by their words: what a person wrote may speak of memory.
    """
    for link in _causes(error):
        message = str(link)[:READ_CHARS]
        kind, is_host = _kind(link, message)
        if kind is not FaultKind.OTHER:
            return Fault(
                kind=kind,
                text=_text(link, message),
                is_host=is_host,
                asked_bytes=_bytes(_ASKED, message),
                free_bytes=_bytes(_FREE, message),
            )
    return Fault(kind=FaultKind.OTHER, text=_text(error, str(error)[:READ_CHARS]))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised from. Not `__context__`: that one was being handled."""
    link: BaseException | None = error
    for _ in range(_CHAIN):
        if link is None:
            return
        yield link
        link = link.__cause__


def _kind(error: BaseException, message: str) -> tuple[FaultKind, bool]:
    is_named = any(kind.__name__ in _TYPES for kind in type(error).__mro__)
    if isinstance(error, MemoryError) or _is_no_memory(error):
        return FaultKind.MEMORY, True
    if isinstance(error, OSError) or not (isinstance(error, RuntimeError) or is_named):
        return FaultKind.OTHER, False
    # A lost context says so first: what it says of memory afterwards is worth nothing.
    if _FATAL.search(message):
        return FaultKind.FATAL, False
    is_host = bool(_HOST_MEMORY.search(message))
    is_memory = is_host or is_named or bool(_MEMORY.search(message))
    return (FaultKind.MEMORY if is_memory else FaultKind.OTHER), is_host


def _is_no_memory(error: BaseException) -> bool:
    """The operating system refused."""
    return isinstance(error, OSError) and (
        error.errno in _ERRNOS or getattr(error, "winerror", None) in _WINERRORS
    )


def _text(error: BaseException, message: str) -> str:
    first = message.strip().partition("\n")[0][:TEXT_CHARS]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _bytes(pattern: re.Pattern[str], message: str) -> int | None:
    found = pattern.search(message)
    if found is None:
        return None
    try:
        return int(float(found[1]) * float(1024 ** _UNITS.index(found[2][0].lower())))
    except ValueError:
        return None
