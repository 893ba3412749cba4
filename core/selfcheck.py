"""One check of an engine or of what it stands on, in a process of its own.

`python -m core.selfcheck engine FACTORY`, `... code FACTORY` and `... part NAME` print one JSON
object. A library that crashes when it is loaded costs this process only; `core.doctor` asks.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.engines import registry
from core.errors import StudioError


def engine(factory: str, *, loads: bool = True) -> dict[str, Any]:
    """Load an engine on the processor and let go of it.

    Args:
        factory: Dotted path from its card.
        loads: Not only import its code.
    """
    begun_s = time.monotonic()
    try:
        made = registry.build(factory)
        if loads:
            made.load(None, "cpu").close()
    except StudioError as error:
        return {"error": error.message, "hint": error.hint}
    except ImportError as error:
        return {"error": f"A package cannot be loaded: {error}", "hint": ""}
    return {"seconds": time.monotonic() - begun_s}


def rhvoice() -> str:
    """The statistical voices that are offered are data only: look for each."""
    voices = importlib.import_module("core.engines.builtin.voices")
    absent = [card.name for card in voices.HTS_VOICES if not voices.voice_folder(card).is_dir()]
    if absent:
        raise FileNotFoundError(f"no data of the voices {', '.join(absent)}")
    languages = {card.language for card in voices.HTS_VOICES}
    return f"{len(voices.HTS_VOICES)} statistical voices in {len(languages)} languages"


def espeak() -> str:
    """The library loads and its data is there."""
    package = importlib.import_module("espeakng_loader")
    library = ctypes.CDLL(str(package.get_library_path()))
    library.espeak_Info.restype = ctypes.c_char_p
    version = library.espeak_Info(None)
    if not (Path(package.get_data_path()) / "phontab").is_file():
        raise FileNotFoundError("eSpeak NG has no phoneme data")
    return f"eSpeak NG {version.decode('ascii', 'replace') if version else 'loads'}"


def world() -> str:
    """The vocoder's compiled part loads."""
    importlib.import_module("pyworld")
    return "the WORLD vocoder"


PARTS: dict[str, Callable[[], str]] = {"rhvoice": rhvoice, "espeak": espeak, "world": world}


def part(name: str) -> dict[str, Any]:
    """Check one part; the answer says what was seen or what is wrong."""
    try:
        return {"seen": PARTS[name]()}
    except (ImportError, OSError, AttributeError) as error:
        return {"error": f"{type(error).__name__}: {error}"}


def main(arguments: list[str]) -> int:
    """Answer on the first stdout; what libraries print goes to stderr."""
    kind, name = arguments
    answer_to = os.dup(1)
    os.dup2(2, 1)
    with contextlib.redirect_stdout(sys.stderr):
        answer = part(name) if kind == "part" else engine(name, loads=kind == "engine")
    with os.fdopen(answer_to, "w") as stdout:
        json.dump(answer, stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
