"""A prepared reference: a few hundred tokens and two vectors, on the host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_BYTES = 8 << 20
"""A tenth of it is usual; more is not one of ours."""
Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class GptSovitsPrompt:
    """
    Args:
        model: Digest of the weights that it was made with: to others it means nothing.
        tokens: [P], semantic tokens of the reference; P = 0: only its sound is imitated.
        phones: [T], of its transcript.
        bert: [n_bert, T], features of the phones; None: all zero.
        sound: [n_style], style for flow and decoder.
        text: [n_cross], style for the encoders.
    """

    model: str
    tokens: Ints
    phones: Ints
    bert: Floats | None
    sound: Floats
    text: Floats

    @property
    def nbytes(self) -> int:
        arrays = (self.tokens, self.phones, self.bert, self.sound, self.text)
        return sum(array.nbytes for array in arrays if array is not None)

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """For `numpy.savez`; nothing in it needs unpickling."""
        return {
            "model": np.array(self.model),
            "tokens": self.tokens,
            "phones": self.phones,
            "bert": np.zeros((0, 0), np.float32) if self.bert is None else self.bert,
            "sound": self.sound,
            "text": self.text,
        }

    @staticmethod
    def from_arrays(arrays: Mapping[str, NDArray[np.generic]]) -> GptSovitsPrompt:
        """What `to_arrays` gave. Raises KeyError or ValueError for anything else."""
        bert = arrays["bert"].astype(np.float32)
        prompt = GptSovitsPrompt(
            model=str(arrays["model"]),
            tokens=arrays["tokens"].astype(np.int64),
            phones=arrays["phones"].astype(np.int64),
            bert=bert if bert.size else None,
            sound=arrays["sound"].astype(np.float32),
            text=arrays["text"].astype(np.float32),
        )
        rows = (prompt.tokens, prompt.phones, prompt.sound, prompt.text)
        is_ours = all(row.ndim == 1 for row in rows) and prompt.nbytes <= MOST_BYTES
        if not is_ours or (prompt.bert is not None and prompt.bert.shape[1] != len(prompt.phones)):
            raise ValueError("these arrays are no prompt of GPT-SoVITS")
        return prompt
