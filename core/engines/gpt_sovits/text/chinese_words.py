"""Words of Chinese text and their parts of speech, by jieba's dictionary.

About 130 MB and two seconds once, when the first Chinese text comes.
"""

from __future__ import annotations

import warnings
from functools import cache
from types import ModuleType
from typing import NamedTuple


class Word(NamedTuple):
    """A word and its part of speech.

    Args:
        text: The characters.
        pos: jieba's tag: `n` noun, `v` verb, `a` adjective, `r` pronoun, `x` punctuation.
    """

    text: str
    pos: str


def words(text: str) -> list[Word]:
    """The text in words, nothing left out."""
    return [Word(pair.word, pair.flag) for pair in _tagger().lcut(text)]


def halves(word: str) -> tuple[str, str]:
    """A word in two: the shortest word in it off its beginning, or else off its end.

    The second half is empty where the word has no shorter ones.
    """
    shortest = min(_segmenter().cut_for_search(word), key=len)
    cut = len(shortest) if word.startswith(shortest) else len(word) - len(shortest)
    return word[:cut], word[cut:]


@cache
def _segmenter() -> ModuleType:
    with warnings.catch_warnings():
        # It asks setuptools for its files where that is installed, and setuptools complains.
        warnings.simplefilter("ignore")
        import jieba  # noqa: PLC0415 - a second that only Chinese text needs

        # Its own start-up reads a cache of known name from the folder for temporary files, where
        # anybody may have put one. Reading the dictionary takes a second longer and trusts nobody.
        dictionary = jieba.dt
        dictionary.FREQ, dictionary.total = dictionary.gen_pfdict(dictionary.get_dict_file())
        dictionary.initialized = True
    module: ModuleType = jieba
    return module


@cache
def _tagger() -> ModuleType:
    _segmenter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from jieba import posseg  # noqa: PLC0415 - reads the dictionary once more
    module: ModuleType = posseg
    return module
