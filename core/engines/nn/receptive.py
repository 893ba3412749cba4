"""How far a convolutional decoder looks: computed from the operations it runs, never typed in.

The decoder runs once on torch's meta device, which knows shapes and holds no numbers, so a
full-size model costs milliseconds and no memory. Each operation is written down with how it maps
a stretch of its output back to a stretch of its input; walked backwards from the samples of one
frame, the list says which frames those samples need. An operation that mixes all of time
(attention, a norm over time) has no such answer and is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode

N_TRACED = 64
"""Frames of the traced run: more than any context, so that cropping has something left to crop."""

Span = tuple[int, int]
"""First and last index, both included."""
Back = Callable[[Span], Span]
"""From a stretch of an operation's output to the stretch of its input that it needs."""

_aten = torch.ops.aten
_SAME_TIME = frozenset(
    {
        _aten.alias.default,
        _aten.clone.default,
        _aten.copy_.default,
        _aten.detach.default,
        _aten._to_copy.default,
        _aten._unsafe_view.default,
        _aten.reshape.default,
        _aten.view.default,
    }
)
"""Operations that leave the time axis (the last one) as it is, besides all pointwise ones."""


class NotConvolutionalError(TypeError):
    """The decoder does something whose reach in time is not fixed, so it cannot be cut exactly."""


@dataclass(frozen=True, kw_only=True)
class ReceptiveField:
    """What the samples of one frame need.

    Args:
        left: Frames before it.
        right: Frames after it.
        hop: Samples that one frame becomes.
    """

    left: int
    right: int
    hop: int


def receptive_field(decoder: nn.Module, n_latent: int) -> ReceptiveField:
    """
    Args:
        decoder: Maps `[B, n_latent, N]` to `[B, 1, N * hop]` by convolutions along the last axis
            and functions of single values; its weights are neither read nor moved.
        n_latent: Channels of its input.

    Raises:
        NotConvolutionalError: It mixes all of time, or its samples per frame are not constant.
    """
    shapes = {
        name: tensor.to("meta")
        for name, tensor in [*decoder.named_parameters(), *decoder.named_buffers()]
    }
    dtypes = [tensor.dtype for tensor in shapes.values() if tensor.is_floating_point()]

    def run(n_frames: int) -> _Tape:
        dtype = dtypes[0] if dtypes else torch.float32
        # In inference mode a convolution is another operation, `conv1d`, than the one known here.
        with torch.inference_mode(False), torch.no_grad():
            tape = _Tape(torch.empty(1, n_latent, n_frames, dtype=dtype, device="meta"))
            with tape:
                tape.output = functional_call(decoder, shapes, (tape.output,))
        return tape

    tape = run(N_TRACED)
    n_samples = tape.output.shape[-1]
    hop = run(N_TRACED + 1).output.shape[-1] - n_samples
    if n_samples != hop * N_TRACED:
        raise NotConvolutionalError(
            f"{N_TRACED} frames become {n_samples} samples and one frame more adds {hop}: "
            "without a constant number of samples per frame chunks do not join"
        )
    first, last = tape.needed_for((0, hop - 1))
    return ReceptiveField(left=max(0, -first), right=max(0, last), hop=hop)


@dataclass(frozen=True)
class _Edge:
    """One operation's way back from its output to one of its inputs."""

    source: int
    back: Back


class _Tape(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Writes down what happens to everything that comes from `latent`."""

    def __init__(self, latent: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.output = latent
        self._kept = [latent]  # an id is only a name while its tensor lives
        self._node = {id(latent): 0}
        self._edges: list[list[_Edge]] = [[]]

    def needed_for(self, samples: Span) -> Span:
        """First and last index of `latent` that these indices of `output` are made from."""
        needed: dict[int, Span] = {self._node[id(self.output)]: samples}
        for node in range(len(self._edges) - 1, 0, -1):
            if node not in needed:
                continue
            for edge in self._edges[node]:
                first, last = edge.back(needed[node])
                before = needed.get(edge.source, (first, last))
                needed[edge.source] = (min(first, before[0]), max(last, before[1]))
        return needed[0]

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        sources = [tensor for tensor in _tensors((args, kwargs)) if id(tensor) in self._node]
        if sources:
            edges = [
                _Edge(self._node[id(one)], _way_back(func, args, one, result)) for one in sources
            ]
            self._kept.append(result)
            self._node[id(result)] = len(self._edges)
            self._edges.append(edges)
        return result


def _way_back(func: Any, args: tuple[Any, ...], source: Tensor, result: Any) -> Back:
    """How a stretch of `result` maps to a stretch of `source`."""
    if func is _aten.convolution.default and source is args[0] and len(args[3]) == 1:
        taps = args[1].shape[-1]
        stride, padding, dilation = args[3][0], args[4][0], args[5][0]
        if args[6]:
            return _transposed_back(taps, stride, padding, dilation)
        return _convolution_back(taps, stride, padding, dilation)
    if func is _aten.slice.Tensor:
        dim, start = (args[1] if len(args) > 1 else 0), (args[2] if len(args) > 2 else 0) or 0
        step = args[4] if len(args) > 4 else 1
        if dim % source.ndim == source.ndim - 1 and step == 1:
            return _shifted_back(start if start >= 0 else start + source.shape[-1])
    if func is _aten.constant_pad_nd.default:
        return _shifted_back(-args[1][0])
    keeps_time = (
        torch.Tag.pointwise in func.tags
        or func in _SAME_TIME
        or (func is _aten.slice.Tensor)
        or (func is _aten.cat.default and len(args) > 1 and args[1] % result.ndim < result.ndim - 1)
    )
    if keeps_time and isinstance(result, Tensor) and result.shape[-1] == source.shape[-1]:
        return _shifted_back(0)
    raise NotConvolutionalError(f"the reach of {func} in time is not known")


def _convolution_back(taps: int, stride: int, padding: int, dilation: int) -> Back:
    """Output `o` reads inputs `o * stride - padding + k * dilation`, `k` in `0..taps - 1`."""

    def back(span: Span) -> Span:
        first, last = span
        return first * stride - padding, last * stride - padding + (taps - 1) * dilation

    return back


def _transposed_back(taps: int, stride: int, padding: int, dilation: int) -> Back:
    """Input `i` adds to outputs `i * stride - padding + k * dilation`, `k` in `0..taps - 1`."""

    def back(span: Span) -> Span:
        first, last = span
        earliest = first + padding - (taps - 1) * dilation
        return -(-earliest // stride), (last + padding) // stride

    return back


def _shifted_back(offset: int) -> Back:
    def back(span: Span) -> Span:
        return span[0] + offset, span[1] + offset

    return back


def _tensors(value: Any) -> list[Tensor]:
    """All tensors in nested arguments."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list | tuple):
        return []
    return [tensor for one in value for tensor in _tensors(one)]
