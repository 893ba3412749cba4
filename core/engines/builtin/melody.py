"""The melody of a yes-no question, which the statistical voices hardly learned from read prose.

A question rises from the stressed syllable of its last word (English, Portuguese and others), or
peaks on it and falls at once (Russian, Ukrainian; Bryzgunova's third contour). Half an octave is
what people do.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.engines.builtin.labels import PAUSE, Phone, Syllable, Utterance

F64 = NDArray[np.float64]

RISE_SEMITONES: Final = 5.0
RISING: Final = "H-H%"
"""`Utterance.end_tone` of a question that rises."""

PEAK_LANGUAGES: Final = frozenset({"ru", "uk"})
_TAIL_SEMITONES: Final = -1.5
_OCTAVE: Final = float(np.log(2.0))


def question_rise(
    utterance: Utterance, phones: list[Phone], frames: NDArray[np.int64], language: str
) -> F64:
    """What to add to the log F0 of an utterance.

    Args:
        utterance: What is said.
        phones: Its phones in order with pauses, as its labels describe them.
        frames: How many frames each of them takes.
        language: ISO 639-1 code.

    Returns:
        f64 [T]; zero for anything but a rising question.
    """
    ends = np.cumsum(frames)
    contour = np.zeros(int(ends[-1]))
    if utterance.end_tone != RISING:
        return contour
    nucleus = _nucleus(utterance)
    inside = [at for at, phone in enumerate(phones) if any(phone is p for p in nucleus.phones)]
    spoken = [at for at, phone in enumerate(phones) if phone.name != PAUSE]
    start, stop = ends[inside[0]] - frames[inside[0]], ends[inside[-1]]
    last = ends[spoken[-1]]
    if language in PEAK_LANGUAGES:
        places = [start, start + 0.7 * (stop - start), max(stop, 0.5 * (stop + last)), last]
        heights = [0.0, RISE_SEMITONES, _TAIL_SEMITONES, _TAIL_SEMITONES]
    else:
        places, heights = [start, last], [0.0, RISE_SEMITONES]
    contour[:] = np.interp(np.arange(len(contour)), places, heights)
    return contour * (_OCTAVE / 12)


def _nucleus(utterance: Utterance) -> Syllable:
    """The last stressed syllable of the last word with content; else the last syllable."""
    words = utterance.phrases[-1].words
    for word in reversed([word for word in words if word.gpos == "content"] or words):
        for syllable in reversed(word.syllables):
            if syllable.is_stressed:
                return syllable
    return words[-1].syllables[-1]
