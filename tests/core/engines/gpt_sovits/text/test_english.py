"""English is read as an American would, whatever stands in the text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engines.gpt_sovits.text.english import g2p, normalise
from core.engines.gpt_sovits.text.lexicon import any_word, letters, unknown_word
from core.engines.gpt_sovits.text.symbols import numbers


def said(text: str) -> str:
    return " ".join(g2p(text, "v2").phones)


@settings(max_examples=60, deadline=None)  # the first word loads the dictionary
@given(st.text(st.sampled_from("abcdeXYZ 0123.,?!'-:;$%@é€/()“—…\n我かПр°&"), max_size=40))
def test_any_text_makes_phones_that_models_know(text: str) -> None:
    for as_reference in (False, True):
        made = g2p(text, "v2", as_reference=as_reference)
        assert made.word2ph is None
        assert set(made.phones) <= numbers("v2").keys()


def test_a_plain_sentence() -> None:
    assert said("Hello world.") == "HH AH0 L OW1 W ER1 L D ."


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("It fell to -19°C.", "It fell to minus nineteen degrees Celsius."),
        ("A speed of 100 km/h is fast.", "A speed of one hundred kilometres per hour is fast."),
        ("The end—or not?", "The end, or not?"),
        ("Write to bob@test.org!", "Write to bob at test dot org!"),
        ("Stop; look: listen", "Stop, look, listen"),
        ("It is 12:05 a.m.", "It is twelve oh five a m."),
        ("1,234 fish", "one thousand two hundred thirty-four fish"),
        ("Wait... what?!", "Wait. what?"),
        ("-5 degrees", "minus five degrees"),
        ("- five degrees", "five degrees"),
        ("the 101st", "the one hundred first"),
        ("St. John lives on Main St. now", "Saint John lives on Main St. now"),
        ("ＡＢＣ，好", "ABC, 好"),
    ],
)
def test_what_the_reference_reads_wrong_is_read_right(text: str, read: str) -> None:
    assert normalise(text) == read


@pytest.mark.parametrize(
    ("text", "one", "other"),
    [
        ("Don't record the record.", "R IH0 K AO1 R D", "R EH1 K ER0 D"),
        ("They live by live music.", "L IH1 V", "L AY1 V"),
        ("I object to the object.", "AH0 B JH EH1 K T", "AA1 B JH EH0 K T"),
        ("Close the door, it is close.", "K L OW1 Z", "K L OW1 S"),
        ("Will you read what he read?", "R IY1 D", "R EH1 D"),
        ("The wind is cold; wind the clock.", "W IH1 N D", "W AY1 N D"),
        ("We use it, it is of use.", "Y UW1 Z", "Y UW1 S"),
    ],
)
def test_words_written_alike_are_told_apart(text: str, one: str, other: str) -> None:
    phones = said(text)
    assert one in phones
    assert other in phones
    assert phones.index(one) < phones.index(other)


def test_capitals_are_letters_names_or_loud() -> None:
    assert said("The FBI is in.") == "DH AH0 EH1 F B IY1 AY1 IH1 Z IH0 N ."
    assert "N AE1 S AH0" in said("He is at NASA.")
    assert "K OW1 V IH0 D" in said("He has COVID.")
    assert "AA1 R T IY1 EH1 K S" in said("The RTXS is here.")
    assert "Y UW1 EH1 S" in said("He lives in the US.")
    assert said("He said NO.").endswith("N OW1 .")
    assert said("THE CAT SAT.") == said("the cat sat.")


def test_names_with_capitals_inside_are_read_in_parts() -> None:
    assert "AY1 F OW" in said("the iPhone")
    assert "EY1 AY1" in said("at OpenAI")


def test_an_article_is_not_the_letter() -> None:
    assert said("A cat sat.").startswith("AH0 K")
    assert "EY1 IH1 Z" in said("Plan A is good.")
    assert said("At 5 a.m. sharp").split()[5:8] == ["EY1", "EH1", "M"]


def test_words_written_as_one_are_read_as_both() -> None:
    assert any_word("screengrab") == ("S", "K", "R", "IY1", "N", "G", "R", "AE2", "B")
    assert any_word("hashtag") == ("HH", "AE1", "SH", "T", "AE2", "G")


def test_unknown_words_are_said_by_their_letters() -> None:
    phones = any_word("blorptastic")
    assert phones[:2] == ("B", "L")
    assert phones[-5:] == ("AE1", "S", "T", "IH0", "K")
    assert any_word("zorbs")[-1] == "Z"


def test_what_has_no_vowel_is_named_by_its_letters_or_held() -> None:
    assert any_word("xhtml") == letters("xhtml")
    assert any_word("hmmmm") == any_word("hmm")


@settings(max_examples=40, deadline=None)  # the first word loads the dictionary
@given(st.text("abcdefghijklmnopqrstuvwxyz'", min_size=1, max_size=24))
def test_any_word_has_phones_and_one_main_stress(word: str) -> None:
    phones = unknown_word(word)
    assert set(phones) <= numbers("v2").keys()
    assert bool(phones) == any(sign.isalpha() for sign in word)
    if any(phone[-1] in "012" for phone in phones) and re.search("[aeiouy]", word):
        assert sum("1" in phone for phone in phones) == 1


def test_the_reference_parts_unknown_words() -> None:
    assert g2p("machinelearning", "v2", as_reference=True).phones == (
        *any_word("machine"), *any_word("learning")
    )  # fmt: skip


def test_words_of_other_scripts_are_not_lost() -> None:
    assert len(g2p("Пекин", "v2").phones) > 4


def test_letters_in_other_text_are_no_loud_words() -> None:
    assert said("WTO") == "D AH1 B AH0 L Y UW0 T IY1 OW1"
    assert said("HELLO") == said("hello")


def test_only_the_reference_parts_a_short_word_from_its_sentence() -> None:
    assert said("Hi!") == "HH AY1 !"
    assert g2p("Hi!", "v2", as_reference=True).phones == (",", "HH", "AY1", "!")


def test_a_mark_put_in_front_is_kept() -> None:
    assert normalise(". YouTube") == ".YouTube"


@pytest.mark.parametrize(
    "text",
    [
        "It costs $32.50, or about £7.14 at the airport.",
        "Dr. Smith, e.g., at 12:05 a.m. in the U.S.A.!",
        "1/2 cup; 3rd floor: 100km/h (really)",
    ],
)
def test_what_is_in_words_already_stays_as_it_is(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
