"""Sound files of every kind, made on the fly: what people have, and what nobody should have."""

from __future__ import annotations

import struct
import wave
import zipfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from core.audio.samples import Samples

DEMO = Path(__file__).parents[3] / "assets" / "demo_voice.flac"


def demo(rate: int = 16_000) -> Samples:
    """The demo voice: 10.4 s of real speech, f32 [T]."""
    samples, own = soundfile.read(DEMO, dtype="float32")
    return samples if rate == own else soxr.resample(samples, own, rate).astype(np.float32)


def with_pyav(
    path: Path,
    sound: NDArray[np.float32],
    rate: int,
    codec: str,
    *,
    container: str,
    with_video: bool = False,
) -> Path:
    """Write f32 [T] or [channels, T] with FFmpeg."""
    sound = np.atleast_2d(sound)
    layout = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}[len(sound)]
    with av.open(str(path), "w", format=container) as output:
        video = None
        if with_video:
            video = output.add_stream("mpeg4", rate=5)
            video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        stream = output.add_stream(codec, rate=rate, layout=layout)
        if video is not None:
            for _ in range(int(sound.shape[1] / rate * 5)):
                image = np.zeros((48, 64, 3), np.uint8)
                output.mux(video.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            output.mux(video.encode(None))
        resampler = av.AudioResampler(
            format=stream.codec_context.format, layout=layout, rate=rate, frame_size=1024
        )
        for at in range(0, sound.shape[1], 4096):
            block = np.ascontiguousarray(sound[:, at : at + 4096])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
            for ready in resampler.resample(frame):
                output.mux(stream.encode(ready))
        for ready in resampler.resample(None):
            output.mux(stream.encode(ready))
        output.mux(stream.encode(None))
    return path


def good_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """(what it is, file): the demo voice as every kind of file that people have."""
    voice = demo(48_000)
    for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"):
        path = folder / f"{subtype}.wav"
        soundfile.write(path, voice, 48_000, subtype=subtype)
        yield f"WAV {subtype}", path
    path = folder / "s64.wav"
    yield "WAV 64-bit integers", with_pyav(path, voice, 48_000, "pcm_s64le", container="wav")
    for name, options in {
        "a.flac": {"format": "FLAC", "subtype": "PCM_24"},
        "a.mp3": {"format": "MP3"},
        "a.ogg": {"format": "OGG", "subtype": "VORBIS"},
        "a.opus": {"format": "OGG", "subtype": "OPUS"},
        "a.aiff": {"format": "AIFF"},
        "a.caf": {"format": "CAF"},
        "a.w64": {"format": "W64"},
        "a.au": {"format": "AU"},
    }.items():
        soundfile.write(folder / name, voice, 48_000, **options)
        yield name, folder / name
    stereo = np.stack([voice, voice])
    for name, codec, container, sound in (
        ("voice.m4a", "aac", "ipod", voice),
        ("raw.aac", "aac", "adts", voice),
        ("browser.webm", "libopus", "webm", voice),
        ("apple.m4a", "alac", "ipod", stereo),
        ("film.mka", "ac3", "matroska", stereo),
    ):
        yield name, with_pyav(folder / name, sound, 48_000, codec, container=container)
    for name, container in (("film.mp4", "mp4"), ("film.mkv", "matroska")):
        path = folder / name
        yield name, with_pyav(path, stereo, 48_000, "aac", container=container, with_video=True)


def _text(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def wav_header(*, rate: int, n_channels: int, n_bytes: int, bits: int = 16) -> bytes:
    """A RIFF header that may claim anything."""
    width = bits // 8
    fmt = struct.pack(
        "<HHIIHH", 1, n_channels, rate, (rate * n_channels * width) & 0xFFFFFFFF,
        (n_channels * width) & 0xFFFF, bits,
    )  # fmt: skip
    return (
        b"RIFF" + struct.pack("<I", (36 + n_bytes) & 0xFFFFFFFF) + b"WAVEfmt "
        + struct.pack("<I", 16) + fmt + b"data" + struct.pack("<I", n_bytes & 0xFFFFFFFF)
    )  # fmt: skip


def _wav(folder: Path, name: str, *, rate: int, n_channels: int, data: bytes, claim: int) -> Path:
    header = wav_header(rate=rate, n_channels=n_channels, n_bytes=claim)
    return _text(folder, name, header + data)


def _png(folder: Path) -> Path:
    from matplotlib.image import imsave

    imsave(folder / "voice.mp3", np.zeros((40, 40, 3)), format="png")
    return folder / "voice.mp3"


def _zip(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "voice.wav", "w") as archive:
        archive.writestr("voice.wav", b"RIFF")
    return folder / "voice.wav"


def _playlist(folder: Path, content: str, name: str) -> Path:
    with wave.open(str(folder / "secret.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((demo() * 32_000).astype("<i2").tobytes())
    return _text(folder, name, content.format(folder=folder).encode())


def _mostly_nan(folder: Path) -> Path:
    sound = np.full(160_000, np.nan, np.float32)
    sound[::3] = np.inf
    soundfile.write(folder / "nan.wav", sound, 16_000, subtype="FLOAT")
    return folder / "nan.wav"


def bomb(folder: Path, name: str, *, seconds: int) -> Path:
    """One of `BOMBS`."""
    n_channels, format, subtype = BOMBS[name]
    path = folder / f"bomb.{format.lower()}"
    zeros = np.zeros((48_000 * 10, n_channels), np.float32)
    with soundfile.SoundFile(path, "w", 48_000, n_channels, subtype, format=format) as file:
        for _ in range(seconds // 10):
            file.write(zeros)
    return path


def _noise(folder: Path, name: str, n: int) -> Path:
    return _text(folder, name, np.random.default_rng(1).bytes(n))


def _cut_mp4(folder: Path) -> Path:
    """Cut before its index (moov), which ffmpeg writes last: nothing can be found in it."""
    whole = with_pyav(folder / "whole.mp4", demo(48_000), 48_000, "aac", container="mp4")
    return _text(folder, "cut.mp4", whole.read_bytes()[:20_000])


# Files that must end in a sentence. Each maker gets an empty folder.
HOSTILE: dict[str, Callable[[Path], Path]] = {
    "missing": lambda folder: folder / "not there.wav",
    "folder": lambda folder: folder,
    "under a file": lambda folder: _text(folder, "a.wav", b"x") / "b.wav",
    "name with a zero byte": lambda folder: folder / "a\0b.wav",
    "name too long": lambda folder: folder / ("a" * 5000),
    "empty": lambda folder: _text(folder, "a.wav", b""),
    "one byte": lambda folder: _text(folder, "a.wav", b"R"),
    "text": lambda folder: _text(folder, "a.mp3", b"Once upon a time.\n" * 5000),
    "image": _png,
    "archive": _zip,
    "random bytes": lambda folder: _noise(folder, "a.ogg", 200_000),
    "random bytes as mp3": lambda folder: _text(
        folder, "a.mp3", b"ID3\x04\0\0\0\0\0\0" + np.random.default_rng(2).bytes(300_000)
    ),
    "HLS playlist": lambda folder: _playlist(
        folder, "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{folder}/secret.wav\n", "a.m3u8"
    ),
    "concat script": lambda folder: _playlist(
        folder, "ffconcat version 1.0\nfile '{folder}/secret.wav'\n", "a.txt"
    ),
    "header alone": lambda folder: _wav(
        folder, "a.wav", rate=16_000, n_channels=1, data=b"", claim=0
    ),
    "header that claims 4 GB": lambda folder: _wav(
        folder, "a.wav", rate=16_000, n_channels=1, data=b"", claim=0xFFFFFFF0
    ),
    "1 Hz": lambda folder: _wav(
        folder, "a.wav", rate=1, n_channels=1, data=bytes(20_000), claim=20_000
    ),
    "4 GHz": lambda folder: _wav(
        folder, "a.wav", rate=4_000_000_000, n_channels=1, data=bytes(20_000), claim=20_000
    ),
    "no rate": lambda folder: _wav(
        folder, "a.wav", rate=0, n_channels=1, data=bytes(20_000), claim=20_000
    ),
    "no channel": lambda folder: _wav(
        folder, "a.wav", rate=16_000, n_channels=0, data=bytes(20_000), claim=20_000
    ),
    "9 channels": lambda folder: _wav(
        folder, "a.wav", rate=16_000, n_channels=9, data=bytes(180_000), claim=180_000
    ),
    "1024 channels": lambda folder: _wav(
        folder, "a.wav", rate=16_000, n_channels=1024, data=bytes(2 << 20), claim=2 << 20
    ),
    "not numbers": _mostly_nan,
    "film without its index": _cut_mp4,
}

# Much sound in few bytes: (channels, format, subtype).
BOMBS = {
    "silence as FLAC": (2, "FLAC", "PCM_16"),
    "silence as FLAC, 8 channels": (8, "FLAC", "PCM_16"),
    "silence as Opus": (2, "OGG", "OPUS"),
}  # fmt: skip
