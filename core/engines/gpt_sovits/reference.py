"""A reference recording to its semantic tokens: how its speaker says things, 25 times a second.

The recording itself, its levels and the silence behind it are `features.prompt_sound`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.audio.samples import Audio
from core.engines.gpt_sovits.features import prompt_sound
from core.engines.gpt_sovits.hubert import Hubert
from core.engines.gpt_sovits.synthesiser import Synthesiser


def semantic_tokens(audio: Audio, hubert: Hubert, synthesiser: Synthesiser) -> Tensor:
    """What the semantic transformer continues from.

    Args:
        audio: Mono, of any rate; 3 to 10 s, as the models were trained with.
        hubert: As published, whatever the version of the models.
        synthesiser: Whose codebook is meant: tokens of another one say nothing to it.

    Returns:
        i64 `[N]`, on the synthesiser's device; 25 for each second and 15 for the silence behind.

    Raises:
        InputError: The recording is longer or shorter.
    """
    sound = torch.from_numpy(prompt_sound(audio)).unsqueeze(0)  # [1, T]
    return synthesiser.codes(hubert(sound))[0]
