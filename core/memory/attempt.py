"""One call, caught: its result, or a plain record of why memory failed it. Nothing is recovered.

Inside `except` the traceback keeps every tensor of the failed call alive: clearing the cache
there frees nothing. So here the exception becomes a record, its frames are cleared and the block
is left; whoever called recovers afterwards.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from core.memory.classify import Fault, FaultKind, classify

T = TypeVar("T")


@dataclass(frozen=True)
class Made(Generic[T]):
    value: T


def attempt(call: Callable[[], T]) -> Made[T] | Fault:
    """What a call returned, or the plain record of why memory or the device failed it.

    The only place that catches exhaustion. Any other error passes untouched.
    """
    try:
        return Made(call())
    except (MemoryError, RuntimeError, OSError) as error:
        fault = classify(error)
        if fault.kind is FaultKind.OTHER:
            raise
        let_go(error)
    return fault


def let_go(error: BaseException) -> None:
    """Make an exception hold nothing, whoever holds the exception: a log record, a Future.

    Its frames lose their variables; it and all that led to it lose their tracebacks.
    """
    known: dict[int, BaseException] = {}
    waiting = [error]
    while waiting:
        link = waiting.pop()
        if id(link) in known:
            continue
        known[id(link)] = link
        waiting += [other for other in (link.__cause__, link.__context__) if other is not None]
        if isinstance(link, BaseExceptionGroup):
            waiting += link.exceptions
        traceback.clear_frames(link.__traceback__)
        link.__traceback__ = link.__cause__ = link.__context__ = None
