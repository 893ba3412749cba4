"""Which precision a part of a model runs in on a device; knows rules, asks nothing by itself.

`choose` and `lower` are pure; `traits_of` is the only function here that looks at a device.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

import torch

NAMES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
"""By the short names that plans, calibrations and the ladder carry."""


class Part(StrEnum):
    """What a precision is chosen for; they fail in different ways."""

    BACKBONE = "backbone"
    """A transformer: residuals grow large, so it wants the exponents of bfloat16."""
    DECODER = "decoder"
    """Convolutions that make sound: bounded numbers, whose rounding is heard as noise. float16
    has 8 times finer steps than bfloat16 (measured on a codec: 49 dB below the sound)."""
    EXACT = "exact"
    """What is small and spoils the sound when rounded; see `STAYS_SINGLE`."""


STAYS_SINGLE = (
    "logits",
    "sampling",
    "rotary",
    "position",
    "spectrogram",
    "stft",
    "mel",
    "speaker",
    "flow.logs",
)
"""Attention-safe list: stages by name that stay in float32 whatever the rest does: rotary tables
and positions (far positions collapse in half precision), logits and what is drawn from them,
spectra (tiny and huge numbers side by side), speaker embeddings (once per voice, cheap). Softmax
and normalisations need no place here: torch's kernels sum them in float32 inside."""


@dataclass(frozen=True, kw_only=True)
class DeviceTraits:
    """What decides about precision.

    Args:
        kind: `cuda`, `hip`, `mps`, `xpu` or `cpu`.
        name: Product name; some cards are known to compute wrongly.
        capability: CUDA's compute capability, None elsewhere.
        has_bf16: Computes bfloat16 itself, not by emulation.
        has_fp16: Computes float16 itself.
    """

    kind: str
    name: str = ""
    capability: tuple[int, int] | None = None
    has_bf16: bool = False
    has_fp16: bool = False


_WRONG_IN_FP16 = re.compile(
    r"\bGTX 16\d\d|\bT(400|500|550|600|1000|1200)\b|\bMX(450|550)\b", re.IGNORECASE
)
"""Turing without tensor cores (TU116, TU117): convolutions in float16 are known to give NaN."""


def choose(part: Part, traits: DeviceTraits) -> str:
    """The precision a part starts with: the cheapest that sounds as it should.

    Args:
        part: Of the model.
        traits: Of the device.
    """
    usable = _usable(traits)
    if part is Part.EXACT:
        return "fp32"
    order = ("bf16", "fp16") if part is Part.BACKBONE else ("fp16", "bf16")
    if traits.kind == "cpu" and part is Part.DECODER:
        # Measured on one core: a convolution takes 18 ms in float32, 10 in bfloat16, whose rounding
        # is heard, and 710 in float16. Memory is plentiful; the ladder may still ask for less.
        return "fp32"
    return next((name for name in order if name in usable), "fp32")


def lower(dtype: str, part: Part, traits: DeviceTraits) -> str | None:
    """The next precision down, for when memory ends; None where there is none.

    Half precision halves the bytes even where it is slow, so here anything counts that computes
    rightly.

    Args:
        dtype: In use.
        part: Of the model.
        traits: Of the device.
    """
    if dtype != "fp32" or part is Part.EXACT:
        return None
    if part is Part.DECODER and traits.kind not in ("cpu", "mps") and _fp16_is_right(traits):
        return "fp16"
    return "bf16" if traits.kind != "mps" or traits.has_bf16 else None


def stays_single(name: str) -> bool:
    """Whether a stage or weight of this dotted name is on the list `STAYS_SINGLE`."""
    return any(f".{word}" in f".{name.lower()}" for word in STAYS_SINGLE)


def traits_of(device: torch.device | str) -> DeviceTraits:
    """Ask torch. Raises RuntimeError where the device does not exist."""
    device = torch.device(device)
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        is_hip = getattr(torch.version, "hip", None) is not None
        capability = None if is_hip else (properties.major, properties.minor)
        with torch.cuda.device(device):
            has_bf16 = bool(torch.cuda.is_bf16_supported(including_emulation=False))
        return DeviceTraits(
            kind="hip" if is_hip else "cuda",
            name=str(properties.name),
            capability=capability,
            has_bf16=has_bf16,
            has_fp16=True,
        )
    if device.type == "cpu":
        able = torch.cpu.get_capabilities()
        return DeviceTraits(
            kind="cpu",
            name=str(able.get("cpu_name", "")),
            has_bf16=bool(able.get("avx512_bf16") or able.get("amx_bf16") or able.get("bf16")),
            has_fp16=bool(able.get("amx_fp16") or able.get("avx512_fp16")),
        )
    if device.type == "mps":
        return DeviceTraits(kind="mps", has_bf16=_mps_has_bf16(), has_fp16=True)
    return DeviceTraits(kind=device.type)


def _usable(traits: DeviceTraits) -> frozenset[str]:
    """Half precisions that are both right and no slower than float32."""
    fast = set()
    if traits.has_bf16:
        fast.add("bf16")
    if (
        traits.has_fp16
        and traits.kind != "cpu"
        and _fp16_is_right(traits)
        and _fp16_is_fast(traits)
    ):
        fast.add("fp16")
    return frozenset(fast)


def _fp16_is_right(traits: DeviceTraits) -> bool:
    return _WRONG_IN_FP16.search(traits.name) is None


def _fp16_is_fast(traits: DeviceTraits) -> bool:
    """Pascal for gamers (6.1) computes float16 at a 64th of float32's speed; before 5.3 not at
    all (CUDA C++ Programming Guide, arithmetic throughput)."""
    return traits.capability is None or traits.capability >= (7, 0) or traits.capability == (6, 0)


def _mps_has_bf16() -> bool:
    """From macOS 14 on."""
    return bool(torch.backends.mps.is_available() and torch.backends.mps.is_macos_or_newer(14, 0))
