"""Parts of a sound that come in order, twice, or too late."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.audio.samples import Audio
from core.jobs.early import EarlySound

WHOLE = np.arange(20, dtype=np.float32)


def part(start: int, stop: int) -> tuple[int, Audio]:
    return start, Audio(samples=WHOLE[start:stop], rate=8000)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20))), st.integers(0, 25))
def test_what_is_heard_is_a_beginning_of_the_whole_however_its_parts_come(
    cuts: list[tuple[int, int]], heard: int
) -> None:
    sound = EarlySound()
    sound.begin("job")
    reached = 0
    for start, length in cuts:
        sound.add(*part(start, start + length))
        if start <= reached:
            reached = max(reached, min(20, start + length))
    found = sound.after("job", heard)
    assert (found.samples.tolist() if found else []) == WHOLE[heard:reached].tolist()


def test_a_job_that_is_over_or_begins_anew_is_silent() -> None:
    sound = EarlySound()
    sound.begin("job")
    sound.add(*part(0, 5))
    sound.begin("job")
    assert sound.after("job", 0) is None
    sound.add(*part(0, 5))
    sound.end()
    assert sound.after("job", 0) is None
    assert sound.after("", 0) is None
    sound.add(*part(0, 5))
    assert sound.after("", 0) is None
