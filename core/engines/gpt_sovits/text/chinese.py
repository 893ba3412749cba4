"""Phonemes of Mandarin: characters to words, words to syllables, syllables to initial and final.

Every syllable makes two phones, every mark one. Readings come from pypinyin, which knows phrases;
a better judge of characters with several readings (g2pW) can be put in its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from core.engines.gpt_sovits.text import chinese_as_reference, chinese_normalise
from core.engines.gpt_sovits.text.chinese_words import Word, words
from core.engines.gpt_sovits.text.phones import Phones, Version
from core.engines.gpt_sovits.text.symbols import UNKNOWN, numbers, table
from core.engines.gpt_sovits.text.tone_sandhi import changed, joined

if TYPE_CHECKING:
    from pypinyin import Style

Readings = Callable[[str], Sequence[str]]
"""Pinyin of every character of a clause, tone behind it (`hao3`, 5 for none); marks as they are."""

MARKS: Final = "!?…,.-"
"""Punctuation that is a phone."""

_RUN: Final = re.compile(f"([{MARKS}])[{MARKS}]+")
_UNREAD: Final = re.compile(rf"[^\u4e00-\u9fa5{MARKS}]+")
_CLAUSE: Final = re.compile(f"(?<=[{MARKS}])")
_SAID_ALIKE: Final = str.maketrans({"嗯": "恩", "呣": "母"})
"""Characters whose own syllables have no symbols."""

_AFTER_INITIAL: Final = {"uei": "ui", "iou": "iu", "uen": "un"}
_ALONE: Final = {"ing": "ying", "i": "yi", "in": "yin", "u": "wu"}
_ALONE_START: Final = {"v": "yu", "i": "y", "u": "w"}


def g2p(
    text: str,
    version: Version,
    *,
    as_reference: bool = False,
    readings: Readings | None = None,
) -> Phones:
    """Phonemes of Chinese text; never raises.

    Args:
        text: Anything; what cannot be read is left out.
        version: `v1` does not let 儿 follow the tone before it.
        as_reference: Make the reference implementation's mistakes.
        readings: Decides between several readings of a character; by phrase without it.
    """
    norm_text = normalise(text, as_reference=as_reference)
    per_character = list(_phones(norm_text, version, as_reference, readings))
    phones = [phone for made in per_character for phone in made]
    return Phones(norm_text, tuple(phones), tuple(len(made) for made in per_character))


def normalise(text: str, *, as_reference: bool = False) -> str:
    """The text as it is said: ideographs and the marks that are phones, nothing else."""
    if as_reference:
        said = chinese_as_reference.written_out(text)
    else:
        said = chinese_normalise.written_out(text)
    said = with_marks(said.translate(_SAID_ALIKE), _table("zh_punct_map"))
    return _RUN.sub(r"\1", _UNREAD.sub("", said))


def with_marks(text: str, marks: Mapping[str, str]) -> str:
    """The text, its punctuation replaced by a table's."""
    pattern = "|".join(re.escape(mark) for mark in marks)
    return re.sub(pattern, lambda mark: marks[mark[0]], text)


def _phones(
    norm_text: str, version: Version, as_reference: bool, readings: Readings | None
) -> Iterator[Sequence[str]]:
    """Phones of each character."""
    for clause in _CLAUSE.split(norm_text):
        parts = joined(words(clause), _finals, as_reference=as_reference) if clause else []
        read = [_parts(syllable) for syllable in readings(clause)] if readings else None
        start = 0
        for word in parts:
            stop = start + len(word.text)
            if read is not None and len(read) == len(clause):
                initials = [initial for initial, _ in read[start:stop]]
                finals = [final for _, final in read[start:stop]]
            else:
                initials, finals = _initials(word.text), _finals(word.text)
            finals = changed(word, finals, as_reference=as_reference)
            if version != "v1":
                finals = _with_er(word, finals)
            for initial, final in zip(initials, finals, strict=True):
                yield symbols_of(initial, final, version)
            start = stop


def symbols_of(initial: str, final: str, version: Version) -> tuple[str, ...]:
    """Phones of a syllable, or of a mark, which is both its initial and its final.

    Args:
        initial: As pypinyin gives it, empty where a syllable begins with a vowel.
        final: With its tone, `v` for ü.
    """
    if initial == final:  # a character without a syllable has neither
        return (initial if initial and initial in MARKS else UNKNOWN,)
    vowel, tone = final[:-1], final[-1:]
    if initial:
        spelling = initial + _AFTER_INITIAL.get(vowel, vowel)
    else:
        spelling = _ALONE.get(vowel) or _ALONE_START.get(vowel[:1], vowel[:1]) + vowel[1:]
    known = numbers(version)
    onset, _, rime = (
        _table("zh_pinyin_to_symbols").get(spelling, f"{initial} {vowel}").partition(" ")
    )
    phones = (onset, rime + tone)
    return phones if all(phone in known for phone in phones) else (UNKNOWN,)


def _with_er(word: Word, finals: list[str]) -> list[str]:
    """Finals of a word in which 儿 colours the syllable before and takes its tone."""
    text, pos = word
    if text[-1] != "儿":
        return finals
    last = "er2" if finals[-1] == "er1" else finals[-1]
    whole, ending = _words("zh_must_erhua"), _words("zh_not_erhua")
    coloured = text in whole or not (text in ending or pos in {"a", "j", "nr"})
    if coloured and len(text) > 1 and last in {"er2", "er5"} and text[-2:] not in ending:
        tone = finals[-2][-1:]
        last = "er" + (tone if tone.isdigit() else "5")
    return [*finals[:-1], last]


def _initials(word: str) -> list[str]:
    from pypinyin import Style  # noqa: PLC0415 - 0.2 s that only Chinese text needs

    return _read(word, Style.INITIALS)


def _finals(word: str) -> list[str]:
    from pypinyin import Style  # noqa: PLC0415 - see above

    return _read(word, Style.FINALS_TONE3)


def by_phrase(clause: str) -> Sequence[str]:
    """What a judge of readings says where it has no better answer: `Readings` of pypinyin."""
    from pypinyin import Style  # noqa: PLC0415 - see above

    return _read(clause, Style.TONE3)


def _read(word: str, style: Style) -> list[str]:
    """One entry a character: a part of its syllable, or the character if it has none."""
    from pypinyin import lazy_pinyin  # noqa: PLC0415 - see above

    # It takes any function; the types it states are narrower.
    apart: Any = list
    return lazy_pinyin(word, style=style, neutral_tone_with_five=True, errors=apart)


def _parts(syllable: str) -> tuple[str, str]:
    """Initial and final of pinyin with its tone behind it."""
    from pypinyin.contrib import tone_convert  # noqa: PLC0415 - see above

    if not syllable[:1].isalpha() or not syllable.isascii():
        return syllable, syllable
    final = tone_convert.to_finals_tone3(syllable, neutral_tone_with_five=True)
    return tone_convert.to_initials(syllable), final


@cache
def _table(name: str) -> Mapping[str, str]:
    found: Mapping[str, str] = table(name)
    return found


@cache
def _words(name: str) -> frozenset[str]:
    return frozenset(table(name))
