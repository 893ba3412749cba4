"""The semantic transformer as one writes it first: what the reference implementation's speed is
judged by, since it cannot be run here.

As there: float32, one matrix for queries, keys and values, torch's fused attention; rows of a batch
padded on the left; a mask of all positions by all positions for every head; keys and values joined
anew at every step; chances sorted and normed over the whole vocabulary; the end looked for on the
host at every step. Left out is what TorchScript may save of its own calls between operations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import layer_norm, linear, relu, scaled_dot_product_attention

from core.engines.gpt_sovits.dims import SemanticDims
from core.engines.gpt_sovits.writing import Line

Weights = Mapping[str, Tensor]


class Plain:
    """
    Args:
        dims: Sizes.
        weights: f32, by their published names.
    """

    def __init__(self, dims: SemanticDims, weights: Weights) -> None:
        self.dims = dims
        self._weights = {name.removeprefix("model."): t for name, t in weights.items()}
        even = torch.arange(0, dims.n_width, 2)
        rates = torch.exp(even * (-math.log(10000.0) / dims.n_width))
        angles = torch.arange(4000)[:, None] * rates
        self._sines = torch.stack((angles.sin(), angles.cos()), -1).flatten(1)

    @torch.inference_mode()
    def write(
        self,
        lines: Sequence[Line],
        n_tokens: int,
        top_k: int = 15,
        on_token: Callable[[], None] = lambda: None,
    ) -> Tensor:
        """i64 [B, n_tokens], none of which ends a row; prompts of one length."""
        longest = max(len(line.phones) for line in lines)
        prompts = torch.stack([line.prompt for line in lines])
        x, mask = self._beginning(lines, longest)
        cache: list[tuple[Tensor, Tensor]] = []
        for layer in range(self.dims.n_layers):
            x, keys, values = self._layer(layer, x, mask, None)
            cache.append((keys, values))
        drawn = prompts
        padded = mask[:, :1, -1:, :longest]
        for index in range(n_tokens):
            logits = linear(x[:, -1], self._weights["ar_predict_layer.weight"])
            logits[:, -1] = -torch.inf
            token = self._draw(logits, drawn, top_k)
            drawn = torch.cat((drawn, token), 1)
            if (token == self.dims.end).any().item():
                raise AssertionError("a row ended: the measure is of rows that do not")
            on_token()
            if index + 1 == n_tokens:
                break
            place = prompts.shape[1] + index
            x = self._token("ar_audio", token, place)
            n = cache[0][0].shape[1] + 1
            free = torch.zeros(len(lines), 1, 1, n - longest, dtype=torch.bool)
            now = torch.cat((padded, free), -1).expand(-1, self.dims.n_heads, -1, -1)
            for layer in range(self.dims.n_layers):
                x, keys, values = self._layer(layer, x, now, cache[layer])
                cache[layer] = keys, values
        return drawn[:, prompts.shape[1] :]

    def _beginning(self, lines: Sequence[Line], longest: int) -> tuple[Tensor, Tensor]:
        """x [B, S, n_width]; what may not be seen, bool [B, n_heads, S, S]."""
        get = self._weights
        rows, n_prompt = [], len(lines[0].prompt)
        n = longest + n_prompt
        hidden = torch.zeros(len(lines), n, n, dtype=torch.bool)
        spoken = torch.ones(n_prompt, n_prompt, dtype=torch.bool).triu(1)
        for row, line in enumerate(lines):
            n_phones = len(line.phones)
            text = get["ar_text_embedding.word_embeddings.weight"][line.phones]
            bert = torch.zeros(self.dims.n_bert, n_phones) if line.bert is None else line.bert
            text = text + linear(bert.T, get["bert_proj.weight"], get["bert_proj.bias"])
            text = text + get["ar_text_position.alpha"] * self._sines[:n_phones]
            sound = self._token("ar_audio", line.prompt, 0)
            rows.append(
                torch.cat((torch.zeros(longest - n_phones, self.dims.n_width), text, sound))
            )
            hidden[row, :longest, longest:] = True
            hidden[row, longest:, longest:] = spoken
            hidden[row, :, : longest - n_phones] = True
        # A mask for every head, as there.
        every = hidden[:, None].expand(-1, self.dims.n_heads, -1, -1).clone()
        return torch.stack(rows), every

    def _token(self, table: str, tokens: Tensor, place: int) -> Tensor:
        """Embedded, from a position on: [..., n, n_width]."""
        get = self._weights
        places = self._sines[place : place + tokens.shape[-1]]
        scaled = get[f"{table}_position.alpha"] * places
        return get[f"{table}_embedding.word_embeddings.weight"][tokens] + scaled

    def _layer(
        self, index: int, x: Tensor, hidden: Tensor, before: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        def get(name: str) -> Tensor:
            return self._weights[f"h.layers.{index}.{name}"]

        width = self.dims.n_width
        qkv = linear(x, get("self_attn.in_proj_weight"), get("self_attn.in_proj_bias"))
        queries, keys, values = qkv.chunk(3, -1)
        if before is not None:
            keys = torch.cat((before[0], keys), 1)
            values = torch.cat((before[1], values), 1)
        # A row of nothing but padding may see nothing at all: its result is no number, and unused.
        heads = [self._heads(part) for part in (queries, keys, values)]
        attended = scaled_dot_product_attention(*heads, attn_mask=~hidden).nan_to_num()
        attended = attended.transpose(1, 2).flatten(2)
        x = x + linear(attended, get("self_attn.out_proj.weight"), get("self_attn.out_proj.bias"))
        x = layer_norm(x, (width,), get("norm1.weight"), get("norm1.bias"))
        inner = relu(linear(x, get("linear1.weight"), get("linear1.bias")))
        x = x + linear(inner, get("linear2.weight"), get("linear2.bias"))
        return layer_norm(x, (width,), get("norm2.weight"), get("norm2.bias")), keys, values

    def _heads(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:2], self.dims.n_heads, -1).transpose(1, 2)

    @staticmethod
    def _draw(logits: Tensor, drawn: Tensor, top_k: int) -> Tensor:
        """i64 [B, 1]."""
        had = logits.gather(1, drawn)
        logits = logits.scatter(1, drawn, torch.where(had < 0, had * 1.35, had / 1.35))
        pivot = logits.topk(top_k).values[:, -1:]
        chances = logits.masked_fill(logits < pivot, -torch.inf).softmax(-1)
        return (chances / torch.empty_like(chances).exponential_()).argmax(-1, keepdim=True)
