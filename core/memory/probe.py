"""What torch sees of this machine, as one JSON object: `python -m core.memory.probe`.

Run in a process of its own, by `core.memory.device`: torch is never imported where the page lives.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def look() -> dict[str, Any]:
    """The fields of `core.memory.device.TorchReport`."""
    try:
        import torch  # noqa: PLC0415 - that it is missing is an answer
    except (ImportError, OSError, RuntimeError) as error:
        # A missing package, a missing system library, a build for another interpreter.
        return {"error": f"{type(error).__name__}: {error}"}
    report: dict[str, Any] = {
        "version": torch.__version__,
        "cuda": torch.version.cuda,
        "hip": getattr(torch.version, "hip", None),
        "mps": bool(torch.backends.mps.is_available()),
        "devices": [],
    }
    try:
        if torch.cuda.is_available():
            report["devices"] = [_card(torch, index) for index in range(torch.cuda.device_count())]
    except (RuntimeError, OSError, AssertionError) as error:
        # A driver older than the build, a card that fell off the bus.
        report["error"] = f"{type(error).__name__}: {error}"
    return report


def usable() -> tuple[tuple[str, ...], str]:
    """Devices that torch can compute on in this process, and why there are no more.

    For the engine process, which needs torch anyway. Cards stand in the order in which they are
    numbered; nothing is taken on any of them.
    """
    try:
        import torch  # noqa: PLC0415 - that it is missing is an answer
    except (ImportError, OSError, RuntimeError) as error:
        return (), f"{type(error).__name__}: {error}"
    devices = ["mps"] if torch.backends.mps.is_available() else []
    why = f"torch {torch.__version__}"
    try:
        if torch.cuda.is_available():
            devices = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
        elif torch.version.cuda is None and getattr(torch.version, "hip", None) is None:
            why += ", a build without CUDA"
    except (RuntimeError, OSError, AssertionError) as error:
        why = f"{type(error).__name__}: {error}"
    return tuple(devices), why


def _card(torch: Any, index: int) -> dict[str, Any]:
    properties = torch.cuda.get_device_properties(index)
    free_bytes, total_bytes = torch.cuda.mem_get_info(index)
    with torch.cuda.device(index):
        bf16 = bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return {
        "index": index,
        "name": properties.name,
        "uuid": f"GPU-{properties.uuid}" if hasattr(properties, "uuid") else None,
        "total_bytes": total_bytes,
        "free_bytes": free_bytes,
        "capability": [properties.major, properties.minor],
        "bf16": bf16,
    }


if __name__ == "__main__":
    json.dump(look(), sys.stdout)
