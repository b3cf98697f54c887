"""The shapes of a tiny model's tensors, by role, and random values for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ....errors import TraceError

if TYPE_CHECKING:
    from ....models.tensor import Tensor
    from ...shape import Array

    Shape = tuple[int, ...]

WIDTH, NEURONS, HEADS, LENGTH, VOCABULARY, CONTEXT = 64, 48, 4, 16, 96, 256
EXPERTS, USED_EXPERTS = 4, 2


def shape_of(tensor: Tensor, base: str, *, kv_heads: int, key_length: int, gate_in_up: bool) -> Shape:
    """The shape that the weight of a role has in a tiny model.

    Args:
        tensor: of the model that it is like: the weight, or its bias.
        base: its role, without `.bias`.
        kv_heads: of the tiny model.
        key_length: of the model that it is like.
        gate_in_up: the up projection holds the gate's, too.

    Raises:
        TraceError: No tiny model has such a weight.
    """
    q, kv = HEADS * LENGTH, kv_heads * LENGTH
    head_norms = {"attn_q_norm": (HEADS, q), "attn_k_norm": (kv_heads, kv)}
    if base in head_norms:
        heads, whole = head_norms[base]
        if len(tensor.shape) == 2:
            return heads, LENGTH
        return (LENGTH,) if tensor.n_elements == key_length else (whole,)
    shapes: dict[str, Shape] = {
        "token_embd": (VOCABULARY, WIDTH),
        "output": (VOCABULARY, WIDTH),
        "position_embd": (CONTEXT, WIDTH),
        "token_types": (tensor.n_rows, WIDTH),
        "attn_q": (q, WIDTH),
        "attn_k": (kv, WIDTH),
        "attn_v": (kv, WIDTH),
        "attn_qkv": (q + 2 * kv, WIDTH),
        "attn_output": (WIDTH, q),
        "attn_sinks": (HEADS,),
        "attn_sub_norm": (q,),
        "ffn_sub_norm": (NEURONS,),
        "ffn_gate": (NEURONS, WIDTH),
        "ffn_up": ((2 if gate_in_up else 1) * NEURONS, WIDTH),
        "ffn_down": (WIDTH, NEURONS),
        "ffn_gate_inp": (EXPERTS, WIDTH),
        "exp_probs_b": (EXPERTS,),
        "ffn_gate_exps": (EXPERTS, NEURONS, WIDTH),
        "ffn_up_exps": (EXPERTS, NEURONS, WIDTH),
        "ffn_gate_up_exps": (EXPERTS, 2 * NEURONS, WIDTH),
        "ffn_down_exps": (EXPERTS, WIDTH, NEURONS),
        "ffn_gate_inp_shexp": (WIDTH,),
        "ffn_gate_shexp": (NEURONS, WIDTH),
        "ffn_up_shexp": (NEURONS, WIDTH),
        "ffn_down_shexp": (WIDTH, NEURONS),
    }
    if base in shapes:
        return shapes[base]
    if "norm" in base:
        return (WIDTH,)
    raise TraceError(
        f"{tensor.name} has no counterpart in the tiny models that the engine llama.cpp checks itself with;"
        " take the engine streamed"
    )


def draw(chance: np.random.Generator, base: str, shape: Shape) -> Array:
    """Values of order one behind a product: float32."""
    values: Any = chance.standard_normal(shape)
    if base == "token_embd":
        return np.asarray(values, np.float32)
    scaled = values / shape[-1] ** 0.5 if len(shape) > 1 else 1 + 0.3 * values
    return np.asarray(scaled, np.float32)
