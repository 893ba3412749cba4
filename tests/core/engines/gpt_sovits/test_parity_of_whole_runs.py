"""From text and recordings to 16-bit sound, the reference's runs come out of our parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.parity.gpt_sovits import e2e

GOLDEN = Path(__file__).parents[3] / "golden" / "gpt_sovits"
CASES = {
    # One run in batches, one without and in stereo, one at another speed with a second recording;
    # then the speaker network. `python -m tests.parity` has the fifth, which adds no path.
    "v2": (("v2_batch3", "v2_naive_stereo44k", "v2_speed_aux"), 8 + 5 + 5),
    "v2Pro": (("v2Pro_single_aux",), 6),
}


@pytest.mark.slow
@pytest.mark.parametrize("version", CASES)
def test_whole_runs_are_the_reference_s(version: str) -> None:
    names, n_results = CASES[version]
    found = list(e2e.run(GOLDEN, names))
    assert len(found) == n_results
    assert [result for result in found if not result.passed] == []
