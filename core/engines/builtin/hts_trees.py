"""The decision trees of an HTS voice: text form to leaves, by questions about a label."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence


class Tree:
    """A binary tree of questions about a label.

    Args:
        nodes: Per node the question and where to go for no and for yes: an index of a node, or
            minus one minus the index of a leaf.
    """

    __slots__ = ("_nodes",)

    def __init__(self, nodes: Sequence[tuple[str, int, int]]) -> None:
        self._nodes = nodes

    def leaf(self, answers: Answers) -> int:
        if not self._nodes:
            return 0
        at = 0
        while at >= 0:
            question, no, yes = self._nodes[at]
            at = yes if answers[question] else no
        return -1 - at


class Answers(dict[str, bool]):
    """Answers to questions about one label, found when first asked."""

    def __init__(self, questions: Mapping[str, Callable[[str], bool]], label: str) -> None:
        super().__init__()
        self._questions = questions
        self._label = label

    def __missing__(self, question: str) -> bool:
        answer = self[question] = self._questions[question](self._label)
        return answer


def parse_trees(raw: bytes, questions: dict[str, Callable[[str], bool]]) -> dict[int, Tree]:
    """Trees by the state they belong to (2 is the first); questions are added to `questions`."""
    trees: dict[int, Tree] = {}
    blocks = raw.decode("latin-1").split("{*}[")
    for line in blocks[0].splitlines():
        if line.startswith("QS "):
            name, _, rest = line[3:].partition("{")
            questions.setdefault(name.strip(), _LazyQuestion(rest.rpartition("}")[0]))
    for block in blocks[1:]:
        state, _, body = block.partition("]")
        body = body.strip()
        if body.startswith("{"):
            trees[int(state)] = Tree(_parse_nodes(body[1:].partition("}")[0]))
        else:
            trees[int(state)] = Tree(())
    return trees


def _parse_nodes(body: str) -> list[tuple[str, int, int]]:
    rows = [line.split() for line in body.splitlines() if line.strip()]
    index = {row[0]: at for at, row in enumerate(rows)}

    def target(name: str) -> int:
        if name[0] == '"':
            return -int(name.rstrip('"').rpartition("_")[2])  # leaves are numbered from 1
        return index[name]

    nodes = [(row[1], target(row[2]), target(row[3])) for row in rows]
    for at, (_, no, yes) in enumerate(nodes):
        if 0 <= no <= at or 0 <= yes <= at:
            raise ValueError(f"node {at} points back")
    return nodes


class _LazyQuestion:
    """A question, compiled when first asked: a voice has thousands, a text asks hundreds."""

    __slots__ = ("_asks", "_patterns")

    def __init__(self, patterns: str) -> None:
        self._patterns = patterns
        self._asks: Callable[[str], bool] | None = None

    def __call__(self, label: str) -> bool:
        if self._asks is None:
            self._asks = compile_question(re.findall(r'"([^"]*)"', self._patterns))
        return self._asks(label)


def compile_question(patterns: Sequence[str]) -> Callable[[str], bool]:
    """A test whether a label matches any pattern; `*` is any text, `?` any one character."""
    inside, starts, ends, others = [], [], [], []
    for pattern in patterns:
        core = pattern.strip("*")
        if "*" in core or "?" in core or not core:
            others.append("".join(_wild(sign) for sign in pattern))
        elif pattern.startswith("*") and pattern.endswith("*"):
            inside.append(core)
        elif pattern.endswith("*"):
            starts.append(core)
        elif pattern.startswith("*"):
            ends.append(core)
        else:
            others.append(re.escape(pattern))
    first, last = tuple(starts), tuple(ends)
    match = re.compile("|".join(others), re.DOTALL).fullmatch if others else None

    def asks(label: str) -> bool:
        return (
            any(core in label for core in inside)
            or (bool(first) and label.startswith(first))
            or (bool(last) and label.endswith(last))
            or (match is not None and match(label) is not None)
        )

    return asks


def _wild(sign: str) -> str:
    return {"*": ".*", "?": "."}.get(sign) or re.escape(sign)
