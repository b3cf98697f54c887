"""The propagation preset: predictions of means and variances behind exact openings as scores (docs/propagation.md).

The four components keep the names they have in the heuristic preset, so that weights mean the same, and take what
propagation says of the same thing: attention entropy its own prediction, averaged over heads; FFN dominance the ratio
of what both branches add to the residual stream; value sparsity the share of the gated product that is near zero; norm
amplification the size of what the FFN adds.

Without openings all tokens are taken as Gaussian: sizes are then over all tokens at once, those of projections std.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...arrays.means import mean_of_finite
from ...profiles.rollup import THIRDS, third_of
from ...text.numbers import counted
from ..inputs.layer_table import Applicability
from ..orders import ranks
from .registry import Component, Ingredient, PresetInput, PresetScores, Series, ThirdScores, preset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...arrays.floats import Floats
    from ...runtime.openings import Openings
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


class Predicted(NamedTuple):
    """A score: its formula, the matrices it comes from in its own layer, whether rescaling leaves it as it is."""

    formula: str
    reads: tuple[str, ...]
    gauge_invariant: bool


SCORES = {
    "mean_head_entropy": Predicted("mean over heads of H / ln n", ("q", "k", "attn_norm"), gauge_invariant=True),
    "ffn_attention_ratio": Predicted(
        "rms of the FFN's output / rms of attention's", ATTENTION + FFN, gauge_invariant=True
    ),
    "near_zero_share": Predicted(
        "P(abs(h) < 0.1 rms(h)) of the gated product", ("gate", "up", "ffn_norm"), gauge_invariant=True
    ),
    "ffn_output_rms": Predicted("rms of what the FFN adds", FFN, gauge_invariant=True),
    "attention_output_rms": Predicted("rms of what attention adds", ATTENTION, gauge_invariant=True),
    "residual_rms": Predicted("rms of the residual stream behind the layer", ATTENTION + FFN, gauge_invariant=True),
    "ffn_mean": Predicted("mean of the gated product", ("gate", "up", "ffn_norm"), gauge_invariant=False),
    "ffn_std": Predicted("std of the gated product", ("gate", "up", "ffn_norm"), gauge_invariant=False),
    "q_std": Predicted("std of the queries", ("q", "attn_norm"), gauge_invariant=False),
    "k_std": Predicted("std of the keys", ("k", "attn_norm"), gauge_invariant=False),
    "v_std": Predicted("std of the values", ("v", "attn_norm"), gauge_invariant=False),
    "gate_std": Predicted("std of the gate's pre-activations", ("gate", "ffn_norm"), gauge_invariant=True),
    "up_std": Predicted("std of the up projection's pre-activations", ("up", "ffn_norm"), gauge_invariant=False),
    "expert_spread": Predicted(
        "std over experts of the rms of their outputs, relative to its mean", FFN, gauge_invariant=True
    ),
}
_SIZES = {
    "q_rms": Predicted("rms of the queries", ("q", "attn_norm"), gauge_invariant=False),
    "k_rms": Predicted("rms of the keys", ("k", "attn_norm"), gauge_invariant=False),
    "v_rms": Predicted("rms of the values", ("v", "attn_norm"), gauge_invariant=False),
    "gate_rms": Predicted("rms of the gate's pre-activations", ("gate", "ffn_norm"), gauge_invariant=True),
    "up_rms": Predicted("rms of the up projection's pre-activations", ("up", "ffn_norm"), gauge_invariant=False),
    "ffn_norm_rms": Predicted("rms of what the FFN reads", ("ffn_norm",), gauge_invariant=False),
}
SCORES_BEHIND_OPENINGS = (
    {name: score for name, score in SCORES.items() if not name.endswith("_std") or name == "ffn_std"}
    | _SIZES
    | {"mean_head_entropy": SCORES["mean_head_entropy"]._replace(formula="mean over heads of H / ln(keys seen)")}
)
_OVER_TOKENS = frozenset({"mean_head_entropy", "ffn_mean", "ffn_std", "expert_spread"})  # all others are medians
_OF_MIXTURES = {"expert_spread"}  # without experts not a score at all
# Per head; "_rank" is the rank over all heads of the model, 1 for the highest.
SCOPE = (
    "sizes of head entropies are not credible, their ranks are; checked against runs of one model of 260 000 parameters"
    " without attention sinks"
)
PER_HEAD = ("head_entropy", "first_token_share", "baseline")


@preset(
    NAME,
    "means and variances propagated through the layers, behind openings that are read exactly",
    needs_model=True,
)
def propagation_scores(preset_input: PresetInput) -> PresetScores:
    """Propagate, and spread what came out over the layers of the table."""
    from .propagation import propagate  # noqa: PLC0415 - numba and BLAS only where they are needed

    model, openings = preset_input.model, preset_input.openings
    if model is None:
        raise ValueError(f"preset {NAME!r} needs the model itself, not a profile of it")
    threads, progress = preset_input.threads, preset_input.progress
    if openings is None:
        propagation = propagate(model, threads=threads, progress=progress)
    else:
        propagation = propagate(model, threads=threads, seed=preset_input.seed, openings=openings, progress=progress)
    return scores_of(propagation, preset_input)


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
        name: Series(spread(columns.get(name, unknown)), *score)
        for name, score in _predicted(preset_input.openings).items()
        if name in columns or name not in _OF_MIXTURES
    }
    heads = {name: spread(values) for name in PER_HEAD if (values := getattr(propagation, name)) is not None}
    heads |= {f"{name}_rank": ranks_over_heads(values) for name, values in heads.items()}
    heads |= {f"head_entropy_{band}": spread(values) for band, values in propagation.entropy_bands.items()}
    limits = tuple(Applicability(f"{NAME}: {limit.score}", limit.reason) for limit in propagation.applicability)
    assumed = (*(_scope(preset_input) if heads else ()), *propagation.assumptions)
    thirds = activation_thirds(series, preset_input)
    notes = tuple(f"{NAME}: {note}" for note in assumed)
    return PresetScores(series, COMPONENTS, heads, limits, notes, explained=True, thirds=thirds)


def _predicted(openings: Openings | None) -> dict[str, Predicted]:
    """The scores, with formulas in full."""
    if openings is None:
        return {name: score._replace(formula=f"{score.formula}, propagated") for name, score in SCORES.items()}
    predicted = {}
    for name, score in SCORES_BEHIND_OPENINGS.items():
        median = "" if name in _OVER_TOKENS else ", median over tokens t ≥ 1"
        predicted[name] = score._replace(formula=f"{score.formula}{median}, propagated behind exact openings")
    return predicted


def _scope(preset_input: PresetInput) -> tuple[str, ...]:
    """How far the numbers are to be believed."""
    openings = preset_input.openings
    if openings is None:
        reason = preset_input.no_openings
        return (SCOPE,) if reason is None else (SCOPE, f"there are no exact openings: {reason}")
    length = "" if openings.prompts is None else f", the median of the prompts of {openings.prompts}"
    own = counted(openings.n_written, "token")
    return (
        f"{len(openings.tokens)} openings are read exactly, {openings.n_template} in front of a prompt and {own} that"
        f" the model wrote with seed {openings.seed}, of texts of {openings.n_positions}{length}; checked against"
        " runs of three models of 260 000 to 270 million parameters, on texts of 24 to 59 tokens",
        *openings.warnings,
    )


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
    names = SCORES | SCORES_BEHIND_OPENINGS
    columns = {name: getattr(propagation, name) for name in names if hasattr(propagation, name)}
    for statistic in ("std", "rms"):
        by_role = getattr(propagation, f"preactivation_{statistic}")
        columns |= {f"{role}_{statistic}": values for role, values in by_role.items()}
    if propagation.head_entropy is not None:
        columns["mean_head_entropy"] = mean_of_finite(propagation.head_entropy, axis=1)
    return {name: values for name, values in columns.items() if values is not None}


def ranks_over_heads(values: Floats) -> Floats:
    """(L, heads) → the rank of each among all heads of the model, NaN where there is no head."""
    there = np.isfinite(values)
    rank = np.full(values.shape, np.nan)
    rank[there] = ranks(values[there])
    return rank
