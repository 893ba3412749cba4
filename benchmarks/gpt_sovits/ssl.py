"""HuBERT and RoBERTa at full size: memory against length, and the layers that are not run.

Each length has a process of its own: `python -m benchmarks.gpt_sovits.ssl NETWORK LENGTH`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout

import torch
from torch import Tensor

from benchmarks.gpt_sovits._figure import Figure, in_child, risen_bytes, taking_turns
from core.engines.gpt_sovits import bert, hubert, ssl_child
from core.memory.heap import HEAP_ENVIRONMENT

MIB = 1 << 20


def run(quick: bool) -> Iterator[Figure]:
    """Figures; `quick` leaves out all but one length."""
    for seconds in (10,) if quick else (3, 10, 30, 60):
        risen = in_child("ssl", "hubert", str(seconds)) / MIB
        yield Figure(name=f"HuBERT hears {seconds} s: activations", value=risen, unit="MiB")
        yield Figure(
            name=f"HuBERT hears {seconds} s: activations a second",
            value=risen / seconds,
            unit=f"MiB (refused by {ssl_child.NEED_BYTES_PER_S / MIB:.0f})",
        )
    yield Figure(name="HuBERT, 10 s of sound: real-time factor", value=_hubert_s(10) / 10, unit="")
    yield from _bert(quick)


def _hubert_s(length_s: int) -> float:
    """Seconds that hearing so many takes, the shorter of two times."""
    model = _filled(hubert.Hubert(hubert.HubertDims()))
    sound = torch.randn(1, length_s * hubert.RATE) * 0.1
    return min(_time(lambda: model(sound)) for _ in range(2))


def _bert(quick: bool) -> Iterator[Figure]:
    """Against the published whole: 24 layers, the head, all hidden states kept."""
    from transformers import BertConfig, BertForMaskedLM

    dims = bert.BertDims()
    ours = _filled(bert.Bert(dims))
    config = BertConfig(
        vocab_size=dims.n_tokens,
        hidden_size=dims.n_channels,
        num_hidden_layers=dims.n_layers + bert.UNUSED_LAYERS,
        num_attention_heads=dims.n_heads,
        intermediate_size=dims.n_inner,
    )
    with torch.device("meta"):
        built = BertForMaskedLM(config)
    whole = _filled(built.eval())
    for n in (50,) if quick else (50, 500):
        ids = torch.randint(0, dims.n_tokens, (1, n))

        def plain(ids: Tensor = ids) -> object:
            with torch.inference_mode():
                return whole(input_ids=ids, output_hidden_states=True).hidden_states[-3]

        ways = {
            "plain": lambda plain=plain: _time(plain),
            "ours": lambda ids=ids: _time(lambda: ours(ids)),
        }
        times = taking_turns(ways, n_rounds=3)
        yield Figure(
            name=f"RoBERTa, {n} characters",
            value=times["ours"][0],
            unit="s",
            plain=times["plain"][0],
            ratio=times["ours"][1],
        )
    sizes = [sum(p.nbytes for p in model.parameters()) / MIB for model in (ours, whole)]
    yield Figure(
        name="RoBERTa: weights in float32",
        value=sizes[0],
        unit="MiB",
        plain=sizes[1],
        ratio=sizes[1] / sizes[0],
    )


def _filled(model: torch.nn.Module) -> torch.nn.Module:
    """With random weights; norms pass on what they are given, or all would end in denormals."""
    model = model.to_empty(device="cpu").eval().requires_grad_(False)
    for name, weight in model.named_parameters():
        if weight.ndim == 1 and name.endswith("weight"):
            weight.fill_(1.0)
        else:
            weight.normal_(std=0.02)
    for module in model.modules():
        if isinstance(module, bert.Bert):
            module.make_tables(torch.device("cpu"))
        if hasattr(module, "position_ids"):
            module.position_ids = torch.arange(512)[None]
            module.token_type_ids = torch.zeros(1, 512, dtype=torch.long)
    return model


def _time(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def main(name: str, length: str) -> None:
    """Prints the bytes by which one call of a network rises."""
    if not os.environ.get("MALLOC_MMAP_THRESHOLD_"):
        # As the process that hears has its memory; read when a process starts.
        words = [sys.executable, "-m", "benchmarks.gpt_sovits.ssl", name, length]
        os.execve(sys.executable, words, {**os.environ, **HEAP_ENVIRONMENT})
    assert name == "hubert"
    with redirect_stdout(sys.stderr):
        model = _filled(hubert.Hubert(hubert.HubertDims()))
        model(torch.zeros(1, hubert.RATE))
        sound = torch.randn(1, int(length) * hubert.RATE)
        risen = risen_bytes(lambda: model(sound))
    print(risen)


if __name__ == "__main__":
    main(*sys.argv[1:])
