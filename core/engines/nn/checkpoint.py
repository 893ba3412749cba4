"""Opens checkpoints: tensors by name, read from the file as they are needed, and nothing executed.

The only place of `torch.load` and of safetensors. A file is somebody else's: whatever is wrong
with it ends in an `InputError` that says so.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

import safetensors
import torch
from torch._weights_only_unpickler import UnpicklingError  # type: ignore[attr-defined]

from core.engines.nn.archive import Retouched, check_archive
from core.errors import InputError, MissingError
from core.memory.classify import FaultKind, classify

HEADER_MAX_BYTES = 16 << 20
"""Of a safetensors file; the largest of the engines' is 60 kB."""
DEPTH_MAX = 50
"""Of settings within settings."""

_HINT = "Download it again, or from where its authors publish it."
_DAMAGED = (
    *(ArithmeticError, AssertionError, AttributeError, EOFError, ImportError, LookupError),
    *(OSError, RuntimeError, TypeError, ValueError),
    *(UnpicklingError, zipfile.BadZipFile, safetensors.SafetensorError),
)
"""What readers raise on files that are cut, altered or made up, native code and Python alike."""

_DTYPES = {
    **{"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16},
    **{"I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8},
    **{"U8": torch.uint8, "BOOL": torch.bool},
}

T = TypeVar("T")


class TensorSpec(NamedTuple):
    """What is known of a tensor without reading it."""

    shape: tuple[int, ...]
    dtype: torch.dtype


class Checkpoint:
    """An open checkpoint: a context manager.

    Tensors are views of the mapped file: copy what is kept, and never keep one past `close`.

    Attributes:
        path: The file.
        specs: Every tensor, in the order of the file.
        extras: What stands beside the tensors (settings), plain values only.
    """

    path: Path
    specs: Mapping[str, TensorSpec]
    extras: Mapping[str, Any]

    def tensor(self, name: str) -> torch.Tensor:
        """One tensor, on the host, as the file has it. Raises KeyError for an unknown name."""
        raise NotImplementedError

    def release(self) -> None:
        """Let go of the pages read so far, so that they count for nobody. Tensors of before the
        call must be gone."""

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_checkpoint(
    path: Path,
    *,
    at: Sequence[str] = (),
    plain_classes: Sequence[str] = (),
    plain_tables: Sequence[str] = (),
    first_bytes: bytes | None = None,
) -> Checkpoint:
    """Open a file of safetensors or torch; which of them, its content decides.

    Args:
        path: The file.
        at: Keys that lead to the tensors in a torch file, as `("weight",)`.
        plain_classes: Dotted names of classes in a torch file whose attributes are wanted as a
            plain dict; no code of theirs runs. All others are refused.
        plain_tables: The same of classes that are dicts themselves: their items are wanted.
        first_bytes: Stand in place of the file's own first bytes; such a torch file is not
            mapped but read, each tensor once.

    Raises:
        MissingError: There is no such file.
        InputError: It is not a checkpoint that can be read.
    """
    if not path.is_file():
        raise MissingError(f"There is no file “{path.name}” in {path.parent}.")
    head = _guarded(path, lambda: _head(path))
    if first_bytes is not None or head[:2] == b"PK":
        inert: list[Any] = [(_Inert, name) for name in plain_classes]
        inert += [(OrderedDict, name) for name in plain_tables]
        return _TorchFile(path, tuple(at), inert, first_bytes)
    if head[8:9] == b"{":
        return _SafetensorsFile(path, int.from_bytes(head[:8], "little"))
    if head[:1] == b"\x80" or not head:
        reason = "it was written before torch 1.6" if head else "it is empty"
        raise _refusal(path, reason)
    raise _refusal(path, "it is neither a safetensors nor a torch file")


class _SafetensorsFile(Checkpoint):
    def __init__(self, path: Path, header_bytes: int) -> None:
        self.path = path
        if header_bytes > min(HEADER_MAX_BYTES, path.stat().st_size):
            raise _refusal(path, f"its table of contents would take {header_bytes} bytes")
        self._file = self._open()
        self.extras = dict(_guarded(path, self._file.metadata) or {})
        self.specs = _guarded(path, self._read_specs)

    def _open(self) -> Any:
        return _guarded(self.path, lambda: safetensors.safe_open(self.path, framework="pt"))

    def _read_specs(self) -> dict[str, TensorSpec]:
        specs = {}
        for name in self._file.offset_keys():
            part = self._file.get_slice(name)
            dtype = _DTYPES.get(part.get_dtype())
            if dtype is None:
                raise ValueError(f"“{name}” is of the type {part.get_dtype()}")
            specs[name] = TensorSpec(tuple(part.get_shape()), dtype)
        return specs

    def tensor(self, name: str) -> torch.Tensor:
        if name not in self.specs:
            raise KeyError(name)
        tensor: torch.Tensor = _guarded(self.path, lambda: self._file.get_tensor(name))
        return tensor

    def release(self) -> None:
        self._file = self._open()

    def close(self) -> None:
        self._file = None


class _TorchFile(Checkpoint):
    def __init__(
        self,
        path: Path,
        at: tuple[str, ...],
        inert: list[Any],
        first_bytes: bytes | None,
    ) -> None:
        self.path = path
        self._at = at
        self._inert = inert
        self._first_bytes = first_bytes
        _guarded(path, lambda: check_archive(path, first_bytes))
        self._tensors: dict[str, torch.Tensor] = {}
        root = self._read()
        self.specs = {
            name: TensorSpec(tuple(tensor.shape), tensor.dtype)
            for name, tensor in self._tensors.items()
        }
        outside = root if at else {}
        self.extras = _guarded(
            path, lambda: {key: _plain(value) for key, value in outside.items() if key != at[0]}
        )

    def _read(self) -> dict[str, Any]:
        """The whole content; tensors are mapped, not read."""
        root = _guarded(self.path, self._load)
        section = root
        for key in self._at:
            if not isinstance(section, dict) or key not in section:
                raise _refusal(self.path, f"it has no part “{key}”")
            section = section[key]
        if not isinstance(section, dict) or not isinstance(root, dict):
            raise _refusal(self.path, "it holds no table of tensors")
        for name, tensor in section.items():
            if not isinstance(name, str) or not isinstance(tensor, torch.Tensor):
                raise _refusal(self.path, f"“{name}” in it is not a tensor")
            if tensor.layout is not torch.strided or tensor.device.type != "cpu":
                raise _refusal(self.path, f"“{name}” in it is a tensor of an unusual kind")
            if tensor.is_quantized or tensor.dtype not in _DTYPES.values():
                raise _refusal(self.path, f"“{name}” in it is of the type {tensor.dtype}")
        self._tensors = {name: tensor.detach() for name, tensor in section.items()}
        return root

    def _load(self) -> Any:
        with torch.serialization.safe_globals(self._inert), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what is refused anyway
            if self._first_bytes is None:
                return torch.load(  # noqa: TID251 - this is the one place
                    self.path, map_location="cpu", weights_only=True, mmap=True
                )
            with Retouched(self.path, self._first_bytes) as file:
                return torch.load(  # noqa: TID251 - this is the one place
                    file, map_location="cpu", weights_only=True
                )

    def tensor(self, name: str) -> torch.Tensor:
        return self._tensors[name]

    def release(self) -> None:
        if self._first_bytes is None:
            self._tensors.clear()
            self._read()

    def close(self) -> None:
        self._tensors = {}


class _Inert:
    """Stands for a class of the authors' program: keeps attributes, does nothing."""


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(16)


def _plain(value: Any, depth: int = 0) -> Any:
    """Settings as plain values; tensors among them are left out as None."""
    if depth > DEPTH_MAX:
        raise ValueError(f"its settings are nested more than {DEPTH_MAX} deep")
    if isinstance(value, _Inert):
        value = vars(value)
    if isinstance(value, dict):
        return {str(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item, depth + 1) for item in value]
    return value if isinstance(value, (str, int, float, bool)) else None


def _guarded(path: Path, read: Callable[[], T]) -> T:
    """What reading gives, or an `InputError`; running out of memory stays what it is."""
    try:
        return read()
    except _DAMAGED as error:
        if classify(error).kind is not FaultKind.OTHER:
            raise
        raise _refusal(path, _reason(error)) from None


def _reason(error: BaseException) -> str:
    text = str(error)
    if isinstance(error, UnpicklingError):
        foreign = re.search(r"(?:GLOBAL|instance of type) ([\w.]+)", text)
        if foreign:
            return f"it wants to run code of its own ({foreign.group(1)[:80]})"
        return "its list of contents is damaged or made up"
    if isinstance(error, ValueError) and text.startswith(("it ", "its ", "“")):
        return text
    if "TorchScript" in text:
        return "it is a program (TorchScript), not a table of tensors"
    first_line = text.strip().splitlines()[0][:120] if text.strip() else type(error).__name__
    return f"it is damaged or made up ({first_line})"


def _refusal(path: Path, reason: str) -> InputError:
    return InputError(f"“{path.name}” is not a checkpoint that can be read: {reason}.", _HINT)
