"""Where an engine runs: what its card can use, what a person asked for, what is here.

Imports no torch itself: the engine process hands in what it found.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.engines.protocol import EngineCard
from core.errors import ResourceError
from core.memory.ladder import CPU

AUTO = "auto"


@dataclass(frozen=True, kw_only=True)
class Found:
    """What there is to run on.

    Args:
        devices: As `cuda:0`, `mps`; best first. The processor is always there and not named.
        why: Why there is no more, in the machine's words; may be empty.
    """

    devices: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What tells a device from another, for what was measured on it.

    Args:
        name: Its UUID, else its product name, else `cpu`.
        uuid: In NVML's spelling; None on the processor or where not known.
        driver: Version of CUDA or ROCm.
        torch: Version; empty where no engine has imported it.
    """

    name: str
    uuid: str | None = None
    driver: str = ""
    torch: str = ""


def kind_of(device: str) -> str:
    """`cuda` of `cuda:1`."""
    return device.partition(":")[0]


def unused(card: EngineCard, wanted: str) -> str | None:
    """The sentence for a person whose choice this engine cannot use; None where it can.

    Args:
        card: Of the engine.
        wanted: As in `--device`.
    """
    if wanted == AUTO or kind_of(wanted) in card.devices:
        return None
    return f"{card.title} does not use {wanted}: it runs on the processor."


def expected(card: EngineCard, wanted: str, *, has_card: bool) -> str:
    """Where it is going to run, as far as can be told without asking torch.

    Args:
        card: Of the engine.
        wanted: As in `--device`.
        has_card: The driver shows a graphics card.
    """
    if wanted != AUTO:
        return wanted if kind_of(wanted) in card.devices else CPU
    return "cuda" if has_card and "cuda" in card.devices else CPU


def choose(wanted: str, can_use: tuple[str, ...], find: Callable[[], Found]) -> str:
    """The device to load on.

    Args:
        wanted: As in `--device`.
        can_use: Kinds that the engine can use, best first, as on its card.
        find: Looks what is here; asked only where it matters.

    Raises:
        ResourceError: A person asked for a device that the engine can use and is not here.
    """
    kind = kind_of(wanted)
    if wanted == CPU or (wanted != AUTO and kind not in can_use) or can_use == (CPU,):
        return CPU
    found = find()
    if wanted == AUTO:
        return next((one for kind in can_use for one in _of(kind, found)), CPU)
    if wanted in found.devices:
        return wanted
    here = _of(kind, found)
    if here and wanted == kind:
        return here[0]
    there = ", ".join(found.devices) or "no graphics card that can be used"
    why = f" ({found.why})" if found.why else ""
    raise ResourceError(
        f"There is no {wanted} here: torch sees {there}{why}.",
        "Leave --device out, or see what is missing with: app.py doctor",
    )


def identity(device: str) -> Identity:
    """Torch is asked only where somebody has imported it."""
    torch: Any = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "__version__"):
        return Identity(name=device)
    version = str(torch.__version__)
    if kind_of(device) != "cuda" or not torch.cuda.is_available():
        return Identity(name=device, torch=version)
    properties = torch.cuda.get_device_properties(device)
    uuid = getattr(properties, "uuid", None)
    uuid = f"GPU-{uuid}" if uuid is not None else None
    return Identity(
        name=uuid or str(properties.name),
        uuid=uuid,
        driver=str(torch.version.cuda or torch.version.hip),
        torch=version,
    )


def _of(kind: str, found: Found) -> tuple[str, ...]:
    """Devices of a kind; the processor is one."""
    return (CPU,) if kind == CPU else tuple(one for one in found.devices if kind_of(one) == kind)
