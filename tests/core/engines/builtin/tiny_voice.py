"""A hand-made HTS-1.0 voice: two leaves per tree, so that every number can be known."""

from __future__ import annotations

import struct
from collections.abc import Sequence

WINDOWS = (b"1 1.0\n", b"3 -0.5 0.0 0.5\n", b"3 1.0 -2.0 1.0\n")
N_STATES = 2
SIZES = {"MCP": 3, "LF0": 1, "BAP": 7}


def tree(states: Sequence[int], question: str = "is_a") -> bytes:
    """Trees that send phones `a` to leaf 2 and everything else to leaf 1."""
    text = 'QS is_a { "*-a+*" }\nQS starts_x { "x^*" }\n'
    for state in states:
        text += f'{{*}}[{state}]\n{{\n 0 {question} "p_1" "p_2"\n}}\n'
    return text.encode()


def _pdf(rows: Sequence[Sequence[float]], n_trees: int) -> bytes:
    raw = struct.pack(f"<{n_trees}I", *[len(rows)] * n_trees)
    return raw + b"".join(struct.pack(f"<{len(r)}f", *r) for _ in range(n_trees) for r in rows)


def _row(size: int, value: float, *, voicing: float | None = None) -> list[float]:
    means = [value] * size + [0.0] * (2 * size)
    row = means + [1.0] * (3 * size)
    return row if voicing is None else [*row, voicing]


def tiny_voice(rate: int = 24_000, *, cut: int = 0) -> bytes:
    """The file. Leaf 1 lasts 3 frames a state, leaf 2 (phone `a`) 5; `a` alone is voiced."""
    data = b""
    places: dict[str, str] = {}

    def put(key: str, raw: bytes) -> str:
        nonlocal data
        data += raw
        where = f"{len(data) - len(raw)}-{len(data) - 1}"
        places[key] = f"{places[key]},{where}" if key in places else where
        return where

    states = range(2, 2 + N_STATES)
    put("DURATION_PDF", _pdf([[3.0, 3.0, 1.0, 1.0], [5.0, 5.0, 4.0, 4.0]], 1))
    put("DURATION_TREE", tree([2]))
    for name, size in SIZES.items():
        for window in WINDOWS:
            put(f"STREAM_WIN[{name}]", window)
        flags = (0.0, 1.0) if name == "LF0" else (None, None)
        rows = [_row(size, v, voicing=f) for v, f in zip((1.0, 5.0), flags, strict=True)]
        put(f"STREAM_PDF[{name}]", _pdf(rows, N_STATES))
        put(f"STREAM_TREE[{name}]", tree(list(states)))
    header = (
        f"[GLOBAL]\nHTS_VOICE_VERSION:1.0\nSAMPLING_FREQUENCY:{rate}\nFRAME_PERIOD:120\n"
        f"NUM_STATES:{N_STATES}\nNUM_STREAMS:3\nSTREAM_TYPE:MCP,LF0,BAP\n[STREAM]\n"
    )
    for name, size in SIZES.items():
        header += f"VECTOR_LENGTH[{name}]:{size}\nNUM_WINDOWS[{name}]:3\n"
        header += f"IS_MSD[{name}]:{int(name == 'LF0')}\n"
    header += "[POSITION]\n" + "".join(f"{key}:{where}\n" for key, where in places.items())
    content = header.encode() + b"[DATA]\n" + data
    return content[: len(content) - cut]
