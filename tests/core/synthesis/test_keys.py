from __future__ import annotations

import dataclasses

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.engines.protocol import Weights
from core.errors import InputError
from core.synthesis import keys
from core.text.plan import TextPlan
from tests.fakes import FAKE_CARD, plan_of

words = st.text(min_size=1, max_size=12)
texts = st.lists(words, min_size=1, max_size=8)
speeds = st.floats(0.5, 2.0)
pitches = st.floats(-12.0, 12.0)


@dataclasses.dataclass(frozen=True)
class Sound:
    """All that decides how a segment sounds."""

    engine: str
    version: str
    digest: str
    spoken: str
    language: str
    seed: int
    speed: float
    pitch: float

    def key(self) -> str:
        card = dataclasses.replace(FAKE_CARD, name=self.engine, version=self.version)
        plan = in_language(plan_of(self.spoken), self.language)
        settings = {"speed": self.speed, "pitch": self.pitch}
        return keys.segment_keys(card, self.digest, plan, [self.seed], settings)[0]


def in_language(plan: TextPlan, language: str) -> TextPlan:
    changed = tuple(dataclasses.replace(each, language=language) for each in plan.segments)
    return dataclasses.replace(plan, segments=changed)


sounds = st.builds(
    Sound,
    engine=words,
    version=words,
    digest=words,
    spoken=words,
    language=words,
    seed=st.integers(0, 2**32 - 1),
    speed=speeds,
    pitch=pitches,
)


@given(sounds, sounds)
def test_two_sounds_share_a_key_only_if_they_are_the_same(one: Sound, other: Sound) -> None:
    assert (one.key() == other.key()) == (one == other)


@given(sounds, sounds, st.sampled_from([each.name for each in dataclasses.fields(Sound)]))
def test_each_part_alone_changes_the_key(one: Sound, other: Sound, part: str) -> None:
    changed = dataclasses.replace(one, **{part: getattr(other, part)})
    assert (one.key() == changed.key()) == (one == changed)


@given(words, words)
def test_what_moves_from_one_part_to_the_next_changes_the_key(one: str, other: str) -> None:
    sound = Sound(one, other, "d", "s", "en", 0, 1.0, 0.0)
    moved = dataclasses.replace(sound, engine=one + other[0], version=other[1:])
    assert sound.key() != moved.key()


def test_a_key_is_a_file_name_and_the_same_in_every_process() -> None:
    key = Sound("fake", "1", "d", "Hello there.", "en", 5, 1.0, 0.0).key()
    assert key == "a77afd3ffe781833d0ccf94e15b35bc98893d05b"


def test_a_knob_left_alone_is_a_knob_at_its_default() -> None:
    plan = plan_of("Hello.")
    left_alone = keys.segment_keys(FAKE_CARD, "d", plan, [1], {})
    said = keys.segment_keys(FAKE_CARD, "d", plan, [1], {"pitch": -0.0, "speed": 1})
    assert left_alone == said


@given(st.integers(), texts)
def test_equal_sentences_have_seeds_of_their_own(seed: int, spoken: list[str]) -> None:
    seeds = keys.segment_seeds(seed, plan_of(*spoken, *spoken))
    assert len(seeds) == 2 * len(spoken)
    assert all(0 <= each < 2**32 for each in seeds)
    # 16 draws from 2^32: a chance of 3e-8 that two are equal by accident.
    assert len(set(seeds)) == len(seeds)


@given(st.integers(), texts, st.data())
def test_editing_a_sentence_leaves_the_seeds_of_the_others(
    seed: int, spoken: list[str], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(spoken) - 1))
    new = data.draw(words)
    assume(spoken[place] not in spoken[:place] + spoken[place + 1 :] and new not in spoken)
    edited = [*spoken[:place], new, *spoken[place + 1 :]]
    before, after = (keys.segment_seeds(seed, plan_of(*each)) for each in (spoken, edited))
    changed = [index for index in range(len(spoken)) if before[index] != after[index]]
    assert changed == [place]


@given(st.integers(), st.integers(), words)
def test_another_request_seed_is_another_seed(one: int, other: int, spoken: str) -> None:
    assume(one != other)
    plan = plan_of(spoken)
    assert keys.segment_seeds(one, plan) != keys.segment_seeds(other, plan)


def test_an_unknown_setting_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"“sped”.*speed, pitch"):
        keys.fill_settings(FAKE_CARD, {"sped": 1.0})


@pytest.mark.parametrize("value", [0.49, 2.01, float("nan"), float("inf"), -1e300])
def test_a_setting_out_of_range_is_refused_with_the_range(value: float) -> None:
    with pytest.raises(InputError, match=r"“speed” is .*0.5 to 2"):
        keys.fill_settings(FAKE_CARD, {"speed": value})


@given(speeds)
def test_a_setting_in_range_is_kept_and_the_others_filled_in(speed: float) -> None:
    assert keys.fill_settings(FAKE_CARD, {"speed": speed}) == {"speed": speed, "pitch": 0.0}


def test_another_model_is_another_sound_and_none_leaves_the_keys_of_before() -> None:
    plan, seeds = plan_of("Hello."), [1]
    anna, ben = (
        dataclasses.replace(FAKE_CARD, weights=Weights(name="same", files={}, digest=digest))
        for digest in ("a", "b")
    )
    made = {keys.segment_keys(card, "voice", plan, seeds, {}) for card in (FAKE_CARD, anna, ben)}
    assert len(made) == 3
    assert keys.segment_keys(FAKE_CARD, "voice", plan, seeds, {}) == (
        "e55a5a69b7f8c71d7c7937af14e2aa27d541081e",  # as it was before there were models
    )
