"""What a source of speech hands to the conversion: vocoder parameters with their phones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

RATE: Final = 24_000
"""Sample rate that all parameters describe (Hz)."""

FRAME_S: Final = 0.005
"""Time between frames (s)."""

MCEP_ORDER: Final = 30
MCEP_ALPHA: Final = 0.466
"""Mel-cepstrum: order, and the all-pass constant that bends 24 kHz to the mel scale."""

N_BAP: Final = 3
"""Bands of WORLD's coded aperiodicity at 24 kHz."""

F64 = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class SourceSpeech:
    """What a source says, as vocoder parameters, one frame per 5 ms, at 24 kHz.

    Args:
        f0: f64 [T], Hz; 0 where unvoiced.
        mcep: f64 [T, 31], mel-cepstrum (order 30, alpha 0.466) of the log amplitude on WORLD's
            scale.
        bap: f64 [T, 3], WORLD's coded aperiodicity (dB), as `pyworld.code_aperiodicity` gives.
        phones: object [T], the IPA sign being said; `''` in silence.
        is_speech: bool [T], False in pauses.
    """

    f0: F64
    mcep: F64
    bap: F64
    phones: NDArray[Any]
    is_speech: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.f0)

    @property
    def seconds(self) -> float:
        return len(self.f0) * FRAME_S


class Source(Protocol):
    """Something that can say a text."""

    @property
    def name(self) -> str:
        """Identifier such as `hts:slt` or `espeak:fr+f2`."""
        ...

    @property
    def is_flat(self) -> bool:
        """Its melody is flatter than people's (HTS): widen its range before use."""
        ...

    @property
    def is_female(self) -> bool: ...

    def say(self, text: str, *, speed: float = 1.0) -> SourceSpeech:
        """Say anything; a text without a single word gives a short silence.

        Args:
            text: Any Unicode text.
            speed: 1 is the voice's own rate; 2 is twice as fast. Held between 0.25 and 4.
        """
        ...
