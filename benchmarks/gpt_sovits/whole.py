"""The whole engine at full size: files in the official formats, the command line, a finished file.

Weights are random, so what is said is noise, most segments run to the limit that their text sets
and are tried a second time; times are those of an engine that writes far too much. What this
shows is that it holds at full size: that it ends, its memory, and the time per token and second.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.gpt_sovits._figure import ROOT, Figure
from core.engines.gpt_sovits.bert import BertDims
from core.engines.gpt_sovits.dims import SemanticDims
from core.engines.gpt_sovits.hubert import HubertDims
from core.engines.gpt_sovits.speaker import SpeakerDims
from tests import tiny_gpt_sovits

FIRST_IDEOGRAPH = 0x4E00
MIB = 2**20
TEXTS = {
    "en": "The sun rose over the harbour. Fishermen were already mending their nets.",
    "zh": "今天天气很好。我们去公园散步吧。",
}


def sizes() -> tiny_gpt_sovits.Sizes:
    """Those of the published models."""
    bert = BertDims()
    marks = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", *"，。！？")
    signs = [chr(FIRST_IDEOGRAPH + n) for n in range(bert.n_tokens - len(marks))]
    return tiny_gpt_sovits.Sizes(
        semantic=SemanticDims(),
        hubert=HubertDims(),
        bert=bert,
        speaker=SpeakerDims(),
        words=(*marks, *signs),
    )


def run(quick: bool) -> Iterator[Figure]:
    """Yields for every version: seconds to the end, seconds of sound, peak of the engine process.

    Args:
        quick: v2 and English alone.
    """
    for version in ("v2",) if quick else ("v2", "v2ProPlus"):
        with tempfile.TemporaryDirectory() as folder:
            models = Path(folder) / "models"
            tiny_gpt_sovits.make(models, version, sizes=sizes())
            for language, text in TEXTS.items():
                if quick and language != "en":
                    continue
                yield from _spoken(Path(folder), models, version, language, text)


def _spoken(folder: Path, models: Path, version: str, language: str, text: str) -> Iterator[Figure]:
    demo = ROOT / "assets" / "demo_voice.flac"
    said = json.loads((ROOT / "assets" / "demo_voice.json").read_text(encoding="utf-8"))
    command = [
        sys.executable, "app.py", "speak", "--json", "--home", str(folder / "home"),
        "--engine", "gpt_sovits", "--models", str(models), "--reference", str(demo),
        "--transcript", said["transcript"], "--language", language,
        "--text", text, "--out", str(folder / f"{language}.wav"),
    ]  # fmt: skip
    begun = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    wall_s = time.perf_counter() - begun
    answer = json.loads(done.stdout)
    name = f"{version}, {language}, {len(answer['segments'])} segments"
    yield Figure(name=f"{name}: to the finished file", value=wall_s, unit="s")
    yield Figure(name=f"{name}: sound", value=answer["seconds"], unit="s")
    yield Figure(name=f"{name}: first sound", value=answer["first_sound_s"], unit="s")
    peak = answer["peak_bytes"]
    yield Figure(
        name=f"{name}: peak of the engine process",
        value=math.nan if peak is None else peak / MIB,
        unit="MiB",
    )
