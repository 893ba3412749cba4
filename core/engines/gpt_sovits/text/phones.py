"""What a language's front end hands over: phonemes of a text, and which characters made them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Version = Literal["v1", "v2"]
"""Which symbols and rules: `v1`, or `v2` for every later family (v2Pro, v2ProPlus, v3, v4)."""

Language = Literal["zh", "yue", "ja", "ko", "en"]
"""Languages that have a front end."""


@dataclass(frozen=True)
class Phones:
    """Phonemes of one stretch of text in one language.

    Args:
        norm_text: The text as it is said: numbers as words, one kind of punctuation. For Chinese,
            one token of BERT per character.
        phones: Names from the symbol list; a name outside of it counts as `UNK`.
        word2ph: How many phones each character of `norm_text` makes; `None` for languages
            without that correspondence (en, ja, ko).
    """

    norm_text: str
    phones: tuple[str, ...]
    word2ph: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.word2ph is not None:
            assert len(self.word2ph) == len(self.norm_text)
            assert sum(self.word2ph) == len(self.phones)


class FrontEnd(Protocol):
    """A language's `g2p`: a module-level function of `<language>.py`."""

    def __call__(self, text: str, version: Version, *, as_reference: bool = False) -> Phones:
        """Phonemes of a text that is in this language alone.

        Args:
            text: One segment; may hold anything, also nothing.
            version: Symbols and rules.
            as_reference: Read what the reference implementation reads wrong as it does; only
                for comparing with it.
        """
        ...
