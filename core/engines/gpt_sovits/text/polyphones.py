"""Which of its readings a Chinese character has where it stands: g2pW (Chen, Lam and Hung 2022).

An optional network beside the models, run by onnxruntime on the processor; its tables lie in its
own folder. It was trained on traditional characters with Taiwan's readings, so it is asked in
those. What it cannot say, pypinyin says: one character, one clause, or all from a fault on.

Inputs of the published network for B characters in a text of L tokens: `input_ids`,
`token_type_ids`, `attention_mask` i64 [B, L]; `phoneme_mask` f32 [B, n_readings], which readings
the character has at all; `char_ids`, `position_ids` i64 [B]. Output: f32 [B, n_readings], chances.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from core.engines.gpt_sovits.text.polyphone_files import (
    MISSING_RUNTIME,
    MONOPHONIC,
    NETWORK,
    POLYPHONIC,
    TO_PINYIN,
)

CONTEXT_CHARS: Final = 16
"""Before the first and after the last character that is asked for."""
TOKENS_MAX: Final = 510
"""Positions of the network, but for the marks at both ends."""
TABLE_MAX_BYTES: Final = 4 << 20
"""The published tables have 50 kB at most."""
UNASKED: Final = (
    "g2pW could not be asked: Chinese characters with several readings are read by phrases."
)

_NOT_ASKED: Final = frozenset("一不和咋嗲剖差攢倒難奔勁拗肖瘙誒泊听噢")
"""Known to the network, but phrases and the rules of tones do better."""
_NOT_SINGLE: Final = frozenset("似攢")
"""In the table of characters with one reading, though they have several."""

_logger = logging.getLogger("timbre.gpt_sovits")

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


class Tokens(Protocol):
    """Of the Chinese BERT that the network began as: one for each character."""

    first: int
    last: int

    def ids(self, text: str) -> list[int]: ...


class Network(Protocol):
    """What is asked."""

    def __call__(self, inputs: Mapping[str, Ints | Floats]) -> Sequence[Any]:
        """Raises RuntimeError where it cannot answer."""
        ...


@dataclass(frozen=True, kw_only=True)
class Tables:
    """What the network can say.

    Args:
        labels: Readings in bopomofo, a tone behind each, in the order of its output.
        known: Of each character that it was trained on, places in `labels`.
        single: Of characters with one reading, that.
        pinyin: Of bopomofo without tone.
    """

    labels: tuple[str, ...]
    known: Mapping[str, tuple[int, ...]]
    single: Mapping[str, str]
    pinyin: Mapping[str, str]

    def spelled(self, bopomofo: str) -> str | None:
        """As pinyin with its tone behind it (`hao3`); None for what the table does not have."""
        syllable = self.pinyin.get(bopomofo[:-1])
        is_toned = bopomofo[-1:] in {"1", "2", "3", "4", "5"}
        return f"{syllable}{bopomofo[-1]}" if syllable and is_toned else None


class Polyphones:
    """The readings of a clause: `chinese.Readings`.

    Args:
        tables: Of the folder.
        network: Loaded.
        tokens: Of BERT.
        to_traditional: One character for each.
        by_phrase: Readings of those that are not asked for, one each.
    """

    def __init__(
        self,
        tables: Tables,
        network: Network,
        tokens: Tokens,
        *,
        to_traditional: Callable[[str], str],
        by_phrase: Callable[[str], Sequence[str]],
    ) -> None:
        self._tables, self._network, self._tokens = tables, network, tokens
        self._to_traditional, self._by_phrase = to_traditional, by_phrase
        self._places = {char: place for place, char in enumerate(sorted(tables.known))}
        self.fault = ""
        """Why it is not asked any more; empty: all is well."""

    def __call__(self, clause: str) -> Sequence[str]:
        """Pinyin of every character, tone behind it; marks as they are. Never raises."""
        readings = list(self._by_phrase(clause))
        asked = self._to_traditional(clause)
        if self.fault or len(readings) != len(clause) or len(asked) != len(clause):
            return readings
        for at, char in enumerate(asked):
            if char in self._tables.single and char not in _NOT_SINGLE:
                readings[at] = self._tables.spelled(self._tables.single[char]) or readings[at]
        places = [
            at
            for at, char in enumerate(asked)
            if char in self._tables.known and char not in _NOT_ASKED
        ]
        for start, stop, inside in windows(places, len(asked)):
            said = self._said(asked[start:stop], [at - start for at in inside])
            if said is None:
                break
            for at, label in zip(inside, said, strict=True):
                readings[at] = self._tables.spelled(label) or readings[at]
        return readings

    def _said(self, text: str, places: Sequence[int]) -> list[str] | None:
        """Bopomofo of characters of a text; None from a fault on."""
        try:
            (chances, *_) = self._network(self._inputs(text, places))
        except (RuntimeError, ValueError, TypeError) as error:
            self._give_up(f"{type(error).__name__}: {error}")
            return None
        wanted = (len(places), len(self._tables.labels))
        if np.shape(chances) != wanted or not np.isfinite(chances).all():
            self._give_up(f"it answered {np.shape(chances)} for {wanted}")
            return None
        return [self._tables.labels[int(best)] for best in np.argmax(chances, axis=1)]

    def _give_up(self, why: str) -> None:
        self.fault = why[:200]
        _logger.warning("g2pW is not asked any more: %s", self.fault)

    def _inputs(self, text: str, places: Sequence[int]) -> dict[str, Ints | Floats]:
        """
        Args:
            text: Traditional.
            places: Of the characters that are asked for, in it.
        """
        n, tables = len(places), self._tables
        ids = [self._tokens.first, *self._tokens.ids(text), self._tokens.last]
        mask = np.zeros((n, len(tables.labels)), np.float32)  # [B, n_readings]
        for row, at in enumerate(places):
            mask[row, list(tables.known[text[at]])] = 1
        tokens = np.tile(np.asarray(ids, np.int64), (n, 1))  # [B, L]
        return {
            "input_ids": tokens,
            "token_type_ids": np.zeros_like(tokens),
            "attention_mask": np.ones_like(tokens),
            "phoneme_mask": mask,
            "char_ids": np.asarray([self._places[text[at]] for at in places], np.int64),
            # Behind the mark at the beginning.
            "position_ids": np.asarray(places, np.int64) + 1,
        }


def windows(
    places: Sequence[int],
    n: int,
    *,
    context: int = CONTEXT_CHARS,
    most: int = TOKENS_MAX,
) -> list[tuple[int, int, list[int]]]:
    """Parts of a text that hold all places with what is around them: start, stop, places inside.

    One, where they fit: as the reference implementation asks. Longer texts are asked in parts.

    Args:
        places: Ascending.
        n: Characters of the text.
        context: Before the first place and after the last.
        most: Characters of a part.
    """
    found: list[tuple[int, int, list[int]]] = []
    for at in places:
        start, stop = max(0, at - context), min(n, at + context + 1)
        if found and stop - found[-1][0] <= most:
            found[-1] = (found[-1][0], stop, [*found[-1][2], at])
        else:
            found.append((start, stop, [at]))
    return found


def read_tables(folder: Path) -> Tables:
    """Raises OSError or ValueError where a table cannot be read."""
    pairs = _pairs(folder / POLYPHONIC)
    labels = tuple(sorted({reading for _, reading in pairs}))
    place = {label: at for at, label in enumerate(labels)}
    known: dict[str, tuple[int, ...]] = {}
    for char, reading in pairs:
        known[char] = (*known.get(char, ()), place[reading])
    pinyin = json.loads(_text(folder / TO_PINYIN))
    if not known or not isinstance(pinyin, dict):
        raise ValueError("a table of g2pW is empty or of another kind")
    return Tables(
        labels=labels,
        known=known,
        single=dict(_pairs(folder / MONOPHONIC)),
        pinyin={str(key): str(value) for key, value in pinyin.items()},
    )


def opened(
    folder: Path, tokens: Tokens, *, by_phrase: Callable[[str], Sequence[str]]
) -> Polyphones | None:
    """The network of a folder; None where it cannot be used, which the log explains.

    Args:
        folder: With its files.
        tokens: Of the Chinese BERT.
        by_phrase: Readings of what it is not asked for.
    """
    try:
        tables = read_tables(folder)
        return Polyphones(
            tables,
            _OnProcessor(folder / NETWORK),
            tokens,
            to_traditional=_traditional(),
            by_phrase=by_phrase,
        )
    except ImportError:
        _logger.warning("%s", MISSING_RUNTIME)
    except (OSError, ValueError, RecursionError, RuntimeError) as error:
        _logger.warning("g2pW in %s cannot be used: %s", folder, str(error)[:300])
    return None


class _OnProcessor:
    """A network run by onnxruntime. Raises ImportError without it, RuntimeError for a bad file."""

    def __init__(self, path: Path) -> None:
        import onnxruntime  # noqa: PLC0415 - 0.3 s that only who has the network needs

        onnxruntime.disable_telemetry_events()  # of the builds for Windows
        # Its errors are Exceptions of its own, without a class in common.
        compiled = onnxruntime.capi.onnxruntime_pybind11_state
        self._errors: tuple[type[Exception], ...] = tuple(
            each
            for each in vars(compiled).values()
            if isinstance(each, type) and issubclass(each, Exception)
        )
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = 2
        try:
            self._session: Any = onnxruntime.InferenceSession(
                str(path), sess_options=options, providers=["CPUExecutionProvider"]
            )
        except self._errors as error:
            raise RuntimeError(str(error)) from error

    def __call__(self, inputs: Mapping[str, Ints | Floats]) -> Sequence[Any]:
        try:
            answer: Sequence[Any] = self._session.run(None, dict(inputs))
        except self._errors as error:
            raise RuntimeError(str(error)) from error
        return answer


def _traditional() -> Callable[[str], str]:
    from opencc import OpenCC  # noqa: PLC0415 - 40 ms

    convert: Callable[[str], str] = OpenCC("s2tw").convert
    return convert


def _pairs(path: Path) -> list[tuple[str, str]]:
    """Lines of a character and its reading."""
    rows = [line.split("\t") for line in _text(path).splitlines() if line.strip()]
    if any(len(row) != 2 or len(row[0]) != 1 or not row[1].strip() for row in rows):
        raise ValueError(f"“{path.name}” is no table of characters and readings")
    return [(char, reading.strip()) for char, reading in rows]


def _text(path: Path) -> str:
    if path.stat().st_size > TABLE_MAX_BYTES:
        raise ValueError(f"“{path.name}” is too large for a table")
    return path.read_text(encoding="utf-8")
