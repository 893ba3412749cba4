"""Writes a stream of sound as a file that people can play, with a note that it is synthetic."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import soundfile
import soxr

from core.audio.samples import Samples
from core.disk import NO_ROOM
from core.errors import ResourceError
from core.paths import whole_file

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer

SYNTHETIC = "Synthetic speech made with Timbre: a cloned voice, not a recording of a person."
SOFTWARE = "Timbre"
OPUS_BITS_PER_SAMPLE = 2
"""48 kbit/s at 24 kHz, on the mean."""
OPUS_MOST = 64_000
"""More is not heard in one voice (bit/s)."""
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


class _Writes(Protocol):
    def write(self, block: Samples) -> None: ...


@contextlib.contextmanager
def _created(path: Path, kind: _Kind, rate: int, tags: Mapping[str, str]) -> Iterator[_Writes]:
    """An open file that carries its tags."""
    if kind.subtype == "OPUS":
        with _opus(path, rate, tags) as writer:
            yield writer
        return
    if kind.format == "MP3":
        # LAME takes tags for Latin-1: "Wärme" would be read as "WÃ¤rme".
        # Unbuffered: where the disk is full, the write that fails is the one that is asked for.
        with path.open("wb", buffering=0) as whole:
            into = _After(whole, _id3(tags))
            with soundfile.SoundFile(into, "w", rate, 1, kind.subtype, format="MP3") as file:
                yield _Mp3(file, into)
            into.check()
        return
    with soundfile.SoundFile(path, "w", rate, 1, kind.subtype, format=kind.format) as file:
        for tag, text in tags.items():
            setattr(file, tag, text)
        yield file


@contextlib.contextmanager
def _opus(path: Path, rate: int, tags: Mapping[str, str]) -> Iterator[_Writes]:
    """Opus by FFmpeg, which takes a quarter of libsndfile's time over it."""
    import av  # noqa: PLC0415 - 17 MB, which the page does not need

    with av.open(str(path), "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=rate, layout="mono")
        stream.bit_rate = min(OPUS_MOST, OPUS_BITS_PER_SAMPLE * rate)
        stream.metadata.update(tags)
        yield _Opus(container, stream)
        container.mux(stream.encode(None))


class _Opus:
    """Takes f32 [T] blocks of any length; 256 kB of what is coded wait in PyAV."""

    def __init__(self, container: OutputContainer, stream: AudioStream) -> None:
        self._container, self._stream = container, stream
        self._n = 0

    def write(self, block: Samples) -> None:
        from av import AudioFrame  # noqa: PLC0415 - as above

        frame = AudioFrame.from_ndarray(
            np.ascontiguousarray(block[None]), format="flt", layout="mono"
        )
        rate = self._stream.codec_context.sample_rate
        frame.sample_rate, frame.pts, frame.time_base = rate, self._n, Fraction(1, rate)
        self._n += len(block)
        self._container.mux(self._stream.encode(frame))


class _Mp3:
    """Takes f32 [T] blocks, and says when they could not be written."""

    def __init__(self, file: soundfile.SoundFile, into: _After) -> None:
        self._file, self._into = file, into

    def write(self, block: Samples) -> None:
        self._file.write(block)
        self._into.check()


class _After:
    """A file as libsndfile sees it, behind something that already stands in it.

    No error passes through libsndfile, and of a write that fell short it says nothing: `check`.
    """

    def __init__(self, file: FileIO, before: bytes) -> None:
        self._file, self._n_before = file, len(before)
        self._failure: OSError | None = None
        self.write(before)
        self.check()

    def check(self) -> None:
        """Raises the OSError of a write."""
        if self._failure is not None:
            raise self._failure

    def write(self, data: bytes) -> int:
        n = 0
        try:
            while n < len(data):
                n += self._file.write(data[n:])
        except OSError as error:
            self._failure = error
        return n

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
    """Turns what libsndfile and FFmpeg raise when a disk is full into a ResourceError."""
    try:
        yield
    except (soundfile.LibsndfileError, OSError) as error:
        is_full = (
            error.errno in NO_ROOM if isinstance(error, OSError) else error.code == _SYSTEM_ERROR
        )
        if not is_full:
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
