"""What memory is predicted to be taken, what is taken, and what happens when there is less of it.

`python -m benchmarks.memory [--quick] [--json] [--gpu]` measures, on models with random weights:
how exact and how flat chunked decoding is; how near predictions from two small runs come, for
full sizes too; what a small engine does on emulated cards, a ledger of live bytes counting and
capping its memory. With `--gpu` also on a real card: caps of 4, 6 and 8 GB, a neighbour that takes
and gives back memory, hundreds of hostile jobs. The decoder of the codec is compared with the one
in transformers where that is installed (benchmarks/requirements.txt).
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks._cards import GPU_MISSING, Outcome, emulated, hostile_jobs, neighbour, real_cards
from benchmarks._measure import machine
from benchmarks._models import with_random_weights
from benchmarks._speaker import SMALL, ProofSpeaker, lines
from benchmarks._whole import Engine, calibrated, held, pretended
from core.engines.nn.cache import KVCache
from core.engines.nn.chunked import Decoding
from core.engines.nn.dac import DacDecoder, DacDims
from core.engines.nn.decoder_lm import DecoderDims, DecoderLM
from core.engines.nn.hifigan import HifiGan, HifiGanDims
from core.engines.nn.prove import peak_bytes, pretended_peaks_bytes
from core.engines.nn.receptive import receptive_field
from core.memory.cost import StageCost, fit
from core.memory.heap import HEAP_ENVIRONMENT

ROOT = Path(__file__).resolve().parents[1]
MIB = 1 << 20
BATCHES = (1, 3, 16)
CALIBRATED_ON = ((32, 1), (64, 2))
"""Frames (or tokens) and rows of the two small runs from which everything else is predicted."""
Row = dict[str, Any]
Make = Callable[[], nn.Module]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Decoder:
    """One convolutional decoder.

    Args:
        title: In the tables.
        make: Builds it.
        n_latent: Channels of a frame.
        rate: Of its sound (Hz).
    """

    title: str
    make: Make
    n_latent: int
    rate: int


HIFIGAN = Decoder(
    title="HiFi-GAN, GPT-SoVITS v2",
    make=lambda: HifiGan(HifiGanDims(n_condition=0)),
    n_latent=192,
    rate=32000,
)
DAC = Decoder(title="DAC 44.1 kHz", make=lambda: DacDecoder(DacDims()), n_latent=1024, rate=44100)
THIN_HIFIGAN = dataclasses.replace(
    HIFIGAN, title="HiFi-GAN, small", make=lambda: HifiGan(SMALL.vocoder)
)
THIN_DAC = Decoder(
    title="DAC, small",
    make=lambda: DacDecoder(DacDims(n_latent=64, n_channels=96)),
    n_latent=64,
    rate=44100,
)


def main() -> int:
    """Print tables, or one JSON object; 1 when a promise is broken."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="fewer sizes and caps")
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--only", default="", help="tables whose title has this word")
    arguments.add_argument("--gpu", action="store_true", help="on the CUDA card too")
    arguments.add_argument("--resident", nargs=3, help=argparse.SUPPRESS)
    arguments.add_argument("--neighbour", type=float, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    if chosen.resident:
        print(_resident_growth(*chosen.resident))
        return 0
    if chosen.neighbour is not None:
        neighbour(chosen.neighbour)
        return 0
    made: dict[str, Callable[[], list[Row]]] = {
        "Chunked decoding against whole": lambda: exactness(quick=chosen.quick),
        "Peak of live tensors against length (full size)": lengths,
        "Resident memory against length (full size, this processor)": lambda: residents(
            chosen.quick
        ),
        "Prediction from two small runs": predictions,
        "Prediction of whole plans": lambda: whole_plans(quick=chosen.quick),
        "Emulated cards": lambda: caps(quick=chosen.quick),
        "Hostile jobs on an emulated card": lambda: [hostile_jobs(8 if chosen.quick else 40)],
    }
    tables = {name: make() for name, make in made.items() if chosen.only.lower() in name.lower()}
    notes = [] if chosen.gpu else ["A real card: not measured in this run (`--gpu`)."]
    if chosen.gpu:
        tables["Real card"] = real_cards(quick=chosen.quick)
        if not tables["Real card"]:
            notes.append(GPU_MISSING)
    broken = [
        name for name, rows in tables.items() if not all(row.get("holds", True) for row in rows)
    ]
    if chosen.json:
        print(json.dumps({"machine": machine(), "tables": tables, "notes": notes}))
    else:
        print(f"{machine()}, torch {torch.__version__}\n")
        for name, rows in tables.items():
            print(f"### {name}\n\n{_as_table(rows)}\n")
        print(*notes, sep="\n")
    for name in broken:
        print(f"A promise of this table is broken: {name}", file=sys.stderr)
    return 1 if broken else 0


def exactness(*, quick: bool) -> list[Row]:
    """Computed context, and how far chunked is from whole in fp32."""
    rows = []
    decoders = [THIN_HIFIGAN, THIN_DAC] if quick else [HIFIGAN, DAC]
    for decoder in decoders:
        model = with_random_weights(decoder.make())
        field = receptive_field(model, decoder.n_latent)
        n_frames = 90
        frames = torch.randn(
            1, decoder.n_latent, n_frames, generator=torch.Generator().manual_seed(9)
        )
        with torch.inference_mode():
            whole = model(frames).flatten().numpy()
        for chunk in (8, 32):
            sound = Decoding(model, field, frames).finish(chunk)[0]
            worst = float(np.abs(sound - whole).max())
            noise = float(np.sqrt(np.mean((sound - whole) ** 2)))
            rows.append(
                {
                    "decoder": decoder.title,
                    "context, frames": f"{field.left} + {field.right}",
                    "chunk": chunk,
                    "largest difference": f"{worst:.1e}",
                    "SNR": f"{20 * np.log10(whole.std() / noise):.0f} dB" if noise else "equal",
                    "holds": worst <= 1e-5,
                }
            )
    return rows


def lengths() -> list[Row]:
    """Live bytes of a full-size decode, whole and in windows; pretended, so to the byte."""
    rows = []
    for decoder, chunk in ((HIFIGAN, 100), (DAC, 86)):
        field = receptive_field(_on_meta(decoder), decoder.n_latent)
        for seconds in (5, 15, 60):
            n_frames = seconds * decoder.rate // field.hop
            size = min(n_frames, chunk + field.left + field.right)
            whole, window = pretended_peaks_bytes(
                decoder.make, [_decode(decoder.n_latent, 1, n) for n in (n_frames, size)]
            )
            rows.append(
                {
                    "decoder": decoder.title,
                    "sound": f"{seconds} s",
                    "whole": _mib(whole),
                    "in windows": _mib(window),
                    "chunk": chunk,
                }
            )
    return rows


def residents(quick: bool) -> list[Row]:
    """Growth of a process's resident memory while it decodes; each in a process of its own."""
    ways = (
        ("whole", "as usual", {}, (2, 4) if quick else (4, 12)),
        ("chunked", "as usual", {}, (2, 4) if quick else (4, 12)),
        ("chunked", "engine process", HEAP_ENVIRONMENT, (2, 4) if quick else (4, 12, 30, 60)),
    )
    rows = []
    for kind in ("hifigan", "dac"):
        for way, heap, environment, lengths_s in ways:
            grown = {}
            for seconds in lengths_s:
                command = [sys.executable, "-m", "benchmarks.memory", "--resident"]
                done = subprocess.run(
                    [*command, kind, way, str(seconds)],
                    cwd=ROOT,
                    env={**os.environ, **environment},
                    capture_output=True,
                    text=True,
                    check=True,
                )
                n_bytes, cpu_s = done.stdout.split()
                grown[f"{seconds} s"] = f"{_mib(int(n_bytes))}, {float(cpu_s):.1f} s"
            title = {"hifigan": HIFIGAN, "dac": DAC}[kind].title
            rows.append({"decoder": title, "way": way, "freed memory": heap} | grown)
    return rows


def _resident_growth(kind: str, way: str, seconds: str) -> str:
    """Bytes by which the highest resident memory rises in one decode, and its processor time."""
    decoder, chunk = {"hifigan": (HIFIGAN, 100), "dac": (DAC, 86)}[kind]
    model = with_random_weights(decoder.make())
    field = receptive_field(model, decoder.n_latent)
    frames = torch.zeros(1, decoder.n_latent, int(seconds) * decoder.rate // field.hop)
    # Linux: the highest mark starts anew; without this, building the weights would hide the decode,
    # and `ru_maxrss` begins with that of the parent process.
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before_bytes, before_s = _marks()["VmRSS"], time.process_time()
    if way == "whole":
        with torch.inference_mode():
            model(frames)
    else:
        Decoding(model, field, frames).finish(chunk)
    return f"{_marks()['VmHWM'] - before_bytes} {time.process_time() - before_s}"


def _marks() -> dict[str, int]:
    """Resident memory of this process, now and at its highest (bytes)."""
    lines_ = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    pairs = (line.split(":") for line in lines_ if line.startswith(("VmRSS", "VmHWM")))
    return {name: int(value.split()[0]) * 1024 for name, value in pairs}


def predictions() -> list[Row]:
    """Each model's cost from two small runs, held against sizes that it never saw."""
    rows = [
        _predicted_decoder(decoder)
        for decoder in (THIN_HIFIGAN, THIN_DAC, HIFIGAN, DAC, *_published_dac())
    ]
    writers = (("transformer, small", SMALL.writer), ("transformer, 77 M", DecoderDims()))
    return [*rows, *(_predicted_writer(title, dims) for title, dims in writers)]


def _predicted_decoder(decoder: Decoder) -> Row:
    held_out = list(itertools.product((42, 122, 500, 2000), BATCHES))
    sizes = [*CALIBRATED_ON, *held_out]
    peaks = dict(
        zip(
            sizes,
            pretended_peaks_bytes(
                decoder.make, [_decode(decoder.n_latent, batch, n) for n, batch in sizes]
            ),
            strict=True,
        )
    )
    cost = fit([(n, batch, peaks[n, batch]) for n, batch in CALIBRATED_ON], name="decode")
    ratios = [cost.bytes(n, batch) / peaks[n, batch] for n, batch in held_out]
    return _prediction(decoder.title, "frame", cost, held_out, ratios)


def _predicted_writer(title: str, dims: DecoderDims) -> Row:
    """Two costs that add: the cache by its tokens, and the prompt's activations by its own."""
    shape = dims.cache_shape(torch.float32)

    def cache(n: int, batch: int) -> KVCache:
        return KVCache(shape, n_rows=batch, n_tokens=n, device="cpu")

    def written(n_prompt: int, n_cache: int, batch: int) -> Callable[[nn.Module], None]:
        def run(model: nn.Module) -> None:
            kept = cache(n_cache, batch)
            model(torch.empty(batch, n_prompt, dims.n_width), kept)
            model(torch.empty(batch, 1, dims.n_width), kept)

        return run

    held_out = list(itertools.product((16, 100, 300), (384, 2048), BATCHES))
    sizes = [*((n, 128, batch) for n, batch in CALIBRATED_ON), *held_out]
    found = pretended_peaks_bytes(lambda: DecoderLM(dims), [written(*size) for size in sizes])
    peaks = dict(zip(sizes, found, strict=True))
    empty = {
        (n, batch): peak_bytes(lambda: cache(n, batch))  # noqa: B023 -- called at once
        for n, batch in ((128, 1), (128, 2), (256, 2))
    }
    cache_cost = fit([(*size, empty[size]) for size in ((128, 1), (256, 2))], name="cache")
    prompt_cost = fit(
        [(n, batch, peaks[n, 128, batch] - empty[128, batch]) for n, batch in CALIBRATED_ON],
        name="prompt",
    )
    ratios = [
        (cache_cost.bytes(n_cache, batch) + prompt_cost.bytes(n_prompt, batch))
        / peaks[n_prompt, n_cache, batch]
        for n_prompt, n_cache, batch in held_out
    ]
    return _prediction(title, "token in the cache", cache_cost, held_out, ratios)


def _prediction(
    title: str, unit: str, cost: StageCost, held_out: Sequence[tuple[int, ...]], ratios: list[float]
) -> Row:
    return {
        "model": title,
        "per unit and row": f"{cost.per_unit_bytes / 1024:.1f} KiB",
        "unit": unit,
        "held-out sizes": len(held_out),
        "largest": " x ".join(map(str, max(held_out))),
        "predicted / measured": f"{min(ratios):.3f} to {max(ratios):.3f}",
        "holds": min(ratios) >= 1.0 and max(ratios) <= 1.1,
    }


def whole_plans(*, quick: bool) -> list[Row]:
    """`BatchPlan.peak_bytes` against the peak of running the plan: weights, keys, activations."""
    random = np.random.default_rng(3)
    lengths = [int(n) for n in random.integers(40, 1500, 16)]
    cases = [(1, 1 << 40), (4, 1 << 40), (16, 1 << 40), (16, 300 * MIB), (16, 80 * MIB)]
    writer = SMALL.writer if quick else DecoderDims()
    size = "small" if quick else "77 M"
    rows = []
    for decoder, chunk, tokens_per_frame in _speaking_decoders(quick):
        engine = Engine(
            f"transformer, {size} + {decoder.title}",
            writer,
            decoder.make,
            decoder.n_latent,
            # The published decoder has the layers of ours, and operations that are not known here.
            receptive_field(
                _on_meta(DAC if decoder.n_latent == 1024 else decoder), decoder.n_latent
            ),
            tokens_per_frame,
            chunk,
        )
        cost = calibrated(engine, pretended)
        found = held(engine, cost, lengths, pretended, cases)
        for (max_batch, above_bytes), each in zip(cases, found, strict=True):
            above = each.ratios_above
            rows.append(
                {
                    "models": engine.title,
                    "rows at most": max_batch,
                    "beside the weights": "all" if above_bytes >= 1 << 40 else _mib(above_bytes),
                    "batches": len(each.made.batches),
                    "refused": len(each.made.refused),
                    "predicted": _mib(each.made.peak_bytes),
                    "measured": _mib(each.peak_bytes),
                    "predicted / measured": f"{each.ratio:.4f}",
                    "of each batch, without weights": f"{min(above):.3f} to {max(above):.3f}",
                    "holds": 1.0 <= each.ratio <= 1.1 and min(above) >= 1.0 and max(above) <= 1.1,
                }
            )
    return rows


def _speaking_decoders(quick: bool) -> list[tuple[Decoder, int, float]]:
    """Each with its chunk and the tokens that a frame takes."""
    if quick:
        return [(THIN_HIFIGAN, 100, 0.5), (THIN_DAC, 86, 1.0)]
    return [(HIFIGAN, 100, 0.5), (DAC, 86, 1.0), *((each, 86, 1.0) for each in _published_dac())]


def caps(*, quick: bool) -> list[Row]:
    """The same lines on ever smaller cards, with and without predictions."""
    speaker = ProofSpeaker(SMALL)
    todo = sorted(lines(4 if quick else 16, longest=100), key=lambda line: -line.n_written)
    free = emulated(speaker, todo, cap_bytes=None, reference=None, is_planned=False)
    working = free.peak_bytes - free.weights_bytes
    shares = (0.6, 0.02) if quick else (0.7, 0.4, 0.2, 0.08, 0.01)
    rows = [_cap_row("none", "as asked", free, free)]
    for share in shares:
        cap_bytes = free.weights_bytes + int(share * working)
        for title in ("as asked", "planned"):
            outcome = emulated(
                speaker,
                todo,
                cap_bytes=cap_bytes,
                reference=free.sounds,
                is_planned=title == "planned",
            )
            rows.append(_cap_row(_mib(cap_bytes), title, outcome, free))
    return rows


def _cap_row(cap: str, title: str, outcome: Outcome, free: Outcome) -> Row:
    return {
        "cap": cap,
        "started": title,
        "peak": _mib(outcome.peak_bytes),
        "OOMs": outcome.n_oom,
        "steps down": outcome.steps or "-",
        "lines on the processor": f"{outcome.n_on_host} of {len(outcome.sounds)}",
        "time": f"{outcome.wall_s / free.wall_s:.2f} x",
        "largest difference": f"{outcome.largest_difference:.1e}",
        "left behind": f"{outcome.left_bytes} B",
        "holds": outcome.holds,
    }


def _published_dac() -> Iterator[Decoder]:
    if importlib.util.find_spec("transformers") is None:
        print("transformers is not installed: its decoder is left out", file=sys.stderr)
        return
    from transformers import DacConfig, DacModel

    decoder = DacModel(DacConfig()).decoder
    yield dataclasses.replace(DAC, title="DAC 44.1 kHz of transformers", make=lambda: decoder)


def _decode(n_latent: int, batch: int, n_frames: int) -> Callable[[nn.Module], Tensor]:
    return lambda model: model(torch.empty(batch, n_latent, n_frames))


def _on_meta(decoder: Decoder) -> nn.Module:
    with torch.device("meta"):
        return decoder.make()


def _mib(n_bytes: int) -> str:
    return f"{n_bytes / MIB:.1f} MiB"


def _as_table(rows: Sequence[Row]) -> str:
    shown = [{key: value for key, value in row.items() if key != "holds"} for row in rows]
    heads = list(dict.fromkeys(key for row in shown for key in row))
    body = ["| " + " | ".join(str(row.get(head, "")) for head in heads) + " |" for row in shown]
    return "\n".join(["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads), *body])


if __name__ == "__main__":
    sys.exit(main())
