"""The tensors that the published speaker network has, by name, written down from its sizes."""

from __future__ import annotations

from collections.abc import Iterator

from core.engines.gpt_sovits.speaker import SpeakerDims

Shape = tuple[int, ...]


def shapes(dims: SpeakerDims | None = None) -> dict[str, Shape]:
    """Names to shapes; of the published sizes without `dims`."""
    dims = SpeakerDims() if dims is None else dims
    n, n_last = dims.n_channels, dims.n_last
    found: dict[str, Shape] = {"conv1.weight": (n, 1, 3, 3), **dict(_norm("bn1", n))}
    n_in = n
    for place, n_blocks in enumerate(dims.n_blocks):
        for i in range(n_blocks):
            found.update(_block(f"layer{place + 1}.{i}", dims, n_in, n << place, place))
            n_in = (n << place) * dims.expansion
    found["layer3_ds.weight"] = (n_last, n_last // 2, 3, 3)
    found.update(_merge("fuse34", n_last))
    found["seg_1.weight"], found["seg_1.bias"] = (192, 2 * dims.n_embedding), (192,)
    return found


def _block(
    name: str, dims: SpeakerDims, n_in: int, n_stage: int, place: int
) -> Iterator[tuple[str, Shape]]:
    n_width, n_out = n_stage * dims.width // 64, n_stage * dims.expansion
    n_inner = n_width * dims.n_branches
    yield f"{name}.conv1.weight", (n_inner, n_in, 1, 1)
    yield from _norm(f"{name}.bn1", n_inner)
    for i in range(dims.n_branches):
        yield f"{name}.convs.{i}.weight", (n_width, n_width, 3, 3)
        yield from _norm(f"{name}.bns.{i}", n_width)
    for i in range(dims.n_branches - 1 if place >= 2 else 0):
        yield from _merge(f"{name}.fuse_models.{i}", n_width)
    yield f"{name}.conv3.weight", (n_out, n_inner, 1, 1)
    yield from _norm(f"{name}.bn3", n_out)
    if name.endswith(".0"):
        yield f"{name}.shortcut.0.weight", (n_out, n_in, 1, 1)
        yield from _norm(f"{name}.shortcut.1", n_out)


def _merge(name: str, n: int) -> Iterator[tuple[str, Shape]]:
    for place, (n_out, n_in) in ((0, (n // 4, 2 * n)), (3, (n, n // 4))):
        yield f"{name}.local_att.{place}.weight", (n_out, n_in, 1, 1)
        yield f"{name}.local_att.{place}.bias", (n_out,)
        yield from _norm(f"{name}.local_att.{place + 1}", n_out)


def _norm(name: str, n: int) -> Iterator[tuple[str, Shape]]:
    for leaf in ("weight", "bias", "running_mean", "running_var"):
        yield f"{name}.{leaf}", (n,)
    yield f"{name}.num_batches_tracked", ()
