"""GPT-SoVITS as an engine: loads in every way that the guard knows, prepares references, speaks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.audio.samples import Audio
from core.engines.gpt_sovits import hearing
from core.engines.gpt_sovits.card import CARD
from core.engines.gpt_sovits.networks import Networks, Parts, go_offline
from core.engines.gpt_sovits.parts import FileParts
from core.engines.gpt_sovits.prompt import GptSovitsPrompt
from core.engines.gpt_sovits.reading import AUTO, Text, read_transcript
from core.engines.gpt_sovits.reference import semantic_tokens
from core.engines.gpt_sovits.saying import Row, Saying
from core.engines.gpt_sovits.style import Style
from core.engines.nn.allocator import allocator_for
from core.engines.nn.dtype import Part, choose, lower, traits_of
from core.engines.phases import Phases
from core.engines.protocol import (
    Early,
    Piece,
    Prompt,
    Reference,
    StopFlag,
    Utterance,
    Weights,
)
from core.errors import InputError
from core.memory.allocator import Allocator
from core.memory.ladder import CPU, Ladder, Way


class GptSovits:
    """The engine of `CARD`."""

    def __init__(self) -> None:
        go_offline()
        self._device = CPU
        self._dtype: str | None = None

    def allocator(self, device: str) -> Allocator | None:
        """Also tells which device `way` is about: it is asked before anything else."""
        self._device = device
        return None if torch.device(device).type == CPU else allocator_for(device)

    @property
    def way(self) -> Way:
        return Way(dtype=best_dtype(self._device), device=self._device)

    @property
    def ladder(self) -> Ladder:
        return Ladder(dtypes=dtypes_from(best_dtype(self._device), self._device))

    def arrange(self, way: Way) -> None:
        self._dtype = way.dtype

    def load(self, weights: Weights | None, device: str) -> GptSovitsSession:
        """Raises MissingError and InputError where parts are not there or do not fit."""
        parts = FileParts(weights, cache=None if weights is None else weights.copies)
        dtype = self._dtype or best_dtype(device)
        return GptSovitsSession(parts, device=device, dtype=dtype, model=parts.digest)


def best_dtype(device: str) -> str:
    """The whole model's: published weights are float16, and sound made in bfloat16 is noisy."""
    return choose(Part.DECODER, traits_of(device))


def dtypes_from(dtype: str, device: str) -> tuple[str, ...]:
    """It and the next lower one."""
    if torch.device(device).type == CPU:
        return (dtype,)
    next_one = lower(dtype, Part.DECODER, traits_of(device))
    return (dtype,) if next_one is None else (dtype, next_one)


class GptSovitsSession:
    """
    Args:
        parts: Of one model.
        device: Where it runs.
        dtype: As of `Networks`.
        model: Digest of the weights.
    """

    def __init__(self, parts: Parts, *, device: str, dtype: str, model: str) -> None:
        self._parts, self._model = parts, model
        self._networks: Networks | None = Networks(parts, device, dtype)
        self._home = Way(
            batch=CARD.max_batch, decode_chunk=CARD.limits.chunk, dtype=dtype, device=device
        )
        self._now = self._home
        self._phases: Phases[Row] = Phases()
        self._early: Early | None = None

    # Arranges, HoldsKeys, LoadsLate, Streams

    def stream_to(self, early: Early | None) -> None:
        self._early = early

    @property
    def way(self) -> Way:
        return self._home

    @property
    def ladder(self) -> Ladder:
        return Ladder(
            min_chunk=CARD.limits.min_chunk,
            dtypes=dtypes_from(self._home.dtype, self._home.device),
            cpu_dtype="fp32",
        )

    @property
    def kv_bytes(self) -> int:
        return 0 if self._networks is None else self._networks.semantic.kv_bytes

    @property
    def late_bytes(self) -> int:
        return 0 if self._networks is None else self._networks.late_bytes

    def keep_for(self, languages: Collection[str] | None) -> None:
        if self._networks is not None:
            self._networks.keep_for(languages)

    def arrange(self, way: Way) -> None:
        """Another device or precision loads anew: what was rounded does not come back."""
        before = self._now
        if self._networks is None or (before.device, before.dtype) != (way.device, way.dtype):
            self._networks = None
            self._networks = Networks(self._parts, way.device, way.dtype)
        self._now = way

    @property
    def _nets(self) -> Networks:
        assert self._networks is not None, "a session is arranged before it works"
        return self._networks

    # Session

    def prepare(self, reference: Reference) -> GptSovitsPrompt:
        """Raises InputError when the reference is too short, silent, or cannot be read."""
        recordings = [reference.audio, *reference.more]
        return self.prepare_from(recordings, reference.transcript, reference.language)

    def prepare_from(
        self, recordings: Sequence[Audio], transcript: str | None, language: str | None
    ) -> GptSovitsPrompt:
        """As `prepare`, with a style that is the mean of several recordings.

        Args:
            recordings: Of one voice; what the first of them says is what speaking goes on from.
            transcript: Of the first.
            language: Of the transcript.

        Raises InputError that names the recording which is of no use.
        """
        nets, audio = self._nets, hearing.kept(recordings[0])
        more = [hearing.kept(each, n) for n, each in enumerate(recordings[1:], 1)]
        text = self._transcript(transcript, language)
        tokens = torch.empty(0, dtype=torch.int64)
        if audio.seconds < CARD.reference_min_s:
            raise InputError(
                f"The reference lasts {audio.seconds:.1f} s; a voice is taken from "
                f"{CARD.reference_min_s:.0f} to {CARD.reference_max_s:.0f} s.",
                "Choose a longer stretch of speech.",
            )
        if text is not None:
            tokens = _tokens(nets, audio)
        style = _style(nets, [audio, *more])
        return GptSovitsPrompt(
            model=self._model,
            tokens=tokens.numpy(),
            phones=np.zeros(0, np.int64) if text is None else text.phones.numpy(),
            bert=None if text is None or text.bert is None else text.bert.numpy(),
            sound=style.sound.flatten().float().cpu().numpy(),
            text=style.text.flatten().float().cpu().numpy(),
        )

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> GptSovitsPrompt:
        """A prompt from the disk. Raises ValueError for one of other weights."""
        prompt = GptSovitsPrompt.from_arrays(arrays)
        if prompt.model != self._model:
            raise ValueError("the prompt was made with other weights")
        return prompt

    def speak(
        self,
        prompt: Prompt,
        batch: Sequence[Utterance],
        settings: Mapping[str, float],
        stop: StopFlag,
    ) -> Iterator[Piece]:
        """Pieces in the order of the batch, with what the gate had to say about them; if that is
        nothing, what there is to say of how Chinese was read."""
        assert isinstance(prompt, GptSovitsPrompt)
        if prompt.model != self._model:
            raise ValueError("the prompt was made with other weights")
        saying = Saying(
            self._nets,
            prompt,
            settings,
            stop,
            chunk=self._now.decode_chunk,
            early=self._early if len(batch) == 1 else None,
        )
        pieces = self._phases.speak(
            prompt,
            batch,
            settings,
            stop,
            generate=saying.written,
            decode=saying.sound,
            units=lambda row: len(row.tokens),
        )
        for piece in pieces:
            is_judged = batch[piece.position].language == "zh"
            yield replace(piece, note=saying.note or (self._nets.reading_note * is_judged))

    def close(self) -> None:
        self._phases.clear()
        self._networks = None

    def _transcript(self, transcript: str | None, language: str | None) -> Text | None:
        """None where there is none that the models read: then only the sound is imitated."""
        if not transcript or (language is not None and language not in CARD.languages):
            return None
        nets = self._nets
        return read_transcript(
            transcript, language or AUTO, nets.version, nets.features, nets.front_end
        )


def _tokens(nets: Networks, audio: Audio) -> Tensor:
    return semantic_tokens(audio, nets.hubert(), nets.synthesiser).cpu()


def _style(nets: Networks, recordings: Sequence[Audio]) -> Style:
    return hearing.style_of(recordings, nets.synthesiser, nets.speaker())
