"""What a computation takes at most, by running it or by only pretending to.

The second way costs no memory and next to no time whatever the model's size, and gives the same
number: that of live tensors. Neither sees what a kernel takes and frees within one operation, nor
what an allocator rounds up; those are for calibration on the device itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import _disable_current_modes

from core.engines.nn.ledger import Ledger

M = TypeVar("M", bound=nn.Module)


def peak_bytes(run: Callable[[], object]) -> int:
    """Most bytes of tensors made by `run` that lived at one time; what was there before is not
    counted."""
    ledger = Ledger()
    with torch.inference_mode(), ledger:
        run()
    return ledger.peak_bytes


def pretended_peak_bytes(make: Callable[[], M], run: Callable[[M], object]) -> int:
    """The same without computing: tensors have sizes and no content.

    Args:
        make: Builds the model, whose weights do not count.
        run: Uses it, on tensors that it makes itself; no value may decide what happens.
    """
    return pretended_peaks_bytes(make, [run])[0]


def pretended_peaks_bytes(
    make: Callable[[], M], runs: Sequence[Callable[[M], object]]
) -> list[int]:
    """The same for many runs of one model, which is built once."""
    # A ledger that the caller is inside of counts what is, not what is pretended.
    with _disable_current_modes(), FakeTensorMode(allow_non_fake_inputs=True):
        model = make().eval()
        return [peak_bytes(lambda: run(model)) for run in runs]  # noqa: B023 -- called at once
