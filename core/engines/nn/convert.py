"""Writes a checkpoint anew as safetensors: one tensor in memory at a time, whole or not there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from core.disk import writing
from core.engines.nn.checkpoint import Checkpoint
from core.paths import whole_file

RELEASE_BYTES = 32 << 20
"""After so much has been read, the source's pages are let go."""

_NAMES = {
    **{torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"},
    **{torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8"},
    **{torch.uint8: "U8", torch.bool: "BOOL"},
}


def convert(
    source: Checkpoint,
    target: Path,
    *,
    keep: Callable[[str], bool] = lambda name: True,
    note: str = "",
) -> None:
    """Write tensors in the precision that they have.

    Args:
        source: Open.
        target: Is replaced.
        keep: Which tensors, by their names.
        note: Stands in the file's metadata under `note`.

    Raises ResourceError where the disk is full or closed to us.
    """
    # The largest elements first, so that every tensor lies at a multiple of its own.
    names = sorted(filter(keep, source.specs), key=lambda name: -source.specs[name].dtype.itemsize)
    header, n_bytes = _header(source, names, note)
    with writing(target.parent, n_bytes), whole_file(target) as part, part.open("wb") as file:
        file.write(header)
        n_unreleased = 0
        for name in names:
            tensor = source.tensor(name).contiguous().reshape(-1)
            n_unreleased += tensor.nbytes
            file.write(tensor.view(torch.uint8).numpy().data)
            del tensor
            if n_unreleased >= RELEASE_BYTES:
                source.release()
                n_unreleased = 0


def _header(source: Checkpoint, names: list[str], note: str) -> tuple[bytes, int]:
    """Table of contents, and bytes of the whole file."""
    table: dict[str, Any] = {"__metadata__": {"note": note}} if note else {}
    at = 0
    for name in names:
        spec = source.specs[name]
        n_bytes = torch.Size(spec.shape).numel() * spec.dtype.itemsize
        table[name] = {
            "dtype": _NAMES[spec.dtype],
            "shape": list(spec.shape),
            "data_offsets": [at, at + n_bytes],
        }
        at += n_bytes
    text = json.dumps(table, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text, 8 + len(text) + at
