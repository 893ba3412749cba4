"""Opens and loads the files of GPT-SoVITS, in the engine process.

    cache = Copies(paths.copies)
    semantic = load_semantic(pair.s1, cache=cache, device="cuda", precision="fp16")
    synthesiser = load_synthesiser(pair.s2, cache=cache, device="cuda")
    speaker = load_speaker(pair.shared.sv, cache=cache)
    hubert = load_hubert(pair.shared.hubert, cache=cache)
    bert, vocabulary = load_bert(pair.shared.bert, cache=cache)

The first opening writes a copy as safetensors into the cache: with one tensor in memory at a time,
in the file's own precision; it is mapped from then on. Without a cache, or where its disk is full,
the file itself is read. Loading is strict: a tensor too few or too many is an
`InputError` that names it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch

from core.disk import writing
from core.engines.copies import Copies
from core.engines.gpt_sovits import bert, hubert, speaker_weights, synthesiser_weights
from core.engines.gpt_sovits.bert import Bert, Vocabulary
from core.engines.gpt_sovits.contents import read_contents
from core.engines.gpt_sovits.hubert import Hubert
from core.engines.gpt_sovits.identity import ModelFile
from core.engines.gpt_sovits.inert import SETTINGS_CLASSES, SETTINGS_TABLES
from core.engines.gpt_sovits.models import weights_of
from core.engines.gpt_sovits.semantic import SemanticModel
from core.engines.gpt_sovits.semantic import load_semantic as semantic_of
from core.engines.gpt_sovits.speaker import Speaker, SpeakerDims
from core.engines.gpt_sovits.synthesiser import Synthesiser
from core.engines.gpt_sovits.synthesiser_dims import SynthesiserDims
from core.engines.nn.checkpoint import Checkpoint, open_checkpoint
from core.engines.nn.convert import convert
from core.errors import InputError, MissingError, ResourceError, StudioError

_ZIP = b"PK"
_BEYOND_BERT = ("cls.", "bert.pooler.")
"""Heads for tasks that are none here."""
_logger = logging.getLogger("timbre.gpt_sovits")


def load_semantic(
    file: ModelFile,
    *,
    cache: Copies | None = None,
    device: torch.device | str = "cpu",
    precision: str = "fp32",
) -> SemanticModel:
    """A semantic model.

    Args:
        file: An s1.
        cache: Converted files.
        device: Where it runs.
        precision: As of `semantic.precision_for`.

    Raises:
        InputError: The file has changed, cannot be read, or its tensors do not fit.
    """
    with open_model(file, cache=cache) as checkpoint:
        return semantic_of(checkpoint, device=device, precision=precision)


def load_synthesiser(
    file: ModelFile,
    *,
    cache: Copies | None = None,
    device: torch.device | str = "cpu",
    decoder_dtype: torch.dtype = torch.float32,
    dims: SynthesiserDims | None = None,
) -> Synthesiser:
    """A synthesiser.

    Args:
        file: An s2.
        cache: Converted files.
        device: Where it runs.
        decoder_dtype: Of the decoder.
        dims: Read off the tensors without it.

    Raises:
        InputError: The file has changed, cannot be read, or its tensors do not fit.
    """
    with open_model(file, cache=cache) as checkpoint:
        return synthesiser_weights.load(
            checkpoint, device=device, decoder_dtype=decoder_dtype, dims=dims
        )


def load_speaker(
    path: Path,
    *,
    cache: Copies | None = None,
    device: torch.device | str = "cpu",
    dims: SpeakerDims | None = None,
) -> Speaker:
    """The network that knows speakers. Arguments and errors as of `load_synthesiser`."""
    with _open(path, cache) as checkpoint:
        return speaker_weights.load(checkpoint, device=device, dims=dims)


def open_model(file: ModelFile, *, cache: Copies | None = None) -> Checkpoint:
    """An s1 or s2 under its published names, its settings in `extras`."""
    return _open(file.path, cache, keep=lambda name: not name.startswith("enc_q."), as_known=file)


def load_hubert(
    folder: Path,
    *,
    cache: Copies | None = None,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> Hubert:
    """The network that hears.

    Args:
        folder: Of the Hugging Face kind, its weights in torch's format or safetensors.
        cache: Converted files.
        device: Where it runs.
        dtype: Of its weights.

    Raises:
        InputError: The file cannot be read, or its tensors do not fit.
    """
    with _open(_weights(folder), cache) as checkpoint:
        return hubert.load(checkpoint, device=device, dtype=dtype)


def load_bert(
    folder: Path,
    *,
    cache: Copies | None = None,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> tuple[Bert, Vocabulary]:
    """The network that reads Chinese, and its tokens; arguments and errors as `load_hubert`."""
    vocabulary = Vocabulary.read(folder)
    weights = _weights(folder)
    with _open(weights, cache, keep=lambda name: not name.startswith(_BEYOND_BERT)) as checkpoint:
        return bert.load(checkpoint, device=device, dtype=dtype), vocabulary


def _weights(folder: Path) -> Path:
    path = weights_of(folder)
    if path is None:
        raise MissingError(f"There are no weights in {folder}.", "Download the folder again.")
    return path


def _open(
    path: Path,
    cache: Copies | None,
    *,
    keep: Callable[[str], bool] = lambda name: True,
    as_known: ModelFile | None = None,
) -> Checkpoint:
    """A file's tensors from its copy in the cache, which is made if it is not there."""
    if not path.is_file():
        raise MissingError(f"There is no file “{path.name}” in {path.parent} any more.")
    contents = read_contents(path)
    if as_known is not None and contents.digest != as_known.digest:
        raise InputError(f"“{path.name}” has changed since it was found.", "Look for models again.")
    at = ("weight",) if contents.is_nested else ()
    if cache is None or contents.is_safetensors:
        return _original(path, at, contents.header)
    try:
        copy = cache.place(contents.digest, path)
    except (ResourceError, InputError) as error:
        return _without_copy(path, at, contents.header, error)
    if not copy.is_file():
        try:
            _convert(path, at, contents.header, copy, keep)
        except ResourceError as error:
            return _without_copy(path, at, contents.header, error)
        cache.prune()
    return _copy(copy)


def _without_copy(
    path: Path, at: tuple[str, ...], header: bytes | None, error: StudioError
) -> Checkpoint:
    _logger.warning("%s is read without a copy: %s", path.name, error.message)
    return _original(path, at, header)


def _original(path: Path, at: tuple[str, ...], header: bytes | None) -> Checkpoint:
    return open_checkpoint(
        path,
        at=at,
        plain_classes=SETTINGS_CLASSES,
        plain_tables=SETTINGS_TABLES,
        first_bytes=_ZIP if header else None,
    )


def _convert(
    path: Path, at: tuple[str, ...], header: bytes | None, copy: Path, keep: Callable[[str], bool]
) -> None:
    with contextlib.ExitStack() as stack:
        stack.enter_context(writing(copy.parent, path.stat().st_size))
        copy.parent.mkdir(parents=True, exist_ok=True)
        source = path
        if header:
            # A file whose first bytes are put right while it is read cannot be mapped: torch
            # would hold all of it in memory.
            folder = tempfile.TemporaryDirectory(prefix=".part-", dir=copy.parent)
            source = Path(stack.enter_context(folder)) / path.name
            shutil.copyfile(path, source)
            with source.open("r+b") as file:
                file.write(_ZIP)
        checkpoint = stack.enter_context(_original(source, at, None))
        note = json.dumps(dict(checkpoint.extras)) if at else ""
        convert(checkpoint, copy, keep=keep, note=note)


def _copy(path: Path) -> Checkpoint:
    checkpoint = open_checkpoint(path)
    note = checkpoint.extras.get("note")
    checkpoint.extras = json.loads(note) if note else {}
    return checkpoint
