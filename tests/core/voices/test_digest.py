from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audio import flac
from core.audio.samples import Audio
from core.voices.digest import digest
from tests.core.voices.making import a_sound

SAMPLES = st.lists(st.floats(-1.0, 1.0, width=32), min_size=1, max_size=40)
TEXT = st.none() | st.text(st.characters(codec="utf-8"), max_size=12)


def sound(samples: list[float], rate: int = 16_000) -> Audio:
    return Audio(samples=np.array(samples, np.float32), rate=rate)


@settings(deadline=None)  # a busy machine is no failure
@given(SAMPLES, TEXT, TEXT)
def test_a_reference_has_the_same_digest_before_it_is_written_and_after(
    samples: list[float], transcript: str | None, language: str | None
) -> None:
    audio = sound(samples)
    back = flac.decode(flac.encode(audio))
    assert digest(back, transcript, language) == digest(audio, transcript, language)


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(st.tuples(SAMPLES, st.integers(8_000, 9_000), TEXT, TEXT), min_size=2, max_size=2))
def test_two_references_share_a_digest_only_when_they_are_the_same(
    pair: list[tuple[list[float], int, str | None, str | None]],
) -> None:
    digests = [
        digest(sound(samples, rate), said, language) for samples, rate, said, language in pair
    ]
    kept = [
        (flac.steps(sound(samples)).tolist(), rate, said, language)
        for samples, rate, said, language in pair
    ]
    assert (digests[0] == digests[1]) == (kept[0] == kept[1])


def test_each_part_of_a_reference_counts() -> None:
    audio = a_sound()
    one_step = Audio(samples=audio.samples + np.float32(1 / 32768), rate=audio.rate)
    digests = {
        digest(audio, "said", "en"),
        digest(audio, "said", "de"),
        digest(audio, "said", None),
        digest(audio, None, "en"),
        digest(audio, "", "en"),
        digest(audio, 'said", "en', None),
        digest(one_step, "said", "en"),
        digest(Audio(samples=audio.samples, rate=audio.rate + 1), "said", "en"),
        digest(Audio(samples=audio.samples[:-1], rate=audio.rate), "said", "en"),
    }
    assert len(digests) == 9


def test_a_digest_never_changes_between_versions() -> None:
    # Consent records and cached prompts hold it: this very value must come out for ever.
    audio = sound([0.0, 0.5, -0.5, 1.0, -1.0])
    assert digest(audio, "Grüße", "de") == (
        "d1fcb61ae4df1afec52f99a091442477cdf83aafb1bba1fb9601e80eccd62d85"
    )


def test_samples_that_are_not_numbers_have_no_digest() -> None:
    with pytest.raises(ValueError, match="NaN"):
        digest(sound([0.0, float("nan")]), None, None)


def test_further_recordings_count_each_with_its_rate_and_in_their_order() -> None:
    audio, one, other = a_sound(0), a_sound(1), a_sound(2)
    faster = Audio(samples=one.samples, rate=one.rate + 1)
    digests = [
        digest(audio, "said", "en", more)
        for more in ([], [one], [other], [faster], [one, other], [other, one])
    ]
    assert len(set(digests)) == len(digests)
    assert digests[0] == digest(audio, "said", "en"), "voices of before keep theirs"


def test_where_one_recording_ends_and_the_next_begins_counts() -> None:
    samples = a_sound(1).samples
    digests = set()
    for at in (4000, 5000):
        first, second = (Audio(samples=part, rate=16_000) for part in np.split(samples, [at]))
        digests.add(digest(first, None, None, [second]))
    assert len(digests) == 2
