"""Fewer products, the same convolution."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from core.engines.nn.prove import peak_bytes
from core.engines.nn.toom_cook import LONGEST, SIZE, ToomCook, matrices

N_IN, N_OUT = 5, 3


def convolution(
    taps: int, dilation: int, n_in: int = N_IN, n_out: int = N_OUT, *, has_bias: bool = True
) -> nn.Conv1d:
    torch.manual_seed(taps * 31 + dilation)
    padding = dilation * (taps - 1) // 2
    plain = nn.Conv1d(n_in, n_out, taps, padding=padding, dilation=dilation, bias=has_bias)
    return plain.double().requires_grad_(False)


def sound(n_rows: int, n_steps: int, n_in: int = N_IN) -> Tensor:
    generator = torch.Generator().manual_seed(n_steps)
    return torch.randn(n_rows, n_in, n_steps, generator=generator, dtype=torch.float64)


@settings(deadline=None)  # the first call of a kernel takes its time
@given(
    taps=st.integers(0, 8).map(lambda n: 2 * n + 1),
    dilation=st.integers(1, 6),
    n_steps=st.integers(1, 200),
    n_rows=st.integers(1, 3),
    has_bias=st.booleans(),
)
def test_it_is_the_convolution(
    taps: int, dilation: int, n_steps: int, n_rows: int, has_bias: bool
) -> None:
    plain = convolution(taps, dilation, has_bias=has_bias)
    x = sound(n_rows, n_steps)
    torch.testing.assert_close(ToomCook(plain)(x), plain(x), rtol=0, atol=5e-11)


def test_pictures_with_channels_last_stay_so() -> None:
    plain = convolution(7, 3)
    x = sound(1, 60).unsqueeze(2).contiguous(memory_format=torch.channels_last)
    made = ToomCook(plain)(x)
    assert made.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(made.squeeze(2), plain(x.squeeze(2)), rtol=0, atol=1e-11)


def test_it_rectifies_on_the_way() -> None:
    plain, x = convolution(7, 1), sound(2, 33)
    before = x.clone()
    torch.testing.assert_close(
        ToomCook(plain)(x, 0.1), plain(leaky_relu(x, 0.1)), rtol=0, atol=1e-11
    )
    assert torch.equal(x, before)


@pytest.mark.parametrize(("taps", "most"), [(3, 2e-6), (7, 1e-5), (11, 1e-5)])
def test_rounding_stays_small(taps: int, most: float) -> None:
    plain = convolution(taps, 1, 128, 128)
    x = sound(1, 400, 128)
    exact = plain(x)
    few, single = ToomCook(plain.float())(x.float()), plain.float()(x.float())

    def error(made: Tensor) -> float:
        return float((made.double() - exact).norm() / exact.norm())

    assert error(single) < error(few) < most


@pytest.mark.parametrize(("taps", "n_products"), [(3, 8 / 6), (7, 12 / 6), (11, 22 / 6)])
def test_half_to_a_third_of_the_products_are_left(taps: int, n_products: float) -> None:
    few = ToomCook(convolution(taps, 1))
    assert few.products.shape[0] * few.products.shape[-1] / N_OUT / SIZE == n_products <= taps / 2


@pytest.mark.parametrize("n_taps", range(1, LONGEST + 1))
def test_the_matrices_multiply_polynomials(n_taps: int) -> None:
    evaluate, weigh, interpolate = matrices(SIZE, n_taps)
    rng = np.random.default_rng(1)
    x, w = rng.standard_normal(SIZE + n_taps - 1), rng.standard_normal(n_taps)
    np.testing.assert_allclose(
        interpolate @ ((weigh @ w) * (evaluate @ x)), np.correlate(x, w), atol=1e-12
    )


@pytest.mark.parametrize(
    "plain",
    [
        nn.Conv1d(4, 4, 7),
        nn.Conv1d(4, 4, 7, padding=3, stride=2),
        nn.Conv1d(4, 4, 7, padding=3, groups=2),
    ],
)
def test_other_convolutions_are_refused(plain: nn.Conv1d) -> None:
    with pytest.raises(ValueError, match="keeps the length"):
        ToomCook(plain)


def test_it_takes_a_few_times_its_input_of_memory() -> None:
    x = sound(1, 4000, 64).float()
    few = ToomCook(convolution(11, 1, 64, 64).float())
    assert peak_bytes(lambda: few(x)) < 6 * x.nbytes
