"""The files of one model, loaded part by part."""

from __future__ import annotations

import weakref
from pathlib import Path

import torch

from core.engines.copies import Copies
from core.engines.gpt_sovits import files
from core.engines.gpt_sovits.bert import Bert, Vocabulary
from core.engines.gpt_sovits.hubert import Hubert
from core.engines.gpt_sovits.identity import ModelFile, examined
from core.engines.gpt_sovits.semantic import SemanticModel
from core.engines.gpt_sovits.speaker import Speaker
from core.engines.gpt_sovits.synthesiser import Synthesiser
from core.engines.gpt_sovits.text import polyphone_files, polyphones
from core.engines.gpt_sovits.text.chinese import by_phrase
from core.engines.gpt_sovits.text.polyphones import Polyphones
from core.engines.protocol import Weights
from core.errors import InputError, MissingError

NEEDED = ("s1", "s2", "hubert")
_NAMES = {
    "s1": "the semantic model (.ckpt)",
    "s2": "the synthesiser (.pth)",
    "hubert": "chinese-hubert-base",
    "sv": "the speaker network",
    "bert": "chinese-roberta-wwm-ext-large",
}


class FileParts:
    """`networks.Parts` of what was found in a models folder.

    Args:
        weights: The chosen model.
        cache: Folder of converted files, whose copies of these stay as long as this lives; None:
            files are read as they are.

    Raises:
        MissingError: None was chosen, or it lacks a part.
    """

    def __init__(self, weights: Weights | None, *, cache: Path | None = None) -> None:
        if weights is None:
            raise MissingError(
                "GPT-SoVITS has no model to speak with.",
                "Download one, or name the folder where yours are: --models DIR.",
            )
        missing = [_NAMES[part] for part in NEEDED if part not in weights.files]
        if missing:
            raise MissingError(
                f"The model “{weights.name}” cannot be loaded: {', '.join(missing)} was not found.",
                "Download it, or put it beside the model.",
            )
        self._weights = weights
        self._cache = None if cache is None else Copies(cache)
        if self._cache is not None:
            weakref.finalize(self, self._cache.release)

    @property
    def digest(self) -> str:
        return self._weights.digest

    def semantic(self, device: torch.device, precision: str) -> SemanticModel:
        return files.load_semantic(
            self._model("s1"), cache=self._cache, device=device, precision=precision
        )

    def synthesiser(self, device: torch.device, decoder_dtype: torch.dtype) -> Synthesiser:
        return files.load_synthesiser(
            self._model("s2"), cache=self._cache, device=device, decoder_dtype=decoder_dtype
        )

    def hubert(self, device: torch.device) -> Hubert:
        return files.load_hubert(self._path("hubert"), cache=self._cache, device=device)

    def speaker(self, device: torch.device) -> Speaker:
        return files.load_speaker(self._path("sv"), cache=self._cache, device=device)

    def bert(self, device: torch.device, dtype: torch.dtype) -> tuple[Bert, Vocabulary]:
        return files.load_bert(self._path("bert"), cache=self._cache, device=device, dtype=dtype)

    @property
    def has_polyphones(self) -> bool:
        return "g2pw" in self._weights.files

    def polyphones(self) -> tuple[Polyphones, int] | None:
        tokens = Vocabulary.read(self._path("bert"))
        folder = self._weights.files["g2pw"]
        judge = polyphones.opened(folder, tokens, by_phrase=by_phrase)
        return None if judge is None else (judge, polyphone_files.loaded_bytes(folder))

    def _model(self, part: str) -> ModelFile:
        path = self._path(part)
        if not path.is_file():
            raise MissingError(f"There is no file “{path.name}” in {path.parent} any more.")
        about = path.stat()
        found = examined(path, about.st_size, about.st_mtime_ns)
        if isinstance(found, str):
            raise InputError(found or f"“{path.name}” is not {_NAMES[part]}.")
        if found.part != part:
            raise InputError(f"“{path.name}” is not {_NAMES[part]}.")
        return found

    def _path(self, part: str) -> Path:
        path = self._weights.files.get(part)
        if path is None:
            raise MissingError(
                f"The model “{self._weights.name}” has no {_NAMES[part]}.",
                "Download it, or put it beside the model.",
            )
        return path
