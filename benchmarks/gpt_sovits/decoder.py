"""Sound from semantic tokens: how fast it is decoded, and that memory does not grow with length."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from benchmarks._models import with_random_weights
from benchmarks.gpt_sovits._figure import Figure, clock_s, in_child, risen_bytes, taking_turns
from benchmarks.gpt_sovits._plain_decoder import Plain
from core.engines.gpt_sovits import speaker as speaker_network
from core.engines.gpt_sovits.decoder import CHUNK_FRAMES
from core.engines.gpt_sovits.speaker import Speaker, SpeakerDims
from core.engines.gpt_sovits.style import Style
from core.engines.gpt_sovits.synthesiser import Synthesiser
from core.engines.gpt_sovits.synthesiser_dims import V2, V2_PRO_PLUS, SynthesiserDims

VERSIONS = {"v2": V2, "v2ProPlus": V2_PRO_PLUS}
ROUNDS = 3
SECONDS = (10, 30)
LONG_SECONDS = (10, 30, 120)
SPEAKER_SECONDS = (10, 60)
AIM = 2.5
"""Of the decoder's speed at 30 s, against a whole decode with weight norm."""
PLAIN, OURS = "plain", "ours"
MIB = 1 << 20


def run(quick: bool) -> Iterator[Figure]:
    """All figures of the section."""
    for version, dims in VERSIONS.items():
        yield from _speed(version, dims, 1 if quick else ROUNDS)
    for seconds in LONG_SECONDS:
        ours = in_child("decoder", "sound", str(seconds)) / MIB
        yield Figure(name=f"v2 tokens to {seconds} s of sound, peak", value=ours, unit="MiB")
        if seconds <= max(SECONDS):
            plain = in_child("decoder", PLAIN, str(seconds)) / MIB
            ours = in_child("decoder", OURS, str(seconds)) / MIB
            yield Figure(
                name=f"v2 decoder alone, {seconds} s, peak",
                value=ours,
                unit="MiB",
                plain=plain,
                ratio=plain / ours,
            )
    for seconds in SPEAKER_SECONDS:
        ours = in_child("decoder", "speaker", str(seconds)) / MIB
        plain = in_child("decoder", "speaker whole", str(seconds)) / MIB
        yield Figure(
            name=f"speaker network, {seconds} s of reference, peak",
            value=ours,
            unit="MiB",
            plain=plain,
            ratio=plain / ours,
        )


def _speed(version: str, dims: SynthesiserDims, n_rounds: int) -> Iterator[Figure]:
    model = _synthesiser(dims)
    plain = Plain(model.decoder.dims, model.decoder.state_dict())
    style = _style(dims)
    for seconds in SECONDS if version == "v2" else SECONDS[-1:]:
        latent = _latent(dims, seconds)
        ways = {PLAIN: _plainly(plain, latent, style), OURS: _decoding(model, latent, style)}
        times = taking_turns(
            {name: lambda way=way: _timed(way) for name, way in ways.items()}, n_rounds=n_rounds
        )
        yield Figure(
            name=f"{version} decoder, {seconds} s of sound",
            value=times[OURS][0],
            unit="s",
            plain=times[PLAIN][0],
            ratio=times[OURS][1],
            aim=AIM if seconds == max(SECONDS) else None,
        )
        yield Figure(
            name=f"{version} decoder, {seconds} s of sound, real-time factor",
            value=times[OURS][0] / seconds,
            unit="s / s",
        )


def _synthesiser(dims: SynthesiserDims) -> Synthesiser:
    return with_random_weights(Synthesiser(dims).requires_grad_(False))


def _style(dims: SynthesiserDims) -> Style:
    return Style(sound=torch.randn(1, dims.n_style, 1), text=torch.randn(1, dims.n_cross, 1))


def _latent(dims: SynthesiserDims, seconds: int) -> Tensor:
    return torch.randn(1, dims.n_hidden, 50 * seconds)


def _plainly(plain: Plain, latent: Tensor, style: Style) -> Callable[[], object]:
    return lambda: plain(latent, style.sound)


def _decoding(model: Synthesiser, latent: Tensor, style: Style) -> Callable[[], object]:
    return lambda: model.decoding(latent, style).finish(CHUNK_FRAMES)


def _timed(way: Callable[[], object]) -> float:
    begun = clock_s()
    way()
    return clock_s() - begun


def _case(what: str) -> Callable[[int], object]:
    """What a child process does, for so many seconds."""
    if what.startswith("speaker"):
        speaker = with_random_weights(Speaker(SpeakerDims()).requires_grad_(False))
        if what.endswith("whole"):
            speaker_network.EARLY_FRAMES = speaker_network.CHUNK_CELLS = 1 << 20
        way = speaker.embedding
        return lambda seconds: way(torch.randn(1, 100 * seconds, speaker.dims.n_bins))
    model, style = _synthesiser(V2), _style(V2)
    if what == PLAIN:
        plain = Plain(model.decoder.dims, model.decoder.state_dict())
        return lambda seconds: plain(_latent(V2, seconds), style.sound)
    if what == OURS:
        return lambda seconds: _decoding(model, _latent(V2, seconds), style)()
    return lambda seconds: _spoken(model, style, seconds)


def _spoken(model: Synthesiser, style: Style, seconds: int) -> object:
    """From tokens and phones, as many as that much speech has."""
    codes, phones = torch.arange(25 * seconds) % 1024, torch.arange(15 * seconds) % 322
    noise = torch.zeros(1, model.dims.n_hidden, 50 * seconds)
    latent = model.latent(codes, phones, style, noise=noise)
    return model.decoding(latent, style).finish(CHUNK_FRAMES)


if __name__ == "__main__":
    torch.set_num_threads(2)
    _run = _case(sys.argv[1])
    _run(1)  # kernels are chosen and their workspaces made at the first call
    ctypes.CDLL(None).malloc_trim(0)
    print(risen_bytes(lambda: _run(int(sys.argv[2]))))
