"""The cache holds what was written, per row, in place, and never allocates within a block."""

from __future__ import annotations

import gc

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import scaled_dot_product_attention

from core.engines.nn.cache import CacheShape, KVCache
from core.engines.nn.ledger import Ledger

SHAPE = CacheShape(n_layers=3, n_heads=2, head_dim=4, dtype=torch.float32)


def cache(n_rows: int = 3, n_tokens: int = 8, **options: object) -> KVCache:
    made = {"device": "cpu", "block_tokens": 8, "poison": True} | options
    return KVCache(SHAPE, n_rows=n_rows, n_tokens=n_tokens, **made)  # type: ignore[arg-type]


def fresh(n_rows: int, n_new: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(n_rows, 2, n_new, 4, generator=generator)


class Rows:
    """What a cache should hold, kept the naive way: lists that are concatenated."""

    def __init__(self, n_rows: int) -> None:
        self.keys = [[torch.empty(2, 0, 4) for _ in range(3)] for _ in range(n_rows)]
        self.generator = torch.Generator().manual_seed(7)

    def step(self, kv: KVCache, added: list[int]) -> None:
        kv.extend(added)
        for layer in range(3):
            new = fresh(len(added), max(added), self.generator)
            window = kv.write(layer, new, -new)
            for row, n in enumerate(added):
                self.keys[row][layer] = torch.cat([self.keys[row][layer], new[row, :, :n]], 1)
                wanted = self.keys[row][layer]
                n_row = kv.lengths[row]
                assert torch.equal(window.keys[row, :, :n_row], wanted)
                assert torch.equal(window.values[row, :, :n_row], -wanted)
                query = torch.ones(1, 2, 1, 4)
                alone = scaled_dot_product_attention(query, wanted[None], -wanted[None])
                seen = None if window.seen is None else window.seen[row : row + 1]
                company = scaled_dot_product_attention(
                    query, window.keys[row : row + 1], window.values[row : row + 1], attn_mask=seen
                )
                # fp32, other summation order where masked columns take part.
                assert torch.allclose(alone, company, atol=1e-6)


def test_the_sizes_of_the_coming_engines_are_as_published() -> None:
    gpt_sovits = CacheShape(n_layers=24, n_heads=16, head_dim=32, dtype=torch.float16)
    zonos = CacheShape(n_layers=26, n_heads=4, head_dim=128, dtype=torch.bfloat16)
    assert gpt_sovits.bytes_per_token == 48 * 1024
    assert zonos.bytes_per_token == 53_248


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_life_of_a_cache_reads_back_what_was_written(data: st.DataObject) -> None:
    n_rows = data.draw(st.integers(1, 4))
    kv, rows = cache(n_rows, data.draw(st.integers(1, 20))), Rows(n_rows)
    prompt = data.draw(st.lists(st.integers(1, 12), min_size=n_rows, max_size=n_rows))
    rows.step(kv, prompt)
    for _ in range(data.draw(st.integers(0, 12))):
        if kv.n_rows > 1 and data.draw(st.integers(0, 4)) == 0:
            leaving = data.draw(
                st.sets(st.integers(0, kv.n_rows - 1), min_size=1, max_size=kv.n_rows - 1)
            )
            order = kv.drop(sorted(leaving))
            assert sorted(order) == sorted(set(range(len(rows.keys))) - leaving)
            rows.keys = [rows.keys[before] for before in order]
        starts = kv.lengths
        rows.step(kv, [1] * kv.n_rows)
        assert kv.positions.tolist() == list(starts)


def test_a_step_within_a_block_allocates_nothing() -> None:
    for prompt in (5, [5, 2, 3]):
        with Ledger() as ledger:
            kv = cache(n_tokens=20, poison=False)
            kv.extend(prompt)
            for layer in range(3):
                kv.write(layer, torch.ones(3, 2, 5, 4), torch.ones(3, 2, 5, 4))
            new = torch.ones(3, 2, 1, 4)
            before = ledger.n_allocations, ledger.live_bytes
            for _ in range(24 - 5):
                kv.extend(1)
                for layer in range(3):
                    window = kv.write(layer, new, new)
            assert window.keys.shape[2] == 24
            assert (ledger.n_allocations, ledger.live_bytes) == before
            kv.extend(1)
            assert ledger.n_allocations > before[0], "the next block"


def test_nbytes_is_what_the_ledger_counts_and_growth_never_doubles_the_cache() -> None:
    with Ledger() as ledger:
        kv = cache(n_tokens=64)
        gc.collect()
        assert kv.nbytes == ledger.live_bytes
        before_bytes = kv.nbytes
        ledger.reset_peak()
        kv.extend(65)
        assert kv.capacity == 72
        assert kv.nbytes == ledger.live_bytes
        layer_bytes = 2 * 3 * 2 * 4 * 4 * 72
        assert ledger.peak_bytes <= kv.nbytes + layer_bytes
        assert kv.nbytes > before_bytes
        del kv
    assert ledger.live_bytes == 0


def test_a_cache_that_could_not_grow_is_as_before_and_grows_when_there_is_room() -> None:
    kv, rows = cache(n_tokens=8), Rows(3)
    rows.step(kv, [8, 6, 7])
    n_fails = 0
    for n in range(1, 20):
        with Ledger(fail_at_allocation=n) as ledger:
            try:
                kv.extend([1, 0, 1])
            except torch.OutOfMemoryError:
                n_fails += 1
                assert kv.lengths == (8, 6, 7)
            else:
                assert ledger.n_allocations < n
                break
    assert n_fails >= SHAPE.n_layers
    assert kv.lengths == (9, 6, 8)
    new = torch.ones(3, 2, 1, 4)
    for layer in range(3):
        window = kv.write(layer, new, new)
        for row, n_row in enumerate((8, 6, 7)):
            assert torch.equal(window.keys[row, :, :n_row], rows.keys[row][layer])
        assert window.keys[0, 0, 8, 0] == window.keys[2, 0, 7, 0] == 1


def test_reading_past_the_end_is_heard() -> None:
    kv = cache()
    kv.extend([3, 5, 4])
    new = torch.ones(3, 2, 5, 4)
    window = kv.write(0, new, new)
    assert not window.keys.isnan().any()
    whole = window.keys.as_strided((3, 2, 6, 4), window.keys.stride())
    assert whole[:, :, 5].isnan().all()
    kv.drop([1])
    assert kv._layers[0][:, :, :, 4:].isnan().all()
    assert kv._layers[0][:, 2:].isnan().all()


def test_a_sound_that_went_wrong_leaves_nothing_for_the_next() -> None:
    kv = cache(poison=False)
    kv.extend(8)
    bad = torch.full((3, 2, 8, 4), torch.inf)
    for layer in range(3):
        kv.write(layer, bad, bad)
    kv.reset(2)
    kv.extend([2, 4])
    window = kv.write(0, torch.ones(2, 2, 4, 4), torch.ones(2, 2, 4, 4))
    out = scaled_dot_product_attention(
        torch.ones(2, 2, 1, 4), window.keys, window.values, attn_mask=window.seen
    )
    assert torch.allclose(out, torch.ones_like(out))
    assert kv.n_rows == 2


def test_rows_of_equal_length_need_no_mask() -> None:
    kv = cache()
    kv.extend(4)
    assert kv.write(0, torch.ones(3, 2, 4, 4), torch.ones(3, 2, 4, 4)).seen is None


def test_what_does_not_belong_is_refused() -> None:
    kv = cache()
    with pytest.raises(ValueError, match="3 rows"):
        kv.extend([1, 2])
    kv.extend(2)
    with pytest.raises(ValueError, match="3 rows of 2 new"):
        kv.write(0, torch.ones(3, 2, 3, 4), torch.ones(3, 2, 3, 4))
    with pytest.raises(ValueError, match="rows"):
        kv.drop([5])
    with pytest.raises(ValueError, match="4 rows"):
        kv.reset(4)
