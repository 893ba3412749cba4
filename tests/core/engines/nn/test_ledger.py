"""The ledger counts what is alive, refuses what does not fit and fails where it is told to."""

from __future__ import annotations

import gc
import threading
import traceback

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from core.engines.nn.ledger import Ledger, active_ledger

KIB = 1024


def kib(n: int) -> torch.Tensor:
    return torch.empty(n * KIB, dtype=torch.uint8)


def test_live_bytes_follow_birth_and_death() -> None:
    with Ledger() as ledger:
        first = kib(8)
        second = kib(4)
        assert ledger.live_bytes == 12 * KIB
        del first
        assert ledger.live_bytes == 4 * KIB
        assert ledger.peak_bytes == 12 * KIB
        ledger.reset_peak()
        assert ledger.peak_bytes == 4 * KIB
    del second
    assert ledger.live_bytes == 0, "a tensor may outlive the with"


def test_a_view_costs_nothing_and_keeps_everything() -> None:
    with Ledger() as ledger:
        whole = kib(8)
        part = whole.view(8, KIB)[3:4]
        assert ledger.n_allocations == 1
        assert ledger.live_bytes == 8 * KIB
        del whole
        assert ledger.live_bytes == 8 * KIB
        del part
        assert ledger.live_bytes == 0


def test_what_was_made_before_counts_only_when_adopted() -> None:
    before = kib(8)
    with Ledger() as ledger:
        before.view(2, -1)
        before.add_(1)
        assert ledger.live_bytes == 0
        ledger.adopt([before])
        before.add_(1)
        assert ledger.live_bytes == 8 * KIB
    del before
    assert ledger.live_bytes == 0


def test_growing_in_place_counts() -> None:
    with Ledger() as ledger:
        tensor = kib(4)
        tensor.resize_(16 * KIB)
        assert ledger.live_bytes == 16 * KIB
        del tensor
    assert ledger.live_bytes == 0


def test_above_the_cap_is_out_of_memory_in_the_words_of_a_card_and_nothing_stays() -> None:
    with Ledger(cap_bytes=10 * KIB) as ledger:
        kept = kib(8)
        with pytest.raises(torch.OutOfMemoryError, match=r"CUDA out of memory\. Tried to"):
            kib(4)
        gc.collect()
        assert ledger.live_bytes == 8 * KIB
        small = kib(2)
        assert ledger.live_bytes == 10 * KIB == ledger.peak_bytes
    del kept, small


def test_the_error_itself_holds_nothing_of_what_was_refused() -> None:
    with Ledger(cap_bytes=KIB) as ledger:
        try:
            kib(4)
        except torch.OutOfMemoryError as error:
            held = error  # as a Future or a log record would
    frames = [frame for frame, _ in traceback.walk_tb(held.__traceback__)]
    assert len(frames) > 1
    kept = [value for frame in frames for value in frame.f_locals.values()]
    assert not [value for value in kept if isinstance(value, (torch.Tensor, torch.UntypedStorage))]
    assert ledger.live_bytes == 0


@pytest.mark.parametrize("at", ["allocation", "operation"])
def test_a_fault_at_every_place_of_a_model_is_raised_once_and_leaves_nothing(at: str) -> None:
    model = nn.Sequential(nn.Conv1d(4, 8, 3), nn.ReLU(), nn.Conv1d(8, 2, 3)).requires_grad_(False)
    sound = torch.randn(1, 4, 64, generator=torch.Generator().manual_seed(1))
    expected = model(sound)
    with Ledger() as counting:
        model(sound)
    n_places = counting.n_allocations if at == "allocation" else counting.n_operations
    assert n_places >= 3
    for n in range(1, n_places + 1):
        limits = {"fail_at_allocation": n} if at == "allocation" else {"fail_at_operation": n}
        with Ledger(**limits) as ledger:  # type: ignore[arg-type]
            with pytest.raises(torch.OutOfMemoryError):
                model(sound)
            gc.collect()
            assert ledger.live_bytes == 0
            assert torch.equal(model(sound), expected), "the second time it works, and the same"


def test_a_fault_may_speak_like_any_library() -> None:
    def cudnn(wanted: int, live: int, cap: int | None) -> BaseException:
        return RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED")

    with Ledger(fail_at_operation=2, fault=cudnn):
        kib(1)
        with pytest.raises(RuntimeError, match="CUDNN_STATUS_ALLOC_FAILED"):
            kib(1)


def test_a_fake_model_costs_what_the_real_one_does() -> None:
    def run() -> int:
        with Ledger() as ledger:
            model = nn.Sequential(nn.Conv1d(4, 64, 3), nn.ReLU(), nn.Conv1d(64, 4, 3))
            with torch.no_grad():
                model(torch.randn(2, 4, 500))
            return ledger.peak_bytes

    with FakeTensorMode():
        fake_bytes = run()
    assert fake_bytes == run()


def test_tensors_that_die_in_another_thread_are_forgotten() -> None:
    with Ledger() as ledger:
        box = [kib(8)]
    thread = threading.Thread(target=box.clear)
    thread.start()
    thread.join()
    assert ledger.live_bytes == 0


def test_the_innermost_ledger_is_the_active_one() -> None:
    assert active_ledger() is None
    with Ledger() as outer:
        assert active_ledger() is outer
        with Ledger() as inner:
            assert active_ledger() is inner
        assert active_ledger() is outer
    assert active_ledger() is None


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.integers(10, 200))
@settings(max_examples=60, deadline=None)
def test_live_bytes_never_pass_the_cap_and_end_at_zero(sizes: list[int], cap_kib: int) -> None:
    kept: list[torch.Tensor] = []
    with Ledger(cap_bytes=cap_kib * KIB) as ledger:
        for index, n in enumerate(sizes):
            fits = sum(t.nbytes for t in kept) + n * KIB <= cap_kib * KIB
            try:
                kept.append(kib(n))
            except torch.OutOfMemoryError:
                assert not fits
            else:
                assert fits
            if index % 3 == 2 and kept:
                kept.pop(0)
            assert ledger.live_bytes == sum(t.nbytes for t in kept)
    assert ledger.peak_bytes <= cap_kib * KIB
    kept.clear()
    assert ledger.live_bytes == 0
