"""Which model of GPT-SoVITS a file is, by its content (SPEC 1.1 to 1.3); torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.engines.gpt_sovits.contents import HEADER_CODES, Contents, read_contents
from core.errors import InputError

HUBERT = "chinese-hubert-base"
"""Hears a reference: its semantic tokens are read from what this network makes of it."""
BERT = "chinese-roberta-wwm-ext-large"
"""Reads Chinese; without it Chinese sounds flatter, other languages do not use it."""
POLYPHONES = "g2pw"
"""Tells readings of Chinese characters apart; without it phrases do."""
SPEAKER = "sv"
"""Knows speakers: of v2Pro and v2ProPlus."""

VERSIONS = ("v1", "v2", "v2Pro", "v2ProPlus")
"""Those that Timbre speaks with."""
OFFICIAL_S2 = {
    "dc3c97e17592963677a4a1681f30c653": "v1",
    "6642b37f3dbb1f76882b69937c95a5f3": "v2",
    "43797be674a37c1c83ee81081941ed0f": "v3",
    "4f26b9476d0c5033e04162c486074374": "v4",
    "c7e9fce2223f3db685cdfa1e6368728a": "v2Pro",
    "66b313e39455b57ab1b0bc0b239c9d0a": "v2ProPlus",
}
"""By the MD5 of the first 8 KiB."""
OFFICIAL_S1 = {
    "s1bert25hz-2kh-longer-epoch=68e-step=50232": ("v1",),
    "s1bert25hz-5kh-longer-epoch=12-step=369668": ("v2",),
    "s1v3": ("v2Pro", "v2ProPlus"),
}
"""By their names, for a label alone: which synthesisers each was published with."""
WEIGHTS = ("model.safetensors", "pytorch_model.safetensors", "pytorch_model.bin")
"""Names of the file of tensors in a folder of the Hugging Face kind."""

_V1_ROWS = (322, 512)
_V2_ROWS = 732
_LATER = "Timbre speaks with v1, v2, v2Pro and v2ProPlus; v3 and v4 come later"


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """A semantic model (s1) or a synthesiser (s2).

    Args:
        path: The file.
        part: `s1` or `s2`.
        version: Of an s2: one of `VERSIONS`; of an s1 its family.
        family: `v1` or `v2`: which files go together.
        official: Versions that it was published for by the authors; empty for anybody else's.
        size_bytes: Of the file.
        digest: Of its content.
        is_nested: The tensors lie under the key `weight`.
        header: Two bytes that stand in place of a zip file's, or None.
        max_s: Longest sound that an s1 was trained on (s), where it says so.
    """

    path: Path
    part: str
    version: str
    family: str
    official: tuple[str, ...]
    size_bytes: int
    digest: str
    is_nested: bool
    header: bytes | None
    max_s: float | None = None

    @property
    def name(self) -> str:
        return self.path.stem


@lru_cache(maxsize=8192)
def examined(path: Path, size_bytes: int, _changed_ns: int) -> ModelFile | str:
    """What is in a file that has not changed: a model, `SPEAKER`, a sentence about what is wrong,
    or nothing where it is of no use here and no fault either."""
    try:
        return _recognised(path, size_bytes, read_contents(path))
    except InputError as error:
        return error.message


def _recognised(path: Path, size_bytes: int, contents: Contents) -> ModelFile | str:
    shapes = contents.shapes
    if "model.bert_proj.weight" in shapes:
        return _semantic(path, size_bytes, contents)
    if any(name.startswith("cfm.") for name in shapes):
        return _later(path, contents)
    if "enc_p.text_embedding.weight" in shapes:
        return _synthesiser(path, size_bytes, contents)
    if "layer3_ds.weight" in shapes and "conv1.weight" in shapes:
        return SPEAKER
    # Discriminators, vocoders and the shared networks lie beside the official voices.
    if path.name in WEIGHTS or any(
        name.startswith(("discriminators.", "conv_pre.", "ups.")) for name in shapes
    ):
        return ""
    return f"“{path.name}” is a checkpoint, but none of GPT-SoVITS."


def _semantic(path: Path, size_bytes: int, contents: Contents) -> ModelFile:
    rows = _rows(contents, "model.ar_text_embedding.word_embeddings.weight")
    told = contents.setting("config", "model", "phoneme_vocab_size")
    family = _family(path, rows if rows is not None else told)
    longest = contents.setting("config", "data", "max_sec")
    official = OFFICIAL_S1.get(path.stem, ())
    return ModelFile(
        path=path,
        part="s1",
        version=family,
        family=family,
        official=official if ("v1" in official) == (family == "v1") else (),
        size_bytes=size_bytes,
        digest=contents.digest,
        is_nested=contents.is_nested,
        header=contents.header,
        max_s=float(longest) if isinstance(longest, (int, float)) else None,
    )


def _synthesiser(path: Path, size_bytes: int, contents: Contents) -> ModelFile:
    family = _family(path, _rows(contents, "enc_p.text_embedding.weight"))
    official = OFFICIAL_S2.get(contents.head_md5)
    version = _version(contents) if family == "v2" else "v1"
    return ModelFile(
        path=path,
        part="s2",
        version=version,
        family=family,
        official=(version,) if official == version else (),
        size_bytes=size_bytes,
        digest=contents.digest,
        is_nested=contents.is_nested,
        header=contents.header,
    )


def _version(contents: Contents) -> str:
    """Of a synthesiser of the v2 family: by its tensors, and where they leave it open, by what
    the file says of itself."""
    told = _told(contents)
    if "sv_emb.weight" not in contents.shapes:
        return told if told in ("v2Pro", "v2ProPlus") else "v2"
    by_size = {512: "v2Pro", 768: "v2ProPlus"}.get(_rows(contents, "dec.conv_pre.weight") or 0)
    return by_size or (told if told in ("v2Pro", "v2ProPlus") else "v2Pro")


def _told(contents: Contents) -> str | None:
    """The version that a file says of itself: hash, header, settings."""
    told = OFFICIAL_S2.get(contents.head_md5) or HEADER_CODES.get(contents.header or b"")
    version = told or contents.setting("config", "model", "version")
    return version if isinstance(version, str) else None


def _family(path: Path, rows: object) -> str:
    if rows == _V2_ROWS:
        return "v2"
    if rows in _V1_ROWS:
        return "v1"
    if not isinstance(rows, int):
        raise InputError(f"“{path.name}” is a part of a model: its table of phones is missing.")
    raise InputError(
        f"“{path.name}” knows {rows} phones; models of v1 know 322 or 512, those since v2 732."
    )


def _later(path: Path, contents: Contents) -> str:
    told = _told(contents)
    version = f"version {told}" if told in ("v3", "v4") else "version v3 or v4"
    is_part = any(".lora_" in name for name in contents.shapes)
    return f"“{path.name}” is of {version}{' (a LoRA addition)' if is_part else ''}: {_LATER}."


def _rows(contents: Contents, name: str) -> int | None:
    shape = contents.shapes.get(name, ())
    return shape[0] if shape else None
