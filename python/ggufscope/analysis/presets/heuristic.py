"""The heuristic preset: the formulas of the original study, as it stated them.

Nothing here is derived from how a transformer computes; `confound`, `gauge`, `sensitivity` and, in the end, the runtime
validation tell how far the numbers can be trusted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..inputs.zeros import noise_of_zeros
from .registry import NORMS, Component, Ingredient, Norm, PresetInput, PresetScores, Series, preset, score, scores

if TYPE_CHECKING:
    from ...arrays.floats import Floats
    from ..inputs.layer_table import LayerTable

NAME = "heuristic"

COMPONENTS = (
    Component(
        "attention_entropy",
        (Ingredient("k_norm", rising=False), Ingredient("value_sparsity"), Ingredient("q_gate_ratio", rising=False)),
    ),
    Component("ffn_dominance", (Ingredient("ffn_dominance"),)),
    Component("value_sparsity", (Ingredient("value_sparsity"),)),
    Component("norm_amplification", (Ingredient("norm_amplification"),)),
)


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Element by element; NaN where the denominator is 0 or either is unknown."""
    usable = np.isfinite(numerator) & np.isfinite(denominator) & (denominator != 0)
    quotient: Floats = np.divide(numerator, denominator, out=np.full(len(numerator), np.nan), where=usable)
    return quotient


@score(NAME, "‖W_k‖", reads=("k",))
def k_norm(table: LayerTable) -> Floats:
    """Frobenius norm of the key projection; (L,)."""
    return table.matrices["k"].norm


@score(NAME, "‖W_v‖", reads=("v",))
def v_norm(table: LayerTable) -> Floats:
    """Frobenius norm of the value projection; (L,)."""
    return table.matrices["v"].norm


def _noise_of_values(table: LayerTable) -> str | None:
    values = table.matrices["v"]
    return noise_of_zeros(values.sparsity, values.types, values.elements)


@score(
    NAME,
    "share of weights in W_v below the sparsity threshold",
    reads=("v",),
    gauge_invariant=True,
    noise=_noise_of_values,
)
def value_sparsity(table: LayerTable) -> Floats:
    """Share of near-zero weights of the value projection; (L,). Rescaling keeps zeros, hence invariant."""
    return table.matrices["v"].sparsity


@score(NAME, "‖W_q‖ / ‖W_gate‖", reads=("q", "gate"))
def q_gate_ratio(table: LayerTable) -> Floats:
    """Query over gate norm; (L,)."""
    return ratio(table.matrices["q"].norm, table.matrices["gate"].norm)


@score(NAME, "‖W_v‖ / ‖W_v of the first layer‖ − 1", reads=("v",), offset=1.0)
def value_amplification(table: LayerTable) -> Floats:
    """Growth of the value norm since the first layer; (L,)."""
    norms = table.matrices["v"].norm
    return ratio(norms, np.full(len(norms), norms[0])) - 1


@score(NAME, "scale(g_ffn) / mean of it over the layers − 1", reads=("ffn_norm",), offset=1.0)
def norm_amplification(table: LayerTable, norm: Norm) -> Floats:
    """Gain of the FFN norm relative to the mean layer; (L,)."""
    gains = table.gains["ffn_norm"].scale(norm)
    return ratio(gains, np.full(len(gains), gains.mean())) - 1


@score(NAME, "(‖W_gate‖ · scale(g_ffn)) / (‖W_q‖ · scale(g_attn))", reads=("gate", "ffn_norm", "q", "attn_norm"))
def ffn_dominance(table: LayerTable, norm: Norm) -> Floats:
    """FFN over attention input strength; (L,)."""
    ffn = table.matrices["gate"].norm * table.gains["ffn_norm"].scale(norm)
    return ratio(ffn, table.matrices["q"].norm * table.gains["attn_norm"].scale(norm))


@score(NAME, "‖W_v‖ · scale(g_attn)", reads=("v", "attn_norm"))
def value_output(table: LayerTable, norm: Norm) -> Floats:
    """Strength of the value path's input; (L,)."""
    return table.matrices["v"].norm * table.gains["attn_norm"].scale(norm)


@score(NAME, "(1 − sparsity(W_v)) · (1 + norm_amplification)", reads=("v", "ffn_norm"))
def retention_index(table: LayerTable, norm: Norm) -> Floats:
    """An index, not a share: it exceeds 1; (L,)."""
    return (1 - table.matrices["v"].sparsity) * (1 + norm_amplification(table, norm))


@score(NAME, "scale(g_ffn)", reads=("ffn_norm",))
def ffn_gain(table: LayerTable, norm: Norm) -> Floats:
    """Norm scale of the gains before the FFN; (L,)."""
    return table.gains["ffn_norm"].scale(norm)


@score(NAME, "scale(g_attn)", reads=("attn_norm",))
def attn_gain(table: LayerTable, norm: Norm) -> Floats:
    """Norm scale of the gains before attention; (L,)."""
    return table.gains["attn_norm"].scale(norm)


@score(NAME, "rms of the rows of W_q / rms of the rows of W_k", reads=("q", "k"))
def qk_row_ratio(table: LayerTable) -> Floats:
    """Query over key, per row, so that grouped keys count alike; without row counts the ratio of the norms; (L,)."""
    return ratio(*_row_rms(table))


@score(NAME, "min / max of the two per-row rms of qk_row_ratio", reads=("q", "k"))
def qk_balance(table: LayerTable) -> Floats:
    """1 where rows of W_q and W_k are equally large; (L,)."""
    q, k = _row_rms(table)
    return ratio(np.minimum(q, k), np.maximum(q, k))


@score(NAME, "‖W_q‖ / ‖W_k‖", reads=("q", "k"))
def qk_norm_ratio(table: LayerTable) -> Floats:
    """Ratio of the Frobenius norms, the study's own; (L,)."""
    return ratio(table.matrices["q"].norm, table.matrices["k"].norm)


@score(NAME, "min / max of ‖W_q‖ and ‖W_k‖", reads=("q", "k"))
def qk_norm_balance(table: LayerTable) -> Floats:
    """Balance of the Frobenius norms, the study's own; (L,)."""
    q, k = table.matrices["q"].norm, table.matrices["k"].norm
    return ratio(np.minimum(q, k), np.maximum(q, k))


PER_ROW = ("qk_row_ratio", "qk_balance")  # scores that take norms where the input tells no rows


def has_rows(table: LayerTable) -> bool:
    """Whether the numbers of rows of W_q and W_k are known."""
    return all(bool(np.isfinite(table.matrices[name].rows).all()) for name in ("q", "k"))


def _row_rms(table: LayerTable) -> tuple[Floats, Floats]:
    """√(Σw² / rows) of W_q and W_k, or their norms where the input tells no rows."""
    q, k = table.matrices["q"], table.matrices["k"]
    if not has_rows(table):
        return q.norm, k.norm
    return q.norm / np.sqrt(q.rows), k.norm / np.sqrt(k.rows)


@preset(NAME, "the original study's formulas on norms, zero shares and gains")
def heuristic(preset_input: PresetInput) -> PresetScores:
    """All scores with the norm scale chosen, and those that use one with either, as `ffn_dominance_rms`."""
    series: dict[str, Series] = {}
    for name, registered in scores(NAME).items():
        series[name] = registered.series(preset_input.table, preset_input.norm)
        if registered.uses_norm:
            series |= {f"{name}_{norm}": registered.series(preset_input.table, norm) for norm in NORMS}
    return PresetScores(series, COMPONENTS)
