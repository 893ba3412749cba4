"""English words that are written alike and said differently: `the record`, `to record`.

The words around decide where they leave no doubt; elsewhere eSpeak NG hears the sentence, and the
pronunciation that is nearest to what it heard is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final

from core.engines.builtin.espeak import Phoneme, espeak
from core.engines.builtin.phones_english import english_phones
from core.engines.gpt_sovits.text.lexicon import Said, arpabet
from core.engines.gpt_sovits.text.symbols import table

REFERENCE_TAG: Final = "NN"
"""What the recorded runs of the reference took every word for: a noun."""

_BEFORE_NOUN_WORDS: Final = """
a an the this that these those my your his her its our their no some any each every another
which whose of in on at by with from for under into without of's new old first last next great
good big small own same other many few several two three four
"""
_BEFORE_NOUN: Final = frozenset(_BEFORE_NOUN_WORDS.split())
_ARTICLES: Final = frozenset(
    ("a", "an", "the", "this", "that", "my", "your", "his", "her", "its", "our", "their", "it")
)
_BEFORE_VERB_WORDS: Final = """
to will would can could shall should may might must do does did don't doesn't didn't won't
wouldn't can't couldn't shouldn't mustn't i we they you he she it who let's i'll you'll he'll
she'll we'll they'll it'll i'd we'd they'd he'd she'd please never cannot
"""
_BEFORE_VERB: Final = frozenset(_BEFORE_VERB_WORDS.split())
_PAST_WORDS: Final = """
yesterday ago already had have has having has've was were been be i've we've they've you've he's
once last
"""
_PAST: Final = frozenset(_PAST_WORDS.split())
_READ_NOW_WORDS: Final = """
to will can could should may must would do don't did didn't
"""
_READ_NOW: Final = frozenset(_READ_NOW_WORDS.split())


_SWAPPED: Final = (
    "object", "rebel", "fragment", "segment", "torment", "imprint", "exploit", "exploits"
)  # fmt: skip
"""Words whose noun and verb the reference's table confuses: `to object`, an `object`."""

# What the reference's table lacks: as a verb, and otherwise. `lead` and `bass` are only heard.
_OWN: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "live": ("L IH1 V", "L AY1 V", "V"), "lives": ("L IH1 V Z", "L AY1 V Z", "V"),
        "wind": ("W AY1 N D", "W IH1 N D", "V"), "winds": ("W AY1 N D Z", "W IH1 N D Z", "V"),
        "tear": ("T EH1 R", "T IH1 R", "V"), "tears": ("T EH1 R Z", "T IH1 R Z", "V"),
        "bow": ("B AW1", "B OW1", "V"), "bows": ("B AW1 Z", "B OW1 Z", "V"),
        "wound": ("W AW1 N D", "W UW1 N D", "V"), "lead": ("L EH1 D", "L IY1 D", ""),
        "minute": ("M AY0 N UW1 T", "M IH1 N AH0 T", ""), "bass": ("B AE1 S", "B EY1 S", ""),
        "invalid": ("IH1 N V AH0 L AH0 D", "IH0 N V AE1 L AH0 D", ""),
    }
)  # fmt: skip


@dataclass(frozen=True)
class Homograph:
    """The two ways to say a word.

    Args:
        tagged: How it is said as the part of speech `tag`.
        otherwise: How it is said as any other.
        tag: The start of a Penn Treebank tag: `V`, `N`, `JJ`, `VBP`, `VBN`.
    """

    tagged: Said
    otherwise: Said
    tag: str

    def said_as(self, tag: str) -> Said:
        """How it is said under a Penn Treebank tag."""
        is_tagged = tag.startswith(self.tag) or self.tag.startswith(tag)
        return self.tagged if is_tagged else self.otherwise


@cache
def homographs_of_reference() -> Mapping[str, Homograph]:
    """The 371 words of the reference, by their spelling in lower case."""
    return {
        word: Homograph(tuple(tagged), tuple(otherwise), tag)
        for word, (tagged, otherwise, tag) in table("en_homographs_g2p_en").items()
    }


@cache
def homographs() -> Mapping[str, Homograph]:
    """All homographs, by their spelling in lower case."""
    words = dict(homographs_of_reference())
    for word in _SWAPPED:
        one = words[word]
        words[word] = replace(one, tagged=one.otherwise, otherwise=one.tagged)
    for word, (tagged, otherwise, tag) in _OWN.items():
        words[word] = Homograph(tuple(tagged.split()), tuple(otherwise.split()), tag)
    return words


def said_in_context(words: Sequence[str], at: int) -> Said:
    """How a homograph is said where it stands.

    Args:
        words: The words in lower case, and the marks between them.
        at: Which of them; one of `homographs`.
    """
    homograph = homographs()[words[at]]
    if words[at] == "read":
        return homograph.otherwise if _is_past(words, at) else homograph.tagged
    if homograph.tag == "V":
        before = words[at - 1] if at else ""
        if before in _BEFORE_VERB:
            return homograph.tagged
        if before in _BEFORE_NOUN:
            return homograph.otherwise
        follows = words[at + 1] if at + 1 < len(words) else ""
        if not before.isalpha() and follows in _ARTICLES:
            return homograph.tagged  # close the door
    return _nearest_to_heard(homograph, words, at)


def _is_past(words: Sequence[str], at: int) -> bool:
    if at and words[at - 1] in _READ_NOW:
        return False
    near = words[max(0, at - 3) : at]
    if any(word in _PAST for word in near) or (at and words[at - 1] in ("he", "she", "it")):
        return True
    return any(word in ("yesterday", "ago", "already", "once") for word in words)


def _nearest_to_heard(homograph: Homograph, words: Sequence[str], at: int) -> Said:
    text = " ".join("I" if word == "i" else word for word in words)
    start = sum(len(word) + 1 for word in words[:at])
    heard = arpabet(
        english_phones([phoneme for phoneme in _heard(text) if phoneme.word_at == start])
    )
    if not heard:
        return homograph.otherwise
    choices = (homograph.otherwise, homograph.tagged)
    return min(choices, key=lambda said: _distance(_spread(said), _spread(heard)))


@lru_cache(maxsize=4)
def _heard(text: str) -> tuple[Phoneme, ...]:
    """A text by eSpeak NG, once for all its homographs."""
    return espeak().phonemes(text, "en-us")


def _spread(said: Said) -> list[str]:
    """Phones with their stress apart, so that a shifted stress costs as much as a phone."""
    spread: list[str] = []
    for phone in said:
        spread.append(phone.rstrip("012"))
        if phone.endswith("1"):
            spread.append("1")
    return spread


def _distance(left: Sequence[str], right: Sequence[str]) -> int:
    """Edit distance (Levenshtein)."""
    row = list(range(len(right) + 1))
    for i, one in enumerate(left, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(right, 1):
            diagonal, row[j] = (
                row[j],
                min(row[j] + 1, row[j - 1] + 1, diagonal + (one != other)),
            )
    return row[-1]
