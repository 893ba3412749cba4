"""A recording of a voice becomes the semantic tokens that the models continue from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from core.audio.samples import Audio
from core.engines.gpt_sovits.hubert import n_frames
from core.engines.gpt_sovits.reference import semantic_tokens
from core.errors import InputError
from tests.parity.gpt_sovits import prompt

GOLDEN = Path(__file__).parents[3] / "golden" / "gpt_sovits"


class Listener:
    """Hears nothing, but knows what it was given."""

    def __call__(self, sound: Tensor) -> Tensor:
        self.sound = sound
        return torch.zeros(len(sound), 8, n_frames(sound.shape[-1]))


class Codebook:
    """Knows one token."""

    def codes(self, features: Tensor) -> Tensor:
        return torch.full((len(features), features.shape[-1] // 2), 7)


@pytest.mark.parametrize("rate", [16_000, 44_100])
@pytest.mark.parametrize("seconds", [3.0, 10.0])
def test_silence_of_six_tenths_of_a_second_is_heard_behind_it(rate: int, seconds: float) -> None:
    listener = Listener()
    samples = np.full(round(seconds * rate), 0.5, np.float32)
    tokens = semantic_tokens(
        Audio(samples=samples, rate=rate),
        listener,  # type: ignore[arg-type]
        Codebook(),  # type: ignore[arg-type]
    )
    assert listener.sound.shape == (1, round(seconds * 16_000) + 9600)
    assert not listener.sound[0, -9600:].any()
    # 25 a second; the last frame needs sound behind it.
    assert tokens.tolist() == [7] * int((seconds + 0.6) * 25 - 0.5)


@pytest.mark.parametrize("seconds", [2.9, 10.1])
def test_other_lengths_than_the_models_know_are_refused(seconds: float) -> None:
    audio = Audio(samples=np.zeros(round(seconds * 32_000), np.float32), rate=32_000)
    with pytest.raises(InputError, match="3 to 10 s"):
        semantic_tokens(audio, Listener(), Codebook())  # type: ignore[arg-type]


@pytest.mark.slow
def test_recordings_of_two_rates_give_the_reference_s_tokens() -> None:
    found = list(prompt.run(GOLDEN, ["single", "naive_stereo44k"]))
    assert len(found) == 2
    assert [result for result in found if not result.passed] == []
