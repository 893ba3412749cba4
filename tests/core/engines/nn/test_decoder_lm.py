"""Writing with a cache says what reading all at once says, for rows of any length side by side."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from core.engines.nn.attention import Kernel
from core.engines.nn.cache import KVCache
from core.engines.nn.decoder_lm import DecoderDims, DecoderLM, placed
from core.engines.nn.prove import pretended_peaks_bytes

TINY = DecoderDims(n_layers=3, n_width=32, n_heads=4, n_inner=64, n_tokens=50)
# fp32 sums over other lengths in another order.
ROUNDING = {"rtol": 1e-4, "atol": 1e-5}


@pytest.fixture(scope="module")
def model() -> DecoderLM:
    torch.manual_seed(4)
    return DecoderLM(TINY).eval()


@pytest.fixture(autouse=True)
def _inference() -> object:
    with torch.inference_mode():
        yield


def cache(n_rows: int = 1, n_tokens: int = 16) -> KVCache:
    """Small blocks, so that it grows; what is unused is poisoned, so that reading it is seen."""
    return KVCache(
        TINY.cache_shape(torch.float32),
        n_rows=n_rows,
        n_tokens=n_tokens,
        device="cpu",
        block_tokens=8,
        poison=True,
    )


def embedded(model: DecoderLM, tokens: Tensor, start: int = 0) -> Tensor:
    starts = torch.full((tokens.shape[0],), start)
    return placed(model.embedding(tokens), starts)


def tokens(n: int, n_rows: int = 1, seed: int = 0) -> Tensor:
    return torch.randint(50, (n_rows, n), generator=torch.Generator().manual_seed(seed))


def read_at_once(model: DecoderLM, text: Tensor, hidden: Tensor | None = None) -> Tensor:
    """The same layers by torch's own module: `[B, n_tokens]`.

    Args:
        hidden: bool `[n, n]`, what each token may not see; without it all that comes after.
    """
    dims = model.dims
    x = embedded(model, text)
    if hidden is None:
        hidden = torch.triu(torch.ones(text.shape[1], text.shape[1], dtype=torch.bool), diagonal=1)
    for layer in model.layers:
        reference = nn.TransformerEncoderLayer(
            dims.n_width, dims.n_heads, dims.n_inner, dropout=0.0, batch_first=True
        ).eval()
        reference.load_state_dict(layer.state_dict(), strict=True)
        x = reference(x, src_mask=hidden)
    return model.predict(x[:, -1])


@pytest.mark.parametrize("n_prompt", [1, 2, 9, 20])
def test_token_by_token_it_says_what_torchs_own_layers_say_at_once(
    model: DecoderLM, n_prompt: int
) -> None:
    text = tokens(30, n_rows=2)
    kept = cache(n_rows=2)
    logits = model(embedded(model, text[:, :n_prompt]), kept)
    for at in range(n_prompt, 30):
        torch.testing.assert_close(logits, read_at_once(model, text[:, :at]), **ROUNDING)
        logits = model(embedded(model, text[:, at : at + 1], at), kept)
    torch.testing.assert_close(logits, read_at_once(model, text), **ROUNDING)


def test_a_prompt_in_parts_is_a_prompt_at_once(model: DecoderLM) -> None:
    text = tokens(25)
    kept = cache()
    model(embedded(model, text[:, :10]), kept)
    logits = model(embedded(model, text[:, 10:], 10), kept)
    torch.testing.assert_close(logits, read_at_once(model, text), **ROUNDING)


def test_a_row_says_in_company_what_it_says_alone(model: DecoderLM) -> None:
    """Prompts of three lengths in one batch, then some steps together."""
    lengths = [3, 11, 7]
    rows = [tokens(length + 5, seed=length) for length in lengths]
    prompt = torch.zeros(3, 11, dtype=torch.int64)
    for place, (row, length) in enumerate(zip(rows, lengths, strict=True)):
        prompt[place, :length] = row[0, :length]
    kept = cache(n_rows=3)
    logits = model(embedded(model, prompt), kept, n_new=lengths)
    for step in range(5):
        alone = [
            read_at_once(model, row[:, : length + step])
            for row, length in zip(rows, lengths, strict=True)
        ]
        torch.testing.assert_close(logits, torch.cat(alone), **ROUNDING)
        new = torch.cat(
            [row[:, length + step, None] for row, length in zip(rows, lengths, strict=True)]
        )
        places = torch.tensor([length + step for length in lengths])
        logits = model(placed(model.embedding(new), places), kept)


def test_a_prefix_sees_all_of_itself_and_nothing_after(model: DecoderLM) -> None:
    """As torch's own layers say under GPT-SoVITS' mask: text sees text, each token what came."""
    text = tokens(12)
    hidden = torch.triu(torch.ones(12, 12, dtype=torch.bool), diagonal=1)
    hidden[:5, :5] = False
    assert not torch.equal(read_at_once(model, text, hidden), read_at_once(model, text))
    kept = cache()
    logits = model(embedded(model, text), kept, n_prefix=5)
    torch.testing.assert_close(logits, read_at_once(model, text, hidden), **ROUNDING)


def test_prompts_of_any_length_and_prefix_are_read_together_as_each_alone(
    model: DecoderLM,
) -> None:
    """Text and tokens of five rows, two without tokens or text, then some steps together."""
    sizes = [(12, 5), (7, 7), (20, 5), (9, 0), (3, 2)]
    lengths = [n for n, _ in sizes]
    rows = [tokens(n + 4, seed=n) for n in lengths]
    prompt = torch.zeros(len(rows), max(lengths), dtype=torch.int64)
    for place, (row, n) in enumerate(zip(rows, lengths, strict=True)):
        prompt[place, :n] = row[0, :n]
    together = cache(n_rows=len(rows))
    logits = model(
        embedded(model, prompt), together, n_new=lengths, n_prefix=[prefix for _, prefix in sizes]
    )
    alone = [cache() for _ in rows]
    each = [
        model(embedded(model, row[:, :n]), kept, n_prefix=prefix)
        for row, kept, (n, prefix) in zip(rows, alone, sizes, strict=True)
    ]
    hidden = torch.triu(torch.ones(12, 12, dtype=torch.bool), diagonal=1)
    hidden[:5, :5] = False
    torch.testing.assert_close(each[0], read_at_once(model, rows[0][:, :12], hidden), **ROUNDING)
    for step in range(4):
        torch.testing.assert_close(logits, torch.cat(each), rtol=0, atol=1e-5)
        new = torch.cat([row[:, n + step, None] for row, n in zip(rows, lengths, strict=True)])
        logits = model(
            placed(model.embedding(new), torch.tensor([n + step for n in lengths])), together
        )
        each = [
            model(embedded(model, row[:, n + step, None], n + step), kept)
            for row, kept, n in zip(rows, alone, lengths, strict=True)
        ]


def test_reading_twenty_prompts_makes_no_mask_of_tokens_by_tokens() -> None:
    """GPT-SoVITS' sizes, 500 tokens each: as the docstring says. Layers follow one another."""
    dims, n_rows, n = DecoderDims(n_layers=4), 20, 500

    def kept() -> KVCache:
        shape = dims.cache_shape(torch.float32)
        return KVCache(shape, n_rows=n_rows, n_tokens=n, device="cpu")

    def read(full: DecoderLM) -> None:
        lengths = [n - 7 * row for row in range(n_rows)]
        full(
            torch.empty(n_rows, n, dims.n_width),
            kept(),
            n_new=lengths,
            n_prefix=[length // 2 for length in lengths],
        )

    peak, empty = pretended_peaks_bytes(lambda: DecoderLM(dims), [read, lambda _: kept()])
    told = 4 * (4 * dims.n_width + dims.n_inner) * n_rows * n
    # Rows of a layer's norm and the like: a hundredth.
    assert 0.99 * told <= peak - empty <= 1.01 * told
    assert peak - empty < n_rows * dims.n_heads * n * n * 4, "less than one layer's scores"


def test_without_a_fused_kernel_it_says_the_same_in_blocks(model: DecoderLM) -> None:
    unfused = Kernel(name="unfused", is_fused=False, device="cpu", dtype=torch.float32, text="")
    blocked = DecoderLM(TINY, unfused).eval()
    blocked.load_state_dict(model.state_dict())
    text = tokens(20)
    torch.testing.assert_close(
        blocked(embedded(model, text), cache()), model(embedded(model, text), cache()), **ROUNDING
    )


def test_what_would_read_past_a_rows_end_is_refused(model: DecoderLM) -> None:
    kept = cache(n_rows=2)
    model(embedded(model, tokens(6, n_rows=2)), kept, n_new=[6, 4])
    with pytest.raises(ValueError, match=r"3 tokens at once after rows of lengths \(6, 4\)"):
        model(embedded(model, tokens(3, n_rows=2), 6), kept)
    with pytest.raises(ValueError, match=r"prefixes of \[3, 3\] tokens in prompts of \[4, 2\]"):
        model(embedded(model, tokens(4, n_rows=2)), cache(n_rows=2), n_new=[4, 2], n_prefix=3)
    with pytest.raises(ValueError, match="prefix of 2"):
        model(embedded(model, tokens(1, n_rows=2), 6), kept, n_prefix=2)


def test_the_full_size_has_the_parameters_of_the_published_model() -> None:
    """GPT-SoVITS' semantic model without its text side: 24 layers and two tables of 1025."""
    with torch.device("meta"):
        model = DecoderLM(DecoderDims())
    n_layer = 4 * 512 * 512 + 4 * 512 + 2 * 512 * 2048 + 2048 + 512 + 4 * 512
    assert sum(weight.numel() for weight in model.parameters()) == 24 * n_layer + 2 * 1025 * 512
