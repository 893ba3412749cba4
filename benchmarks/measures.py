"""What can be measured of a voice without a listener: likeness, intelligibility, naturalness.

All offline; the models come inside their packages (benchmarks/requirements.txt).
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyworld
import soxr
from scipy.spatial.distance import cdist

from core.engines.builtin.align import dtw

RATE = 16_000
"""All measures work on 16 kHz, the bandwidth of most recordings."""

MCEP_ORDER, MCEP_ALPHA = 24, 0.42
NARROW_HZ = 7000
"""The narrower of two measures of distortion counts the envelope above this as level: telephone
recordings end there, and the slope of their filter is nobody's voice."""

FFT_SIZE = 1024


def at_16k(samples: np.ndarray, rate: int) -> np.ndarray:
    """f64 [T] at 16 kHz."""
    samples = np.asarray(samples, dtype=np.float64)
    return samples if rate == RATE else soxr.resample(samples, rate, RATE, "HQ")


class Likeness:
    """Cosine similarity of voices, by Resemblyzer's speaker encoder."""

    def __init__(self) -> None:
        from resemblyzer import VoiceEncoder

        self._encoder = VoiceEncoder("cpu", verbose=False)

    def embed(self, samples: np.ndarray) -> np.ndarray:
        """Unit vector f32 [256] of a sound at 16 kHz."""
        from resemblyzer import preprocess_wav

        sound = preprocess_wav(samples.astype(np.float32), RATE)
        return self._encoder.embed_utterance(sound)

    def centre(self, sounds: Iterable[np.ndarray]) -> np.ndarray:
        """Unit vector in the middle of several sounds of one speaker."""
        mean = np.mean([self.embed(sound) for sound in sounds], axis=0)
        return mean / np.linalg.norm(mean)


class Recogniser:
    """Word error by PocketSphinx, which knows the words of the prompts and not their order."""

    def __init__(self, prompts: Sequence[str]) -> None:
        import pocketsphinx

        model = Path(pocketsphinx.get_model_path())
        spoken = {word for prompt in prompts for word in words(prompt)}
        self._scratch = tempfile.TemporaryDirectory()
        folder = Path(self._scratch.name)
        entries, known = [], set()
        for line in next(model.rglob("cmudict-en-us.dict")).read_text().splitlines():
            word = line.split(" ", 1)[0]
            if re.sub(r"\(\d+\)$", "", word) in spoken:
                entries.append(line)
                known.add(re.sub(r"\(\d+\)$", "", word))
        if spoken - known:
            raise ValueError(f"the recogniser's dictionary lacks {sorted(spoken - known)}")
        (folder / "words.dict").write_text("\n".join(entries) + "\n")
        (folder / "words.arpa").write_text(_unigrams(sorted(known)))
        self._decoder = pocketsphinx.Decoder(
            hmm=str(next(path.parent for path in model.rglob("mdef"))),
            lm=str(folder / "words.arpa"),
            dict=str(folder / "words.dict"),
            loglevel="FATAL",
        )

    def errors(self, samples: np.ndarray, prompt: str) -> tuple[int, int]:
        """(wrong words, words) of a sound at 16 kHz that should say the prompt."""
        padding = np.zeros(RATE // 4)
        loud = samples * (0.1 / (np.sqrt(np.mean(samples**2)) + 1e-9))
        sound = np.clip(np.concatenate([padding, loud, padding]), -1, 1)
        self._decoder.start_utt()
        self._decoder.process_raw((sound * 32767).astype("<i2").tobytes(), full_utt=True)
        self._decoder.end_utt()
        heard = self._decoder.hyp()
        said = words(prompt)
        return edit_distance(said, heard.hypstr.split() if heard else []), len(said)


class Naturalness:
    """Predicted opinion of naturalness, 1 to 5 (DNSMOS P.808)."""

    def __init__(self) -> None:
        import onnxruntime
        import speechmos

        model = Path(speechmos.__path__[0]) / "dnsmos_models" / "model_v8.onnx"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(model), options)

    def score(self, samples: np.ndarray) -> float:
        """Of a sound at 16 kHz; as speechmos does it, on the first 9.01 s."""
        import librosa

        needed = int(9.01 * RATE)
        sound = np.tile(samples, -(-needed // len(samples)))[:needed]
        sound = np.clip(sound, -1, 1)[:-160].astype(np.float32)
        mel = librosa.feature.melspectrogram(
            y=sound, sr=RATE, n_fft=321, hop_length=160, n_mels=120
        )
        features = ((librosa.power_to_db(mel, ref=np.max) + 40) / 40).T.astype(np.float32)
        return float(self._session.run(None, {"input_1": features[None]})[0][0][0])


@dataclass(frozen=True, kw_only=True, eq=False)
class Analysis:
    """
    Args:
        mcep: f64 [T, 25], of the whole band (8 kHz).
        narrow: f64 [T, 25], up to `NARROW_HZ`.
        is_speech: bool [T].
        f0: f64 [T] (Hz), 0 where unvoiced.
    """

    mcep: np.ndarray
    narrow: np.ndarray
    is_speech: np.ndarray
    f0: np.ndarray

    @property
    def voiced_hz(self) -> np.ndarray:
        return self.f0[self.is_speech & (self.f0 > 0)]


def analysis(samples: np.ndarray) -> Analysis:
    """Of a sound at 16 kHz, at a fixed level."""
    samples = np.ascontiguousarray(samples / (np.sqrt(np.mean(samples**2)) + 1e-9) * 0.06)
    rough, times = pyworld.harvest(samples, RATE, f0_floor=55, f0_ceil=500)
    f0 = pyworld.stonemask(samples, rough, times, RATE)
    envelope = pyworld.cheaptrick(samples, f0, times, RATE, fft_size=FFT_SIZE)
    power = 10 * np.log10(envelope.mean(axis=1) + 1e-12)
    log_amplitude = 0.5 * np.log(envelope + 1e-12)
    edge = round(NARROW_HZ / (RATE / 2) * (FFT_SIZE // 2))
    cut = log_amplitude.copy()
    cut[:, edge:] = cut[:, edge - 32 : edge].mean(axis=1, keepdims=True)
    to_mcep = _to_mcep()
    return Analysis(
        mcep=log_amplitude @ to_mcep,
        narrow=cut @ to_mcep,
        is_speech=power > np.percentile(power, 99) - 35,
        f0=f0,
    )


def distortion_db(left: Analysis, right: Analysis) -> float:
    """Mel-cepstral distortion of two sounds that say the same (dB): speech frames, c0 left out,
    aligned in time, up to 8 kHz."""
    return _distortion_db(left.mcep[left.is_speech], right.mcep[right.is_speech])


def narrow_distortion_db(left: Analysis, right: Analysis) -> float:
    """The same up to `NARROW_HZ`."""
    return _distortion_db(left.narrow[left.is_speech], right.narrow[right.is_speech])


@cache
def _to_mcep() -> np.ndarray:
    """From the log amplitude to mel-cepstra, f64 [513, 25]."""
    omega = np.linspace(0, np.pi, FFT_SIZE // 2 + 1)
    cos, sin = MCEP_ALPHA * np.cos(omega), MCEP_ALPHA * np.sin(omega)
    warped = omega + 2 * np.arctan2(sin, 1 - cos)
    slope = (1 - MCEP_ALPHA**2) / (1 + MCEP_ALPHA**2 - 2 * cos)
    weight = 2 / np.pi * slope * np.pi / (len(omega) - 1)
    weight[[0, -1]] /= 2
    return weight[:, None] * np.cos(np.outer(warped, np.arange(MCEP_ORDER + 1)))


def _distortion_db(left: np.ndarray, right: np.ndarray) -> float:
    a, b = left[:, 1:], right[:, 1:]
    path = dtw(cdist(a, b).astype(np.float32))
    squares = ((a[path[:, 0]] - b[path[:, 1]]) ** 2).sum(axis=1)
    return float(10 / np.log(10) * np.sqrt(2 * squares).mean())


def spoken_s(samples: np.ndarray) -> float:
    """Time from the first to the last speech of a sound at 16 kHz (s)."""
    hop = RATE // 200
    power = np.convolve(samples**2, np.ones(5 * hop) / (5 * hop), "same")[::hop]
    level = 10 * np.log10(power + 1e-10)
    loud = np.flatnonzero(level > np.percentile(level, 99) - 35)
    return float(loud[-1] - loud[0] + 1) / 200


def words(text: str) -> list[str]:
    """As the recogniser writes them."""
    text = text.lower().replace("#", " pound ").replace("’", "'")
    return re.findall(r"[a-z]+(?:'[a-z]+)*", text)


def edit_distance(said: Sequence[str], heard: Sequence[str]) -> int:
    """Fewest insertions, deletions and replacements of words."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        previous, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (word != other))
    return row[-1]


def _unigrams(vocabulary: Sequence[str]) -> str:
    """A language model in which every word is as likely as any other."""
    log_p = -np.log10(len(vocabulary) + 1)
    lines = [f"{log_p:.4f} {word}" for word in ["</s>", *vocabulary]]
    return (
        f"\\data\\\nngram 1={len(vocabulary) + 2}\n\n\\1-grams:\n-99 <s>\n"
        + "\n".join(lines)
        + "\n\n\\end\\\n"
    )
