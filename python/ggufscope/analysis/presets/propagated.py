"""The propagation preset: predictions of mean-field propagation as scores of the layers (docs/propagation.md).

The four components keep the names they have in the heuristic preset, so that weights mean the same, and take what
propagation says of the same thing: attention entropy its own prediction, averaged over heads; FFN dominance the ratio
of what both branches add to the residual stream; value sparsity the share of the gated product that is near zero; norm
amplification the size of what the FFN adds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...profiles.rollup import THIRDS, third_of
from ..inputs.layer_table import Applicability
from ..orders import ranks
from .registry import Component, Ingredient, PresetInput, PresetScores, Series, ThirdScores, preset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...arrays.floats import Floats
    from .propagation import Propagation

NAME = "propagation"
COMPONENTS = (
    Component("attention_entropy", (Ingredient("mean_head_entropy"),)),
    Component("ffn_dominance", (Ingredient("ffn_attention_ratio"),)),
    Component("value_sparsity", (Ingredient("near_zero_share"),)),
    Component("norm_amplification", (Ingredient("ffn_output_rms"),)),
)
ATTENTION = ("v", "o", "attn_norm")
FFN = ("gate", "up", "down", "ffn_norm")
# Score → formula, the matrices it comes from in its own layer, whether rescaling leaves it as it is.
SCORES = {
    "mean_head_entropy": ("mean over heads of H / ln n, propagated", ("q", "k", "attn_norm"), True),
    "ffn_attention_ratio": ("rms of the FFN's output / rms of attention's, propagated", ATTENTION + FFN, True),
    "near_zero_share": ("P(abs(h) < 0.1 rms(h)) of the gated product, propagated", ("gate", "up", "ffn_norm"), True),
    "ffn_output_rms": ("rms of what the FFN adds, propagated", FFN, True),
    "attention_output_rms": ("rms of what attention adds, propagated", ATTENTION, True),
    "residual_rms": ("rms of the residual stream behind the layer, propagated", ATTENTION + FFN, True),
    "ffn_mean": ("mean of the gated product, propagated", ("gate", "up", "ffn_norm"), False),
    "ffn_std": ("std of the gated product, propagated", ("gate", "up", "ffn_norm"), False),
    "q_std": ("std of the queries, propagated", ("q", "attn_norm"), False),
    "k_std": ("std of the keys, propagated", ("k", "attn_norm"), False),
    "v_std": ("std of the values, propagated", ("v", "attn_norm"), False),
    "gate_std": ("std of the gate's pre-activations, propagated", ("gate", "ffn_norm"), True),
    "up_std": ("std of the up projection's pre-activations, propagated", ("up", "ffn_norm"), False),
    "expert_spread": ("std over experts of the rms of their outputs, relative to its mean, propagated", FFN, True),
}
_OF_MIXTURES = {"expert_spread"}  # without experts not a score at all
# Per head; "_rank" is the rank over all heads of the model, 1 for the highest.
SCOPE = (
    "sizes of head entropies are not credible, their ranks are; checked against runs of one model of 260 000 parameters"
    " without attention sinks"
)
PER_HEAD = ("head_entropy", "baseline")


@preset(NAME, "means and variances propagated through the layers, without running the model", needs_model=True)
def propagation_scores(preset_input: PresetInput) -> PresetScores:
    """Propagate, and spread what came out over the layers of the table."""
    from .propagation import propagate  # noqa: PLC0415 - numba and BLAS only where they are needed

    if preset_input.model is None:
        raise ValueError(f"preset {NAME!r} needs the model itself, not a profile of it")
    return scores_of(
        propagate(preset_input.model, threads=preset_input.threads, progress=preset_input.progress), preset_input
    )


def scores_of(propagation: Propagation, preset_input: PresetInput) -> PresetScores:
    """(L,) and (L, heads) over the layers of the table, NaN where nothing was propagated."""
    rows = {int(layer): row for row, layer in enumerate(propagation.layers)}

    def spread(values: Floats) -> Floats:
        table = np.full((preset_input.table.n_layers, *values.shape[1:]), np.nan)
        for position, layer in enumerate(preset_input.table.layers):
            if int(layer) in rows:
                table[position] = values[rows[int(layer)]]
        return table

    unknown = np.full(len(propagation.layers), np.nan)
    columns = _columns(propagation)
    series = {
        name: Series(spread(columns.get(name, unknown)), formula, reads, invariant)
        for name, (formula, reads, invariant) in SCORES.items()
        if name in columns or name not in _OF_MIXTURES
    }
    heads = {name: spread(values) for name in PER_HEAD if (values := getattr(propagation, name)) is not None}
    heads |= {f"{name}_rank": ranks_over_heads(values) for name, values in heads.items()}
    limits = tuple(Applicability(f"{NAME}: {limit.score}", limit.reason) for limit in propagation.applicability)
    notes = tuple(f"{NAME}: {note}" for note in ((SCOPE,) if heads else ()) + propagation.assumptions)
    thirds = activation_thirds(series, preset_input)
    return PresetScores(series, COMPONENTS, heads, limits, notes, explained=True, thirds=thirds)


def activation_thirds(series: Mapping[str, Series], preset_input: PresetInput) -> tuple[ThirdScores, ...]:
    """The gated product h over the early, middle and late layers: its mean and std over all of them, as one sample.

    The near-zero share is the mean of the layers', each relative to its own rms.
    """
    n_layers = preset_input.table.n_layers
    thirds = np.array([third_of(position, n_layers) for position in range(n_layers)])
    scores = []
    for third in THIRDS:
        there = thirds == third
        if there.any():
            mean, std, share = (series[name].values[there] for name in ("ffn_mean", "ffn_std", "near_zero_share"))
            pooled = mean.mean()
            variance = (np.square(std) + np.square(mean - pooled)).mean()
            values = {"ffn_mean": pooled, "ffn_std": np.sqrt(variance), "near_zero_share": share.mean()}
            layers = tuple(preset_input.table.layers[there].tolist())
            scores.append(ThirdScores(third, layers, {name: float(value) for name, value in values.items()}))
    return tuple(scores)


def _columns(propagation: Propagation) -> dict[str, Floats]:
    """Score → (L,), of those that apply."""
    columns = {name: getattr(propagation, name) for name in SCORES if hasattr(propagation, name)}
    columns |= {f"{role}_std": values for role, values in propagation.preactivation_std.items()}
    if propagation.head_entropy is not None:
        columns["mean_head_entropy"] = mean_over_heads(propagation.head_entropy)
    return {name: values for name, values in columns.items() if values is not None}


def ranks_over_heads(values: Floats) -> Floats:
    """(L, heads) → the rank of each among all heads of the model, NaN where there is no head."""
    there = np.isfinite(values)
    rank = np.full(values.shape, np.nan)
    rank[there] = ranks(values[there])
    return rank


def mean_over_heads(entropy: Floats) -> Floats:
    """(L, heads) → (L,); NaN where a layer has no head."""
    there = np.isfinite(entropy)
    count = there.sum(axis=1)
    total = np.where(there, entropy, 0.0).sum(axis=1)
    mean: Floats = np.divide(total, count, out=np.full(len(entropy), np.nan), where=count > 0)
    return mean
