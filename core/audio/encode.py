"""Writes a stream of sound as a file that people can play, with a note that it is synthetic."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import soundfile
import soxr

from core.audio.samples import Samples
from core.errors import ResourceError
from core.paths import whole_file

SYNTHETIC = "Synthetic speech made with Timbre: a cloned voice, not a recording of a person."
SOFTWARE = "Timbre"
_SYSTEM_ERROR = 2  # libsndfile's SF_ERR_SYSTEM


class FileFormat(StrEnum):
    WAV = "wav"
    FLAC = "flac"
    MP3 = "mp3"
    OGG = "ogg"
    OPUS = "opus"


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """How libsndfile is told about a format; rates it takes (Hz), empty for all."""

    format: str
    subtype: str
    rates: tuple[int, ...] = ()


_KINDS = {
    FileFormat.WAV: _Kind(format="WAV", subtype="PCM_16"),
    FileFormat.FLAC: _Kind(format="FLAC", subtype="PCM_16"),
    FileFormat.MP3: _Kind(
        format="MP3",
        subtype="MPEG_LAYER_III",
        rates=(8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
    ),
    FileFormat.OGG: _Kind(format="OGG", subtype="VORBIS"),
    FileFormat.OPUS: _Kind(format="OGG", subtype="OPUS", rates=(8000, 12000, 16000, 24000, 48000)),
}
# Ours, and what they are called in MP3 (ID3v2.4).
_TAGS = {
    "title": "TIT2",
    "artist": "TPE1",
    "album": "TALB",
    "date": "TDRC",
    "copyright": "TCOP",
    "comment": "COMM",
    "software": "TSSE",
}


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """
    Args:
        seconds: Length of what was written (s).
        rate: Sample rate of the file (Hz).
    """

    seconds: float
    rate: int


def encode(
    blocks: Iterable[Samples],
    rate: int,
    target: Path,
    format: FileFormat,
    tags: Mapping[str, str] | None = None,
) -> Encoded:
    """Write a sound; the file is whole or not there.

    Args:
        blocks: f32 [T] each, asked for one at a time.
        rate: Their sample rate (Hz); a format that does not know it gets the next higher one.
        target: The file.
        format: What to write.
        tags: `title`, `artist`, `album`, `date`, `copyright`. Comment and software are ours.

    Raises:
        ResourceError: The disk is full.
    """
    kind = _KINDS[format]
    file_rate = next((r for r in kind.rates if r >= rate), kind.rates[-1]) if kind.rates else rate
    said = {**(tags or {}), "comment": SYNTHETIC, "software": SOFTWARE}
    said = {tag: text for tag, text in said.items() if tag in _TAGS and text}
    n = 0
    with whole_file(target) as part, disk_errors(), _created(part, kind, file_rate, said) as file:
        for block in _resampled(blocks, rate, file_rate):
            # Vorbis recurses over a write: long ones would overflow its stack.
            for at in range(0, len(block), file_rate):
                file.write(np.clip(block[at : at + file_rate], -1.0, 32767 / 32768))
            n += len(block)
    return Encoded(seconds=n / file_rate, rate=file_rate)


@contextlib.contextmanager
def _created(
    path: Path, kind: _Kind, rate: int, tags: Mapping[str, str]
) -> Iterator[soundfile.SoundFile]:
    """An open file that carries its tags."""
    with contextlib.ExitStack() as stack:
        into: Any = path
        if kind.format == "MP3":
            # LAME takes tags for Latin-1: "Wärme" would be read as "WÃ¤rme".
            into = _After(stack.enter_context(path.open("wb")), _id3(tags))
        file = stack.enter_context(
            soundfile.SoundFile(into, "w", rate, 1, kind.subtype, format=kind.format)
        )
        if kind.format != "MP3":
            for tag, text in tags.items():
                setattr(file, tag, text)
        yield file


class _After:
    """A file as libsndfile sees it, behind something that already stands in it."""

    def __init__(self, file: BinaryIO, before: bytes) -> None:
        file.write(before)
        self._file, self._n_before = file, len(before)

    def write(self, data: bytes) -> int:
        return self._file.write(data)

    def tell(self) -> int:
        return self._file.tell() - self._n_before

    def seek(self, at: int, whence: int = 0) -> int:
        return self._file.seek(at + (self._n_before if whence == 0 else 0), whence) - self._n_before

    def flush(self) -> None:
        self._file.flush()


def _id3(tags: Mapping[str, str]) -> bytes:
    """An ID3v2.4 tag in UTF-8 (id3.org, "ID3 tag version 2.4.0")."""

    def size(n: int) -> bytes:  # seven bits a byte, so that it never looks like sound
        return bytes((n >> shift) & 0x7F for shift in (21, 14, 7, 0))

    frames = b""
    for tag, text in tags.items():
        language = b"eng\0" if _TAGS[tag] == "COMM" else b""
        content = b"\x03" + language + text.replace("\0", " ").encode()
        frames += _TAGS[tag].encode() + size(len(content)) + b"\0\0" + content
    return b"ID3\x04\0\0" + size(len(frames)) + frames


@contextlib.contextmanager
def disk_errors() -> Iterator[None]:
    """Turns libsndfile's failure to write into a ResourceError."""
    try:
        yield
    except soundfile.LibsndfileError as error:
        if error.code != _SYSTEM_ERROR:
            raise
        raise ResourceError(
            "The disk took no more of the file that was being written.",
            "Free some space and try again.",
        ) from None


def _resampled(blocks: Iterable[Samples], rate: int, wanted: int) -> Iterator[Samples]:
    if rate == wanted:
        yield from blocks
        return
    stream = soxr.ResampleStream(rate, wanted, 1)
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)
