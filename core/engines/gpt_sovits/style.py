"""The voice of a reference: its spectrogram, and for v2Pro a speaker vector, to one style vector.

The style encoder of Meta-StyleSpeech (Min et al. 2021, section 3.1), without its layer norm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import glu, mish

from core.engines.gpt_sovits.synthesiser_dims import SynthesiserDims
from core.engines.nn.attention import attend

N_HIDDEN = 128
N_HEADS = 2
N_TAPS = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference:
    """One recording of the voice.

    Args:
        spectrogram: f32 `[1, n_bins or more, T]`, of `features.spectrogram`.
        speaker: f32 `[1, n_speaker]`, of the speaker network; None for v1 and v2.
    """

    spectrogram: Tensor
    speaker: Tensor | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Style:
    """What the parts of the synthesiser need of a voice; made once, kept as long as it is used.

    Args:
        sound: `[1, n_style, 1]`, for flow and decoder.
        text: `[1, n_cross, 1]`, for the encoders.
    """

    sound: Tensor
    text: Tensor


class Voice(nn.Module):
    """References to a style."""

    def __init__(self, dims: SynthesiserDims) -> None:
        super().__init__()
        self.n_bins = dims.n_bins
        self.encoder = StyleEncoder(dims.n_bins, dims.n_style)
        self.has_speaker = dims.n_speaker > 0
        if self.has_speaker:
            self.speaker_in = nn.Linear(dims.n_speaker, dims.n_style)
            self.slopes = nn.PReLU(dims.n_style)
            self.text_out = nn.Linear(dims.n_style, dims.n_cross)

    def forward(self, references: Sequence[Reference]) -> Style:
        """The mean style of one or more references."""
        if not references:
            raise ValueError("a style needs at least one reference")
        sound = torch.stack([self._one(reference) for reference in references]).mean(0)
        text = self.text_out(sound) if self.has_speaker else sound
        return Style(sound=sound.unsqueeze(-1), text=text.unsqueeze(-1))

    def _one(self, reference: Reference) -> Tensor:
        """`[1, n_style]`"""
        weight = self.encoder.out.weight
        spectrogram = reference.spectrogram[:, : self.n_bins].to(weight)
        style: Tensor = self.encoder(spectrogram)
        if not self.has_speaker:
            return style
        if reference.speaker is None:
            raise ValueError("this version needs the speaker network's vector of each reference")
        return self.slopes(style + self.speaker_in(reference.speaker.to(weight)))  # type: ignore[no-any-return]


class StyleEncoder(nn.Module):
    """Frames one by one, then with their neighbours, then with all others; then their mean."""

    def __init__(self, n_bins: int, n_style: int) -> None:
        super().__init__()
        self.spectral = nn.ModuleList((nn.Linear(n_bins, N_HIDDEN), nn.Linear(N_HIDDEN, N_HIDDEN)))
        self.temporal = nn.ModuleList(
            nn.Conv1d(N_HIDDEN, 2 * N_HIDDEN, N_TAPS, padding=N_TAPS // 2) for _ in range(2)
        )
        self.qkv = nn.Linear(N_HIDDEN, 3 * N_HIDDEN)
        self.attention_out = nn.Linear(N_HIDDEN, N_HIDDEN)
        self.out = nn.Linear(N_HIDDEN, n_style)

    def forward(self, spectrogram: Tensor) -> Tensor:
        """`[B, n_bins, T]` to `[B, n_style]`"""
        x = spectrogram.mT  # [B, T, n_bins]
        for layer in self.spectral:
            x = mish(layer(x))  # [B, T, N_HIDDEN]
        x = x.mT
        for layer in self.temporal:
            x = x + glu(layer(x), dim=1)
        x = x.mT
        x = x + self._look_around(x)
        return self.out(x).mean(1)  # type: ignore[no-any-return]

    def _look_around(self, x: Tensor) -> Tensor:
        n_rows, n_frames, _ = x.shape
        split = self.qkv(x).view(n_rows, n_frames, 3, N_HEADS, N_HIDDEN // N_HEADS)
        queries, keys, values = split.permute(2, 0, 3, 1, 4)  # [B, H, T, D]
        # Scaled by the size of all heads together: so were the weights trained.
        seen = attend(queries, keys, values, scale=N_HIDDEN**-0.5)
        return self.attention_out(seen.transpose(1, 2).reshape(x.shape))  # type: ignore[no-any-return]
