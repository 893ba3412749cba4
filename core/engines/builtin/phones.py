"""Turns text into the utterances a statistical voice was trained on: words, phones, syllables.

One `FrontEnd` per language folder of the voice data, whose transducers hold the dictionary, the
letter-to-sound rules, syllables, numbers and parts of speech. What no dictionary knows gets its
stress, or in English its sounds, from eSpeak NG. The rules that follow the dictionary (vowel
reduction, voicing, clitics, articles) are written here, after RHVoice's.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Final, Protocol

from core.engines.builtin.espeak import Phoneme, espeak
from core.engines.builtin.labels import Phone, PhoneSet, Phrase, Syllable, Utterance, Word
from core.engines.builtin.melody import RISING
from core.engines.builtin.phones_text import ENDS, SCRIPTS, folded, letters_of, tokens
from core.engines.builtin.transducer import Transducer

MAX_PHRASE_WORDS: Final = 18
"""Without punctuation a phrase takes a breath after this many words at the latest."""

MIN_PHRASE_WORDS: Final = 8
"""A breath is taken before a joining word once this many were said."""

_SPOKEN_SIGNS: Final = "%&+=@#$€£¥§°*/<>~^|\\№"

_QUESTION_WORDS_BY_LANGUAGE: Final = """
what who whom whose which when where why how
кто что чей чья чьё чьи какой какая какое какие каким какую где когда куда откуда почему зачем
как сколько кого кому чего чему кем чем
хто що чий чия чиє чиї який яка яке які де коли куди звідки чому навіщо як скільки
que quê quem qual quais quando onde aonde como quanto quanta quantos quantas
kio kiu kiuj kies kiam kie kien kial kiel kiom kia kiaj
эмне ким кайсы кайда качан кантип канча эмнеге канда
"""

QUESTION_WORDS: Final = frozenset(_QUESTION_WORDS_BY_LANGUAGE.split())
"""Questions that hold one of these fall like statements."""

_JOINING_GPOS: Final = ("cc", "conj", "con")


class EnglishReader(Protocol):
    """Reads what a language has no letters for, in the phones of the CMU dictionary."""

    def pronounce(self, name: str) -> list[str] | None: ...

    def spell(self, name: str) -> list[str] | None: ...

    def read_foreign(self, letters: str) -> list[str] | None: ...


class FrontEnd:
    """Text to utterances in one language, by its letter-to-sound rules.

    Args:
        folder: Its folder in the voice data.
        english: Reads Latin words in a text of another script; None for none.
    """

    foreign_letters: ClassVar[str] = letters_of(*SCRIPTS)
    """What is not read letter by letter (a class of a regular expression)."""

    accented_letters: ClassVar[str] = ""
    """Letters with accents that the language itself writes; others lose their accent."""

    def __init__(self, folder: Path, english: EnglishReader | None = None) -> None:
        self._folder = folder
        self._english = english
        self.phone_set = PhoneSet.read(folder / "phonemes.xml")
        self._transducers: dict[str, Transducer] = {}
        self._pronounced = functools.lru_cache(maxsize=4096)(self._pronounce)

    def utterances(self, text: str) -> Iterator[Utterance]:
        """Everything in a text that can be said, a sentence at a time.

        Nothing at all for a text without words. Characters that the language cannot read are
        left out.
        """
        words: list[Word] = []
        phrases: list[Phrase] = []
        for token, mark in tokens(folded(text, self.accented_letters)):
            words += self._words(token)
            if mark and words:
                phrases += [Phrase(part) for part in self._breaths(words)]
                phrases[-1].mark = mark
                words = []
                if any(sign in ENDS for sign in mark):
                    yield self._finish(phrases)
                    phrases = []
        if words:
            phrases += [Phrase(part) for part in self._breaths(words)]
        if phrases:
            yield self._finish(phrases)

    def pronounce(self, name: str) -> list[str] | None:
        """Phones of a word in lower case, vowels with a mark of stress where it is known.

        None when the rules do not accept it or know sounds that the voice has not.
        """
        return self._pronounced(name)

    def _finish(self, phrases: list[Phrase]) -> Utterance:
        utterance = Utterance(phrases)
        if any(sign in "?？؟" for sign in phrases[-1].mark):
            utterance.kind = "q"
        self._tag(utterance)
        asks = any(word.name in QUESTION_WORDS for word in utterance.words)
        if utterance.kind == "q" and not asks:
            utterance.end_tone = RISING
        self._adapt(utterance)
        return utterance

    def _tag(self, utterance: Utterance) -> None:
        """Parts of speech."""
        words = utterance.words
        tags = self._apply("gpos", [word.name for word in words])
        if tags is not None and len(tags) == len(words):
            for word, tag in zip(words, tags, strict=True):
                word.gpos = "content" if word.is_spelled else tag

    def _adapt(self, utterance: Utterance) -> None:
        """What the sentence does to the sounds of its words; for the languages to fill in."""

    def _breaths(self, words: list[Word]) -> Iterator[list[Word]]:
        """Parts of a run of words without punctuation, short enough to be said in one breath."""
        tags = self._apply("gpos", [word.name for word in words]) or []
        start = 0
        for at in range(len(words)):
            joins = at < len(tags) and tags[at] in _JOINING_GPOS and len(words) - at > 2
            if at - start >= MAX_PHRASE_WORDS or (joins and at - start >= MIN_PHRASE_WORDS):
                yield words[start:at]
                start = at
        yield words[start:]

    def _words(self, token: str) -> Iterator[Word]:
        for run in re.split(f"({self.foreign_letters}+)", token):
            if run and re.fullmatch(f"{self.foreign_letters}+", run):
                phones = self._foreign(run)
                if phones:
                    word = self._syllabify(run, phones, is_spelled=False)
                    word.is_foreign = True
                    yield word
            elif run:
                yield from self._native_words(run)

    def _foreign(self, letters: str) -> list[str] | None:
        """A word in a script that nobody here reads, as an English speaker would say it."""
        if self._english is None:
            return None
        source = self._english.read_foreign(letters)
        return self._known(self._apply("english_phone_mapping", source)) if source else None

    def _native_words(self, token: str) -> Iterator[Word]:
        for part, kind in self._parts(token):
            if kind in ("num", "dig") or part.isdecimal():
                for name in self._number(part, digit_by_digit=kind == "dig"):
                    yield from self._word(name)
            elif kind in ("sym", "sign", "dsep"):
                if part in _SPOKEN_SIGNS or kind == "dsep":
                    for name in self._apply("spell", [part]) or []:
                        yield from self._word(name)
            else:
                yield from self._word(part, is_spelled=kind == "lseq")

    def _parts(self, token: str) -> Iterator[tuple[str, str]]:
        """Pieces of a token with what they are: `word`, `lseq` (letters), `num`, `sym`, ..."""
        pieces = self._apply("tok", list(token))
        if pieces is None:
            yield from ((piece, "word") for piece in re.findall(r"\w+", token))
            return
        name = ""
        for piece in pieces:
            if len(piece) > 1:
                yield name, piece
                name = ""
            else:
                name += piece

    def _number(self, part: str, *, digit_by_digit: bool) -> list[str]:
        digits = "".join(str(unicodedata.decimal(sign, "")) or sign for sign in part)
        if not digit_by_digit:
            names = self._apply("numbers", list(digits))
            if names is not None:
                return names
        return [name for sign in digits for name in self._apply("spell", [sign]) or []]

    def _word(self, name: str, *, is_spelled: bool = False) -> Iterator[Word]:
        """One word; more where a language writes several in one; none where nothing sounds."""
        for part in self._spellings(name):
            phones = self._spell(part) if is_spelled else self.pronounce(part)
            if phones:
                yield self._syllabify(part, phones, is_spelled=is_spelled)
            elif self._english is not None and re.fullmatch("[a-z']+", part):
                borrowed = self._borrowed(part, is_spelled=is_spelled)
                if borrowed:
                    word = self._syllabify(part, borrowed, is_spelled=is_spelled)
                    word.is_foreign = True
                    yield word

    def _spellings(self, name: str) -> list[str]:
        """The word in the letters that the rules know, in lower case."""
        lower = self._apply("downcase", list(name)) or list(name.lower())
        return ["".join(lower)]

    def _spell(self, name: str) -> list[str] | None:
        if (self._folder / "lseq.fst").exists():
            return self._known(self._apply("lseq", list(name)))
        return self.pronounce(name)

    def _pronounce(self, name: str) -> list[str] | None:
        return self._known(self._apply("g2p", list(name)))

    def _borrowed(self, name: str, *, is_spelled: bool) -> list[str] | None:
        assert self._english is not None, "asked only where there is one"
        source = self._english.spell(name) if is_spelled else self._english.pronounce(name)
        if not source:
            return None
        return self._known(self._apply("english_phone_mapping", source))

    def _known(self, phones: Sequence[str] | None) -> list[str] | None:
        """The phones when the language has them all; marks of stress and origin aside."""
        if not phones:
            return None
        bare = [_bare(phone) for phone in phones]
        return list(phones) if all(name in self.phone_set for name in bare) else None

    def _syllabify(self, name: str, phones: Sequence[str], *, is_spelled: bool) -> Word:
        plain = [phone.split("_")[0] for phone in phones]
        flags = [frozenset(phone.split("_")[1:]) for phone in phones]
        pieces = self._apply("syl", [self._for_syllables(phone) for phone in plain]) or plain
        syllables = [Syllable([])]
        at = 0
        for piece in pieces:
            if piece == ".":
                syllables.append(Syllable([]))
            elif piece.startswith("_"):
                syllables[-1].is_stressed |= piece in ("_stress", "_accented")
                syllables[-1].is_accented |= piece == "_accented"
            elif at < len(plain):
                syllables[-1].is_stressed |= plain[at].endswith("1")
                syllables[-1].phones.append(Phone(_bare(plain[at]), flags[at]))
                at += 1
        kept = [syllable for syllable in syllables if syllable.phones]
        return Word(name=name, syllables=kept, is_spelled=is_spelled)

    def _for_syllables(self, phone: str) -> str:
        """The name under which the syllable rules know a phone: some want a mark of stress."""
        marked = phone + "0"
        rules = self._transducer("syl")
        return marked if phone not in rules and marked in rules else phone

    def _apply(self, transducer: str, symbols: Sequence[str]) -> list[str] | None:
        return self._transducer(transducer).apply(symbols)

    def _transducer(self, name: str) -> Transducer:
        if name not in self._transducers:
            self._transducers[name] = Transducer.read(self._folder / f"{name}.fst")
        return self._transducers[name]

    def _stress_like_espeak(self, name: str, voice: str, vowels: str) -> str:
        """The word with the letter of its stressed vowel in upper case, as eSpeak stresses it."""
        letters = [at for at, letter in enumerate(name) if letter in vowels]
        if not letters:
            return name
        nuclei = [p for p in espeak().phonemes(name, voice) if _is_vowel(p)]
        stressed = next((at for at, p in enumerate(nuclei) if p.is_stressed), 0)
        place = letters[min(stressed, len(letters) - 1)]
        return name[:place] + name[place].upper() + name[place + 1 :]


def _bare(phone: str) -> str:
    """A phone without its mark of stress (`a1`) or origin (`a_r`)."""
    name = phone.split("_", maxsplit=1)[0].lstrip("/")
    return name[:-1] if name[-1:] in ("0", "1") else name


def _is_vowel(phoneme: Phoneme) -> bool:
    return any(sign in "aeiouyɐɑɒæəɛɜɪɔʊʌɨʉɵøœɤɯ" for sign in phoneme.ipa)
