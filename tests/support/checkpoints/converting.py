"""A converter in NumPy: names typed by hand, rules as llama.cpp's converter has them, everything as float32."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from .families import EXPERTS, HEADS, KV, LAYERS, SIZE, Tiny
from .writing import read_back

Tensors = dict[str, np.ndarray]

_AROUND = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "transformer.wte": "token_embd",
    "transformer.wpe": "position_embd",
    "transformer.ln_f": "output_norm",
    "transformer.word_embeddings": "token_embd",
}
_IN_LAYER = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "block_sparse_moe.gate": "ffn_gate_inp",
    "ln_1": "attn_norm",
    "ln_2": "ffn_norm",
    "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
    "self_attention.query_key_value": "attn_qkv",
}
_OF_GEMMA = {
    "post_attention_layernorm": "post_attention_norm",
    "pre_feedforward_layernorm": "ffn_norm",
    "post_feedforward_layernorm": "post_ffw_norm",
}
_EXPERTS = {"w1": "ffn_gate_exps", "w2": "ffn_down_exps", "w3": "ffn_up_exps"}
_LEFT_OUT = re.compile(r"inv_freq$|\.attn\.bias$")


def permuted(rows: np.ndarray, n_heads: int) -> np.ndarray:
    """Rows of each head in pairs, from halves."""
    size = len(rows) // n_heads
    order = [
        head * size + half * size // 2 + at for head in range(n_heads) for at in range(size // 2) for half in (0, 1)
    ]
    return rows[order]


def converted(tiny: Tiny, family: str, dtype: str = "F32") -> Tensors:
    """GGUF's names → weights, float32, of a checkpoint that has them as `dtype`."""
    read = {name: read_back(each, dtype) for name, each in tiny.tensors.items() if not _LEFT_OUT.search(name)}
    plain: Tensors = {}
    for name, weights in read.items():
        new = _named(name, family)
        if new is not None:
            plain[new] = _ruled(name, weights, family).astype(np.float32)
    if family == "mixtral":
        for layer in range(LAYERS):
            for part, role in _EXPERTS.items():
                of = f"model.layers.{layer}.block_sparse_moe.experts"
                stack = [read[f"{of}.{expert}.{part}.weight"] for expert in range(EXPERTS)]
                plain[f"blk.{layer}.{role}.weight"] = np.stack(stack).astype(np.float32)
    return plain


def _named(name: str, family: str) -> str | None:
    stem, _, kind = name.rpartition(".")
    if stem in _AROUND:
        return f"{_AROUND[stem]}.{kind}"
    match = re.fullmatch(r"(?:model\.layers|transformer\.h)\.(\d+)\.(.+)", stem)
    assert match is not None
    table = {**_IN_LAYER, **(_OF_GEMMA if family == "gemma3" else {})}
    return f"blk.{match[1]}.{table[match[2]]}.{kind}" if match[2] in table else None


def _ruled(name: str, weights: np.ndarray, family: str) -> np.ndarray:
    if family in {"llama", "mixtral"} and ("q_proj" in name or "k_proj" in name):
        return permuted(weights, HEADS if "q_proj" in name else KV)
    if family == "gemma3" and name.endswith("norm.weight"):
        return weights + np.ones((), weights.dtype)  # float16 rounds here, as PyTorch does
    if family == "gpt2" and re.search(r"\.c_(attn|proj|fc)\.weight$", name):
        return weights.T
    if family == "falcon" and "query_key_value" in name:
        groups = weights.reshape(KV, HEADS // KV + 2, SIZE, -1)
        parts = groups[:, :-2], groups[:, -2], groups[:, -1]
        return np.concatenate([part.reshape(-1, weights.shape[-1]) for part in parts])
    return weights


_ARCHITECTURES = {"mixtral": "llama"}
_KEYS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "block_count": lambda config: config["num_hidden_layers"],
    "context_length": lambda config: config["max_position_embeddings"],
    "embedding_length": lambda config: config["hidden_size"],
    "feed_forward_length": lambda config: config["intermediate_size"],
    "attention.head_count": lambda config: config["num_attention_heads"],
    "attention.head_count_kv": lambda config: config["num_key_value_heads"],
    "attention.layer_norm_rms_epsilon": lambda config: config["rms_norm_eps"],
    "rope.freq_base": lambda config: config["rope_theta"],
}
_OWN: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "llama": lambda config: {"rope.dimension_count": SIZE, "vocab_size": config["vocab_size"]},
    "mixtral": lambda config: {
        "rope.dimension_count": SIZE,
        "vocab_size": config["vocab_size"],
        "expert_count": config["num_local_experts"],
        "expert_used_count": config["num_experts_per_tok"],
    },
    "qwen3": lambda config: {"attention.key_length": config["head_dim"], "attention.value_length": config["head_dim"]},
    "gemma3": lambda config: {
        "attention.key_length": config["head_dim"],
        "attention.value_length": config["head_dim"],
        "attention.sliding_window": config["sliding_window"],
        "rope.freq_base_swa": config["rope_local_base_freq"],
    },
}


def metadata(tiny: Tiny, family: str) -> dict[str, Any]:
    """The keys of the architecture, of families with the usual config."""
    prefix = architecture(family)
    values = {name: read(tiny.config) for name, read in _KEYS.items()} | _OWN[family](tiny.config)
    return {f"{prefix}.{name}": value for name, value in values.items()}


def architecture(family: str) -> str:
    """GGUF's name of a family."""
    return _ARCHITECTURES.get(family, family)
