"""What is in a checkpoint is what is read; hostile files end in a sentence and run nothing."""

from __future__ import annotations

import json
import random
import struct
import subprocess
import sys
import textwrap
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from core.engines.nn.checkpoint import Checkpoint, open_checkpoint
from core.engines.nn.ledger import Ledger
from core.errors import InputError, MissingError

ROOT = Path(__file__).parents[4]

TENSORS = {
    "a.weight": torch.arange(12, dtype=torch.float32).reshape(3, 4),
    "a.bias": torch.tensor([1.5, -2.0, 0.0], dtype=torch.float16),
    "b.weight": torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(1)).bfloat16(),
    "b.count": torch.tensor(7),
}


def write(path: Path, tensors: dict[str, torch.Tensor]) -> Path:
    if path.suffix == ".safetensors":
        save_file(tensors, path, metadata={"made": "here"})
    else:
        torch.save(tensors, path)
    return path


@pytest.fixture(params=["x.safetensors", "x.pth"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write(tmp_path / request.param, TENSORS)


def read_all(checkpoint: Checkpoint) -> dict[str, torch.Tensor]:
    return {name: checkpoint.tensor(name).clone() for name in checkpoint.specs}


def same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return left.keys() == right.keys() and all(
        torch.equal(left[name], right[name]) and left[name].dtype == right[name].dtype
        for name in left
    )


def test_what_was_saved_is_read_and_known_before(file: Path) -> None:
    with Ledger() as ledger, open_checkpoint(file) as checkpoint:
        for name, tensor in TENSORS.items():
            assert checkpoint.specs[name] == (tuple(tensor.shape), tensor.dtype)
        assert ledger.live_bytes == 0, "opening reads no tensor"
        assert same(read_all(checkpoint), TENSORS)
        checkpoint.release()
        assert same(read_all(checkpoint), TENSORS)
        with pytest.raises(KeyError):
            checkpoint.tensor("nobody")


def test_the_suffix_does_not_decide(tmp_path: Path, file: Path) -> None:
    renamed = file.rename(tmp_path / "model.bin")
    with open_checkpoint(renamed) as checkpoint:
        assert same(read_all(checkpoint), TENSORS)


def test_settings_beside_the_tensors_are_plain_values(tmp_path: Path) -> None:
    path = tmp_path / "s1.ckpt"
    config = {"model": {"n_layer": 24, "names": ("a", "b")}, "rate": 0.5, "odd": torch.zeros(1)}
    torch.save({"weight": OrderedDict(TENSORS), "config": config, "info": "GPT-e15"}, path)
    with open_checkpoint(path, at=("weight",)) as checkpoint:
        assert same(read_all(checkpoint), TENSORS)
        assert checkpoint.extras == {
            "config": {"model": {"n_layer": 24, "names": ["a", "b"]}, "rate": 0.5, "odd": None},
            "info": "GPT-e15",
        }
    with pytest.raises(InputError, match="no part “generator”"):
        open_checkpoint(path, at=("generator",))
    with pytest.raises(InputError, match="“weight” in it is not a tensor"):
        open_checkpoint(path)


def hparams_file(path: Path) -> Path:
    """As trainers of GPT-SoVITS write it: an object of a class of their own among the settings."""
    utils = type(sys)("utils")

    class HParams:
        def __init__(self, **values: Any) -> None:
            self.__dict__.update(values)

    HParams.__module__, HParams.__qualname__ = "utils", "HParams"
    utils.HParams = HParams  # type: ignore[attr-defined]
    sys.modules["utils"] = utils
    try:
        config = HParams(model=HParams(version="v2Pro"), n=3)
        torch.save({"weight": dict(TENSORS), "config": config}, path)
    finally:
        del sys.modules["utils"]
    return path


def test_a_class_of_the_authors_is_read_as_its_attributes_only_when_asked_for(
    tmp_path: Path,
) -> None:
    path = hparams_file(tmp_path / "s2.pth")
    with pytest.raises(InputError, match=r"run code of its own \(utils\.HParams\)"):
        open_checkpoint(path, at=("weight",))
    with open_checkpoint(path, at=("weight",), plain_classes=["utils.HParams"]) as checkpoint:
        assert checkpoint.extras == {"config": {"model": {"version": "v2Pro"}, "n": 3}}


def test_a_file_with_other_first_bytes_reads_as_if_it_had_its_own(tmp_path: Path) -> None:
    path = write(tmp_path / "tagged.pth", TENSORS)
    path.write_bytes(b"06" + path.read_bytes()[2:])
    with pytest.raises(InputError, match="neither a safetensors nor a torch file"):
        open_checkpoint(path)
    with open_checkpoint(path, first_bytes=b"PK") as checkpoint:
        assert same(read_all(checkpoint), TENSORS)
        checkpoint.release()
        assert same(read_all(checkpoint), TENSORS)


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"no file “none\.pth”"):
        open_checkpoint(tmp_path / "none.pth")


# Hostile files. Each maker gets a path to write to and a path that must never appear.


def archive(path: Path, contents: bytes, **more: bytes) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("x/data.pkl", contents)
        file.writestr("x/version", b"3\n")
        file.writestr("x/byteorder", b"little")
        for name, content in more.items():
            file.writestr(f"x/data/{name[1:]}", content)


def header(path: Path, entries: dict[str, Any] | bytes, n_data_bytes: int = 0, **over: int) -> None:
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    n = over.get("length", len(text))
    path.write_bytes(struct.pack("<Q", n) + text + bytes(n_data_bytes))


def entry(start: int, stop: int, shape: list[int], dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


def text(words: str) -> bytes:
    """Opcode of a string; torch's reader knows binary ones only."""
    return b"X" + struct.pack("<I", len(words.encode())) + words.encode()


def number(n: int) -> bytes:
    return b"\x8a\x10" + n.to_bytes(16, "little", signed=True)


def shell(path: Path, trap: Path) -> None:
    archive(path, b"cposix\nsystem\n(" + text(f"touch {trap}") + b"tR.")


def shell_deep(path: Path, trap: Path) -> None:
    call = b"cbuiltins\nexec\n(" + text(f"open({str(trap)!r}, 'w')") + b"tR"
    archive(path, b"}(" + text("a") + call + b"u.")


def bare_pickle(path: Path, trap: Path) -> None:
    path.write_bytes(b"\x80\x02cposix\nsystem\n(" + text(f"touch {trap}") + b"tR.")


def torchscript(path: Path, trap: Path) -> None:
    archive(path, b"}.")
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("x/constants.pkl", b").")


def bomb(path: Path, trap: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x/data.pkl", bytes(200 << 20))
        file.writestr("x/version", b"3\n")


def overlapping(path: Path, trap: Path) -> None:
    """Many entries in the table that all point to the same bytes."""
    archive(path, b"}.", _0=bytes(100_000))
    content = path.read_bytes()
    central = content.rindex(b"PK\x01\x02")
    end = content.rindex(b"PK\x05\x06")
    one = content[central:end]
    many = one * 50
    first = content.index(b"PK\x01\x02")
    tail = struct.pack("<HHIIH", 53, 53, end - first + len(many), first, 0)
    path.write_bytes(content[:end] + many + b"PK\x05\x06" + b"\0" * 4 + tail)


def rebuilt(path: Path, *, numel: int = 4, offset: int = 0, size: int = 2, stride: int = 1) -> None:
    """A torch file of one tensor, its numbers chosen, over four real ones."""
    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu")
    storage += number(numel) + b"tQ"
    shape = b"(" + number(size) + b"t(" + number(stride) + b"t"
    ordered = b"\x89ccollections\nOrderedDict\n)R"
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + number(offset) + shape
    archive(path, b"}(" + text("a") + tensor + ordered + b"tRu.", _0=bytes(16))


def beyond_storage(path: Path, trap: Path) -> None:
    rebuilt(path, size=1_000_000_000)


def beyond_storage_in_steps(path: Path, trap: Path) -> None:
    rebuilt(path, stride=1_000_000_000)


def negative_offset(path: Path, trap: Path) -> None:
    rebuilt(path, offset=-3)


def storage_beyond_file(path: Path, trap: Path) -> None:
    rebuilt(path, numel=1 << 50, size=1 << 50)


def negative_stride(path: Path, trap: Path) -> None:
    rebuilt(path, offset=3, stride=-1)


def absurd_size(path: Path, trap: Path) -> None:
    rebuilt(path, size=1 << 100)


def deep(path: Path, trap: Path) -> None:
    archive(path, b"}(" + text("a") + b"]" * 5000 + b"a" * 4999 + b"u.")


def deep_settings(path: Path, trap: Path) -> None:
    nested: Any = 1
    for _ in range(300):
        nested = [nested]
    torch.save({"weight": {}, "config": nested}, path)


def sparse(path: Path, trap: Path) -> None:
    torch.save({"a": torch.eye(3).to_sparse()}, path)


def not_a_table(path: Path, trap: Path) -> None:
    torch.save([torch.zeros(2)], path)


def empty(path: Path, trap: Path) -> None:
    path.write_bytes(b"")


def picture(path: Path, trap: Path) -> None:
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500))


def page(path: Path, trap: Path) -> None:
    path.write_text("<!DOCTYPE html><html>Not found</html>")


def other_zip(path: Path, trap: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("word/document.xml", "<xml/>")


def half_a_zip(path: Path, trap: Path) -> None:
    torch.save(TENSORS, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def half_a_safetensors(path: Path, trap: Path) -> None:
    save_file(TENSORS, path)
    path.write_bytes(path.read_bytes()[:-20])


def huge_header(path: Path, trap: Path) -> None:
    header(path, {}, length=(1 << 63) - 1)


def long_header(path: Path, trap: Path) -> None:
    header(path, b"{" + b" " * (17 << 20) + b"}")


def negative_offsets(path: Path, trap: Path) -> None:
    header(path, {"a": entry(-4, 0, [1])}, 4)


def swapped_offsets(path: Path, trap: Path) -> None:
    header(path, {"a": entry(4, 0, [1])}, 4)


def overlapping_tensors(path: Path, trap: Path) -> None:
    header(path, {"a": entry(0, 8, [2]), "b": entry(4, 12, [2])}, 12)


def shape_beyond_data(path: Path, trap: Path) -> None:
    header(path, {"a": entry(0, 4, [1 << 40])}, 4)


def overflowing_shape(path: Path, trap: Path) -> None:
    header(path, {"a": entry(0, 4, [1 << 62, 1 << 62])}, 4)


def unknown_type(path: Path, trap: Path) -> None:
    header(path, {"a": entry(0, 4, [1], "Q7")}, 4)


def no_json(path: Path, trap: Path) -> None:
    header(path, b"{broken", 4)


HOSTILE = {
    shell: r"run code of its own \(posix\.system\)",
    shell_deep: r"run code of its own \(exec\)",
    bare_pickle: "before torch 1.6",
    torchscript: "TorchScript",
    bomb: "packed, as torch never does",
    overlapping: "more than its own size",
    beyond_storage: "damaged or made up",
    beyond_storage_in_steps: "damaged or made up",
    absurd_size: "damaged or made up",
    negative_offset: "damaged or made up",
    storage_beyond_file: "damaged or made up",
    negative_stride: "damaged or made up",
    deep: "“a” in it is not a tensor",
    deep_settings: "nested more than 50 deep",
    sparse: "unusual kind",
    not_a_table: "holds no table of tensors",
    empty: "it is empty",
    picture: "neither a safetensors nor a torch file",
    page: "neither a safetensors nor a torch file",
    other_zip: "no list of contents",
    half_a_zip: "damaged or made up",
    half_a_safetensors: "damaged or made up",
    huge_header: "table of contents would take 9223372036854775807 bytes",
    long_header: "table of contents would take 17825794 bytes",
    negative_offsets: "damaged or made up",
    swapped_offsets: "damaged or made up",
    overlapping_tensors: "damaged or made up",
    shape_beyond_data: "damaged or made up",
    overflowing_shape: "damaged or made up",
    unknown_type: "damaged or made up",
    no_json: "damaged or made up",
}


@pytest.mark.parametrize("make", HOSTILE, ids=lambda make: make.__name__)
def test_a_hostile_file_ends_in_a_sentence_and_runs_nothing(make: Any, tmp_path: Path) -> None:
    path, trap = tmp_path / "model.pth", tmp_path / "executed"
    make(path, trap)
    at = ("weight",) if make is deep_settings else ()
    with pytest.raises(InputError, match=HOSTILE[make]) as caught, Ledger() as ledger:
        open_checkpoint(path, at=at)
    assert not trap.exists()
    assert ledger.peak_bytes < 1 << 20
    assert "“model.pth”" in caught.value.message
    assert len(caught.value.message) < 300
    assert caught.value.hint


@pytest.mark.parametrize("make", HOSTILE, ids=lambda make: make.__name__)
def test_a_hostile_file_is_refused_when_its_first_bytes_are_replaced_too(
    make: Any, tmp_path: Path
) -> None:
    path, trap = tmp_path / "model.pth", tmp_path / "executed"
    make(path, trap)
    with pytest.raises(InputError, match="“model.pth” is not a checkpoint"):  # noqa: RUF043
        open_checkpoint(path, at=("weight",) if make is deep_settings else (), first_bytes=b"PK")
    assert not trap.exists()


FUZZ = textwrap.dedent(
    """
    import random, sys, warnings
    from pathlib import Path
    from core.engines.nn.checkpoint import open_checkpoint
    from core.errors import InputError
    warnings.simplefilter("error")
    path, copy, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    content, chance = path.read_bytes(), random.Random(seed)
    read = refused = 0
    for _ in range(250):
        damaged = bytearray(content)
        for _ in range(chance.choice((1, 2, 8))):
            # Mostly where it hurts: the ends hold the tables.
            place = chance.choice((chance.randrange(len(damaged)), chance.randrange(600)))
            damaged[place % len(damaged)] = chance.randrange(256)
        if chance.random() < 0.2:
            damaged = damaged[: chance.randrange(len(damaged))]
        copy.write_bytes(damaged)
        try:
            with open_checkpoint(copy) as checkpoint:
                for name in checkpoint.specs:
                    checkpoint.tensor(name).float().sum()
            read += 1
        except InputError:
            refused += 1
    print(read, refused)
    """
)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_file_damaged_anywhere_is_read_or_refused_and_nothing_else(
    suffix: str, tmp_path: Path
) -> None:
    path = write(tmp_path / f"model{suffix}", TENSORS)
    seed = random.Random(suffix).randrange(1000)
    # A process of its own: a crash in the readers' native code is a finding, not the suite's end.
    done = subprocess.run(
        [sys.executable, "-c", FUZZ, str(path), str(tmp_path / "copy"), str(seed)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    read, refused = map(int, done.stdout.split())
    assert read + refused == 250
    assert refused > 50
    assert read > 10, "numbers may be damaged without anybody noticing; that is what sha256 is for"


EXHAUST = textwrap.dedent(
    """
    import resource, sys
    from pathlib import Path
    import torch
    from core.engines.nn.checkpoint import open_checkpoint
    from core.memory.classify import classify
    torch.zeros(1)
    pages = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (pages + (20 << 20), pages + (20 << 20)))
    try:
        open_checkpoint(Path(sys.argv[1])).tensor("a")
    except BaseException as error:
        print(classify(error).kind, type(error).__name__)
    """
)


@pytest.mark.skipif(sys.platform != "linux", reason="limits address space by Linux's means")
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_machine_that_is_full_is_not_called_a_damaged_file(suffix: str, tmp_path: Path) -> None:
    path = write(tmp_path / f"model{suffix}", {"a": torch.zeros(64 << 20, dtype=torch.uint8)})
    done = subprocess.run(
        [sys.executable, "-c", EXHAUST, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith("memory "), done.stdout + done.stderr[-500:]
