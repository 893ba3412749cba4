"""Makes the model of `letter_sounds` from the CMU dictionary.

    python -m core.engines.gpt_sovits.text.letter_training FILE.npz

The same file each time, in about three minutes on one core.
"""

from __future__ import annotations

import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.engines.gpt_sovits.text.letter_sounds import END, ORDER, START, UNIT_BITS
from core.engines.gpt_sovits.text.lexicon import Said, dictionary

Word = tuple[str, Said]
Chunks = tuple[Said, ...]
"""The phones of each letter of a word: none, one or two."""
Chain = tuple[int, ...]

_MAX_PHONES: Final = 2
_ROUNDS: Final = 5
_EVERY: Final = 8
"""Of so many words one is enough to learn which letters stand for which phones."""
_RAREST: Final = 3
"""Units that are seen less often are slips."""
_PRUNING: Final = 6e-7
"""A chain is kept if leaving it out would cost more (expected log probability, per unit)."""
_NEVER: Final = 1e-8
_LOG_STEP: Final = 1 / 14
"""Steps in which log probabilities are stored."""


def words() -> list[Word]:
    """What is learned from: words of letters, without possessives."""
    found = []
    for word, phones in dictionary().items():
        said = tuple(phones.split())
        is_possessive = word.endswith(("'s", "s'"))
        if re.fullmatch("[a-z']{2,}", word) and not is_possessive and len(said) <= 2 * len(word):
            found.append((word, said))
    return found


def packed(learned: Iterable[Word]) -> dict[str, NDArray[np.generic]]:
    """The model of words, as arrays."""
    chunked = aligned(list(learned))
    units, chains = _in_units(chunked)
    counts = _counts(chains)
    chances, rests = _smoothed(counts, len(units) + 1)
    _prune(chances, rests, _histories(counts[ORDER]))
    return _arrays(units, chances, rests)


# --- which letter stands for which phones ---


def aligned(learned: Sequence[Word]) -> list[tuple[str, Chunks]]:
    """Words with the phones of each letter.

    By rounds of best alignments, the costs of each round from the alignments of the one before;
    stress does not matter to it.
    """
    plain = [(word, tuple(phone.rstrip("012") for phone in said)) for word, said in learned]
    sample = plain[::_EVERY]
    costs = _first_costs(sample)
    for _ in range(_ROUNDS):
        counts = Counter(
            pair
            for word, said in sample
            for pair in zip(word, _best_chunks(word, said, costs), strict=True)
        )
        totals: Counter[str] = Counter()
        for (letter, _said), count in counts.items():
            totals[letter] += count
        costs = {pair: -math.log(count / totals[pair[0]]) for pair, count in counts.items()}
    found = []
    for (word, said), (_word, without_stress) in zip(learned, plain, strict=True):
        chunks, at = [], 0
        for chunk in _best_chunks(word, without_stress, costs):
            chunks.append(said[at : at + len(chunk)])
            at += len(chunk)
        found.append((word, tuple(chunks)))
    return found


Costs = Mapping[tuple[str, Said], float]


def _first_costs(sample: Sequence[Word]) -> Costs:
    """By how much oftener than by chance a letter and a phone are in the same word."""
    letters, phones, both = Counter[str](), Counter[str](), Counter[tuple[str, str]]()
    for word, said in sample:
        letters.update(set(word))
        phones.update(set(said))
        both.update((letter, phone) for letter in set(word) for phone in set(said))
    costs: dict[tuple[str, Said], float] = {(letter, ()): 2.5 for letter in letters}
    one = {
        (letter, phone): 3 - math.log(count * len(sample) / (letters[letter] * phones[phone]))
        for (letter, phone), count in both.items()
    }
    costs.update({(letter, (phone,)): cost for (letter, phone), cost in one.items()})
    for letter in letters:
        costs.update(
            {
                (letter, (first, second)): one[letter, first] + one[letter, second] + 1
                for first in phones
                for second in phones
                if (letter, first) in one and (letter, second) in one
            }
        )
    return costs


def _best_chunks(word: str, said: Said, costs: Costs) -> Chunks:
    """The cheapest way to part the phones among the letters (Viterbi)."""
    n = len(said)
    cheapest = [0.0] + [math.inf] * n
    taken: list[list[int]] = []
    for at, letter in enumerate(word):
        n_left = len(word) - at - 1
        after = [math.inf] * (n + 1)
        lengths = [0] * (n + 1)
        for start, cost in enumerate(cheapest):
            if cost == math.inf:
                continue
            for length in range(min(_MAX_PHONES, n - start) + 1):
                end = start + length
                if n - end > _MAX_PHONES * n_left:
                    continue
                total = cost + costs.get((letter, said[start:end]), 14.0 + 2 * length)
                if total < after[end]:
                    after[end], lengths[end] = total, length
        cheapest = after
        taken.append(lengths)
    chunks: list[Said] = []
    end = n
    for lengths in reversed(taken):
        chunks.append(said[end - lengths[end] : end])
        end -= lengths[end]
    return tuple(reversed(chunks))


# --- how likely a unit is after others ---

Unit = tuple[str, Said]


def _in_units(chunked: Sequence[tuple[str, Chunks]]) -> tuple[list[Unit], list[Chain]]:
    """All units, the most frequent first, and each word as numbers of them with its ends."""
    counts = Counter(pair for word, chunks in chunked for pair in zip(word, chunks, strict=True))
    units = [unit for unit, count in counts.most_common() if count >= _RAREST]
    assert len(units) + END < 1 << UNIT_BITS
    numbers = {unit: number for number, unit in enumerate(units, END + 1)}
    chains = []
    for word, chunks in chunked:
        chain = [numbers.get(pair) for pair in zip(word, chunks, strict=True)]
        if None not in chain:
            known = [number for number in chain if number is not None]
            chains.append((*[START] * (ORDER - 1), *known, END))
    return units, chains


def _counts(chains: Sequence[Chain]) -> list[Counter[Chain]]:
    """Counts of chains of each length (index), after Kneser and Ney.

    The longest as they are seen; shorter ones by how many different units stand before them, but
    for those at the start of a word, before which nothing else can stand.
    """
    longest = Counter(
        chain[at - ORDER + 1 : at + 1] for chain in chains for at in range(ORDER - 1, len(chain))
    )
    counts = [Counter[Chain]() for _ in range(ORDER)] + [longest]
    for n in range(ORDER - 1, 0, -1):
        counts[n].update(chain[1:] for chain in counts[n + 1])
        at_start = Counter[Chain]()
        for chain, count in longest.items():
            if n > 1 and chain[ORDER - n] == START:
                at_start[chain[ORDER - n :]] += count
        dict.update(counts[n], at_start)
    return counts


Chances = list[dict[Chain, float]]
"""By length of the chain."""


def _smoothed(counts: Sequence[Counter[Chain]], n_units: int) -> tuple[Chances, Chances]:
    """Probability of each chain's last unit, and what a chain leaves to units unseen after it.

    Interpolated, with three discounts a length (Chen and Goodman, "An empirical study of smoothing
    techniques for language modeling", Harvard TR-10-98, 1998, section 3).
    """
    chances: Chances = [{(): 1 / n_units}]
    rests: Chances = []
    for counted in counts[1:]:
        discounts = _discounts(counted)
        totals, left = Counter[Chain](), defaultdict[Chain, float](float)
        for chain, count in counted.items():
            totals[chain[:-1]] += count
            left[chain[:-1]] += discounts[min(count, 3)]
        rest = {before: left[before] / total for before, total in totals.items()}
        shorter = chances[-1]
        chances.append(
            {
                chain: (count - discounts[min(count, 3)]) / totals[chain[:-1]]
                + rest[chain[:-1]] * shorter[chain[1:]]
                for chain, count in counted.items()
            }
            if len(chances) > 1
            else {
                chain: (count - discounts[min(count, 3)]) / totals[()] + rest[()] / n_units
                for chain, count in counted.items()
            }
        )
        rests.append(rest)
    for n in range(1, ORDER):
        # Nothing foretells the start, but words go on from there.
        chances[n][(START,) * n] = _NEVER
    return chances, [*rests, {}]


def _discounts(counted: Counter[Chain]) -> tuple[float, float, float, float]:
    of = Counter(min(count, 5) for count in counted.values())
    if not all(of[count] for count in (1, 2, 3, 4)):
        return 0.0, 0.5, 0.5, 0.5  # single units, all of them frequent
    share = of[1] / (of[1] + 2 * of[2])
    return (
        0.0,
        1 - 2 * share * of[2] / of[1],
        2 - 3 * share * of[3] / of[2],
        3 - 4 * share * of[4] / of[3],
    )


def _histories(longest: Counter[Chain]) -> Chances:
    """How often each chain of up to `ORDER - 1` units stands before some unit (share)."""
    total = longest.total()
    shares: Chances = [defaultdict(float) for _ in range(ORDER)]
    for chain, count in longest.items():
        for n in range(ORDER):
            shares[n][chain[ORDER - 1 - n : -1]] += count / total
    return shares


def _prune(chances: Chances, rests: Chances, shares: Chances) -> None:
    """Leave out what shorter chains foretell nearly as well (Stolcke, 1998, relative entropy)."""
    for n in range(ORDER, 2, -1):
        needed = {chain[:-1] for chain in chances[n + 1]} if n < ORDER else set()
        chances[n] = {
            chain: p
            for chain, p in chances[n].items()
            if chain in needed
            or _gain(p, rests[n - 1][chain[:-1]] * chances[n - 1][chain[1:]])
            * shares[n - 1][chain[:-1]]
            >= _PRUNING
        }
    for n in range(2, ORDER + 1):
        kept, before = defaultdict[Chain, float](float), defaultdict[Chain, float](float)
        for chain, p in chances[n].items():
            kept[chain[:-1]] += p
            before[chain[:-1]] += _chance(chain[1:], chances, rests)
        rests[n - 1] = {
            chain: max(1e-6, 1 - kept[chain]) / max(1e-6, 1 - before[chain]) for chain in kept
        }


def _gain(p: float, otherwise: float) -> float:
    return p * math.log(p / otherwise)


def _chance(chain: Chain, chances: Chances, rests: Chances) -> float:
    rest = 1.0
    while chain not in chances[len(chain)]:
        rest *= rests[len(chain) - 1].get(chain[:-1], 1.0)
        chain = chain[1:]
    return rest * chances[len(chain)][chain]


def _arrays(
    units: Sequence[Unit], chances: Chances, rests: Chances
) -> dict[str, NDArray[np.generic]]:
    """Each length sorted: how many chains go on from each shorter one, by which units."""
    arrays: dict[str, NDArray[np.generic]] = {
        "units": np.array([f"{letter}{' '.join(said)}" for letter, said in units]),
        "log_step": np.array(_LOG_STEP),
    }
    before: list[Chain] = [()]
    for n in range(1, ORDER + 1):
        n_after = Counter(chain[:-1] for chain in chances[n])
        chains = sorted(chances[n])
        log_p = -np.log([chances[n][chain] for chain in chains]) / _LOG_STEP
        rest = np.log([rests[n].get(chain, 1.0) for chain in chains]) / _LOG_STEP + 128
        arrays |= {
            f"n_after_{n}": np.array([n_after[chain] for chain in before], np.uint16),
            f"last_{n}": np.array([chain[-1] for chain in chains], np.uint16),
            f"p_{n}": np.clip(np.rint(log_p), 0, 255).astype(np.uint8),
            f"rest_{n}": np.clip(np.rint(rest), 0, 255).astype(np.uint8),
        }
        before = chains
    return arrays


if __name__ == "__main__":
    arrays = packed(words())
    np.savez_compressed(Path(sys.argv[1]), **arrays)  # type: ignore[arg-type]
