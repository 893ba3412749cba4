"""Spoilt segments are called bad, for what is wrong with them; good speech is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from benchmarks.gpt_sovits.gate import babble, demo
from core.audio.samples import Audio
from core.engines.gpt_sovits import gate
from core.engines.gpt_sovits.gate import Verdict, judge_sound, judge_tokens

N_PHONES, N_TOKENS = 50, 112
"""4.5 s of reading aloud."""


def tokens(seed: int) -> list[int]:
    return babble(np.random.default_rng(seed), N_TOKENS)


def judged(row: list[int], *, ended: bool = True, prompt: list[int] | None = None) -> Verdict:
    return judge_tokens(row, n_phones=N_PHONES, ended=ended, prompt=prompt or [])


@given(seed=st.integers(0, 10_000))
def test_tokens_of_speech_pass(seed: int) -> None:
    prompt = babble(np.random.default_rng(seed + 1), 200)
    assert judged(tokens(seed), prompt=prompt).is_good


@given(seed=st.integers(0, 10_000), period=st.integers(2, gate.LOOP_MOST_TOKENS))
def test_what_is_said_over_and_over_is_a_loop(seed: int, period: int) -> None:
    row = tokens(seed)
    n_times = max(gate.LOOP_TIMES, int(gate.LOOP_S * 25 / period) + 2)
    looped = row[:20] + row[20 : 20 + period] * n_times + row[20 + period :]
    assert gate.repeated_s(looped) >= gate.LOOP_S


def test_a_word_said_twice_is_no_loop() -> None:
    row = tokens(3)
    assert judged(row[:60] + row[45:60] + row[60:]).is_good


def test_a_sound_that_stands_still_is_bad_and_a_pause_is_not() -> None:
    row = tokens(4)
    assert judged(row[:50] + [486] * 25 + row[50:]).is_good
    assert "repeats itself for 2.0 s" in judged(row[:50] + [7] * 50 + row[50:]).in_words()


@given(seed=st.integers(0, 10_000), n=st.integers(16, 40))
def test_the_end_of_the_reference_at_the_head_is_told(seed: int, n: int) -> None:
    prompt = babble(np.random.default_rng(seed + 1), 200)
    assume(len(set(prompt[-n:])) >= gate.LEAK_DISTINCT)  # a pause is nobody's word
    verdict = judged(prompt[-n:] + tokens(seed), prompt=prompt)
    assert "of the reference" in verdict.in_words()


def test_the_reference_s_words_later_on_are_no_leak() -> None:
    row, prompt = tokens(5), tokens(6)
    late = row[: gate.LEAK_WITHIN] + prompt[-20:] + row[gate.LEAK_WITHIN :]
    assert gate.leaked_s(late, prompt) == 0.0


@pytest.mark.parametrize(
    ("n_tokens", "ended", "told"),
    [
        (25, True, "lasts only 1.0 s for 50 sounds"),
        (800, True, "lasts 32.0 s for 50 sounds"),
        (112, False, "found no end in 4.5 s"),
    ],
)
def test_length_is_held_against_the_text(n_tokens: int, ended: bool, told: str) -> None:
    row = [int(each) for each in np.random.default_rng(1).integers(1024, size=n_tokens)]
    assert told in judged(row, ended=ended).in_words()


@given(n_phones=st.integers(1, 400))
def test_a_row_may_go_on_as_long_as_its_length_is_not_called_bad(n_phones: int) -> None:
    row = list(range(gate.most_tokens(n_phones)))
    assert judge_tokens(row, n_phones=n_phones, ended=True).is_good


def test_windows_of_a_person_s_voice_pass() -> None:
    voice = demo()
    for start_s in range(int(voice.seconds) - 4):
        samples = voice.samples[start_s * voice.rate : (start_s + 4) * voice.rate]
        assert judge_sound(Audio(samples=samples, rate=voice.rate)).is_good


def spoilt(kind: str) -> Audio:
    voice = demo()
    rate, samples = voice.rate, voice.samples[: 4 * voice.rate].copy()
    if kind == "pause":
        samples = np.insert(samples, 2 * rate, np.zeros(4 * rate, np.float32))
    elif kind == "silence":
        samples = np.concatenate([samples[: 2 * rate], np.zeros(8 * rate, np.float32)])
    elif kind == "loop":
        samples = np.concatenate([samples[:rate], np.tile(samples[rate : rate + rate // 2], 5)])
    elif kind == "faint":
        samples *= 1e-4
    elif kind == "nan":
        samples[rate] = np.nan
    else:
        samples = samples[:0]
    return Audio(samples=samples, rate=rate)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("pause", "it is silent for 4."),
        ("silence", "% of it is silent"),
        ("loop", "its sound repeats itself"),
        ("faint", "it is silent"),
        ("nan", "it is no sound"),
        ("nothing", "it is no sound"),
    ],
)
def test_spoilt_sound_is_told(kind: str, told: str) -> None:
    assert told in judge_sound(spoilt(kind)).in_words()


@given(
    n=st.integers(0, 400),
    seed=st.integers(0, 100),
    scale=st.sampled_from([0.0, 1e-6, 0.1, 1.0, 1e3]),
)
@settings(max_examples=30)
def test_no_sound_breaks_it(n: int, seed: int, scale: float) -> None:
    samples = np.random.default_rng(seed).standard_normal(n * 41).astype(np.float32) * scale
    verdict = judge_sound(Audio(samples=samples.astype(np.float32), rate=32_000))
    assert (verdict.badness > 0) == (not verdict.is_good)


def test_worse_is_worse() -> None:
    row = tokens(8)
    loops = [judged(row + row[:20] * n).badness for n in (4, 8, 16)]
    assert loops == sorted(loops)
    assert loops[0] < loops[-1]
