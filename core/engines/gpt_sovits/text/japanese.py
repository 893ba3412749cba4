"""Phonemes of Japanese with its pitch: OpenJTalk's full-context labels to phones and accent marks.

A `[` stands where the pitch rises and a `]` where it falls. The border of two accent phrases has
no symbol in the list: every model learned it as `UNK`, so that is what it stays.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from core.engines.gpt_sovits.text.japanese_accents import Feature, mended, of_reference
from core.engines.gpt_sovits.text.phones import Phones, Version
from core.engines.gpt_sovits.text.symbols import UNKNOWN, known
from core.text.spoken import say

BORDER: Final = UNKNOWN
"""Between two accent phrases."""

_MAX_CHARS: Final = 200
"""Longest stretch that is read in one go: OpenJTalk's time and memory grow with it."""

_READABLE: Final = re.compile(
    r"[A-Za-z\d\u3005\u3040-\u30ff\u4e00-\u9fff\uff11-\uff19\uff21-\uff3a\uff41-\uff5a\uff66-\uff9d]+"
)
"""What OpenJTalk is given; the rest are marks."""
_READABLE_OWN: Final = re.compile(
    r"[A-Za-z0-9\u3005-\u3007\u3041-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+"
)
_MARKS: Final[dict[int, str]] = str.maketrans(
    {
        "：": ",", "；": ",", "，": ",", "、": ",", "·": ",", "。": ".", "！": "!", "？": "?",
        "\n": ".",
    }
)  # fmt: skip
_OWN_MARKS: Final[dict[int, str]] = _MARKS | str.maketrans(
    {
        ";": ",", ":": ",", "．": ".", "｡": ".", "､": ",", "‥": "…", "—": ",", "–": ",", "〜": ",",
        "～": ",", "~": ",",
    }
)  # fmt: skip
_RUN: Final = re.compile(r"([!?…,.-])[!?…,.-]+")
_BRACKETS: Final = re.compile(r"[「」『』〈〉《》【】〔〕（）()“”\"]")
"""They part words as the border of an accent phrase does, and are read as one."""
_HALF_WIDTH_KANA: Final = re.compile(r"[\uff61-\uff9f]+")
_SPAN: Final = re.compile(r"(?<=[\d時分秒日月年歳円個人])\s*[〜～~]\s*(?=\d)")
_MINUS: Final = re.compile(r"(?<=[\u3041-\u309f])[-−－](?=[\d０-９])")
"""After kana (気温は-5度); between numbers and letters it joins."""
_WEEKDAY: Final = re.compile(r"(?<=日)\s?[(（]([月火水木金土日])[)）]")
_HAS_MINUTES: Final = re.compile(r"\d\s?分|\d[:：]\d\d|[０-９]分")
_MINUTES: Final = re.compile(
    "(?<![一二三四五六七八九十百千万〇点])(?=.分|..分|...分)(?P<tens>[二三四五六七八九]?十)?"
    "(?P<ones>[一二三四五六七八九])?分(?!の[一二三四五六七八九十百])"
)
"""In kanji they may be shares of ten (五分) or `enough` (十分); in figures they are minutes."""
_LONG: Final = re.compile(r"(?<=[\u3041-\u30fc])[〜～~]+")
"""Written for a vowel that is held."""
_EDGES: Final = re.compile(r"([!?…,.\s]*)(.*?)([!?…,.\s]*)", re.DOTALL)
_VOWELS: Final = frozenset("aeiouN") | {"cl"}
"""What a mora ends in."""

_LABEL: Final = re.compile(
    r"-(?P<phone>[^+]*)\+.*"
    r"/A:(?P<from_fall>-?\d+|xx)\+(?P<mora>\d+|xx)\+(?P<moras_left>\d+|xx)/"
    r".*/F:(?P<length>\d+|xx)_"
)
_NOWHERE: Final = -50
"""For a place in a phrase that a label does not have; no place is as far from all others."""


@dataclass(frozen=True)
class _Label:
    """A phone in its accent phrase.

    Args:
        phone: Its name; voiceless vowels in capitals.
        from_fall: Its mora's distance from the one before which the pitch falls.
        mora: Place of its mora in the phrase, from 1.
        moras_left: The same from the end of the phrase, from 1.
        length: Moras in the phrase.
    """

    phone: str
    from_fall: int
    mora: int
    moras_left: int
    length: int


def g2p(text: str, version: Version, *, as_reference: bool = False) -> Phones:
    """Phonemes of Japanese text (see `FrontEnd`).

    Args:
        text: One segment; Latin letters are said by their names.
        version: `v1` has no symbols for the pitch.
        as_reference: Numbers and signs as the reference reads them.
    """
    norm_text = _normalised_as_reference(text) if as_reference else normalise(text)
    return Phones(norm_text, known(_phones(norm_text, as_reference), version))


def normalise(text: str) -> str:
    """Japanese as it is read: words, numbers in kanji, brackets, and `, . ! ? …` between."""
    text = _HALF_WIDTH_KANA.sub(lambda run: unicodedata.normalize("NFKC", run.group()), text)
    text = _MINUS.sub("マイナス", _LONG.sub("ー", _SPAN.sub("から", text)))
    text = _WEEKDAY.sub(r"\1曜日", text)
    pieces = _BRACKETS.split(text)
    brackets = [*_BRACKETS.findall(text), ""]
    said = "".join(
        _in_words(piece) + bracket for piece, bracket in zip(pieces, brackets, strict=True)
    )
    return _RUN.sub(r"\1", said)


def _in_words(piece: str) -> str:
    """A piece with its numbers in words; the marks at its edges stay, which `say` drops."""
    edges = _EDGES.fullmatch(piece.translate(_OWN_MARKS))
    assert edges is not None
    head, body, tail = edges.groups()
    start, end = len(head), len(piece) - len(tail)
    said = say(piece[start:end], "ja") if body else ""
    if _HAS_MINUTES.search(body):
        said = _MINUTES.sub(_in_figures, said)
    return "".join(head.split()) + said.translate(_OWN_MARKS) + "".join(tail.split())


def _in_figures(minutes: re.Match[str]) -> str:
    digits = "〇一二三四五六七八九"
    tens, ones = minutes["tens"], minutes["ones"]
    count = 10 * (digits.index(tens[0]) if tens and tens[0] in digits else 1) if tens else 0
    return f"{count + (digits.index(ones) if ones else 0)}分"


def _normalised_as_reference(text: str) -> str:
    return _RUN.sub(r"\1", text).replace("％", "パーセント").lower()


def _phones(norm_text: str, as_reference: bool) -> Iterator[str]:
    readable = _READABLE if as_reference else _READABLE_OWN
    at = 0
    for match in readable.finditer(norm_text):
        between = norm_text[at : match.start()]
        yield from _marks_as_reference(between) if as_reference else _marks(between, at > 0)
        yield from _with_pitch(match.group(), as_reference)
        at = match.end()
    yield from _marks_as_reference(norm_text[at:]) if as_reference else _marks(norm_text[at:])


def _marks_as_reference(signs: str) -> Iterator[str]:
    """A phone for each sign, known or not; blanks are none."""
    for sign in signs.translate(_MARKS):
        if not sign.isspace():
            yield sign


def _marks(signs: str, is_between_words: bool = False) -> Sequence[str]:
    """The marks among signs; where words have nothing but brackets between them, a border."""
    marks = [sign for sign in signs.translate(_OWN_MARKS) if sign in "!?…,."]
    return marks or ([BORDER] if is_between_words and _BRACKETS.search(signs) else [])


def _with_pitch(words: str, as_reference: bool) -> Iterator[str]:
    """Phones and accent marks of words without marks between."""
    for at in range(0, len(words), _MAX_CHARS):
        labels = _labels(words[at : at + _MAX_CHARS], as_reference)
        # The first and the last are the silence around.
        for label, after in itertools.pairwise(labels[1:]):
            if label.phone == "pau":
                yield "_"
                continue
            phone = label.phone.lower() if label.phone in "AEIOU" else label.phone
            yield phone
            yield from _accent(phone, label, after)


def _accent(phone: str, label: _Label, after: _Label) -> Sequence[str]:
    """What the pitch does after a phone (Kurihara et al., IEICE Trans. 2021, E104-D, table 2)."""
    if label.moras_left == 1 and after.mora == 1 and phone in _VOWELS:
        return (BORDER,)
    if label.from_fall == 0 and after.mora == label.mora + 1 and label.mora != label.length:
        return ("]",)
    if label.mora == 1 and after.mora == 2:
        return ("[",)
    return ()


def _labels(words: str, as_reference: bool) -> list[_Label]:
    words = words.lstrip("ー")  # cannot begin a word; OpenJTalk would say so on the terminal
    if not words:
        return []
    found = _words_as_reference(words) if as_reference else _words(words)
    if not any(word["mora_size"] for word in found):
        return []  # Chinese that no Japanese word is made of: it would complain again
    return [_parsed(label) for label in _jtalk().make_label(found)]


def _words(words: str) -> list[Feature]:
    """Words with their phrases and accents, by OpenJTalk and what its successor knows better."""
    import pyopenjtalk  # noqa: PLC0415 - loads a dictionary of 100 MB that only Japanese needs

    jtalk = _jtalk()
    found: list[Any] = []
    for morphemes in _parts(jtalk.run_mecab(words)):
        found += jtalk.run_njd_from_mecab(
            morphemes, restore_unknown_katakana=True, modify_numeral_reading=True
        )
    with warnings.catch_warnings():
        # It calls a dictionary (Sudachi) by an old name.
        warnings.simplefilter("ignore", DeprecationWarning)
        processed: list[Any] = pyopenjtalk.apply_postprocessing(words, found, jtalk=jtalk)
    return mended(processed)


def _words_as_reference(words: str) -> list[Feature]:
    """The same by OpenJTalk alone."""
    jtalk = _jtalk()
    morphemes = jtalk.run_mecab(words)
    found = jtalk.run_njd_from_mecab(
        morphemes, restore_unknown_katakana=False, modify_numeral_reading=False
    )
    return of_reference(found, morphemes)


@cache
def _jtalk() -> Any:
    """One of our own: there is no public name for the one that pyopenjtalk keeps."""
    import pyopenjtalk  # noqa: PLC0415 - as above
    from pyopenjtalk.openjtalk import OpenJTalk  # noqa: PLC0415

    return OpenJTalk(dn_mecab=pyopenjtalk.OPEN_JTALK_DICT_DIR)


def _parts(morphemes: Sequence[str]) -> list[list[str]]:
    """Morphemes, parted where an accent phrase begins for the OpenJTalk that models learned from.

    pyopenjtalk-plus joins する and a verb after て to what is before, which is nearer to speech;
    but every model was trained on text with borders there.

    Args:
        morphemes: Lines of fields: written, part of speech (4), kind and form of inflection, ...
    """
    parts: list[list[str]] = []
    before: Sequence[str] = ()
    for line in morphemes:
        fields = line.split(",")
        if not before or _begins_phrase(fields, before):
            parts.append([])
        parts[-1].append(line)
        before = fields
    return parts


def _begins_phrase(fields: Sequence[str], before: Sequence[str]) -> bool:
    """Whether a morpheme is a verb that only pyopenjtalk-plus joins to the one before it."""
    if fields[1:3] == ["動詞", "自立"]:
        return fields[5] == "サ変・スル"
    if fields[1:3] != ["動詞", "非自立"]:
        return False
    is_after_verb = before[1] == "動詞" and before[6].startswith("連用")
    return not is_after_verb and before[1:3] != ["名詞", "サ変接続"]


def _parsed(label: str) -> _Label:
    match = _LABEL.search(label)
    assert match is not None
    places = (match[name] for name in ("from_fall", "mora", "moras_left", "length"))
    return _Label(match["phone"], *(_NOWHERE if at == "xx" else int(at) for at in places))
