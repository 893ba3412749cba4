"""English text to ARPAbet phonemes: numbers in words, the CMU dictionary, homographs by context."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from core.engines.builtin.phones_text import folded
from core.engines.gpt_sovits.text.english_reference import (
    DICTIONARY_SLIPS,
    normalise_as_reference,
    parts_as_reference,
)
from core.engines.gpt_sovits.text.homographs import (
    REFERENCE_TAG,
    homographs,
    homographs_of_reference,
    said_in_context,
)
from core.engines.gpt_sovits.text.lexicon import (
    Said,
    any_word,
    dictionary,
    known_word,
    letters,
    unknown_word,
    with_s,
)
from core.engines.gpt_sovits.text.phones import Phones, Version
from core.engines.gpt_sovits.text.symbols import numbers
from core.text.spoken import say

_LEAST_PHONES: Final = 4
_MARKS: Final[dict[int, str]] = str.maketrans(
    {
        "，": ",", "、": ",", "；": ",", ";": ",", "：": ",", ":": ",", "。": ".", "！": "!",
        "？": "?", "…": ".", "—": ",", "–": ",", "．": ".", "・": " ", "·": " ",
    }
)  # fmt: skip
_APOSTROPHES: Final[dict[int, str]] = str.maketrans(dict.fromkeys("‘’ʼ`", "'"))
_EDGE: Final = re.compile(r"^(?:[\s.,!?;:。，、；：！？…—]|-(?!\d))*")
_TOKEN: Final = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*'?|[.,!?]")
_CAPITALS: Final = re.compile(r"[A-Z]{2,}(?=[A-Z][a-z])|[A-Z]{2,}|[A-Z]?[^\W\d_A-Z]+|[A-Z]")
_SPELLED: Final = 3
"""Capitals up to this length are letters, unless they are one of these words said loudly."""
_LOUD_WORDS: Final = """
a i an and any are as at bad be big but by can day did do for get go god had has he her him his
hot how if in is it's its let lot man me my new no nor not now of off oh ok old on one our out
put red run say see she so stop ten the too top try two up use via was way we why win yes yet
you mr ms dr all boy fun mad sad end act
"""
_LOUD: Final = frozenset(_LOUD_WORDS.split())
_BRITISH_AND: Final = re.compile(
    r"\b(hundred|thousand|million|billion) and (?=(?:one|two|three|four|five|six|seven|eight|nine"
    r"|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|twenty"
    r"|(?:thir|for|fif|six|seven|eigh|nine)ty|first|second|third|(?:four|fif|six|seven|eigh|nin|ten"
    r"|eleven|twelf|(?:thir|four|fif|six|seven|eigh|nine)teen)th"
    r"|(?:twent|thirt|fort|fift|sixt|sevent|eight|ninet)ieth)\b)"
)
"""Numbers are read as Americans do, whose voices the models learned English from."""
_REFERENCE_TOKEN: Final = re.compile(
    r"[A-Za-z]+(?:[.-][A-Za-z]+)*\.(?:com|org|net|edu|gov|io|cn|uk)\b"
    r"|[A-Za-z]+(?:['-][A-Za-z]+)*|[^\sA-Za-z]"
)
_SAINT: Final = re.compile(r"(?<![A-Za-z]\s)\bSt\.(?=\s[A-Z])")
"""After a word it is a street: `Main St.`."""
_SAID_AS_WORD: Final = re.compile(
    "[aeiou]?(?:[bcdfghjklmnpqrstvwxz][aeiou])+[bcdfghjklmnpqrstvwxz]?"
)
"""Capitals of four letters and more that are a word: COVID, FIFA."""
_ABBREVIATED: Final = re.compile(r"\b(?:[A-Za-z]\.){2,}")


def g2p(text: str, version: Version, *, as_reference: bool = False) -> Phones:
    """Phonemes of English text (see `FrontEnd`).

    Args:
        text: One segment; letters of other scripts are said as an American would.
        version: Both have the same English.
        as_reference: Numbers, signs and capitals as the reference reads them; every homograph a
            noun, as its recorded runs did. What its network reads is read by our letter model.
    """
    if as_reference:
        norm_text = normalise_as_reference(text)
        tokens = _REFERENCE_TOKEN.findall(norm_text)
        said = [phone for token in tokens for phone in _as_reference(token)]
    else:
        norm_text = normalise(text)
        said = list(_phones(norm_text))
    place = numbers(version)
    phones = [phone for phone in ("-" if p == "'" else p for p in said) if phone in place]
    if as_reference and len(phones) < _LEAST_PHONES:
        # Even within a sentence; for a text that is short as a whole, `assemble` does the same.
        phones.insert(0, ",")
    return Phones(norm_text, tuple(phones))


def normalise(text: str) -> str:
    """English as it is read: words, `' -` inside of them, and `. , ? !` between."""
    text = unicodedata.normalize("NFKC", text.replace("…", "...").translate(_APOSTROPHES))
    edge = _EDGE.match(text)
    head = edge.group() if edge else ""
    body = _SAINT.sub("Saint", text[len(head) :].rstrip())
    end = body[-1:].translate(_MARKS)
    said = _ABBREVIATED.sub(_initials, say(body, "en")).translate(_MARKS).replace("...", ".")
    if not _BRITISH_AND.search(body):
        said = _BRITISH_AND.sub(r"\1 ", said)
    if said and end in (".", ",", "!", "?") and said[-1] not in ".,!?":
        said += end
    said = "".join(sign if sign.isalpha() or sign in " '.,?!-" else " " for sign in said)
    said = re.sub(r"\s+([.,!?])", r"\1", " ".join(said.split()))
    first = "".join(sign for sign in head.translate(_MARKS) if sign in ".,!?")[:1]
    return first + re.sub(r"([.,!?])[.,!?]+", r"\1", said)


def _initials(match: re.Match[str]) -> str:
    """`U.S.A.` as capitals; the point stays where it ends the sentence."""
    ends = not match.string[match.end() :].strip()
    return match.group().replace(".", "").upper() + ("." if ends else "")


def _phones(norm_text: str) -> Iterator[str]:
    tokens = _TOKEN.findall(norm_text)
    is_loud = _is_loud(tokens)
    words = [folded(token.lower(), "") for token in tokens]
    for at, token in enumerate(tokens):
        if not token[0].isalpha():
            yield token
        elif len(token) == 1:
            starts = at == 0 or not words[at - 1][0].isalpha()
            goes_on = at + 1 < len(words) and len(words[at + 1]) > 1
            is_small = token.islower() or starts or is_loud
            yield from _letter(words[at] or token, is_article=goes_on and is_small)
        elif words[at] in homographs() and (is_loud or not token.isupper()):
            is_accented = words[at] != token.lower()  # résumé
            yield from (
                homographs()[words[at]].otherwise if is_accented else said_in_context(words, at)
            )
        else:
            yield from _word(folded(token, ""), is_loud)


def _is_loud(tokens: Sequence[str]) -> bool:
    """Whether a text is written in capitals throughout: then they mean nothing."""
    if any(token.islower() or token.istitle() for token in tokens if len(token) > 1):
        return False
    known = [token.lower() for token in tokens if token.lower() in dictionary()]
    return len(known) >= 2 and any(word in _LOUD or len(word) > _SPELLED for word in known)


def _letter(letter: str, *, is_article: bool) -> Said:
    """The article, or the name of a letter: `a cat`, `plan A`, `a m`."""
    if letter in "aA" and is_article:
        return ("AH0",)
    return letters(letter) or unknown_word(letter)


def _word(token: str, is_loud: bool) -> Said:
    """A word with its capitals; `is_loud` where the whole text is in capitals."""
    lower = token.lower().strip("'")
    if len(token) == 1:
        return letters(lower) or unknown_word(lower)
    if token.isupper() and not is_loud:
        return _capitals(lower)
    known = known_word(lower)
    if known:
        return known
    if "-" in lower:
        return tuple(phone for part in token.split("-") for phone in _word(part, is_loud))
    stem, apostrophe, rest = token.partition("'")
    parts = _CAPITALS.findall(stem)
    if len(parts) > 1 and not is_loud:
        # iPhone, OpenAI, McDonald: names written with capitals inside.
        said = tuple(phone for part in parts for phone in _word(part, is_loud))
        return with_s(said) if apostrophe and rest.lower() == "s" else said
    return any_word(lower)


def _capitals(lower: str) -> Said:
    """NASA is a word, FBI is not; NO and THE are words said loudly."""
    stem = lower.removesuffix("'s")
    if stem in _LOUD or (len(stem) > _SPELLED and stem in dictionary()):
        said = known_word(stem) or ()
    elif len(stem) > _SPELLED + 2 or (len(stem) > _SPELLED and _SAID_AS_WORD.fullmatch(stem)):
        said = any_word(stem)
    else:
        said = letters(stem)
    return with_s(said) if stem != lower else said


def _as_reference(token: str) -> Sequence[str]:
    """A token the way the reference looks it up."""
    lower = token.lower()
    if not re.search("[a-z]", lower):
        return (token,)
    if len(lower) == 1:
        return ("EY1",) if token.isupper() and lower == "a" else known_word(lower) or ()
    homograph = homographs_of_reference().get(lower)
    if homograph is not None:
        return homograph.said_as(REFERENCE_TAG)
    return _looked_up(lower)


def _looked_up(lower: str) -> Sequence[str]:
    if lower in DICTIONARY_SLIPS:
        return DICTIONARY_SLIPS[lower].split()
    known = known_word(lower) if len(lower) > 1 else None
    if known:
        return known
    if len(lower) <= _SPELLED:
        return letters(lower)
    if lower.endswith("'s"):
        return with_s(tuple(_looked_up(lower[:-2])))
    parts = parts_as_reference(lower)
    if len(parts) > 1:
        return [phone for part in parts for phone in _looked_up(part)]
    return unknown_word(lower)
