"""The sound side computes the reference's numbers: spectrogram, speaker, synthesiser."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.parity.gpt_sovits import features, speaker, synthesiser
from tests.parity.result import Result

GOLDEN = Path(__file__).parents[3] / "golden" / "gpt_sovits"


def everything_passes(results: Iterable[Result], *, at_least: int) -> None:
    found = list(results)
    assert len(found) >= at_least
    assert [result for result in found if not result.passed] == []


def test_recordings_are_heard_as_the_reference_hears_them() -> None:
    everything_passes(features.run(GOLDEN), at_least=3)


@pytest.mark.parametrize("name", ["v2_tiny", "v2Pro_tiny"])
def test_a_small_synthesiser_gives_the_reference_s_sound(name: str) -> None:
    everything_passes(synthesiser.run(GOLDEN, [name]), at_least=21)


@pytest.mark.slow
@pytest.mark.parametrize("version", ["v1", "v2", "v2Pro", "v2ProPlus"])
def test_a_full_synthesiser_gives_the_reference_s_sound(version: str) -> None:
    everything_passes(synthesiser.run(GOLDEN, [f"{version}_real"]), at_least=18)


@pytest.mark.slow
def test_the_speaker_network_gives_the_reference_s_vectors() -> None:
    everything_passes(speaker.run(GOLDEN), at_least=3)
