"""What GPT-SoVITS declares; imports nothing heavy."""

from __future__ import annotations

from core.engines.gpt_sovits.costs import CHUNK_TOKENS, COST, MIN_CHUNK_TOKENS
from core.engines.protocol import EngineCard, Knob
from core.memory.plan import Limits

CARD = EngineCard(
    name="gpt_sovits",
    title="GPT-SoVITS",
    version="1",
    languages=("zh", "en", "ja", "ko", "yue"),
    rate=32_000,
    reference_min_s=3.0,
    reference_best_s=7.0,
    reference_max_s=10.0,
    wants_transcript=True,
    max_more=8,
    # About 3 s: on a processor a sentence of ten takes as long before anything is heard.
    first_chars=40,
    max_chars=200,
    max_batch=20,
    knobs=(
        Knob(
            name="speed",
            title="Speed",
            default=1.0,
            low=0.6,
            high=1.65,
            step=0.05,
            help="How fast it speaks; 1 is the speaker's own pace.",
        ),
        Knob(
            name="temperature",
            title="Temperature",
            default=1.0,
            low=0.1,
            high=2.0,
            step=0.05,
            help="Lower is steadier and flatter, higher is livelier and slips more often.",
        ),
        Knob(
            name="top_k",
            title="Top-k",
            default=15.0,
            low=1.0,
            high=100.0,
            step=1.0,
            help="How many of the likeliest sounds are drawn from; 1 always takes the likeliest.",
        ),
        Knob(
            name="top_p",
            title="Top-p",
            default=1.0,
            low=0.05,
            high=1.0,
            step=0.05,
            help="Only the likeliest sounds that together have this share of the chances.",
        ),
        Knob(
            name="repetition_penalty",
            title="Repetition penalty",
            default=1.35,
            low=1.0,
            high=2.0,
            step=0.05,
            help="Higher keeps it from saying the same again; too high, it drifts off the text.",
        ),
    ),
    factory="core.engines.gpt_sovits.engine:GptSovits",
    devices=("cuda", "mps", "cpu"),
    cost=COST,
    limits=Limits(
        chunk=CHUNK_TOKENS,
        min_chunk=MIN_CHUNK_TOKENS,
        # The reference's tokens and phones; then a token for each 40 ms and half a phone.
        prompt_tokens=400,
        tokens_per_unit=1.5,
        kv_block=128,
    ),
    # English has 14 characters a second; what other languages have is learnt.
    units_per_char=1.8,
    shelf="core.engines.gpt_sovits.shelf:shelf",
)
