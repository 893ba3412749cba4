import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.engines.builtin.transducer import DecisionTree, Transducer
from core.errors import ResourceError


def build(alphabet: list[str], states: list[tuple[bool, list[tuple[int, int, int]]]]) -> bytes:
    raw = struct.pack(">H", len(alphabet))
    for name in alphabet:
        raw += bytes([len(name.encode())]) + name.encode()
    raw += struct.pack(">I", len(states))
    for is_final, arcs in states:
        raw += struct.pack(">BI", is_final, len(arcs))
        raw += b"".join(struct.pack(">IHH", *arc) for arc in sorted(arcs, key=lambda a: a[1]))
    return raw


# a -> x, except before b at the end, where ab -> yb; anything else is copied
A, B, X, Y = 2, 3, 4, 5
RULES = build(
    ["a", "b", "x", "y"],
    [
        (True, [(0, 1, 1), (1, A, Y), (0, A, X), (0, B, B)]),
        (False, [(2, B, B)]),
        (True, []),
    ],
)


def test_a_path_that_ends_nowhere_gives_way_to_the_next() -> None:
    rules = Transducer(RULES)
    assert rules.apply("ab") == ["y", "b"]
    assert rules.apply("aba") == ["x", "b", "x"]


def test_symbols_outside_the_alphabet_are_copied_where_the_rules_say_so() -> None:
    assert Transducer(RULES).apply("a?") == ["x", "?"]


def test_nothing_accepts_nothing() -> None:
    assert Transducer(RULES).apply("") is None


def test_arcs_that_consume_nothing_can_make_a_symbol_at_the_end() -> None:
    rules = Transducer(build(["a", "!"], [(False, [(1, 2, 2)]), (False, [(2, 0, 3)]), (True, [])]))
    assert rules.apply("a") == ["a", "!"]


def test_loops_that_consume_nothing_end() -> None:
    rules = Transducer(build(["a"], [(False, [(0, 0, 2), (1, 2, 2)]), (False, [])]))
    assert rules.apply("a") is None


@given(st.text("ab?", min_size=1, max_size=200))
def test_the_answer_is_as_long_as_the_text_and_linear_in_it(text: str) -> None:
    made = Transducer(RULES).apply(list(text))
    assert made is not None
    assert len(made) == len(text)


@pytest.mark.parametrize("cut", [1, 5, 20, len(RULES) - 1])
def test_a_damaged_file_is_refused(cut: int) -> None:
    with pytest.raises(ResourceError, match="damaged"):
        Transducer(RULES[:-cut])


def test_a_tree_asks_until_it_knows() -> None:
    # stress = 1? then (syl_in > 3? "late" : "early") else 7
    raw = bytes([1]) + b"\x06stress" + bytes([1, 1])
    raw += bytes([3]) + b"\x06syl_in" + bytes([1, 3])
    raw += bytes([0, 0]) + b"\x04late" + bytes([0, 0]) + b"\x05early" + bytes([0, 1, 7])
    tree = DecisionTree(raw)
    assert tree.features() == {"stress", "syl_in"}
    assert tree.answer({"stress": 1, "syl_in": 4}.__getitem__) == "late"
    assert tree.answer({"stress": 1, "syl_in": 3}.__getitem__) == "early"
    assert tree.answer({"stress": 0}.__getitem__) == "7"


@given(st.binary(max_size=60))
def test_any_bytes_are_a_tree_or_are_refused(raw: bytes) -> None:
    with contextlib.suppress(ResourceError):
        DecisionTree(raw)
