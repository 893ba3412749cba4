import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.engines.builtin.front_ends import FRONT_ENDS, language_folder
from core.engines.builtin.labels import (
    PAUSE,
    Labeller,
    Phone,
    PhoneSet,
    Phrase,
    Syllable,
    Utterance,
    Word,
)
from core.errors import ResourceError

SOUNDS = PhoneSet({"a": {"vc": "+"}, "o": {"vc": "+"}, "t": {"vc": "-"}, "pau": {}})
FEATURES = (
    "prev_name",
    "name",
    "next_name",
    "pos_in_syl_fw",
    "pos_in_syl_bw",
    "syl_stress",
    "prev_syl_stress",
    "next_syl_length",
    "syl_vowel",
    "num_syls_in_word",
    "word_pos_in_phrase_fw",
    "num_stressed_syls_in_phrase_before_this_syl",
    "num_stressed_syls_in_phrase_after_this_syl",
    "dist_to_next_stressed_syl_in_phrase",
    "num_syls_in_next_phrase",
    "num_syls_in_prev_phrase",
    "num_phrases_in_utt",
    "pos_in_word_fw",
    "pos_in_word_bw",
    "prev_word_gpos",
    "num_syls_in_prev_word",
)


def read(labeller: Labeller, utterance: Utterance) -> list[dict[str, str]]:
    labels, _ = labeller.labels(utterance)
    return [dict(zip(FEATURES, label.split("|")[1:], strict=True)) for label in labels]


@pytest.fixture(scope="module")
def labeller() -> Labeller:
    return Labeller(["|"] * len(FEATURES), FEATURES, SOUNDS)


def word(*syllables: str, stress: int = 0, gpos: str = "content") -> Word:
    made = [
        Syllable([Phone(p) for p in s], is_stressed=at == stress) for at, s in enumerate(syllables)
    ]
    return Word("w", made, gpos=gpos)


def test_a_label_says_where_a_phone_stands(labeller: Labeller) -> None:
    utterance = Utterance(
        [Phrase([word("ta", "to"), word("at", gpos="prep")]), Phrase([word("o")])]
    )
    rows = read(labeller, utterance)
    assert [row["name"] for row in rows] == ["pau", *"tatoat", "pau", "o", "pau"]
    second_t = rows[3]
    assert second_t == {
        "prev_name": "a",
        "name": "t",
        "next_name": "o",
        "pos_in_syl_fw": "1",
        "pos_in_syl_bw": "2",
        "syl_stress": "0",
        "prev_syl_stress": "1",
        "next_syl_length": "2",
        "syl_vowel": "o",
        "num_syls_in_word": "2",
        "word_pos_in_phrase_fw": "1",
        "num_stressed_syls_in_phrase_before_this_syl": "2",
        "num_stressed_syls_in_phrase_after_this_syl": "2",
        "dist_to_next_stressed_syl_in_phrase": "1",
        "num_syls_in_next_phrase": "1",
        "num_syls_in_prev_phrase": "0",
        "num_phrases_in_utt": "2",
        "pos_in_word_fw": "3",
        "pos_in_word_bw": "2",
        "prev_word_gpos": "0",
        "num_syls_in_prev_word": "0",
    }


def test_a_pause_sees_what_ends_before_it_and_what_begins_after_it(labeller: Labeller) -> None:
    utterance = Utterance([Phrase([word("ta", "to")]), Phrase([word("o", gpos="prep")])])
    pause = read(labeller, utterance)[5]
    assert pause["name"] == PAUSE
    assert pause["syl_stress"] == "x"
    assert pause["prev_syl_stress"] == "0"
    assert pause["next_syl_length"] == "1"
    assert pause["prev_word_gpos"] == "content"
    assert pause["num_syls_in_prev_word"] == "2"
    assert (pause["num_syls_in_prev_phrase"], pause["num_syls_in_next_phrase"]) == ("2", "1")


phones = st.sampled_from("ato").map(Phone)
words = st.lists(
    st.builds(Syllable, st.lists(phones, min_size=1, max_size=4), st.booleans()),
    min_size=1,
    max_size=4,
).map(lambda syllables: Word("w", syllables))
utterances = st.lists(
    st.lists(words, min_size=1, max_size=4).map(Phrase), min_size=1, max_size=3
).map(Utterance)


@given(utterances)
def test_every_phone_gets_a_label_and_every_phrase_its_pauses(utterance: Utterance) -> None:
    labeller = Labeller(["|"] * len(FEATURES), FEATURES, SOUNDS)
    rows = read(labeller, utterance)
    said = [phone.name for w in utterance.words for phone in w.phones]
    assert [row["name"] for row in rows if row["name"] != PAUSE] == said
    assert len(rows) == len(said) + len(utterance.phrases) + 1
    for before, row in itertools.pairwise(rows):
        assert row["prev_name"] == before["name"]
        assert before["next_name"] == row["name"]
        if row["name"] != PAUSE:
            assert int(row["pos_in_syl_fw"]) >= 1
            assert int(row["pos_in_word_bw"]) >= int(row["pos_in_syl_bw"])


@pytest.mark.parametrize("language", FRONT_ENDS)
def test_every_feature_that_a_language_asks_for_is_known(language: str) -> None:
    folder = language_folder(language)
    sounds = PhoneSet.read(folder / "phonemes.xml")
    labeller = Labeller.read(folder / "labelling.xml", sounds)
    vowel = min(sounds.vowels)
    syllables = [Syllable([Phone("t"), Phone(vowel)], is_stressed=True) for _ in range(5)]
    utterance = Utterance([Phrase([Word("w", syllables)]) for _ in range(3)])
    middle = 17  # a vowel in the third syllable of the second phrase
    known = labeller.labels(utterance)[0][middle]
    for _, name in labeller._parts:
        if name != "none":
            alone = Labeller(["|"], [name], sounds).labels(utterance)[0][middle]
            assert alone != "|x", f"{name} says nothing in {known}"


def test_a_file_with_entities_is_not_read(tmp_path) -> None:
    path = tmp_path / "labelling.xml"
    path.write_text('<!DOCTYPE x [<!ENTITY a "aaaa">]><labelling><format/></labelling>')
    with pytest.raises(ResourceError):
        Labeller.read(path, SOUNDS)
