"""How Korean syllables change each other: standard pronunciation as rules on their letters.

Numbers of articles are of the Standard Pronunciation (표준 발음법) of the National Institute of
Korean Language. Knows syllables and what kind of border is between them, no words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_ONSETS: Final = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS: Final = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_CODAS: Final = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
_FIRST: Final = 0xAC00
_LAST: Final = 0xD7A3

_CLOSED: Final[Mapping[str, str]] = {
    **dict.fromkeys("ㄱㄲㅋㄳㄺ", "ㄱ"),
    **dict.fromkeys("ㄷㅅㅆㅈㅊㅌㅎ", "ㄷ"),
    **dict.fromkeys("ㅂㅍㅄㄿ", "ㅂ"),
    **dict.fromkeys("ㄹㄼㄽㄾㅀ", "ㄹ"),
    **dict.fromkeys("ㄴㄵㄶ", "ㄴ"),
    **dict.fromkeys("ㅁㄻ", "ㅁ"),
    "ㅇ": "ㅇ",
    "": "",
}
"""The seven sounds a syllable can end in (articles 8 to 11)."""

_LINKED: Final[Mapping[str, tuple[str, str]]] = {
    "ㄳ": ("ㄱ", "ㅆ"), "ㄵ": ("ㄴ", "ㅈ"), "ㄶ": ("", "ㄴ"), "ㄺ": ("ㄹ", "ㄱ"),
    "ㄻ": ("ㄹ", "ㅁ"), "ㄼ": ("ㄹ", "ㅂ"), "ㄽ": ("ㄹ", "ㅆ"), "ㄾ": ("ㄹ", "ㅌ"),
    "ㄿ": ("ㄹ", "ㅍ"), "ㅀ": ("", "ㄹ"), "ㅄ": ("ㅂ", "ㅆ"), "ㅎ": ("", "ㅇ"), "ㅇ": ("ㅇ", "ㅇ"),
}  # fmt: skip
"""What stays and what moves where a vowel follows (12.4, 13, 14); others move whole."""

_WITH_BREATH: Final[Mapping[str, tuple[str, str]]] = {
    **dict.fromkeys("ㄱㄲㅋㄳ", ("", "ㅋ")),
    **dict.fromkeys("ㄷㅅㅆㅊㅌ", ("", "ㅌ")),
    **dict.fromkeys("ㅂㅍㅄ", ("", "ㅍ")),
    "ㅈ": ("", "ㅊ"),
    "ㄺ": ("ㄹ", "ㅋ"), "ㄼ": ("ㄹ", "ㅍ"), "ㄿ": ("ㄹ", "ㅍ"), "ㄵ": ("ㄴ", "ㅊ"),
}  # fmt: skip
"""A coda and ㅎ after it (12.1)."""

_PALATAL: Final[Mapping[str, tuple[str, str]]] = {
    "ㄷ": ("", "ㅈ"), "ㅌ": ("", "ㅊ"), "ㄾ": ("ㄹ", "ㅊ"),
}  # fmt: skip
_BREATH: Final[Mapping[str, str]] = {"ㅎ": "", "ㄶ": "ㄴ", "ㅀ": "ㄹ"}
"""Codas that end in ㅎ, and what they are without it."""
_BREATHED: Final[Mapping[str, str]] = {"ㄱ": "ㅋ", "ㄷ": "ㅌ", "ㅈ": "ㅊ"}
_TENSE: Final[Mapping[str, str]] = {"ㄱ": "ㄲ", "ㄷ": "ㄸ", "ㅂ": "ㅃ", "ㅅ": "ㅆ", "ㅈ": "ㅉ"}
_STOPS: Final = frozenset("ㄱㄲㅋㄳㄺㄷㅅㅆㅈㅊㅌㅎㅂㅍㅄㄿㄼㄽㄾㄵ")
"""Codas after which a plain consonant is tense (23, 25)."""
_NASAL_STEMS: Final = frozenset("ㄴㅁㄵㄻ")
_NASAL: Final[Mapping[str, str]] = {"ㄱ": "ㅇ", "ㄷ": "ㄴ", "ㅂ": "ㅁ"}


@dataclass
class Syllable:
    """A syllable, and how it meets the next one.

    Args:
        onset: Its first consonant; ㅇ for none.
        vowel: Its vowel.
        coda: Its last consonants, or nothing.
        is_stem: A verb's stem ends with it and an ending follows.
        is_future: Its ㄹ is that of an ending, which makes the next consonant tense.
        is_closed: A word within a compound ends with it.
    """

    onset: str
    vowel: str
    coda: str
    is_stem: bool = False
    is_future: bool = False
    is_closed: bool = False

    @classmethod
    def of(cls, char: str) -> Syllable | None:
        """A written syllable's letters; `None` for any other character."""
        if not _FIRST <= ord(char) <= _LAST:
            return None
        rest, coda = divmod(ord(char) - _FIRST, len(_CODAS))
        onset, vowel = divmod(rest, len(_VOWELS))
        return cls(_ONSETS[onset], _VOWELS[vowel], _CODAS[coda])


Unit = Syllable | str
"""A syllable, or any other character."""


def pronounce(units: list[Unit]) -> None:
    """Change syllables to what is said.

    Across one blank words are said in one breath: all rules hold there but the linking of a coda
    to a vowel.

    Args:
        units: A text; its syllables are changed in place.
    """
    for unit in units:
        if isinstance(unit, Syllable) and unit.onset != "ㅇ" and unit.vowel == "ㅢ":
            unit.vowel = "ㅣ"  # 희망 -> 히망, but not 문의 (5.3)
    for at, unit in enumerate(units):
        if not isinstance(unit, Syllable):
            continue
        after, is_apart = _next(units, at)
        if after is None:
            unit.coda = _CLOSED[unit.coda]
        else:
            unit.coda, after.onset = _meet(unit, after, is_apart)
    for unit in units:
        if isinstance(unit, Syllable) and unit.onset in "ㅈㅉㅊ" and unit.vowel == "ㅕ":
            unit.vowel = "ㅓ"  # 가져 -> 가저 (5.1)


def _next(units: list[Unit], at: int) -> tuple[Syllable | None, bool]:
    """The syllable after this one, and whether a blank is between."""
    after = units[at + 1 : at + 3]
    if after and isinstance(after[0], Syllable):
        return after[0], False
    if len(after) == 2 and after[0] == " " and isinstance(after[1], Syllable):
        return after[1], True
    return None, False


def _meet(left: Syllable, right: Syllable, is_apart: bool) -> tuple[str, str]:
    """The coda of a syllable and the onset of the next, as they are said."""
    coda, onset = left.coda, right.onset
    if not coda:
        return coda, onset
    if onset == "ㅇ":
        return (_CLOSED[coda], onset) if is_apart else _link(left, right)
    if coda in _BREATH:
        rest = _BREATH[coda]
        if onset in _BREATHED:
            return rest, _BREATHED[onset]
        if onset == "ㅅ":
            return rest, "ㅆ"
        coda = rest or "ㄷ"
    if onset == "ㅎ":
        return _breathe(coda, right, is_apart)
    coda, onset = _tensed(left, coda, onset)
    is_trodden = coda == "ㄼ" and left.onset == "ㅂ" and left.vowel == "ㅏ"  # 밟다 -> 밥따 (10)
    return _blended(left, "ㅂ" if is_trodden else _CLOSED[coda], onset)


def _link(left: Syllable, right: Syllable) -> tuple[str, str]:
    coda = left.coda
    if left.is_closed:
        coda = _CLOSED[coda]  # 겉옷 -> 거돋 (15)
    elif _is_palatal(right) and coda in _PALATAL:
        return _PALATAL[coda]  # 같이 -> 가치 (17)
    return _LINKED.get(coda, ("", coda))


def _is_palatal(right: Syllable) -> bool:
    """Whether it is 이 or 히 with what may end it, not a word of its own as in 맏형."""
    return right.vowel == "ㅣ" or (right.vowel == "ㅕ" and right.coda in ("", "ㅆ"))


def _breathe(coda: str, right: Syllable, is_apart: bool) -> tuple[str, str]:
    if is_apart:
        coda = _CLOSED[coda]
    elif coda == "ㄷ" and _is_palatal(right):
        return "", "ㅊ"  # 닫히다 -> 다치다
    return _WITH_BREATH.get(coda, (_CLOSED[coda], "ㅎ"))


def _tensed(left: Syllable, coda: str, onset: str) -> tuple[str, str]:
    if onset not in _TENSE:
        return coda, onset
    if left.is_stem and coda == "ㄺ" and onset == "ㄱ":
        return "ㄹ", "ㄲ"  # 읽고 (11)
    is_tense = (
        coda in _STOPS
        or (left.is_stem and coda in _NASAL_STEMS and onset != "ㅂ")  # 신고, 앉고, 닮고 (24)
        or (left.is_future and coda == "ㄹ")  # 할 것을 (27)
    )
    return coda, _TENSE[onset] if is_tense else onset


def _blended(left: Syllable, coda: str, onset: str) -> tuple[str, str]:
    """Nasals and liquids (18 to 20)."""
    if onset == "ㄹ" and coda != "ㄹ" and coda:
        if coda == "ㄴ":
            return ("ㄴ", "ㄴ") if left.is_closed else ("ㄹ", "ㄹ")
        return _NASAL.get(coda, coda), "ㄴ"
    if onset == "ㄴ" and coda == "ㄹ":
        return "ㄹ", "ㄹ"
    return (_NASAL.get(coda, coda) if onset in "ㄴㅁ" else coda), onset
