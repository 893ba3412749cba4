"""`e2e/*.npz`: recordings of any rate to the semantic tokens that whole utterances began with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile

from core.audio.samples import Audio
from core.engines.gpt_sovits.hubert import load
from core.engines.gpt_sovits.reference import semantic_tokens
from tests.parity.gpt_sovits.ssl_shapes import hubert_shapes
from tests.parity.gpt_sovits.synthesiser import synthesiser
from tests.parity.recipe_checkpoint import RecipeCheckpoint
from tests.parity.result import Result, compare


def run(folder: Path, names: Sequence[str] | None = None) -> Iterator[Result]:
    """
    Args:
        folder: Of golden data.
        names: Of the cases that are wanted; None for all.
    """
    path = folder / "e2e" / "e2e.json"
    if not path.is_file():
        return
    about = json.loads(path.read_text())
    seed = int(about["weights_seed"])
    cases = [case for case in about["cases"] if names is None or case["name"] in names]
    prefix = about["prefixes"]["hubert"]
    hubert = load(RecipeCheckpoint(hubert_shapes(), seed=seed, prefix=prefix))
    for version in sorted({case["version"] for case in cases}):
        settings = json.loads((folder / f"s2_{version}_real.json").read_text())
        prefix = about["prefixes"]["s2"]
        model = synthesiser({**settings, "weights_seed": seed, "prefix": prefix})
        for case in (case for case in cases if case["version"] == version):
            name = f"{version}_{case['name']}"
            recording = folder / "e2e" / str(case["inputs"]["ref_audio_path"])
            samples, rate = soundfile.read(recording, dtype="float32", always_2d=True)
            audio = Audio(samples=samples.mean(1), rate=rate)
            with np.load(folder / "e2e" / f"{name}.npz") as golden:
                wanted = golden["prompt_semantic"]
            tokens = semantic_tokens(audio, hubert, model).numpy()
            yield compare(f"e2e/{name}/prompt_semantic", tokens, wanted)
