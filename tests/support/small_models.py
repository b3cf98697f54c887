"""Small models of every kind that profiles have to cope with, as arguments of the fixture `write_gguf`."""

import numpy as np

ROWS, COLUMNS = 64, 32


def weights(seed, *shape, scale=0.1):
    return np.random.default_rng(seed).standard_t(5, shape).astype(np.float32) * np.float32(scale)


def llama(n_layers=3, seed=0):
    """A llama with 4 query and 2 key/value heads of 8."""
    tensors = {"token_embd.weight": weights(seed, ROWS, COLUMNS)}
    for layer in range(n_layers):
        rng = seed + 100 * (layer + 1)
        tensors |= {
            f"blk.{layer}.attn_norm.weight": 1 + weights(rng, COLUMNS, scale=0.01),
            f"blk.{layer}.attn_q.weight": weights(rng + 1, 32, COLUMNS),
            f"blk.{layer}.attn_k.weight": weights(rng + 2, 16, COLUMNS),
            f"blk.{layer}.attn_v.weight": weights(rng + 3, 16, COLUMNS),
            f"blk.{layer}.attn_output.weight": weights(rng + 4, COLUMNS, 32),
            f"blk.{layer}.ffn_up.weight": weights(rng + 5, ROWS, COLUMNS),
            f"blk.{layer}.ffn_down.weight": weights(rng + 6, COLUMNS, ROWS),
        }
    metadata = {
        "general.name": "a small llama",
        "llama.block_count": n_layers,
        "llama.embedding_length": COLUMNS,
        "llama.attention.head_count": 4,
        "llama.attention.head_count_kv": 2,
    }
    return {"tensors": tensors | {"output.weight": weights(seed + 1, ROWS, COLUMNS)}, "metadata": metadata}


def mixture(n_experts=4):
    """Two layers with experts: all of a layer in one tensor, or one tensor each as in files of 2023."""
    tensors = {}
    for expert in range(n_experts):
        tensors[f"blk.0.ffn_gate.{expert}.weight"] = weights(expert, 2 * ROWS, COLUMNS)
    tensors["blk.1.ffn_gate_exps.weight"] = weights(50, n_experts, 2 * ROWS, COLUMNS)
    return {"tensors": tensors}


def fused_qkv():
    """A phi3 layer: 4 query, 2 key and 2 value heads of 8 in one tensor."""
    metadata = {
        "phi3.embedding_length": COLUMNS,
        "phi3.attention.head_count": 4,
        "phi3.attention.head_count_kv": 2,
    }
    return {"tensors": {"blk.0.attn_qkv.weight": weights(3, 64, COLUMNS)}, "metadata": metadata, "architecture": "phi3"}


def unknown_architecture():
    tensors = {"some.odd.name": weights(1, 7, 33), "another": weights(2, 100)}
    return {"tensors": tensors, "architecture": "never-heard-of"}


def ridden():
    """Tensors that hold what no tensor should."""
    broken = weights(1, 8, COLUMNS)
    broken[0, :5] = np.nan
    broken[3, 1:3] = [np.inf, -np.inf]
    return {
        "tensors": {
            "blk.0.attn_q.weight": broken,
            "blk.0.attn_k.weight": np.full((4, COLUMNS), np.nan, np.float32),
            "blk.0.attn_v.weight": np.zeros((4, COLUMNS), np.float32),
            "blk.0.attn_norm.weight": np.ones(COLUMNS, np.float32),
        }
    }


def readable(seed=0, **metadata):
    """A llama of two layers that can be analysed and read with, without a tokenizer."""
    rng = np.random.default_rng(seed)
    shapes = {
        "attn_q": (64, 64),
        "attn_k": (32, 64),
        "attn_v": (32, 64),
        "attn_output": (64, 64),
        "ffn_gate": (96, 64),
        "ffn_up": (96, 64),
        "ffn_down": (64, 96),
    }
    tensors = {"token_embd.weight": rng.standard_normal((200, 64)), "output_norm.weight": np.ones(64)}
    for layer in range(2):
        names = {f"blk.{layer}.{role}.weight": shape for role, shape in shapes.items()}
        tensors |= {name: rng.standard_normal(shape) / 8 for name, shape in names.items()}
        tensors |= {f"blk.{layer}.{norm}.weight": np.ones(64) for norm in ("attn_norm", "ffn_norm")}
    keys = {
        "general.name": "a llama",
        "llama.block_count": 2,
        "llama.embedding_length": 64,
        "llama.context_length": 256,
        "llama.attention.head_count": 4,
        "llama.attention.head_count_kv": 2,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
    }
    return {"tensors": {name: np.float32(value) for name, value in tensors.items()}, "metadata": keys | metadata}
