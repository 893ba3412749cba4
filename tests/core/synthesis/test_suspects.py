"""What grew is named by what it is and how large."""

from __future__ import annotations

import numpy as np
import torch

from core.synthesis.suspects import Suspects, census


def test_arrays_and_tensors_that_stayed_are_named_with_their_shapes() -> None:
    sizes = {"prepared references": 0}
    suspects = Suspects(lambda: sizes)
    before = np.zeros((300, 1000))
    suspects.look()
    kept = [np.zeros((100, 1000)) for _ in range(3)]
    held = {"cache": [torch.zeros(4, 512, 200), torch.zeros(4, 512, 200)]}
    sizes["prepared references"] = 9 << 20
    named = suspects.named()
    assert "prepared references take 9.0 MB" in named
    assert "+2 float32 tensors on cpu [4 x 512 x 200], 3.1 MB in all" in named
    assert "+3 float64 arrays [100 x 1000], 2.3 MB in all" in named
    del kept, held, before
    sizes["prepared references"] = 0
    assert not [words for words in suspects.named() if "100 x 1000" in words or "512" in words]


def test_views_are_not_counted_again() -> None:
    group = ("float64 arrays", "77 x 1001")
    whole = np.zeros((77, 1001))
    views = [whole[at:] for at in range(10)]
    assert census()[group] == (1, whole.nbytes)
    del views


def test_nothing_that_grew_is_nothing_to_say() -> None:
    suspects = Suspects()
    suspects.look()
    assert not [words for words in suspects.named() if "arrays" in words or "tensors" in words]
