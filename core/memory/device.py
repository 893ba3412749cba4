"""What torch can compute on here, asked in a process of its own and told as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.memory import outside

PROBE = outside.module("core.memory.probe")

PROBE_TIMEOUT_S = 90.0
"""A first import of torch from a slow disk, with CUDA's start on top, takes most of a minute."""


@dataclass(frozen=True, kw_only=True)
class TorchDevice:
    """One card that torch can use.

    Args:
        index: As in `cuda:0`.
        name: Product name.
        uuid: In NVML's spelling; None where torch does not tell.
        total_bytes: Memory of the card.
        free_bytes: Free when it was asked.
        capability: Compute capability, major and minor.
        bf16: Whether it computes in bfloat16 without emulation.
    """

    index: int
    name: str
    uuid: str | None
    total_bytes: int
    free_bytes: int
    capability: tuple[int, int]
    bf16: bool


@dataclass(frozen=True, kw_only=True)
class TorchReport:
    """What torch sees.

    Args:
        version: Of torch; None when it cannot be imported.
        cuda: Version of CUDA it was built with; None for a build without.
        hip: Version of ROCm it was built with; None for a build without.
        mps: Whether Apple's GPU can be used.
        devices: Cards it can use.
        error: What went wrong, in the machine's words; None when nothing did.
    """

    version: str | None = None
    cuda: str | None = None
    hip: str | None = None
    mps: bool = False
    devices: tuple[TorchDevice, ...] = ()
    error: str | None = None


def ask_torch(command: Sequence[str] = PROBE, *, timeout_s: float = PROBE_TIMEOUT_S) -> TorchReport:
    """Ask torch in a process of its own. A missing torch is a finding; nothing raises.

    Args:
        command: What to run; it prints one JSON object.
        timeout_s: The process is ended after this time.
    """
    try:
        return _report(outside.ask(command, timeout_s=timeout_s))
    except outside.NoAnswer as none:
        return TorchReport(error=str(none))
    except (ValueError, TypeError, KeyError, IndexError):
        return TorchReport(error="an answer that is no report")


def _report(answer: dict[str, Any]) -> TorchReport:
    return TorchReport(
        version=answer.get("version"),
        cuda=answer.get("cuda"),
        hip=answer.get("hip"),
        mps=bool(answer.get("mps")),
        devices=tuple(
            TorchDevice(
                index=int(card["index"]),
                name=str(card["name"]),
                uuid=card["uuid"],
                total_bytes=int(card["total_bytes"]),
                free_bytes=int(card["free_bytes"]),
                capability=(int(card["capability"][0]), int(card["capability"][1])),
                bf16=bool(card["bf16"]),
            )
            for card in answer.get("devices", ())
        ),
        error=answer.get("error"),
    )
