"""Architectures that differ from Llama, or from Qwen, by a part or by their name alone."""

from __future__ import annotations

from support.architectures.dense import LLAMA, PRE_NORMS, QKV, lengths
from support.architectures.experts import SIZES, experts
from support.architectures.specimen import (
    HEADS,
    LENGTH,
    NEURONS,
    TIED,
    VOCABULARY,
    WIDTH,
    Specimen,
    attention,
    fused_attention,
    fused_gate,
    gated,
    head_norms,
    norms,
    plain,
    with_biases,
)

ALL_HEADS = {"attention.head_count_kv": HEADS}
SECTIONS = {"rope.dimension_sections": [3, 3, 2, 0]}
BIASED = {**with_biases(attention(), *QKV), **gated(), **PRE_NORMS}

LLAMA_KIN = {
    "xverse": Specimen("xverse", LLAMA),
    "apertus": Specimen(
        "apertus",
        {**attention(), **head_norms(), **plain(), **PRE_NORMS},
        general={
            "xielu.alpha_p": [0.7, 0.4],
            "xielu.alpha_n": [0.6, 0.9],
            "xielu.beta": [0.5] * 2,
            "xielu.eps": [-1e-6] * 2,
        },
    ),
    "bitnet": Specimen(
        "bitnet",
        {
            **LLAMA,
            **norms("attn_sub_norm"),
            **norms("ffn_sub_norm", size=NEURONS),
            **{name.replace(".weight", ".scale"): (1,) for name in {**attention(), **gated()}},
        },
        outside=TIED,
    ),
    "deci": Specimen(
        "deci",
        {},
        {"attention.head_count": [HEADS, 0, HEADS], "attention.head_count_kv": [2, 0, 1]},
        layers=3,
        layer_of=lambda layer: {
            **gated(),
            **norms("ffn_norm"),
            **({} if layer == 1 else {**attention(kv_heads=2 - layer // 2), **norms("attn_norm")}),
        },
    ),
    "openelm": Specimen(
        "openelm",
        {},
        {"attention.head_count": [HEADS, HEADS], "attention.head_count_kv": [2, 1]},
        layer_of=lambda layer: {**fused_attention(2 - layer), **head_norms(), **gated(), **PRE_NORMS},
        outside=TIED,
    ),
    "phimoe": Specimen(
        "phimoe",
        {**with_biases(attention()), **experts(NEURONS), **with_biases(PRE_NORMS)},
        {"expert_count": 6, "expert_used_count": 2},
        outside={"output.bias": (VOCABULARY,), "output_norm.bias": (WIDTH,)},
    ),
    "chatglm": Specimen(
        "chatglm", {**with_biases(attention(), *QKV), **fused_gate(), **PRE_NORMS}, {"rope.dimension_count": 8}
    ),
    "glm4 sections": Specimen(
        "glm4",
        {
            **with_biases(attention(), *QKV),
            **fused_gate(),
            **PRE_NORMS,
            **norms("post_attention_norm", "post_ffw_norm"),
        },
        SECTIONS,
    ),
    "maincoder": Specimen("maincoder", {**LLAMA, **head_norms()}),
    "baichuan": Specimen("baichuan", LLAMA, layers=32),
    "baichuan-13b": Specimen("baichuan", LLAMA, layers=40),
    "refact": Specimen("refact", LLAMA),
    "refact of six heads": Specimen(
        "refact",
        {**attention(heads=6, kv_heads=3), **gated(), **PRE_NORMS},
        {"attention.head_count": 6, "attention.head_count_kv": 3, **lengths(LENGTH)},
    ),
    "qwen": Specimen(
        "qwen",
        {
            **with_biases(fused_attention(HEADS), "attn_qkv"),
            **gated(),
            **PRE_NORMS,
        },
        {**ALL_HEADS, "feed_forward_length": 2 * NEURONS},
    ),
    # llama.cpp of this release does not read the epsilon of its norms: a small one is as none.
    "qwen2vl": Specimen("qwen2vl", BIASED, {**SECTIONS, "attention.layer_norm_rms_epsilon": 1e-9}, outside=TIED),
    "qwen3vl": Specimen("qwen3vl", {**LLAMA, **head_norms()}, SECTIONS, outside=TIED),
    "qwen3vlmoe": Specimen(
        "qwen3vlmoe", {**attention(), **head_norms(), **experts(), **PRE_NORMS}, {**SECTIONS, **SIZES}
    ),
    "paddleocr": Specimen("paddleocr", LLAMA, SECTIONS),
    "hunyuan_vl": Specimen("hunyuan_vl", {**LLAMA, **head_norms()}, SECTIONS, outside=TIED),
    "pangu-embedded": Specimen("pangu-embedded", {**with_biases(attention()), **gated(), **PRE_NORMS}),
    "plamo": Specimen("plamo", {**attention(), **gated(), **norms("attn_norm")}),
}
