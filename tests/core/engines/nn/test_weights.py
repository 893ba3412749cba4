"""Filling a model: exact, strict, in the wanted precision, and no more memory than the model."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from core.engines.nn.checkpoint import open_checkpoint
from core.engines.nn.ledger import Ledger
from core.engines.nn.weights import Made, fill, on_meta, weight_norm
from core.errors import InputError

ROOT = Path(__file__).parents[4]


class Net(nn.Module):
    """Everything a real one has: tied weights, a buffer in the file, one that is not, a counter."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(7, 4)
        self.inner = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
        self.head = nn.Linear(4, 7, bias=False)
        self.head.weight = self.embed.weight
        self.register_buffer("table", torch.zeros(3), persistent=False)

    def make_tables(self, device: torch.device) -> None:
        self.table = torch.arange(3.0, device=device)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.head(self.inner(self.embed(tokens))) + self.table.sum()
        return out


def real() -> Net:
    torch.manual_seed(2)
    net = Net().requires_grad_(False).eval()
    net.make_tables(torch.device("cpu"))
    return net


@pytest.fixture(params=["x.safetensors", "x.pth"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write(tmp_path / request.param, dict(real().state_dict()))


def write(path: Path, tensors: dict[str, torch.Tensor]) -> Path:
    if path.suffix == ".safetensors":
        save_file({name: tensor.clone() for name, tensor in tensors.items()}, path)
    else:
        torch.save(tensors, path)
    return path


def filled(path: Path, **options: object) -> Net:
    net = on_meta(Net)
    with open_checkpoint(path) as checkpoint:
        fill(net, checkpoint, **{"dtype": torch.float32, "device": "cpu"} | options)  # type: ignore[arg-type]
    return net


def test_a_filled_model_says_what_the_saved_one_said(file: Path) -> None:
    tokens = torch.tensor([0, 3, 6])
    net = filled(file)
    assert torch.equal(net(tokens), real()(tokens))
    assert net.head.weight is net.embed.weight, "tied weights stay tied"
    assert not any(weight.requires_grad for weight in net.parameters())
    file.unlink()
    assert torch.equal(net(tokens), real()(tokens)), "nothing of it lives in the file"


def test_each_weight_has_the_precision_asked_for_and_counters_their_own(file: Path) -> None:
    net = filled(file, dtype=lambda name: torch.float32 if "1." in name else torch.bfloat16)
    kinds = {name: tensor.dtype for name, tensor in net.state_dict().items()}
    assert kinds["embed.weight"] is torch.bfloat16
    assert kinds["inner.1.running_var"] is torch.float32
    assert kinds["inner.1.num_batches_tracked"] is torch.int64
    expected = real().inner[0].weight.bfloat16()
    assert torch.equal(net.inner[0].weight, expected)


def test_names_are_translated_and_what_is_not_needed_is_left(tmp_path: Path) -> None:
    tensors = {f"model.{name}": tensor for name, tensor in real().state_dict().items()}
    tensors["model.enc_q.weight"] = torch.zeros(5)
    path = write(tmp_path / "x.safetensors", tensors)

    def rename(name: str) -> str | None:
        return None if "enc_q" in name else name.removeprefix("model.")

    tokens = torch.tensor([1, 2])
    assert torch.equal(filled(path, rename=rename)(tokens), real()(tokens))
    with pytest.raises(InputError, match=r"9 missing .*; 10 unknown \(model\."):
        filled(path)


def test_one_name_of_tied_weights_is_enough(tmp_path: Path) -> None:
    tensors = dict(real().state_dict())
    del tensors["head.weight"]
    net = filled(write(tmp_path / "x.safetensors", tensors))
    assert torch.equal(net.head.weight, real().head.weight)


def test_weight_norm_is_undone_as_torch_does_it(tmp_path: Path) -> None:
    torch.manual_seed(4)
    conv = nn.utils.parametrizations.weight_norm(nn.Conv1d(3, 5, 7, bias=False))
    parts = conv.parametrizations.weight
    path = tmp_path / "x.safetensors"
    save_file({"g": parts.original0.data * 1.7, "v": parts.original1.data}, path)
    net = on_meta(lambda: nn.Conv1d(3, 5, 7, bias=False))
    with open_checkpoint(path) as checkpoint:
        made = {"weight": Made(("g", "v"), weight_norm)}
        fill(net, checkpoint, dtype=torch.float32, device="cpu", made=made)
    assert torch.allclose(net.weight, conv.weight.data * 1.7, rtol=1e-6)
    wrong = on_meta(lambda: nn.Conv1d(3, 5, 6, bias=False))
    with (
        open_checkpoint(path) as checkpoint,
        pytest.raises(InputError, match="weight 5x3x7, not 5x3x6"),
    ):
        fill(wrong, checkpoint, dtype=torch.float32, device="cpu", made=made)
    gone = {"weight": Made(("g", "w"), weight_norm)}
    with open_checkpoint(path) as checkpoint, pytest.raises(InputError, match=r"1 missing \(w\)"):
        fill(net, checkpoint, dtype=torch.float32, device="cpu", made=gone)


def test_what_does_not_fit_is_named_and_nothing_is_changed(tmp_path: Path) -> None:
    tensors = dict(real().state_dict())
    tensors["inner.0.weight"] = torch.zeros(4, 5)
    tensors["inner.0.bias"] = torch.zeros(4, 1)
    del tensors["inner.1.weight"]
    tensors |= {f"more.{n}": torch.zeros(1) for n in range(5)}
    path = write(tmp_path / "odd.pth", tensors)
    net = real()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    with open_checkpoint(path) as checkpoint, pytest.raises(InputError) as caught:
        fill(net, checkpoint, dtype=torch.float32, device="cpu")
    message = caught.value.message
    assert "“odd.pth” does not fit the model" in message
    assert "1 missing (inner.1.weight)" in message
    assert "5 unknown (more.0, more.1, more.2, …)" in message
    assert "2 misshaped (inner.0.weight 4x5, not 4x4, inner.0.bias 4x1, not 4)" in message
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())


def test_memory_that_ends_half_way_leaves_nothing_and_a_second_try_works(file: Path) -> None:
    n, n_fails, tokens = 0, 0, torch.tensor([0, 3])
    while n == n_fails:
        n += 1
        net = on_meta(Net)
        with Ledger(fail_at_allocation=n) as ledger:
            try:
                with open_checkpoint(file) as checkpoint:
                    fill(net, checkpoint, dtype=torch.float32, device="cpu")
            except torch.OutOfMemoryError:
                n_fails += 1
                del checkpoint
                with open_checkpoint(file) as again:
                    fill(net, again, dtype=torch.float32, device="cpu")
        assert torch.equal(net(tokens), real()(tokens))
        del net
        assert ledger.live_bytes == 0
    assert n_fails >= 8


def test_tensors_take_the_models_bytes_and_no_more(file: Path) -> None:
    net = on_meta(Net)
    with Ledger() as ledger, open_checkpoint(file) as checkpoint:
        fill(net, checkpoint, dtype=torch.float16, device="cpu")
    weights = {id(t.untyped_storage()): t.nbytes for t in (*net.parameters(), *net.buffers())}
    assert ledger.live_bytes == ledger.peak_bytes == sum(weights.values())


def test_a_model_on_meta_takes_no_memory_to_build() -> None:
    with Ledger() as ledger:
        net = on_meta(lambda: nn.Linear(100_000, 100_000))
        assert ledger.peak_bytes == 0
    assert net.weight.numel() == 10**10


LOAD = textwrap.dedent(
    """
    import sys, torch
    from pathlib import Path
    from torch import nn
    from core.engines.nn.checkpoint import open_checkpoint
    from core.engines.nn.weights import fill, on_meta

    def status(key):
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key + ":"))

    def build():
        return nn.Sequential(*(nn.Linear(1024, 1024) for _ in range(int(sys.argv[2]))))

    torch.set_num_threads(1)
    net = on_meta(lambda: nn.Linear(8, 8))
    torch.zeros(8).half()
    net = on_meta(build)
    with open_checkpoint(Path(sys.argv[1])) as checkpoint:
        Path("/proc/self/clear_refs").write_text("5")
        before = status("VmRSS")
        fill(net, checkpoint, dtype=torch.float16, device="cpu")
        print(status("VmHWM") - before, sum(t.nbytes for t in net.state_dict().values()))
    """
)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of a process from /proc")
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_the_peak_of_loading_is_the_model_not_the_file_and_the_model(
    suffix: str, tmp_path: Path
) -> None:
    n_layers = 48
    tensor = torch.zeros(1024, 1024)
    tensors = {}
    for layer in range(n_layers):
        tensors |= {f"{layer}.weight": tensor.clone(), f"{layer}.bias": torch.zeros(1024)}
    path = write(tmp_path / f"big{suffix}", tensors)
    file_bytes = path.stat().st_size
    assert file_bytes > 200_000_000
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(path), str(n_layers)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    peak_bytes, model_bytes = map(int, done.stdout.split())
    assert model_bytes < 0.51 * file_bytes
    # What is read between two releases of the file's pages, and what the C library rounds up.
    assert peak_bytes <= model_bytes + (48 << 20), (peak_bytes, model_bytes)
