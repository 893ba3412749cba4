"""Whatever is said in a recording, a proposed stretch lies in it, in pauses, and is long enough."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audio.listen import HOP_S, N_BANDS, Track, listen
from core.audio.recording import ReferenceLimits
from core.audio.report import Masks, snr_db
from core.audio.samples import Samples, Span
from core.audio.trim import Problem, Proposal, propose
from core.audio.vad import CHUNK_S, Network, load
from tests.core.audio.files import demo

LIMITS = ReferenceLimits(min_s=3.0, best_s=10.0, max_s=30.0)
RATE = 16_000


@pytest.fixture(scope="module")
def network() -> Network:
    return load()


def track(turns: list[tuple[int, int]], *, noise_db: float = -60.0, tail: int = 0) -> Track:
    """A recording of (chunks of pause, chunks of speech), at -20 dB, then a pause."""
    said = np.concatenate(
        [np.repeat([0.0, 1.0], turn) for turn in turns] + [np.zeros(tail)]
    ).astype(np.float32)
    seconds = len(said) * CHUNK_S
    n_hops = math.ceil(seconds / HOP_S - 1e-9)
    chunk = np.minimum((np.arange(n_hops) * HOP_S / CHUNK_S).astype(int), max(0, len(said) - 1))
    noise = 10 ** (noise_db / 10)
    power = np.where(said[chunk] > 0, 0.01, 0.0) + noise if len(said) else np.zeros(0)
    return Track(
        seconds=seconds,
        power=power.astype(np.float32),
        clipped=np.zeros(n_hops, np.int32),
        rate=RATE,
        speech=said,
        bands=np.full((len(said), N_BANDS), -30.0, np.float32),
    )


turns = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 400)), min_size=0, max_size=30)


@settings(max_examples=150, deadline=None)
@given(
    turns=turns,
    tail=st.integers(0, 100),
    min_s=st.floats(0.5, 8),
    best=st.floats(1, 3),
    most=st.floats(1, 3),
)
def test_every_proposal_keeps_the_laws(turns, tail, min_s, best, most) -> None:
    limits = ReferenceLimits(min_s=min_s, best_s=min_s * best, max_s=min_s * best * most)
    recording = track(turns, tail=tail)
    found = propose(recording, limits)
    if isinstance(found, Problem):
        assert found.problem
        assert found.hint
        return
    assert 1 <= len(found) <= 3
    for one in found:
        assert 0 <= one.span.start_s < one.span.stop_s <= recording.seconds
        assert limits.min_s - 1e-6 <= one.span.seconds <= limits.max_s + 1e-6
        if not one.cuts_speech:
            for said in recording.spans():
                assert not said.start_s < one.span.start_s < said.stop_s
                assert not said.start_s < one.span.stop_s < said.stop_s
    for n, one in enumerate(found):
        for other in found[n + 1 :]:
            assert one.score >= other.score
            assert one.span.stop_s <= other.span.start_s or other.span.stop_s <= one.span.start_s


@settings(max_examples=80, deadline=None)
@given(turns=st.lists(st.tuples(st.integers(10, 60), st.integers(10, 90)), min_size=5, max_size=30))
def test_with_pauses_to_choose_from_no_proposal_cuts_speech(turns) -> None:
    # Pauses of at least 0.32 s, speech of at most 2.9 s between them, 3.2 s in all at least.
    found = propose(track(turns, tail=20), LIMITS)
    assert not isinstance(found, Problem)
    assert not any(one.cuts_speech for one in found)


def _best(track: Track, limits: ReferenceLimits = LIMITS) -> Proposal:
    found = propose(track, limits)
    assert not isinstance(found, Problem), found
    return found[0]


def test_edges_stand_off_from_speech_by_a_piece_of_pause() -> None:
    span = _best(track([(40, 100)] * 8, tail=40)).span
    ends = [
        abs(edge - at)
        for edge in (span.start_s, span.stop_s)
        for said in track([(40, 100)] * 8, tail=40).spans()
        for at in (said.start_s, said.stop_s)
    ]
    assert 0.06 - 1e-6 <= min(ends) <= 0.3 + 1e-6


@pytest.mark.parametrize(
    ("recording", "words"),
    [
        (track([(0, 31)]), "1.0 s long; at least 3 s"),
        (track([], tail=400), "Nobody speaks in these 12.8 s"),
        (track([(200, 8)], tail=400), "Only 0.3 s of these"),
    ],
)
def test_what_cannot_be_used_says_why_with_numbers(recording: Track, words: str) -> None:
    found = propose(recording, LIMITS)
    assert isinstance(found, Problem)
    assert words in found.problem
    assert "10 s of one person" in found.hint or "microphone" in found.hint


def test_five_minutes_without_a_pause_are_cut_where_they_are_softest_and_that_is_said() -> None:
    recording = track([(0, 9375)])
    power = recording.power.copy()
    power[5000:5005] = power[5800:5805] = 1e-5  # two dips, 8 s apart
    dipped = Track(**{**recording.__dict__, "power": power})
    best = _best(dipped)
    assert best.cuts_speech
    assert LIMITS.min_s <= best.span.seconds <= LIMITS.max_s


def test_little_speech_in_long_pauses_is_found() -> None:
    recording = track([(600, 40), (30, 30)], tail=600)  # 2.2 s of speech in 41 s
    span = _best(recording).span
    assert span.start_s < recording.spans()[0].start_s
    assert span.stop_s > recording.spans()[-1].stop_s


def test_an_hour_is_searched_in_one_go() -> None:
    rng = np.random.default_rng(0)
    turns = [(int(rng.integers(5, 40)), int(rng.integers(20, 200))) for _ in range(850)]
    recording = track(turns)
    assert recording.seconds > 3600
    assert len(propose(recording, LIMITS)) == 3


# With real speech: the same sentences, spoiled in one half.


def _hiss(n: int) -> Samples:
    return (1e-4 * np.random.default_rng(0).standard_normal(n)).astype(np.float32)


def _twice(first: Samples, second: Samples) -> Samples:
    gap = _hiss(RATE)
    return np.concatenate([gap, first, gap, second, gap])


def _noisy(voice: Samples) -> Samples:
    return (voice + 0.02 * np.random.default_rng(1).standard_normal(len(voice))).astype(np.float32)


def _clipped(voice: Samples) -> Samples:
    return np.clip(6 * voice, -0.9, 0.9)


def _telephone(voice: Samples) -> Samples:
    spectrum = np.fft.rfft(voice)
    spectrum[round(3400 / RATE * len(voice)) :] = 0
    return np.fft.irfft(spectrum, len(voice)).astype(np.float32)


def _far(voice: Samples) -> Samples:
    return 0.02 * voice


@pytest.mark.parametrize("spoil", [_noisy, _clipped, _telephone, _far])
@pytest.mark.parametrize("spoiled_first", [True, False])
def test_the_better_half_is_chosen(spoil, spoiled_first: bool, network: Network) -> None:
    voice = demo() + _hiss(len(demo()))
    halves = (spoil(voice), voice) if spoiled_first else (voice, spoil(voice))
    sound = _twice(*halves)
    span = _best(listen(sound, RATE, network)).span
    border_s = len(sound) / RATE / 2
    assert (span.start_s > border_s - 1) if spoiled_first else (span.stop_s < border_s + 1)


@settings(max_examples=8, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 9), min_size=1, max_size=3),
    noise_db=st.floats(-80, -45),
    seed=st.integers(0, 1000),
)
def test_real_speech_is_never_cut_where_a_pause_was_to_be_had(cuts, noise_db, seed) -> None:
    network = load()
    voice = demo()
    gap = np.zeros(RATE // 2, np.float32)
    parts = [gap]
    for cut in cuts:
        parts += [voice[cut * RATE // 2 :], gap]
    sound = np.concatenate(parts)
    noise = 10 ** (noise_db / 20) * np.random.default_rng(seed).standard_normal(len(sound))
    heard = listen((sound + noise).astype(np.float32), RATE, network)
    best = _best(heard)
    assert not best.cuts_speech
    probability = heard.speech
    for edge in (best.span.start_s, best.span.stop_s):
        at = min(int(edge / CHUNK_S), len(probability) - 1)
        assert probability[at] < 0.5 or edge in (0.0, heard.seconds)


@pytest.mark.parametrize("true_db", [5, 10, 20, 30])
def test_the_signal_to_noise_ratio_is_what_was_mixed(true_db: int, network: Network) -> None:
    voice = np.concatenate([np.zeros(RATE, np.float32), demo(), np.zeros(RATE, np.float32)])
    spans = listen(voice, RATE, network).spans()
    said = np.concatenate([voice[round(s.start_s * RATE) : round(s.stop_s * RATE)] for s in spans])
    scale = math.sqrt(float(np.mean(said**2)) / 10 ** (true_db / 10))
    noise = np.random.default_rng(0).standard_normal(len(voice))
    heard = listen((voice + scale * noise).astype(np.float32), RATE, network)
    masks = Masks.of(heard)
    measured = snr_db(heard.power[masks.speech], heard.power[masks.pause])
    # The recording has breaths and a noise of its own in its pauses, 30 dB down.
    own = 10 * math.log10(10 ** (-true_db / 10) + 10 ** (-30 / 10))
    assert measured == pytest.approx(-own, abs=1.0)


def test_spans_join_over_holes_and_forget_clicks() -> None:
    recording = track([(10, 20), (1, 20), (30, 1)], tail=10)
    assert recording.spans() == (Span(start_s=10 * CHUNK_S, stop_s=51 * CHUNK_S),)
