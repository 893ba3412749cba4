"""When the first sound is there: a long first sentence whole, and cut after its first clause; when
all of it is decoded, and when its first part is.

Tokens are as many as speech of that text has; the model, whose weights are random, would not end.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import torch

from benchmarks.gpt_sovits._figure import Figure, clock_s, taking_turns
from benchmarks.gpt_sovits.decoder import _style, _synthesiser
from benchmarks.gpt_sovits.semantic import AS_FILED, _model
from core.engines.gpt_sovits.card import CARD
from core.engines.gpt_sovits.costs import CHUNK_TOKENS
from core.engines.gpt_sovits.gate import TOKENS_PER_S
from core.engines.gpt_sovits.reading import read_utterance, version_of
from core.engines.gpt_sovits.saying import USUAL_PHONES_PER_S, decode_aloud
from core.engines.gpt_sovits.semantic import SemanticModel
from core.engines.gpt_sovits.style import Style
from core.engines.gpt_sovits.synthesiser import Synthesiser
from core.engines.gpt_sovits.synthesiser_dims import FRAMES_PER_CODE, V2
from core.engines.gpt_sovits.writing import Drawing, Line, sampler_for, write
from core.text.planner import plan

TEXT = (
    "Nobody knew where she had gone, and the evening was still and warm; the lamps along the river "
    "were lit one by one, and the boats went slowly home across the quiet water."
)
N_PROMPT, N_PROMPT_PHONES = 140, 60
"""Of a reference of five seconds."""


def run(quick: bool) -> Iterator[Figure]:
    """All figures of the section."""
    model, synthesiser, style = _model(AS_FILED), _synthesiser(V2), _style(V2)
    whole, cut = _first(None), _first(CARD.first_chars)
    ways = {
        f"first sentence whole ({len(whole)} characters), all decoded": (whole, False),
        f"first sentence whole ({len(whole)} characters), in parts": (whole, True),
        f"its first clause ({len(cut)} characters), all decoded": (cut, False),
        f"its first clause ({len(cut)} characters), in parts": (cut, True),
    }

    def say(text: str, in_parts: bool) -> float:
        begun = clock_s()
        heard = _said(text, model, synthesiser, style, in_parts)
        return heard - begun

    say(cut, in_parts=True)  # kernels are chosen and their workspaces made at the first call
    times = taking_turns(
        {name: lambda way=way: say(*way) for name, way in ways.items()},
        n_rounds=1 if quick else 3,
    )
    for name in ways:
        yield Figure(name=f"first sound: {name}", value=times[name][0], unit="s")


def _first(first_chars: int | None) -> str:
    planned = plan(
        TEXT, max_chars=CARD.max_chars, languages=CARD.languages, first_chars=first_chars
    )
    return planned.segments[0].spoken


def _said(
    text: str, model: SemanticModel, synthesiser: Synthesiser, style: Style, in_parts: bool
) -> float:
    """When the first sound of it was there, on the benchmark's clock."""
    read = read_utterance(text, "en", version_of(synthesiser.dims.n_symbols), _no_bert)
    n_tokens = round(TOKENS_PER_S * read.n_sounding / USUAL_PHONES_PER_S)
    line = Line(
        phones=torch.cat((torch.arange(N_PROMPT_PHONES) % 300, read.phones)),
        prompt=torch.arange(N_PROMPT),
        most=n_tokens,
    )
    sampler = sampler_for(model, Drawing(), [1])
    never = threading.Event()
    (written,) = write(model, [line], sampler, never, expected_tokens=n_tokens)
    noise = torch.zeros(1, synthesiser.dims.n_hidden, synthesiser.n_frames(n_tokens, 1.0))
    tokens = written.tokens % 1024
    latent = synthesiser.latent(tokens, read.phones, style, noise=noise[..., : 2 * len(tokens)])
    decoding = synthesiser.decoding(latent, style)
    heard: list[float] = []
    if in_parts:
        decode_aloud(
            decoding,
            synthesiser.decoder_field,
            lambda start, audio: heard.append(clock_s()),
            CHUNK_TOKENS,
            never,
        )
    else:
        decoding.finish(FRAMES_PER_CODE * CHUNK_TOKENS, never)
        heard.append(clock_s())
    return heard[0]


def _no_bert(text: str) -> torch.Tensor:
    raise AssertionError(f"no Chinese is said here: {text}")
