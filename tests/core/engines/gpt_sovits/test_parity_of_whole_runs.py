"""From text and recordings to 16-bit sound, the reference's runs come out of our parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.parity.gpt_sovits import e2e

GOLDEN = Path(__file__).parents[3] / "golden" / "gpt_sovits"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "n_results"),
    [
        # `python -m tests.parity` has a fifth, `v2_single`, which takes no other way.
        ("v2_batch3", 8),
        ("v2_naive_stereo44k", 5),
        ("v2_speed_aux", 5),
        ("v2Pro_single_aux", 6),
    ],
)
def test_whole_runs_are_the_reference_s(name: str, n_results: int) -> None:
    found = list(e2e.run(GOLDEN, [name]))
    assert len(found) == n_results
    assert [result for result in found if not result.passed] == []
