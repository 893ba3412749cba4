"""What part of a speaker's distortion lies in the recording and not in the engine.

    python -m benchmarks.fidelity_limits --voices DIR [SPEAKER ...]

Two figures for each speaker, English speakers by default (see benchmarks/fidelity.py):

- holes: share of the voiced reference above 4 kHz, in cells of one frame and one bin, that is more
  than 6 dB quieter than the recording's own pauses. No room does that; a coder does.
- bound: distortion when the held sentences themselves are what is learnt from, as if the reference
  were as good as it could be. What is left is the map's, the source's and the recording's.
"""

from __future__ import annotations

import argparse
from functools import cache
from pathlib import Path

import numpy as np
import pyworld

from benchmarks.fidelity import N_COMPARED, Speaker, read_speaker
from benchmarks.measures import FFT_SIZE, RATE, analysis, at_16k, distortion_db
from core.audio.samples import Audio
from core.engines.builtin.card import CARD
from core.engines.builtin.conversion import Manner, convert
from core.engines.builtin.fitting import fit
from core.engines.builtin.reference import analyse_reference
from core.engines.builtin.sources import sources_for

LOWEST_HZ = 4000
DEEPER_DB = 6.0
PAUSE_PERCENTILE = 5
SPEECH_RANGE_DB = 25.0
GAP_S = 0.25

_sources = cache(sources_for)


def holes(speaker: Speaker) -> float:
    """Share of the cells, 0 to 1."""
    sound = np.ascontiguousarray(at_16k(speaker.reference.samples, speaker.reference.rate))
    f0, times = pyworld.harvest(sound, RATE, f0_floor=55, f0_ceil=500)
    f0 = pyworld.stonemask(sound, f0, times, RATE)
    envelope = pyworld.cheaptrick(sound, f0, times, RATE, fft_size=FFT_SIZE)
    high_db = 10 * np.log10(envelope[:, round(LOWEST_HZ / RATE * FFT_SIZE) :] + 1e-14)
    level = 10 * np.log10(envelope.mean(axis=1) + 1e-14)
    pauses_db = high_db[level <= np.percentile(level, PAUSE_PERCENTILE)].mean(axis=0)
    voiced = (level > np.percentile(level, 99) - SPEECH_RANGE_DB) & (f0 > 0)
    return float((high_db[voiced] < pauses_db - DEEPER_DB).mean())


def bound_db(speaker: Speaker) -> float:
    """Distortion of the held sentences, learnt from themselves (dB)."""
    held = speaker.held[:N_COMPARED]
    gap = np.zeros(round(GAP_S * RATE))
    sound = np.concatenate([part for samples, _ in held for part in (samples, gap)])
    reference = analyse_reference(
        Audio(samples=sound.astype(np.float32), rate=RATE),
        least_s=2.0,
        most_s=CARD.reference_max_s,
    )
    learnt = fit(
        reference,
        transcript=" ".join(text.rstrip(" .,:") + "." for _, text in held),
        spoken_language=speaker.language,
        language=speaker.language,
        sources=_sources,
    )
    found = []
    for samples, text in held:
        made = convert(learnt, text, Manner(), np.random.default_rng(0))
        found.append(distortion_db(analysis(at_16k(made, CARD.rate)), analysis(samples)))
    return float(np.mean(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--voices", type=Path, required=True)
    parser.add_argument("speakers", nargs="*")
    given = parser.parse_args()
    for folder in sorted(path.parent for path in given.voices.glob("*/voice.json")):
        speaker = read_speaker(folder)
        if speaker.name in given.speakers or (not given.speakers and speaker.language == "en"):
            share, bound = holes(speaker), bound_db(speaker)
            print(f"{speaker.name}: holes {share:.1%}, bound {bound:.2f} dB", flush=True)


if __name__ == "__main__":
    main()
