"""The files of g2pW, the optional judge of Chinese readings: whether they are here and usable.

Imports nothing of the network's: the page's side asks too.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final

NETWORK: Final = "g2pW.onnx"
POLYPHONIC, MONOPHONIC = "POLYPHONIC_CHARS.txt", "MONOPHONIC_CHARS.txt"
TO_PINYIN: Final = "bopomofo_to_pinyin_wo_tune_dict.json"
FILES: Final = (NETWORK, POLYPHONIC, MONOPHONIC, TO_PINYIN)
"""What a folder of it holds; of config.py, which lies beside them, nothing is read or run."""

LOADED_SHARE: Final = 2.1
"""Of the file's size, what the loaded network takes on the host: others measured 1.33 GB of 0.64
in a process of its own, once."""
MISSING_RUNTIME: Final = (
    "g2pW is here, but the package onnxruntime is not: Chinese characters with several readings "
    "are read by phrases."
)


def is_complete(folder: Path) -> bool:
    """Whether a folder holds the network and its tables."""
    return all((folder / name).is_file() for name in FILES)


def loaded_bytes(folder: Path) -> int:
    """What the network of a folder is going to take on the host. Raises OSError."""
    return round(LOADED_SHARE * (folder / NETWORK).stat().st_size)


def has_runtime() -> bool:
    """Whether onnxruntime is installed; it is not imported."""
    return importlib.util.find_spec("onnxruntime") is not None
