"""Precision: half where it is right and quick, single where half is heard or wrong."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.engines.nn.dtype import (
    NAMES,
    STAYS_SINGLE,
    DeviceTraits,
    Part,
    choose,
    lower,
    stays_single,
    traits_of,
)


def cuda(name: str, major: int, minor: int) -> DeviceTraits:
    return DeviceTraits(
        kind="cuda", name=name, capability=(major, minor), has_bf16=major >= 8, has_fp16=True
    )


RTX_3060 = cuda("NVIDIA GeForce RTX 3060", 8, 6)
RTX_2070 = cuda("NVIDIA GeForce RTX 2070", 7, 5)
GTX_1660 = cuda("NVIDIA GeForce GTX 1660 Ti", 7, 5)
GTX_1080 = cuda("NVIDIA GeForce GTX 1080", 6, 1)
P100 = cuda("Tesla P100-PCIE-16GB", 6, 0)
TESLA_T4 = cuda("Tesla T4", 7, 5)
T1000 = cuda("NVIDIA T1000", 7, 5)
RADEON = DeviceTraits(kind="hip", name="AMD Radeon RX 7800 XT", has_bf16=True, has_fp16=True)
M1_MACOS_13 = DeviceTraits(kind="mps", has_fp16=True)
M3_MACOS_15 = DeviceTraits(kind="mps", has_fp16=True, has_bf16=True)
ZEN_4 = DeviceTraits(kind="cpu", has_bf16=True)
ZEN_2 = DeviceTraits(kind="cpu")


@pytest.mark.parametrize(
    ("traits", "backbone", "decoder"),
    [
        (RTX_3060, "bf16", "fp16"),
        (RTX_2070, "fp16", "fp16"),
        (TESLA_T4, "fp16", "fp16"),
        (P100, "fp16", "fp16"),
        (GTX_1660, "fp32", "fp32"),
        (T1000, "fp32", "fp32"),
        (GTX_1080, "fp32", "fp32"),
        (RADEON, "bf16", "fp16"),
        (M1_MACOS_13, "fp16", "fp16"),
        (M3_MACOS_15, "bf16", "fp16"),
        (ZEN_4, "bf16", "fp32"),
        (ZEN_2, "fp32", "fp32"),
        (DeviceTraits(kind="xpu"), "fp32", "fp32"),
    ],
    ids=lambda value: value.name or value.kind if isinstance(value, DeviceTraits) else value,
)
def test_each_device_begins_with_what_suits_it(
    traits: DeviceTraits, backbone: str, decoder: str
) -> None:
    assert choose(Part.BACKBONE, traits) == backbone
    assert choose(Part.DECODER, traits) == decoder
    assert choose(Part.EXACT, traits) == "fp32"


@pytest.mark.parametrize(
    ("traits", "part", "expected"),
    [
        (GTX_1080, Part.BACKBONE, "bf16"),
        (GTX_1080, Part.DECODER, "fp16"),
        (GTX_1660, Part.DECODER, "bf16"),
        (ZEN_2, Part.DECODER, "bf16"),
        (M1_MACOS_13, Part.BACKBONE, None),
        (RTX_3060, Part.EXACT, None),
    ],
)
def test_when_memory_ends_slow_but_right_halves_count_too(
    traits: DeviceTraits, part: Part, expected: str | None
) -> None:
    assert lower("fp32", part, traits) == expected


TRAITS = st.builds(
    DeviceTraits,
    kind=st.sampled_from(["cuda", "hip", "mps", "xpu", "cpu"]),
    name=st.sampled_from(["", "GTX 1660", "RTX 4090", "GTX 1080"]),
    capability=st.none() | st.tuples(st.integers(3, 12), st.integers(0, 9)),
    has_bf16=st.booleans(),
    has_fp16=st.booleans(),
)


@given(TRAITS, st.sampled_from(Part))
def test_going_lower_always_ends_and_always_saves(traits: DeviceTraits, part: Part) -> None:
    dtype: str | None = choose(part, traits)
    n_steps = 0
    while dtype is not None:
        after = lower(dtype, part, traits)
        assert after is None or NAMES[after].itemsize < NAMES[dtype].itemsize
        dtype, n_steps = after, n_steps + 1
    assert n_steps <= 2


@given(TRAITS)
def test_what_is_wrong_in_float16_is_never_given_it(traits: DeviceTraits) -> None:
    if "1660" in traits.name:
        for part in Part:
            assert "fp16" not in (choose(part, traits), lower("fp32", part, traits))


@pytest.mark.parametrize("word", STAYS_SINGLE)
def test_the_attention_safe_list_is_found_by_dotted_name(word: str) -> None:
    assert stays_single(word)
    assert stays_single(f"model.{word}.weight")
    assert not stays_single("model.layers.3.linear.weight")
    assert not stays_single("caramel.weight"), "a word of the list begins a part of the name"


def test_this_machine_computes_rightly_in_what_is_chosen_for_it() -> None:
    traits = traits_of("cpu")
    assert traits.kind == "cpu"
    dtype = NAMES[choose(Part.BACKBONE, traits)]
    left = torch.randn(8, 64, generator=torch.Generator().manual_seed(1))
    product = (left.to(dtype) @ left.to(dtype).T).float()
    # bfloat16 keeps 8 bits: 2^-8 of numbers around 64, summed over rounded terms.
    assert torch.allclose(product, left @ left.T, atol=1.0)


@pytest.mark.gpu
def test_a_card_computes_rightly_in_what_is_chosen_for_it() -> None:
    traits = traits_of("cuda")
    sound = torch.randn(1, 16, 500, device="cuda")
    weight = torch.randn(16, 16, 7, device="cuda")
    expected = torch.nn.functional.conv1d(sound, weight)
    dtype = NAMES[choose(Part.DECODER, traits)]
    out = torch.nn.functional.conv1d(sound.to(dtype), weight.to(dtype)).float()
    assert (out - expected).abs().max() < 0.02 * expected.abs().max()
