"""RoBERTa's features are the published network's, one row for each character of any text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor

from core.engines.gpt_sovits.bert import Bert, BertDims, Vocabulary, dims_of, load, windows
from core.engines.nn.checkpoint import open_checkpoint
from core.errors import InputError, MissingError
from tests.parity.gpt_sovits import bert as parity

GOLDEN = Path(__file__).parents[3] / "golden" / "gpt_sovits"
TINY = BertDims(n_channels=64, n_layers=2, n_heads=1, n_inner=96, n_tokens=40, n_positions=48)
MARKS = {"[PAD]": 0, "[CLS]": 1, "[SEP]": 2, "[UNK]": 3}
WORDS = MARKS | {character: 4 + i for i, character in enumerate("春眠不觉晓处闻啼鸟,.!?…-a")}
SAME = 1e-6
"""Activations are about 1, and the sums are the same."""


@pytest.fixture(scope="module")
def published() -> torch.nn.Module:
    """The whole masked language model of transformers, head and last layers and all."""
    from transformers import BertConfig, BertForMaskedLM

    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=TINY.n_tokens,
        hidden_size=TINY.n_channels,
        num_hidden_layers=TINY.n_layers + 2,
        num_attention_heads=TINY.n_heads,
        intermediate_size=TINY.n_inner,
        max_position_embeddings=TINY.n_positions,
    )
    return BertForMaskedLM(config).eval()


def saved(model: torch.nn.Module, path: Path) -> Path:
    torch.save(model.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def ours(published: torch.nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Bert:
    path = saved(published, tmp_path_factory.mktemp("bert") / "pytorch_model.bin")
    with open_checkpoint(path) as checkpoint:
        assert dims_of(checkpoint.specs) == TINY
        return load(checkpoint)


def wanted(published: torch.nn.Module, text: str) -> Tensor:
    ids = torch.tensor([[1, *Vocabulary(WORDS).ids(text), 2]])
    with torch.inference_mode():
        states = published(input_ids=ids, output_hidden_states=True).hidden_states
    features: Tensor = states[-3][0, 1:-1]
    return features


def test_features_are_the_published_network_s(published: torch.nn.Module, ours: Bert) -> None:
    text = "春眠不觉晓,处处闻啼鸟."
    features = ours.features(text, Vocabulary(WORDS))
    assert features.shape == (len(text), TINY.n_channels)
    assert (features - wanted(published, text)).abs().max() < SAME


def test_two_layers_and_the_head_are_not_built(published: torch.nn.Module, ours: Bert) -> None:
    assert len(ours.net.encoder.layer) == len(published.bert.encoder.layer) - 2
    assert not [name for name, _ in ours.named_parameters() if "cls" in name or "pooler" in name]


def test_old_names_of_layer_norms_are_read(
    published: torch.nn.Module, ours: Bert, tmp_path: Path
) -> None:
    tensors = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): tensor.clone()
        for name, tensor in published.state_dict().items()
    }
    tensors["bert.embeddings.position_ids"] = torch.arange(TINY.n_positions)[None]
    tensors["bert.pooler.dense.weight"] = torch.zeros(TINY.n_channels, TINY.n_channels)
    save_file(tensors, tmp_path / "old.safetensors")
    with open_checkpoint(tmp_path / "old.safetensors") as checkpoint:
        old = load(checkpoint)
    text = "不觉晓"
    assert torch.equal(
        old.features(text, Vocabulary(WORDS)), ours.features(text, Vocabulary(WORDS))
    )


def test_a_long_text_without_any_punctuation_has_a_row_for_each_character(
    published: torch.nn.Module, ours: Bert
) -> None:
    text = "春眠不觉晓" * 40
    features = ours.features(text, Vocabulary(WORDS))
    assert features.shape == (200, TINY.n_channels)
    # The first window starts where the text does, so its kept rows are those of its own.
    head = wanted(published, text[:46])
    assert (features[:20] - head[:20]).abs().max() < SAME


def test_no_text_has_no_rows(ours: Bert) -> None:
    assert ours.features("", Vocabulary(WORDS)).shape == (0, TINY.n_channels)


def test_a_file_without_a_tensor_is_refused_by_name(
    published: torch.nn.Module, tmp_path: Path
) -> None:
    tensors = dict(published.state_dict())
    del tensors["bert.encoder.layer.0.output.dense.bias"]
    torch.save(tensors, tmp_path / "cut.bin")
    with (
        open_checkpoint(tmp_path / "cut.bin") as checkpoint,
        pytest.raises(InputError, match=r"layer\.0\.output\.dense\.bias"),
    ):
        load(checkpoint)


@given(
    n=st.integers(0, 2000),
    n_most=st.integers(1, 600),
    margin=st.integers(0, 200),
)
def test_windows_keep_every_character_once_and_never_read_too_much(
    n: int, n_most: int, margin: int
) -> None:
    found = list(windows(n, n_most, margin))
    kept = [i for window in found for i in range(window.kept_start, window.kept_stop)]
    assert kept == list(range(n))
    for window in found:
        assert 0 <= window.start <= window.kept_start < window.kept_stop <= window.stop <= n
        assert window.stop - window.start <= n_most


@given(st.integers(1, 510))
def test_a_text_that_fits_is_read_in_one_piece(n: int) -> None:
    assert [tuple(window) for window in windows(n, 510)] == [(0, n, 0, n)]


@given(st.integers(511, 3000))
def test_a_character_of_a_long_text_has_neighbours_on_both_sides(n: int) -> None:
    for window in windows(n, 510, 64):
        assert window.start == 0 or window.kept_start - window.start >= 64
        assert window.stop == n or window.stop - window.kept_stop >= 64


@given(st.text(max_size=50))
def test_any_text_has_a_token_for_each_character(text: str) -> None:
    ids = Vocabulary(WORDS).ids(text)
    assert len(ids) == len(text)
    assert all(0 <= number < len(WORDS) for number in ids)


def test_a_vocabulary_is_read_from_either_file(tmp_path: Path) -> None:
    tokens = sorted(WORDS, key=lambda token: WORDS[token])
    for name, text in (
        ("vocab.txt", "\n".join(tokens) + "\n"),
        ("tokenizer.json", json.dumps({"model": {"type": "WordPiece", "vocab": WORDS}})),
    ):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_text(text, encoding="utf-8")
        vocabulary = Vocabulary.read(folder)
        assert vocabulary.ids("春鸟A龘") == [WORDS["春"], WORDS["鸟"], WORDS["a"], WORDS["[UNK]"]]


def test_a_broken_or_foreign_vocabulary_ends_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"vocab\.txt"):
        Vocabulary.read(tmp_path)
    for text in ("", "[1, 2]", '{"model": 3}', '{"model": {"vocab": {"a": "b"}}}', "[" * 9999):
        (tmp_path / "tokenizer.json").write_text(text)
        with pytest.raises(InputError):
            Vocabulary.read(tmp_path)
    with pytest.raises(InputError, match=r"\[CLS\]"):
        Vocabulary({"a": 0})


@pytest.mark.slow
def test_at_full_size_it_gives_the_reference_s_features() -> None:
    found = list(parity.run(GOLDEN))
    assert found
    assert [result for result in found if not result.passed] == []
