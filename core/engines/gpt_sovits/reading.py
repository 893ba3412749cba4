"""A text to what the models read: numbers of phones, and what BERT has to say about some."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from core.engines.gpt_sovits.text import cut, segment
from core.engines.gpt_sovits.text.assemble import (
    FrontEnds,
    SegmentPhones,
    front_end,
    segment_phones,
)
from core.engines.gpt_sovits.text.phones import Version
from core.engines.gpt_sovits.text.segment import Mode
from core.errors import InputError

AUTO = "auto"
"""The mode of a text whose language nobody told."""
N_SYMBOLS_V1 = 322

_SILENT = frozenset(("SP", "SP2", "SP3", "UNK"))

Features = Callable[[str], Tensor]
"""A normalised Chinese text to f32 [characters, n_bert]. Raises InputError without a BERT."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Text:
    """
    Args:
        phones: i64 [T].
        bert: f32 [n_bert, T]; None: all zero.
        n_sounding: Phones that are heard: all but marks and pauses.
    """

    phones: Tensor
    bert: Tensor | None
    n_sounding: int


def version_of(n_symbols: int) -> Version:
    """Whose symbols a synthesiser with so many was trained with."""
    return "v1" if n_symbols <= N_SYMBOLS_V1 else "v2"


def read_utterance(
    text: str,
    language: str,
    version: Version,
    features: Features,
    front_ends: FrontEnds = front_end,
) -> Text:
    """What one utterance is to the models.

    Args:
        text: To say.
        language: ISO 639-1 code, or `auto`; English words in other languages stay English.
        version: Symbols of the models.
        features: Of BERT; asked for Chinese alone.
        front_ends: Which reads each language.

    Raises:
        InputError: There is nothing to say in it, or the models do not speak the language.
    """
    segment.check_mode(language, version)
    whole = "".join(cut.pre_seg_text(text, language, "cut0"))
    return _checked(read(whole, cast(Mode, language), version, features, front_ends), text)


def read_transcript(
    text: str,
    language: str,
    version: Version,
    features: Features,
    front_ends: FrontEnds = front_end,
) -> Text | None:
    """What the reference says; None where that is nothing. Arguments as of `read_utterance`."""
    said = cut.replace_consecutive_punctuation(text).strip()
    if not re.search(r"\w", said):
        return None
    segment.check_mode(language, version)
    ended = cut.ended(said, language)
    found = read(ended, cast(Mode, language), version, features, front_ends)
    return found if found.n_sounding else None


def read(
    text: str,
    mode: Mode,
    version: Version,
    features: Features,
    front_ends: FrontEnds = front_end,
    *,
    as_reference: bool = False,
) -> Text:
    """One segment, ended by a mark, as it stands."""
    found = segment_phones(text, mode, version, as_reference=as_reference, front_ends=front_ends)
    return Text(
        phones=torch.tensor(found.ids, dtype=torch.int64),
        bert=_bert(found, features),
        n_sounding=sum(_sounds(phone) for phone in found.phones),
    )


def _bert(found: SegmentPhones, features: Features) -> Tensor | None:
    rows: Tensor | None = None
    for stretch in found.bert_stretches:
        each = features(stretch.norm_text).cpu()  # [characters, n_bert]
        repeated = each.repeat_interleave(torch.tensor(stretch.word2ph), dim=0)
        if rows is None:
            rows = torch.zeros(len(found.ids), each.shape[1])
        rows[stretch.start : stretch.start + len(repeated)] = repeated
    return None if rows is None else rows.T


def _sounds(phone: str) -> bool:
    return phone not in _SILENT and any(letter.isalpha() for letter in phone)


def _checked(found: Text, text: str) -> Text:
    if found.n_sounding:
        return found
    short = text if len(text) <= 40 else f"{text[:39]}…"
    raise InputError(
        f"Nothing in “{short}” can be said in this language.",
        "Choose the language that the text is in.",
    )
