"""A tiny random model, and what may be planted in it: a previous-token head, the induction head behind it, a neuron.

Every token has a code of ±1 in the channels CODE; the channels BEHIND are empty, and CONSTANT is the same in all. The
planted head of layer 0 looks at the token before, by RoPE alone, and writes its code to BEHIND; that of layer 1 looks
for keys that have the query's code there: the token behind an earlier one like the query.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

WIDTH, VOCABULARY, LAYERS, HEADS, NEURONS = 160, 300, 2, 4, 96
ROTATED, KEY = 16, 80  # of a head: what RoPE turns comes first
CODE, BEHIND, CONSTANT = slice(0, 64), slice(64, 128), 128
HEAD, NEURON = 1, 17  # the planted ones
LEVEL = 4.0


def random_model(seed: int) -> dict[str, Floats]:
    """Heads whose attention is neither flat nor sharp, and neurons that are all active."""
    chance = np.random.default_rng(seed)

    def matrix(rows: int, columns: int, size: float) -> Any:
        return size * chance.standard_normal((rows, columns)) / columns**0.5

    embedding = 0.1 * chance.standard_normal((VOCABULARY, WIDTH))
    embedding[:, CODE] = chance.choice([-1.0, 1.0], (VOCABULARY, 64))
    embedding[:, CONSTANT] = LEVEL
    tensors: dict[str, Any] = {"token_embd.weight": embedding, "output_norm.weight": np.ones(WIDTH)}
    for layer in range(LAYERS):
        block = {
            "attn_norm": np.ones(WIDTH),
            "attn_q": matrix(HEADS * KEY, WIDTH, 1.6),
            "attn_k": matrix(HEADS * KEY, WIDTH, 1.6),
            "attn_v": matrix(HEADS * KEY, WIDTH, 1.0),
            "attn_output": matrix(WIDTH, HEADS * KEY, 0.2),
            "ffn_norm": np.ones(WIDTH),
            "ffn_gate": matrix(NEURONS, WIDTH, 1.0),
            "ffn_up": matrix(NEURONS, WIDTH, 1.0),
            "ffn_down": matrix(WIDTH, NEURONS, 0.2),
        }
        for role in ("attn_output", "ffn_down"):
            block[role][BEHIND] = 0.0
        for role in ("attn_q", "attn_k"):  # what all tokens share would make all heads look at one place
            block[role][:, CONSTANT] = 0.0
        tensors |= {f"blk.{layer}.{role}.weight": tensor for role, tensor in block.items()}
    return {name: np.asarray(tensor, np.float32) for name, tensor in tensors.items()}


def of_head(tensors: dict[str, Floats], layer: int, role: str) -> Floats:
    """The part of a projection that belongs to the planted head, to be written to."""
    matrix, own = tensors[f"blk.{layer}.{role}.weight"], slice(HEAD * KEY, (HEAD + 1) * KEY)
    return matrix[:, own] if role == "attn_output" else matrix[own]


def plant_previous_token_head(tensors: dict[str, Floats]) -> None:
    """In layer 0: scores that are cos(θ(Δ − 1)) summed over the pairs that RoPE turns, highest one token back."""
    q, k, v, output = (of_head(tensors, 0, role) for role in ("attn_q", "attn_k", "attn_v", "attn_output"))
    for part in (q, k, v, output):
        part[:] = 0.0
    frequencies = 10_000.0 ** (-np.arange(0, ROTATED, 2) / ROTATED)
    q[0:ROTATED:2, CONSTANT], q[1:ROTATED:2, CONSTANT] = np.cos(frequencies), -np.sin(frequencies)
    k[0:ROTATED:2, CONSTANT] = 8.0
    v[:64, CODE] = np.eye(64)
    output[BEHIND, :64] = np.eye(64)


def plant_induction_head(tensors: dict[str, Floats]) -> None:
    """In layer 1: the query's code against the code of the token before the key, where RoPE turns nothing."""
    for role, channels in (("attn_q", CODE), ("attn_k", BEHIND)):
        part = of_head(tensors, 1, role)
        part[:] = 0.0
        part[ROTATED:, channels] = 1.6 * np.eye(64)


def plant_quiet_neuron(tensors: dict[str, Floats], layer: int = 1) -> None:
    """A gate that what all tokens share keeps shut; its weights are as large as others'."""
    tensors[f"blk.{layer}.ffn_gate.weight"][NEURON, CONSTANT] = -10.0


def file(tensors: dict[str, Floats]) -> dict[str, Any]:
    """As arguments of `write_gguf`."""
    own = {
        "block_count": LAYERS,
        "context_length": 256,
        "embedding_length": WIDTH,
        "feed_forward_length": NEURONS,
        "vocab_size": VOCABULARY,
        "attention.head_count": HEADS,
        "attention.head_count_kv": HEADS,
        "attention.key_length": KEY,
        "attention.value_length": KEY,
        "attention.layer_norm_rms_epsilon": 1e-5,
        "rope.dimension_count": ROTATED,
    }
    metadata = {"tokenizer.ggml.model": "none"} | {f"llama.{name}": value for name, value in own.items()}
    return {"tensors": tensors, "metadata": metadata, "architecture": "llama"}
