"""Whatever the core says to a person, the Chinese page says in Chinese."""

from __future__ import annotations

import string

import pytest

from core.engines.registry import Registry
from tests.ui.said_by_core import FIGURE, Said, said_by_core
from ui.chinese import CHINESE
from ui.sentences import in_chinese


def is_offered(said: Said) -> bool:
    """Engines that the page does not offer yet cannot say anything on it."""
    top, *below = said.place.split("/")
    offered = {card.factory.split(".")[2] for card in Registry().cards()}
    return top != "engines" or len(below) == 1 or below[0] in offered | {"nn"}


SAID = [said for said in said_by_core() if is_offered(said)]

TORCH = "torch cannot be used (17); the built-in engine runs without it"
NEVER_SAID = {
    f"{TORCH} (17)", f"{TORCH}: this build has no CUDA", f"{TORCH}: the card is not usable",
}  # fmt: skip
"""Two halves of which one excludes the other, which the source alone does not show."""

ONLY_FIGURES = {
    "Timbre 17, Python 17 on 17 ",  # names and versions
    "17 on 17",  # a version and names of cards
}
"""Nothing in them is English but names."""

IN_PARTS = {
    "17 17": ("3.1 GB free of 16.0 GB, 8 cores", "3.1 GB free where Timbre keeps its data"),
    "only 17 17": (
        "only 0.8 GB free of 16.0 GB, 8 cores",
        "only 0.8 GB free where Timbre keeps its data",
    ),
    "Left out 17 17s 17.": (
        "Left out 2 broken characters (half of a surrogate pair).",
        "Left out 1,024 invisible characters (control, direction or zero width).",
        "Left out 9 combining marks beyond 4 in a row.",
    ),
    "Left out 17 17 17.": (
        "Left out 1 broken character (half of a surrogate pair).",
        "Left out 1 invisible character (control, direction or zero width).",
        "Left out 1 combining mark beyond 4 in a row.",
    ),
    "The 17 has 17 characters; at most 17 can be kept.": (
        "The transcript has 12,000 characters; at most 10,000 can be kept.",
        "The consent statement has 5,000 characters; at most 4,000 can be kept.",
    ),
}
"""Sentences whose words come from elsewhere, as they really are."""


def test_sentences_are_found_in_the_source() -> None:
    texts = {said.text for said in SAID}
    assert len(texts) > 200
    assert "There is no text to speak." in texts  # an error
    assert f"The folder {FIGURE} cannot be made." in texts  # with a figure
    assert "Update the driver of the graphics card." in texts  # by a name
    assert f"Nobody speaks in these {FIGURE} s." in texts  # a problem
    assert f"{FIGURE} channels were mixed into one." in texts  # a remark
    assert set(IN_PARTS) | ONLY_FIGURES | NEVER_SAID <= texts


@pytest.mark.parametrize("said", SAID, ids=lambda said: said.place)
def test_every_sentence_of_the_core_has_its_chinese(said: Said) -> None:
    if said.text in ONLY_FIGURES | NEVER_SAID:
        return
    for sentence in IN_PARTS.get(said.text, (said.text,)):
        where = f"core/{said.place}: add {sentence!r} to ui/chinese.py"
        assert in_chinese(sentence) != sentence, where


@pytest.mark.parametrize("english", sorted(CHINESE))
def test_a_translation_is_found_by_its_own_english_and_keeps_the_figures(english: str) -> None:
    names = sorted({name for _, name, _, _ in string.Formatter().parse(english) if name})
    values = {name: str(number) for number, name in enumerate(names, start=17)}
    assert in_chinese(english.format(**values)) == CHINESE[english].format(**values)


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        (
            "There is no room left on the disk of /home/anna/voices: 0.4 MB free, 12 MB needed.",
            "/home/anna/voices 所在的磁盘已满：剩余 0.4 MB，需要 12 MB。",
        ),
        (
            "The engine failed 3 times before it spoke. The voice engine ran out of memory.",
            "引擎在发声前失败了 3 次。语音引擎内存不足。",
        ),
        ("This file took longer than 2 s.", "读取此文件超过了 2 秒。"),
        ("Something nobody translated.", "Something nobody translated."),
    ],
)
def test_a_sentence_is_said_with_its_own_figures(english: str, chinese: str) -> None:
    assert in_chinese(english) == chinese
