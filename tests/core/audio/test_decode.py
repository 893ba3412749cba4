"""Every file a person has becomes sound; every other file becomes a sentence."""

from __future__ import annotations

import collections
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from core.audio import condition, decode
from core.audio.child import run
from core.audio.decode import open_source
from core.audio.samples import Samples
from core.errors import InputError, StudioError
from tests.core.audio.files import BOMBS, HOSTILE, bomb, demo, good_files, with_pyav

RATE = 16_000


def read(path: Path) -> tuple[Samples, decode.Source]:
    with open_source(path) as source:
        return np.concatenate(list(source.blocks())), source


def write(path: Path, sound: np.ndarray, rate: int = RATE, subtype: str = "FLOAT") -> Path:
    soundfile.write(path, sound, rate, subtype=subtype)
    return path


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation at the best shift up to 0.1 s: lossy codecs delay a little."""
    n = min(len(a), len(b))
    size = 1 << (2 * n - 1).bit_length()
    product = np.fft.irfft(np.fft.rfft(a[:n], size) * np.fft.rfft(b[:n], size).conj(), size)
    near = np.concatenate([product[:4800], product[-4800:]])
    return float(near.max() / np.sqrt(np.dot(a[:n], a[:n]) * np.dot(b[:n], b[:n])))


@pytest.fixture(scope="module")
def people_have(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return dict(good_files(tmp_path_factory.mktemp("good")))


def test_every_format_that_people_have_can_be_read(people_have: dict[str, Path]) -> None:
    voice = demo(48_000)
    for what, path in people_have.items():
        heard, source = read(path)
        assert source.rate == 48_000, what
        # AAC and MP3 pad by up to two frames of 1024 or 1152 samples at both ends.
        assert abs(len(heard) - len(voice)) < 5000, what
        # Opus at its default rate keeps the wave to about 0.95.
        assert likeness(heard, voice) > 0.9, what


def test_content_decides_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "song.txt"
    soundfile.write(path, demo(), RATE, format="FLAC")
    assert read(path)[1].codec == "flac"


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_what_is_no_recording_ends_in_a_sentence(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "given"
    folder.mkdir()
    with pytest.raises(StudioError) as caught:
        run(
            "inspect",
            {
                "path": str(HOSTILE[name](folder)),
                "copy": str(tmp_path / "copy.flac"),
                "min_s": 3.0,
                "best_s": 10.0,
                "max_s": 30.0,
            },
        )
    assert caught.value.http_status in (400, 404)
    assert caught.value.message.endswith(".")
    assert str(tmp_path) not in str(caught.value)
    assert not list(tmp_path.glob("*.flac")), "nothing half-done stays behind"


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_much_silence_in_few_bytes_ends_in_a_sentence(name: str, tmp_path: Path) -> None:
    path = bomb(tmp_path, name, seconds=140)
    with open_source(path) as source, pytest.raises(InputError, match="2 minutes"):
        collections.deque(source.blocks(), maxlen=0)


def test_a_word_and_then_hours_of_silence_keeps_the_word(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    with soundfile.SoundFile(path, "w", RATE, 1, "PCM_16", format="FLAC") as file:
        file.write(demo())
        for _ in range(40):
            file.write(np.zeros(10 * RATE, np.float32))
    heard, source = read(path)
    assert len(heard) < 320 * RATE
    assert any("silent for 5 minutes" in note for note in source.notes)


def test_what_lies_beyond_the_cap_is_left_out_and_said(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(condition, "MAX_S", 3.0)
    heard, source = read(write(tmp_path / "a.wav", demo()))
    assert len(heard) == 3 * RATE
    assert any("were read" in note for note in source.notes)


def test_a_file_beyond_the_size_cap_is_refused(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(decode, "MAX_FILE_BYTES", 1000)
    with pytest.raises(InputError, match="GiB"):
        read(write(tmp_path / "a.wav", demo()))


def test_a_header_that_lies_about_its_length_is_not_believed(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.wav", demo(), subtype="PCM_16").read_bytes()
    (tmp_path / "b.wav").write_bytes(whole[:40] + b"\xf0\xff\xff\xff" + whole[44:])
    heard, _ = read(tmp_path / "b.wav")
    assert len(heard) == len(demo())


@pytest.mark.parametrize("name", ["a.flac", "a.mp3", "a.ogg", "browser.webm"])
def test_of_a_file_that_was_cut_off_the_rest_is_kept(
    name: str, people_have: dict[str, Path], tmp_path: Path
) -> None:
    whole = people_have[name].read_bytes()
    path = tmp_path / name
    path.write_bytes(whole[: len(whole) // 2])
    heard, _ = read(path)
    assert 3 * 48_000 < len(heard) < 7 * 48_000


def test_sides_in_opposite_phase_do_not_cancel(tmp_path: Path) -> None:
    voice = demo()
    heard, source = read(write(tmp_path / "a.wav", np.stack([voice, -voice], axis=1)))
    assert np.std(heard) > 0.9 * np.std(voice)
    assert any("channel" in note for note in source.notes)


def test_a_microphone_on_one_side_is_not_halved(tmp_path: Path) -> None:
    voice = demo()
    heard, _ = read(write(tmp_path / "a.wav", np.stack([0 * voice, voice], axis=1)))
    assert np.std(heard) == pytest.approx(np.std(voice), rel=0.01)


def test_two_people_on_two_sides_are_both_heard(tmp_path: Path) -> None:
    voice = demo()
    left = np.where(np.arange(len(voice)) < len(voice) // 2, voice, 0)
    right = voice - left
    heard, _ = read(write(tmp_path / "a.wav", np.stack([left, right], axis=1)))
    half = len(voice) // 2
    assert np.std(heard[:half]) > 0.4 * np.std(voice[:half])
    assert np.std(heard[half:]) > 0.4 * np.std(voice[half:])


def test_of_a_film_the_centre_is_taken(tmp_path: Path) -> None:
    voice = demo(48_000)
    music = 0.1 * np.sin(2 * np.pi * 100 * np.arange(len(voice)) / 48_000).astype(np.float32)
    channels = np.stack([music, music, voice, 0 * voice, music, music])
    path = with_pyav(tmp_path / "a.mka", channels, 48_000, "flac", container="matroska")
    heard, _ = read(path)
    alone, _ = read(write(tmp_path / "a.wav", voice, 48_000))
    # 16 bit in the film; the first half second may fade over from the mean.
    assert likeness(heard, alone) > 0.999


def test_a_constant_offset_is_taken_away(tmp_path: Path) -> None:
    plain, _ = read(write(tmp_path / "a.wav", demo()))
    heard, _ = read(write(tmp_path / "b.wav", demo() + 0.2))
    # Rounding: f32 near 0.2 has steps of 1.5e-8, means of 50 ms add up to a little more.
    np.testing.assert_allclose(heard, plain, atol=1e-6)


def test_what_one_hears_passes_unchanged(tmp_path: Path) -> None:
    for pitch_hz in (60, 100, 1000):
        tone = 0.5 * np.sin(2 * np.pi * pitch_hz * np.arange(2 * RATE) / RATE).astype(np.float32)
        heard, _ = read(write(tmp_path / "a.wav", tone))
        assert len(heard) == len(tone)
        middle = slice(RATE // 2, -RATE // 2)
        # The side lobes of the mean that is taken away: 1 % at 60 Hz and above.
        np.testing.assert_allclose(heard[middle], tone[middle], atol=0.01 * 0.5)


def test_a_float_file_beyond_full_scale_is_turned_down_not_clipped(tmp_path: Path) -> None:
    voice = demo()
    plain, _ = read(write(tmp_path / "a.wav", voice))
    heard, source = read(write(tmp_path / "b.wav", 8 * voice / np.abs(voice).max()))
    assert np.abs(heard).max() <= 1.01  # the rumble that is taken away may add a little
    np.testing.assert_allclose(heard * np.abs(voice).max(), plain, atol=1e-6)
    assert any("turned down" in note for note in source.notes)


def test_a_few_samples_that_are_not_numbers_become_silent(tmp_path: Path) -> None:
    voice = demo()
    voice[1000:1010] = np.nan
    voice[2000] = np.inf
    heard, source = read(write(tmp_path / "a.wav", voice))
    assert np.isfinite(heard).all()
    assert any("11 samples were not numbers" in note for note in source.notes)


def test_a_playlist_opens_no_other_file(tmp_path: Path) -> None:
    # Both of these can be played when FFmpeg may choose: see that it is the list that is refused.
    playlist = HOSTILE["HLS playlist"](tmp_path)
    with av.open(str(tmp_path / "secret.wav")) as secret:
        assert secret.streams.audio
    with pytest.raises(InputError, match="not a sound file"):
        read(playlist)
