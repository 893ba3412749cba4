"""Which frames of two speakers resemble each other when they do not say the same words.

Source: Erro, Moreno and Bonafonte, "INCA algorithm for training voice conversion systems from
nonparallel corpora", 2010.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from core.engines.builtin.align import Features, Path
from core.engines.builtin.world import Array

N_COMPARED = 18
CONTEXT_FRAMES = 6
CONTEXT_WEIGHT = 0.6
VOICING_WEIGHT = 2.0
MOST_FRAMES = 2500
"""Of either speaker: bounds the table of distances to 50 MB."""


def nearest_pairs(left: Features, converted: Array, right: Features) -> Path:
    """For each frame of speech the most similar one of the other speaker, both ways.

    Args:
        left: The speech that is to be moved.
        converted: f64 [T, 31], `left` moved by what is known so far.
        right: The other speaker.

    Returns:
        int [K, 2], (frame of the left, frame of the right).
    """
    spread = right.mcep[right.is_speech].std(axis=0) + 1e-6
    rows, columns = _some(left.is_speech), _some(right.is_speech)
    x = _features(converted / spread, left.is_voiced)[rows]
    y = _features(right.mcep / spread, right.is_voiced)[columns]
    distances = cdist(x, y)
    forward = np.stack([rows, columns[distances.argmin(axis=1)]], axis=1)
    backward = np.stack([rows[distances.argmin(axis=0)], columns], axis=1)
    return np.concatenate([forward, backward])


def _some(is_speech: NDArray[np.bool_]) -> NDArray[np.intp]:
    frames = np.flatnonzero(is_speech)
    return frames[:: -(-len(frames) // MOST_FRAMES)]


def _features(scaled: Array, is_voiced: NDArray[np.bool_]) -> Array:
    """A frame with what comes before and after it; c0 left out: levels say little of sounds."""
    shape = scaled[:, 1:N_COMPARED]
    here = np.arange(len(shape))
    sides = [
        CONTEXT_WEIGHT * shape[np.clip(here + step, 0, len(shape) - 1)]
        for step in (-CONTEXT_FRAMES, CONTEXT_FRAMES)
    ]
    return np.hstack([shape, *sides, VOICING_WEIGHT * is_voiced[:, None]])
