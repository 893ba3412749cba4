"""Listens to what was made and says what is wrong with it: cheap, and without a model.

Language models of speech fail in a few ways that numbers see: they lose their end, stop too early,
say a thing over and over, fall silent, or go on with the reference's own words. Limits are wide: a
segment that is called bad is made once more, so a false alarm costs time and a missed one a listen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.audio.samples import Audio, Samples

TOKENS_PER_S = 25.0

SLOWEST, FASTEST = 4.0, 30.0
"""Phones per second that a person says: reading aloud has 8 to 16 in every language here."""
SLACK_S = 1.5
"""Breath and silence around a segment of whatever length."""
BRIEF_PHONES = 6
"""Of fewer the pace says nothing."""

LOOP_TIMES, LOOP_S = 3, 1.2
"""A stretch said so often, that together lasts so long, is a loop; people repeat words, not
tokens."""
LOOP_MOST_TOKENS = 60
"""Longest stretch that is looked for (2.4 s)."""
HELD_S = 1.6
"""One token for so long: a tone or a silence that stands still."""

LEAK_TOKENS, LEAK_DISTINCT = 10, 4
"""So many tokens in a row (0.4 s), with so many different ones among them, do not come twice."""
LEAK_WITHIN = 50
"""Tokens at the head that are looked at (2 s)."""

FRAME_S = 0.02
SILENT_DB = -42.0
"""Below the loud parts of the segment."""
SILENT_SHARE = 0.6
PAUSE_S = 2.5
"""Longest pause inside a segment."""
FAINT_RMS = 1e-3
"""-60 dB of full scale: nobody hears it."""
SAME_AGAIN = 0.995
"""Likeness of a spectrum to that of one period earlier above which it is a copy."""
OTHER = 0.9
"""Likeness to that of half a period earlier above which it is no period, but a sound held."""
SPOKEN_SHARE = 0.3
"""Of a copy: pauses are all alike."""
BANDS = 24


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """
    Args:
        faults: What is wrong, a few words each with figures; empty: nothing.
        badness: How far beyond its limits it is, to choose the better of two tries.
    """

    faults: tuple[str, ...] = ()
    badness: float = 0.0

    @property
    def is_good(self) -> bool:
        return not self.faults

    def in_words(self) -> str:
        """`it lasts 12.3 s for 20 sounds, it repeats itself for 3.2 s`."""
        return ", ".join(self.faults)

    def __add__(self, other: Verdict) -> Verdict:
        return Verdict(faults=self.faults + other.faults, badness=self.badness + other.badness)


@dataclass
class _Notes:
    faults: list[str] = field(default_factory=list)
    badness: float = 0.0

    def add(self, text: str, value: float, limit: float) -> None:
        self.faults.append(text)
        self.badness += 1.0 + max(0.0, value / max(limit, 1e-9) - 1.0)

    def verdict(self) -> Verdict:
        return Verdict(faults=tuple(self.faults), badness=self.badness)


def most_tokens(n_phones: int) -> int:
    """Tokens after which a text of so many sounding phones has surely lost its end."""
    return int(TOKENS_PER_S * (n_phones / SLOWEST + SLACK_S))


def judge_tokens(
    tokens: Sequence[int], *, n_phones: int, ended: bool, prompt: Sequence[int] = ()
) -> Verdict:
    """What the tokens of a segment tell, before any sound is made of them.

    Args:
        tokens: 25 a second, at the speaker's own pace.
        n_phones: Sounding phones of the text.
        ended: It came to an end by itself.
        prompt: Tokens of the reference.
    """
    notes = _Notes()
    seconds = len(tokens) / TOKENS_PER_S
    if not ended:
        notes.add(f"it found no end in {seconds:.1f} s", 2.0, 1.0)
    elif seconds > (most := n_phones / SLOWEST + SLACK_S):
        notes.add(f"it lasts {seconds:.1f} s for {n_phones} sounds", seconds, most)
    if n_phones >= BRIEF_PHONES and seconds < (least := n_phones / FASTEST):
        notes.add(f"it lasts only {seconds:.1f} s for {n_phones} sounds", least, seconds)
    loop_s = repeated_s(tokens)
    if loop_s:
        notes.add(f"it repeats itself for {loop_s:.1f} s", loop_s, LOOP_S)
    leak_s = leaked_s(tokens, prompt)
    if leak_s:
        notes.add(f"it begins with {leak_s:.1f} s of the reference", leak_s, leak_s)
    return notes.verdict()


def repeated_s(tokens: Sequence[int]) -> float:
    """Seconds of the longest stretch that is the same few tokens over and over; 0: none."""
    row = np.asarray(tokens, dtype=np.int64)
    worst = 0
    for period in range(1, min(LOOP_MOST_TOKENS, len(row) // 2) + 1):
        n_same = _longest_run(row[period:] == row[:-period])
        n_stretch = n_same + period
        least = HELD_S if period == 1 else LOOP_S
        if n_same >= period * (LOOP_TIMES - 1) and n_stretch >= least * TOKENS_PER_S:
            worst = max(worst, n_stretch)
    return worst / TOKENS_PER_S


def leaked_s(tokens: Sequence[int], prompt: Sequence[int]) -> float:
    """Seconds at the head that are a piece of the reference; 0: none.

    Args:
        tokens: Of the segment.
        prompt: Of the reference.
    """
    head = np.asarray(tokens[:LEAK_WITHIN], dtype=np.int64)
    said = np.asarray(prompt, dtype=np.int64)
    if len(head) < LEAK_TOKENS or len(said) < LEAK_TOKENS:
        return 0.0
    same = head[:, None] == said[None, :]
    worst = 0
    for offset in range(LEAK_TOKENS - len(head), len(said) - LEAK_TOKENS + 1):
        diagonal = np.diagonal(same, offset)
        n_same, at = _longest_run_at(diagonal)
        first = at + max(0, -offset)
        is_varied = len(set(head[first : first + n_same].tolist())) >= LEAK_DISTINCT
        if n_same >= LEAK_TOKENS and is_varied:
            worst = max(worst, n_same)
    return worst / TOKENS_PER_S


def judge_sound(audio: Audio) -> Verdict:
    """What the sound of a segment tells, whoever made it."""
    notes = _Notes()
    samples = audio.samples
    if not len(samples) or not np.isfinite(samples).all():
        return Verdict(faults=("it is no sound",), badness=100.0)
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    if rms < FAINT_RMS:
        notes.add("it is silent", 2.0, 1.0)
        return notes.verdict()
    silent = _silent_frames(samples, audio.rate)
    share = float(silent.mean())
    if share > SILENT_SHARE and len(silent) * FRAME_S > SLACK_S:
        notes.add(f"{100 * share:.0f} % of it is silent", share, SILENT_SHARE)
    pause_s = _longest_run(silent) * FRAME_S
    if pause_s > PAUSE_S:
        notes.add(f"it is silent for {pause_s:.1f} s", pause_s, PAUSE_S)
    loop_s = copied_s(samples, audio.rate, silent)
    if loop_s:
        notes.add(f"its sound repeats itself for {loop_s:.1f} s", loop_s, LOOP_S)
    return notes.verdict()


def copied_s(samples: Samples, rate: int, silent: NDArray[np.bool_] | None = None) -> float:
    """Seconds in which the sound is a copy of what it was one period earlier, for any period from
    a syllable's on; 0: none. A held vowel, which changes little, has no period."""
    bands = _bands(samples, rate)
    n_frames = len(bands)
    silent = _silent_frames(samples, rate) if silent is None else silent
    loud = ~silent[:n_frames]
    worst = 0
    shortest, longest = round(0.16 / FRAME_S), round(LOOP_MOST_TOKENS / TOKENS_PER_S / FRAME_S)
    for period in range(shortest, min(longest, n_frames // LOOP_TIMES) + 1):
        likeness = np.sum(bands[period:] * bands[:-period], axis=1)
        # Half a period off it must be something else, or there is no period.
        other = np.sum(bands[period // 2 :] * bands[: n_frames - period // 2], axis=1)
        now, before = loud[period:], loud[:-period]
        is_copy = np.where(now & before, likeness > SAME_AGAIN, now == before)
        n_same, at = _longest_run_at(is_copy)
        n_stretch = n_same + period
        if n_same < period * (LOOP_TIMES - 1) or n_stretch * FRAME_S < LOOP_S:
            continue
        is_spoken = float(now[at : at + n_same].mean()) > SPOKEN_SHARE
        if is_spoken and float(other[at : at + n_same].mean()) < OTHER:
            worst = max(worst, n_stretch)
    return worst * FRAME_S


def _silent_frames(samples: Samples, rate: int) -> NDArray[np.bool_]:
    """bool [frames of `FRAME_S`]"""
    power = np.mean(np.square(_frames(samples, rate), dtype=np.float64), axis=1)
    loud = float(np.percentile(power, 95))
    return np.asarray(power < max(loud * 10 ** (SILENT_DB / 10), 1e-10))


def _frames(samples: Samples, rate: int) -> Samples:
    n_hop = max(1, round(FRAME_S * rate))
    n_frames = max(1, len(samples) // n_hop)
    padded = np.zeros(n_frames * n_hop, np.float32)
    kept = samples[: n_frames * n_hop]
    padded[: len(kept)] = kept
    return padded.reshape(n_frames, n_hop)


def _bands(samples: Samples, rate: int) -> NDArray[np.float64]:
    """Spectral shape of each frame: f64 [frames, BANDS], of length 1 and without a mean."""
    spectrum = np.abs(np.fft.rfft(_frames(samples, rate), axis=1)) ** 2
    edges = np.unique(np.geomspace(2, spectrum.shape[1], BANDS + 1).astype(int))
    sums = np.add.reduceat(spectrum, edges[:-1], axis=1)
    logs = np.log(sums + 1e-9)
    logs -= logs.mean(axis=1, keepdims=True)
    shaped: NDArray[np.float64] = logs / np.maximum(
        np.linalg.norm(logs, axis=1, keepdims=True), 1e-9
    )
    return shaped


def _longest_run(marks: NDArray[np.bool_]) -> int:
    return _longest_run_at(marks)[0]


def _longest_run_at(marks: NDArray[np.bool_]) -> tuple[int, int]:
    """Length and beginning of the longest stretch that is true."""
    edges = np.diff(np.concatenate(([0], marks.astype(np.int8), [0])))
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    if not len(starts):
        return 0, 0
    longest = int(np.argmax(stops - starts))
    return int(stops[longest] - starts[longest]), int(starts[longest])
