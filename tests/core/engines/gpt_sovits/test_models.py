"""What lies in a folder is known by its content; hostile files end in a sentence, run nothing."""

from __future__ import annotations

import os
import random
import time
import tracemalloc
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from core.engines.gpt_sovits import contents, identity, models
from core.engines.gpt_sovits.models import BERT, HUBERT, SPEAKER, ModelFile, find, pairs
from core.errors import InputError
from tests.core.engines.gpt_sovits import tiny_files as tiny
from tests.core.engines.nn.test_checkpoint import (
    HOSTILE,
    archive,
    beyond_storage,
    bomb,
    half_a_zip,
    shell,
    text,
)

GOLDEN = Path(__file__).parents[3] / "golden" / "gpt_sovits" / "ckpt"


def only(folder: Path) -> ModelFile:
    found = find([folder])
    assert found.problems == ()
    (file,) = found.s1 + found.s2
    return file


def stub(version: str, *, n_decoder: int = 512) -> tiny.Tensors:
    """The few tensors by which a synthesiser is known."""
    shapes = {
        "enc_p.text_embedding.weight": (322 if version == "v1" else 732, 4),
        "dec.conv_pre.weight": (n_decoder, 2, 7),
    }
    if "Pro" in version:
        shapes["sv_emb.weight"] = (4, 4)
    return tiny.made(shapes)


def test_the_authors_own_files_are_known() -> None:
    found = find([GOLDEN])
    assert [(file.name, file.family, file.max_s) for file in found.s1] == [("mini_s1", "v2", 54.0)]
    assert {file.name: (file.version, file.header) for file in found.s2} == {
        "mini_v2": ("v2", None),
        "mini_v2Pro": ("v2Pro", b"05"),
        "mini_v2ProPlus": ("v2ProPlus", b"06"),
    }
    later = "Timbre speaks with v1, v2, v2Pro and v2ProPlus; v3 and v4 come later."
    assert found.problems == tuple(
        f"“mini_{v}_lora.pth” is of version {v} (a LoRA addition): {later}" for v in ("v3", "v4")
    )


@pytest.mark.parametrize(
    ("header", "tensors", "version"),
    [
        ("PK", stub("v1"), "v1"),
        ("PK", stub("v2"), "v2"),
        ("PK", stub("v2Pro"), "v2Pro"),
        ("PK", stub("v2ProPlus", n_decoder=768), "v2ProPlus"),
        ("00", stub("v1"), "v1"),
        ("01", stub("v2"), "v2"),
        ("05", stub("v2Pro"), "v2Pro"),
        ("06", stub("v2ProPlus", n_decoder=768), "v2ProPlus"),
        # What they hold counts, not what they say.
        ("05", stub("v2ProPlus", n_decoder=768), "v2ProPlus"),
        ("01", stub("v1"), "v1"),
        ("02", stub("v2"), "v2"),
        # Where the content leaves it open, what they say.
        ("06", stub("v2ProPlus", n_decoder=32), "v2ProPlus"),
        ("05", stub("v2Pro", n_decoder=32), "v2Pro"),
    ],
)
def test_a_synthesiser_is_of_the_version_that_it_holds(
    header: str, tensors: tiny.Tensors, version: str, tmp_path: Path
) -> None:
    tiny.write_synthesiser(tmp_path / "a.pth", tensors, header=header)
    file = only(tmp_path)
    assert (file.part, file.version) == ("s2", version)
    assert file.family == ("v1" if version == "v1" else "v2")


@pytest.mark.parametrize(
    ("header", "name", "said"),
    [
        ("02", "cfm.estimator.x.weight", "version v3:"),
        ("03", "cfm.base_model.model.x.lora_A.default.weight", "version v3 (a LoRA addition):"),
        ("04", "cfm.base_model.model.x.lora_A.default.weight", "version v4 (a LoRA addition):"),
        ("PK", "cfm.estimator.x.weight", "version v3 or v4:"),
    ],
)
def test_what_comes_later_is_said(header: str, name: str, said: str, tmp_path: Path) -> None:
    tensors = tiny.made({name: (2, 2), "enc_p.text_embedding.weight": (732, 2)})
    tiny.write_synthesiser(tmp_path / "a.pth", tensors, header=header)
    (sentence,) = find([tmp_path]).problems
    assert said in sentence
    assert "come later" in sentence


def test_an_official_file_is_known_by_the_hash_of_its_head(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tiny.write_synthesiser(tmp_path / "renamed.pth", stub("v2Pro", n_decoder=32))
    head = md5(path.read_bytes()[:8192], usedforsecurity=False).hexdigest()
    monkeypatch.setitem(identity.OFFICIAL_S2, head, "v2Pro")
    tiny.write_semantic(tmp_path / "s1v3.ckpt")
    (pair,) = pairs(find([tmp_path]))
    assert (pair.name, pair.is_official) == ("v2Pro (official)", True)


def test_safetensors_are_known_as_well(tmp_path: Path) -> None:
    save_file(tiny.semantic_tensors(), tmp_path / "voice.ckpt")
    assert only(tmp_path).part == "s1"


def test_models_of_a_family_go_together_and_no_others(tmp_path: Path) -> None:
    tiny.write_semantic(tmp_path / "anna-e15.ckpt")
    old = {**tiny.semantic_tensors()}
    old["model.ar_text_embedding.word_embeddings.weight"] = torch.zeros(512, 32).half()
    tiny.write_semantic(tmp_path / "old-e8.ckpt", old)
    for version in ("v1", "v2", "v2Pro"):
        tiny.write_synthesiser(tmp_path / f"anna_e8_s{version[1]}20_{version}.pth", stub(version))
    tiny.write_synthesiser(tmp_path / "anna_e8_s120.pth", stub("v2ProPlus", n_decoder=768))
    found = pairs(find([tmp_path]))
    assert {(pair.s1.name, pair.version) for pair in found} == {
        ("old-e8", "v1"),
        *(("anna-e15", version) for version in ("v2", "v2Pro", "v2ProPlus")),
    }
    assert found[0].name == "anna-e15 + anna_e8_s120", "trained together comes first"
    assert len({pair.digest for pair in found}) == len(found)


def test_a_pair_says_what_it_lacks(tmp_path: Path) -> None:
    tiny.write_semantic(tmp_path / "a.ckpt")
    tiny.write_synthesiser(tmp_path / "a.pth", stub("v2"))
    tiny.write_synthesiser(tmp_path / "b.pth", stub("v2Pro"))
    plain, pro = sorted(pairs(find([tmp_path])), key=lambda pair: pair.version)
    assert plain.lacks == (HUBERT,)
    assert plain.needs == "needs chinese-hubert-base"
    assert pro.lacks == (HUBERT, SPEAKER)
    assert pro.wishes == plain.wishes == (BERT,)
    tiny.write_network(tmp_path / "networks" / "hubert", "hubert")
    tiny.write_network(tmp_path / "networks" / "bert", "bert")
    tiny.write_speaker(tmp_path / "sv" / "any.ckpt")
    found = find([tmp_path])
    assert found.problems == ()
    assert found.shared.sv == tmp_path / "sv" / "any.ckpt"
    assert all(pair.lacks == pair.wishes == () for pair in pairs(found))


def test_half_a_network_is_not_there(tmp_path: Path) -> None:
    (tiny.write_network(tmp_path / HUBERT, "hubert") / "pytorch_model.bin").unlink()
    (tiny.write_network(tmp_path / BERT, "bert") / "tokenizer.json").unlink()
    assert find([tmp_path]).shared == models.SharedFiles()


def test_what_lies_beside_the_official_voices_is_no_problem(tmp_path: Path) -> None:
    for name in ("discriminators.0.convs.0.weight_v", "ups.0.weight"):
        torch.save({"weight": {name: torch.zeros(2)}}, tmp_path / f"{name[:4]}.pth")
    assert find([tmp_path]).problems == ()
    torch.save({"yolo.weight": torch.zeros(2)}, tmp_path / "yolo.pt")
    assert find([tmp_path]).problems == ("“yolo.pt” is a checkpoint, but none of GPT-SoVITS.",)


def test_a_copy_in_another_folder_is_the_same_model(tmp_path: Path) -> None:
    one = tiny.write_semantic(tmp_path / "one" / "a.ckpt")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "b.ckpt").write_bytes(one.read_bytes())
    assert len(find([tmp_path / "one", tmp_path / "two"]).s1) == 1


def test_the_digest_is_of_the_content(tmp_path: Path) -> None:
    path = tiny.write_semantic(tmp_path / "a.ckpt")
    before = only(tmp_path)
    path = path.rename(tmp_path / "b.ckpt")
    assert only(tmp_path).digest == before.digest
    tensors = tiny.semantic_tensors()
    # One weight of half a million, far from both ends of the file.
    tensors["model.h.layers.1.linear1.weight"][40, 20] += 1
    tiny.write_semantic(path, tensors)
    assert only(tmp_path).digest != before.digest


def test_a_file_is_looked_into_once_until_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tiny.write_semantic(tmp_path / "a.ckpt")
    looked: list[Path] = []

    def counted(path: Path) -> contents.Contents:
        looked.append(path)
        return contents.read_contents(path)

    monkeypatch.setattr(identity, "read_contents", counted)
    for _ in range(3):
        assert len(find([tmp_path]).s1) == 1
    assert looked == [path]
    os.utime(path, ns=(1, 1))
    find([tmp_path])
    assert len(looked) == 2


def test_links_in_a_circle_end_and_hidden_files_are_left_alone(tmp_path: Path) -> None:
    tiny.write_semantic(tmp_path / "a" / "b" / "voice.ckpt")
    tiny.write_semantic(tmp_path / ".part-x" / "half.ckpt")
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "nowhere.pth").symlink_to(tmp_path / "none")
    found = find([tmp_path, tmp_path / "not there"])
    assert [file.name for file in found.s1] == ["voice"]
    assert found.problems == ()


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo(tmp_path / "voice.ckpt")
    assert find([tmp_path]) == models.Models()


def test_a_search_of_too_much_ends_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in range(5):
        (tmp_path / f"{i}.pth").write_bytes(b"")
    monkeypatch.setattr(models, "FILES_MAX", 3)
    assert "stopped after 3 entries and 3 model files" in find([tmp_path]).problems[-1]
    deep = tmp_path / "/".join("d" * (models.DEPTH_MAX + 2))
    tiny.write_semantic(deep / "voice.ckpt")
    assert find([tmp_path]).s1 == ()


@pytest.mark.parametrize("phones", [731, 0, 5])
def test_an_odd_number_of_phones_is_said(phones: int, tmp_path: Path) -> None:
    tensors = tiny.semantic_tensors()
    tensors["model.ar_text_embedding.word_embeddings.weight"] = torch.zeros(phones, 32)
    tiny.write_semantic(tmp_path / "a.ckpt", tensors)
    (sentence,) = find([tmp_path]).problems
    assert sentence.startswith(f"“a.ckpt” knows {phones} phones")


def test_a_part_of_a_model_is_said(tmp_path: Path) -> None:
    torch.save({"model.bert_proj.weight": torch.zeros(2)}, tmp_path / "a.ckpt")
    (sentence,) = find([tmp_path]).problems
    assert sentence == "“a.ckpt” is a part of a model: its table of phones is missing."


# Hostile files.


def many_steps(path: Path, trap: Path) -> None:
    archive(path, b"}" * 3_000_000 + b".")


def self_containing(path: Path, trap: Path) -> None:
    """Lists of lists of the same list: small here, endless when it is written out."""
    archive(path, b"]q\0" + b"h\0h\0\x86q\0" * 20_000 + b".")


def colliding_keys(path: Path, trap: Path) -> None:
    keys = b"".join(
        b"\x8a\x14" + (i * ((1 << 61) - 1)).to_bytes(20, "little") + b"N" for i in range(60_000)
    )
    archive(path, b"}(" + keys + b"u.")


def absurd_product(path: Path, trap: Path) -> None:
    number = b"\x8a\xff" + bytes(254) + b"\x7f"
    storage = b"(" + text("storage") + b"ctorch\nHalfStorage\n" + text("0") + text("cpu")
    storage += b"K\x02tQ"
    shape = b"(" + number * 15_000 + b"t"
    made = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\0" + shape + b")\x89NtR"
    archive(path, b"}(" + text("a") + made + b"u.", _0=bytes(4))


def huge_directory(path: Path, trap: Path) -> None:
    """Three gigabytes that take no room on the disk, all of them a directory, it says."""
    with path.open("wb") as file:
        file.write(b"PK\x03\x04")
        file.seek(3_000_000_000)
        size = (2_900_000_000).to_bytes(4, "little")
        file.write(b"PK\x05\x06" + bytes(4) + b"\1\0\1\0" + size + b"\4\0\0\0" + b"\0\0")


def huge_text(path: Path, trap: Path) -> None:
    with path.open("wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(10_000_000_000)


def deep_json(path: Path, trap: Path) -> None:
    deep = b'{"a":' + b"[" * 1_000_000
    path.write_bytes(len(deep).to_bytes(8, "little") + deep)


MORE = [
    *(many_steps, self_containing, colliding_keys, absurd_product),
    *(huge_directory, huge_text, deep_json),
]


# Those of torch's format, once more with the trainer's header.
CASES = [
    *((make, "") for make in (*HOSTILE, *MORE)),
    *((make, "05") for make in (shell, bomb, beyond_storage, half_a_zip, *MORE)),
]


@pytest.mark.parametrize(
    ("make", "header"), CASES, ids=lambda value: getattr(value, "__name__", value)
)
def test_a_hostile_file_ends_in_a_sentence_soon_and_runs_nothing(
    make: Any, header: str, tmp_path: Path
) -> None:
    path, trap = tmp_path / "model.pth", tmp_path / "executed"
    make(path, trap)
    if header and path.stat().st_size:
        with path.open("r+b") as file:
            file.write(header.encode())
    tracemalloc.start()
    began = time.process_time()
    found = find([tmp_path])
    took_s = time.process_time() - began
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.s1 == found.s2 == ()
    (sentence,) = found.problems
    assert sentence.startswith("“model.pth” is")
    assert len(sentence) < 250
    assert not trap.exists()
    # Tracing slows Python down about four times: half a second without it.
    assert took_s < 4
    assert peak_bytes < 64 << 20


def test_a_file_damaged_anywhere_is_read_or_refused_and_nothing_else(tmp_path: Path) -> None:
    whole = (GOLDEN / "mini_v2Pro.pth").read_bytes()
    chance = random.Random(3)
    read = refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 2, 8))):
            damaged[chance.choice((chance.randrange(len(whole)), chance.randrange(1900)))] = (
                chance.randrange(256)
            )
        if chance.random() < 0.2:
            damaged = damaged[: chance.randrange(len(damaged))]
        (tmp_path / "a.pth").write_bytes(damaged)
        try:
            contents.read_contents(tmp_path / "a.pth")
            read += 1
        except InputError:
            refused += 1
    assert read > 20
    assert refused > 100


def test_the_cache_of_the_hugging_face_hub_can_be_given(tmp_path: Path) -> None:
    root = tmp_path / "models--lj1995--GPT-SoVITS"
    (root / "blobs").mkdir(parents=True)
    snapshot = root / "snapshots" / "336b2ec4"
    (snapshot / "v2Pro").mkdir(parents=True)
    tiny.write_semantic(tmp_path / "a.ckpt").rename(root / "blobs" / "8713")
    tiny.write_synthesiser(tmp_path / "a.pth", stub("v2Pro")).rename(root / "blobs" / "0f8e")
    (snapshot / "s1v3.ckpt").symlink_to("../../blobs/8713")
    (snapshot / "v2Pro" / "s2Gv2Pro.pth").symlink_to("../../../blobs/0f8e")
    (pair,) = pairs(find([tmp_path]))
    assert pair.name == "s1v3 + s2Gv2Pro"
