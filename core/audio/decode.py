"""Reads any sound file a person has as a stream of mono blocks; believes nothing it is told.

Decided by content, never by name. Only plain containers are opened: no playlists, no addresses,
nothing that could make the decoder open another file. Runs in the child of `core.audio.child`.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from core.audio.condition import MAX_S, Limit, Mixer, Offset
from core.audio.samples import Samples
from core.errors import InputError, MissingError

MAX_FILE_BYTES = 4 << 30
MIN_RATE_HZ, MAX_RATE_HZ = 8_000, 192_000
MAX_CHANNELS = 8
_BLOCK_S = 0.5
_MAX_BAD_PACKETS = 200
_MAX_NOT_FINITE = 0.01
_FILE_HINT = "Use a recording such as WAV, MP3, M4A, FLAC, OGG or WebM."

_CONTAINERS = (
    "wav,w64,aiff,au,caf,voc,flac,mp3,ogg,aac,ac3,eac3,amr,mov,matroska,asf,avi,flv,mpegts,mpeg,"
    "wv,tta,ape"
)
_PCM = (
    "pcm_u8 pcm_s8 pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_s32be pcm_s64le "
    "pcm_s64be pcm_f32le pcm_f32be pcm_f64le pcm_f64be pcm_alaw pcm_mulaw pcm_bluray pcm_dvd"
)
_CODECS = frozenset(
    (
        _PCM + " adpcm_ima_wav adpcm_ms adpcm_ima_qt adpcm_swf adpcm_g726 gsm gsm_ms aac aac_latm "
        "aac_fixed ac3 ac3_fixed eac3 alac amrnb amrwb amr_nb amr_wb ape flac mp1 mp1float mp2 "
        "mp2float mp3 mp3float opus vorbis libopus libvorbis wavpack tta wmav1 wmav2 wmapro "
        "wmalossless wmavoice"
    ).split()
)
_FLOAT_PCM = "pcm_f"
# What FFmpeg or PyAV raise on broken files, seen by feeding them thousands; OSError comes from
# seeking to where such a file says its end is.
_BROKEN = (FFmpegError, OSError, IndexError, ValueError, OverflowError)


@dataclass
class Source:
    """An open recording.

    Args:
        codec: What it really is, such as `mp3`.
        rate: Sample rate (Hz).
        n_channels: As the header says; blocks are mono.
        gain: Factor on every sample; below 1 for float files that go beyond full scale.
        notes: What reading had to do, one sentence each; grows while reading.
    """

    codec: str
    rate: int
    n_channels: int
    container: Any = field(repr=False)
    stream: Any = field(repr=False)
    gain: float = 1.0
    notes: list[str] = field(default_factory=list)

    def blocks(self) -> Iterator[Samples]:
        """Mono f32 [T], about half a second each, without constant offset.

        Raises:
            InputError: Nothing can be decoded, or it is not sound.
        """
        mixer = Mixer(self.n_channels, _centre(self.stream))
        offset = Offset(self.rate)
        limit = Limit(self.rate)
        n_bad = n_all = 0
        for block in self.channel_blocks():
            finite = np.isfinite(block)
            if not finite.all():
                n_bad += int(block.size - np.count_nonzero(finite))
                block[~finite] = 0.0
            n_all += block.size
            _check_finite(n_bad, n_all, self.rate * self.n_channels)
            mono = mixer.mix(block)
            if self.gain != 1.0:
                mono = mono * np.float32(self.gain)
            mono = limit.cut(offset.feed(mono))
            if len(mono):
                yield mono
            if limit.reached:
                break
        else:
            mono = limit.cut(offset.finish())
            if len(mono):
                yield mono
        if n_all == 0:
            raise InputError("This file holds no sound: 0 samples could be decoded.", _FILE_HINT)
        if n_bad:
            _check_finite(n_bad, n_all, 0)
            self.notes.append(f"{n_bad} samples were not numbers and are silent now.")
        self.notes.extend(mixer.notes() + limit.notes())

    def channel_blocks(self) -> Iterator[NDArray[np.float32]]:
        """f32 [channels, T] of about half a second each, as the file has them: no gain, no mixing,
        offset and what is no number still there."""
        waiting: list[NDArray[np.float32]] = []
        n_waiting = 0
        for frame in self._frames():
            waiting.append(_values(frame))
            n_waiting += waiting[-1].shape[1]
            if n_waiting >= _BLOCK_S * self.rate:
                yield from _bites(np.concatenate(waiting, axis=1), self.rate)
                waiting, n_waiting = [], 0
        if waiting:
            yield from _bites(np.concatenate(waiting, axis=1), self.rate)

    def _frames(self) -> Iterator[Any]:
        n_bad = n_good = 0
        try:
            for packet in self.container.demux(self.stream):
                try:
                    frames = packet.decode()
                except _BROKEN:
                    n_bad += 1
                    if n_bad > _MAX_BAD_PACKETS and n_good < n_bad:
                        break
                    continue
                for frame in frames:
                    if (frame.sample_rate, frame.layout.nb_channels) != (
                        self.rate,
                        self.n_channels,
                    ):
                        if n_good:
                            self.notes.append(
                                "The sound changes its format on the way; "
                                "what comes after was left out."
                            )
                        return
                    n_good += 1
                    yield frame
        except _BROKEN:
            n_bad += 1
        if n_bad and n_good:
            self.notes.append("The file is damaged or cut off; what could be read was kept.")


@contextlib.contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a recording and check what its header says.

    Args:
        path: Whatever the person gave.

    Raises:
        MissingError: There is no such file.
        InputError: It is not a sound file, or not one that can be a recording of speech.
    """
    _check_file(path)
    with _opened(path) as source:
        if source.codec.startswith(_FLOAT_PCM):
            peak = _float_peak(source)
            with _opened(path) as again:
                if peak > 1.0:
                    again.gain = 1.0 / peak
                    again.notes.append(
                        f"Its loudest sample is {peak:.3g} times full scale; it was turned down."
                    )
                yield again
        else:
            yield source


def _check_file(path: Path) -> None:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise MissingError("There is no such file.", "Check the name.") from None
    except (OSError, ValueError):
        raise InputError("This file cannot be opened.", "Check its name and its rights.") from None
    if stat.S_ISDIR(status.st_mode):
        raise InputError("This is a folder, not a recording.", "Choose one file in it.")
    if not stat.S_ISREG(status.st_mode):
        raise InputError("This is a device or a pipe, not a file.", _FILE_HINT)
    if status.st_size == 0:
        raise InputError("This file is empty (0 bytes).", _FILE_HINT)
    if status.st_size > MAX_FILE_BYTES:
        raise InputError(
            f"This file has {status.st_size / (1 << 30):.1f} GiB; "
            f"at most {MAX_FILE_BYTES >> 30} GiB are read.",
            "Cut out some minutes of speech and use those.",
        )
    if not os.access(path, os.R_OK):
        raise InputError("This file may not be read by you.", "Change its rights or copy it.")


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Source]:
    # An open file, not a name: FFmpeg then has no protocol to follow anywhere.
    with path.open("rb") as file:
        try:
            container = av.open(
                file,
                mode="r",
                options={
                    "format_whitelist": _CONTAINERS,
                    "protocol_whitelist": "",
                    "codec_whitelist": ",".join(sorted(_CODECS)),
                },
                metadata_errors="ignore",
            )
        except _BROKEN:
            raise InputError("This is not a sound file that can be read.", _FILE_HINT) from None
        with contextlib.closing(container):
            yield _source(container)


def _source(container: Any) -> Source:
    streams = container.streams.audio
    if not streams:
        raise InputError("This file holds no sound.", _FILE_HINT)
    stream = streams[0]
    try:
        context = stream.codec_context
        codec = context.codec.canonical_name if context is not None else ""
        rate = int(context.sample_rate or 0) if codec else 0
        n_channels = context.layout.nb_channels if codec else 0
    except _BROKEN:
        codec, rate, n_channels = "", 0, 0
    if codec not in _CODECS:
        raise InputError(
            f"The sound in this file has a coding that is not known here"
            f"{f' ({codec})' if codec else ''}.",
            "Convert it to WAV or MP3 with another program.",
        )
    if rate == 0:  # text and random bytes that look a little like MP3
        raise InputError("This is not a sound file that can be read.", _FILE_HINT)
    if not MIN_RATE_HZ <= rate <= MAX_RATE_HZ:
        raise InputError(
            f"This file has {rate} samples per second; "
            f"{MIN_RATE_HZ} to {MAX_RATE_HZ} can be a recording of a voice.",
            "Record again, or convert it to 44100 Hz.",
        )
    if not 1 <= n_channels <= MAX_CHANNELS:
        many = f"has {n_channels}" if n_channels else "claims an impossible number of"
        raise InputError(
            f"This file {many} channels; 1 to {MAX_CHANNELS} can be mixed.",
            "Save the channel with the voice as a mono file.",
        )
    context.thread_count = 1
    return Source(codec=codec, rate=rate, n_channels=n_channels, container=container, stream=stream)


def _float_peak(source: Source) -> float:
    """Loudest finite sample of a float file: such files may go beyond 1 without being clipped."""
    peak = 0.0
    n_bad = n_all = 0
    for block in source.channel_blocks():
        finite = np.isfinite(block)
        n_bad += int(block.size - np.count_nonzero(finite))
        n_all += block.size
        _check_finite(n_bad, n_all, source.rate * source.n_channels)
        peak = max(peak, float(np.max(np.abs(block, where=finite, out=np.zeros_like(block)))))
        if n_all > MAX_S * source.rate * source.n_channels:
            break
    return peak


def _check_finite(n_bad: int, n_all: int, n_least: int) -> None:
    if n_all >= n_least and n_bad > _MAX_NOT_FINITE * n_all:
        raise InputError(
            f"{n_bad} of the first {n_all} samples are not numbers: the file is broken.",
            "Export it again from the program that made it.",
        )


def _values(frame: Any) -> NDArray[np.float32]:
    """f32 [channels, T] in [-1, 1] of one decoded frame."""
    n_channels = frame.layout.nb_channels
    raw = _plain(frame)
    if not frame.format.is_planar:
        raw = raw.reshape(-1, n_channels).T
    if raw.dtype.kind == "f":
        # A double beyond what f32 holds becomes infinite and is counted as such.
        with np.errstate(over="ignore", invalid="ignore"):
            return np.array(raw, np.float32)
    if raw.dtype == np.uint8:
        return (raw.astype(np.float32) - 128.0) / 128.0
    return raw.astype(np.float32) * np.float32(0.5 ** (8 * raw.dtype.itemsize - 1))


def _plain(frame: Any) -> NDArray[Any]:
    """Samples as they were coded: [channels, T], or [1, T x channels] when interleaved."""
    if frame.format.name.startswith("s64"):  # PyAV knows no array of these
        n = frame.samples * (1 if frame.format.is_planar else frame.layout.nb_channels)
        return np.stack([np.frombuffer(plane, np.int64, n) for plane in frame.planes])
    values: NDArray[Any] = frame.to_ndarray()
    return values


def _bites(block: NDArray[np.float32], rate: int) -> Iterator[NDArray[np.float32]]:
    """Pieces of at most two blocks: some codecs hand out a minute at once."""
    step = round(2 * _BLOCK_S * rate)
    for at in range(0, block.shape[1], step):
        yield block[:, at : at + step]


def _centre(stream: Any) -> int | None:
    """The channel where films keep their speech, if there is one."""
    names = [channel.name for channel in stream.codec_context.layout.channels]
    return names.index("FC") if "FC" in names and len(names) > 2 else None
