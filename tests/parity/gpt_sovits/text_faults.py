"""Which texts the reference is known to read wrong, told by what stands in the text.

Not by row numbers: another folder has other texts. Where a rule fits, the row is reported but does
not count. Each rule names the fault that it stands for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from core.engines.gpt_sovits.text.lexicon import dictionary
from core.engines.gpt_sovits.text.segment import stretches
from tests.parity.gpt_sovits import text_ja, text_ko, text_yue, text_zh

_HAN = "\u3400-\u9fff"
_LATIN_OR_KANA = "A-Za-zＡ-Ｚａ-ｚ\u3041-\u30ff\uac00-\ud7a3"

_ENGLISH = (
    ("a blank before a minus sign is lost", r"\s[-\u2212]\d"),
    ("an abbreviation of a speed is cut", r"\d\s?(?:km|m|mi)/h"),
    ("a dash joins two words", r"\w\s?[—–]\s?\w"),
    ("the at sign is dropped", r"\w@\w"),
    ("a.m. is said twice", r"\d:\d\d\s*[AaPp]\.?[Mm]\b"),
    ("a unit after a blank is spelled", r"\d (?:k?m|cm|mm|ft|L|tbsp|tsp|h|min|s|k?g|lb|oz)\b"),
    ("known words in capitals are spelled", r"\b(?:CHATGPT|CONDA|[A-Z]*[a-z]+GPT)\b"),
    ("commas return into long numbers", r"\d,\d{3}|\d{5,}"),
)

_SHORT = 4
"""The reference asks a language model for single words; it is right about longer stretches."""


def fault_of(text: str, language: str) -> str | None:
    """The known fault that the reference's reading of `text` has, if any."""
    if language == "en":
        return next((name for name, pattern in _ENGLISH if re.search(pattern, text)), None)
    if language == "zh" and text_zh.is_read_wrong(text):
        return "what the Chinese rules read wrong"
    if language == "yue" and text_yue.is_read_wrong(text):
        return "what the Cantonese rules read wrong"
    if language == "ja" and text_ja.is_read_wrong(text):
        return "what the Japanese dictionary or rules read wrong"
    if language == "ko" and text_ko.is_read_wrong(text):
        return "what the Korean rules read wrong"
    return None


def unknown_words(text: str) -> list[str]:
    """English words that no dictionary has: a network of the reference makes up how they sound."""
    words = re.findall(r"[A-Za-z]+(?:['-][A-Za-z]+)*", text)
    known = dictionary()
    unknown = []
    for word in words:
        lower = word.lower().removesuffix("'s")
        if any(not re.search("[aeiouy]", part) for part in lower.split("-")):
            if len(lower) > 3:
                unknown.append(word)  # mm-hmm
            continue
        if word.isupper() or len(lower) <= 3 or lower in known:
            continue
        # Capitals inside part a name: iPhone is read as two words.
        parts = [part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]", word)]
        if len(parts) < 2 or any(part not in known for part in parts):
            unknown.append(word)
    return unknown


def is_short_stretch(text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]`, one stretch of one script, is too short to tell its language."""
    return len(re.findall(rf"[{_HAN}]", text[start:end])) <= _SHORT


def misjudged_characters(text: str) -> list[bool]:
    """Per character, whether the reference's guess of its language is known not to count.

    That is so for a few ideographs between other things, for signs and numbers (which follow
    them), and for full-width letters.
    """
    doubtful = [not re.match(rf"[{_HAN}{_LATIN_OR_KANA}]", sign) for sign in text]
    for run in re.finditer(rf"[{_HAN}]+", text):
        if is_short_stretch(text, *run.span()):
            doubtful[run.start() : run.end()] = [True] * (run.end() - run.start())
    for run in re.finditer(r"[Ａ-Ｚａ-ｚ]+|(?<=°)[CF]", text):
        doubtful[run.start() : run.end()] = [True] * (run.end() - run.start())
    return doubtful


def judged_otherwise(text: str, parts: Sequence[Mapping[str, str]]) -> list[int]:
    """Places of the characters whose language the reference sees otherwise than we do.

    Args:
        text: In any language.
        parts: Its stretches as the reference found them; what it drops is in none.
    """
    found = [
        part.language for part in stretches(text, "auto", as_reference=True) for _ in part.text
    ]
    places, at = [], 0
    for part in parts:
        for sign in part["text"]:
            at = text.index(sign, at)
            if found[at] != part["lang"]:
                places.append(at)
            at += 1
    return places
