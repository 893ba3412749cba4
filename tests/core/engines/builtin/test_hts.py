import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engines.builtin.hts import HtsVoice, fit_durations, most_likely
from core.engines.builtin.hts_trees import compile_question
from core.engines.builtin.voices import HTS_VOICES, voice_folder
from core.errors import ResourceError
from tests.core.engines.builtin.tiny_voice import tiny_voice

STATIC = np.array([1.0])
DELTA = np.array([-0.5, 0.0, 0.5])
ACCELERATION = np.array([1.0, -2.0, 1.0])
LABELS = ["x^x-pau+a=b@", "x^pau-a+b=pau@", "pau^a-b+pau=x@"]


def test_a_phone_finds_its_leaf_and_lasts_as_long_as_the_leaf_says() -> None:
    made = HtsVoice(tiny_voice()).generate(LABELS)
    assert made.frames.tolist() == [6, 10, 6]
    assert made.mcep.shape == (22, 3)
    assert made.bap.shape == (22, 7)
    # the middle of `a` sits at its own mean 5, the ends of the utterance at 1; the dynamics of
    # unit variance round the corner over a few frames
    assert abs(made.mcep[10, 0] - 5.0) < 0.5
    assert abs(made.mcep[0, 0] - 1.0) < 0.5


def test_only_voiced_leaves_have_a_pitch() -> None:
    made = HtsVoice(tiny_voice()).generate(LABELS)
    assert made.is_voiced.tolist() == [False] * 6 + [True] * 10 + [False] * 6
    # within a voiced stretch nothing pulls away from the mean
    np.testing.assert_allclose(made.log_f0[6:16], 5.0, atol=1e-6)
    assert not made.log_f0[:6].any()


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.0, 1.5, 2.0])
def test_twice_the_speed_takes_half_the_time(speed: float) -> None:
    frames = HtsVoice(tiny_voice()).generate(LABELS, speed=speed).frames
    assert abs(frames.sum() - 22 / speed) <= 1  # a whole frame is the smallest step


def test_sounds_that_vary_more_give_way_first() -> None:
    mean = np.array([[10.0, 10.0]])
    frames = fit_durations(mean, np.array([[1.0, 9.0]]), 0.8)
    assert frames.tolist() == [[10, 15]] or frames.tolist() == [[11, 14]]


@given(
    st.lists(st.tuples(st.floats(0.1, 60), st.floats(0.1, 200)), min_size=1, max_size=30),
    st.floats(0.25, 4.0),
)
def test_every_state_lasts_a_frame_at_least_and_the_whole_follows_the_speed(
    pairs: list[tuple[float, float]], speed: float
) -> None:
    mean, variance = np.array(pairs).T[:, None, :]
    frames = fit_durations(mean, variance, speed)
    assert frames.min() >= 1
    # a frame that had to be added for a state too short is not taken from others
    assert frames.sum() >= mean.sum() / speed - 1
    assert frames.sum() <= mean.sum() / speed + len(pairs) + 1


def _dense(mean: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """The same problem as one least-squares system per parameter, written out in full."""
    n_frames, _, size = mean.shape
    track = np.empty((n_frames, size))
    for column in range(size):
        rows, wanted = [], []
        for index, window in enumerate((STATIC, DELTA, ACCELERATION)):
            half = len(window) // 2
            for t in range(half, n_frames - half):
                row = np.zeros(n_frames)
                row[t - half : t + half + 1] = window
                root = np.sqrt(precision[t, index, column])
                rows.append(root * row)
                wanted.append(root * mean[t, index, column])
        track[:, column] = np.linalg.lstsq(np.array(rows), np.array(wanted), rcond=None)[0]
    return track


@pytest.mark.parametrize("n_frames", [1, 2, 3, 4, 17])
def test_the_track_is_the_weighted_least_squares_solution(n_frames: int) -> None:
    rng = np.random.default_rng(n_frames)
    mean = rng.normal(size=(n_frames, 3, 2))
    precision = rng.uniform(0.1, 10, size=(n_frames, 3, 2))
    track = most_likely(mean, precision, (STATIC, DELTA, ACCELERATION))
    # 1e-9 is added to the diagonal against singular systems; the rest is rounding
    np.testing.assert_allclose(track, _dense(mean, precision), atol=1e-6)


@pytest.mark.parametrize(
    ("patterns", "matches", "misses"),
    [
        (["*-a+*"], "x^x-a+b=c", "x^x-aa+b=c"),
        (["b^*", "ch^*"], "ch^x-a+b", "h^b^-a"),
        (["*|0/I:*"], "=1|0/I:2", "=1|1/I:2"),
        (["*/J:?+*"], "/J:3+4", "/J:13+4"),
        (["*_1"], "a_1", "a_1b"),
        (["a.b"], "a.b", "axb"),
    ],
)
def test_questions_match_as_shell_patterns_do(
    patterns: list[str], matches: str, misses: str
) -> None:
    asks = compile_question(patterns)
    assert asks(matches)
    assert not asks(misses)


def test_a_voice_at_another_rate_is_refused_with_both_numbers() -> None:
    with pytest.raises(ResourceError, match="48000, not 24000"):
        HtsVoice(tiny_voice(48_000))


@pytest.mark.parametrize("content", [b"", b"RIFF....", b"[DATA]\n", tiny_voice(cut=40)])
def test_a_damaged_voice_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(ResourceError, match="damaged"):
        HtsVoice(content)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2_000), st.integers(1, 255))
def test_a_voice_with_one_wrong_byte_loads_or_is_refused(position: int, change: int) -> None:
    content = bytearray(tiny_voice())
    content[position % len(content)] ^= change
    with contextlib.suppress(ResourceError):
        HtsVoice(bytes(content))


@pytest.mark.parametrize("card", HTS_VOICES, ids=lambda card: card.name)
def test_every_offered_voice_can_be_read(card) -> None:
    voice = HtsVoice.read(voice_folder(card) / "voice.data")
    assert voice.streams["MCP"].size == 31
    assert voice.streams["BAP"].size == 7
