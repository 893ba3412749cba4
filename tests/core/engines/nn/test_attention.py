"""Fused attention equals the formula, whatever the mask, in memory linear in length."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

from core.engines.nn import attention
from core.engines.nn.attention import (
    attend,
    attend_causal,
    attend_prefix,
    kernel_for,
    unfused_bytes,
)
from core.engines.nn.ledger import Ledger

TOLERANCE = 1e-5
"""fp32; sums of up to some hundred terms in another order differ by some 1e-7."""


def plain(
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    mask: torch.Tensor,
    scale: float | None = None,
) -> torch.Tensor:
    """The formula, with everything written out: softmax(q k^T scale) v."""
    group = queries.shape[1] // keys.shape[1]
    keys, values = keys.repeat_interleave(group, 1), values.repeat_interleave(group, 1)
    scale = queries.shape[-1] ** -0.5 if scale is None else scale
    scores = torch.einsum("bhqd,bhkd->bhqk", queries.double(), keys.double()) * scale
    chances = scores.masked_fill(~mask, -torch.inf).softmax(-1)
    return torch.einsum("bhqk,bhkd->bhqd", chances, values.double()).float()


def made(
    data: st.DataObject, *, square: bool
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, dict[str, float | int | None]]:
    rows, heads = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    group, dim = data.draw(st.sampled_from([1, 2, 4])), data.draw(st.sampled_from([4, 32]))
    n_keys = data.draw(st.integers(1, 300))
    n_queries = n_keys if square else data.draw(st.integers(1, n_keys))
    generator = torch.Generator().manual_seed(data.draw(st.integers(0, 99)))
    queries = torch.randn(rows, heads * group, n_queries, dim, generator=generator)
    keys = torch.randn(rows, heads, n_keys, dim, generator=generator)
    values = torch.randn(rows, heads, n_keys, dim, generator=generator)
    options: dict[str, float | int | None] = {
        "scale": data.draw(st.sampled_from([None, 0.3])),
        "query_block": data.draw(st.sampled_from([None, 1, 7, 1000])),
    }
    return queries, keys, values, options


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_attending_to_what_each_row_has_equals_the_formula(data: st.DataObject) -> None:
    queries, keys, values, options = made(data, square=False)
    n_keys = keys.shape[2]
    lengths = torch.tensor([data.draw(st.integers(1, n_keys)) for _ in keys])
    seen = (torch.arange(n_keys) < lengths[:, None])[:, None, None]
    out = attend(queries, keys, values, seen=seen, **options)  # type: ignore[arg-type]
    assert torch.allclose(out, plain(queries, keys, values, seen, options["scale"]), atol=TOLERANCE)
    whole = attend(queries, keys, values, **options)  # type: ignore[arg-type]
    expected = plain(queries, keys, values, torch.tensor(True), options["scale"])
    assert torch.allclose(whole, expected, atol=TOLERANCE)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_causal_attention_equals_the_formula_after_a_filled_cache_too(data: st.DataObject) -> None:
    queries, keys, values, options = made(data, square=data.draw(st.booleans()))
    n_queries, n_keys = queries.shape[2], keys.shape[2]
    mask = torch.ones(n_queries, n_keys, dtype=torch.bool).tril(n_keys - n_queries)
    out = attend_causal(queries, keys, values, **options)  # type: ignore[arg-type]
    assert torch.allclose(out, plain(queries, keys, values, mask, options["scale"]), atol=TOLERANCE)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_prefix_attention_equals_the_mask_of_gpt_sovits(data: st.DataObject) -> None:
    queries, keys, values, options = made(data, square=True)
    n_tokens = keys.shape[2]
    n_prefix = data.draw(st.integers(0, n_tokens))
    mask = torch.ones(n_tokens, n_tokens, dtype=torch.bool).tril()
    mask[:n_prefix, :n_prefix] = True
    mask[:n_prefix, n_prefix:] = False
    out = attend_prefix(queries, keys, values, n_prefix, **options)  # type: ignore[arg-type]
    assert torch.allclose(out, plain(queries, keys, values, mask, options["scale"]), atol=TOLERANCE)


def test_more_queries_than_keys_and_a_prefix_beyond_the_end_are_refused() -> None:
    two, three = torch.zeros(1, 1, 2, 4), torch.zeros(1, 1, 3, 4)
    with pytest.raises(ValueError, match="3 queries"):
        attend_causal(three, two, two)
    with pytest.raises(ValueError, match="prefix of 4 in 3"):
        attend_prefix(three, three, three, 4)
    with pytest.raises(ValueError, match="2 prefixes for 1 rows"):
        attend_prefix(three, three, three, [1, 1])


@pytest.mark.parametrize("kind", ["whole", "causal", "prefix", "continued"])
def test_memory_is_linear_in_length_with_the_kernel_of_this_machine(kind: str) -> None:
    def peak_bytes(n_tokens: int) -> int:
        keys = torch.zeros(1, 4, n_tokens, 32)
        queries = keys.repeat(1, 4, 1, 1)
        with Ledger() as ledger:
            if kind == "whole":
                attend(queries, keys, keys)
            elif kind == "causal":
                attend_causal(queries, keys, keys)
            elif kind == "prefix":
                attend_prefix(queries, keys, keys, n_tokens // 2)
            else:
                attend_causal(queries[:, :, n_tokens // 2 :], keys, keys)
        return ledger.peak_bytes

    short, long = peak_bytes(500), peak_bytes(2000)
    # Four times the length; a tenth for what a kernel rounds up. Quadratic would be sixteen.
    assert long <= 4.4 * short
    assert long < 2000 * 2000 * 4, "less than the scores of a single head"


def test_one_new_token_costs_its_own_size_even_with_few_key_heads() -> None:
    keys = torch.zeros(1, 4, 4000, 128)
    queries = torch.zeros(1, 16, 1, 128)
    with Ledger() as ledger:
        attend(queries, keys, keys)
        # The answer and the kernel's sums; repeated keys would be 32 MiB.
        assert ledger.peak_bytes <= 4 * queries.nbytes


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("masked", [False, True])
def test_this_machine_has_a_fused_kernel_for_the_engines_heads(
    dtype: torch.dtype, masked: bool
) -> None:
    for head_dim in (32, 128):
        kernel = kernel_for("cpu", dtype, head_dim, masked=masked)
        assert kernel.is_fused
        assert kernel.query_block(8, 16, 6000) is None
        assert kernel.name in kernel.text


def test_without_a_fused_kernel_it_says_so_with_numbers_and_bounds_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The memory-efficient kernel does not exist on the host: asking for it alone is the same
    # refusal that an old card gives.
    only = {SDPBackend.EFFICIENT_ATTENTION: "memory-efficient"}
    monkeypatch.setattr(attention, "_FUSED", only)
    kernel = kernel_for("cpu", torch.float32, 64)
    assert not kernel.is_fused
    assert "no fused kernel" in kernel.text
    assert "144 MiB" in kernel.text
    n_tokens = 3000
    block = kernel.query_block(1, 4, n_tokens)
    assert block is not None
    assert unfused_bytes(1, 4, block, n_tokens, torch.float32) <= attention.BLOCK_SCORE_BYTES
    tokens = torch.zeros(1, 4, n_tokens, 8)
    with Ledger() as ledger, sdpa_kernel(SDPBackend.MATH):
        attend(tokens, tokens, tokens, query_block=block)
        attend_causal(tokens, tokens, tokens, query_block=block)
        attend_prefix(tokens, tokens, tokens, 900, query_block=block)
    assert ledger.peak_bytes <= attention.BLOCK_SCORE_BYTES + 8 * tokens.nbytes
    assert unfused_bytes(1, 4, n_tokens, n_tokens, torch.float32) > 300 << 20


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("causal", [False, True])
def test_what_is_said_of_unfused_attention_is_measured(dtype: torch.dtype, causal: bool) -> None:
    tokens = torch.zeros(2, 8, 256, 16, dtype=dtype)
    with Ledger() as ledger, sdpa_kernel(SDPBackend.MATH):
        scaled_dot_product_attention(tokens, tokens, tokens, is_causal=causal)
    predicted = unfused_bytes(2, 8, 256, 256, dtype)
    # Heads of 16 numbers add little to scores of 256: a tenth covers them.
    assert 0.8 * predicted <= ledger.peak_bytes <= 1.1 * predicted
