"""What the models take, counted from their sizes; torch-free. A test holds it against them.

Units are semantic tokens, of 40 ms; of `prepare` they are seconds.
"""

from __future__ import annotations

import math
import platform

from core.engines.gpt_sovits.dims import SemanticDims
from core.engines.gpt_sovits.synthesiser_dims import FRAMES_PER_CODE, V2_PRO_PLUS, SynthesiserDims
from core.memory.cost import CostModel, LateCost, StageCost

CHUNK_TOKENS = 200
"""Decoded at once: 8 s, which a processor divides further to stay in its caches."""
MIN_CHUNK_TOKENS = 8
REACH_TOKENS = 11
"""That a window of the decoder has beside its chunk: 11 frames on each side."""

HUBERT_BYTES, BERT_BYTES, SPEAKER_BYTES = 378_000_000, 1_200_000_000, 183_000_000
"""In single precision. The first and the last are loaded while a reference is read, BERT with the
first Chinese text; it is given back by the first that is in none."""
HALF_MACHINES = ("x86_64", "amd64")
"""Where torch computes with weights that stay in half precision (FBGEMM)."""


def bert_host_bytes(machine: str) -> int:
    """On the host: measured while its layers are laid out anew, in half precision or in single.

    Args:
        machine: As `platform.machine` says it.
    """
    return 740_000_000 if machine.lower() in HALF_MACHINES else 1_270_000_000


BERT_HOST_BYTES = bert_host_bytes(platform.machine())
BERT_LANGUAGES = ("zh",)
"""Cantonese is read without it, as the models were trained."""
HUBERT_BYTES_PER_S = 2 * 4 * 512 * 3200
"""Two of the first convolution's maps: 512 channels, 3200 frames a second. The speaker network,
which is lighter and takes less a second, does not come near."""
STYLE_BYTES = 16 << 20
"""Spectrogram and style of a reference, and what the networks have besides their maps."""

PREFIX_POSITIONS = 900
"""Phones of transcript and text, tokens of the reference: read at once, row after row."""
BLOCK_BYTES = 16 << 20
"""Scores of the prior's attentions and what comes of them, a block of queries at a time."""


def counted(semantic: SemanticDims, synthesiser: SynthesiserDims) -> CostModel:
    """Costs of a pair, for single precision.

    Args:
        semantic: Sizes of s1.
        synthesiser: Sizes of s2.
    """
    return CostModel(
        dtype="fp32",
        weights_bytes=_weights_bytes(semantic, synthesiser),
        # Keys and values, and nine bytes of book-keeping that no precision makes smaller.
        kv_bytes_per_token=2 * 4 * semantic.n_layers * semantic.n_width + 2 * 9,
        stages={
            "prepare": StageCost(
                name="prepare",
                fixed_bytes=HUBERT_BYTES + STYLE_BYTES,
                per_unit_bytes=HUBERT_BYTES_PER_S,
            ),
            "write": StageCost(
                name="write",
                fixed_bytes=4 * PREFIX_POSITIONS * (6 * semantic.n_width + semantic.n_inner),
                # Logits, their order, noise and history, about ten of each row.
                per_row_bytes=10 * 4 * semantic.n_tokens,
            ),
            "encode": StageCost(
                name="encode",
                fixed_bytes=BLOCK_BYTES,
                per_unit_bytes=_encode_bytes(synthesiser),
                rows=1,
                holds_keys=False,
            ),
            "decode": StageCost(
                name="decode",
                per_unit_bytes=_decode_bytes(synthesiser),
                is_chunked=True,
                context=REACH_TOKENS,
                rows=1,
                holds_keys=False,
            ),
        },
        late=(
            LateCost(languages=BERT_LANGUAGES, host_bytes=BERT_HOST_BYTES, card_bytes=BERT_BYTES),
        ),
    )


def _weights_bytes(semantic: SemanticDims, synthesiser: SynthesiserDims) -> int:
    """Twice what half precision takes, in which only s1 and the decoder are halves: so the costs
    are not too low there, and what is too much in single precision is measured after loading."""
    decoder = decoder_weights(synthesiser)
    rest = synthesiser_weights(synthesiser) - decoder
    return 2 * (2 * semantic_weights(semantic) + 2 * decoder + 4 * rest)


def semantic_weights(dims: SemanticDims) -> int:
    """Numbers of s1."""
    n, n_inner = dims.n_width, dims.n_inner
    # Queries, keys, values and what becomes of them; two linear layers; two norms.
    layer = 4 * n * n + 4 * n + 2 * n * n_inner + n_inner + n + 4 * n
    tables = (dims.n_phones + 2 * dims.n_tokens) * n + dims.n_bert * n + n + 2
    return dims.n_layers * layer + tables


def decoder_weights(dims: SynthesiserDims) -> int:
    """Numbers of the decoder of s2."""
    n = dims.n_decoder
    total = 7 * dims.n_hidden * n + n + dims.n_style * n + n
    for taps in dims.upsampling_taps:
        total += n * (n // 2) * taps + n // 2
        n //= 2
        # Three blocks of six convolutions, of 3, 7 and 11 taps.
        total += 6 * (n * n * (3 + 7 + 11) + 3 * n)
    return total + 7 * n


def synthesiser_weights(dims: SynthesiserDims) -> int:
    """Numbers of s2, as far as it speaks."""
    n, cross, style = dims.n_hidden, dims.n_cross, dims.n_style
    n_layers = dims.n_code_layers + dims.n_text_layers + dims.n_joint_layers
    relative = 2 * (2 * dims.window + 1) * n // dims.n_heads
    layer = 4 * (n * n + n) + relative + 6 * n * dims.n_filter + dims.n_filter + n + 4 * n
    mixer = 4 * (cross * cross + cross) + 2 * (n * cross + cross) + cross * n + n
    prior = n_layers * layer + mixer + dims.n_symbols * n
    prior += dims.n_features * n + n + 2 * n * n + 2 * n
    gates = dims.n_flow_layers * (2 * n * n * dims.flow_taps + 2 * n)
    steps = (dims.n_flow_layers - 1) * (2 * n * n + 2 * n) + n * n + n
    coupling = n * n + n + n // 2 + (style + 1) * 2 * n * dims.n_flow_layers + gates + steps
    # The style encoder, 128 wide: two layers and one out, two convolutions of five taps, attention.
    inner = 128
    encoder = inner * (dims.n_bins + 1 + inner + 1 + style) + style
    encoder += 2 * 2 * inner * (5 * inner + 1) + 4 * inner * (inner + 1)
    speaker = 0
    if dims.n_speaker:
        speaker = dims.n_speaker * style + 2 * style + style * cross + cross
    codes = dims.n_codes * dims.n_features + FRAMES_PER_CODE * dims.n_features**2 + dims.n_features
    flow = dims.n_couplings * coupling
    return prior + flow + encoder + speaker + codes + decoder_weights(dims)


def _encode_bytes(dims: SynthesiserDims) -> int:
    """Of a token: two frames, of which ten maps of hidden channels are as long as the clip."""
    return FRAMES_PER_CODE * 4 * 10 * dims.n_hidden


def _decode_bytes(dims: SynthesiserDims) -> int:
    """Of a token: six maps of the decoder's largest level."""
    n, n_steps, largest = dims.n_decoder, 1, 0
    for rate in dims.upsampling:
        n, n_steps = n // 2, n_steps * rate
        largest = max(largest, n * n_steps)
    return math.ceil(6.05 * 4 * FRAMES_PER_CODE * largest)


COST = counted(SemanticDims(), V2_PRO_PLUS)
"""Of the largest version."""
