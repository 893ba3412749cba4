"""Sizes of the semantic transformer ("s1"); torch-free."""

from __future__ import annotations

from dataclasses import dataclass

SEMANTIC_HZ = 25.0
"""Semantic tokens per second of sound."""
N_HEADS = 16
"""Of all published files, which say so in their settings; shapes do not tell it."""


@dataclass(frozen=True, kw_only=True)
class SemanticDims:
    """The defaults are those of the files since v2 (77.6 million weights).

    Args:
        n_phones: Rows of the table of phones: 512 in v1, of which 322 are used.
        n_tokens: Semantic tokens, and one more, the last, that ends.
        n_bert: Channels of a feature of the text.
        n_width: Channels of a position.
        n_inner: Channels between the two linear layers of a layer.
        n_heads: Of the attention; each has `n_width / n_heads` channels.
        n_layers: Layers.
    """

    n_phones: int = 732
    n_tokens: int = 1025
    n_bert: int = 1024
    n_width: int = 512
    n_inner: int = 2048
    n_heads: int = N_HEADS
    n_layers: int = 24

    @property
    def end(self) -> int:
        """The token that ends."""
        return self.n_tokens - 1

    @property
    def n_head(self) -> int:
        """Channels of a head."""
        return self.n_width // self.n_heads
