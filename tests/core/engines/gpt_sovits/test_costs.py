"""What the card says of memory holds for the models: never less, and not much more."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from core.engines.gpt_sovits import costs
from core.engines.gpt_sovits.bert import Bert, BertDims
from core.engines.gpt_sovits.card import CARD
from core.engines.gpt_sovits.dims import SemanticDims
from core.engines.gpt_sovits.hubert import Hubert, HubertDims
from core.engines.gpt_sovits.semantic import SemanticModel
from core.engines.gpt_sovits.speaker import Speaker, SpeakerDims
from core.engines.gpt_sovits.synthesiser import Synthesiser
from core.engines.gpt_sovits.synthesiser_dims import V1, V2, V2_PRO, V2_PRO_PLUS, SynthesiserDims
from core.engines.nn.packed import Packed, packed
from core.engines.nn.prove import pretended_peaks_bytes
from core.engines.nn.weights import on_meta

VERSIONS = pytest.mark.parametrize(
    "dims", [V1, V2, V2_PRO, V2_PRO_PLUS], ids=["v1", "v2", "v2Pro", "v2ProPlus"]
)
MODEST = 1.2
"""Of what is counted over what it is, where nothing else hides in it."""


def n_weights(model: nn.Module) -> int:
    return sum(weight.numel() for weight in model.parameters())


@VERSIONS
def test_weights_are_counted_one_by_one(dims: SynthesiserDims) -> None:
    model = on_meta(lambda: Synthesiser(dims))
    assert costs.synthesiser_weights(dims) == n_weights(model)
    assert costs.decoder_weights(dims) == n_weights(model.decoder)


@pytest.mark.parametrize("dims", [SemanticDims(), SemanticDims(n_phones=512, n_layers=3)])
def test_weights_of_the_semantic_model_are_counted_one_by_one(dims: SemanticDims) -> None:
    assert costs.semantic_weights(dims) == n_weights(on_meta(lambda: SemanticModel(dims)))


@pytest.mark.parametrize(
    ("model", "item_bytes", "counted"),
    [
        (lambda: Hubert(HubertDims()), 4, costs.HUBERT_BYTES),
        (lambda: Speaker(SpeakerDims()), 4, costs.SPEAKER_BYTES),
        (lambda: Bert(BertDims()), 4, costs.BERT_BYTES),
    ],
    ids=["hubert", "speaker", "bert"],
)
def test_networks_that_come_and_go_are_weighed(
    model: object, item_bytes: int, counted: int
) -> None:
    weight = item_bytes * n_weights(on_meta(model))  # type: ignore[arg-type]
    assert weight <= counted <= MODEST * weight


@VERSIONS
def test_a_window_of_the_decoder_is_foreseen(dims: SynthesiserDims) -> None:
    stage = costs.counted(SemanticDims(), dims).stages["decode"]

    def decoded(n_tokens: int) -> object:
        def run(model: Synthesiser) -> None:
            latent = torch.zeros(1, dims.n_hidden, 2 * n_tokens)
            model.decoder(latent, torch.zeros(1, dims.n_style, 1))

        return run

    sizes = (10, costs.CHUNK_TOKENS + costs.REACH_TOKENS)
    peaks = pretended_peaks_bytes(lambda: Synthesiser(dims), [decoded(n) for n in sizes])  # type: ignore[arg-type,misc]
    for n, peak in zip(sizes, peaks, strict=True):
        foreseen = stage.bytes(n, 1)
        assert peak <= foreseen <= MODEST * peak
    field = on_meta(lambda: Synthesiser(dims)).decoder_field
    assert field.left + field.right <= 2 * costs.REACH_TOKENS


@VERSIONS
def test_the_prior_is_foreseen(dims: SynthesiserDims) -> None:
    stage = costs.counted(SemanticDims(), dims).stages["encode"]
    field = on_meta(lambda: Synthesiser(dims)).flow_field

    def encoded(n_tokens: int) -> object:
        def run(model: Synthesiser) -> None:
            phones = torch.zeros(1, n_tokens // 2 + 1, dtype=torch.int64)
            features = torch.zeros(1, dims.n_features, n_tokens)
            style = torch.zeros(1, dims.n_cross, 1)
            joint = model.prior.encode(features, phones, style, 2 * n_tokens)
            drawn = model.draw(joint, torch.zeros(1, dims.n_hidden, 2 * n_tokens))
            model.flow.in_windows(drawn, torch.zeros(1, dims.n_style, 1), field)

        return run

    sizes = (25, 250, 500, 1500)
    peaks = pretended_peaks_bytes(lambda: Synthesiser(dims), [encoded(n) for n in sizes])  # type: ignore[arg-type,misc]
    for n, peak in zip(sizes, peaks, strict=True):
        assert peak <= stage.bytes(n, 1) <= peak + 2 * costs.BLOCK_BYTES


@pytest.mark.parametrize("n_rows", [1, 4])
def test_writing_is_foreseen(n_rows: int) -> None:
    dims = SemanticDims()
    cost = costs.counted(dims, V2)
    n_text, n_prompt, n_tokens = 400, 250, 1000

    def written(model: SemanticModel) -> None:
        cache = model.new_cache(n_rows, n_tokens)
        for row in range(n_rows):
            phones = torch.zeros(n_text, dtype=torch.int64)
            prompt = torch.zeros(n_prompt, dtype=torch.int64)
            model.read(phones, torch.zeros(dims.n_bert, n_text), prompt, row, cache)
        tokens = torch.zeros(n_rows, dtype=torch.int64)
        model.step(tokens, tokens, cache)

    (peak,) = pretended_peaks_bytes(lambda: SemanticModel(dims), [written])
    # The cache rounds its tokens up to blocks, as the plan does.
    keys = cost.kv_bytes(n_rows, 1024)
    foreseen = cost.stages["write"].bytes(n_tokens, n_rows) + keys
    assert peak <= foreseen <= MODEST * peak


@pytest.mark.parametrize("seconds", [3, 10])
def test_listening_is_foreseen(seconds: int) -> None:
    stage = costs.COST.stages["prepare"]
    (hubert,) = pretended_peaks_bytes(
        lambda: Hubert(HubertDims()),
        [lambda model: model(torch.zeros(1, 16_000 * seconds + 9600))],
    )
    (speaker,) = pretended_peaks_bytes(
        lambda: Speaker(SpeakerDims()),
        [lambda model: model.embedding(torch.zeros(1, 100 * seconds, 80))],
    )
    loaded = max(hubert + costs.HUBERT_BYTES, speaker + costs.SPEAKER_BYTES)
    foreseen = stage.bytes(seconds, 1)
    # One factor for both networks: the heavier one's weights, the hungrier one's maps.
    assert loaded <= foreseen <= 1.4 * loaded


def test_half_precision_takes_no_more_than_the_card_says() -> None:
    decoder, rest = costs.decoder_weights(V2_PRO_PLUS), costs.synthesiser_weights(V2_PRO_PLUS)
    half = 2 * costs.semantic_weights(SemanticDims()) + 2 * decoder + 4 * (rest - decoder)
    assert CARD.cost is not None
    assert CARD.cost.at("fp16").weights_bytes >= half
    whole = 4 * (costs.semantic_weights(SemanticDims()) + rest)
    assert CARD.cost.weights_bytes >= whole


def test_a_segment_of_a_minute_fits_small_cards() -> None:
    """In half precision, on what is left of 4 GB: nothing is refused for its length."""
    assert CARD.cost is not None
    speaking = {name: s for name, s in CARD.cost.stages.items() if name != "prepare"}
    cost = costs.COST.at("fp16").reading(["zh"], "cuda")
    longest = 1500
    peak = max(
        stage.bytes(longest, 1, costs.CHUNK_TOKENS) for name, stage in cost.stages.items()
        if name in speaking
    )  # fmt: skip
    kv = cost.kv_bytes(1, CARD.limits.kv_tokens(longest))
    assert cost.weights_bytes + peak + kv < 2 << 30


@pytest.mark.parametrize(("machine", "item_bytes"), [("x86_64", 2), ("AMD64", 2), ("arm64", 4)])
def test_bert_on_the_host_is_weighed_by_what_its_processor_keeps(
    machine: str, item_bytes: int
) -> None:
    weight = item_bytes * n_weights(on_meta(lambda: Bert(BertDims())))
    assert weight <= costs.bert_host_bytes(machine) <= 1.3 * weight


def test_this_processor_keeps_what_is_counted() -> None:
    kept = packed(nn.Linear(64, 64).half())
    is_half = isinstance(kept, Packed) and kept.nbytes == 2 * 64 * 64
    assert is_half == (costs.bert_host_bytes("x86_64") == costs.BERT_HOST_BYTES)


def test_only_chinese_is_foreseen_with_bert() -> None:
    """On a card in the precision of the rest; on the host in half, and while it is laid out."""
    for dtype, device, more in (
        ("fp32", "cuda", costs.BERT_BYTES),
        ("fp16", "cuda", costs.BERT_BYTES // 2),
        ("fp32", "cpu", costs.BERT_HOST_BYTES),
    ):
        cost = costs.COST.at(dtype)
        for languages in (["en"], ["ja", "ko", "yue", "en"], []):
            assert cost.reading(languages, device).stages == cost.stages
        for languages in (["zh"], ["en", "zh"], None):
            for name, stage in cost.reading(languages, device).stages.items():
                assert stage.bytes(100, 1) - cost.stages[name].bytes(100, 1) == more
