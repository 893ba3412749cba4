"""The ways in which a stage can be run, and the order in which smaller ones are tried."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

CPU = "cpu"


class Rung(StrEnum):
    """One step down, in the order in which they are tried."""

    CLEAR = "clear"
    """Memory cleared, same size once more."""
    SMALLER_BATCH = "smaller batch"
    SMALLER_CHUNK = "smaller chunk"
    LOWER_PRECISION = "lower precision"
    UNLOAD_IDLE = "unload idle"
    """Models that nobody uses now are given back, same size once more."""
    ON_CPU = "on cpu"
    REFUSE = "refuse"
    """This one item is left out, with numbers."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a stage is run.

    Args:
        batch: Rows at once.
        decode_chunk: Frames decoded at once; 0 for a stage that decodes nothing.
        dtype: Precision, as `fp16`.
        device: As `cuda:0` or `cpu`.
    """

    batch: int = 1
    decode_chunk: int = 0
    dtype: str = "fp32"
    device: str = CPU


@dataclass(frozen=True, kw_only=True)
class Origin:
    """With what a sound was made. The same seed gives the same sound only with the same.

    Args:
        device: As `cuda:0` or `cpu`.
        dtype: Precision, as `fp16`; None for an engine that has only one.
        instead_of: What it would have been made with, had memory not been short, as
            `fp16 on cuda:0`; None: it was made as planned.
    """

    device: str
    dtype: str | None = None
    instead_of: str | None = None

    def in_words(self) -> str:
        """`bf16 on cuda:0`."""
        return self.device if self.dtype is None else f"{self.dtype} on {self.device}"


def origin(way: Way, planned: Way) -> Origin:
    """Of what was made in one way; batches and chunks do not change the sound.

    Args:
        way: As it was made.
        planned: As it would have been made with enough memory.
    """
    made = Origin(device=way.device, dtype=way.dtype)
    usual = Origin(device=planned.device, dtype=planned.dtype)
    return made if made == usual else replace(made, instead_of=usual.in_words())


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """Which smaller ways a stage has.

    Args:
        min_chunk: Fewest frames that are decoded at once.
        dtypes: Precisions it can run in on its device, best first; those after the way's own
            are rungs.
        cpu_dtype: Precision on the CPU; None for a stage that cannot run there.
    """

    min_chunk: int = 8
    dtypes: tuple[str, ...] = ()
    cpu_dtype: str | None = "fp32"

    def step(self, way: Way) -> tuple[Rung, Way] | None:
        """The next smaller way on the same device; None at the end."""
        if way.batch > 1:
            return Rung.SMALLER_BATCH, replace(way, batch=way.batch // 2)
        if way.decode_chunk > self.min_chunk:
            chunk = max(self.min_chunk, way.decode_chunk // 2)
            return Rung.SMALLER_CHUNK, replace(way, decode_chunk=chunk)
        lower = self.dtypes[self._place(way.dtype) + 1 :]
        if lower and way.device != CPU:
            return Rung.LOWER_PRECISION, replace(way, dtype=lower[0])
        return None

    def on_cpu(self, way: Way) -> Way | None:
        """The same on the CPU; None where it is there or cannot be there."""
        if way.device == CPU or self.cpu_dtype is None:
            return None
        return replace(way, device=CPU, dtype=self.cpu_dtype)

    def lowest(self, way: Way) -> str:
        """The lowest precision that is left on the way's own device."""
        lower = self.dtypes[self._place(way.dtype) + 1 :]
        return lower[-1] if lower and way.device != CPU else way.dtype

    def within(self, way: Way, cap: Way) -> Way:
        """No larger than another way in anything."""
        is_on_cpu = cap.device == CPU != way.device and self.cpu_dtype is not None
        is_on_card = CPU not in (cap.device, way.device)
        is_lower = is_on_card and self._place(cap.dtype) > self._place(way.dtype)
        small = replace(
            way,
            batch=min(way.batch, cap.batch),
            decode_chunk=min(way.decode_chunk, cap.decode_chunk),
            dtype=cap.dtype if is_lower else way.dtype,
        )
        return (self.on_cpu(small) or small) if is_on_cpu else small

    def _place(self, dtype: str) -> int:
        """Of a precision among the rungs; one that is none of them stands before the first."""
        return self.dtypes.index(dtype) if dtype in self.dtypes else -1


def in_short(rung: Rung, way: Way) -> str:
    """What a rung is about, as it stands in one way: `batch 8`."""
    return {
        Rung.SMALLER_BATCH: f"batch {way.batch}",
        Rung.SMALLER_CHUNK: f"chunk {way.decode_chunk}",
        Rung.LOWER_PRECISION: way.dtype,
        Rung.ON_CPU: way.device,
    }.get(rung, "")


def change(rung: Rung, before: Way, after: Way) -> str:
    """A step in plain words: `batch 8 -> 4`."""
    return {
        Rung.CLEAR: "memory cleared, same size once more",
        Rung.SMALLER_BATCH: f"batch {before.batch} -> {after.batch}",
        Rung.SMALLER_CHUNK: f"decode chunk {before.decode_chunk} -> {after.decode_chunk} frames",
        Rung.LOWER_PRECISION: f"precision {before.dtype} -> {after.dtype}",
        Rung.UNLOAD_IDLE: "idle models unloaded",
        Rung.ON_CPU: f"{before.device} -> the processor, which is slower",
        Rung.REFUSE: "left out, every smaller way was tried",
    }[rung]


def difference(before: Way, after: Way) -> str:
    """All that is different in plain words: `batch 8 -> 4, precision fp32 -> fp16`."""
    rungs = (
        (Rung.SMALLER_BATCH, before.batch != after.batch),
        (Rung.SMALLER_CHUNK, before.decode_chunk != after.decode_chunk),
        (Rung.LOWER_PRECISION, before.dtype != after.dtype),
    )
    parts = [change(rung, before, after) for rung, is_changed in rungs if is_changed]
    if before.device != after.device:
        parts.append(f"{before.device} -> {after.device}")
    return ", ".join(parts)
