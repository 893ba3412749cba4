"""Turns text into the utterances a statistical voice was trained on: words, phones, syllables.

One `FrontEnd` per language folder of the voice data, whose transducers hold the dictionary, the
letter-to-sound rules, syllables, numbers and parts of speech. What no dictionary knows gets its
stress, or in English its sounds, from eSpeak NG. The rules that follow the dictionary (vowel
reduction, voicing, clitics, articles) are written here, after RHVoice's.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from core.engines.builtin.espeak import Phoneme, espeak
from core.engines.builtin.labels import Phone, PhoneSet, Phrase, Syllable, Utterance, Word
from core.engines.builtin.melody import RISING
from core.engines.builtin.phone_tables import CMU_BY_IPA, CMU_VOWELS
from core.engines.builtin.transducer import DecisionTree, Transducer, Value

MAX_TOKEN_CHARS: Final = 60
"""Longer words are said in parts."""

MAX_PHRASE_WORDS: Final = 18
"""Without punctuation a phrase takes a breath after this many words at the latest."""

MIN_PHRASE_WORDS: Final = 8
"""A breath is taken before a joining word once this many were said."""

_BREAKS: Final = '.,;:!?…()[]{}«»"“”„—–。，、；：！？।؛،؟'
_ENDS: Final = ".!?…。！？।؟"
_SPOKEN_SIGNS: Final = "%&+=@#$€£¥§°*/<>~^|\\№"
_APOSTROPHES: Final = {ord(sign): "'" for sign in "’‘ʼ`´"}
_GLUED: Final = re.compile(
    r"(?<=[^\W\d_][,;:!?…—–])(?=[^\W\d_]{2})|(?<=[^\W\d_]{2}\.)(?=[A-ZА-ЯЁЄІЇҐ])"
)
"""Where a blank was forgotten after punctuation."""

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

Pronounce = Callable[[str], list[str] | None]


class FrontEnd:
    """Text to utterances in one language.

    Args:
        folder: Its folder in the voice data.
        english: Front end that reads Latin words in a text of another script; None for none.
    """

    def __init__(self, folder: Path, english: EnglishFrontEnd | None = None) -> None:
        self._folder = folder
        self._english = english
        self.phone_set = PhoneSet.read(folder / "phonemes.xml")
        self._transducers: dict[str, Transducer] = {}
        self.pronounce = functools.lru_cache(maxsize=4096)(self._pronounce)

    def utterances(self, text: str) -> Iterator[Utterance]:
        """Everything in a text that can be said, a sentence at a time.

        Nothing at all for a text without words. Characters that the language cannot read are
        left out.
        """
        words: list[Word] = []
        phrases: list[Phrase] = []
        for token, mark in _tokens(text):
            words += self._words(token)
            if mark and words:
                phrases += [Phrase(part) for part in self._breaths(words)]
                phrases[-1].mark = mark
                words = []
                if any(sign in _ENDS for sign in mark):
                    yield self._finish(phrases)
                    phrases = []
        if words:
            phrases += [Phrase(part) for part in self._breaths(words)]
        if phrases:
            yield self._finish(phrases)

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
        assert self._english is not None
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


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Stretches without blanks, each with the punctuation that follows it (`""` for none).

    Punctuation inside a stretch stays there: decimals, clock times, addresses.
    """
    normal = unicodedata.normalize("NFC", text).translate(_APOSTROPHES)
    for stretch in re.split(r"(\s+)", normal):
        if not stretch:
            continue
        if stretch.isspace():
            if "\n\n" in stretch:
                yield "", "."
            continue
        for piece in _GLUED.split(stretch):
            core = piece.strip(_BREAKS + "-")
            start = piece.find(core) if core else len(piece)
            if start and any(sign in _BREAKS for sign in piece[:start]):
                yield "", _mark(piece[:start])
            for at in range(0, len(core), MAX_TOKEN_CHARS):
                yield core[at : at + MAX_TOKEN_CHARS], ""
            if core and len(piece) > start + len(core):
                yield "", _mark(piece[start + len(core) :])
            elif not core and piece == "-":
                yield "", ","


def _mark(signs: str) -> str:
    return "".join(sign for sign in signs if sign in _BREAKS)


class EnglishFrontEnd(FrontEnd):
    """American English, after the CMU dictionary; words it lacks by eSpeak NG."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._accents = DecisionTree.read(folder / "accents.dt")

    def spell(self, name: str) -> list[str] | None:
        return self._spell(name)

    def _pronounce(self, name: str) -> list[str] | None:
        known = self._known(self._apply("cmulex", list(name)))
        return known or self._known(english_phones(espeak().phonemes(name, "en-us")))

    def _word(self, name: str, *, is_spelled: bool = False) -> Iterator[Word]:
        if not is_spelled and not re.search(r"[a-zA-Z]", name):
            return
        yield from super()._word(name, is_spelled=is_spelled)

    def _adapt(self, utterance: Utterance) -> None:
        words = utterance.words
        for phrase in utterance.phrases:
            for at, word in enumerate(phrase.words):
                following = phrase.words[at + 1] if at + 1 < len(phrase.words) else None
                self._adapt_article(word, following)
        for before, word in itertools.pairwise(words):
            self._adapt_contraction(before, word)
        self._accent(utterance)

    def _adapt_article(self, word: Word, following: Word | None) -> None:
        last = word.phones[-1]
        if word.name == "the" and following is not None:
            if following.phones[0].name in self.phone_set.vowels:
                last.name = "iy"
        elif word.name == "a" and (following is None or word.is_spelled):
            last.name = "ey"
            word.syllables[-1].is_stressed = True
            word.gpos = "content"

    def _adapt_contraction(self, before: Word, word: Word) -> None:
        if word.name not in ("'s", "'d", "'ll", "'ve"):
            return
        last, syllable = before.phones[-1].name, word.syllables[-1]
        sounds = self.phone_set
        hisses = sounds.feature(last, "ctype") in "fa" and sounds.feature(last, "cplace") in "ap"
        if word.name != "'s" or hisses:
            syllable.phones.insert(0, Phone("ax"))
        is_voiced = last in sounds.vowels or sounds.feature(last, "cvox") == "+"
        if word.name == "'s" and (hisses or is_voiced):
            syllable.phones[-1].name = "z"

    def _accent(self, utterance: Utterance) -> None:
        """Which syllables carry a pitch accent, by the tree of the voice data."""
        places = _syllable_places(utterance)
        words = utterance.words
        for at, place in enumerate(places):
            feature = functools.partial(_accent_feature, at=at, places=places, words=words)
            answer = self._accents.answer(feature)
            place.syllable.is_accented = answer != "NONE"


class _Place:
    """A syllable with what the tree of accents asks."""

    __slots__ = ("break_after", "stressed_in", "stressed_out", "syllable", "syls_in", "syls_out",
                 "word_at")  # fmt: skip

    def __init__(self, syllable: Syllable, word_at: int) -> None:
        self.syllable = syllable
        self.word_at = word_at
        self.break_after = self.stressed_in = self.stressed_out = 0
        self.syls_in = self.syls_out = 0


def _syllable_places(utterance: Utterance) -> list[_Place]:
    places: list[_Place] = []
    word_at = 0
    for phrase in utterance.phrases:
        start = len(places)
        for word in phrase.words:
            places += [_Place(syllable, word_at) for syllable in word.syllables]
            places[-1].break_after = 1
            word_at += 1
        here = places[start:]
        here[-1].break_after = 3
        n_stressed = sum(place.syllable.is_stressed for place in here)
        before = 0
        for at, place in enumerate(here):
            place.syls_in, place.syls_out = at, len(here) - at - 1
            place.stressed_in = before
            before += place.syllable.is_stressed
            place.stressed_out = n_stressed - before
    places[-1].break_after = 4
    return places


_STEPS: Final = {"pp": -2, "p": -1, "n": 1, "nn": 2}


def _accent_feature(name: str, at: int, places: Sequence[_Place], words: Sequence[Word]) -> Value:
    if name.startswith("R:SylStructure.parent."):
        steps = name.removesuffix("gpos").rstrip(".").rpartition(".")[2]
        word_at = places[at].word_at + _STEPS.get(steps, 0)
        return words[word_at].gpos if 0 <= word_at < len(words) else "0"
    step, _, feature = name.rpartition(".")
    at += _STEPS.get(step, 0)
    if not 0 <= at < len(places):
        return 0
    place = places[at]
    values = {
        "stress": int(place.syllable.is_stressed),
        "syl_break": place.break_after,
        "syl_in": place.syls_in,
        "syl_out": place.syls_out,
        "ssyl_in": place.stressed_in,
        "ssyl_out": place.stressed_out,
    }
    return values.get(feature, 0)


class RussianFrontEnd(FrontEnd):
    """Russian: dictionary stress, then reduction, clitics and voicing across words."""

    vowel_letters: Final = "аеёиоуыэюя"

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


class EsperantoFrontEnd(FrontEnd):
    """Esperanto: the last syllable but one is stressed."""

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


def english_phones(phonemes: Sequence[Phoneme]) -> list[str]:
    """CMU phones, vowels with a mark of stress (`ow1`, `ax0`), for eSpeak's American English."""
    phones = []
    for phoneme in phonemes:
        for name in _english(phoneme.ipa):
            is_vowel = name in CMU_VOWELS
            phones.append(f"{name}{int(phoneme.is_stressed)}" if is_vowel else name)
    return phones


def _english(ipa: str) -> list[str]:
    """Longest known beginnings, one after the other; unknown signs are left out."""
    names: list[str] = []
    at = 0
    while at < len(ipa):
        for length in (3, 2, 1):
            known = CMU_BY_IPA.get(ipa[at : at + length])
            if known is not None and len(ipa[at : at + length]) == length:
                names += known.split()
                at += length
                break
        else:
            at += 1
    return names


FRONT_ENDS: Final[dict[str, tuple[str, type[FrontEnd]]]] = {
    "en": ("English", EnglishFrontEnd),
    "ru": ("Russian", RussianFrontEnd),
    "uk": ("Ukrainian", UkrainianFrontEnd),
    "pt": ("Brazilian-Portuguese", FrontEnd),
    "eo": ("Esperanto", EsperantoFrontEnd),
    "ky": ("Kyrgyz", FrontEnd),
}
"""Folder and front end by language code."""
