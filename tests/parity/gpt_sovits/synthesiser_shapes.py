"""The tensors that a published synthesiser has, by name, written down from its sizes.

Of what training alone needs, only the codebook's averages are among them: community files have no
posterior encoder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Shape = tuple[int, ...]

N_HIDDEN = 192
N_CROSS = 512
N_STYLE_HIDDEN = 128

OFFICIAL: dict[str, dict[str, Any]] = {
    version: {
        "inter_channels": 192,
        "hidden_channels": 192,
        "filter_channels": 768,
        "n_heads": 2,
        "n_layers": 6,
        "kernel_size": 3,
        "resblock_kernel_sizes": [3, 7, 11],
        "resblock_dilation_sizes": [[1, 3, 5]] * 3,
        "upsample_rates": [10, 8, 2, 2, 2],
        "upsample_initial_channel": 768 if version == "v2ProPlus" else 512,
        "upsample_kernel_sizes": [20 if version == "v2ProPlus" else 16, 16, 8, 2, 2],
        "gin_channels": 1024 if "Pro" in version else 512,
    }
    for version in ("v1", "v2", "v2Pro", "v2ProPlus")
}
"""Settings by version, as in the files."""
TINY = {"filter_channels": 64, "n_layers": 2, "upsample_initial_channel": 32}
"""Over the settings of a version: what the small golden cases have."""


def shapes(version: str, settings: Mapping[str, Any] | None = None) -> dict[str, Shape]:
    """Names to shapes.

    Args:
        version: `v1`, `v2`, `v2Pro` or `v2ProPlus`.
        settings: The model's, as in the file; the official ones of the version without it.
    """
    settings = OFFICIAL[version] if settings is None else settings
    found = dict(_prior(version, settings))
    found.update(_decoder(settings))
    found.update(_flow(settings["gin_channels"]))
    found.update(_style(version, settings["gin_channels"]))
    found.update(_linear("ssl_proj", (768, 768, 2)))
    book = "quantizer.vq.layers.0._codebook"
    found[f"{book}.inited"] = (1,)
    found[f"{book}.cluster_size"] = (1024,)
    found[f"{book}.embed"] = found[f"{book}.embed_avg"] = (1024, 768)
    return found


def _linear(name: str, shape: Sequence[int]) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", tuple(shape)
    yield f"{name}.bias", (shape[0],)


def _normed(name: str, shape: Sequence[int], n_bias: int | None = None) -> dict[str, Shape]:
    """A convolution with weight norm."""
    return {
        f"{name}.bias": (shape[0] if n_bias is None else n_bias,),
        f"{name}.weight_g": (shape[0], 1, 1),
        f"{name}.weight_v": tuple(shape),
    }


def _prior(version: str, settings: Mapping[str, Any]) -> Iterator[tuple[str, Shape]]:
    n, n_filter, n_layers = N_HIDDEN, settings["filter_channels"], settings["n_layers"]
    yield from _linear("enc_p.ssl_proj", (n, 768, 1))
    yield "enc_p.text_embedding.weight", (322 if version == "v1" else 732, n)
    for name, count in (
        ("encoder_ssl", n_layers // 2),
        ("encoder_text", n_layers),
        ("encoder2", n_layers // 2),
    ):
        for i in range(count):
            attention = f"enc_p.{name}.attn_layers.{i}"
            for part in "qkvo":
                yield from _linear(f"{attention}.conv_{part}", (n, n, 1))
            for part in "kv":
                yield f"{attention}.emb_rel_{part}", (1, 9, n // settings["n_heads"])
            for norm in (1, 2):
                for leaf in ("gamma", "beta"):
                    yield f"enc_p.{name}.norm_layers_{norm}.{i}.{leaf}", (n,)
            yield from _linear(f"enc_p.{name}.ffn_layers.{i}.conv_1", (n_filter, n, 3))
            yield from _linear(f"enc_p.{name}.ffn_layers.{i}.conv_2", (n, n_filter, 3))
    for part in "qkvo":
        yield from _linear(f"enc_p.mrte.cross_attention.conv_{part}", (N_CROSS, N_CROSS, 1))
    yield from _linear("enc_p.mrte.c_pre", (N_CROSS, n, 1))
    yield from _linear("enc_p.mrte.text_pre", (N_CROSS, n, 1))
    yield from _linear("enc_p.mrte.c_post", (n, N_CROSS, 1))
    yield from _linear("enc_p.proj", (2 * n, n, 1))


def _decoder(settings: Mapping[str, Any]) -> Iterator[tuple[str, Shape]]:
    n = settings["upsample_initial_channel"]
    yield from _linear("dec.conv_pre", (n, N_HIDDEN, 7))
    yield from _linear("dec.cond", (n, settings["gin_channels"], 1))
    block = 0
    for i, taps in enumerate(settings["upsample_kernel_sizes"]):
        yield from _normed(f"dec.ups.{i}", (n, n // 2, taps), n // 2).items()
        n //= 2
        for width in settings["resblock_kernel_sizes"]:
            for kind in ("convs1", "convs2"):
                for j in range(3):
                    name = f"dec.resblocks.{block}.{kind}.{j}"
                    yield from _normed(name, (n, n, width)).items()
            block += 1
    yield "dec.conv_post.weight", (1, n, 7)


def _flow(n_style: int) -> Iterator[tuple[str, Shape]]:
    n = N_HIDDEN
    for i in (0, 2, 4, 6):
        name = f"flow.flows.{i}"
        yield from _linear(f"{name}.pre", (n, n // 2, 1))
        yield from _linear(f"{name}.post", (n // 2, n, 1))
        yield from _normed(f"{name}.enc.cond_layer", (8 * n, n_style, 1)).items()
        for j in range(4):
            yield from _normed(f"{name}.enc.in_layers.{j}", (2 * n, n, 5)).items()
            n_out = n if j == 3 else 2 * n
            yield from _normed(f"{name}.enc.res_skip_layers.{j}", (n_out, n, 1)).items()


def _style(version: str, n_style: int) -> Iterator[tuple[str, Shape]]:
    n = N_STYLE_HIDDEN
    yield from _linear("ref_enc.spectral.0.fc", (n, 1025 if version == "v1" else 704))
    yield from _linear("ref_enc.spectral.3.fc", (n, n))
    for i in (0, 1):
        yield from _linear(f"ref_enc.temporal.{i}.conv1.conv", (2 * n, n, 5))
    for part in ("w_qs", "w_ks", "w_vs", "fc"):
        yield from _linear(f"ref_enc.slf_attn.{part}", (n, n))
    yield from _linear("ref_enc.fc.fc", (n_style, n))
    if "Pro" in version:
        yield from _linear("sv_emb", (n_style, 20480))
        yield from _linear("ge_to512", (N_CROSS, n_style))
        yield "prelu.weight", (n_style,)
