"""What the built-in engine declares; imports nothing heavy."""

from __future__ import annotations

from core.engines.protocol import EngineCard, Knob
from core.memory.cost import CostModel, StageCost

MIB = 1 << 20

STATISTICAL_LANGUAGES = ("en", "ru", "uk", "pt", "eo", "ky")
"""Spoken by statistical voices; all others by formant speech."""

FORMANT_LANGUAGES = (
    *("es", "fr", "de", "it", "zh", "ja", "ko", "nl", "pl", "tr", "cs", "sv", "ar", "hi"),
    *("af", "am", "an", "as", "az", "ba", "be", "bg", "bn", "bs", "ca", "cy", "da", "el", "et"),
    *("eu", "fa", "fi", "ga", "gd", "gu", "he", "hr", "ht", "hu", "hy", "id", "is", "ka", "kk"),
    *("kn", "ku", "la", "lb", "lt", "lv", "mi", "mk", "ml", "mr", "ms", "mt", "my", "nb", "ne"),
    *("nn", "no", "om", "or", "pa", "ro", "sd", "si", "sk", "sl", "sq", "sr", "sw", "ta", "te"),
    *("th", "tk", "tn", "tt", "ug", "ur", "uz", "vi", "yue"),
)

CARD = EngineCard(
    name="builtin",
    title="Built-in",
    version="1",
    languages=STATISTICAL_LANGUAGES + FORMANT_LANGUAGES,
    rate=24_000,
    reference_min_s=2.0,
    reference_best_s=10.0,
    reference_max_s=20.0,
    wants_transcript=True,
    max_chars=240,
    max_batch=4,
    knobs=(
        Knob(
            name="speed",
            title="Speed",
            default=1.0,
            low=0.5,
            high=2.0,
            step=0.05,
            help="How fast it speaks; 1 is the speaker's own pace.",
        ),
        Knob(
            name="pitch",
            title="Pitch",
            default=0.0,
            low=-12.0,
            high=12.0,
            step=0.5,
            help="Higher or lower than the speaker, in semitones.",
        ),
        Knob(
            name="expressiveness",
            title="Expressiveness",
            default=1.0,
            low=0.0,
            high=2.0,
            step=0.1,
            help="How much the melody moves; 0 is a monotone.",
        ),
        Knob(
            name="similarity",
            title="Similarity",
            default=1.0,
            low=0.0,
            high=1.0,
            step=0.05,
            help="How far the voice moves toward the reference; lower can be clearer.",
        ),
    ),
    factory="core.engines.builtin.engine:Builtin",
    # Resident memory of the engine process; a test measures it against these. Utterances are said
    # one after the other and learning a language takes more than to say the longest of them, so
    # speaking is one figure.
    cost=CostModel(
        weights_bytes=96 * MIB,
        stages={
            "prepare": StageCost(name="prepare", fixed_bytes=40 * MIB, per_unit_bytes=4.2 * MIB),
            "speak": StageCost(name="speak", fixed_bytes=160 * MIB),
        },
    ),
)
