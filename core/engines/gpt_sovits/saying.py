"""How a batch is said: tokens first, then the sound of each; twice where it failed.

What is made of an utterance depends on its text, its seed and the voice alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from core.audio.samples import Audio
from core.engines.gpt_sovits import gate
from core.engines.gpt_sovits.card import CARD
from core.engines.gpt_sovits.gate import Verdict
from core.engines.gpt_sovits.networks import Networks
from core.engines.gpt_sovits.prompt import GptSovitsPrompt
from core.engines.gpt_sovits.reading import Text, read_utterance
from core.engines.gpt_sovits.style import Style
from core.engines.gpt_sovits.synthesiser import noise_of
from core.engines.gpt_sovits.synthesiser_dims import FRAMES_PER_CODE, RATE
from core.engines.gpt_sovits.writing import Drawing, Line, sampler_for, write
from core.engines.nn.chunked import Piecewise, share
from core.engines.nn.receptive import ReceptiveField
from core.engines.protocol import Early, StopFlag, Utterance
from core.errors import Cancelled, StudioError

EARLY_TOKENS = 20
"""Decoded first where somebody listens (0.8 s), then twice as many each time: while they are heard,
more than as many again are made."""
USUAL_PHONES_PER_S = 11.0
"""Of reading aloud; memory for keys is taken for so long a row, and grows where it is longer."""


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


class Saying:
    """One call of `speak`.

    Args:
        nets: Loaded.
        prompt: Of the voice.
        settings: Every knob.
        stop: Asked at every step.
        chunk: Tokens decoded at once.
        early: Told sound while it is decoded, on the processor; of a batch of one.
    """

    def __init__(
        self,
        nets: Networks,
        prompt: GptSovitsPrompt,
        settings: Mapping[str, float],
        stop: StopFlag,
        *,
        chunk: int,
        early: Early | None = None,
    ) -> None:
        self._nets, self._prompt, self._stop, self._chunk = nets, prompt, stop, chunk
        # A card decodes a sentence faster than anybody could hear its first part.
        self._early = early if nets.is_on_host else None
        self._drawing, self._speed = read_settings(settings)
        self.note = ""
        """On the last sound that was made; empty: nothing to say."""

    def written(
        self, batch: Sequence[Utterance]
    ) -> Generator[tuple[int, Row | StudioError], None, None]:
        """Tokens of a batch, in any order; those that are wrong are written once more.

        Of a text that cannot be read, why.
        """
        nets = self._nets
        texts: dict[int, Text] = {}
        for place, each in enumerate(batch):
            try:
                texts[place] = read_utterance(
                    each.text, each.language, nets.version, nets.features, nets.front_end
                )
            except StudioError as error:
                yield place, error
        wrong: dict[int, Row] = {}
        for place, row in self._written(texts, {at: batch[at].seed for at in texts}):
            if row.verdict.is_good:
                yield place, row
            else:
                wrong[place] = row
        again = {at: texts[at] for at in sorted(wrong)}
        for place, row in self._written(again, {at: another(batch[at].seed) for at in again}):
            first = wrong[place]
            told = first.verdict.in_words()
            is_better = row.verdict.badness < first.verdict.badness
            yield place, replace(row if is_better else first, first=told)

    def _written(
        self, texts: Mapping[int, Text], seeds: Mapping[int, int]
    ) -> Generator[tuple[int, Row], None, None]:
        """Of texts and seeds by their places."""
        places = list(texts)
        if not places:
            return
        rows = self._write([texts[at] for at in places], [seeds[at] for at in places])
        for row, made in rows:
            yield places[row], made

    def sound(self, row: Row) -> Audio:
        """A row as sound; made anew, once, where tokens were right and the sound is not."""
        audio, verdict = self._judged(row, self._early)
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

    def _judged(self, row: Row, early: Early | None = None) -> tuple[Audio, Verdict]:
        try:
            audio = self._decode(row, early)
        except FloatingPointError:
            # Half precision overflowed; other tokens may not.
            silence = Audio(samples=np.zeros(RATE // 10, np.float32), rate=RATE)
            return silence, Verdict(faults=("it is no sound",), badness=100.0)
        return audio, row.verdict + gate.judge_sound(audio)

    def _decode(self, row: Row, early: Early | None) -> Audio:
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
        if early is not None:
            decode_aloud(decoding, synthesiser.decoder_field, early, self._chunk, self._stop)
        samples = decoding.finish(FRAMES_PER_CODE * self._chunk, self._stop)[0]
        peak = float(np.abs(samples).max())
        return Audio(samples=samples / peak if peak > 1 else samples, rate=RATE)


def decode_aloud(
    decoding: Piecewise, field: ReceptiveField, early: Early, most: int, stop: StopFlag
) -> None:
    """Decode in growing parts, of `most` tokens at most, and tell each."""
    n_tokens, n_told = min(EARLY_TOKENS, most), 0
    while decoding.n_done < decoding.n_frames:
        if stop.is_set():
            raise Cancelled
        # What is left, with the context that it needs, falls into equal parts: nothing but the
        # context is decoded twice.
        begin = max(0, decoding.n_done - field.left)
        chunk = share(decoding.n_frames - begin, FRAMES_PER_CODE * n_tokens, field)
        decoding.advance(chunk)
        done = decoding.done[0]
        early(n_told, Audio(samples=done[n_told:].clip(-1.0, 1.0), rate=RATE))
        n_told, n_tokens = len(done), min(2 * n_tokens, most)


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
