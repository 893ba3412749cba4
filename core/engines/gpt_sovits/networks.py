"""The networks of one model: two that speak stay loaded, the others as long as they are needed."""

from __future__ import annotations

import os
from collections.abc import Collection
from functools import partial
from typing import Any, Protocol, cast

import torch
from torch import Tensor

from core.engines.gpt_sovits.bert import Bert, Vocabulary
from core.engines.gpt_sovits.costs import BERT_LANGUAGES
from core.engines.gpt_sovits.hubert import Hubert
from core.engines.gpt_sovits.reading import version_of
from core.engines.gpt_sovits.semantic import SemanticModel
from core.engines.gpt_sovits.speaker import Speaker
from core.engines.gpt_sovits.synthesiser import Synthesiser
from core.engines.gpt_sovits.text.assemble import front_end
from core.engines.gpt_sovits.text.phones import FrontEnd, Language, Version
from core.engines.gpt_sovits.text.polyphones import UNASKED, Polyphones
from core.engines.nn.dtype import NAMES
from core.engines.nn.packed import Packed, pack
from core.errors import InputError, MissingError


class Parts(Protocol):
    """Where networks come from. All raise MissingError and InputError."""

    def semantic(self, device: torch.device, precision: str) -> SemanticModel: ...

    def synthesiser(self, device: torch.device, decoder_dtype: torch.dtype) -> Synthesiser: ...

    def hubert(self, device: torch.device) -> Hubert: ...

    def speaker(self, device: torch.device) -> Speaker: ...

    def bert(self, device: torch.device, dtype: torch.dtype) -> tuple[Bert, Vocabulary]: ...

    @property
    def has_polyphones(self) -> bool:
        """Whether there is a judge of Chinese readings."""
        ...

    def polyphones(self) -> tuple[Polyphones, int] | None:
        """It and what it takes on the host (bytes); None where it cannot be used."""
        ...


class Networks:
    """
    Args:
        parts: Of one model.
        device: Where it runs.
        dtype: `fp32`, `fp16` or `bf16`: of the semantic transformer and the decoder. The host
            computes sound in float32 always, and keeps halves only where files have them.

    Raises:
        MissingError, InputError: A part is not there or is not what it should be.
    """

    def __init__(self, parts: Parts, device: str, dtype: str) -> None:
        self._parts, self.device, self.dtype = parts, torch.device(device), dtype
        self._bert: tuple[Bert, Vocabulary] | None = None
        self._judge: tuple[Polyphones, int] | None = None
        self._is_judge_tried = False
        self.is_on_host = self.device.type == "cpu"
        of_sound = torch.float32 if self.is_on_host else NAMES[dtype]
        self.synthesiser = parts.synthesiser(self.device, of_sound)
        if self.is_on_host:
            self.synthesiser.lay_out()
        self.semantic = parts.semantic(self.device, dtype)
        n_codes, n_drawn = self.synthesiser.dims.n_codes, self.semantic.dims.end
        n_symbols, n_phones = self.synthesiser.dims.n_symbols, self.semantic.dims.n_phones
        if n_drawn > n_codes or n_symbols > n_phones:
            raise InputError(
                f"The two files are of different families: one writes {n_drawn} tokens of "
                f"{n_phones} phones, the other reads {n_codes} of {n_symbols}.",
                "Choose an s1 and an s2 of the same version.",
            )

    @property
    def version(self) -> Version:
        """Whose phones it reads."""
        return version_of(self.synthesiser.dims.n_symbols)

    def hubert(self) -> Hubert:
        """The network that hears what a reference says: needed once for a voice, and as large as
        all that speaks together, so it is not kept."""
        net = self._parts.hubert(self.device)
        if net.dims.n_channels != self.synthesiser.dims.n_features:
            raise InputError(
                f"HuBERT hears {net.dims.n_channels} features, the synthesiser reads "
                f"{self.synthesiser.dims.n_features}.",
                "Choose the folder chinese-hubert-base.",
            )
        return net

    def speaker(self) -> Speaker | None:
        """The network that knows speakers, for models that ask it; as little kept as `hubert`."""
        return self._parts.speaker(self.device) if self.synthesiser.dims.n_speaker else None

    def features(self, text: str) -> Tensor:
        """What BERT has to say about a normalised Chinese text; it stays loaded until `keep_for`.

        Returns:
            f32 [characters, n_bert], on the host.

        Raises:
            InputError: There is no BERT among the parts.
        """
        if self._bert is None:
            self._bert = self._load_bert()
        net, vocabulary = self._bert
        return net.features(text, vocabulary).cpu()

    @property
    def late_bytes(self) -> int:
        """Of the networks that only some languages need, as far as they are loaded."""
        total = 0
        if self._bert is not None:
            net, _ = self._bert
            total += sum(tensor.nbytes for tensor in (*net.parameters(), *net.buffers()))
            total += sum(part.nbytes for part in net.modules() if isinstance(part, Packed))
        if self._judge is not None and self.is_on_host:
            total += self._judge[1]
        return total

    def keep_for(self, languages: Collection[str] | None) -> None:
        """Give back what texts in these languages do not need.

        Args:
            languages: ISO 639-1 codes; None: it may be any.
        """
        if languages is not None and set(languages).isdisjoint(BERT_LANGUAGES):
            self._bert = self._judge = None
            self._is_judge_tried = False

    def front_end(self, language: Language) -> FrontEnd:
        """The front end of a language, with the judge of readings where there is one."""
        if language != "zh" or self.version == "v1" or not self._parts.has_polyphones:
            return front_end(language)
        if not self._is_judge_tried:
            self._judge, self._is_judge_tried = self._parts.polyphones(), True
        if self._judge is None:
            return front_end(language)
        read: Any = front_end(language)
        return cast(FrontEnd, partial(read, readings=self._judge[0]))

    @property
    def reading_note(self) -> str:
        """What is to be said of how texts were read; empty: all is well."""
        is_unasked = self._is_judge_tried and (self._judge is None or bool(self._judge[0].fault))
        return UNASKED if is_unasked else ""

    def _load_bert(self) -> tuple[Bert, Vocabulary]:
        try:
            # Published in float16; the host keeps it so and computes in float32.
            of_weights = torch.float16 if self.is_on_host else NAMES[self.dtype]
            net, vocabulary = self._parts.bert(self.device, of_weights)
        except MissingError as error:
            raise InputError(
                f"Chinese is read with a network that is not here. {error.message}",
                "Download chinese-roberta-wwm-ext-large, or choose another language.",
            ) from None
        if self.is_on_host:
            pack(net)
            net.float()
        if net.dims.n_channels != self.semantic.dims.n_bert:
            raise InputError(
                f"RoBERTa has {net.dims.n_channels} features, the semantic model reads "
                f"{self.semantic.dims.n_bert}.",
                "Choose the folder chinese-roberta-wwm-ext-large.",
            )
        return net, vocabulary


def go_offline() -> None:
    """Libraries fetch nothing behind anybody's back."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
