"""How an English word of no dictionary is said, by the likeliest letters-with-sounds.

A joint-sequence model (Bisani and Ney, "Joint-sequence models for grapheme-to-phoneme conversion",
Speech Communication 50, 2008): a word is a chain of units, each a letter with the phones it stands
for, and a unit is foretold from the five before it. Made from the CMU dictionary by
`letter_training`; nothing but additions and look-ups runs here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import as_file, files
from typing import Final

import numpy as np
from numpy.typing import NDArray

ORDER: Final = 6
"""Units that are looked at together: five and the one they foretell."""

UNIT_BITS: Final = 9
"""A chain of units is one number: `UNIT_BITS` for each, the latest lowest."""

START: Final = 0
END: Final = 1
"""Numbers of the units before the first letter and after the last."""

_BEAM: Final = 32
_UNSTRESSED: Final = -1e3
"""Log probability of a word without main stress: only where nothing else is left."""

Chains = NDArray[np.int64]
LogProbabilities = NDArray[np.float32]


@dataclass(frozen=True)
class Chance:
    """All chains of one length that are known.

    Args:
        chains: Sorted [N].
        log_p: Of the last unit after those before it [N].
        log_rest: What is left, after a chain, for units of which it knows nothing [N].
    """

    chains: Chains
    log_p: LogProbabilities
    log_rest: LogProbabilities

    def places(self, chains: Chains) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Where chains of any shape stand, and whether they are known at all."""
        at = np.minimum(np.searchsorted(self.chains, chains), len(self.chains) - 1)
        return at, self.chains[at] == chains


@dataclass(frozen=True)
class _Path:
    """A way to read the letters so far."""

    log_p: float
    chain: int
    phones: tuple[str, ...]
    n_main: int


@dataclass(frozen=True)
class LetterSounds:
    """Reads words.

    Args:
        units: Letter and phones of each unit, by number from 2.
        chances: Of chains of one unit, of two, ... [ORDER].
    """

    units: Sequence[tuple[str, tuple[str, ...]]]
    chances: Sequence[Chance]

    @cached_property
    def _numbers(self) -> Mapping[str, NDArray[np.int64]]:
        """Numbers of the units by letter."""
        by_letter: dict[str, list[int]] = {}
        for number, (letter, _) in enumerate(self.units, END + 1):
            by_letter.setdefault(letter, []).append(number)
        return {letter: np.array(found, np.int64) for letter, found in by_letter.items()}

    def said(self, word: str) -> tuple[str, ...]:
        """Phones of a word; one vowel has the main stress.

        Args:
            word: In lower case; letters that no unit has are left out.
        """
        paths = [_Path(0.0, START, (), 0)]
        for letter in word:
            if letter in self._numbers:
                paths = self._longer(paths, self._numbers[letter])
        ends = self._log_p(_chains(paths), np.array([END], np.int64))[:, 0]
        scores = [path.log_p + (0.0 if path.n_main else _UNSTRESSED) for path in paths]
        return _stressed(paths[int(np.argmax(ends + np.array(scores)))].phones)

    def _longer(self, paths: list[_Path], units: NDArray[np.int64]) -> list[_Path]:
        """The best ways that go on with one of the units."""
        scores = self._log_p(_chains(paths), units) + np.array([[path.log_p] for path in paths])
        longer: list[_Path] = []
        for at in np.argsort(-scores, axis=None, kind="stable"):
            path, unit = paths[at // len(units)], int(units[at % len(units)])
            phones = self.units[unit - END - 1][1]
            n_main = path.n_main + sum(phone.endswith("1") for phone in phones)
            if n_main > 1:
                continue
            chain = (path.chain << UNIT_BITS | unit) & _mask(ORDER - 1)
            longer.append(_Path(float(scores.flat[at]), chain, path.phones + phones, n_main))
            if len(longer) == _BEAM:
                break
        return longer

    def _log_p(self, chains: Chains, units: NDArray[np.int64]) -> NDArray[np.float64]:
        """Log probability of each unit after each chain [chains, units]."""
        found = np.full((len(chains), len(units)), np.nan)
        rest = np.zeros((len(chains), 1))
        for n in range(ORDER, 0, -1):
            before = chains & _mask(n - 1)
            at, is_known = self.chances[n - 1].places(before[:, None] << UNIT_BITS | units)
            is_new = is_known & np.isnan(found)
            found = np.where(is_new, self.chances[n - 1].log_p[at] + rest, found)
            if n > 1:
                at, is_known = self.chances[n - 2].places(before)
                rest += np.where(is_known, self.chances[n - 2].log_rest[at], 0.0)[:, None]
        return found


def _stressed(phones: tuple[str, ...]) -> tuple[str, ...]:
    """The first stronger vowel has the main stress if none has."""
    if any(phone.endswith("1") for phone in phones):
        return phones
    for weaker in "20":
        for at, phone in enumerate(phones):
            if phone.endswith(weaker):
                return (*phones[:at], phone[:-1] + "1", *phones[at + 1 :])
    return phones


def _chains(paths: Sequence[_Path]) -> Chains:
    return np.array([path.chain for path in paths], np.int64)


def _mask(n_units: int) -> int:
    return (1 << UNIT_BITS * n_units) - 1


@cache
def letter_sounds() -> LetterSounds:
    """The model that is part of the package."""
    data = files(__package__) / "data" / "en_letter_sounds.npz"
    with as_file(data) as path, np.load(path, allow_pickle=False) as arrays:
        return unpacked(arrays)


def unpacked(arrays: Mapping[str, NDArray[np.generic]]) -> LetterSounds:
    """The model of the arrays that `letter_training.packed` makes."""
    units = [(text[0], tuple(text[1:].split())) for text in arrays["units"].astype(str)]
    log_step = float(arrays["log_step"].astype(float))
    before = np.zeros(1, np.int64)
    chances = []
    for n in range(1, ORDER + 1):
        n_after = arrays[f"n_after_{n}"].astype(np.int64)
        last = arrays[f"last_{n}"].astype(np.int64)
        chains = np.repeat(before, n_after) << UNIT_BITS | last
        # What is left after a chain may be more than all: it is counted in units after others.
        log_rest = (arrays[f"rest_{n}"].astype(np.float32) - 128) * log_step
        log_p = arrays[f"p_{n}"].astype(np.float32) * -log_step
        chances.append(Chance(chains, log_p, log_rest))
        before = chains
    return LetterSounds(units, chances)
