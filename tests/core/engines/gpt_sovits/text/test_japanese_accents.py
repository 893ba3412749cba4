"""The pitch of Japanese falls where a speaker of Tokyo lets it, or where the reference did."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engines.gpt_sovits.text.japanese import g2p


def said(text: str, *, as_reference: bool = False) -> str:
    return " ".join(g2p(text, "v2", as_reference=as_reference).phones)


@pytest.mark.parametrize(
    ("text", "phones"),
    [
        ("会いましょう", "a [ i m a sh o ] o"),
        ("飲みたい", "n o [ m i t a ] i"),
        ("心配しないで", "sh i [ N p a i sh i [ n a ] i d e"),
    ],
)
def test_endings_of_verbs_carry_the_accent(text: str, phones: str) -> None:
    assert said(text).replace("UNK ", "") == phones


def test_ten_minutes_are_not_enough() -> None:
    assert said("歩いて10分です").endswith("j u ] cl p u N d e s u")
    assert said("午後3時5分").endswith("g o ] f u N")
    assert said("10分の1") == "j u [ u b u N n o i ch i"


@pytest.mark.parametrize(
    ("text", "phones"),
    [
        ("これは100円です", "k o [ r e w a UNK hy a [ k u ] e N d e s u"),
        ("17日", "j u [ u UNK sh i [ ch i ] n i ch i"),
        ("四年", "y o ] n e N"),
        ("500円", "g o [ hy a k u ] e N"),
        ("12345円", "i [ ch i m a ] N UNK n i [ s e ] N UNK s a ] N by a k u UNK y o ] N j u u"
         " UNK g o ] e N"),
        ("何時", "n a [ N ] j i"),
        ("書きます", "k a [ k i m a ] s u"),
        ("食べられない", "t a [ b e r a r e ] n a i"),
        ("ありがとうございます", "a [ r i ] g a t o o UNK g o [ z a i m a ] s u"),
    ],
)  # fmt: skip
def test_the_reference_has_phrases_and_accents_of_its_own(text: str, phones: str) -> None:
    assert said(text, as_reference=True) == phones


_SIGNS = "0123456789百万円時分本の食べたくない書きましょうで高い東京はいーッ々"


@settings(max_examples=40, deadline=None)  # the first text loads the dictionary
@given(st.text(st.sampled_from(_SIGNS), max_size=16))
def test_any_words_have_phones_either_way(text: str) -> None:
    for as_reference in (False, True):
        marks = set("[]_") | {"UNK"}
        phones = g2p(text, "v2", as_reference=as_reference).phones
        assert all(phone in marks or phone.isalpha() for phone in phones)
