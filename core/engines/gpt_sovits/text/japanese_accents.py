"""Where the pitch falls in Japanese accent phrases, where OpenJTalk's successor has it otherwise.

pyopenjtalk-plus reads better than the OpenJTalk of the reference, above all numbers. `of_reference`
undoes that to compare with it; `mended` is for what people hear, and mends what it has wrong.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

Feature = dict[str, Any]
"""A word of OpenJTalk's: written `string`, `pos`, mora count, accent and how it is chained."""

_DIGITS: Final = frozenset("一二三四五六七八九")
_POWERS: Final = frozenset("十百千万億兆")
_ALL: Final = _DIGITS | _POWERS
_BASE: Final = 7
_ACCENT: Final = 10
"""Places in a line of the dictionary: the base form, with `:` between the parts of a phrase, and
the accent; how the word is chained comes next."""
_FIGURES: Final = frozenset("０１２３４５６７８９")
_BOUND: Final = ("助詞", "助動詞")
_NUMBER: Final = "数"
_RULE: Final = re.compile(r"(?:(?P<after>[^%/]+)%)?(?P<name>[CFP]\d+)(?:@(?P<moras>-?\d+))?")


def mended(features: Sequence[Feature]) -> list[Feature]:
    """The same words; `ましょう`, `たい` and `ないで` carry their own accent."""
    found = [dict(feature) for feature in features]
    for phrase in _phrases(found):
        head, n_moras = phrase[0], 0
        before: Feature | None = None
        for word in phrase:
            if before is not None and word["ctype"] == "特殊・タイ" and "動詞" in before["pos"]:
                head["acc"] = n_moras + 1
            if word["ctype"] == "特殊・マス" and word["cform"] == "未然ウ接続":
                head["acc"] = n_moras + 2
            if before is not None and _is_naide(before, word) and head["acc"] == 0:
                head["acc"] = n_moras - 1
            n_moras += word["mora_size"]
            before = word
    return found


def _is_naide(before: Feature, word: Feature) -> bool:
    return bool(before["ctype"] == "特殊・ナイ" and word["string"] == "で")


def of_reference(features: Sequence[Feature], morphemes: Sequence[str]) -> list[Feature]:
    """Words with the phrases and accents that the reference's OpenJTalk gives them.

    Its rules for both are public (`njd_set_accent_phrase`, `njd_set_accent_type` of OpenJTalk), the
    accents after Sagisaka and Sato, "Accentuation rules for Japanese word concatenation", IEICE
    Trans. J66-D, 1983.

    Args:
        features: As pyopenjtalk-plus has them.
        morphemes: Lines of fields of the dictionary that they were made from.
    """
    entries = _entries(morphemes)
    parted = {part for line in morphemes for part in line.split(",")[_BASE].split(":")[1:]}
    found = [dict(feature) for feature in features]
    for feature in found:
        entry = entries.get(feature["string"])
        if entry is not None and feature["string"] not in _FIGURES:
            feature["chain_rule"] = entry.rule
            feature["acc"] = entry.accent
    for before, word in itertools.pairwise(found):
        if word["pos_group1"] != _NUMBER and word["string"] not in parted:
            word["chain_flag"] = int(_is_joined(before, word))
    _part_numbers(found)
    if found:
        _set_accents(found)
    return found


@dataclass(frozen=True)
class _Entry:
    """What the dictionary says of a word by itself."""

    rule: str
    accent: int


def _entries(morphemes: Sequence[str]) -> Mapping[str, _Entry]:
    entries = dict(_NUMBERS)
    for line in morphemes:
        fields = line.split(",")
        accent = fields[_ACCENT].partition("/")[0] if len(fields) > _ACCENT + 1 else ""
        if accent.isdecimal():
            entries[fields[0]] = _Entry(fields[_ACCENT + 1], int(accent))
    return entries


def _is_joined(  # noqa: PLR0911 - a list of rules, the first that fits
    before: Feature, word: Feature
) -> bool:
    """Whether two words are in one phrase."""
    kind, kind_before = word["pos"], before["pos"]
    group, group_before = word["pos_group1"], before["pos_group1"]
    is_bound, is_after_bound = kind in _BOUND, kind_before in _BOUND
    is_after_te = group_before == "接続助詞" and before["string"] in ("て", "で")
    is_after_stem = kind_before in ("動詞", "形容詞") and before["cform"].startswith("連用")
    if group == "接尾":
        return True
    if before["pos_group3"] == "姓" and kind == "名詞":
        return False
    if kind_before == "名詞" and word["pos_group3"] == "名":
        return False
    if "記号" in (kind, kind_before) or kind == "接頭詞":
        return False
    if kind_before == "名詞" and (kind in ("動詞", "形容詞") or group == "形容動詞語幹"):
        return False
    if kind == "動詞" and group == "非自立" and kind_before == "動詞" and is_after_stem:
        return True
    if kind == "形容詞" and group == "非自立" and (is_after_stem or is_after_te):
        return True
    if group_before == "接尾" and kind == "名詞":
        return False
    if is_bound or is_after_bound:
        return is_bound
    alone = ("副詞", "接続詞", "連体詞")
    if kind in alone or kind_before in alone or "副詞可能" in (group, group_before):
        return False
    if kind_before == "動詞" and kind in ("形容詞", "名詞"):
        return False
    return not (kind == "名詞" and (kind_before == "形容詞" or group_before == "形容動詞語幹"))


def _part_numbers(words: Sequence[Feature]) -> None:
    """In a number each digit begins a phrase with its power: 二百 三十 四.

    What else follows a number in it (百万, the decimals) does only before a counter.
    """
    is_counted = False
    for at in range(len(words) - 1, 0, -1):
        before, word = words[at - 1], words[at]
        if word["pos_group1"] != _NUMBER:
            is_counted = word["pos_group1"] == "接尾"
        elif before["pos_group1"] == _NUMBER:
            is_power, is_after_power = word["string"] in _POWERS, before["string"] in _POWERS
            is_alike = is_counted and is_power == is_after_power and before["string"] in _ALL
            if is_alike or (is_after_power and not is_power):
                word["chain_flag"] = 0


_NUMBERS: Final[Mapping[str, _Entry]] = MappingProxyType(
    {
        "一": _Entry("C3", 2), "二": _Entry("C3", 1), "三": _Entry("C3", 0),
        "四": _Entry("C1", 1), "五": _Entry("C3", 1), "六": _Entry("C3", 2),
        "七": _Entry("C3", 1), "八": _Entry("C3", 2), "九": _Entry("C3", 1),
        "十": _Entry("*", 1), "百": _Entry("*", 2), "千": _Entry("*", 1),
    }
)  # fmt: skip
"""Of numbers written in figures, which no line of the dictionary stands for."""


def _phrases(words: Sequence[Feature]) -> Iterator[list[Feature]]:
    phrase: list[Feature] = []
    for word in words:
        if phrase and word["chain_flag"] != 1:
            yield phrase
            phrase = []
        phrase.append(word)
    if phrase:
        yield phrase


def _set_accents(words: Sequence[Feature]) -> None:
    """Give the first word of each phrase the accent of the phrase."""
    head, n_moras = words[0], 0
    for before, word, after in zip([None, *words], words, [*words[1:], None], strict=False):
        is_in_number = before is not None and before["pos_group1"] == _NUMBER == word["pos_group1"]
        if before is None or word["chain_flag"] != 1:
            head, n_moras = word, 0
            if word["string"] == "十" and after is not None and after["string"] in _DIGITS:
                word["acc"] = 0
        else:
            head["acc"] = _chained(head["acc"], n_moras, before, word)
            if is_in_number:
                head["acc"] = _of_number(head["acc"], n_moras, before["string"], word, after)
        n_moras += word["mora_size"]


def _chained(  # noqa: PLR0911 - a case for each rule
    accent: int, n_moras: int, before: Feature, word: Feature
) -> int:
    """The accent of `n_moras` and the word that joins them."""
    if before["string"] in _FIGURES and word["string"] in _FIGURES:
        return accent  # read one by one
    name, moras = _rule(word, before)
    own = word["acc"]
    match name:
        case "F2":
            return accent or n_moras + moras
        case "F3":
            return n_moras + moras if accent else 0
        case "F4":
            return n_moras + moras
        case "F5" | "C4" | "P6":
            return 0
        case "C1":
            return int(n_moras + own)
        case "C2":
            return n_moras + 1
        case "C3":
            return n_moras
        case "P1":
            return int(n_moras + own) if own else 0
        case "P2":
            return int(n_moras + own) if own else n_moras + 1
        case "P14" if own:
            return int(n_moras + own)
    return accent


def _rule(word: Feature, before: Feature) -> tuple[str, int]:
    """How a word joins, by the part of speech before it; with the moras of the rule."""
    if word["ctype"] == "特殊・マス" and "動詞" in before["pos"]:
        return "F4", 1 if word["cform"] in ("基本形", "連用形", "仮定形") else 2
    if word["ctype"] == "特殊・ナイ" and "動詞" in before["pos"]:
        return "F3", 0
    if _is_naide(before, word):
        return "F2", -1
    if word["orig"] == "てる":
        return "F2", 1
    for rule in _RULE.finditer(word["chain_rule"]):
        if rule["after"] is None or rule["after"] in before["pos"]:
            return rule["name"], int(rule["moras"] or 0)
    return "", 0


def _of_number(accent: int, n_moras: int, digit: str, power: Feature, after: Feature | None) -> int:
    match power["string"]:
        case "十":
            is_within = after is not None and after["string"] in _DIGITS
            return 0 if digit in "五六八" and is_within else 1
        case "百":
            return 2 if digit == "七" else 1 if digit in "三四九何" else n_moras + 2
        case "千" | "万":
            return n_moras + 1
        case "億":
            return 2 if digit in "一六七八幾" else 1
        case "兆":
            return 2 if digit in "六七" else 1
    return accent
