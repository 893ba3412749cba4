"""Chinese RoBERTa (Cui et al. 2021): what each character of a text means where it stands.

The network is that of `transformers`. The semantic transformer was trained on what comes out of
the layer before the last two, so those two and the head are neither built nor run.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from core.engines.nn.checkpoint import Checkpoint, TensorSpec
from core.engines.nn.dtype import DeviceTraits, Part, choose
from core.engines.nn.weights import fill, on_meta
from core.errors import InputError, MissingError

UNUSED_LAYERS = 2
"""At the end of the published network."""
MARGIN = 64
"""Characters on each side of a window that are read with it and kept from its neighbours."""
VOCABULARY_MAX_BYTES = 16 << 20
"""Of a tokeniser file; the published ones have 270 kB and 110 kB."""
EPSILON = 1e-12
"""Of the layer norms."""

_LAYER = re.compile(r"encoder\.layer\.(\d+)\..*")
_HEADS = re.compile(r"cls\..*|pooler\..*|.*\.position_ids")
"""What is said of hidden words and neighbouring sentences, and a table that is counted anyway."""


@dataclass(frozen=True, kw_only=True)
class BertDims:
    """Sizes; of the published large network where not given.

    Args:
        n_channels: Of a character.
        n_layers: That are used.
        n_heads: Of the attention.
        n_inner: Of the feed-forward nets.
        n_tokens: In the vocabulary.
        n_positions: In one window, with a mark at each end.
    """

    n_channels: int = 1024
    n_layers: int = 22
    n_heads: int = 16
    n_inner: int = 4096
    n_tokens: int = 21128
    n_positions: int = 512


class Vocabulary:
    """One token for each character, always; what is not known is `[UNK]`.

    The published tokeniser merges digits and Latin letters to words. Texts come here normalised:
    only ideographs and punctuation, for which it has one token each.

    Args:
        ids: Numbers by token.

    Raises:
        InputError: The marks of a text are not among them.
    """

    def __init__(self, ids: Mapping[str, int]) -> None:
        missing = [mark for mark in ("[CLS]", "[SEP]", "[UNK]") if mark not in ids]
        if missing:
            raise InputError(
                f"The vocabulary of RoBERTa has no {', '.join(missing)}: it is of another model.",
                "Choose the folder chinese-roberta-wwm-ext-large.",
            )
        self._ids = {token: number for token, number in ids.items() if len(token) == 1}
        self.first, self.last, self.unknown = (ids[mark] for mark in ("[CLS]", "[SEP]", "[UNK]"))
        self.n_tokens = max(ids.values()) + 1

    @classmethod
    def read(cls, folder: Path) -> Vocabulary:
        """From the `tokenizer.json` or `vocab.txt` of a folder.

        Raises:
            MissingError: There is neither.
            InputError: It cannot be read as one.
        """
        for name, read in (("tokenizer.json", _of_json), ("vocab.txt", _of_lines)):
            path = folder / name
            if not path.is_file():
                continue
            if path.stat().st_size > VOCABULARY_MAX_BYTES:
                raise _unreadable(path)
            try:
                return cls(read(path.read_text(encoding="utf-8")))
            except (ValueError, KeyError, TypeError, RecursionError):
                raise _unreadable(path) from None
        raise MissingError(
            f"RoBERTa's tokeniser is not in {folder}: neither tokenizer.json nor vocab.txt.",
            "Download the folder chinese-roberta-wwm-ext-large again.",
        )

    def ids(self, text: str) -> list[int]:
        """One number for each character."""
        return [self._id(character) for character in text]

    def _id(self, character: str) -> int:
        # As the published tokeniser: small letters, accents away, which also makes one of the
        # ideographs that Unicode has twice.
        for form in (character, unicodedata.normalize("NFD", character.lower())[:1]):
            if form in self._ids:
                return self._ids[form]
        return self.unknown


class Window(NamedTuple):
    """Part of a text: what is read, and which of it is kept; stops are exclusive."""

    start: int
    stop: int
    kept_start: int
    kept_stop: int


class Bert(nn.Module):
    """The layers that are used; every call runs without gradients."""

    def __init__(self, dims: BertDims) -> None:
        super().__init__()
        self.dims = dims
        self.net = _network(dims)

    def make_tables(self, device: torch.device) -> None:
        """Positions and segments, which no file holds."""
        table = self.net.embeddings
        table.position_ids = torch.arange(self.dims.n_positions, device=device)[None]
        table.token_type_ids = torch.zeros_like(table.position_ids)

    @torch.inference_mode()
    def forward(self, ids: Tensor) -> Tensor:
        """Out of the last layer that is used.

        Args:
            ids: i64 `[B, L]`, with the marks at both ends, at most `n_positions`.

        Returns:
            f32 `[B, L, n_channels]`
        """
        if ids.shape[-1] > self.dims.n_positions:
            raise ValueError(f"{ids.shape[-1]} tokens do not fit {self.dims.n_positions} positions")
        ids = ids.to(self.net.embeddings.word_embeddings.weight.device)
        states: Tensor = self.net(input_ids=ids).last_hidden_state
        return states.float()

    def features(self, text: str, vocabulary: Vocabulary) -> Tensor:
        """What the semantic transformer is given, one row for each character.

        Args:
            text: Normalised; of any length.
            vocabulary: Of the same folder.

        Returns:
            f32 `[len(text), n_channels]`
        """
        ids = vocabulary.ids(text)
        rows = []
        for window in windows(len(ids), self.dims.n_positions - 2):
            inside = ids[window.start : window.stop]
            states = self(torch.tensor([[vocabulary.first, *inside, vocabulary.last]]))[0, 1:-1]
            rows.append(states[window.kept_start - window.start : window.kept_stop - window.start])
        if not rows:
            return torch.zeros(0, self.dims.n_channels)
        return torch.cat(rows) if len(rows) > 1 else rows[0]


def windows(n: int, n_most: int, margin: int = MARGIN) -> Iterator[Window]:
    """Windows that together keep every character once; one where all fit.

    Args:
        n: Characters of the text.
        n_most: In a window.
        margin: Read with a window on each side that is not an end of the text.
    """
    margin = min(margin, (n_most - 1) // 2)
    start = kept_start = 0
    while kept_start < n:
        stop = min(n, start + n_most)
        kept_stop = n if stop == n else stop - margin
        yield Window(start, stop, kept_start, kept_stop)
        kept_start = kept_stop
        start = max(0, min(kept_stop - margin, n - n_most))


def load(
    checkpoint: Checkpoint,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    dims: BertDims | None = None,
) -> Bert:
    """The network with the weights of a file.

    Args:
        checkpoint: Open: `pytorch_model.bin` or `model.safetensors` of the published folder.
        device: Where it will run.
        dtype: As of `precision`.
        dims: Read off the file without it.

    Raises:
        InputError: Tensors are missing, unknown or of another shape.
    """
    wanted = dims or dims_of(checkpoint.specs)
    model = on_meta(lambda: Bert(wanted))
    fill(
        model,
        checkpoint,
        dtype=dtype,
        device=device,
        rename=lambda name: _renamed(name, wanted.n_layers),
    )
    return model


def precision(traits: DeviceTraits) -> str:
    """In what it runs on a device: its rows are added to phones, and a small error is no accident.

    float16 before bfloat16, as its layer norms keep numbers small and steps are finer.
    """
    return choose(Part.DECODER, traits)


def dims_of(specs: Mapping[str, TensorSpec]) -> BertDims:
    """Sizes of the network in a file; the published ones where its tensors do not tell.

    A file as wide as the published network has to have all of its used layers.
    """
    shapes = {_bare(name): spec.shape for name, spec in specs.items()}
    large = BertDims()
    words = shapes.get("embeddings.word_embeddings.weight", ())
    positions = shapes.get("embeddings.position_embeddings.weight", ())
    inner = shapes.get("encoder.layer.0.intermediate.dense.weight", ())
    numbers = {int(match[1]) for name in shapes if (match := _LAYER.fullmatch(name))}
    is_told = all(len(shape) == 2 and min(shape) > 0 for shape in (words, positions, inner))
    if not is_told or words[1] == large.n_channels:
        return large
    return BertDims(
        n_channels=words[1],
        n_layers=max(1, len(numbers) - UNUSED_LAYERS),
        n_heads=max(1, words[1] // 64),
        n_inner=inner[0],
        n_tokens=words[0],
        n_positions=positions[0],
    )


def _bare(name: str) -> str:
    return name.removeprefix("bert.")


def _renamed(name: str, n_layers: int) -> str | None:
    """Our name for a published one; None for what is not used."""
    bare = _bare(name)
    layer = _LAYER.fullmatch(bare)
    if _HEADS.fullmatch(bare) or (layer and n_layers <= int(layer[1]) < n_layers + UNUSED_LAYERS):
        return None
    # Files of the time of TensorFlow call a layer norm's weight gamma and its bias beta.
    for old, new in (
        (".LayerNorm.gamma", ".LayerNorm.weight"),
        (".LayerNorm.beta", ".LayerNorm.bias"),
    ):
        if bare.endswith(old):
            bare = bare.removesuffix(old) + new
    return f"net.{bare}"


def _of_json(text: str) -> dict[str, int]:
    return {str(token): int(number) for token, number in json.loads(text)["model"]["vocab"].items()}


def _of_lines(text: str) -> dict[str, int]:
    return {line.rstrip("\r"): number for number, line in enumerate(text.split("\n")) if line}


def _unreadable(path: Path) -> InputError:
    return InputError(
        f"“{path.name}” in {path.parent} is no vocabulary that can be read.", "Download it again."
    )


def _network(dims: BertDims) -> Any:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # nothing is fetched behind anybody's back
    # Here, as it takes seconds, and most languages need none of it.
    from transformers.models.bert.configuration_bert import BertConfig  # noqa: PLC0415
    from transformers.models.bert.modeling_bert import BertModel  # noqa: PLC0415

    net: Any = BertModel(
        BertConfig(
            vocab_size=dims.n_tokens,
            hidden_size=dims.n_channels,
            num_hidden_layers=dims.n_layers,
            num_attention_heads=dims.n_heads,
            intermediate_size=dims.n_inner,
            max_position_embeddings=dims.n_positions,
            type_vocab_size=2,
            layer_norm_eps=EPSILON,
        ),
        add_pooling_layer=False,
    )
    return net
