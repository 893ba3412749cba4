"""`e2e/`: whole runs of the reference, from text and recordings to 16-bit sound.

Everything is ours but the order of things: which items share a batch, that a batch is decoded as
one clip, what is cut off and put between, and how numbers become 16-bit. There the reference is
wrong (`known_faults.md`: C2 to C5), so that order lives here and not in the engine.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.audio.samples import Audio
from core.engines.gpt_sovits import hearing, hubert, speaker_weights, synthesiser_weights
from core.engines.gpt_sovits.dims import SemanticDims
from core.engines.gpt_sovits.reading import Text, read, version_of
from core.engines.gpt_sovits.reference import semantic_tokens
from core.engines.gpt_sovits.semantic import SemanticModel, load_semantic
from core.engines.gpt_sovits.style import Style
from core.engines.gpt_sovits.synthesiser import Synthesiser
from core.engines.gpt_sovits.synthesiser_dims import HOP, RATE
from core.engines.gpt_sovits.text import cut
from core.engines.gpt_sovits.text.assemble import segment_phones
from core.engines.gpt_sovits.writing import Drawing, Line, Reference, sampler_for, write
from tests.parity.gpt_sovits.semantic_recipe import recipe_checkpoint
from tests.parity.gpt_sovits.speaker_shapes import shapes as speaker_shapes
from tests.parity.gpt_sovits.ssl_shapes import hubert_shapes
from tests.parity.gpt_sovits.synthesiser_shapes import shapes as synthesiser_shapes
from tests.parity.recipe_checkpoint import RecipeCheckpoint
from tests.parity.result import Result, compare

INT16_STEP = 1.0
FULL_SCALE = 32768
GAP_S = 0.3
"""Zeros behind each item, where the case does not say otherwise."""
SAMPLES_PER_TOKEN = 2 * HOP
LIKENESS = 0.75
"""Items share a batch while their middle length is at least this share of the mean."""
N_PHONES_V1 = 512

Arrays = Mapping[str, NDArray[Any]]


def run(folder: Path, names: Sequence[str] = ()) -> Iterator[Result]:
    """
    Args:
        folder: Of golden data.
        names: Cases, such as `v2_single`; all without it.
    """
    for path in sorted((folder / "e2e").glob("*.json")):
        about = json.loads(path.read_text())
        # One version after the other, so that only one's models are in memory.
        for case in sorted(about["cases"], key=lambda each: str(each["version"])):
            name = f"{case['version']}_{case['name']}"
            beside = path.parent / f"{name}.npz"
            if (names and name not in names) or not beside.is_file():
                continue
            with np.load(beside) as arrays:
                golden = {key: arrays[key] for key in arrays.files}
            yield from Case(path.parent, about, case, golden).run()


@dataclass(frozen=True)
class Models:
    """By the recipe, at real size."""

    semantic: SemanticModel
    synthesiser: Synthesiser


@cache
def _hubert(seed: int, prefix: str) -> hubert.Hubert:
    return hubert.load(RecipeCheckpoint(hubert_shapes(), seed=seed, prefix=prefix))


class Case:
    """One run.

    Args:
        folder: Of its recordings.
        about: What all runs share.
        case: What is special about it.
        golden: What came out.
    """

    def __init__(
        self, folder: Path, about: Mapping[str, Any], case: Mapping[str, Any], golden: Arrays
    ) -> None:
        self.folder, self.case, self.golden = folder, case, golden
        self.title = f"e2e/{case['version']}_{case['name']}"
        self.inputs = case["inputs"]
        self.seed, self.prefixes = int(about["weights_seed"]), about["prefixes"]
        self.end_scale = 0.0 if about["eos_row"] == "zeroed" else 1.0
        if about["noise"] != "zeros":
            raise ValueError(f"noise of the kind {about['noise']!r} is not known")

    def run(self) -> Iterator[Result]:
        recordings = [self._recording(name) for name in self._recording_names()]
        models = self._models()
        prompt = semantic_tokens(
            recordings[0], _hubert(self.seed, self.prefixes["hubert"]), models.synthesiser
        )
        yield compare(
            f"{self.title}/prompt_semantic", prompt.numpy(), self.golden["prompt_semantic"]
        )
        version = version_of(models.synthesiser.dims.n_symbols)
        said = cut.ended(self.inputs["prompt_text"], self.inputs["prompt_lang"])
        transcript = _read(said, self.inputs["prompt_lang"], version)
        phones = transcript.phones.numpy()
        yield compare(f"{self.title}/prompt_phones", phones, self.golden["prompt_phones"])

        segments = cut.pre_seg_text(
            self.inputs["text"],
            self.inputs["text_lang"],
            self.inputs["text_split_method"],
            as_reference=True,
        )
        texts = [_read(each, self.inputs["text_lang"], version) for each in segments]
        tokens: dict[int, Tensor] = {}
        batches = self._batches(segments)
        for batch in batches:
            lines = [self._line(transcript, texts[place], prompt) for place in batch]
            for row, written in self._write(models.semantic, lines):
                tokens[batch[row]] = written
        yield from self._compared(tokens, batches, len(prompt))

        style = self._style(recordings, models.synthesiser)
        sounds: dict[int, NDArray[np.float32]] = {}
        for batch in batches:
            made = self._decoded(models.synthesiser, style, [tokens[p] for p in batch],
                                 [texts[p].phones for p in batch])  # fmt: skip
            sounds.update(zip(batch, made, strict=True))
        whole = self._assembled([sounds[place] for place in range(len(texts))])
        yield compare(f"{self.title}/audio", whole, self.golden["audio"], INT16_STEP)

    # What goes in

    def _recording_names(self) -> list[str]:
        return [self.inputs["ref_audio_path"], *self.inputs.get("aux_ref_audio_paths", ())]

    def _recording(self, name: str) -> Audio:
        samples, rate = soundfile.read(self.folder / Path(name).name, dtype="float32")
        mono = samples if samples.ndim == 1 else samples.mean(axis=1)
        return Audio(samples=np.ascontiguousarray(mono, dtype=np.float32), rate=rate)

    def _models(self) -> Models:
        version = str(self.case["version"])
        return _models(version, self.seed, self.prefixes["s2"], self.end_scale)

    def _style(self, recordings: Sequence[Audio], synthesiser: Synthesiser) -> Style:
        speaker = None
        if synthesiser.dims.n_speaker:
            speaker = speaker_weights.load(
                RecipeCheckpoint(speaker_shapes(), seed=self.seed, prefix=self.prefixes["sv"])
            )
        return hearing.style_of(recordings, synthesiser, speaker)

    # How it is said

    def _batches(self, segments: Sequence[str]) -> list[list[int]]:
        """Places of the segments that share a batch: sorted by length, as many as are alike."""
        size = int(self.inputs["batch_size"])
        mode = self.inputs["text_lang"]
        lengths = [
            len(segment_phones(each, mode, as_reference=True).norm_text) for each in segments
        ]
        waiting = sorted(range(len(segments)), key=lambda place: lengths[place])
        batches = []
        while waiting:
            n = min(size, len(waiting))
            while n > 1:
                mean = sum(lengths[place] for place in waiting[:n]) / n
                if lengths[waiting[n // 2]] / mean >= LIKENESS:
                    break
                n -= 1
            batches.append(waiting[:n])
            waiting = waiting[n:]
        return batches

    def _line(self, transcript: Text, text: Text, prompt: Tensor) -> Line:
        assert transcript.bert is None, "cases with Chinese come with features of BERT"
        assert text.bert is None
        return Line(phones=torch.cat((transcript.phones, text.phones)), prompt=prompt)

    def _write(
        self, semantic: SemanticModel, lines: Sequence[Line]
    ) -> Iterator[tuple[int, Tensor]]:
        inputs = self.inputs
        drawing = Drawing(
            top_k=int(inputs["top_k"]),
            top_p=float(inputs["top_p"]),
            temperature=float(inputs["temperature"]),
            penalty=float(inputs["repetition_penalty"]),
        )
        for written in write(
            semantic,
            lines,
            sampler_for(semantic, drawing, [int(inputs["seed"])] * len(lines)),
            threading.Event(),
            # It stops once there are more than so many.
            max_tokens=int(self.case["early_stop_num"]) + 1,
            as_reference=self._which,
        ):
            yield written.row, written.tokens

    @property
    def _which(self) -> Reference:
        return Reference.BATCH if self.inputs["parallel_infer"] else Reference.NAIVE

    def _compared(
        self, tokens: Mapping[int, Tensor], batches: Sequence[Sequence[int]], n_prompt: int
    ) -> Iterator[Result]:
        """The golden rows begin with the prompt; the naive one's still have the token that it
        loses when it cuts them. They stand in the order in which they were said."""
        lost = 1 if self._which is Reference.NAIVE else 0
        for said, place in enumerate(place for batch in batches for place in batch):
            wanted = self.golden[f"y{said}"][n_prompt + lost :]
            yield compare(f"{self.title}/y{said}", tokens[place].numpy(), wanted)

    # How it becomes sound

    def _decoded(
        self,
        synthesiser: Synthesiser,
        style: Style,
        tokens: Sequence[Tensor],
        phones: Sequence[Tensor],
    ) -> list[NDArray[np.float32]]:
        speed = float(self.inputs.get("speed_factor", 1.0))
        if speed != 1.0:
            return [
                _sound(synthesiser, style, *each, speed)
                for each in zip(tokens, phones, strict=True)
            ]
        whole = _sound(synthesiser, style, torch.cat(list(tokens)), torch.cat(list(phones)), speed)
        ends = np.cumsum([SAMPLES_PER_TOKEN * len(each) for each in tokens])
        return np.split(whole, ends[:-1])

    def _assembled(self, sounds: Sequence[NDArray[np.float32]]) -> NDArray[np.int16]:
        gap = np.zeros(int(RATE * float(self.inputs.get("fragment_interval", GAP_S))), np.float32)
        pieces = []
        for sound in sounds:
            peak = np.abs(sound).max()
            pieces += [sound / peak if peak > 1 else sound, gap]
        scaled = np.concatenate(pieces) * np.float32(FULL_SCALE)
        # Towards zero, and full scale comes out as its negative.
        return scaled.astype(np.int32).astype(np.int16)


def _read(text: str, mode: str, version: Any) -> Text:
    return read(text, cast(Any, mode), version, _no_features, as_reference=True)


def _no_features(text: str) -> Tensor:
    raise AssertionError(f"no features of BERT come with this case ({text})")


def _sound(
    synthesiser: Synthesiser, style: Style, tokens: Tensor, phones: Tensor, speed: float
) -> NDArray[np.float32]:
    n_frames = synthesiser.n_frames(len(tokens), speed)
    noise = torch.zeros(1, synthesiser.dims.n_hidden, n_frames)
    latent = synthesiser.latent(tokens, phones, style, noise=noise, speed=speed)
    return synthesiser.decoding(latent, style).finish(400)[0]


_kept: dict[tuple[str, int, str, float], Models] = {}


def _models(version: str, seed: int, prefix: str, end_scale: float) -> Models:
    """Those of the last version asked for are kept."""
    key = (version, seed, prefix, end_scale)
    if key not in _kept:
        _kept.clear()
        dims = SemanticDims(n_phones=N_PHONES_V1) if version == "v1" else SemanticDims()
        names = synthesiser_shapes(version)
        _kept[key] = Models(
            semantic=load_semantic(recipe_checkpoint(dims, seed=seed, end_scale=end_scale)),
            synthesiser=synthesiser_weights.load(RecipeCheckpoint(names, seed=seed, prefix=prefix)),
        )
    return _kept[key]
