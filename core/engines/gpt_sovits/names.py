"""Names of tensors in published files and in our models, each from the other."""

from __future__ import annotations

import re
from collections.abc import Iterable


class Names:
    """A table of names.

    Args:
        pairs: Published and ours, the beginnings of names up to a dot; `#` stands for a number,
            in both as often and in the same order. The first that fits counts.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        both = list(pairs)
        self._to_ours = [(_pattern(published), ours) for published, ours in both]
        self._to_published = [(_pattern(ours), published) for published, ours in both]

    def ours(self, published: str) -> str:
        """Our name for a published one; itself where there is none, so that it is told."""
        return _translated(published, self._to_ours)

    def published(self, ours: str) -> str:
        """The published name for one of ours; of several that are joined, one of them."""
        return _translated(ours, self._to_published)


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(r"(\d+)".join(map(re.escape, template.split("#"))) + r"(?=\.|$)")


def _translated(name: str, table: Iterable[tuple[re.Pattern[str], str]]) -> str:
    for pattern, target in table:
        template = target
        match = pattern.match(name)
        if match:
            for number in match.groups():
                template = template.replace("#", number, 1)
            return template + name[match.end() :]
    return name
