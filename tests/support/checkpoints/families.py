"""Tiny models of families by the names of Hugging Face's classes, with the configs that their files would have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

D, FFN, HEADS, KV, SIZE, VOCAB, LAYERS, EXPERTS = 32, 48, 4, 2, 8, 64, 2, 4


@dataclass(frozen=True)
class Tiny:
    """A model before it is written."""

    tensors: dict[str, np.ndarray]
    config: dict[str, Any]


def _drawn(shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    return {
        name: (rng.standard_normal(shape) * 0.1 + (len(shape) == 1 and "norm" in name)).astype(np.float32)
        for name, shape in shapes.items()
    }


def _common(architecture: str, **more: Any) -> dict[str, Any]:
    return {
        "architectures": [architecture],
        "hidden_size": D,
        "intermediate_size": FFN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV,
        "max_position_embeddings": 128,
        "rms_norm_eps": 1e-5,
        "rope_theta": 500000.0,
        "vocab_size": VOCAB,
        **more,
    }


def _around() -> dict[str, tuple[int, ...]]:
    return {"model.embed_tokens.weight": (VOCAB, D), "model.norm.weight": (D,)}


def _attention(at: str, size: int = SIZE) -> dict[str, tuple[int, ...]]:
    return {
        f"{at}.self_attn.q_proj.weight": (HEADS * size, D),
        f"{at}.self_attn.k_proj.weight": (KV * size, D),
        f"{at}.self_attn.v_proj.weight": (KV * size, D),
        f"{at}.self_attn.o_proj.weight": (D, HEADS * size),
    }


def _dense(at: str) -> dict[str, tuple[int, ...]]:
    return {f"{at}.mlp.{name}_proj.weight": (D, FFN) if name == "down" else (FFN, D) for name in ("gate", "up", "down")}


def _norms(at: str, *more: str) -> dict[str, tuple[int, ...]]:
    return {f"{at}.{name}.weight": (D,) for name in ("input_layernorm", "post_attention_layernorm", *more)}


def llama() -> Tiny:
    shapes = _around() | {"lm_head.weight": (VOCAB, D)}
    for layer in range(LAYERS):
        at = f"model.layers.{layer}"
        shapes |= _norms(at) | _attention(at) | _dense(at) | {f"{at}.self_attn.q_proj.bias": (HEADS * SIZE,)}
        shapes[f"{at}.self_attn.rotary_emb.inv_freq"] = (SIZE // 2,)
    return Tiny(_drawn(shapes), _common("LlamaForCausalLM"))


def qwen3() -> Tiny:
    shapes = _around()
    for layer in range(LAYERS):
        at = f"model.layers.{layer}"
        norms = {f"{at}.self_attn.{name}_norm.weight": (16,) for name in "qk"}
        shapes |= _norms(at) | _attention(at, 16) | _dense(at) | norms
    return Tiny(_drawn(shapes), _common("Qwen3ForCausalLM", head_dim=16, tie_word_embeddings=True))


def gemma3() -> Tiny:
    shapes = _around()
    for layer in range(LAYERS):
        at = f"model.layers.{layer}"
        norms = {f"{at}.self_attn.{name}_norm.weight": (16,) for name in "qk"}
        own = _norms(at, "pre_feedforward_layernorm", "post_feedforward_layernorm")
        shapes |= own | _attention(at, 16) | _dense(at) | norms
    config = _common("Gemma3ForCausalLM", head_dim=16, sliding_window=32, rope_local_base_freq=10000.0)
    return Tiny(_drawn(shapes), config)


def mixtral() -> Tiny:
    shapes = _around() | {"lm_head.weight": (VOCAB, D)}
    for layer in range(LAYERS):
        at = f"model.layers.{layer}"
        shapes |= _norms(at) | _attention(at) | {f"{at}.block_sparse_moe.gate.weight": (EXPERTS, D)}
        for expert in range(EXPERTS):
            for name in ("w1", "w2", "w3"):
                shape = (D, FFN) if name == "w2" else (FFN, D)
                shapes[f"{at}.block_sparse_moe.experts.{expert}.{name}.weight"] = shape
    return Tiny(_drawn(shapes), _common("MixtralForCausalLM", num_local_experts=EXPERTS, num_experts_per_tok=2))


def gpt2() -> Tiny:
    shapes: dict[str, tuple[int, ...]] = {
        "transformer.wte.weight": (VOCAB, D),
        "transformer.wpe.weight": (128, D),
        "transformer.ln_f.weight": (D,),
        "transformer.ln_f.bias": (D,),
    }
    for layer in range(LAYERS):
        at = f"transformer.h.{layer}"
        for name, rows, columns in (
            ("attn.c_attn", D, 3 * D),
            ("attn.c_proj", D, D),
            ("mlp.c_fc", D, 4 * D),
            ("mlp.c_proj", 4 * D, D),
        ):
            shapes |= {f"{at}.{name}.weight": (rows, columns), f"{at}.{name}.bias": (columns,)}
        shapes |= {f"{at}.{norm}.{part}": (D,) for norm in ("ln_1", "ln_2") for part in ("weight", "bias")}
        shapes[f"{at}.attn.bias"] = (1, 1, 128, 128)
    config = {"n_embd": D, "n_layer": LAYERS, "n_head": HEADS, "n_positions": 128, "layer_norm_epsilon": 1e-5}
    return Tiny(_drawn(shapes), {"architectures": ["GPT2LMHeadModel"], "vocab_size": VOCAB, **config})


def falcon() -> Tiny:
    shapes: dict[str, tuple[int, ...]] = {
        "transformer.word_embeddings.weight": (VOCAB, D),
        "transformer.ln_f.weight": (D,),
        "transformer.ln_f.bias": (D,),
    }
    for layer in range(LAYERS):
        at = f"transformer.h.{layer}"
        shapes[f"{at}.self_attention.query_key_value.weight"] = ((HEADS + 2 * KV) * SIZE, D)
    config = {"hidden_size": D, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_kv_heads": KV}
    return Tiny(_drawn(shapes), {"architectures": ["FalconForCausalLM"], "layer_norm_epsilon": 1e-5, **config})


FAMILIES: dict[str, Callable[[], Tiny]] = {
    each.__name__: each for each in (llama, qwen3, gemma3, mixtral, gpt2, falcon)
}
