"""HuBERT says what the published network says, from any spelling of its file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from core.engines.gpt_sovits.hubert import HOP, WINDOW, HubertDims, dims_of, load, n_frames
from core.engines.nn.checkpoint import open_checkpoint
from core.errors import InputError
from tests.parity.gpt_sovits import hubert as parity

GOLDEN = Path(__file__).parents[3] / "golden" / "gpt_sovits"
TINY = HubertDims(
    n_channels=64,
    n_layers=2,
    n_heads=1,
    n_inner=96,
    n_filters=32,
    position_taps=16,
    position_groups=4,
)
SOUND = torch.randn(1, 6000, generator=torch.Generator().manual_seed(1)) * 0.1
SAME = 1e-5
"""Activations are about 1; the order of float32 sums differs by a folded weight norm."""


def published() -> torch.nn.Module:
    """The whole model of transformers, as training left it: masks and dropped layers configured."""
    from transformers import HubertConfig, HubertModel

    torch.manual_seed(7)
    config = HubertConfig(
        hidden_size=TINY.n_channels,
        num_hidden_layers=TINY.n_layers,
        num_attention_heads=TINY.n_heads,
        intermediate_size=TINY.n_inner,
        conv_dim=(TINY.n_filters,) * 7,
        num_conv_pos_embeddings=TINY.position_taps,
        num_conv_pos_embedding_groups=TINY.position_groups,
    )
    return HubertModel(config).eval()


def old_names(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """As torch called them before parametrizations, which the published file does."""
    return {
        name.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): tensor.contiguous()
        for name, tensor in tensors.items()
    }


@pytest.fixture(scope="module")
def model() -> torch.nn.Module:
    return published()


@pytest.mark.parametrize("spelling", ["old", "new", "prefixed", "torch"])
def test_it_hears_what_the_published_network_hears(
    spelling: str, model: torch.nn.Module, tmp_path: Path
) -> None:
    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    if spelling != "new":
        tensors = old_names(tensors)
    if spelling == "prefixed":
        tensors = {f"hubert.{name}": tensor for name, tensor in tensors.items()}
        tensors["lm_head.weight"] = torch.zeros(3, TINY.n_channels)
    path = tmp_path / "hubert"
    if spelling == "torch":
        torch.save(tensors, path)
    else:
        save_file(tensors, path)
    with open_checkpoint(path) as checkpoint:
        assert dims_of(checkpoint.specs) == TINY
        features = load(checkpoint)(SOUND)
    with torch.inference_mode():
        wanted = model(SOUND).last_hidden_state.mT
    assert features.shape == (1, TINY.n_channels, n_frames(SOUND.shape[-1]))
    assert (features - wanted).abs().max() < SAME


def test_weights_in_half_precision_on_disk_run_in_single(
    model: torch.nn.Module, tmp_path: Path
) -> None:
    save_file(
        {name: tensor.half() for name, tensor in old_names(model.state_dict()).items()},
        tmp_path / "half.safetensors",
    )
    with open_checkpoint(tmp_path / "half.safetensors") as checkpoint:
        ours = load(checkpoint)
    assert {weight.dtype for weight in ours.parameters()} == {torch.float32}
    with torch.inference_mode():
        wanted = model(SOUND).last_hidden_state.mT
    # Weights of about 0.02 to 1 were rounded to 11 bits; activations are about 1.
    assert (ours(SOUND) - wanted).abs().max() < 0.02


def test_a_file_without_a_tensor_is_refused_by_name(model: torch.nn.Module, tmp_path: Path) -> None:
    tensors = old_names(model.state_dict())
    del tensors["encoder.layers.1.attention.q_proj.weight"]
    save_file(tensors, tmp_path / "cut.safetensors")
    with (
        open_checkpoint(tmp_path / "cut.safetensors") as checkpoint,
        pytest.raises(InputError, match="q_proj"),
    ):
        load(checkpoint)


def test_a_file_that_lacks_the_direction_of_a_weight_is_refused(
    model: torch.nn.Module, tmp_path: Path
) -> None:
    tensors = old_names(model.state_dict())
    del tensors["encoder.pos_conv_embed.conv.weight_g"]
    save_file(tensors, tmp_path / "cut.safetensors")
    with (
        open_checkpoint(tmp_path / "cut.safetensors") as checkpoint,
        pytest.raises(InputError, match=r"pos_conv_embed\.conv\.weight"),
    ):
        load(checkpoint)


def test_a_file_of_another_model_is_refused(tmp_path: Path) -> None:
    save_file({"something.weight": torch.zeros(2, 2)}, tmp_path / "other.safetensors")
    with (
        open_checkpoint(tmp_path / "other.safetensors") as checkpoint,
        pytest.raises(InputError, match="does not fit"),
    ):
        load(checkpoint)


def test_a_file_of_the_published_width_needs_all_layers() -> None:
    assert dims_of({}) == HubertDims()


@pytest.mark.parametrize("n_samples", [WINDOW, WINDOW + HOP - 1, WINDOW + HOP, 6000])
def test_frames_are_counted_as_they_come(n_samples: int, model: torch.nn.Module) -> None:
    with torch.inference_mode():
        n_found = model(torch.zeros(1, n_samples)).last_hidden_state.shape[1]
    assert n_frames(n_samples) == n_found


def test_sound_shorter_than_a_frame_has_none() -> None:
    assert n_frames(WINDOW - 1) == n_frames(0) == 0


@pytest.mark.slow
def test_at_full_size_it_gives_the_reference_s_features() -> None:
    found = list(parity.run(GOLDEN))
    assert found
    assert [result for result in found if not result.passed] == []
