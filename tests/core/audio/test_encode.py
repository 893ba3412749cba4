"""What is written can be read, sounds the same, and says that it is synthetic."""

from __future__ import annotations

import sys
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from core.audio.encode import SYNTHETIC, FileFormat, encode
from core.errors import ResourceError
from tests.core.audio.files import demo
from tests.core.audio.test_decode import likeness

CODECS = {
    FileFormat.WAV: "pcm_s16le",
    FileFormat.FLAC: "flac",
    FileFormat.MP3: "mp3",
    FileFormat.OGG: "vorbis",
    FileFormat.OPUS: "opus",
}


def _blocks(samples: np.ndarray, n: int = 5000) -> list[np.ndarray]:
    return [samples[at : at + n] for at in range(0, len(samples), n)]


@pytest.mark.parametrize("kind", list(FileFormat))
@pytest.mark.parametrize("rate", [22_050, 24_000, 48_000])
def test_what_is_written_sounds_the_same(kind: FileFormat, rate: int, tmp_path: Path) -> None:
    voice = demo(rate)
    target = tmp_path / f"take.{kind.value}"
    written = encode(_blocks(voice), rate, target, kind)
    heard, found = soundfile.read(target, dtype="float32")
    assert found == written.rate
    assert written.seconds == pytest.approx(len(voice) / rate, abs=0.001)
    # MP3 pads to whole frames of 1152 samples and delays by some hundred.
    assert abs(len(heard) / found - len(voice) / rate) < 0.15
    # Opus keeps the wave least: about 0.95.
    assert likeness(heard, demo(found)) > 0.9
    with av.open(str(target)) as container:
        assert container.streams.audio[0].codec_context.codec.canonical_name == CODECS[kind]


@pytest.mark.parametrize("n", [185, 480, 1000, 24_001, 250_000])
@pytest.mark.parametrize("rate", [8000, 24_000])
def test_opus_is_as_long_as_what_was_written(n: int, rate: int, tmp_path: Path) -> None:
    target = tmp_path / "a.opus"
    encode([np.tile(demo(rate), 3)[:n]], rate, target, FileFormat.OPUS)
    assert soundfile.info(target).frames == n
    with av.open(str(target)) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) == pytest.approx(
            n * 48_000 / rate, abs=1
        )


@pytest.mark.parametrize("kind", list(FileFormat))
def test_every_file_says_that_it_is_synthetic(kind: FileFormat, tmp_path: Path) -> None:
    target = tmp_path / f"take.{kind.value}"
    encode(_blocks(demo(24_000)), 24_000, target, kind, {"title": "Kapitel 1: Wärme 你好"})
    with av.open(str(target)) as container:
        tags = {**container.metadata, **container.streams.audio[0].metadata}
    said = " | ".join(tags.values())
    assert SYNTHETIC in said
    assert "Timbre" in said
    assert "Wärme 你好" in said


@pytest.mark.parametrize("kind", list(FileFormat))
def test_memory_does_not_grow_with_the_length(kind: FileFormat, tmp_path: Path) -> None:
    asked, voice = [], demo(24_000)[:24_000]
    n_waiting = 60 if kind is FileFormat.OPUS else 2  # PyAV holds 256 kB

    def blocks():
        for n in range(80):
            asked.append(n)
            yield voice
            size = max(path.stat().st_size for path in tmp_path.iterdir())
            assert size > 0 or n < n_waiting  # written while it is made

    encode(blocks(), 24_000, tmp_path / f"a.{kind.value}", kind)
    assert len(asked) == 80


def test_a_block_of_any_length_can_be_written_as_vorbis(tmp_path: Path) -> None:
    long = np.tile(demo(24_000), 30)  # 5 minutes in one block
    assert encode([long], 24_000, tmp_path / "a.ogg", FileFormat.OGG).seconds > 300


def test_what_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def broken():
        yield np.zeros(100, np.float32)
        raise KeyError("in the middle")

    with pytest.raises(KeyError):
        encode(broken(), 24_000, tmp_path / "a.flac", FileFormat.FLAC)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="a file's size has no limit there")
@pytest.mark.parametrize("kind", list(FileFormat))
def test_a_full_disk_is_said_and_leaves_nothing(kind: FileFormat, tmp_path: Path) -> None:
    import resource

    sound = np.random.default_rng(1).normal(0, 0.1, 60 * 24_000).astype(np.float32)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(ResourceError, match="disk took no more"):
            encode(_blocks(sound), 24_000, tmp_path / f"a.{kind.value}", kind)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_sound_beyond_full_scale_is_not_wrapped_around(tmp_path: Path) -> None:
    loud = np.array([2.0, -2.0, 1.0, -1.0], np.float32)
    encode([loud], 24_000, tmp_path / "a.wav", FileFormat.WAV)
    heard, _ = soundfile.read(tmp_path / "a.wav")
    np.testing.assert_allclose(heard, [1, -1, 1, -1], atol=1e-4)


@pytest.mark.parametrize("kind", list(FileFormat))
def test_nothing_at_all_is_an_empty_file(kind: FileFormat, tmp_path: Path) -> None:
    assert encode([], 24_000, tmp_path / f"a.{kind.value}", kind).seconds == 0.0
