"""Phonemes of Korean: numbers in words, syllables as they sound, and their letters one by one.

The letters are phones: a syllable without a first consonant begins with ㅇ all the same, and
compound vowels are two (ㅘ is ㅗㅏ).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Final

from core.engines.gpt_sovits.text.korean_sounds import Syllable, Unit, pronounce
from core.engines.gpt_sovits.text.phones import Phones, Version
from core.engines.gpt_sovits.text.symbols import known, table
from core.text.numbers import LARGEST, cardinal
from core.text.spoken import say

BLANK: Final = "空"
"""The phone of a blank between words."""
UNREAD: Final = "停"
"""The phone of any sign that has none of its own."""

_MARKS: Final[dict[int, str]] = str.maketrans(
    {
        "：": ",", "；": ",", "，": ",", "、": ",", "·": ",", "。": ".", "！": "!", "？": "?",
        "\n": ".",
    }
)  # fmt: skip
_OWN_MARKS: Final[dict[int, str]] = _MARKS | str.maketrans(
    {";": ",", ":": ",", "．": ".", "‥": "…", "—": ",", "–": ",", "～": ",", "〜": ",", "~": ","}
)
_RUN: Final = re.compile(r"([!?…,.])[!?…,.]+")
_EDGES: Final = re.compile(r"([!?…,.\s]*)(.*?)([!?…,.\s]*)", re.DOTALL)
_SAID: Final = re.compile(r"[가-힣ㄱ-ㅣA-Za-z]")
_SPAN: Final = re.compile(r"(?<=\d)\s*[～〜~]\s*(?=\d)")
_JAMO: Final = re.compile(r"[ㄱ-ㅣ]")

_ENDS_OF_COMPOUNDS: Final = """
잎 일 이불 입 윷 엿 약 요 요기 여우 여름 역 유 유리 용 연필 열차 이야기 양말 양식
"""
_INSERTING: Final = frozenset(_ENDS_OF_COMPOUNDS.split())
"""Words that get a ㄴ in front where they end a compound (29): 꽃잎 -> 꼰닙."""
_SIX_AND_EIGHT: Final = re.compile(r"(?<=[십백만])육(?!이오)|(?<=[열물른흔쉰순든])여(?=[섯덟])")
"""Within a number after a consonant: 십육 -> 심뉵, 열여덟 -> 열려덜."""
_TASTELESS: Final = re.compile(r"[맛멋](?=없)")
"""Is one word to the analyser, but said as two: 맛없다 -> 마덥따."""
_FUTURE: Final = re.compile(r"[가-힣](?=게|걸|수록|지|진|세라)")
"""Within an ending, after its ㄹ: 할게요, 먹을수록."""

_COUNTERS: Final = """
군데 권 개 그루 닢 대 두 마리 모 모금 뭇 발 발짝 방 번 벌 보루 살 수 술 시 쌈 움큼 정 짝 채 척 첩 축
켤레 톨 통
"""
_NATIVE_COUNTERS: Final = frozenset(_COUNTERS.split())
"""Counters for which the reference says Korean numbers; for others Chinese ones."""


@dataclass(frozen=True)
class _Morpheme:
    """A part of a text that the analyser found.

    Args:
        start: Place of its first character.
        end: Place after its last.
        tags: Parts of speech of what is joined in it (Sejong tags).
        parts: Words it is made of, if it is a compound noun.
    """

    start: int
    end: int
    tags: tuple[str, ...]
    parts: tuple[str, ...]


def g2p(text: str, version: Version, *, as_reference: bool = False) -> Phones:
    """Phonemes of Korean text (see `FrontEnd`).

    Args:
        text: One segment; Latin letters are said by their names.
        version: `v1` has no Korean: every phone is unknown to it.
        as_reference: Numbers, signs and an accusative before ㄹ as the reference reads them.
    """
    norm_text = _normalised_as_reference(text) if as_reference else normalise(text)
    letters = _letters(_units(norm_text, as_reference), as_reference)
    if letters and _JAMO.fullmatch(letters[-1]):
        letters.append(".")
    return Phones(norm_text, known(_phones(letters, as_reference), version))


def normalise(text: str) -> str:
    """Korean as it is read: words, numbers in them, and `, . ! ? …` between."""
    edges = _EDGES.fullmatch(text.translate(_OWN_MARKS))
    assert edges is not None
    head, body, tail = edges.groups()
    start, end = len(head), len(text) - len(tail)
    said = say(_SPAN.sub("~", text[start:end]), "ko").translate(_OWN_MARKS) if body else ""
    if not _SAID.search(said):
        said = ""
    # A blank at the end stays: another language follows in the same sentence.
    blank = " " if said and tail[-1:].isspace() else ""
    said = _blank_free(head) + " ".join(said.split()) + _blank_free(tail) + blank
    return _RUN.sub(r"\1", _with_letter_names(said))


def _blank_free(marks: str) -> str:
    return "".join(marks.split())


def _normalised_as_reference(text: str) -> str:
    text = _with_letter_names(text).replace("%", "퍼센트")
    counters = {m.start: text[m.start : m.end] for m in _morphemes(text) if m.tags == ("NNBC",)}

    def said(match: re.Match[str]) -> str:
        digits, counter = match.group(), counters.get(match.end())
        if counter is None or int(digits) > LARGEST:
            return "".join(cardinal(int(digit), "ko") for digit in digits)
        if counter in _NATIVE_COUNTERS and 0 < int(digits) < 100:
            return say(f"{int(digits)}개", "ko").split()[0]
        return cardinal(int(digits), "ko")

    return re.sub(r"[0-9]{1,13}", said, text)


def _with_letter_names(text: str) -> str:
    names = _letter_names()
    return re.sub("[A-Za-z]", lambda letter: names[letter.group().lower()], text)


def _units(norm_text: str, as_reference: bool) -> list[Unit]:
    """Syllables as they sound, and all other characters."""
    units: list[Unit] = [Syllable.of(char) or char for char in norm_text]
    _mark(units, norm_text, _morphemes(norm_text))
    if not as_reference:
        for six in _SIX_AND_EIGHT.finditer(norm_text):
            _insert(units, six.start())
        for match in _TASTELESS.finditer(norm_text):
            unit = units[match.start()]
            assert isinstance(unit, Syllable)
            unit.is_closed = True
    accusatives = [m.start() for m in re.finditer(r"[을를](?= [가-힣])", norm_text)]
    before = [_onset(units, at + 2) for at in accusatives]
    pronounce(units)
    for at, onset in zip(accusatives, before, strict=True):
        # 책을 나누다: the ㄹ of a particle does not make the next word's ㄴ like itself.
        after = units[at + 2]
        if isinstance(after, Syllable) and after.onset == "ㄹ" and (as_reference or onset == "ㄴ"):
            after.onset = "ㄴ"
    return units


def _onset(units: Sequence[Unit], at: int) -> str:
    unit = units[at]
    return unit.onset if isinstance(unit, Syllable) else ""


def _mark(units: Sequence[Unit], text: str, morphemes: Sequence[_Morpheme]) -> None:
    """Tell the syllables what the analyser knows of how they meet."""
    for morpheme in morphemes:
        last = units[morpheme.end - 1]
        if isinstance(last, Syllable) and morpheme.tags[-1] == "ETM":
            last.is_future = True
        if any(tag.startswith("E") for tag in morpheme.tags):
            for match in _FUTURE.finditer(text, morpheme.start, morpheme.end):
                unit = units[match.start()]
                assert isinstance(unit, Syllable)
                unit.is_future = True
        at = morpheme.start
        for part, after in pairwise(morpheme.parts):
            at += len(part)
            unit = units[at - 1]
            assert isinstance(unit, Syllable)
            unit.is_closed = morpheme.tags[0] == "NNG"  # in names it is history: 대관령
            if after in _INSERTING:
                _insert(units, at)
    for morpheme, following in pairwise(morphemes):
        last = units[morpheme.end - 1]
        if morpheme.end != following.start or not isinstance(last, Syllable):
            continue
        tag, next_tag = morpheme.tags[-1], following.tags[0]
        last.is_stem = tag in ("VV", "VA", "VX", "XSV", "XSA") and next_tag.startswith("E")
        if tag == "NNG" and next_tag in ("VV", "VA", "XSN"):
            last.is_closed = True  # 값있는 -> 가빈는, 생산량 -> 생산냥
        if tag in ("NNG", "NNP", "MM") and text[following.start : following.end] in _INSERTING:
            _insert(units, following.start)  # 서울역 -> 서울력, 옛이야기 -> 옌니야기


def _insert(units: Sequence[Unit], at: int) -> None:
    """Put a ㄴ before the vowel of a syllable after a consonant."""
    before, unit = units[at - 1], units[at]
    if not isinstance(before, Syllable) or not isinstance(unit, Syllable):
        return
    if before.coda and unit.onset == "ㅇ":
        unit.onset = "ㄴ"


def _letters(units: Sequence[Unit], as_reference: bool) -> list[str]:
    """The letters of syllables one by one; signs as they are."""
    found: list[str] = []
    for unit in units:
        letters = [unit.onset, unit.vowel, unit.coda] if isinstance(unit, Syllable) else [unit]
        for letter in letters:
            found += _compound_vowels().get(letter, letter)
    return found


def _phones(letters: Sequence[str], as_reference: bool) -> Iterator[str]:
    for letter in letters:
        phone = letter.translate(_MARKS if as_reference else _OWN_MARKS)
        if phone == " ":
            yield BLANK
        elif known((phone,), "v2") == (phone,):
            yield phone
        else:
            yield UNREAD


def _morphemes(text: str) -> list[_Morpheme]:
    # One character each, so that places stay: it ends at a zero and skips over line ends.
    plain = re.sub(r"[^가-힣ㄱ-ㅣA-Za-z0-9 .,!?…-]", " ", text)
    found = []
    for morpheme in _analyser().parse(plain):
        start, end = morpheme.span.start, morpheme.span.end
        if plain[start:end] != morpheme.surface or start == end:
            continue
        tags = tuple(morpheme.feature.pos.split("+"))
        parts: tuple[str, ...] = ()
        if tags[0] in ("NNG", "NNP") and morpheme.feature.expression:
            words = [word.split("/")[0] for word in morpheme.feature.expression.split("+")]
            if "".join(words) == morpheme.surface and re.fullmatch("[가-힣]+", morpheme.surface):
                parts = tuple(words)
        found.append(_Morpheme(start, end, tags, parts))
    return found


@cache
def _analyser() -> Any:
    from mecab import MeCab  # noqa: PLC0415 - a dictionary that only Korean text needs

    return MeCab()


@cache
def _letter_names() -> Mapping[str, str]:
    return dict(table("ko_letter_names"))


@cache
def _compound_vowels() -> Mapping[str, str]:
    return dict(table("ko_jamo_split"))
