"""Puts a checkpoint's tensors into a model: straight into its precision and device, all or nothing.

At the peak there is the model and one tensor, never the file and the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

import torch
from torch import nn

from core.engines.nn.checkpoint import Checkpoint
from core.errors import InputError

RELEASE_BYTES = 32 << 20
"""After so much has been read, the file's pages are let go."""
NAMED = 3
"""Tensors named in a sentence about many."""

M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True)
class Made:
    """A tensor of the model that is computed from some of the file.

    Args:
        parts: Names in the file.
        by: Of the parts, as the file has them; the result in any precision.
    """

    parts: tuple[str, ...]
    by: Callable[..., torch.Tensor]


@runtime_checkable
class MakesTables(Protocol):
    """A module with buffers that no checkpoint holds (positions, windows): made after filling."""

    def make_tables(self, device: torch.device) -> None: ...


def on_meta(build: Callable[[], M]) -> M:
    """A model without memory behind its weights, for `fill`; building it takes milliseconds."""
    with torch.device("meta"):
        return build().requires_grad_(False).eval()


def weight_norm(length: torch.Tensor, direction: torch.Tensor) -> torch.Tensor:
    """The weight behind `weight_g`, `weight_v` (Salimans & Kingma 2016), in float32.

    Args:
        length: [n, 1, ...].
        direction: [n, ...].
    """
    direction = direction.float()
    norm = torch.linalg.vector_norm(direction, dim=tuple(range(1, direction.dim())), keepdim=True)
    weight: torch.Tensor = direction * (length.float() / norm)
    return weight


def fill(
    model: nn.Module,
    checkpoint: Checkpoint,
    *,
    dtype: torch.dtype | Callable[[str], torch.dtype],
    device: torch.device | str,
    rename: Callable[[str], str | None] = lambda name: name,
    made: Mapping[str, Made] | None = None,
    told: Callable[[str], str] = lambda name: name,
) -> None:
    """Give a model its weights.

    Args:
        model: On meta or real; tied weights stay tied. Whole numbers keep their own type.
        checkpoint: Open.
        dtype: Of floating weights; a function is asked by the model's names.
        device: Where the weights go.
        rename: From a name in the file to the model's; None where the model does not need it.
        made: By the model's name, what is computed instead of copied.
        told: The file's name for one of the model's, to tell what is missing.

    Raises:
        InputError: Tensors are missing, unknown or of another shape; nothing was changed.
    """
    device = torch.device(device)
    made = {} if made is None else made
    wanted = model.state_dict(keep_vars=True)
    used = {part for recipe in made.values() for part in recipe.parts}
    sources = {
        target: name
        for name in checkpoint.specs
        if name not in used and (target := rename(name)) is not None
    }
    _check(wanted, checkpoint, sources, made, told)
    filled: dict[int, torch.Tensor] = {}
    n_read_bytes = 0
    for name, source in _in_file_order(checkpoint, sources, made):
        old = wanted[name]
        if id(old) in filled:
            continue  # tied: the first copy is for all
        if isinstance(source, Made):
            tensor = source.by(*(checkpoint.tensor(part) for part in source.parts))
            if tensor.shape != old.shape:
                raise _misfit(
                    checkpoint, [f"{name} {_sizes(tensor.shape)}, not {_sizes(old.shape)}"]
                )
        else:
            tensor = checkpoint.tensor(source)
        kind = old.dtype
        if old.is_floating_point():
            kind = dtype(name) if callable(dtype) else dtype
        new = torch.empty(old.shape, dtype=kind, device=device)
        new.copy_(tensor)
        is_weight = isinstance(old, nn.Parameter)
        filled[id(old)] = nn.Parameter(new, requires_grad=False) if is_weight else new
        n_read_bytes += tensor.nbytes
        del tensor
        if n_read_bytes >= RELEASE_BYTES:
            checkpoint.release()
            n_read_bytes = 0
    for name, old in wanted.items():
        _put(model, name, filled[id(old)])
    for module in model.modules():
        if isinstance(module, MakesTables):
            module.make_tables(device)
    without = [name for name, buffer in model.named_buffers() if buffer.is_meta]
    assert not without, f"buffers that no checkpoint holds need make_tables: {without}"


def _check(
    wanted: Mapping[str, torch.Tensor],
    checkpoint: Checkpoint,
    sources: Mapping[str, str],
    made: Mapping[str, Made],
    told: Callable[[str], str],
) -> None:
    """Everything is compared before anything is read."""
    given = {id(wanted[name]) for name in (*sources, *made) if name in wanted}
    missing = [told(name) for name, tensor in wanted.items() if id(tensor) not in given]
    missing += [
        part for recipe in made.values() for part in recipe.parts if part not in checkpoint.specs
    ]
    unknown = [source for name, source in sources.items() if name not in wanted]
    misshaped = [
        f"{source} {_sizes(checkpoint.specs[source].shape)}, not {_sizes(wanted[name].shape)}"
        for name, source in sources.items()
        if name in wanted and checkpoint.specs[source].shape != tuple(wanted[name].shape)
    ]
    complaints = [
        f"{len(names)} {what} ({', '.join(names[:NAMED])}{', …' if len(names) > NAMED else ''})"
        for names, what in ((missing, "missing"), (unknown, "unknown"), (misshaped, "misshaped"))
        if names
    ]
    if complaints:
        raise _misfit(checkpoint, complaints)


def _in_file_order(
    checkpoint: Checkpoint, sources: Mapping[str, str], made: Mapping[str, Made]
) -> Iterator[tuple[str, str | Made]]:
    """Reading a disk from front to back is several times faster than jumping about."""
    places = {name: place for place, name in enumerate(checkpoint.specs)}
    todo: list[tuple[int, str, str | Made]] = [
        (places[source], name, source) for name, source in sources.items()
    ]
    todo += [(places[recipe.parts[0]], name, recipe) for name, recipe in made.items()]
    for _, name, source in sorted(todo, key=lambda entry: entry[0]):
        yield name, source


def _put(model: nn.Module, name: str, tensor: torch.Tensor) -> None:
    path, _, leaf = name.rpartition(".")
    owner = model.get_submodule(path)
    (owner._parameters if leaf in owner._parameters else owner._buffers)[leaf] = tensor  # type: ignore[assignment]


def _sizes(shape: Sequence[int]) -> str:
    return "x".join(str(n) for n in shape) or "scalar"


def _misfit(checkpoint: Checkpoint, complaints: Sequence[str]) -> InputError:
    return InputError(
        f"“{checkpoint.path.name}” does not fit the model: tensors {'; '.join(complaints)}.",
        "It may be for another version of the model; choose the file that belongs to it.",
    )
