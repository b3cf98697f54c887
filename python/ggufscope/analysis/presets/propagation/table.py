"""From the scores of single layers to the arrays of a `Propagation`, and the scores that do not apply."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .prediction import SCORES, Limit, Propagation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ....arrays.floats import Floats
    from .figures import LayerFigures

_ROLES = ("q", "k", "v", "gate", "up")
_ROUTER = (
    "scores of experts are taken as Gaussian, and which experts a token chooses as independent of what they make of it"
)


def nothing(reason: str) -> Propagation:
    """No score at all."""
    return tabulate([], 0, reason, ())


def tabulate(rows: list[LayerFigures], n_layers: int, stopped: str | None, assumptions: tuple[str, ...]) -> Propagation:
    """The result; `stopped` says why the walk ended before the last layer."""
    has_experts = any(row.spread is not None for row in rows)
    return Propagation(
        layers=np.array([row.layer for row in rows], np.int64),
        preactivation_std={role: _or_none(_column(row.std.get(role, np.nan) for row in rows)) for role in _ROLES},
        ffn_mean=_column(row.hidden[0] for row in rows),
        ffn_std=_column(row.hidden[1] for row in rows),
        near_zero_share=_column(row.near_zero_share for row in rows),
        ffn_output_rms=_column(row.rms["ffn_output"] for row in rows),
        attention_output_rms=_column(row.rms["attention_output"] for row in rows),
        ffn_attention_ratio=_column(row.ratio for row in rows),
        residual_rms=_column(row.rms["residual"] for row in rows),
        head_entropy=_heads(row.entropy for row in rows),
        baseline=_heads(row.baseline for row in rows),
        expert_spread=_column(np.nan if row.spread is None else row.spread for row in rows) if has_experts else None,
        applicability=_limits(rows, n_layers, stopped),
        assumptions=(*assumptions, *((_ROUTER,) if has_experts else ())),
        preactivation_rms={role: _or_none(_column(row.rms.get(role, np.nan) for row in rows)) for role in _ROLES},
        ffn_norm_rms=_column(row.rms["ffn_norm"] for row in rows),
        first_token_share=_heads(row.first_token_share for row in rows if row.first_token_share is not None),
        entropy_bands=_bands(rows),
        overall_rms=_by_point([row.overall_rms for row in rows]),
        first_rms=_by_point([row.first_rms for row in rows]),
    )


def _by_point(rows: list[dict[str, float]]) -> dict[str, Floats]:
    """Point → (L,), NaN where a layer has none."""
    points = dict.fromkeys(point for row in rows for point in row)
    return {point: np.array([row.get(point, np.nan) for row in rows]) for point in points}


def _bands(rows: list[LayerFigures]) -> dict[str, Floats]:
    """Band → (L, heads)."""
    names = rows[0].entropy_bands if rows else ()
    tables = {name: _heads(row.entropy_bands[name] for row in rows) for name in names}
    return {name: table for name, table in tables.items() if table is not None}


def _column(values: Iterable[float]) -> Floats | None:
    column = np.array(list(values), np.float64)
    return column if column.size else None


def _or_none(column: Floats | None) -> Floats | None:
    """None for a column that no layer has."""
    return None if column is None or np.isnan(column).all() else column


def _heads(rows: Iterable[Floats]) -> Floats | None:
    """(layers, heads), NaN beyond the heads of layers that have fewer."""
    by_layer = list(rows)
    if not by_layer:
        return None
    table = np.full((len(by_layer), max(row.size for row in by_layer)), np.nan)
    for line, row in zip(table, by_layer, strict=True):
        line[: row.size] = row
    return table


def _limits(rows: list[LayerFigures], n_layers: int, stopped: str | None) -> tuple[Limit, ...]:
    limits: list[Limit] = []
    if stopped is not None:
        where = f"from layer {len(rows)} of {n_layers} on: " if rows else ""
        limits += [Limit(score, where + stopped) for score in SCORES]
    if any("gate" not in row.rms for row in rows):
        limits.append(Limit("preactivation_std.gate", "the FFN has no gate; `up` holds what its activation acts on"))
    if any(row.rms["attention_output"] == 0 for row in rows):
        limits.append(
            Limit("ffn_attention_ratio", "attention adds nothing in some layers: the ratio is undefined there")
        )
    if any(np.isnan(row.entropy).any() for row in rows):
        limits.append(Limit("head_entropy", "a window of one key leaves no entropy to speak of"))
    return tuple(limits)
