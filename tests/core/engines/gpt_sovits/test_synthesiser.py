"""The synthesiser: exact in pieces, flat in memory, each utterance alone, strict with files."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from core.engines.gpt_sovits import decoder, encoders
from core.engines.gpt_sovits.decoder import CHUNK_FRAMES
from core.engines.gpt_sovits.style import Reference, Style
from core.engines.gpt_sovits.synthesiser import Synthesiser, noise_of
from core.engines.gpt_sovits.synthesiser_dims import HOP, V1, V2, V2_PRO, V2_PRO_PLUS, dims_of
from core.engines.gpt_sovits.synthesiser_weights import load
from core.engines.nn.checkpoint import Checkpoint, TensorSpec
from core.engines.nn.prove import peak_bytes
from core.engines.nn.toom_cook import ToomCook
from core.errors import InputError
from tests.parity.gpt_sovits.synthesiser_shapes import OFFICIAL, TINY, shapes
from tests.parity.recipe_checkpoint import RecipeCheckpoint

KEYS = Path(__file__).parents[3] / "golden" / "gpt_sovits" / "keys"
ROUNDING = 2e-5
"""Sums in another order, of activations around 10."""


def tiny(version: str = "v2", **changed: tuple[int, ...] | None) -> RecipeCheckpoint:
    """A small checkpoint; `changed` tensors have another shape, or None to be left out."""
    there = shapes(version, {**OFFICIAL[version], **TINY}) | changed
    return RecipeCheckpoint({name: s for name, s in there.items() if s is not None}, seed=3)


@pytest.fixture(scope="module")
def model() -> Synthesiser:
    return load(tiny())


@pytest.fixture(scope="module")
def style(model: Synthesiser) -> Style:
    return model.style([reference(1)])


def reference(seed: int, n_frames: int = 150) -> Reference:
    random = torch.Generator().manual_seed(seed)
    return Reference(spectrogram=torch.rand(1, 1025, n_frames, generator=random))


def latent(model: Synthesiser, style: Style, n_codes: int, seed: int = 5) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    codes = torch.randint(model.dims.n_codes, (n_codes,), generator=random)
    phones = torch.randint(model.dims.n_symbols, (20,), generator=random)
    noise = noise_of(random, model.dims, model.n_frames(n_codes))
    return model.latent(codes, phones, style, noise=noise)


@pytest.mark.parametrize(
    ("version", "dims"), [("v1", V1), ("v2", V2), ("v2Pro", V2_PRO), ("v2ProPlus", V2_PRO_PLUS)]
)
def test_sizes_are_read_off_the_tensors(version: str, dims: object) -> None:
    assert dims_of(shapes(version)) == dims


@pytest.mark.parametrize("version", ["v1", "v2Pro", "v2ProPlus"])
def test_every_published_tensor_is_used_or_known_not_to_be_needed(version: str) -> None:
    listed = dict(
        line.split("\t") for line in (KEYS / f"s2_{version}.tsv").read_text().splitlines()
    )
    published = {name: tuple(map(int, shape.split("x"))) for name, shape in listed.items()}
    n_training = len(published.keys() - shapes(version).keys())
    assert n_training == 103  # the posterior encoder of official files
    assert {name: published[name] for name in shapes(version)} == shapes(version)


def test_training_leftovers_are_read_over() -> None:
    load(tiny(**{"enc_q.pre.weight": (192, 1025, 1)}))


@pytest.mark.parametrize(
    "name",
    [
        *("enc_p.proj.weight", "enc_p.encoder2.attn_layers.0.conv_q.weight"),
        *("enc_p.mrte.cross_attention.conv_v.bias", "flow.flows.6.pre.weight"),
        *(
            "flow.flows.2.enc.cond_layer.weight_g",
            "dec.ups.3.weight_v",
            "ref_enc.slf_attn.w_vs.bias",
        ),
        "quantizer.vq.layers.0._codebook.embed",
    ],
)
def test_a_missing_tensor_is_named(name: str) -> None:
    with pytest.raises(InputError, match=re.escape(name)):
        load(tiny(**{name: None}))


@pytest.mark.parametrize("name", ["enc_p.extra.weight", "flow.flows.8.pre.weight", "sv_emb.bias"])
def test_an_unknown_tensor_is_named(name: str) -> None:
    with pytest.raises(InputError, match=re.escape(name)):
        load(tiny(**{name: (4,)}))


def test_a_tensor_of_another_shape_is_named() -> None:
    with pytest.raises(InputError, match=r"enc_p\.mrte\.c_post\.weight"):
        load(tiny(**{"enc_p.mrte.c_post.weight": (192, 512, 3)}))


def test_another_kind_of_file_is_told_so() -> None:
    with pytest.raises(InputError, match="no synthesiser of GPT-SoVITS"):
        load(RecipeCheckpoint({"model.h.layers.0.norm1.weight": (512,)}, seed=1))


def test_half_precision_files_give_full_precision_weights() -> None:
    class Half(RecipeCheckpoint):
        def tensor(self, name: str) -> Tensor:
            return super().tensor(name).half()

    half = Half({name: spec.shape for name, spec in tiny().specs.items()}, seed=3)
    half.specs = {n: TensorSpec(s.shape, torch.float16) for n, s in half.specs.items()}
    model = load(half)
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}
    assert isinstance(half, Checkpoint)


def test_only_the_decoder_goes_to_another_precision() -> None:
    model = load(tiny(), decoder_dtype=torch.bfloat16)
    lower = {n.partition(".")[0] for n, w in model.named_parameters() if w.dtype == torch.bfloat16}
    assert lower == {"decoder"}
    made = model.decoding(torch.zeros(1, 192, 30), model.style([reference(1)])).finish(20)
    assert np.isfinite(made).all()


@pytest.mark.parametrize("chunk", [8, 23, 50, CHUNK_FRAMES])
def test_sound_does_not_depend_on_the_chunk(
    model: Synthesiser, style: Style, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = latent(model, style, 70)
    with torch.inference_mode():
        whole = model.decoder(frames, style.sound)[:, 0].numpy()
    made = model.decoding(frames, style).finish(chunk)
    assert made.shape == (1, 140 * HOP)
    np.testing.assert_allclose(made, whole, atol=ROUNDING)


def test_fewer_products_make_the_same_sound(style: Style, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load(tiny())
    frames = latent(model, style, 70)
    with torch.inference_mode():
        whole = model.decoder(frames, style.sound)[:, 0].numpy()
    field = model.decoder_field
    monkeypatch.setattr(decoder, "TOOM_COOK_WEIGHTS", 1)
    model.lay_out()
    n_replaced = sum(isinstance(layer, ToomCook) for layer in model.decoder.modules())
    assert n_replaced == len(model.decoder.dims.rates) * 3 * 6
    made = model.decoding(frames, style).finish(CHUNK_FRAMES)
    np.testing.assert_allclose(made, whole, atol=ROUNDING)
    assert model.decoder_field == field


def test_sound_does_not_depend_on_how_many_threads_there_are(
    model: Synthesiser, style: Style
) -> None:
    frames = latent(model, style, 70)
    before = torch.get_num_threads()
    made = {}
    try:
        for n_threads in (1, 2, 3):
            torch.set_num_threads(n_threads)
            made[n_threads] = model.decoding(frames, style).finish(CHUNK_FRAMES)
    finally:
        torch.set_num_threads(before)
    np.testing.assert_allclose(made[2], made[1], atol=ROUNDING)
    np.testing.assert_allclose(made[3], made[1], atol=ROUNDING)


def test_the_flow_in_windows_is_the_flow(model: Synthesiser, style: Style) -> None:
    drawn = torch.randn(1, 192, 1500, generator=torch.Generator().manual_seed(2))
    assert model.flow_field.left == model.flow_field.right == 32
    with torch.inference_mode():
        whole = model.flow(drawn, style.sound)
        windowed = model.flow.in_windows(drawn, style.sound, model.flow_field)
    np.testing.assert_allclose(windowed.numpy(), whole.numpy(), atol=ROUNDING)


def test_attention_in_blocks_is_attention(
    model: Synthesiser, style: Style, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = latent(model, style, 40)
    monkeypatch.setattr(encoders, "BLOCK_BYTES", 2 * 80 * 4 * 7)  # seven queries
    np.testing.assert_allclose(latent(model, style, 40).numpy(), whole.numpy(), atol=2e-4)


@pytest.mark.parametrize("n_codes", [1, 2, 3])
def test_the_shortest_utterances_sound(model: Synthesiser, style: Style, n_codes: int) -> None:
    made = model.decoding(latent(model, style, n_codes), style).finish(CHUNK_FRAMES)
    assert made.shape == (1, n_codes * 2 * HOP)
    assert np.isfinite(made).all()


def test_memory_does_not_grow_with_length(
    model: Synthesiser, style: Style, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What other threads take is not counted: `benchmarks.gpt_sovits` measures the whole process.
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)

    def peak(n_codes: int) -> int:
        frames = torch.zeros(1, 192, 2 * n_codes)
        return peak_bytes(lambda: model.decoding(frames, style).finish(50))

    model.lay_out()  # or the first would pay for it
    # Shares of a clip are of many lengths, the longest of which a long clip comes nearest to.
    assert peak(400) < 1.1 * peak(100)


def test_the_encoders_take_no_square_of_the_length(
    model: Synthesiser, style: Style, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoders, "BLOCK_BYTES", 1 << 20)
    short, long = (peak_bytes(lambda n=n_codes: latent(model, style, n)) for n_codes in (300, 1200))
    assert long < 4.5 * short  # 16 times with all scores at once


def test_an_utterance_sounds_the_same_whatever_was_made_before(
    model: Synthesiser, style: Style
) -> None:
    first = latent(model, style, 12, seed=8)
    latent(model, style, 30, seed=9)
    np.testing.assert_array_equal(latent(model, style, 12, seed=8).numpy(), first.numpy())


def test_another_seed_is_another_sound_and_no_noise_is_the_mean(
    model: Synthesiser, style: Style
) -> None:
    joint = model.encode(torch.arange(10), torch.arange(5), style)
    one, other = (
        model.draw(joint, noise_of(torch.Generator().manual_seed(seed), model.dims, 20))
        for seed in (1, 2)
    )
    assert not torch.equal(one, other)
    with torch.inference_mode():
        mean, _ = model.prior(joint)
    assert torch.equal(model.draw(joint, torch.ones(1, 192, 20), noise_scale=0.0), mean)


@pytest.mark.parametrize(("speed", "n_frames"), [(1.0, 50), (1.3, 39), (0.8, 63), (2.0, 26)])
def test_speed_changes_the_length(
    model: Synthesiser, style: Style, speed: float, n_frames: int
) -> None:
    assert model.n_frames(25, speed) == n_frames
    assert model.encode(torch.arange(25), torch.arange(9), style, speed).shape[-1] == n_frames


def test_several_references_count_the_same(model: Synthesiser) -> None:
    both = model.style([reference(1), reference(2, 90)])
    each = [model.style([one]).sound for one in (reference(1), reference(2, 90))]
    np.testing.assert_allclose(both.sound.numpy(), (sum(each) / 2).numpy(), atol=1e-6)


def test_a_version_with_a_speaker_network_asks_for_its_vector() -> None:
    with pytest.raises(ValueError, match="speaker network"):
        load(tiny("v2Pro")).style([reference(1)])


@pytest.mark.parametrize(
    ("codes", "phones"), [([1024], [1]), ([-1], [1]), ([], [1]), ([3], [732]), ([3], [])]
)
def test_numbers_outside_the_tables_are_refused_before_a_card_sees_them(
    model: Synthesiser, style: Style, codes: list[int], phones: list[int]
) -> None:
    with pytest.raises(ValueError, match=r"semantic token|phone"):
        model.encode(torch.tensor(codes, dtype=torch.int64), torch.tensor(phones).long(), style)
