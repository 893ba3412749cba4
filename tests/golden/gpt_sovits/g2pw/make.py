"""Makes the tiny stand-in for g2pW beside this file: same inputs and outputs, random weights.

    pip install onnx && python tests/golden/gpt_sovits/g2pw/make.py

What it answers depends on the character, its place, its context and its mask, as the real one's.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).parent
N_TOKENS, WIDTH = 32, 8
POLYPHONIC = [
    ("行", "ㄏㄤ2"), ("行", "ㄒㄧㄥ2"), ("長", "ㄓㄤ3"), ("長", "ㄔㄤ2"), ("還", "ㄏㄞ2"),
    ("還", "ㄏㄨㄢ2"), ("不", "ㄅㄨ4"), ("不", "ㄅㄨ2"), ("重", "ㄓㄨㄥ4"), ("重", "ㄔㄨㄥ2"),
]  # fmt: skip
MONOPHONIC = [("銀", "ㄧㄣ2"), ("似", "ㄙ4"), ("們", "ㄇㄣ5")]
PINYIN = {
    "ㄏㄤ": "hang", "ㄒㄧㄥ": "xing", "ㄓㄤ": "zhang", "ㄔㄤ": "chang", "ㄏㄞ": "hai",
    "ㄏㄨㄢ": "huan", "ㄅㄨ": "bu", "ㄓㄨㄥ": "zhong", "ㄔㄨㄥ": "chong", "ㄧㄣ": "yin",
    "ㄙ": "si", "ㄇㄣ": "men",
}  # fmt: skip


def main() -> None:
    labels = sorted({reading for _, reading in POLYPHONIC})
    n_chars = len({char for char, _ in POLYPHONIC})
    draw = np.random.default_rng(7)
    weights = {
        "tokens": draw.normal(size=(N_TOKENS, WIDTH)),
        "chars": 0.2 * draw.normal(size=(n_chars, WIDTH)),
        "out": draw.normal(size=(WIDTH, len(labels))),
        "far": np.array([1e4]),
        "one": np.array([1.0]),
        "much": np.array([4.0]),
    }
    tensors = [
        numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()
    ]
    tensors += [
        numpy_helper.from_array(np.array(value, np.int64), name)
        for name, value in {"axis1": [1], "axis2": [2], "second": 1}.items()
    ]
    tensors.append(numpy_helper.from_array(np.array([0.0, 1.0], np.float32), "off_on"))
    nodes = [
        helper.make_node("Gather", ["tokens", "input_ids"], ["read"]),  # [B, L, W]
        helper.make_node("ReduceMean", ["read"], ["around"], axes=[1], keepdims=0),  # [B, W]
        helper.make_node("Shape", ["input_ids"], ["shape"]),
        helper.make_node("Gather", ["shape", "second"], ["length"]),
        helper.make_node("OneHot", ["position_ids", "length", "off_on"], ["here"]),  # [B, L]
        helper.make_node("Unsqueeze", ["here", "axis2"], ["here_wide"]),
        helper.make_node("Mul", ["read", "here_wide"], ["picked"]),
        helper.make_node("ReduceSum", ["picked", "axis1"], ["itself"], keepdims=0),  # [B, W]
        helper.make_node("Gather", ["chars", "char_ids"], ["char"]),  # [B, W]
        helper.make_node("Mul", ["around", "much"], ["far_around"]),
        helper.make_node("Add", ["itself", "far_around"], ["where"]),
        helper.make_node("Add", ["where", "char"], ["all"]),
        helper.make_node("MatMul", ["all", "out"], ["scores"]),  # [B, N]
        helper.make_node("Sub", ["phoneme_mask", "one"], ["barred"]),
        helper.make_node("Mul", ["barred", "far"], ["penalty"]),
        helper.make_node("Add", ["scores", "penalty"], ["allowed"]),
        helper.make_node("Softmax", ["allowed"], ["probs"], axis=1),
    ]

    def value(name: str, kind: int, *shape: str | int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, list(shape))

    whole, real = TensorProto.INT64, TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "g2pw_stand_in",
        [
            value("input_ids", whole, "batch", "tokens"),
            value("token_type_ids", whole, "batch", "tokens"),
            value("attention_mask", whole, "batch", "tokens"),
            value("phoneme_mask", real, "batch", len(labels)),
            value("char_ids", whole, "batch"),
            value("position_ids", whole, "batch"),
        ],
        [value("probs", real, "batch", len(labels))],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, str(HERE / "g2pW.onnx"))
    for name, pairs in (("POLYPHONIC", POLYPHONIC), ("MONOPHONIC", MONOPHONIC)):
        lines = "\n".join("\t".join(pair) for pair in pairs)
        (HERE / f"{name}_CHARS.txt").write_text(lines, encoding="utf-8")
    text = json.dumps(PINYIN, ensure_ascii=False, indent=1)
    (HERE / "bopomofo_to_pinyin_wo_tune_dict.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
