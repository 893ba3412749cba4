"""One segment of mixed text to the numbers a model reads, and where BERT has something to say."""

from __future__ import annotations

import importlib
import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, cast

from core.engines.gpt_sovits.text import symbols
from core.engines.gpt_sovits.text.phones import FrontEnd, Language, Phones, Version
from core.engines.gpt_sovits.text.segment import Mode, Stretch, stretches

_MODULES: Final[Mapping[Language, str]] = MappingProxyType(
    {"zh": "chinese", "yue": "cantonese", "ja": "japanese", "ko": "korean", "en": "english"}
)
_LEAST_PHONES: Final = 6
_PAUSES: Final[Mapping[str, str]] = MappingProxyType({"￥": "SP2", "^": "SP3"})
"""Marks that a person writes into Chinese text for a pause, and the symbol of each."""
_PAUSE: Final = re.compile(r"[￥^](?!\s*\d)")
"""Before a number ￥ is money."""


@dataclass(frozen=True)
class BertStretch:
    """A part of a segment that gets features of the text model; all else has zeros.

    Args:
        start: Place of its first phone in the segment.
        norm_text: What the model reads, one token per character.
        word2ph: How often each character's feature is repeated, that is its number of phones.
    """

    start: int
    norm_text: str
    word2ph: tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """A stretch of a segment in one language, as it is said."""

    language: Language
    phones: Phones


@dataclass(frozen=True)
class SegmentPhones:
    """What a segment is to the models.

    Args:
        parts: In order; every phone is a symbol of the version.
        version: Whose symbols.
    """

    parts: tuple[Part, ...]
    version: Version

    @property
    def phones(self) -> tuple[str, ...]:
        """Names of all phones."""
        return tuple(phone for part in self.parts for phone in part.phones.phones)

    @property
    def ids(self) -> tuple[int, ...]:
        """Numbers of all phones."""
        return symbols.ids(self.phones, self.version)

    @property
    def norm_text(self) -> str:
        """The segment as it is said."""
        return "".join(part.phones.norm_text for part in self.parts)

    @property
    def bert_stretches(self) -> tuple[BertStretch, ...]:
        """Where the features are not zero: Chinese, but not Cantonese."""
        counts = [len(part.phones.phones) for part in self.parts]
        starts = itertools.accumulate(counts, initial=0)
        return tuple(
            BertStretch(start, part.phones.norm_text, part.phones.word2ph)
            for part, start in zip(self.parts, starts, strict=False)
            if part.language == "zh" and part.phones.norm_text and part.phones.word2ph is not None
        )


FrontEnds = Callable[[Language], FrontEnd]
"""The front end of a language."""


def front_end(language: Language) -> FrontEnd:
    """The `g2p` of a language; its libraries load with the first text in it."""
    module = importlib.import_module(f"core.engines.gpt_sovits.text.{_MODULES[language]}")
    return cast(FrontEnd, module.g2p)


def segment_phones(
    text: str,
    mode: Mode,
    version: Version = "v2",
    *,
    as_reference: bool = False,
    front_ends: FrontEnds = front_end,
) -> SegmentPhones:
    """Phones of a segment of text.

    Args:
        text: One of the segments that `cut.pre_seg_text` makes, or a transcript.
        mode: What it is in.
        version: Symbols and rules of the model.
        as_reference: With the reference's mistakes, to compare with it.
        front_ends: Which reads each language.

    Raises:
        InputError: The version does not speak `mode`.
    """
    text = re.sub(r" {2,}", " ", text)
    made = _read(text, mode, version, as_reference, front_ends)
    if len(made.phones) < _LEAST_PHONES:
        # The models lose the first sound of a very short text; a mark in front takes the loss.
        made = _read("." + text, mode, version, as_reference, front_ends)
    return made


def _read(
    text: str, mode: Mode, version: Version, as_reference: bool, front_ends: FrontEnds
) -> SegmentPhones:
    parts = []
    for stretch in stretches(text, mode, version, as_reference=as_reference):
        phones = _stretch_phones(stretch, version, as_reference, front_ends(stretch.language))
        known = symbols.known(phones.phones, version)
        parts.append(Part(stretch.language, Phones(phones.norm_text, known, phones.word2ph)))
    return SegmentPhones(tuple(parts), version)


def _stretch_phones(
    stretch: Stretch, version: Version, as_reference: bool, g2p: FrontEnd
) -> Phones:
    if stretch.language != "zh":
        return g2p(stretch.text, version, as_reference=as_reference)
    if as_reference:
        return _every_comma_a_pause(stretch.text, version, g2p)
    pieces = _PAUSE.split(stretch.text)
    made = g2p(pieces[0], version)
    for mark, piece in zip(_PAUSE.findall(stretch.text), pieces[1:], strict=True):
        made = _joined(made, Phones(",", (_PAUSES[mark],), (1,)))
        if piece.strip():
            made = _joined(made, g2p(piece, version))
    return made


def _every_comma_a_pause(text: str, version: Version, g2p: FrontEnd) -> Phones:
    pause = next((name for mark, name in _PAUSES.items() if mark in text), None)
    if pause is None:
        return g2p(text, version, as_reference=True)
    for mark in _PAUSES:
        text = text.replace(mark, ",")
    made = g2p(text, version, as_reference=True)
    phones = tuple(pause if phone == "," else phone for phone in made.phones)
    return Phones(made.norm_text, phones, made.word2ph)


def _joined(left: Phones, right: Phones) -> Phones:
    assert left.word2ph is not None
    assert right.word2ph is not None
    return Phones(
        left.norm_text + right.norm_text,
        left.phones + right.phones,
        left.word2ph + right.word2ph,
    )
