"""GPT-SoVITS as an engine: prepares references, says batches, each segment twice where it failed.

First the tokens of a whole batch are written, then each utterance is decoded by itself; what is
made of an utterance depends on its text, its seed and the voice alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.audio.samples import Audio
from core.engines.gpt_sovits import gate, hearing
from core.engines.gpt_sovits.card import CARD
from core.engines.gpt_sovits.gate import Verdict
from core.engines.gpt_sovits.networks import Networks, Parts, go_offline
from core.engines.gpt_sovits.parts import FileParts
from core.engines.gpt_sovits.prompt import GptSovitsPrompt
from core.engines.gpt_sovits.reading import AUTO, Text, read_transcript, read_utterance
from core.engines.gpt_sovits.reference import semantic_tokens
from core.engines.gpt_sovits.style import Style
from core.engines.gpt_sovits.synthesiser import noise_of
from core.engines.gpt_sovits.synthesiser_dims import FRAMES_PER_CODE, RATE
from core.engines.gpt_sovits.writing import Drawing, Line, sampler_for, write
from core.engines.nn.allocator import allocator_for
from core.engines.nn.dtype import Part, choose, lower, traits_of
from core.engines.phases import Phases
from core.engines.protocol import Piece, Prompt, Reference, StopFlag, Utterance, Weights
from core.errors import InputError, StudioError
from core.memory.allocator import Allocator
from core.memory.ladder import CPU, Ladder, Way

USUAL_PHONES_PER_S = 11.0
"""Of reading aloud; memory for keys is taken for so long a row, and grows where it is longer."""


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
        parts = FileParts(weights)
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


@dataclass(frozen=True, kw_only=True, eq=False)
class Row:
    """An utterance whose tokens are written; on the host.

    Args:
        text: What it says.
        tokens: i64 [n].
        noise_seed: Of its sound.
        verdict: On the tokens.
        first: What was wrong with the first try; empty: this is the first.
    """

    text: Text
    tokens: Tensor
    noise_seed: int
    verdict: Verdict
    first: str = ""


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

    # Arranges, HoldsKeys

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
        return self.prepare_from([reference.audio], reference.transcript, reference.language)

    def prepare_from(
        self, recordings: Sequence[Audio], transcript: str | None, language: str | None
    ) -> GptSovitsPrompt:
        """As `prepare`, with a style that is the mean of several recordings.

        Args:
            recordings: Of one voice; what the first of them says is what speaking goes on from.
            transcript: Of the first.
            language: Of the transcript.
        """
        nets, audio = self._nets, hearing.kept(recordings[0])
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
        style = _style(nets, [audio, *recordings[1:]])
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
        """Pieces in the order of the batch, with what the gate had to say about them."""
        assert isinstance(prompt, GptSovitsPrompt)
        if prompt.model != self._model:
            raise ValueError("the prompt was made with other weights")
        saying = Saying(self._nets, prompt, settings, stop, chunk=self._now.decode_chunk)
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
            yield replace(piece, note=saying.note)

    def close(self) -> None:
        self._phases.clear()
        self._networks = None

    def _transcript(self, transcript: str | None, language: str | None) -> Text | None:
        """None where there is none that the models read: then only the sound is imitated."""
        if not transcript or (language is not None and language not in CARD.languages):
            return None
        nets = self._nets
        return read_transcript(transcript, language or AUTO, nets.version, nets.features)


class Saying:
    """One call of `speak`.

    Args:
        nets: Loaded.
        prompt: Of the voice.
        settings: Every knob.
        stop: Asked at every step.
        chunk: Tokens decoded at once.
    """

    def __init__(
        self,
        nets: Networks,
        prompt: GptSovitsPrompt,
        settings: Mapping[str, float],
        stop: StopFlag,
        *,
        chunk: int,
    ) -> None:
        self._nets, self._prompt, self._stop, self._chunk = nets, prompt, stop, chunk
        self._drawing, self._speed = read_settings(settings)
        self.note = ""
        """On the last sound that was made; empty: nothing to say."""

    def written(self, batch: Sequence[Utterance]) -> Generator[tuple[int, Row], None, None]:
        """Tokens of a batch, in any order; those that are wrong are written once more."""
        nets = self._nets
        texts = [
            read_utterance(each.text, each.language, nets.version, nets.features) for each in batch
        ]
        seeds = [each.seed for each in batch]
        wrong: dict[int, Row] = {}
        for place, row in self._write(texts, seeds):
            if row.verdict.is_good:
                yield place, row
            else:
                wrong[place] = row
        if not wrong:
            return
        places = sorted(wrong)
        again = [another(seeds[place]) for place in places]
        for place, row in self._write([texts[place] for place in places], again):
            first = wrong[places[place]]
            told = first.verdict.in_words()
            is_better = row.verdict.badness < first.verdict.badness
            yield places[place], replace(row if is_better else first, first=told)

    def sound(self, row: Row) -> Audio:
        """A row as sound; made anew, once, where tokens were right and the sound is not."""
        audio, verdict = self._judged(row)
        first = row.first
        if not verdict.is_good and not first:
            first = verdict.in_words()
            ((_, second),) = self._write([row.text], [another(row.noise_seed)])
            other, judged = self._judged(second)
            if judged.badness < verdict.badness:
                audio, verdict = other, judged
        if "it is no sound" in verdict.faults:
            raise StudioError(
                "The model gave no sound that can be heard for one segment, twice.",
                "Try another seed, or full precision.",
            )
        self.note = _note(verdict, first)
        return audio

    def _write(
        self, texts: Sequence[Text], seeds: Sequence[int]
    ) -> Generator[tuple[int, Row], None, None]:
        lines = [self._line(text) for text in texts]
        sampler = sampler_for(
            self._nets.semantic, self._drawing, [derived(seed, "tokens") for seed in seeds]
        )
        longest = max(text.n_sounding for text in texts)
        prompt = self._prompt.tokens.tolist()
        for made in write(
            self._nets.semantic,
            lines,
            sampler,
            self._stop,
            expected_tokens=int(gate.TOKENS_PER_S * longest / USUAL_PHONES_PER_S),
        ):
            text = texts[made.row]
            verdict = gate.judge_tokens(
                made.tokens.tolist(), n_phones=text.n_sounding, ended=made.ended, prompt=prompt
            )
            yield (
                made.row,
                Row(text=text, tokens=made.tokens, noise_seed=seeds[made.row], verdict=verdict),
            )

    def _line(self, text: Text) -> Line:
        prompt = self._prompt
        before = torch.from_numpy(prompt.phones)
        given = None if prompt.bert is None else torch.from_numpy(prompt.bert)
        bert = None
        if given is not None or text.bert is not None:
            n_bert = self._nets.semantic.dims.n_bert
            bert = torch.cat(
                (
                    torch.zeros(n_bert, len(before)) if given is None else given,
                    torch.zeros(n_bert, len(text.phones)) if text.bert is None else text.bert,
                ),
                dim=1,
            )
        return Line(
            phones=torch.cat((before, text.phones)),
            prompt=torch.from_numpy(prompt.tokens),
            bert=bert,
            most=gate.most_tokens(text.n_sounding),
        )

    def _judged(self, row: Row) -> tuple[Audio, Verdict]:
        try:
            audio = self._decode(row)
        except FloatingPointError:
            # Half precision overflowed; other tokens may not.
            silence = Audio(samples=np.zeros(RATE // 10, np.float32), rate=RATE)
            return silence, Verdict(faults=("it is no sound",), badness=100.0)
        return audio, row.verdict + gate.judge_sound(audio)

    def _decode(self, row: Row) -> Audio:
        synthesiser, device = self._nets.synthesiser, self._nets.device
        style = Style(
            sound=torch.from_numpy(self._prompt.sound)[None, :, None].to(device),
            text=torch.from_numpy(self._prompt.text)[None, :, None].to(device),
        )
        generator = torch.Generator().manual_seed(derived(row.noise_seed, "sound"))
        n_frames = synthesiser.n_frames(len(row.tokens), self._speed)
        latent = synthesiser.latent(
            row.tokens,
            row.text.phones,
            style,
            noise=noise_of(generator, synthesiser.dims, n_frames).to(device),
            speed=self._speed,
        )
        decoding = synthesiser.decoding(latent, style)
        samples = decoding.finish(FRAMES_PER_CODE * self._chunk, self._stop)[0]
        peak = float(np.abs(samples).max())
        return Audio(samples=samples / peak if peak > 1 else samples, rate=RATE)


def _tokens(nets: Networks, audio: Audio) -> Tensor:
    return semantic_tokens(audio, nets.hubert(), nets.synthesiser).cpu()


def _style(nets: Networks, recordings: Sequence[Audio]) -> Style:
    return hearing.style_of(recordings, nets.synthesiser, nets.speaker())


def read_settings(settings: Mapping[str, float]) -> tuple[Drawing, float]:
    """How tokens are drawn, and the speed; settings are held inside the knobs' ranges."""
    value = {
        knob.name: min(knob.high, max(knob.low, settings.get(knob.name, knob.default)))
        for knob in CARD.knobs
    }
    drawing = Drawing(
        top_k=round(value["top_k"]),
        top_p=value["top_p"],
        temperature=value["temperature"],
        penalty=value["repetition_penalty"],
    )
    return drawing, value["speed"]


def derived(seed: int, what: str) -> int:
    """A seed of its own for everything that is random about an utterance."""
    digest = hashlib.blake2b(f"{what} {seed}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def another(seed: int) -> int:
    """The seed of the second try."""
    return derived(seed, "again")


def _note(verdict: Verdict, first: str) -> str:
    if not verdict.is_good:
        return f"may sound wrong: {verdict.in_words()}"
    return f"second try; of the first, {first}" if first else ""
