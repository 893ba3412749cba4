"""Files of every official format load into the models, strictly, and are converted once."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from core import paths
from core.engines.copies import Copies
from core.engines.gpt_sovits import files
from core.engines.gpt_sovits.files import load_semantic, load_speaker, load_synthesiser, open_model
from core.engines.gpt_sovits.models import ModelFile, find
from core.engines.nn.checkpoint import Checkpoint, open_checkpoint
from core.engines.nn.convert import convert
from core.engines.nn.prove import peak_bytes
from core.errors import InputError, MissingError, ResourceError
from tests.core.engines.gpt_sovits import tiny_files as tiny


def only(folder: Path) -> ModelFile:
    found = find([folder])
    assert found.problems == ()
    (file,) = found.s1 + found.s2
    return file


def content(checkpoint: Checkpoint) -> dict[str, torch.Tensor]:
    return {name: checkpoint.tensor(name).clone() for name in checkpoint.specs}


def same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return left.keys() == right.keys() and all(
        torch.equal(left[name], right[name]) and left[name].dtype == right[name].dtype
        for name in left
    )


def copies(cache: Path) -> list[Path]:
    return sorted(cache.rglob("*.safetensors"))


def test_a_semantic_model_of_the_official_format_loads(tmp_path: Path) -> None:
    tiny.write_semantic(tmp_path / "m" / "anna-e15.ckpt")
    file = only(tmp_path / "m")
    for cache in (None, Copies(tmp_path / "cache"), Copies(tmp_path / "cache")):
        model = load_semantic(file, cache=cache)
        assert model.dims == tiny.SEMANTIC, "the number of heads is only in the settings"
        rows = model.phone_embedding.weight
        published = tiny.semantic_tensors()["model.ar_text_embedding.word_embeddings.weight"]
        assert torch.equal(rows, published.to(rows.dtype))
    assert [path.name for path in copies(tmp_path / "cache")] == ["anna-e15.safetensors"]


@pytest.mark.parametrize(
    ("version", "header"),
    [("v1", "00"), ("v2", "PK"), ("v2", "01"), ("v2Pro", "05"), ("v2Pro", "PK")],
)
def test_a_synthesiser_of_every_header_loads(version: str, header: str, tmp_path: Path) -> None:
    tiny.write_synthesiser(tmp_path / "m" / "anna_e8_s120.pth", version=version, header=header)
    file = only(tmp_path / "m")
    assert file.version == version
    once = load_synthesiser(file, cache=Copies(tmp_path / "cache")).state_dict()
    again = load_synthesiser(file, cache=Copies(tmp_path / "cache")).state_dict()
    straight = load_synthesiser(file).state_dict()
    assert same(once, straight)
    assert same(once, again)
    assert len(copies(tmp_path / "cache")) == 1


def test_what_only_training_needs_is_neither_missed_nor_kept(tmp_path: Path) -> None:
    tensors = tiny.synthesiser_tensors("v2", with_training=True)
    tiny.write_synthesiser(tmp_path / "m" / "s2G.pth", tensors)
    with open_model(only(tmp_path / "m"), cache=Copies(tmp_path / "cache")) as checkpoint:
        assert "enc_q.pre.weight" not in checkpoint.specs
        assert len(checkpoint.specs) == len(tensors) - 1
        assert checkpoint.extras["config"]["data"]["sampling_rate"] == 32000
        assert checkpoint.extras["info"] == "8epoch_120iteration"


def test_settings_that_another_program_saved_as_its_own_kind_of_table_are_read(
    tmp_path: Path,
) -> None:
    tiny.write_saved_again(tmp_path / "m" / "a.pth")
    for cache in (None, Copies(tmp_path / "cache")):
        with open_model(only(tmp_path / "m"), cache=cache) as checkpoint:
            assert checkpoint.extras["config"] == {
                "data": {"hop_length": 640},
                "model": {"version": "v2"},
            }


def test_a_file_with_a_header_is_mapped_when_it_is_converted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its first bytes replaced while it is read, torch holds all of it in memory: measured
    at full size 170 MB, mapped less than 1 MB."""
    opened: list[bytes | None] = []

    def noted(path: Path, **more: Any) -> Checkpoint:
        opened.append(more.get("first_bytes"))
        return open_checkpoint(path, **more)

    monkeypatch.setattr(files, "open_checkpoint", noted)
    tiny.write_synthesiser(tmp_path / "m" / "a.pth", version="v2", header="01")
    file = only(tmp_path / "m")
    open_model(file).close()
    assert opened == [b"PK"]
    for _ in range(2):
        open_model(file, cache=Copies(tmp_path / "cache")).close()
    assert opened[1:] == [None, None, None]


def test_the_speaker_network_loads(tmp_path: Path) -> None:
    path = tiny.write_speaker(tmp_path / "sv.ckpt")
    model = load_speaker(path, cache=Copies(tmp_path / "cache"), dims=tiny.SPEAKER)
    straight = load_speaker(path, dims=tiny.SPEAKER)
    assert same(model.state_dict(), straight.state_dict())


def missing(tensors: tiny.Tensors, name: str) -> None:
    del tensors[name]


def renamed(tensors: tiny.Tensors, name: str) -> None:
    tensors["who.knows"] = torch.zeros(3)


def misshaped(tensors: tiny.Tensors, name: str) -> None:
    tensors[name] = torch.zeros(3)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [(missing, "missing ({})"), (renamed, "unknown (who.knows)"), (misshaped, "{} 3, not")],
)
def test_a_tensor_too_few_too_many_or_misshaped_is_named(
    spoil: Callable[[tiny.Tensors, str], None], said: str, tmp_path: Path
) -> None:
    s1, s2 = tiny.semantic_tensors(), tiny.synthesiser_tensors("v2")
    spoil(s1, "model.h.layers.1.linear2.bias")
    spoil(s2, "enc_p.mrte.c_post.bias")
    tiny.write_semantic(tmp_path / "s1" / "a.ckpt", s1)
    tiny.write_synthesiser(tmp_path / "s2" / "b.pth", s2)
    with pytest.raises(InputError) as caught:
        load_semantic(only(tmp_path / "s1"), cache=Copies(tmp_path / "cache"))
    ours = "layers.1.narrow.bias" if spoil is missing else "model.h.layers.1.linear2.bias"
    assert said.format(ours) in caught.value.message
    assert "“a.safetensors”" in caught.value.message
    with pytest.raises(InputError) as caught:
        load_synthesiser(only(tmp_path / "s2"), cache=Copies(tmp_path / "cache"))
    assert said.format("enc_p.mrte.c_post.bias") in caught.value.message


def test_a_file_that_changed_or_went_is_said(tmp_path: Path) -> None:
    path = tiny.write_semantic(tmp_path / "a.ckpt")
    file = only(tmp_path)
    tiny.write_semantic(path, tiny.semantic_tensors(seed=2))
    with pytest.raises(InputError, match=r"“a\.ckpt” has changed since it was found"):
        load_semantic(file)
    path.unlink()
    with pytest.raises(MissingError, match=r"no file “a\.ckpt”"):
        load_semantic(file)


def test_conversion_keeps_every_bit_and_holds_one_tensor(tmp_path: Path) -> None:
    tensors = {
        "half": torch.randn(300, 1000).half(),
        "byte": torch.arange(7, dtype=torch.uint8),
        "brain": torch.randn(3, 5).bfloat16(),
        "turned": torch.randn(40, 50).t(),
        "single": torch.randn(500, 1000),
        "count": torch.tensor(7),
        "nothing": torch.zeros(0, 4),
        "claim": torch.tensor([True, False]),
    }
    torch.save(tensors, tmp_path / "a.pth")
    with open_checkpoint(tmp_path / "a.pth") as source:
        peak = peak_bytes(lambda: convert(source, tmp_path / "a.safetensors", note="{}"))
    with open_checkpoint(tmp_path / "a.safetensors") as copy:
        assert same(content(copy), tensors)
        assert copy.extras == {"note": "{}"}
    # Mapped tensors are no memory of ours; what is turned is laid straight.
    assert peak <= tensors["turned"].nbytes


def test_a_conversion_that_was_interrupted_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.write_synthesiser(tmp_path / "m" / "a.pth", version="v2", header="01")

    def pulled(handle: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(paths.os, "fsync", pulled)
        with pytest.raises(KeyboardInterrupt):
            load_synthesiser(only(tmp_path / "m"), cache=Copies(tmp_path / "cache"))
    assert copies(tmp_path / "cache") == []
    assert (
        load_synthesiser(only(tmp_path / "m"), cache=Copies(tmp_path / "cache")).dims.n_symbols
        == 732
    )


def test_without_room_for_a_copy_the_file_itself_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tiny.write_semantic(tmp_path / "m" / "a.ckpt")

    def full(*_: object, **__: object) -> None:
        raise ResourceError("There is no room left.")

    monkeypatch.setattr(files, "convert", full)
    assert (
        load_semantic(only(tmp_path / "m"), cache=Copies(tmp_path / "cache")).dims == tiny.SEMANTIC
    )
    assert "a.ckpt is read without a copy: There is no room left." in caplog.text
    assert copies(tmp_path / "cache") == []


def test_safetensors_are_read_where_they_are(tmp_path: Path) -> None:
    tensors = tiny.synthesiser_tensors("v2")
    tiny.write_synthesiser(tmp_path / "m" / "a.pth", tensors)
    with open_model(only(tmp_path / "m")) as checkpoint:
        (tmp_path / "s").mkdir()
        convert(checkpoint, tmp_path / "s" / "a.safetensors")
    load_synthesiser(only(tmp_path / "s"), cache=Copies(tmp_path / "cache"))
    assert copies(tmp_path / "cache") == []


def test_a_cache_that_is_closed_to_us_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.write_synthesiser(tmp_path / "m" / "a.pth", version="v2", header="01")

    def closed(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(files.tempfile, "TemporaryDirectory", closed)
    load_synthesiser(only(tmp_path / "m"), cache=Copies(tmp_path / "cache"))
    assert copies(tmp_path / "cache") == []
