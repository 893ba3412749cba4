"""Parts on cores of their own: all are done, alike with any number of threads, errors arrive."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial

import pytest
import torch

from core.engines.nn.cores import on_all_cores


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def sums(n_threads: int) -> list[float]:
    """Of seven parts of random numbers, by place."""
    torch.set_num_threads(n_threads)
    found = [0.0] * 7

    def add(place: int) -> None:
        random = torch.Generator().manual_seed(place)
        found[place] = float(torch.randn(100_000, generator=random).sum())

    on_all_cores([partial(add, place) for place in range(7)])
    return found


def test_every_part_is_done_and_the_result_does_not_depend_on_the_threads() -> None:
    one = sums(1)
    assert 0.0 not in one
    # A part adds up on one thread whenever there are several.
    assert sums(2) == sums(3)
    assert sums(2) == pytest.approx(one, abs=0.05)  # sums of 1e5 numbers, in another order


def test_each_part_has_one_thread_and_the_number_for_others_is_as_before() -> None:
    torch.set_num_threads(3)
    inside: list[int] = []
    on_all_cores([lambda: inside.append(torch.get_num_threads())] * 4)
    assert inside == [1] * 4
    assert torch.get_num_threads() == 3
    later: list[int] = []
    thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert later == [3]


def test_parts_run_without_gradients_where_their_caller_does() -> None:
    torch.set_num_threads(2)
    modes: list[bool] = []
    parts = [lambda: modes.append(torch.is_inference_mode_enabled())] * 2
    with torch.inference_mode():
        on_all_cores(parts)
    on_all_cores(parts)
    assert modes == [True, True, False, False]


@pytest.mark.parametrize("n_threads", [1, 2])
def test_what_a_part_raises_arrives_and_the_rest_is_left_out(n_threads: int) -> None:
    torch.set_num_threads(n_threads)
    begun: list[int] = []

    def part(place: int) -> None:
        begun.append(place)
        if place == 0:
            raise torch.OutOfMemoryError("no more")

    with pytest.raises(torch.OutOfMemoryError, match="no more"):
        on_all_cores([partial(part, place) for place in range(500)])
    assert torch.get_num_threads() == n_threads
