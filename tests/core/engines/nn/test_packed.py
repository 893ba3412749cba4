"""Packed layers compute what they did, from half the memory where the weights were halves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from core.engines.nn import packed
from core.engines.nn.packed import Packed, Rectified, pack
from core.memory.heap import HEAP_ENVIRONMENT

# Sums of 96 products in another order.
SUM_TOLERANCE = 1e-5


def layer(kind: type[nn.Linear] = nn.Linear, dtype: torch.dtype = torch.float32) -> nn.Linear:
    made = kind(96, 40)
    torch.manual_seed(3)
    nn.init.normal_(made.weight)
    nn.init.normal_(made.bias)
    return made.requires_grad_(False).to(dtype)


def in_double(model: nn.Linear, x: Tensor) -> Tensor:
    y = x.double() @ model.weight.double().T + model.bias.double()
    return y.clamp_min(0) if isinstance(model, Rectified) else y


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize("kind", [nn.Linear, Rectified])
@pytest.mark.parametrize("shape", [(1, 96), (20, 96), (2, 3, 96)])
def test_weights_that_are_kept_in_halves_lose_nothing(
    kind: type[nn.Linear], dtype: torch.dtype, shape: tuple[int, ...]
) -> None:
    plain, x = layer(kind, dtype), torch.randn(shape, generator=torch.Generator().manual_seed(1))
    wanted = in_double(plain, x)
    with torch.inference_mode():
        found = packed.packed(plain)(x)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), wanted, atol=SUM_TOLERANCE, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@torch.inference_mode()
def test_a_row_has_the_same_bits_alone_and_among_others(dtype: torch.dtype) -> None:
    ours = packed.packed(layer(dtype=dtype))
    if not isinstance(ours, Packed) or str(dtype).removeprefix("torch.") not in ours.name:
        pytest.skip(f"this processor has no kernel for {dtype} weights")
    x = torch.randn(33, 96, generator=torch.Generator().manual_seed(1))
    together = ours(x)
    assert all(torch.equal(ours(x[row : row + 1])[0], together[row]) for row in range(33))


def test_every_linear_layer_of_a_model_is_packed_and_nothing_else() -> None:
    model = nn.Sequential(layer(), nn.LayerNorm(40), nn.Sequential(nn.Linear(40, 8)))
    names = {name for name, _ in model.named_parameters()}
    assert "2.0.weight" in names
    pack(model.requires_grad_(False))
    assert isinstance(model[1], nn.LayerNorm)
    kept = {name for name, _ in model.named_parameters()}
    is_able = isinstance(model[0], Packed)
    assert kept == ({"1.weight", "1.bias"} if is_able else names)


@torch.inference_mode()
def test_a_processor_without_kernels_computes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.randn(4, 96, generator=torch.Generator().manual_seed(1))
    wanted = packed.packed(layer(dtype=torch.float16))(x)
    monkeypatch.setattr(packed, "_in_half", lambda _: None)
    monkeypatch.setattr(packed, "_in_single", lambda _: None)
    plain = packed.packed(layer(dtype=torch.float16))
    assert isinstance(plain, nn.Linear)
    torch.testing.assert_close(plain(x), wanted, atol=SUM_TOLERANCE, rtol=0)


LAID_OUT = """
import gc, torch
from pathlib import Path
from torch import nn
from core.engines.nn.packed import pack

def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmRSS"))

torch.set_num_threads(1)
first = nn.Sequential(nn.Linear(64, 64).half())
pack(first)
first(torch.zeros(1, 64))
before = resident()
model = nn.Sequential(*(nn.Linear(1024, 4096).half() for _ in range(24)))
weights = sum(weight.nbytes for weight in model.parameters())
pack(model)
gc.collect()
print(weights, resident() - before)
"""


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads resident memory from /proc")
def test_layers_laid_out_anew_leave_no_holes_behind() -> None:
    """In the heap of an engine process; without handing back what was freed it is 2.1 times."""
    ran = subprocess.run(
        [sys.executable, "-c", LAID_OUT],
        env={**os.environ, **HEAP_ENVIRONMENT},
        cwd=Path(__file__).parents[4],
        capture_output=True,
        check=True,
        text=True,
    )
    weights, taken = map(int, ran.stdout.split())
    # float16 where the processor has a kernel for it, float32 elsewhere.
    assert min(taken / weights, taken / (2 * weights)) < 1.25
