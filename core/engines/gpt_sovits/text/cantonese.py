"""Phonemes of Cantonese: characters to Jyutping, syllables to initial and final.

Every syllable makes two phones, every mark one; their names begin with Y, which keeps them apart
from those of Mandarin.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Final

from core.engines.gpt_sovits.text import chinese_as_reference, chinese_normalise
from core.engines.gpt_sovits.text.chinese import MARKS, with_marks
from core.engines.gpt_sovits.text.phones import Phones, Version
from core.engines.gpt_sovits.text.symbols import UNKNOWN, known, table

_SYLLABLE: Final = re.compile("([a-z]+)([1-6])")
_UNREAD_AS_REFERENCE: Final = re.compile(rf"[^\u4e00-\u9fa5{MARKS}]+")
_UNREAD: Final = re.compile(
    rf"[^\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff{MARKS}]+"
)
_PREFIX: Final = "Y"
_DOLLAR: Final = re.compile(r"(?<![A-Za-z])\$(?=\s?\d)")
"""Hong Kong's, where nothing says whose."""


def g2p(text: str, version: Version, *, as_reference: bool = False) -> Phones:
    """Phonemes of Cantonese text; never raises.

    Args:
        text: Anything; what cannot be read is left out.
        version: `v1` has no Cantonese: every phone is unknown to it.
        as_reference: Make the reference implementation's mistakes.
    """
    norm_text = normalise(text, as_reference=as_reference)
    per_character = [known(made, version) for made in _phones(norm_text, as_reference)]
    phones = tuple(phone for made in per_character for phone in made)
    return Phones(norm_text, phones, tuple(len(made) for made in per_character))


def normalise(text: str, *, as_reference: bool = False) -> str:
    """The text as it is said: ideographs and the marks that are phones, nothing else.

    The reference simplifies first, which loses readings, and drops what only Cantonese writes (㗎).
    """
    if as_reference:
        said = chinese_as_reference.written_out(text)
    else:
        text = _DOLLAR.sub("HK$", text)
        said = chinese_normalise.written_out(text, to_simplified=False, one="一")
    said = with_marks(said, _marks())
    return (_UNREAD_AS_REFERENCE if as_reference else _UNREAD).sub("", said)


def _phones(norm_text: str, as_reference: bool) -> Iterator[Sequence[str]]:
    """Phones of each character."""
    import ToJyutping  # noqa: PLC0415 - a second that only Cantonese text needs

    for char, syllables in ToJyutping.get_jyutping_list(norm_text):
        if char in MARKS:
            yield (char,)
            continue
        found = _SYLLABLE.findall(syllables or "")
        if not found:
            yield (UNKNOWN,)
        elif as_reference and len(found) > 1:
            # It takes what is between the first letter and the last tone for one final.
            yield _initial_and_final(str(syllables)[:-1], found[-1][1])
        else:
            yield [phone for part in found for phone in _initial_and_final(*part)]


def _initial_and_final(syllable: str, tone: str) -> tuple[str, ...]:
    """Phones of a syllable: `gwok`, `3` -> Ygw, Yok3.

    Args:
        syllable: Jyutping without its tone.
        tone: 1 to 6.
    """
    if syllable.startswith("nga"):
        initial, final = "ng", syllable[2:]
    else:
        initial = next((found for found in _initials() if syllable.startswith(found)), "")
        # A syllable that is all initial (m, ng) is said on its last letter.
        final = syllable[len(initial) :] or initial[-1:]
    if not initial:
        return (UNKNOWN,)
    return f"{_PREFIX}{initial}", f"{_PREFIX}{final}{tone}"


@cache
def _initials() -> tuple[str, ...]:
    """In the order they are tried: `aa` comes before `aai`, and so takes its place."""
    return tuple(table("yue_initials_order"))


@cache
def _marks() -> Mapping[str, str]:
    found: Mapping[str, str] = table("yue_punct_map")
    return found
