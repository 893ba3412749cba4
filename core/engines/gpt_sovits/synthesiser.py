"""The synthesiser (s2): semantic tokens and phones, in the style of a reference, to sound.

VITS (Kim et al. 2021) with semantic tokens for its text, as GPT-SoVITS v1 to v2ProPlus have it.
One utterance at a time: utterances in one call would see each other. Where its weights come from
is `synthesiser_weights`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor, nn

from core.engines.gpt_sovits.decoder import InShares, InStretches
from core.engines.gpt_sovits.encoders import Prior
from core.engines.gpt_sovits.flow import Flow
from core.engines.gpt_sovits.style import Reference, Style, Voice
from core.engines.gpt_sovits.synthesiser_dims import FRAMES_PER_CODE, SynthesiserDims
from core.engines.nn.chunked import Decoding, Piecewise
from core.engines.nn.hifigan import HifiGan, HifiGanDims
from core.engines.nn.receptive import ReceptiveField, receptive_field

NOISE_SCALE = 0.5
"""Of the prior's deviation: the published default of inference."""


class Synthesiser(nn.Module):
    """All of it; every method runs without gradients."""

    def __init__(self, dims: SynthesiserDims) -> None:
        super().__init__()
        self.dims = dims
        self.feature_in = nn.Conv1d(
            dims.n_features, dims.n_features, FRAMES_PER_CODE, stride=FRAMES_PER_CODE
        )
        self.codebook = nn.Parameter(torch.empty(dims.n_codes, dims.n_features))
        self.voice = Voice(dims)
        self.prior = Prior(dims)
        self.flow = Flow(dims)
        self.decoder = HifiGan(
            HifiGanDims(
                n_latent=dims.n_hidden,
                n_channels=dims.n_decoder,
                n_condition=dims.n_style,
                rates=dims.upsampling,
                kernels=dims.upsampling_taps,
            )
        )

    @torch.inference_mode()
    def codes(self, features: Tensor) -> Tensor:
        """The semantic tokens of a recording: the nearest rows of the codebook.

        Args:
            features: f32 `[B, n_features, F]`, of HuBERT, 50 a second.

        Returns:
            i64 `[B, F // 2]`
        """
        x = self.feature_in(features.to(self.codebook)).mT  # [B, F // 2, n_features]
        # |x - e|^2 without |x|^2, which is the same for all rows.
        distances = self.codebook.square().sum(1) - 2 * (x @ self.codebook.T)
        codes: Tensor = distances.argmin(-1)
        return codes

    @torch.inference_mode()
    def style(self, references: Sequence[Reference]) -> Style:
        """The style of one or more references of a voice, all counting the same."""
        return self.voice(references)  # type: ignore[no-any-return]

    def n_frames(self, n_codes: int, speed: float = 1.0) -> int:
        """Frames that so many semantic tokens become.

        Args:
            n_codes: Tokens of 40 ms.
            speed: Above 1 is faster.
        """
        n_frames = FRAMES_PER_CODE * n_codes
        return n_frames if speed == 1.0 else int(n_frames / speed) + 1

    @torch.inference_mode()
    def encode(self, codes: Tensor, phones: Tensor, style: Style, speed: float = 1.0) -> Tensor:
        """What is said when, in the prior's hidden channels.

        Args:
            codes: i64 `[N]`, at least one.
            phones: i64 `[P]`, of the text alone, without the reference's; at least one.
            style: Of the voice.
            speed: Above 1 is faster.

        Returns:
            `[1, n_hidden, T]`, T as of `n_frames`.
        """
        _check("semantic token", codes, self.dims.n_codes)
        _check("phone", phones, self.dims.n_symbols)
        device = self.codebook.device
        features = self.codebook[codes.to(device)].T.unsqueeze(0)  # [1, n_features, N]
        n_frames = self.n_frames(len(codes), speed)
        return self.prior.encode(features, phones.to(device).unsqueeze(0), style.text, n_frames)

    @torch.inference_mode()
    def draw(self, joint: Tensor, noise: Tensor, noise_scale: float = NOISE_SCALE) -> Tensor:
        """Latent frames of the prior.

        Args:
            joint: `[1, n_hidden, T]`, of `encode`.
            noise: Standard normal, of the same shape; `noise` makes it.
            noise_scale: 0 gives the mean.
        """
        mean, log_deviation = self.prior(joint)
        return mean + noise.to(mean) * log_deviation.exp() * noise_scale  # type: ignore[no-any-return]

    @torch.inference_mode()
    def latent(
        self,
        codes: Tensor,
        phones: Tensor,
        style: Style,
        *,
        noise: Tensor,
        noise_scale: float = NOISE_SCALE,
        speed: float = 1.0,
    ) -> Tensor:
        """Latent frames for `decoding`; arguments as of `encode` and `draw`."""
        drawn = self.draw(self.encode(codes, phones, style, speed), noise, noise_scale)
        return self.flow.in_windows(drawn, style.sound, self.flow_field)

    def lay_out(self) -> None:
        """Lay the decoder out for a processor, which makes its weights more: so they are there
        when weights are measured. The first `decoding` on one would do it else."""
        _ = self._in_stretches

    def decoding(self, latent: Tensor, style: Style) -> Piecewise:
        """Latent frames on their way to sound, a window at a time (`decoder.CHUNK_FRAMES`).

        Args:
            latent: `[1, n_hidden, T]`
            style: Of the voice.
        """
        weight = self.decoder.conv_pre.weight
        condition = style.sound.to(weight)
        if weight.device.type == "cpu":
            return InShares(self._in_stretches, condition, latent)
        return Decoding(
            lambda window: self.decoder(window.to(weight), condition), self.decoder_field, latent
        )

    @cached_property
    def _in_stretches(self) -> InStretches:
        return InStretches(self.decoder, self.decoder_field)

    @cached_property
    def flow_field(self) -> ReceptiveField:
        """Frames around one that the flow needs for it."""
        return receptive_field(self.flow, self.dims.n_hidden)

    @cached_property
    def decoder_field(self) -> ReceptiveField:
        """Frames around one that the decoder needs for its samples."""
        return receptive_field(self.decoder, self.dims.n_hidden)


def noise_of(generator: torch.Generator, dims: SynthesiserDims, n_frames: int) -> Tensor:
    """Standard normal noise f32 `[1, n_hidden, n_frames]` on the host, for `Synthesiser.draw`.

    Args:
        generator: One for each utterance, on the host: so an utterance sounds the same whatever is
            made beside it, and on whatever device.
        dims: Of the synthesiser.
        n_frames: As of `Synthesiser.n_frames`.
    """
    return torch.randn(1, dims.n_hidden, n_frames, generator=generator)


def blended(joint: Tensor, before: Tensor) -> Tensor:
    """The reference's streaming: the first frames of a piece faded in over the last one's tail.

    Args:
        joint: `[1, n_hidden, T]`, of `encode`.
        before: `[1, n_hidden, L]`, L <= T: the frames that an earlier `encode`, which knew fewer
            tokens, gave in place of the first of `joint`.

    Returns:
        As `joint`.
    """
    n = before.shape[-1]
    angles = torch.arange(2 * n, device=joint.device) * (torch.pi / (2 * n))
    rise, fall = angles.sin().to(joint).chunk(2)
    return torch.cat((rise * joint[..., :n] + fall * before, joint[..., n:]), -1)


def _check(what: str, ids: Tensor, n_known: int) -> None:
    """On a card a wrong number would end the process instead of the utterance."""
    if ids.ndim != 1 or not len(ids):
        raise ValueError(f"one row of at least one {what} is needed, not {list(ids.shape)}")
    low, high = int(ids.min()), int(ids.max())
    if low < 0 or high >= n_known:
        raise ValueError(f"{what}s go from 0 to {n_known - 1}, not from {low} to {high}")
