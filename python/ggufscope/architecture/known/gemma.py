"""The Gemmas."""

from __future__ import annotations

from dataclasses import replace

from ..family import AROUND_ATTENTION, AROUND_FEED_FORWARD, Family

_FIRST = Family("neox", "gelu", embedding_root=True)
_BETWEEN_NORMS = replace(_FIRST, attention_norms=AROUND_ATTENTION, feed_forward_norms=AROUND_FEED_FORWARD)

GEMMAS: dict[str, Family] = {
    "gemma": _FIRST,
    "gemma2": replace(
        _BETWEEN_NORMS,
        local_period=2,
        local_window=4096,
        soft_cap=50.0,
        logit_soft_cap=30.0,
        wide_scale_layers=46,
    ),
    "gemma3": replace(
        _BETWEEN_NORMS,
        local_period=6,
        local_base=1e4,
        wide_scale_layers=62,
    ),
    "gemma3n": replace(
        _BETWEEN_NORMS,
        local_period=5,
        local_base=1e4,
        score_scale=1.0,
        logit_soft_cap=30.0,  # llama.cpp takes no other, though converters write what the model was trained with
        normed_values=True,
        first_shared_layer=20,
        sparse_layers=10,
        sparsity=1.6448533535003662,  # above which 5 % of normally distributed values are
    ),
    "gemma4": replace(
        _BETWEEN_NORMS,
        local_period=6,
        local_base=1e4,
        score_scale=1.0,
        logit_soft_cap=30.0,
        normed_values=True,
        values_of_keys=True,
        global_factors=True,
        expert_norms=True,
    ),
}
