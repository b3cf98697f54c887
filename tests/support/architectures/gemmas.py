"""Gemma 4 and Gemma 3n: heads of two lengths, layers that read the keys of others, inputs of every layer's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from support.architectures.specimen import HEADS, NEURONS, TIED, VOCABULARY, WIDTH, WINDOW, Draw, Shape, Specimen, norms

FOUR_NORMS = norms("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm")


def gains(mean: float) -> Draw:
    """Gains around a mean: small ones keep a layer from drowning what the layers before it gave."""
    return lambda chance, shape: mean * (1 + 0.3 * chance.standard_normal(shape))


def spread(size: float) -> Draw:
    return lambda chance, shape: size * chance.standard_normal(shape)


# Values of GELU on the other side of a half's rounding are carried on; large gains would make much of them.
QUIET = {
    "post_attention_norm.weight": gains(0.3),
    "laurel_post_norm.weight": gains(0.3),
    "post_ffw_norm.weight": gains(0.1),
    "post_norm.weight": gains(0.1),
    "attn_q_norm.weight": gains(0.5),
    "attn_k_norm.weight": gains(0.5),
    "per_layer_token_embd.weight": spread(0.5),
}

# Gemma 4.
OWN_INPUT = 16  # components of a layer's own input
LOCAL, GLOBAL = 16, 24  # lengths of heads
EXPERTS, EXPERT_NEURONS = 6, 32
LOCAL_KEY_HEADS, GLOBAL_KEY_HEADS = 2, 1


def half_turned(_chance: np.random.Generator, shape: Shape) -> npt.NDArray[Any]:
    """RoPE's divisors: half of the pairs do not turn."""
    return np.repeat([1.0, 1e30], shape[0] // 2)


def gemma4_attention(local: bool, *, shares: bool, values: bool) -> dict[str, Shape]:
    length = LOCAL if local else GLOBAL
    rows = (LOCAL_KEY_HEADS if local else GLOBAL_KEY_HEADS) * length
    shapes = {
        "attn_q.weight": (HEADS * length, WIDTH),
        "attn_q_norm.weight": (length,),
        "attn_output.weight": (WIDTH, HEADS * length),
    }
    if not shares:
        shapes |= {"attn_k.weight": (rows, WIDTH), "attn_k_norm.weight": (length,)}
        shapes |= {"attn_v.weight": (rows, WIDTH)} if values or local else {}
    return shapes


def gated(neurons: int = NEURONS) -> dict[str, Shape]:
    return {
        "ffn_gate.weight": (neurons, WIDTH),
        "ffn_up.weight": (neurons, WIDTH),
        "ffn_down.weight": (WIDTH, neurons),
    }


def own_inputs(components: int) -> dict[str, Shape]:
    return {
        "inp_gate.weight": (components, WIDTH),
        "proj.weight": (WIDTH, components),
        "post_norm.weight": (WIDTH,),
    }


def outside_of_own_inputs(components: int, layers: int) -> dict[str, Shape | None]:
    return {
        "per_layer_token_embd.weight": (VOCABULARY, components * layers),
        "per_layer_model_proj.weight": (components * layers, WIDTH),
        "per_layer_proj_norm.weight": (components,),
    }


def gemma4(
    local: tuple[bool, ...],
    rest: Callable[[int], dict[str, Shape]],
    *,
    shared: int = 0,
    own: int = 0,
    values: bool = True,
    neurons: Callable[[int], int] = lambda _: NEURONS,
    **metadata: Any,
) -> Specimen:
    layers = len(local)

    def layer_of(layer: int) -> dict[str, Shape]:
        shares = layer >= layers - shared
        return {
            **gemma4_attention(local[layer], shares=shares, values=values),
            **gated(neurons(layer)),
            **FOUR_NORMS,
            **(own_inputs(own) if own else {}),
            "layer_output_scale.weight": (1,),
            **rest(layer),
        }

    basic = {
        "attention.head_count_kv": [LOCAL_KEY_HEADS if each else GLOBAL_KEY_HEADS for each in local],
        "attention.key_length": GLOBAL,
        "attention.value_length": GLOBAL,
        "attention.key_length_swa": LOCAL,
        "attention.value_length_swa": LOCAL,
        "rope.dimension_count": GLOBAL,
        "rope.dimension_count_swa": LOCAL,
        "rope.freq_base": 1e6,
        "rope.freq_base_swa": 1e4,
        "attention.sliding_window": WINDOW,
        "attention.sliding_window_pattern": list(local),
        "attention.shared_kv_layers": shared,
        "embedding_length_per_layer_input": own,
        "feed_forward_length": [neurons(layer) for layer in range(layers)],
        "final_logit_softcapping": 3.0,
    }
    return Specimen(
        "gemma4",
        {},
        {**basic, **metadata},
        layers=layers,
        layer_of=layer_of,
        outside={**TIED, "rope_freqs.weight": (GLOBAL // 2,), **(outside_of_own_inputs(own, layers) if own else {})},
        draw={
            "rope_freqs.weight": half_turned,
            "layer_output_scale.weight": gains(0.8),
            "ffn_gate_inp.weight": spread(4.0),
            "ffn_gate_inp.scale": gains(1.0),
            "ffn_down_exps.scale": gains(1.0),
            **QUIET,
        },
    )


GEMMA4_EXPERTS = {
    "ffn_gate_inp.weight": (EXPERTS, WIDTH),
    "ffn_gate_inp.scale": (WIDTH,),
    **norms("pre_ffw_norm_2", "post_ffw_norm_1", "post_ffw_norm_2"),
    "ffn_gate_up_exps.weight": (EXPERTS, 2 * EXPERT_NEURONS, WIDTH),
    "ffn_down_exps.weight": (EXPERTS, WIDTH, EXPERT_NEURONS),
    "ffn_down_exps.scale": (EXPERTS,),
}
SIX_TO_ONE = (True, True, False, True, False, True, False)
GEMMA4 = {
    "gemma4": gemma4(
        SIX_TO_ONE,
        lambda _: {},
        shared=2,
        own=OWN_INPUT,
        neurons=lambda layer: NEURONS if layer < 4 else 2 * NEURONS,
    ),
    "gemma4 experts": gemma4(
        (True, True, False, True, False),
        lambda layer: GEMMA4_EXPERTS if layer else {},
        values=False,
        expert_count=EXPERTS,
        expert_used_count=2,
        expert_feed_forward_length=EXPERT_NEURONS,
    ),
}

# Gemma 3n: llama.cpp knows these sizes, and that layers from 20 on read the keys of layer 18 or 19, by heart.
STREAMS, LAUREL, GEMMA3N_OWN, GEMMA3N_LAYERS, FIRST_SHARED, HEAD = 4, 64, 256, 25, 20, 16
GEMMA3N_LAYER = {
    "attn_q.weight": (HEADS * HEAD, WIDTH),
    "attn_k.weight": (2 * HEAD, WIDTH),
    "attn_v.weight": (2 * HEAD, WIDTH),
    "attn_output.weight": (WIDTH, HEADS * HEAD),
    **norms("attn_q_norm", "attn_k_norm", size=HEAD),
    **FOUR_NORMS,
    **gated(),
    **own_inputs(GEMMA3N_OWN),
    **norms("altup_router_norm", "laurel_post_norm", "altup_correct_scale"),
    "altup_correct_coef.weight": (STREAMS, STREAMS),
    "altup_predict_coef.weight": (STREAMS * STREAMS, STREAMS),
    "altup_router.weight": (STREAMS, WIDTH),
    "laurel_l.weight": (LAUREL, WIDTH),
    "laurel_r.weight": (WIDTH, LAUREL),
}
GEMMA3N = {
    "gemma3n": Specimen(
        "gemma3n",
        GEMMA3N_LAYER,
        {
            "attention.key_length": HEAD,
            "attention.value_length": HEAD,
            "rope.freq_base": 1e6,
            "attention.sliding_window": WINDOW,
            "attention.sliding_window_pattern": [layer % 5 < 4 for layer in range(GEMMA3N_LAYERS)],
            "attention.shared_kv_layers": GEMMA3N_LAYERS - FIRST_SHARED,
            "altup.active_idx": 0,
            "altup.num_inputs": STREAMS,
            "embedding_length_per_layer_input": GEMMA3N_OWN,
        },
        layers=GEMMA3N_LAYERS,
        outside={
            **TIED,
            "altup_proj.weight": (STREAMS - 1, WIDTH, WIDTH),
            "altup_unembd_proj.weight": (STREAMS - 1, WIDTH, WIDTH),
            **outside_of_own_inputs(GEMMA3N_OWN, GEMMA3N_LAYERS),
        },
        draw={
            **QUIET,
            "altup_correct_coef.weight": spread(0.05),
            "altup_predict_coef.weight": spread(0.05),
            "altup_router.weight": spread(4.0),
        },
    )
}

GEMMAS = {**GEMMA4, **GEMMA3N}
