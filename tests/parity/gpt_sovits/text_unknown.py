"""How well English words of no dictionary are said: words of the dictionary that were held out.

    python -m tests.parity.gpt_sovits.text_unknown [--every N]

One of twenty words is kept from the letter model, which is made anew (about a minute); of these,
every Nth is read by it, by eSpeak NG's rules and, where one applies, by a rule of endings,
beginnings or compounds. The reference reads unknown words by a network that learned from the same
dictionary, so what comes near the dictionary comes near the reference.
"""

from __future__ import annotations

import argparse
import re
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.engines.builtin.espeak import espeak
from core.engines.builtin.phones_english import english_phones
from core.engines.gpt_sovits.text.letter_sounds import LetterSounds, unpacked
from core.engines.gpt_sovits.text.letter_training import Word, packed, words
from core.engines.gpt_sovits.text.lexicon import Said, arpabet, with_s
from tests.parity.gpt_sovits.agreement import edit_distance

_HELD_OUT = 20
"""One word of so many."""

_ENDINGS: Mapping[str, Said] = {
    "ed": ("D",), "ing": ("IH0", "NG"), "er": ("ER0",), "ly": ("L", "IY0"),
    "ness": ("N", "AH0", "S"), "less": ("L", "AH0", "S"), "able": ("AH0", "B", "AH0", "L"),
}  # fmt: skip
_BEGINNINGS: Mapping[str, Said] = {
    "un": ("AH0", "N"), "re": ("R", "IY0"), "non": ("N", "AA0", "N"), "dis": ("D", "IH0", "S"),
    "over": ("OW2", "V", "ER0"), "super": ("S", "UW2", "P", "ER0"),
}  # fmt: skip


@dataclass(frozen=True)
class Figures:
    """
    Args:
        n_words: How many were read.
        wrong_phones: Share of phones that differ (edit distance), stress included.
        wrong_sounds: The same without stress.
        right_words: Share of words that are the dictionary's, stress included.
    """

    n_words: int
    wrong_phones: float
    wrong_sounds: float
    right_words: float

    def __str__(self) -> str:
        return (
            f"{self.n_words:6} words  {self.wrong_phones:7.2%} of phones wrong"
            f"  {self.wrong_sounds:7.2%} without stress  {self.right_words:7.1%} of words right"
        )


def is_held_out(word: str) -> bool:
    return zlib.crc32(word.encode()) % _HELD_OUT == 0


def trained() -> LetterSounds:
    """The model without the words that are held out."""
    return unpacked(packed(word for word in words() if not is_held_out(word[0])))


def figures(held: Sequence[Word], read: Callable[[str], Said]) -> Figures:
    pairs = [(read(word), said) for word, said in held]
    n_phones = sum(len(said) for _, said in pairs)
    wrong = sum(edit_distance(found, said) for found, said in pairs)
    plain = sum(edit_distance(_plain(found), _plain(said)) for found, said in pairs)
    right = sum(found == said for found, said in pairs)
    return Figures(len(held), wrong / n_phones, plain / n_phones, right / len(held))


def by_espeak(word: str) -> Said:
    return arpabet(english_phones(espeak().phonemes(word, "en-us")))


def _plain(said: Said) -> Said:
    return tuple(phone.rstrip("012") for phone in said)


def _derived(known: Mapping[str, Said]) -> Iterator[tuple[str, Callable[[str], Said | None]]]:
    """Rules by name: what they make of a word, or None where they do not apply."""

    def plural(word: str) -> Said | None:
        stem = known.get(word[:-1]) if word.endswith("s") and len(word) > 3 else None
        return with_s(stem) if stem else None

    def compound(word: str) -> Said | None:
        for at in range(4, len(word) - 3):
            if word[:at] in known and word[at:] in known:
                later = tuple(phone.replace("1", "2") for phone in known[word[at:]])
                return known[word[:at]] + later
        return None

    yield "plural -s", plural
    for ending in _ENDINGS:
        yield f"-{ending}", lambda word, ending=ending: _with_ending(known, word, ending)  # type: ignore[misc]
    for beginning in _BEGINNINGS:
        yield f"{beginning}-", lambda word, b=beginning: _with_beginning(known, word, b)  # type: ignore[misc]
    yield "two words of four letters and more", compound


def _with_ending(known: Mapping[str, Said], word: str, ending: str) -> Said | None:
    stem = word.removesuffix(ending)
    if stem == word or len(stem) < 3:
        return None
    stems = [stem, stem + "e"] if ending[0] in "aeiou" else [stem]
    if re.search(r"(.)\1$", stem):
        stems.append(stem[:-1])
    found = next((known[stem] for stem in stems if stem in known), None)
    if found is None:
        return None
    if ending == "ed":
        last = found[-1]
        if last in ("T", "D"):
            return (*found, "IH0", "D")
        return (*found, "T" if last in ("P", "K", "F", "TH", "S", "SH", "CH") else "D")
    return found + _ENDINGS[ending]


def _with_beginning(known: Mapping[str, Said], word: str, beginning: str) -> Said | None:
    rest = known.get(word.removeprefix(beginning)) if word.startswith(beginning) else None
    return _BEGINNINGS[beginning] + rest if rest else None


def report(every: int) -> Iterator[str]:
    model = trained()
    held = [word for word in words() if is_held_out(word[0])]
    known = {word: said for word, said in words() if not is_held_out(word)}
    yield f"letter model   {figures(held[::every], model.said)}"
    yield f"eSpeak NG      {figures(held[::every], by_espeak)}"
    yield "where a rule applies: the rule, then the letter model"
    for name, rule in _derived(known):
        read = {word: found for word, _ in held if (found := rule(word)) is not None}
        touched = [word for word in held if word[0] in read]
        if touched:
            yield f"{name}"
            yield f"  {figures(touched, read.__getitem__)}"
            yield f"  {figures(touched, model.said)}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="text_unknown", description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="of the words held out (default: all)")
    for line in report(parser.parse_args(arguments).every):
        sys.stdout.write(line + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
