"""How much memory the control group of this process allows, and how much of that is taken.

Inside a container the machine's own figures are a trap: a program that plans with them is killed
at the container's limit. Source: Linux Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_UNLIMITED_BYTES = 2**60
"""Version 1 writes "no limit" as the largest whole number of pages (just under 2^63)."""


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """Memory of one control group.

    Args:
        limit_bytes: What its processes may use together.
        free_bytes: What is left of it; file pages that can be dropped count as free.
    """

    limit_bytes: int
    free_bytes: int


def tightest(root: Path = Path("/")) -> Allowance | None:
    """The smallest limit and the least that is free, over this process's groups.

    A limit may stand at the group itself or at any group above it, so all are read.

    Args:
        root: Where `/proc` and `/sys` are; another one in tests.
    """
    allowances = [found for folder in _folders(root) if (found := _read(folder)) is not None]
    if not allowances:
        return None
    return Allowance(
        limit_bytes=min(each.limit_bytes for each in allowances),
        free_bytes=min(each.free_bytes for each in allowances),
    )


def _folders(root: Path) -> list[Path]:
    """The folders of this process's memory groups, deepest first."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return []
    mount = root / "sys/fs/cgroup"
    folders = []
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and "memory" not in controllers.split(","):
            continue
        # In a container the path may be the host's: what does not exist here is left out, and
        # the mount's own folder, which is then the container's group, is always looked at.
        top = mount / "memory" if controllers else mount
        inside = PurePosixPath(path.lstrip("/"))
        folders += [top / step for step in (inside, *inside.parents) if ".." not in step.parts]
    return folders


def _read(folder: Path) -> Allowance | None:
    """One group in either version's file names; None without a limit."""
    for limit_name, used_name, droppable_key in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        limit_bytes = _number(folder / limit_name)
        used_bytes = _number(folder / used_name)
        if limit_bytes is None or used_bytes is None or not 0 < limit_bytes < _UNLIMITED_BYTES:
            continue
        taken_bytes = max(0, used_bytes - _stat(folder / "memory.stat", droppable_key))
        return Allowance(limit_bytes=limit_bytes, free_bytes=max(0, limit_bytes - taken_bytes))
    return None


def _number(file: Path) -> int | None:
    """A file that holds one number; `max`, a missing file and nonsense are None."""
    try:
        text = file.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else None


def _stat(file: Path, key: str) -> int:
    """One entry of a `name value` file, 0 when it is not there."""
    try:
        lines = file.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return 0
    for line in lines:
        name, _, value = line.partition(" ")
        if name == key and value.isdigit():
            return int(value)
    return 0
