from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engines.gpt_sovits.text.chinese import g2p
from core.engines.gpt_sovits.text.chinese_words import Word, halves
from core.engines.gpt_sovits.text.tone_sandhi import changed, joined


def tones(text: str) -> str:
    return "".join(phone[-1] for phone in g2p(text, "v2").phones[1::2])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("不怕", "24"),
        ("不去", "24"),
        ("不行", "42"),
        ("看不懂", "453"),
        ("看一看", "454"),
        ("一天", "41"),
        ("一夜", "24"),
        ("第一名", "412"),
        ("老虎", "23"),
        ("纸老虎", "323"),
        ("蒙古包", "231"),
        ("展览馆", "223"),
        ("我们", "35"),
        ("家里", "15"),
        ("朋友", "25"),
        ("好吗", "35"),
        ("女子", "23"),
    ],
)
def test_tones_change_in_company(text: str, said: str) -> None:
    assert tones(text) == said


def test_the_reference_stops_asking_shortly_at_the_second_time() -> None:
    words = [Word("看", "v"), Word("一", "m"), Word("看", "v"), Word("想", "v"), Word("一", "m")]
    words.append(Word("想", "v"))

    def flat(word: str) -> list[str]:
        return ["an1"] * len(word)

    assert [word.text for word in joined(words, flat)] == ["看一看", "想一想"]
    assert [word.text for word in joined(words, flat, as_reference=True)] == [
        *"看一看想一想",
    ]


WORDS = st.text(alphabet="一不个儿了的上来子们看老虎第好好,三", min_size=1, max_size=6)
FINALS = st.lists(st.sampled_from(["ao1", "i2", "u3", "an4", "e5"]), min_size=6, max_size=6)


@settings(deadline=None)
@given(WORDS, st.sampled_from(["n", "v", "a", "r", "m", "ul", "s", "x", ""]), FINALS)
def test_a_change_touches_nothing_but_tones(word: str, pos: str, finals: list[str]) -> None:
    given_finals = [
        char if char == "," else final for char, final in zip(word, finals, strict=False)
    ]
    said = changed(Word(word, pos), given_finals)

    assert [final.rstrip("12345") for final in said] == [
        final.rstrip("12345") for final in given_finals
    ]
    assert all(final == "," or final[-1] in "12345" for final in said)


@settings(deadline=None)
@given(st.lists(st.tuples(WORDS, st.sampled_from(["v", "n", "m"])), max_size=8), st.booleans())
def test_joining_words_loses_no_character(pairs: list[tuple[str, str]], as_reference: bool) -> None:
    words = [Word(text, pos) for text, pos in pairs]
    made = joined(words, lambda word: ["u3"] * len(word), as_reference=as_reference)
    assert "".join(word.text for word in made) == "".join(text for text, _ in pairs)


@settings(deadline=None)
@given(WORDS)
def test_the_halves_of_a_word_are_the_word(word: str) -> None:
    assert "".join(halves(word)) == word
