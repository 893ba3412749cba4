"""How Russian and Ukrainian are said: stress from dictionaries, reduction, voicing, clitics."""

from __future__ import annotations

import re
from typing import Final

from core.engines.builtin.labels import Phone, Phrase, Utterance, Word
from core.engines.builtin.phones import FrontEnd
from core.engines.builtin.phones_text import OTHER_THAN_CYRILLIC


class RussianFrontEnd(FrontEnd):
    """Russian: dictionary stress, then reduction, clitics and voicing across words."""

    vowel_letters: Final = "аеёиоуыэюя"
    foreign_letters = OTHER_THAN_CYRILLIC

    def _spellings(self, name: str) -> list[str]:
        lower = self._apply("downcase", list(name)) or list(name.lower())
        if not re.search("[а-яё]", "".join(lower)):
            return ["".join(lower)]
        letters = self._apply("untranslit", lower) or lower
        pieces = self._apply("split", letters) or letters
        return [part for part in "".join(pieces).split(".") if part]

    def _pronounce(self, name: str) -> list[str] | None:
        known = self._known(self._apply("dict", list(name)))
        if known:
            return known
        if not re.search("[а-яё]", name):
            return None
        return self._known(self._apply("g2p", self._stressed(name)))

    def _stressed(self, name: str) -> list[str]:
        letters = list(name)
        for table in ("stress_marks", "rulex_dict", "rulex_rules", "stress"):
            stressed = self._apply(table, letters)
            if stressed is not None:
                return stressed
        vowels = [at for at, letter in enumerate(letters) if letter in self.vowel_letters]
        if "ё" in name or not vowels:
            return letters
        if len(vowels) == 1:
            letters[vowels[0]] = letters[vowels[0]].upper()
            return letters
        return list(self._stress_like_espeak(name, "ru", self.vowel_letters))

    def _adapt(self, utterance: Utterance) -> None:
        for phrase in utterance.phrases:
            self._mark_clitics(phrase)
        for word in utterance.words:
            if not (word.is_foreign or word.is_spelled):
                self._reduce(word)
        self._assimilate(utterance)
        for word in utterance.words:
            for syllable in word.syllables:
                for phone in syllable.phones:
                    if phone.name in self.phone_set.vowels and not syllable.is_stressed:
                        phone.name += "0" if not phone.name.endswith("0") else ""

    def _mark_clitics(self, phrase: Phrase) -> None:
        words = phrase.words
        tags = self._apply("clitics", [word.name for word in words])
        if tags is not None and len(tags) == len(words):
            for word, tag in zip(words, tags, strict=True):
                word.clitic = "host" if word.is_spelled else tag
        for word, leaning in ((words[0], "en"), (words[-1], "pro")):
            if word.clitic == leaning:
                word.clitic, word.gpos = "host", "content"
        for word in words:
            if word.is_foreign:
                continue
            if word.clitic != "host":
                for syllable in word.syllables:
                    syllable.is_stressed = False
            elif len(word.phones) == 1 and word.phones[0].name not in self.phone_set.vowels:
                self._name_letter(word)

    def _name_letter(self, word: Word) -> None:
        """A lone consonant gets a vowel."""
        name, syllable = word.phones[0].name, word.syllables[0]
        if name == "s":
            syllable.phones.insert(0, Phone("e"))
        else:
            syllable.phones.append(Phone("a" if name == "k" else "e"))
        syllable.is_stressed = True

    def _reduce(self, word: Word) -> None:
        phones = word.phones
        at = -1
        for syllable in word.syllables:
            for phone in syllable.phones:
                at += 1
                if syllable.is_stressed or phone.name not in self.phone_set.vowels:
                    continue
                inside = 0 < at < len(phones) - 1
                palatal = self.phone_set.feature(phones[at - 1].name, "cpal") if at else "0"
                if inside and palatal == "+":
                    if phone.name in ("e", "a", "o"):
                        phone.name = "i"
                elif phone.name == "o":
                    phone.name = "a"
                elif phone.name == "e" and inside and palatal == "-":
                    phone.name = "y"
                elif phone.name == "e" and not inside and word.clitic == "pro" and at:
                    phone.name = "i"

    def _assimilate(self, utterance: Utterance) -> None:
        """Final devoicing, and voicing taken over from the next consonant."""
        sounds = self.phone_set
        row: list[tuple[Phone, Word | None, bool]] = []  # phone, its word, last of its word
        for phrase in utterance.phrases:
            for word in phrase.words:
                phones = word.phones
                row += [(phone, word, phone is phones[-1]) for phone in phones]
            row.append((Phone("pau"), None, True))
        for at in range(len(row) - 1, -1, -1):
            phone, owner, is_last = row[at]
            pair = sounds.feature(phone.name, "vpair")
            if owner is None or owner.is_foreign or pair == "0":
                continue
            following = next((p for p, _, _ in row[at + 1 :] if not p.name.startswith("v")), phone)
            next_pair = sounds.feature(following.name, "vpair")
            if sounds.feature(phone.name, "cvox") == "+":
                ends = following.name == "pau" or sounds.feature(following.name, "cvox") == "-"
                if ends or (is_last and owner.clitic != "pro" and next_pair == "0"):
                    phone.name = pair
            elif sounds.feature(following.name, "cvox") == "+" and next_pair != "0":
                phone.name = pair


class UkrainianFrontEnd(FrontEnd):
    """Ukrainian: dictionary stress, spoken much as it is written."""

    vowel_letters: Final = "аеиоуюяєії"
    foreign_letters = OTHER_THAN_CYRILLIC

    def _spellings(self, name: str) -> list[str]:
        lower = self._apply("downcase", list(name)) or list(name.lower())
        if not re.search("[а-яєіїґ]", "".join(lower)):
            return ["".join(lower)]
        return ["".join(self._apply("untranslit", lower) or lower)]

    def _pronounce(self, name: str) -> list[str] | None:
        if not re.search("[а-яєіїґ]", name):
            return None
        letters = list(name)
        for table in ("stress_marks", "stress"):
            stressed = self._apply(table, letters)
            if stressed is not None:
                return self._known(self._apply("g2p", stressed))
        if sum(letter in self.vowel_letters for letter in name) > 1:
            letters = list(self._stress_like_espeak(name, "uk", self.vowel_letters))
        return self._known(self._apply("g2p", letters))

    def _adapt(self, utterance: Utterance) -> None:
        for word in utterance.words:
            if len(word.syllables) == 1 and word.syllables[0].vowel(self.phone_set.vowels):
                word.syllables[0].is_stressed = True
