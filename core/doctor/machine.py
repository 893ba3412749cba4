"""Findings on the machine: system, memory, disk, graphics cards, and what torch can use of them."""

from __future__ import annotations

import platform
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path

from core import settings
from core.doctor.finding import INSTALL, Finding, gb
from core.engines.protocol import EngineCard
from core.memory.device import TorchReport
from core.memory.readings import DeviceReading, HostReading
from core.paths import VERSION, Paths, whole_file
from core.synthesis import place

PYTHON_MIN = (3, 11)
FREE_MEMORY_LOW_BYTES = 1 << 30
"""The page takes about 250 MB, the engine process and a decoding child as much again."""
FREE_DISK_LOW_BYTES = 2 << 30
"""An hour of speech at 24 kHz is 170 MB as WAV, and a job keeps its segments beside the export."""


def system() -> Finding:
    """The operating system and the interpreter."""
    text = f"Timbre {VERSION}, Python {platform.python_version()} on {platform.system()} "
    text += f"{platform.release()} ({platform.machine()})"
    if sys.version_info < PYTHON_MIN:
        wanted = ".".join(str(number) for number in PYTHON_MIN)
        return Finding(
            area="System",
            state="missing",
            text=text,
            todo=f"Install Python {wanted} or newer and make the environment again.",
        )
    return Finding(area="System", state="ok", text=text)


def memory(host: HostReading) -> tuple[Finding, Finding]:
    """Free memory and free disk."""
    free_bytes = None
    if host.total_bytes is not None and host.used_bytes is not None:
        free_bytes = host.total_bytes - host.used_bytes
    return (
        _free(
            "Memory",
            free_bytes,
            f"free of {gb(host.total_bytes)}, {host.n_cores} cores",
            FREE_MEMORY_LOW_BYTES,
            "Close other programs before long jobs.",
        ),
        _free(
            "Disk",
            host.disk_free_bytes,
            "free where Timbre keeps its data",
            FREE_DISK_LOW_BYTES,
            "Free some space, or start with --home and a folder on another disk.",
        ),
    )


def _free(area: str, n_bytes: int | None, of_what: str, low_bytes: int, todo: str) -> Finding:
    text = f"{gb(n_bytes)} {of_what}"
    if n_bytes is None:
        return Finding(area=area, state="note", text=text)
    if n_bytes < low_bytes:
        return Finding(area=area, state="note", text=f"only {text}", todo=todo)
    return Finding(area=area, state="ok", text=text)


def folder(data: Path) -> Finding:
    """Whether a file can be written where voices and jobs are kept."""
    probe = data / f".doctor-{uuid.uuid4().hex}"
    try:
        with whole_file(probe) as part:
            part.write_bytes(b"ok")
        probe.unlink()
    except OSError as error:
        return Finding(
            area="Data folder",
            state="missing",
            text=f"{data} cannot be written ({error.strerror})",
            todo="Give yourself the right to write there, or start with --home and another folder.",
        )
    return Finding(area="Data folder", state="ok", text=f"{data} can be written")


def log_folder(paths: Paths) -> Finding:
    """Where to read more about an incident."""
    return Finding(area="Log", state="ok", text=f"in {paths.log}, without what was said or read")


def own_settings(paths: Paths) -> tuple[Finding, ...]:
    """What of the settings does not hold, or did not when it was last read."""
    todo = f"Mend it in {paths.config}, or set it anew on the page."
    found = [
        Finding(area="Settings", state="note", text=text, todo=todo)
        for text in settings.problems(paths)
    ]
    for file in sorted(paths.config.glob("settings.broken-*.toml")):
        text = f"{file.name} could not be read and was set aside; the defaults hold"
        todo = f"Mend it and name it settings.toml, or delete it, in {paths.config}."
        found.append(Finding(area="Settings", state="note", text=text, todo=todo))
    return tuple(found)


def graphics(devices: Sequence[DeviceReading], state: str) -> tuple[Finding, ...]:
    """NVIDIA cards as the driver sees them.

    Args:
        devices: Those that answer.
        state: Of the reader: `ok`, `none` or `lost`.
    """
    found = []
    for device in devices:
        free = None
        if device.total_bytes is not None and device.used_bytes is not None:
            free = device.total_bytes - device.used_bytes
        text = f"{device.name}, {gb(free)} free of {gb(device.total_bytes)}"
        found.append(Finding(area="Graphics card", state="ok", text=text))
    if state == "lost":
        todo = "Restart the computer; if it stays, install the driver again."
        text = "a card was there and does not answer"
        found.append(Finding(area="Graphics card", state="missing", text=text, todo=todo))
    if not found:
        text = "no NVIDIA card or no driver for it; the built-in engine does not need one"
        todo = "If there is a card, install NVIDIA's driver."
        found.append(Finding(area="Graphics card", state="note", text=text, todo=todo))
    return tuple(found)


def torch(report: TorchReport, *, has_card: bool) -> Finding:
    """What torch can compute on. The built-in engine runs without it.

    Args:
        report: From the probe.
        has_card: Whether the driver shows an NVIDIA card.
    """
    area = "torch"
    if report.version is None:
        text = f"torch cannot be used ({report.error}); the built-in engine runs without it"
        return Finding(area=area, state="note", text=text, todo=INSTALL)
    usable = [
        f"{card.name} (cuda:{card.index}, compute capability {card.capability[0]}."
        f"{card.capability[1]}, {'bf16, ' if card.bf16 else ''}{gb(card.free_bytes)} free)"
        for card in report.devices
    ]
    usable += ["Apple's GPU (mps)"] if report.mps else []
    if usable:
        return Finding(area=area, state="ok", text=f"{report.version} on {', '.join(usable)}")
    text = f"{report.version}, on the processor only"
    if report.error is not None:
        todo = "Update the driver of the graphics card."
        return Finding(area=area, state="note", text=f"{text} ({report.error})", todo=todo)
    if has_card and report.cuda is None and report.hip is None:
        todo = "Install the build of the same torch version with CUDA, as pytorch.org describes."
        return Finding(area=area, state="note", text=f"{text}: this build has no CUDA", todo=todo)
    if has_card:
        todo = f"Update the driver: it has to support CUDA {report.cuda}."
        return Finding(area=area, state="note", text=f"{text}: the card is not usable", todo=todo)
    return Finding(area=area, state="ok", text=text)


def asked_for(cards: Sequence[EngineCard], wanted: str, report: TorchReport) -> tuple[Finding, ...]:
    """What becomes of `--device`, where a person gave it.

    Args:
        cards: The engines that are offered.
        wanted: As in `--device`.
        report: From the probe.
    """
    found = [
        Finding(area="Device", state="note", text=text, todo="Leave --device out.")
        for card in cards
        if (text := place.unused(card, wanted)) is not None
    ]
    here = [f"cuda:{card.index}" for card in report.devices] + (["mps"] if report.mps else [])
    kinds = {place.kind_of(device) for device in here}
    if wanted not in (place.AUTO, "cpu", *here, *kinds):
        text = f"there is no {wanted} here that torch could use"
        found.append(Finding(area="Device", state="missing", text=text, todo="Leave --device out."))
    return tuple(found)
