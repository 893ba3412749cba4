"""What is heard of a recording: its length and level, whatever rate it was made at."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.audio.samples import Audio
from core.engines.gpt_sovits.features import (
    N_BINS,
    PROMPT_RATE,
    PROMPT_SILENCE,
    STYLE_MAX_S,
    prompt_sound,
    resampled,
    spectrogram,
    style_sound,
)
from core.engines.gpt_sovits.synthesiser_dims import HOP, RATE
from core.errors import InputError


def tone(seconds: float, rate: int, hz: float = 440.0, gain: float = 0.5) -> Audio:
    t = np.arange(int(seconds * rate)) / rate
    return Audio(samples=(gain * np.sin(2 * np.pi * hz * t)).astype(np.float32), rate=rate)


@given(
    rate=st.sampled_from([8000, 16_000, 22_050, 24_000, 44_100, 48_000]),
    n=st.integers(2000, 5000),
)
def test_resampling_keeps_the_duration(rate: int, n: int) -> None:
    made = resampled(torch.zeros(1, n), rate, RATE)
    assert made.shape == (1, -(-n * RATE // rate))


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_a_tone_stays_the_tone_it_was(rate: int) -> None:
    made = resampled(torch.from_numpy(tone(0.5, rate).samples)[None], rate, RATE)[0].numpy()
    wanted = tone(0.5, RATE).samples
    inner = slice(400, -400)  # the filter reaches beyond the ends
    # A filter of six crossings passes 440 Hz to within a thousandth.
    np.testing.assert_allclose(made[inner], wanted[inner], atol=1e-3)


def test_a_frame_of_the_spectrogram_is_20_ms() -> None:
    made = spectrogram(torch.from_numpy(tone(1.0, RATE, 1000.0).samples)[None])
    assert made.shape == (1, N_BINS, RATE // HOP)
    loudest = made.mean(-1)[0].argmax()
    assert int(loudest) == round(1000 / RATE * 2048)


@pytest.mark.parametrize(("gain", "peak"), [(0.5, 0.5), (1.6, 1.0), (4.0, 2.0)])
def test_only_what_is_above_full_scale_is_brought_back_and_by_half_at_most(
    gain: float, peak: float
) -> None:
    made = style_sound(tone(4, RATE, gain=gain))
    assert float(made.abs().max()) == pytest.approx(peak, rel=1e-3)


@pytest.mark.parametrize("seconds", [0.01, STYLE_MAX_S + 1])
def test_a_reference_of_no_useful_length_is_refused_with_its_length(seconds: float) -> None:
    with pytest.raises(InputError, match=f"{seconds:.0f}"):
        style_sound(tone(seconds, 16_000))


def test_the_prompt_ends_in_silence() -> None:
    made = prompt_sound(tone(4, 24_000))
    assert len(made) == 4 * PROMPT_RATE + PROMPT_SILENCE
    assert not made[-PROMPT_SILENCE:].any()
    assert made.dtype == np.float32


@pytest.mark.parametrize("seconds", [2.9, 10.1])
def test_a_prompt_of_another_length_than_the_models_know_is_refused(seconds: float) -> None:
    with pytest.raises(InputError, match="3 to 10"):
        prompt_sound(tone(seconds, PROMPT_RATE))
