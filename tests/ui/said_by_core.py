"""Every sentence that the core can say to a person, read off its source.

A sentence is an argument of an error, a finding, a problem or a remark, or a line added to the
notes. Its figures are filled in with a number, so that it can be asked for like a real one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import ERRORS

CORE = Path(__file__).resolve().parents[2] / "core"
FIGURE = "17"
SAYERS = {kind.__name__ for kind in ERRORS.values()} | {"Finding", "Problem", "Death", "EngineDied"}
FIELDS = {"message", "hint", "text", "todo", "problem", "reason"}
"""Arguments by name that are sentences; of those without a name all that are text are."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Said:
    """
    Args:
        text: As a person reads it, with made-up figures.
        place: `file:line`, for the message of a failing test.
    """

    text: str
    place: str


def said_by_core() -> list[Said]:
    """All sentences of all modules, each once."""
    found: dict[str, Said] = {}
    for path in sorted(CORE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for text, line in _Module(tree).sentences():
            found.setdefault(text, Said(text=text, place=f"{path.relative_to(CORE)}:{line}"))
    return list(found.values())


class _Module:
    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._shared = _assigned(tree.body)

    def sentences(self) -> Iterator[tuple[str, int]]:
        for function in ast.walk(self._tree):
            if isinstance(function, Function):
                names = {**self._shared, **_assigned(list(ast.walk(function)))}
                tells = function.name.endswith("notes") or function.name == "_flaw"
                for node in ast.walk(function):
                    for value in _spoken(node, tells=tells):
                        for text in _texts(value, names):
                            if " " in text.strip():
                                yield text, value.lineno


def _spoken(node: ast.AST, *, tells: bool) -> Iterator[ast.expr]:
    """The expressions of a node that become sentences; of a function that `tells` its results."""
    if tells and isinstance(node, ast.Return) and node.value is not None:
        yield from _each(node.value)
    if not isinstance(node, ast.Call):
        return
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    if name in SAYERS:
        yield from node.args
        yield from (given.value for given in node.keywords if given.arg in FIELDS)
    elif name == "append" and isinstance(node.func, ast.Attribute):
        holder = node.func.value
        if getattr(holder, "attr", getattr(holder, "id", "")) == "notes":
            yield from node.args


def _each(value: ast.expr) -> list[ast.expr]:
    """What a value holds: itself, or the items of a list, a tuple, or one that is built."""
    if isinstance(value, ast.List | ast.Tuple):
        return value.elts
    if isinstance(value, ast.Call) and value.args and isinstance(value.args[0], ast.GeneratorExp):
        return [value.args[0].elt]
    return [value]


def _assigned(nodes: list[ast.stmt] | list[ast.AST]) -> dict[str, list[ast.expr]]:
    """Every value that a name is given."""
    values: dict[str, list[ast.expr]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                name = getattr(target, "id", getattr(target, "attr", None))
                if name is not None:
                    values.setdefault(name, []).append(node.value)
    return values


def _texts(
    value: ast.expr, names: dict[str, list[ast.expr]], within: frozenset[str] = frozenset()
) -> list[str]:
    """What an expression can say; nothing where only a run of the program could tell."""
    if isinstance(value, ast.Constant):
        return [value.value] if isinstance(value.value, str) else []
    if isinstance(value, ast.IfExp):
        return _texts(value.body, names, within) + _texts(value.orelse, names, within)
    if isinstance(value, ast.Name) and value.id not in within:
        inner = within | {value.id}
        return [text for each in names.get(value.id, []) for text in _texts(each, names, inner)]
    if isinstance(value, ast.JoinedStr):
        texts = [""]
        for part in value.values:
            texts = [before + after for before in texts for after in _part(part, names, within)]
        return texts
    return []


def _part(part: ast.expr, names: dict[str, list[ast.expr]], within: frozenset[str]) -> list[str]:
    if isinstance(part, ast.FormattedValue):
        # A name that stands for words is a part of the sentence; everything else is a figure.
        is_name = isinstance(part.value, ast.Name | ast.IfExp)
        words = _texts(part.value, names, within) if is_name else []
        return words or [f"'{FIGURE}'" if part.conversion == ord("r") else FIGURE]
    return _texts(part, names, within)
