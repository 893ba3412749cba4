"""How American English is said: the CMU dictionary, articles, contractions and pitch accents."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from core.engines.builtin.espeak import Phoneme, espeak
from core.engines.builtin.labels import Phone, Phrase, Syllable, Utterance, Word
from core.engines.builtin.phone_tables import CMU_BY_IPA, CMU_VOWELS
from core.engines.builtin.phones import FrontEnd
from core.engines.builtin.phones_text import SCRIPTS, letters_of
from core.engines.builtin.transducer import DecisionTree, Value

_HOMOGRAPHS: Final = """
bass bow close conduct conflict content contest contract contrast convert convict desert digest
discount entrance escort estimate excuse export extract graduate house import increase insult
invalid lead live lives minute object perfect permit present produce progress project protest read
rebel record refuse reject separate sow subject survey suspect tear transfer transport use uses
wind wound
"""
HOMOGRAPHS: Final = frozenset(_HOMOGRAPHS.split())
"""Written alike, said differently by their part in the sentence."""


class EnglishFrontEnd(FrontEnd):
    """American English, after the CMU dictionary; words it lacks by eSpeak NG."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._accents = DecisionTree.read(folder / "accents.dt")

    def spell(self, name: str) -> list[str] | None:
        return self._spell(name)

    def read_foreign(self, letters: str) -> list[str] | None:
        """A word in another script: eSpeak's sounds for it, the nearest English ones."""
        for voice in SCRIPTS:
            if re.match(letters_of(voice), letters):
                return self._known(english_phones(espeak().phonemes(letters, voice)))
        return None

    def _foreign(self, letters: str) -> list[str] | None:
        return self.read_foreign(letters)

    def _pronounce(self, name: str) -> list[str] | None:
        known = self._known(self._apply("cmulex", list(name)))
        return known or self._known(english_phones(espeak().phonemes(name, "en-us")))

    def _word(self, name: str, *, is_spelled: bool = False) -> Iterator[Word]:
        is_short = name.isupper() and 2 <= len(name) <= 5
        if is_short and not self._apply("cmulex", list(name.lower())):
            is_spelled = True  # CEO, but not NATO
        if not is_spelled and not re.search(r"[a-zA-Z]", name):
            return
        yield from super()._word(name, is_spelled=is_spelled)

    def _adapt(self, utterance: Utterance) -> None:
        for phrase in utterance.phrases:
            self._tell_homographs(phrase)
        words = utterance.words
        for phrase in utterance.phrases:
            for at, word in enumerate(phrase.words):
                following = phrase.words[at + 1] if at + 1 < len(phrase.words) else None
                self._adapt_article(word, following)
        for before, word in itertools.pairwise(words):
            self._adapt_contraction(before, word)
        self._accent(utterance)

    def _tell_homographs(self, phrase: Phrase) -> None:
        """`I live` or `live music`: eSpeak NG hears the whole phrase, the dictionary one word."""
        if not any(word.name in HOMOGRAPHS for word in phrase.words):
            return
        names = [word.name for word in phrase.words]
        text = " ".join("I" if name == "i" else name for name in names)
        heard = espeak().phonemes(text, "en-us")
        starts = itertools.accumulate((len(name) + 1 for name in names), initial=0)
        for at, (word, start) in enumerate(zip(phrase.words, starts, strict=False)):
            if word.name in HOMOGRAPHS and not word.is_spelled:
                own = [phoneme for phoneme in heard if phoneme.word_at == start]
                phones = self._known(english_phones(own))
                if phones:
                    made = self._syllabify(word.name, phones, is_spelled=False)
                    phrase.words[at] = dataclasses.replace(word, syllables=made.syllables)

    def _adapt_article(self, word: Word, following: Word | None) -> None:
        last = word.phones[-1]
        if word.name == "the" and following is not None:
            if following.phones[0].name in self.phone_set.vowels:
                last.name = "iy"
        elif word.name == "a" and (following is None or word.is_spelled):
            last.name = "ey"
            word.syllables[-1].is_stressed = True
            word.gpos = "content"

    def _adapt_contraction(self, before: Word, word: Word) -> None:
        if word.name not in ("'s", "'d", "'ll", "'ve"):
            return
        last, syllable = before.phones[-1].name, word.syllables[-1]
        sounds = self.phone_set
        hisses = sounds.feature(last, "ctype") in "fa" and sounds.feature(last, "cplace") in "ap"
        if word.name != "'s" or hisses:
            syllable.phones.insert(0, Phone("ax"))
        is_voiced = last in sounds.vowels or sounds.feature(last, "cvox") == "+"
        if word.name == "'s" and (hisses or is_voiced):
            syllable.phones[-1].name = "z"

    def _accent(self, utterance: Utterance) -> None:
        """Which syllables carry a pitch accent, by the tree of the voice data."""
        places = _syllable_places(utterance)
        words = utterance.words
        for at, place in enumerate(places):
            feature = functools.partial(_accent_feature, at=at, places=places, words=words)
            answer = self._accents.answer(feature)
            place.syllable.is_accented = answer != "NONE"


class _Place:
    """A syllable with what the tree of accents asks."""

    __slots__ = ("break_after", "stressed_in", "stressed_out", "syllable", "syls_in", "syls_out",
                 "word_at")  # fmt: skip

    def __init__(self, syllable: Syllable, word_at: int) -> None:
        self.syllable = syllable
        self.word_at = word_at
        self.break_after = self.stressed_in = self.stressed_out = 0
        self.syls_in = self.syls_out = 0


def _syllable_places(utterance: Utterance) -> list[_Place]:
    places: list[_Place] = []
    word_at = 0
    for phrase in utterance.phrases:
        start = len(places)
        for word in phrase.words:
            places += [_Place(syllable, word_at) for syllable in word.syllables]
            places[-1].break_after = 1
            word_at += 1
        here = places[start:]
        here[-1].break_after = 3
        n_stressed = sum(place.syllable.is_stressed for place in here)
        before = 0
        for at, place in enumerate(here):
            place.syls_in, place.syls_out = at, len(here) - at - 1
            place.stressed_in = before
            before += place.syllable.is_stressed
            place.stressed_out = n_stressed - before
    places[-1].break_after = 4
    return places


_STEPS: Final = {"pp": -2, "p": -1, "n": 1, "nn": 2}


def _accent_feature(name: str, at: int, places: Sequence[_Place], words: Sequence[Word]) -> Value:
    if name.startswith("R:SylStructure.parent."):
        steps = name.removesuffix("gpos").rstrip(".").rpartition(".")[2]
        word_at = places[at].word_at + _STEPS.get(steps, 0)
        return words[word_at].gpos if 0 <= word_at < len(words) else "0"
    step, _, feature = name.rpartition(".")
    at += _STEPS.get(step, 0)
    if not 0 <= at < len(places):
        return 0
    place = places[at]
    values = {
        "stress": int(place.syllable.is_stressed),
        "syl_break": place.break_after,
        "syl_in": place.syls_in,
        "syl_out": place.syls_out,
        "ssyl_in": place.stressed_in,
        "ssyl_out": place.stressed_out,
    }
    return values.get(feature, 0)


def english_phones(phonemes: Sequence[Phoneme]) -> list[str]:
    """CMU phones, vowels with a mark of stress (`ow1`, `ax0`), for eSpeak's American English."""
    phones = []
    for phoneme in phonemes:
        for name in _english(phoneme.ipa):
            is_vowel = name in CMU_VOWELS
            phones.append(f"{name}{int(phoneme.is_stressed)}" if is_vowel else name)
    return phones


def _english(ipa: str) -> list[str]:
    """Longest known beginnings, one after the other; unknown signs are left out."""
    names: list[str] = []
    at = 0
    while at < len(ipa):
        for length in (3, 2, 1):
            known = CMU_BY_IPA.get(ipa[at : at + length])
            if known is not None and len(ipa[at : at + length]) == length:
                names += known.split()
                at += length
                break
        else:
            at += 1
    return names
