"""`s2_<version>_<size>.npz`: the synthesiser, stage by stage and whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.engines.gpt_sovits.decoder import CHUNK_FRAMES
from core.engines.gpt_sovits.features import spectrogram
from core.engines.gpt_sovits.style import Reference, Style
from core.engines.gpt_sovits.synthesiser import Synthesiser, blended
from core.engines.gpt_sovits.synthesiser_weights import load
from tests.parity.gpt_sovits.features import sound
from tests.parity.gpt_sovits.synthesiser_shapes import OFFICIAL, shapes
from tests.parity.recipe_checkpoint import RecipeCheckpoint
from tests.parity.result import ACTIVATION, WAVEFORM, Result, compare

Golden = Mapping[str, np.ndarray]
STREAM = {"codes": 15, "overlap": 4, "kept": 12}
"""Tokens of the first streamed piece; frames of overlap and tokens kept of the second."""


def run(folder: Path, names: Sequence[str] = ("*",)) -> Iterator[Result]:
    """
    Args:
        folder: Of golden data.
        names: Patterns of version and size, such as `v2_tiny`.
    """
    paths = {path for name in names for path in folder.glob(f"s2_{name}.json")}
    for path in sorted(paths):
        settings = json.loads(path.read_text())
        if settings.get("version") in OFFICIAL:
            with np.load(path.with_suffix(".npz")) as arrays:
                golden = {name: arrays[name] for name in arrays.files}
            model = synthesiser(settings)
            yield from Case(path.stem, model, references(folder, settings), golden).run()


def synthesiser(settings: Mapping[str, object]) -> Synthesiser:
    """The model of a case, with weights by the recipe."""
    sizes = {**settings["model_kwargs"], **settings.get("over", {})}  # type: ignore[dict-item]
    checkpoint = RecipeCheckpoint(
        shapes(str(settings["version"]), sizes),
        seed=int(settings["weights_seed"]),  # type: ignore[call-overload]
        prefix=str(settings.get("prefix", "")),
    )
    return load(checkpoint)


def references(folder: Path, settings: Mapping[str, object]) -> list[Reference]:
    """The two recordings that cases refer to; for Pro with their golden speaker vectors."""
    is_pro = "Pro" in str(settings["version"])
    with np.load(folder / "audio_features.npz") as features:
        sounds = [sound(features, f"wav32k_{which}_i16") for which in "ab"]
    speakers: list[Tensor | None] = [None, None]
    if is_pro:
        with np.load(folder / "sv.npz") as golden:
            speakers = [torch.from_numpy(golden[name]) for name in ("emb", "emb_b")]
    return [
        Reference(spectrogram=spectrogram(one), speaker=speaker)
        for one, speaker in zip(sounds, speakers, strict=True)
    ]


class Case:
    """One file."""

    def __init__(
        self, name: str, model: Synthesiser, references: Sequence[Reference], golden: Golden
    ) -> None:
        self.name, self.model, self.golden = name, model, golden
        self.references = references
        self.phones = torch.from_numpy(golden["text"][0])
        self.codes = torch.from_numpy(golden["codes"][0, 0])
        self.style = model.style(references[:1])

    def run(self) -> Iterator[Result]:
        yield from self._tokens()
        yield from self._styles()
        yield from self._stages()
        yield from self._decodes()
        yield from self._stream()

    def _compare(self, name: str, found: Tensor, tolerance: float = ACTIVATION) -> Iterator[Result]:
        if name in self.golden:
            result = compare(f"{self.name}/{name}", found.numpy(), self.golden[name], tolerance)
            yield result

    def _tokens(self) -> Iterator[Result]:
        codes = self.model.codes(torch.from_numpy(self.golden["ssl"]))
        yield from self._compare("codes_from_ssl", codes[None], 0.0)

    def _styles(self) -> Iterator[Result]:
        yield from self._compare("ge", self.style.sound)
        yield from self._compare("ge_enc", self.style.text)
        both = self.model.style(self.references)
        yield from self._compare("ge_avg2", both.sound)

    def _stages(self) -> Iterator[Result]:
        model, prior = self.model, self.model.prior
        heard: dict[str, Tensor] = {}
        hooks = [
            module.register_forward_hook(
                lambda _module, _given, out, name=name: heard.update({f"enc_p/{name}": out.clone()})
            )
            for name, module in (
                ("encoder_ssl", prior.code_encoder),
                ("encoder_text", prior.phone_encoder),
                ("mrte", prior.mixer),
                ("encoder2", prior.joint_encoder),
            )
        ]
        joint = model.encode(self.codes, self.phones, self.style)
        for hook in hooks:
            hook.remove()
        with torch.inference_mode():
            heard["enc_p/m"], heard["enc_p/logs"] = prior(joint)
        for name, out in heard.items():
            yield from self._compare(name, out)
        noise = torch.from_numpy(self.golden["noise"])
        yield from self._compare("z_p", model.draw(joint, noise))
        latent = model.latent(self.codes, self.phones, self.style, noise=noise)
        yield from self._compare("z", latent)
        yield from self._compare("audio", self._decoded(latent), WAVEFORM)

    def _decodes(self) -> Iterator[Result]:
        both = self.model.style(self.references)
        for name, style, speed in (
            ("decode_zero_noise", self.style, 1.0),
            ("decode_zero_noise_2refs", both, 1.0),
            ("decode_zero_noise_speed1.3", self.style, 1.3),
            ("decode_zero_noise_speed0.8", self.style, 0.8),
        ):
            noise = self._silence(self.model.n_frames(len(self.codes), speed))
            latent = self.model.latent(self.codes, self.phones, style, noise=noise, speed=speed)
            yield from self._compare(name, self._decoded(latent, style), WAVEFORM)

    def _stream(self) -> Iterator[Result]:
        model = self.model
        first = model.encode(self.codes[: STREAM["codes"]], self.phones, self.style)
        yield from self._compare("stream_latent1", first)
        yield from self._compare("stream_audio1", self._sung(first), WAVEFORM)
        joint = model.encode(self.codes, self.phones, self.style)[..., -2 * STREAM["kept"] :]
        joint = blended(joint, first[..., -STREAM["overlap"] :])
        yield from self._compare("stream_latent2", joint)
        yield from self._compare("stream_audio2", self._sung(joint), WAVEFORM)

    def _sung(self, joint: Tensor) -> Tensor:
        """Sound of encoder frames, without noise."""
        drawn = self.model.draw(joint, self._silence(joint.shape[-1]))
        latent = self.model.flow.in_windows(drawn, self.style.sound, self.model.flow_field)
        return self._decoded(latent)

    def _decoded(self, latent: Tensor, style: Style | None = None) -> Tensor:
        made = self.model.decoding(latent, style or self.style).finish(CHUNK_FRAMES)
        return torch.from_numpy(made)[:, None]

    def _silence(self, n_frames: int) -> Tensor:
        return torch.zeros(1, self.model.dims.n_hidden, n_frames)
