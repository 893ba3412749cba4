"""Full-context labels: one line per phone that says everything a voice's trees may ask.

Knows how an utterance is built (phrases, words, syllables, phones) and what the features of a
language's `labelling.xml` mean. Knows nothing of letters or of sound. Counts start at 1 where the
voices were trained so ("before" and "after" a syllable), distances at 1 with 0 for "none".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from core.engines.builtin.transducer import read_limited
from core.errors import ResourceError

PAUSE: Final = "pau"
NOTHING: Final = "x"
"""What a label says where a feature does not apply."""


@dataclass(slots=True)
class Phone:
    """One sound. `flags` are marks such as `r`, a sound of a borrowed word (Kyrgyz)."""

    name: str
    flags: frozenset[str] = frozenset()


@dataclass(slots=True)
class Syllable:
    phones: list[Phone]
    is_stressed: bool = False
    is_accented: bool = False

    def vowel(self, vowels: frozenset[str]) -> Phone | None:
        return next((phone for phone in self.phones if phone.name in vowels), None)


@dataclass(slots=True)
class Word:
    """A word as it is said.

    Args:
        name: Its letters, in lower case.
        syllables: Never empty.
        gpos: Guessed part of speech, `content` for most.
        clitic: `host`, or `pro` / `en` for a word that leans on the next / last one.
        is_foreign: Pronounced by another language's rules.
        is_spelled: A sequence of letters.
    """

    name: str
    syllables: list[Syllable]
    gpos: str = "content"
    clitic: str = "host"
    is_foreign: bool = False
    is_spelled: bool = False

    @property
    def phones(self) -> list[Phone]:
        return [phone for syllable in self.syllables for phone in syllable.phones]


@dataclass(slots=True)
class Phrase:
    """Words without a pause between them. `mark` is the punctuation that ended it."""

    words: list[Word]
    mark: str = ""


@dataclass(slots=True)
class Utterance:
    """What is generated in one go.

    Args:
        phrases: Never empty.
        kind: `s`, or a question type such as `q`.
        end_tone: Tone of the last phrase, `NONE` or `H-H%`.
    """

    phrases: list[Phrase]
    kind: str = "s"
    end_tone: str = "NONE"

    @property
    def words(self) -> list[Word]:
        return [word for phrase in self.phrases for word in phrase.words]


@dataclass(frozen=True)
class PhoneSet:
    """The sounds of a language with their features, from its `phonemes.xml`."""

    features: Mapping[str, Mapping[str, str]]
    vowels: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        vowels = frozenset(n for n, f in self.features.items() if f.get("vc") == "+")
        object.__setattr__(self, "vowels", vowels)

    @classmethod
    def read(cls, path: Path) -> PhoneSet:
        """Raises ResourceError when the file is missing or damaged."""
        root = _read_xml(path)
        return cls({str(n.get("name")): dict(n.attrib) for n in root.iter("phoneme")})

    def __contains__(self, name: str) -> bool:
        return name in self.features

    def feature(self, name: str, key: str) -> str:
        """`0` where a sound has no such feature."""
        return self.features.get(name, {}).get(key, "0")


class Labeller:
    """Writes labels in the format of one language.

    Args:
        prefixes: Literal text before each feature.
        names: The feature that follows it.
        phone_set: The sounds of the language.
    """

    def __init__(self, prefixes: Sequence[str], names: Sequence[str], phone_set: PhoneSet) -> None:
        self._parts = tuple(zip(prefixes, names, strict=True))
        self._phone_set = phone_set

    @classmethod
    def read(cls, path: Path, phone_set: PhoneSet) -> Labeller:
        """Read a `labelling.xml`. Raises ResourceError when it is missing or damaged."""
        form = _read_xml(path).find("format")
        if form is None:
            raise ResourceError(f"{path.name} describes no label format.")
        prefixes, names = [(form.text or "").strip()], []
        for element in form:
            names.append(str(element.get("name")))
            prefixes.append((element.tail or "").strip())
        return cls(prefixes[:-1], names, phone_set)

    def labels(self, utterance: Utterance) -> tuple[list[str], list[Phone]]:
        """Labels of all phones in order, pauses at both ends and between phrases included.

        Returns:
            The labels, and for each the phone it describes (a pause is `Phone(PAUSE)`).
        """
        rows = list(_rows(utterance, self._phone_set))
        names = [NOTHING, NOTHING, *(phone.name for phone, _ in rows), NOTHING, NOTHING]
        flags = [frozenset(), frozenset(), *(p.flags for p, _ in rows), frozenset(), frozenset()]
        places = ("prev_prev_", "prev_", "", "next_", "next_next_")
        labels = []
        for index, (_, values) in enumerate(rows):
            for offset, place in enumerate(places):
                values[place + "name"] = names[index + offset]
                for flag in ("r", "j"):
                    here = index + offset
                    is_set = flag in flags[here]
                    is_pause = names[index + 2] == PAUSE
                    values[f"{place}ext_{flag}"] = NOTHING if is_pause else str(int(is_set))
            labels.append(
                "".join(prefix + values.get(name, NOTHING) for prefix, name in self._parts)
            )
        return labels, [phone for phone, _ in rows]


Values = dict[str, str]


def _rows(utterance: Utterance, phone_set: PhoneSet) -> Iterator[tuple[Phone, Values]]:
    """Each phone with its features; names of neighbours are added by the caller."""
    phrases, words = utterance.phrases, utterance.words
    syllables = [syllable for word in words for syllable in word.syllables]
    whole = {
        "num_syls_in_utt": str(len(syllables)),
        "num_words_in_utt": str(len(words)),
        "num_phrases_in_utt": str(len(phrases)),
        "utt_is_question": str(int(utterance.kind != "s")),
        "utt_type": utterance.kind,
    }
    vowels = phone_set.vowels
    near_phrases = _Neighbours([_phrase_size(p) for p in phrases])
    near_words = _Neighbours([_word_outline(w) for w in words])
    near_syllables = _Neighbours(
        [_syllable_outline(s, w, vowels) for w in words for s in w.syllables]
    )
    near = (near_phrases, near_words, near_syllables)
    yield Phone(PAUSE), whole | _pause(*near, (-1, -1, -1))
    word_at = syllable_at = 0
    for phrase_at, phrase in enumerate(phrases):
        tone = utterance.end_tone if phrase_at == len(phrases) - 1 else "NONE"
        in_phrase = (
            whole
            | near_phrases.around(phrase_at, "num_{}_in_prev_phrase", "num_{}_in_next_phrase")
            | {
                "num_syls_in_phrase": near_phrases.value(phrase_at, "syls"),
                "num_words_in_phrase": near_phrases.value(phrase_at, "words"),
                "phrase_pos_in_utt_fw": str(phrase_at + 1),
                "phrase_pos_in_utt_bw": str(len(phrases) - phrase_at),
                "phrase_end_tone": tone,
            }
        )
        places = list(_places_in_phrase(phrase, vowels))
        for syllable, values in places:
            here = (
                in_phrase
                | near_words.around(word_at, *_WORD_SIDES)
                | near_syllables.around(syllable_at, *_SYLLABLE_SIDES)
                | _vowels_nearby(near_syllables, syllable_at)
                | values
            )
            yield from _phones_of(syllable, here)
            syllable_at += 1
            word_at += values["syl_pos_in_word_bw"] == "1"
        yield (
            Phone(PAUSE),
            whole | _pause(*near, (phrase_at, word_at - 1, syllable_at - 1)),
        )


_WORD_SIDES: Final = ("prev_word_{}", "next_word_{}")
_SYLLABLE_SIDES: Final = ("prev_syl_{}", "next_syl_{}")


class _Neighbours:
    """Outlines of the units of one level, asked for what stands on either side."""

    def __init__(self, outlines: Sequence[Values]) -> None:
        self._outlines = outlines

    def value(self, index: int, key: str, default: str = "0") -> str:
        if 0 <= index < len(self._outlines):
            return self._outlines[index].get(key, default)
        return default

    def around(self, index: int, before: str, after: str) -> Values:
        return self.sides(index - 1, index + 1, before, after)

    def sides(self, left: int, right: int, before: str, after: str) -> Values:
        keys = self._outlines[0].keys()
        values = {before.format(key): self.value(left, key) for key in keys}
        values |= {after.format(key): self.value(right, key) for key in keys}
        for key in ("prev_word_numsyls", "next_word_numsyls"):
            if key in values:
                side = key.split("_")[0]
                values[f"num_syls_in_{side}_word"] = values.pop(key)
        return values


def _phrase_size(phrase: Phrase) -> Values:
    n_syllables = sum(len(word.syllables) for word in phrase.words)
    return {"syls": str(n_syllables), "words": str(len(phrase.words))}


def _word_outline(word: Word) -> Values:
    return {"gpos": word.gpos, "clitic": word.clitic, "numsyls": str(len(word.syllables))}


def _syllable_outline(syllable: Syllable, word: Word, vowels: frozenset[str]) -> Values:
    vowel = syllable.vowel(vowels)
    return {
        "stress": str(int(syllable.is_stressed)),
        "accented": str(int(syllable.is_accented)),
        "length": str(len(syllable.phones)),
        "coda_length": str(_coda_size(syllable, vowels)),
        "vowel": vowel.name if vowel else "0",
    }


def _coda_size(syllable: Syllable, vowels: frozenset[str]) -> int:
    for index, phone in enumerate(syllable.phones):
        if phone.name in vowels:
            return len(syllable.phones) - index - 1
    return len(syllable.phones)


def _pause(
    phrases: _Neighbours,
    words: _Neighbours,
    syllables: _Neighbours,
    ends: tuple[int, int, int],
) -> Values:
    """A pause sees the units that end before it (`ends`) and those that begin after it."""
    phrase_at, word_at, syllable_at = ends
    values = phrases.sides(
        phrase_at, phrase_at + 1, "num_{}_in_prev_phrase", "num_{}_in_next_phrase"
    )
    values |= words.sides(word_at, word_at + 1, *_WORD_SIDES)
    values |= syllables.sides(syllable_at, syllable_at + 1, *_SYLLABLE_SIDES)
    for key in [key for key in values if key.endswith("_vowel")]:
        del values[key]
    return values | {"phrase_end_tone": "0"}


def _vowels_nearby(syllables: _Neighbours, at: int) -> Values:
    return {
        "prev_prev_syl_vowel": syllables.value(at - 2, "vowel", NOTHING),
        "prev_syl_vowel": syllables.value(at - 1, "vowel", NOTHING),
        "next_syl_vowel": syllables.value(at + 1, "vowel", NOTHING),
        "next_next_syl_vowel": syllables.value(at + 2, "vowel", NOTHING),
    }


def _places_in_phrase(phrase: Phrase, vowels: frozenset[str]) -> Iterator[tuple[Syllable, Values]]:
    stressed = [s.is_stressed for w in phrase.words for s in w.syllables]
    accented = [s.is_accented for w in phrase.words for s in w.syllables]
    content = [w.gpos == "content" for w in phrase.words]
    at = 0
    for word_at, word in enumerate(phrase.words):
        n_syllables, n_phones = len(word.syllables), len(word.phones)
        in_word = {
            "word_gpos": word.gpos,
            "word_clitic": word.clitic,
            "num_syls_in_word": str(n_syllables),
            "word_pos_in_phrase_fw": str(word_at + 1),
            "word_pos_in_phrase_bw": str(len(phrase.words) - word_at),
            "num_content_words_in_phrase_before_this_word": str(sum(content[:word_at]) + 1),
            "num_content_words_in_phrase_after_this_word": str(sum(content[word_at + 1 :])),
            "dist_to_prev_content_word_in_phrase": _distance(content[:word_at][::-1]),
            "dist_to_next_content_word_in_phrase": _distance(content[word_at + 1 :]),
        }
        own_stress = [s.is_stressed for s in word.syllables]
        own_vowels = _Neighbours([_syllable_outline(s, word, vowels) for s in word.syllables])
        phones_before = 0
        for index, syllable in enumerate(word.syllables):
            vowel = syllable.vowel(vowels)
            yield (
                syllable,
                in_word
                | {
                    "syl_stress": str(int(syllable.is_stressed)),
                    "syl_accented": str(int(syllable.is_accented)),
                    "syl_length": str(len(syllable.phones)),
                    "syl_coda_length": str(_coda_size(syllable, vowels)),
                    "syl_vowel": vowel.name if vowel else "0",
                    "syl_pos_in_word_fw": str(index + 1),
                    "syl_pos_in_word_bw": str(n_syllables - index),
                    "syl_pos_in_phrase_fw": str(at + 1),
                    "syl_pos_in_phrase_bw": str(len(stressed) - at),
                    "num_stressed_syls_in_phrase_before_this_syl": str(sum(stressed[:at]) + 1),
                    "num_stressed_syls_in_phrase_after_this_syl": str(sum(stressed[at + 1 :]) + 1),
                    "num_accented_syls_in_phrase_before_this_syl": str(sum(accented[:at]) + 1),
                    "num_accented_syls_in_phrase_after_this_syl": str(sum(accented[at + 1 :]) + 1),
                    "dist_to_prev_stressed_syl_in_phrase": _distance(stressed[:at][::-1]),
                    "dist_to_next_stressed_syl_in_phrase": _distance(stressed[at + 1 :]),
                    "dist_to_prev_accented_syl_in_phrase": _distance(accented[:at][::-1]),
                    "dist_to_next_accented_syl_in_phrase": _distance(accented[at + 1 :]),
                    "dist_to_prev_stressed_syl_in_word": _distance(own_stress[:index][::-1]),
                    "dist_to_next_stressed_syl_in_word": _distance(own_stress[index + 1 :]),
                    "first_syl_vowel_in_word": own_vowels.value(0, "vowel"),
                    "last_syl_vowel_in_word": own_vowels.value(n_syllables - 1, "vowel"),
                    "prev_prev_syl_vowel_in_word": own_vowels.value(index - 2, "vowel", NOTHING),
                    "prev_syl_vowel_in_word": own_vowels.value(index - 1, "vowel", NOTHING),
                    "next_syl_vowel_in_word": own_vowels.value(index + 1, "vowel", NOTHING),
                    "next_next_syl_vowel_in_word": own_vowels.value(index + 2, "vowel", NOTHING),
                    "pos_in_word_fw": str(phones_before + 1),
                    "pos_in_word_bw": str(n_phones - phones_before),
                },
            )
            phones_before += len(syllable.phones)
            at += 1


def _phones_of(syllable: Syllable, values: Values) -> Iterator[tuple[Phone, Values]]:
    before, after = int(values["pos_in_word_fw"]), int(values["pos_in_word_bw"])
    for index, phone in enumerate(syllable.phones):
        yield (
            phone,
            values
            | {
                "pos_in_syl_fw": str(index + 1),
                "pos_in_syl_bw": str(len(syllable.phones) - index),
                "pos_in_word_fw": str(before + index),
                "pos_in_word_bw": str(after - index),
            },
        )


def _distance(ahead: Sequence[bool]) -> str:
    return str(ahead.index(True) + 1) if True in ahead else "0"


def _read_xml(path: Path) -> ElementTree.Element:
    text = read_limited(path, 2**20).decode("utf-8", "replace")
    if re.search(r"<!(DOCTYPE|ENTITY)", text):
        raise ResourceError(f"{path.name} holds more than plain elements.")
    try:
        return ElementTree.fromstring(text)  # noqa: S314 - package data, no entities (above)
    except ElementTree.ParseError as error:
        raise ResourceError(f"{path.name} cannot be read: {error}.") from error
