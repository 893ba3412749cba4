"""How tones of Mandarin change in company: 不, 一, two third tones, syllables without a tone.

Works on finals that end in their tone (`ao3`, 5 for none) in two steps, as the models were trained:
words are first joined where a change reaches across them, then each word changes by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

from core.engines.gpt_sovits.text.chinese_words import Word, halves
from core.engines.gpt_sovits.text.symbols import table

Finals = Callable[[str], Sequence[str]]
"""Finals of a word read by itself, one a character."""

_PARTICLES: Final = frozenset("吧呢哈啊呐噻嘛吖嗨呐哦哒额滴哩哟喽啰耶喔诶的地得")
_ASPECTS: Final = frozenset("了着过")
_COUNTING: Final = frozenset("几有两半多各整每做是")
_MARKS: Final = frozenset("：，；。？！“”‘’':,;.?!")
_LONGEST_JOINED: Final = 3
"""Characters of two words of third tones that are said as one."""


def joined(words: Sequence[Word], finals: Finals, *, as_reference: bool = False) -> list[Word]:
    """Words, those joined that change tones together.

    Args:
        words: Of one clause.
        finals: How a word is read by itself.
        as_reference: Leave words alone if 看一看 happens more than once, which it gives up at.
    """
    words = _join_bu(words)
    words = _join_yi(words, gives_up=as_reference)
    words = _join_repeated(words)
    words = _join_third_tones(words, finals, all_third=True)
    words = _join_third_tones(words, finals, all_third=False)
    return _join_er(words)


def changed(word: Word, finals: Sequence[str], *, as_reference: bool = False) -> list[str]:
    """Finals of a word with the tones it is said with.

    Args:
        word: As `joined` gave it.
        finals: One a character, ending in the dictionary's tone; punctuation stands for itself.
        as_reference: Take every character that follows itself for a repeated word: 银行行长.
    """
    tones = list(finals)
    _change_bu(word.text, tones)
    _change_yi(word.text, tones)
    _drop_tones(word, tones, as_reference)
    _change_third_tones(word.text, tones)
    return tones


def _join_bu(words: Sequence[Word]) -> list[Word]:
    made: list[Word] = []
    before = ""
    for text, pos in words:
        said = before + text if before == "不" else text
        if said != "不":
            made.append(Word(said, pos))
        before = said
    if before == "不":
        made.append(Word("不", "d"))
    return made


def _join_yi(words: Sequence[Word], gives_up: bool) -> list[Word]:
    asked = [at for at in range(1, len(words) - 1) if _asks_shortly(words, at)]
    if gives_up and len(asked) > 1:
        return list(words)
    asking: list[Word] = []
    at = 0
    while at < len(words):
        text, pos = words[at]
        if at + 1 in asked:
            asking.append(Word(f"{text}一{text}", pos))
            at += 3
        else:
            asking.append(words[at])
            at += 1
    made: list[Word] = []
    for word in asking:
        if made and made[-1].text == "一":
            made[-1] = Word("一" + word.text, made[-1].pos)
        else:
            made.append(word)
    return made


def _asks_shortly(words: Sequence[Word], at: int) -> bool:
    """Whether words around are a verb, 一 and the verb again."""
    before, word, after = words[at - 1 : at + 2]
    return word.text == "一" and before == after and before.pos == "v"


def _join_repeated(words: Sequence[Word]) -> list[Word]:
    made: list[Word] = []
    for word in words:
        if made and made[-1].text == word.text:
            made[-1] = Word(made[-1].text + word.text, made[-1].pos)
        else:
            made.append(word)
    return made


def _join_third_tones(words: Sequence[Word], finals: Finals, *, all_third: bool) -> list[Word]:
    read = [finals(word.text) for word in words]
    made: list[Word] = []
    was_joined = False
    for at, word in enumerate(words):
        before = words[at - 1].text if at else ""
        if not before or was_joined:
            meets = False
        elif all_third:
            meets = _all_third(read[at - 1]) and _all_third(read[at])
        else:
            meets = _all_third(read[at - 1][-1:]) and _all_third(read[at][:1])
        # 奶奶 loses a tone by itself.
        was_joined = (
            meets
            and not (len(before) == 2 and before[0] == before[1])
            and len(before) + len(word.text) <= _LONGEST_JOINED
        )
        if was_joined:
            made[-1] = Word(made[-1].text + word.text, made[-1].pos)
        else:
            made.append(word)
    return made


def _join_er(words: Sequence[Word]) -> list[Word]:
    made: list[Word] = []
    for word in words:
        if made and word.text == "儿":
            made[-1] = Word(made[-1].text + "儿", made[-1].pos)
        else:
            made.append(word)
    return made


def _change_bu(word: str, finals: list[str]) -> None:
    if len(word) == 3 and word[1] == "不":  # 看不懂
        _set_tone(finals, 1, "5")
        return
    for at, char in enumerate(word[:-1]):
        if char == "不" and finals[at + 1].endswith("4"):
            _set_tone(finals, at, "2")


def _change_yi(word: str, finals: list[str]) -> None:
    if "一" not in word or all(char.isnumeric() for char in word):
        return
    if len(word) == 3 and word[1] == "一" and word[0] == word[2]:  # 看一看
        _set_tone(finals, 1, "5")
    elif word.startswith("第一"):
        _set_tone(finals, 1, "1")
    else:
        for at, char in enumerate(word[:-1]):
            if char != "一":
                continue
            if finals[at + 1].endswith("4"):
                _set_tone(finals, at, "2")
            elif word[at + 1] not in _MARKS:
                _set_tone(finals, at, "4")


def _drop_tones(word: Word, finals: list[str], as_reference: bool) -> None:
    text, pos = word
    if pos[:1] in {"n", "v", "a"} and text not in _never_neutral():
        for at in range(1, len(text)):
            if text[at] == text[at - 1] and (as_reference or _is_repetition(text)):
                _set_tone(finals, at, "5")
    counted = text.find("个")
    if _loses_last_tone(text, pos):
        _set_tone(finals, -1, "5")
    elif (
        counted >= 1 and (text[counted - 1].isnumeric() or text[counted - 1] in _COUNTING)
    ) or text == "个":
        _set_tone(finals, counted, "5")
    elif _ends_neutral(text):
        _set_tone(finals, -1, "5")
    first, second = halves(text)
    if _ends_neutral(first):
        _set_tone(finals, len(first) - 1, "5")
    if _ends_neutral(second):
        _set_tone(finals, -1, "5")


def _is_repetition(word: str) -> bool:
    """Whether equal neighbours repeat a syllable (AA, ABB, AAB, AABB) and do not just meet."""
    return len(word) <= 3 or (len(word) == 4 and word[0] == word[1] and word[2] == word[3])


def _loses_last_tone(word: str, pos: str) -> bool:
    last = word[-1:]
    if last in _PARTICLES:
        return True
    if len(word) == 1:
        return last in _ASPECTS and pos in {"ul", "uz", "ug"}
    return (
        (last in "们子" and pos in {"r", "n"} and word not in _never_neutral())
        or (last in "上下里" and pos in {"s", "l", "f"})
        or (last in "来去" and word[-2] in "上下进出回过起开")
    )


def _ends_neutral(word: str) -> bool:
    return word in _always_neutral() or word[-2:] in _always_neutral()


def _change_third_tones(word: str, finals: list[str]) -> None:
    if len(word) == 2:
        _rise(finals, 0, 2)
    elif len(word) == 3:
        _change_three_third_tones(len(halves(word)[0]), finals)
    elif len(word) == 4:
        _rise(finals, 0, 2)
        _rise(finals, 2, 4)


def _change_three_third_tones(first: int, finals: list[str]) -> None:
    """Three characters of which the first one, two or three are a word."""
    if _all_third(finals):
        if first == 2:  # 蒙古/包
            _set_tone(finals, 0, "2")
        if first in (1, 2):  # 纸/老虎
            _set_tone(finals, 1, "2")
        return
    _rise(finals, 0, first)
    if 3 - first == 2 and _all_third(finals[first:]):
        _rise(finals, first, 3)
    elif first < 3 and _all_third(finals[first - 1 : first + 1]) and not _all_third(finals[first:]):
        _set_tone(finals, first - 1, "2")  # 好/喜欢


def _rise(finals: list[str], start: int, stop: int) -> None:
    """The first of two third tones becomes a second."""
    if stop - start == 2 and _all_third(finals[start:stop]):
        _set_tone(finals, start, "2")


def _all_third(finals: Sequence[str]) -> bool:
    return all(final.endswith("3") for final in finals)


def _set_tone(finals: list[str], at: int, tone: str) -> None:
    if finals[at][-1:].isdigit():  # punctuation has none
        finals[at] = finals[at][:-1] + tone


@cache
def _always_neutral() -> frozenset[str]:
    return frozenset(table("zh_must_neutral_tone_words"))


@cache
def _never_neutral() -> frozenset[str]:
    return frozenset(table("zh_must_not_neutral_tone_words"))
