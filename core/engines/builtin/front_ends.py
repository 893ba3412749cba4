"""The front end of every language that has a statistical voice."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final

from core.engines.builtin.labels import Utterance
from core.engines.builtin.phones import FrontEnd
from core.engines.builtin.phones_english import EnglishFrontEnd
from core.engines.builtin.phones_slavic import RussianFrontEnd, UkrainianFrontEnd
from core.engines.builtin.phones_text import OTHER_THAN_CYRILLIC
from core.engines.builtin.voices import data_folder


class KyrgyzFrontEnd(FrontEnd):
    """Kyrgyz: rules know everything."""

    foreign_letters = OTHER_THAN_CYRILLIC


class PortugueseFrontEnd(FrontEnd):
    """Brazilian Portuguese: rules know everything."""

    accented_letters = "áàâãçéêíóôõúü"


class EsperantoFrontEnd(FrontEnd):
    """Esperanto: the last syllable but one is stressed."""

    accented_letters = "ĉĝĥĵŝŭ"

    def _spellings(self, name: str) -> list[str]:
        lower = self._apply("downcase", list(name)) or list(name.lower())
        return ["".join(self._apply("untranslit", lower) or lower)]

    def _spell(self, name: str) -> list[str] | None:
        letters = [part for sign in name for part in self._apply("spell", [sign]) or []]
        phones = [phone for letter in letters for phone in self.pronounce(letter) or []]
        return phones or self.pronounce(name)

    def _adapt(self, utterance: Utterance) -> None:
        for word in utterance.words:
            word.syllables[max(0, len(word.syllables) - 2)].is_stressed = True


FRONT_ENDS: Final[dict[str, tuple[str, type[FrontEnd]]]] = {
    "en": ("English", EnglishFrontEnd),
    "ru": ("Russian", RussianFrontEnd),
    "uk": ("Ukrainian", UkrainianFrontEnd),
    "pt": ("Brazilian-Portuguese", PortugueseFrontEnd),
    "eo": ("Esperanto", EsperantoFrontEnd),
    "ky": ("Kyrgyz", KyrgyzFrontEnd),
}
"""Folder and front end by language code."""


@functools.cache
def front_end(language: str) -> FrontEnd:
    """The front end of a language, read once (six languages, 20 MB in all). Keys: `FRONT_ENDS`."""
    _, kind = FRONT_ENDS[language]
    folder = language_folder(language)
    if language == "en":
        return kind(folder)
    has_mapping = (folder / "english_phone_mapping.fst").exists()
    return kind(folder, _english() if has_mapping else None)


def language_folder(language: str) -> Path:
    """Where the voice data keep a language's rules."""
    return data_folder() / "languages" / FRONT_ENDS[language][0]


def _english() -> EnglishFrontEnd:
    english = front_end("en")
    assert isinstance(english, EnglishFrontEnd)
    return english
