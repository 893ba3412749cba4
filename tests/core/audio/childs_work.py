"""Tasks that misbehave in a child, one way each."""

from __future__ import annotations

import ctypes
import os
import time
from typing import Any

import numpy as np

from core.errors import InputError, MissingError


def echo(**arguments: Any) -> dict[str, Any]:
    return arguments


def chatter() -> dict[str, Any]:
    print("a library talks")  # noqa: T201
    os.write(1, b"and below Python too\n" * 20_000)
    return {"said": True}


def refuse() -> dict[str, Any]:
    raise MissingError("It is not there: 3 of 4.", "Look again.")


def need_input() -> dict[str, Any]:
    raise InputError("Not this one.")


def bug() -> dict[str, Any]:
    raise KeyError("a bug of ours")


def hang() -> dict[str, Any]:
    time.sleep(600)
    return {}


def hang_with_family() -> dict[str, Any]:
    if os.fork() == 0:
        time.sleep(600)
    time.sleep(600)
    return {}


def spin() -> dict[str, Any]:
    while True:
        pass


def eat() -> dict[str, Any]:
    kept = []
    while True:
        kept.append(np.ones(8 << 20, np.uint8))


def crash() -> dict[str, Any]:
    ctypes.string_at(0)
    return {}


def leave() -> dict[str, Any]:
    os._exit(0)


def write_much(*, path: str) -> dict[str, Any]:
    with open(path, "wb") as file:
        for _ in range(64):
            file.write(bytes(1 << 20))
    return {}


def environment() -> dict[str, Any]:
    return {"threads": os.environ["OMP_NUM_THREADS"]}
