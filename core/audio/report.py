"""Measures a stretch of speech and says in words what that means for a voice made of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.audio.listen import HOP_S, Track, listen
from core.audio.loudness import integrated_lufs
from core.audio.samples import Audio, Note, ReferenceReport, Samples, Span
from core.audio.vad import CHUNK_S, Network

CONTEXT_S = 2.0  # heard before and after a stretch, so that its edges are judged rightly
GUARD_S = 0.05  # next to speech: neither speech nor pause
NEAR_S = 0.5  # a pause tells of the noise under the speech only near it
SNR_GOOD_DB, SNR_LOW_DB = 30.0, 20.0
CLIPPED_SHARE = 0.001
QUIET_LUFS, LOUD_LUFS = -38.0, -10.0
GATE_LUFS = -70.0
"""BS.1770 measures nothing below it."""
NARROW_HZ, WIDE_HZ = 4_200.0, 7_000.0
SPEECH_SHARE = 0.5
_FFT_S = 0.02
LEVELS_DOWN_DB = 65.0  # from the strongest frequency: below it is codec dust
OVER_NOISE_DB = 6.0
_SMOOTH_HZ = 250.0
_LEAST_PAUSE_S = 0.08
_SILENCE = 1e-12  # mean square; -120 dBFS, below what 16 bit can hold


@dataclass(frozen=True, kw_only=True, eq=False)
class Masks:
    """Which 10 ms of a track are surely speech, and which surely pause.

    Args:
        speech: bool [N].
        pause: bool [N]; 0.05 to 0.5 s away from speech.
    """

    speech: NDArray[np.bool_]
    pause: NDArray[np.bool_]

    @classmethod
    def of(cls, track: Track) -> Masks:
        speech = np.zeros(len(track.power), np.bool_)
        beside = np.zeros(len(track.power), np.bool_)
        near = np.zeros(len(track.power), np.bool_)
        for span in track.spans():
            speech[round(span.start_s / HOP_S) : round(span.stop_s / HOP_S)] = True
            for mask, reach_s in ((beside, GUARD_S), (near, NEAR_S)):
                first = max(0, round((span.start_s - reach_s) / HOP_S))
                mask[first : round((span.stop_s + reach_s) / HOP_S)] = True
        return cls(speech=speech, pause=near & ~beside)


def judge(around: Audio, span: Span, network: Network) -> ReferenceReport:
    """Measure a stretch.

    Args:
        around: The stretch with up to `CONTEXT_S` of the recording on both sides.
        span: Where in `around` the stretch lies.
        network: Voice activity.
    """
    track = listen(around.samples, around.rate, network)
    masks = Masks.of(track)
    first, last = round(span.start_s / HOP_S), round(span.stop_s / HOP_S)
    inside = slice(first, max(first, last))
    kept = around.cut(span)
    speech, pause = masks.speech[inside], masks.pause[inside]
    speech_s = float(np.count_nonzero(speech)) * HOP_S
    snr = snr_db(track.power[inside][speech], track.power[inside][pause])
    n_clipped = int(track.clipped[inside].sum())
    clipped = min(1.0, n_clipped / max(1.0, speech_s * track.rate)) if speech_s else 0.0
    bandwidth = bandwidth_hz(kept.samples, kept.rate, speech, pause)
    loudness = integrated_lufs(kept.samples, kept.rate)
    notes = (
        *_speech_notes(kept.seconds, speech_s),
        *_snr_notes(snr),
        *_sound_notes(clipped, loudness, bandwidth),
        *_edge_notes(track, span),
    )
    return ReferenceReport(
        seconds=kept.seconds,
        speech_s=min(speech_s, kept.seconds),
        snr_db=snr,
        clipped=clipped,
        loudness_lufs=loudness,
        bandwidth_hz=bandwidth,
        notes=tuple(sorted(notes, key=lambda note: note.is_warning)),
    )


def snr_db(speech: NDArray[np.float32], pause: NDArray[np.float32]) -> float | None:
    """Speech level over the level of the pauses (dB); None with no pause to measure.

    The mean of the pauses is taken over their decibels: a breath or a click among them is not
    the noise. The noise under the speech is taken off the speech.

    Args:
        speech: Mean squares of 10 ms each.
        pause: The same.
    """
    if not len(speech) or len(pause) * HOP_S < _LEAST_PAUSE_S:
        return None
    noise = float(np.exp(np.mean(np.log(np.maximum(pause, _SILENCE)))))
    signal = max(float(speech.mean()) - noise, _SILENCE)
    return max(-10.0, 10 * math.log10(signal / noise))


def bandwidth_hz(
    samples: Samples,
    rate: int,
    speech: NDArray[np.bool_],
    pause: NDArray[np.bool_],
) -> float:
    """Frequency below which the speech really has energy (Hz).

    The highest one where the mean spectrum of the speech stands above the noise of the pauses
    and is not 65 dB below its strongest part. What a file claims (48 kHz) and what was once
    through a telephone (3.4 kHz) differ there.

    Args:
        samples: f32 [T].
        rate: Hz.
        speech: bool [N], one per 10 ms.
        pause: bool [N].
    """
    hop = rate * HOP_S
    size = 1 << math.ceil(math.log2(_FFT_S * rate))
    starts = (np.arange(len(speech)) * hop).astype(np.int64)
    fits = starts + size <= len(samples)
    spectrum = _mean_spectrum(samples, starts[speech & fits], size)
    if spectrum is None:
        return 0.0
    noise = _mean_spectrum(samples, starts[pause & fits], size)
    n_smooth = max(1, round(_SMOOTH_HZ * size / rate))
    box = np.ones(n_smooth) / n_smooth
    heard = np.convolve(spectrum, box, mode="same")
    alive = heard > heard.max() * 10 ** (-LEVELS_DOWN_DB / 10)
    if noise is not None:
        floor = np.convolve(noise, box, mode="same")
        alive &= heard > floor * 10 ** (OVER_NOISE_DB / 10)
    if not alive.any():
        return 0.0
    return float(np.flatnonzero(alive)[-1] * rate / size)


def _mean_spectrum(
    samples: Samples, starts: NDArray[np.int64], size: int
) -> NDArray[np.float64] | None:
    if not len(starts):
        return None
    window = np.hanning(size).astype(np.float32)
    total = np.zeros(size // 2 + 1)
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)
    for at in range(0, len(starts), 128):
        spectra = np.fft.rfft(frames[starts[at : at + 128]] * window, axis=1)
        total += np.square(np.abs(spectra)).sum(axis=0)
    total[0] = 0.0
    return total / len(starts)


def _speech_notes(seconds: float, speech_s: float) -> list[Note]:
    share = speech_s / seconds if seconds else 0.0
    said = f"{speech_s:.1f} s of speech in {seconds:.1f} s."
    if share < SPEECH_SHARE:
        return [Note(code="little_speech", text=f"Only {said}", value=speech_s, is_warning=True)]
    return [Note(code="speech", text=said, value=speech_s)]


def _snr_notes(snr: float | None) -> list[Note]:
    if snr is None:
        text = "No pause in it, so its background noise is not known."
        return [Note(code="no_pause", text=text)]
    said = f"the speech is {snr:.0f} dB above the background"
    if snr >= SNR_GOOD_DB:
        return [Note(code="snr_good", text=f"Clean: {said}.", value=snr)]
    if snr >= SNR_LOW_DB:
        return [Note(code="snr_fair", text=f"Some noise: {said}.", value=snr)]
    text = f"Noisy: {said} ({SNR_LOW_DB:.0f} dB or more are good)."
    return [Note(code="snr_low", text=text, value=snr, is_warning=True)]


def _sound_notes(clipped: float, loudness: float | None, bandwidth: float) -> list[Note]:
    notes = []
    if clipped > CLIPPED_SHARE:
        text = f"Recorded too loud: {100 * clipped:.1f} % of the speech is clipped."
        notes.append(Note(code="clipped", text=text, value=100 * clipped, is_warning=True))
    if loudness is None:
        text = f"Almost silent: below {GATE_LUFS:.0f} LUFS, perhaps too little for a voice."
        notes.append(Note(code="quiet", text=text, value=GATE_LUFS, is_warning=True))
    elif loudness < QUIET_LUFS:
        text = f"Quiet: {loudness:.0f} LUFS; noise will be raised with it."
        notes.append(Note(code="quiet", text=text, value=loudness, is_warning=True))
    if loudness is not None and loudness > LOUD_LUFS:
        text = f"Very loud: {loudness:.0f} LUFS."
        notes.append(Note(code="loud", text=text, value=loudness, is_warning=True))
    if 0 < bandwidth < NARROW_HZ:
        text = f"Sounds like a telephone: nothing above {bandwidth / 1000:.1f} kHz."
        notes.append(Note(code="narrow_band", text=text, value=bandwidth, is_warning=True))
    elif bandwidth >= WIDE_HZ:
        text = f"Clear sound up to {bandwidth / 1000:.1f} kHz."
        notes.append(Note(code="wide_band", text=text, value=bandwidth))
    return notes


def _edge_notes(track: Track, span: Span) -> list[Note]:
    inside = [
        edge
        for edge, at_s in (("start", span.start_s), ("end", span.stop_s))
        if HOP_S < at_s < track.seconds - HOP_S and cuts_speech(track, at_s)
    ]
    if inside:
        text = f"Cuts into speech at its {' and '.join(inside)}."
        return [Note(code="cuts_speech", text=text, is_warning=True)]
    return [Note(code="ends_in_pause", text="Begins and ends in a pause.")]


def cuts_speech(track: Track, at_s: float) -> bool:
    """Whether somebody speaks at that moment."""
    return any(
        span.start_s + CHUNK_S / 2 < at_s < span.stop_s - CHUNK_S / 2 for span in track.spans()
    )
