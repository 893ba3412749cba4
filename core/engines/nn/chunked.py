"""Long sound from a convolutional decoder, a window at a time: exact, and flat in memory.

A decoder without attention or state makes each frame's samples from a fixed number of frames
around it (`receptive`). So a window with that much context at both inner edges gives the very
samples of a whole decode; nothing is blended. Zero padding inside the decoder must happen only at
the real ends of the clip, which is why the first and the last window are moved inwards instead of
filled up: every window of a clip has one shape, so memory, kernel choice and captured graphs stay
the same from the first second to the last.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.engines.nn.receptive import ReceptiveField
from core.engines.protocol import StopFlag
from core.errors import Cancelled

MIN_CHUNK = 8
"""Frames: below this, nearly all of a window is context, and halving saves no more memory."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """One call of the decoder; frames counted from the start of the clip.

    Args:
        start: First frame that is decoded.
        stop: One past the last.
        keep_start: First frame whose samples are kept.
        keep_stop: One past the last.
    """

    start: int
    stop: int
    keep_start: int
    keep_stop: int


def windows(n_frames: int, chunk: int, field: ReceptiveField, begin: int = 0) -> Iterator[Window]:
    """Cut a clip; all windows have the same number of frames.

    That number is `chunk` and the context on both sides, or the whole clip if that is shorter.

    Args:
        n_frames: Of the clip.
        chunk: Frames kept of an inner window, at least `MIN_CHUNK`; the outer ones yield more,
            as a real end needs no context.
        field: Of the decoder.
        begin: First frame that is still missing.
    """
    if chunk < MIN_CHUNK:
        raise ValueError(f"a chunk has at least {MIN_CHUNK} frames, not {chunk}")
    size = min(n_frames, chunk + field.left + field.right)
    while begin < n_frames:
        start = min(max(begin - field.left, 0), n_frames - size)
        stop = start + size
        keep_stop = n_frames if stop == n_frames else stop - field.right
        yield Window(start=start, stop=stop, keep_start=begin, keep_stop=keep_stop)
        begin = keep_stop


def share(n_frames: int, most: int, field: ReceptiveField) -> int:
    """Frames at a time, at most `most`, with which a clip falls into windows that repeat least.

    Windows have one shape, so a last one that has little left decodes again what others did: 10 s
    at 8 s a time are 16 s of work. Where shapes may differ between clips, shares save it.
    """
    n_inner = n_frames - field.left - field.right  # the real ends need no context
    n_parts = max(1, -(-n_inner // most))
    return max(MIN_CHUNK, -(-n_inner // n_parts))


Each = Callable[[Sequence[Callable[[], None]]], None]
"""Does every one of some parts."""


def in_turn(parts: Sequence[Callable[[], None]]) -> None:
    """Do the parts one after the other."""
    for part in parts:
        part()


def in_windows(
    run: Callable[[Tensor], Tensor],
    x: Tensor,
    most: int,
    field: ReceptiveField,
    each: Each = in_turn,
) -> Tensor:
    """What `run` makes of `x`, from equal windows: the same in less memory.

    Args:
        run: `[..., N]` to `[..., N * hop]`.
        x: `[..., N]`
        most: Frames kept of a window, at most.
        field: Of `run`.
        each: How the windows are gone through, such as `cores.on_all_cores`.
    """
    n_frames, hop = x.shape[-1], field.hop
    cut = list(windows(n_frames, share(n_frames, most, field), field))
    if len(cut) == 1:
        return run(x)
    whole: list[Tensor] = []
    lock = Lock()

    def make(window: Window) -> None:
        made = run(x[..., window.start : window.stop])
        with lock:
            if not whole:  # its other sizes are known with the first window
                whole.append(made.new_empty((*made.shape[:-1], n_frames * hop)))
        first, last = window.keep_start - window.start, window.keep_stop - window.start
        kept = made[..., first * hop : last * hop]
        whole[0][..., window.keep_start * hop : window.keep_stop * hop] = kept

    each([partial(make, window) for window in cut])
    return whole[0]


class Piecewise(ABC):
    """One batch of clips on its way from frames to sound.

    What is finished stays finished: after an out-of-memory error, or with a smaller chunk, the
    next call goes on at the first missing frame. Finished sound lies on the host.

    Args:
        field: Of the decoder.
        frames: `[B, C, N]`, latents or codes, on any device.
    """

    def __init__(self, field: ReceptiveField, frames: Tensor) -> None:
        self._field = field
        self._frames = frames
        self.n_frames = frames.shape[-1]
        self.n_done = 0
        # Not a tensor: this grows with the clip, and what torch counts must not.
        self.sound: npt.NDArray[np.float32] = np.zeros(
            (frames.shape[0], self.n_frames * field.hop), dtype=np.float32
        )

    @property
    def done(self) -> npt.NDArray[np.float32]:
        """f32 `[B, n_done * hop]`: what is finished so far."""
        return self.sound[:, : self.n_done * self._field.hop]

    def finish(self, chunk: int, stop: StopFlag | None = None) -> npt.NDArray[np.float32]:
        """Decode what is missing.

        Args:
            chunk: Frames at a time, at least `MIN_CHUNK`.
            stop: Asked between windows.

        Returns:
            f32 `[B, N * hop]` on the host.

        Raises:
            Cancelled: `stop` was set.
            FloatingPointError: The decoder gave values that are not numbers, as half precision
                does when it overflows.
        """
        while self.n_done < self.n_frames:
            if stop is not None and stop.is_set():
                raise Cancelled
            self.advance(chunk)
        return self.sound

    def advance(self, chunk: int) -> None:
        """Decode one window; arguments and errors as in `finish`."""
        window = next(windows(self.n_frames, chunk, self._field, self.n_done))
        hop = self._field.hop
        first, last = window.keep_start - window.start, window.keep_stop - window.start
        with torch.inference_mode():
            frames = self._frames[..., window.start : window.stop]
            sound = self._kept(frames, first, last).reshape(frames.shape[0], -1)
        # Cut before the copy: only what is kept crosses to the host.
        kept = sound.to("cpu", torch.float32).numpy()
        if not np.isfinite(kept).all():
            raise FloatingPointError(
                f"the decoder ({sound.dtype}) gave values that are not numbers in frames "
                f"{window.keep_start} to {window.keep_stop}"
            )
        self.sound[:, window.keep_start * hop : window.keep_stop * hop] = kept
        self.n_done = window.keep_stop

    @abstractmethod
    def _kept(self, frames: Tensor, first: int, last: int) -> Tensor:
        """The samples of the frames from `first` to `last` of a window's, `[B, C, W]`."""


class Decoding(Piecewise):
    """By a decoder that makes the samples of a window's frames, from which those are cut.

    Args:
        decode: The decoder; `[B, C, W]` to `[B, 1, W * hop]` or `[B, W * hop]`.
        field: Of the decoder.
        frames: As of `Piecewise`; a window at a time goes to `device`.
        device: Where `decode` runs; None for where `frames` are.
    """

    def __init__(
        self,
        decode: Callable[[Tensor], Tensor],
        field: ReceptiveField,
        frames: Tensor,
        device: torch.device | None = None,
    ) -> None:
        super().__init__(field, frames)
        self._decode = decode
        self._device = frames.device if device is None else device

    def _kept(self, frames: Tensor, first: int, last: int) -> Tensor:
        hop, n_frames = self._field.hop, frames.shape[-1]
        sound = self._decode(frames.to(self._device))
        if sound.shape[-1] != n_frames * hop:
            raise ValueError(
                f"the decoder made {sound.shape[-1]} samples of {n_frames} frames, "
                f"not {n_frames * hop}"
            )
        return sound[..., first * hop : last * hop]
