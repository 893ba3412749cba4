"""Sound made a window at a time is the sound made at once; memory knows nothing of its length."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from benchmarks._models import with_random_weights
from core.engines.nn.chunked import MIN_CHUNK, Decoding, share, windows
from core.engines.nn.dac import DacDecoder, DacDims
from core.engines.nn.hifigan import HifiGan, HifiGanDims
from core.engines.nn.receptive import ReceptiveField, receptive_field
from core.errors import Cancelled

N_LATENT = 4


@pytest.fixture(scope="module", params=["hifigan", "dac"])
def decoder(request: pytest.FixtureRequest) -> nn.Module:
    """Full taps, rates and dilations, few channels."""
    if request.param == "dac":
        return with_random_weights(DacDecoder(DacDims(n_latent=N_LATENT, n_channels=32)))
    return with_random_weights(
        HifiGan(HifiGanDims(n_latent=N_LATENT, n_channels=64, n_condition=0))
    )


def latent(n_frames: int, batch: int = 1) -> Tensor:
    random = torch.Generator().manual_seed(n_frames)
    return torch.randn(batch, N_LATENT, n_frames, generator=random)


def whole(decoder: nn.Module, frames: Tensor) -> Tensor:
    with torch.inference_mode():
        return decoder(frames).reshape(frames.shape[0], -1)


class Recorder:
    """A decoder that remembers the shapes it was asked for."""

    def __init__(self, decode: nn.Module) -> None:
        self._decode = decode
        self.shapes: list[tuple[int, ...]] = []

    def __call__(self, frames: Tensor) -> Tensor:
        self.shapes.append(tuple(frames.shape))
        return self._decode(frames)


@given(
    n_frames=st.integers(1, 400),
    chunk=st.integers(MIN_CHUNK, 120),
    left=st.integers(0, 15),
    right=st.integers(0, 15),
    begin=st.integers(0, 399),
)
def test_every_frame_is_kept_once_with_all_its_context_in_windows_of_one_size(
    n_frames: int, chunk: int, left: int, right: int, begin: int
) -> None:
    field = ReceptiveField(left=left, right=right, hop=1)
    cut = list(windows(n_frames, chunk, field, begin))
    kept = [frame for one in cut for frame in range(one.keep_start, one.keep_stop)]
    assert kept == list(range(begin, n_frames))
    assert {one.stop - one.start for one in cut} <= {min(n_frames, chunk + left + right)}
    for one in cut:
        assert 0 <= one.start <= max(0, one.keep_start - left)
        assert min(n_frames, one.keep_stop + right) <= one.stop <= n_frames


@given(chunk=st.integers(-5, MIN_CHUNK - 1))
def test_a_chunk_that_is_nearly_all_context_is_refused(chunk: int) -> None:
    with pytest.raises(ValueError, match="at least 8"):
        list(windows(100, chunk, ReceptiveField(left=1, right=1, hop=1)))


@pytest.mark.parametrize("n_frames", [1, 9, 10, 11, 27, 28, 29, 30, 31, 61, 128])
def test_in_chunks_it_sounds_as_it_does_whole(decoder: nn.Module, n_frames: int) -> None:
    field = receptive_field(decoder, N_LATENT)
    frames = latent(n_frames)
    expected = whole(decoder, frames).numpy()
    sound = Decoding(decoder, field, frames).finish(chunk=8)
    assert sound.dtype == np.float32
    assert sound.shape == expected.shape
    assert expected.std() > 0.01
    # Convolutions of another length may sum in another order.
    assert np.abs(sound - expected).max() <= 1e-5


def test_in_double_precision_the_difference_is_rounding(decoder: nn.Module) -> None:
    """So nothing but summation order is left in single precision."""
    field = receptive_field(decoder, N_LATENT)
    frames = latent(70).double()
    pieces: list[Tensor] = []

    def kept_wide(window: Tensor) -> Tensor:
        pieces.append(double(window))
        return pieces[-1]

    double = with_random_weights(type(decoder)(decoder.dims)).double()
    Decoding(kept_wide, field, frames).finish(chunk=20)
    with torch.inference_mode():
        expected = double(frames).flatten()
    joined = torch.cat(
        [
            piece.flatten()[
                (one.keep_start - one.start) * field.hop : (one.keep_stop - one.start) * field.hop
            ]
            for piece, one in zip(pieces, windows(70, 20, field), strict=True)
        ]
    )
    assert (joined - expected).abs().max() < 1e-12


def test_one_frame_less_of_context_would_be_heard(decoder: nn.Module) -> None:
    """The computed context is needed: the test of equality can fail."""
    field = receptive_field(decoder, N_LATENT)
    short = ReceptiveField(left=field.left - 4, right=field.right - 4, hop=field.hop)
    frames = latent(61)
    sound = Decoding(decoder, short, frames).finish(chunk=8)
    assert np.abs(sound - whole(decoder, frames).numpy()).max() > 1e-4


def test_the_decoder_sees_one_shape_from_the_first_window_to_the_last(decoder: nn.Module) -> None:
    field = receptive_field(decoder, N_LATENT)
    recorder = Recorder(decoder)
    Decoding(recorder, field, latent(100, batch=2)).finish(chunk=16)
    assert len(recorder.shapes) > 3
    assert set(recorder.shapes) == {(2, N_LATENT, 16 + field.left + field.right)}


def test_rows_of_a_batch_are_decoded_as_if_alone(decoder: nn.Module) -> None:
    field = receptive_field(decoder, N_LATENT)
    frames = latent(45, batch=3)
    together = Decoding(decoder, field, frames).finish(chunk=12)
    alone = Decoding(decoder, field, frames[1:2]).finish(chunk=12)
    assert np.abs(together[1:2] - alone).max() <= 1e-5  # summation order, as above


def test_finished_sound_is_never_made_again_when_the_chunk_is_halved(decoder: nn.Module) -> None:
    """As after an out-of-memory error: the rest in smaller windows, no seam."""
    field = receptive_field(decoder, N_LATENT)
    frames = latent(90)
    recorder = Recorder(decoder)
    decoding = Decoding(recorder, field, frames)
    decoding.advance(chunk=24)
    first = decoding.done.copy()
    assert first.shape[-1] == decoding.n_done * field.hop > 0
    n_before = len(recorder.shapes)
    sound = decoding.finish(chunk=12)
    n_missing = 90 - first.shape[-1] // field.hop
    assert len(recorder.shapes) - n_before <= -(-n_missing // 12)
    assert np.array_equal(sound[:, : first.shape[-1]], first)
    assert np.abs(sound - whole(decoder, frames).numpy()).max() <= 1e-5  # summation order


class StopAfter:
    """A stop flag that is pressed after so many questions."""

    def __init__(self, n: int) -> None:
        self._left = n

    def is_set(self) -> bool:
        self._left -= 1
        return self._left < 0


def test_stop_ends_between_windows_and_what_was_done_can_be_continued(decoder: nn.Module) -> None:
    field = receptive_field(decoder, N_LATENT)
    frames = latent(80)
    decoding = Decoding(decoder, field, frames)
    with pytest.raises(Cancelled):
        decoding.finish(chunk=10, stop=StopAfter(2))
    assert decoding.n_done == 10 + field.left + 10  # the first window needs no context on its left
    sound = decoding.finish(chunk=10, stop=threading.Event())
    assert np.abs(sound - whole(decoder, frames).numpy()).max() <= 1e-5  # summation order


def test_values_that_are_not_numbers_are_told_with_their_place() -> None:
    def overflows(frames: Tensor) -> Tensor:
        return (frames * 1e4).half()

    field = ReceptiveField(left=1, right=1, hop=1)
    decoding = Decoding(
        overflows, field, torch.cat([torch.ones(1, 1, 9), torch.ones(1, 1, 9) * 9], dim=-1)
    )
    with pytest.raises(FloatingPointError, match="frames 9 to 18"):
        decoding.finish(chunk=8)
    assert decoding.n_done == 9


def test_a_decoder_of_another_rate_is_refused_with_numbers() -> None:
    field = ReceptiveField(left=1, right=1, hop=2)
    with pytest.raises(ValueError, match="10 samples of 10 frames, not 20"):
        Decoding(lambda frames: frames, field, torch.zeros(1, 1, 30)).advance(chunk=8)


@given(st.integers(1, 5000), st.integers(MIN_CHUNK, 800), st.integers(0, 40), st.integers(0, 40))
def test_shares_are_as_few_windows_as_of_the_largest_size_and_repeat_least(
    n: int, most: int, left: int, right: int
) -> None:
    field = ReceptiveField(left=left, right=right, hop=1)
    size = share(n, most, field)
    assert MIN_CHUNK <= size <= most
    cut, largest = list(windows(n, size, field)), list(windows(n, most, field))
    assert len(cut) == len(largest)
    repeated = sum(window.stop - window.start for window in cut) - n
    needed = (len(cut) - 1) * (left + right)
    # Less than a frame a window besides what they need, but for the smallest chunk there is.
    assert repeated - needed < len(cut) or size == MIN_CHUNK
