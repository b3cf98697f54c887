"""From the scores of single layers to the arrays of a `Propagation`, and the scores that do not apply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .prediction import SCORES, Limit, Propagation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ....arrays.floats import Floats
    from .attention import AttentionScores
    from .feed_forward import FeedForwardScores
    from .moments import Moments

_ROLES = ("q", "k", "v", "gate", "up")
_ROUTER = (
    "scores of experts are taken as Gaussian, and which experts a token chooses as independent of what they make of it"
)


@dataclass(frozen=True)
class LayerRow:
    """One layer; `added` and `ffn_added` are what attention and FFN add to the stream, `residual` is behind both."""

    layer: int
    attention: AttentionScores
    ffn: FeedForwardScores
    added: Moments
    ffn_added: Moments
    residual: Moments


def nothing(reason: str) -> Propagation:
    """No score at all."""
    return tabulate([], 0, reason, ())


def tabulate(rows: list[LayerRow], n_layers: int, stopped: str | None, assumptions: tuple[str, ...]) -> Propagation:
    """The result; `stopped` says why the walk ended before the last layer."""
    attention_rms = _column(row.added.rms for row in rows)
    ffn_rms = _column(row.ffn_added.rms for row in rows)
    std = {role: _column(_std(row, role) for row in rows) for role in _ROLES}
    ratio = _ratio(ffn_rms, attention_rms)
    limits = _limits(rows, n_layers, stopped)
    experts = [row for row in rows if row.ffn.spread is not None]
    return Propagation(
        layers=np.array([row.layer for row in rows], np.int64),
        preactivation_std={role: _or_none(column) for role, column in std.items()},
        ffn_mean=_column(row.ffn.mean for row in rows),
        ffn_std=_column(row.ffn.hidden_std for row in rows),
        near_zero_share=_column(row.ffn.near_zero_share for row in rows),
        ffn_output_rms=ffn_rms,
        attention_output_rms=attention_rms,
        ffn_attention_ratio=ratio,
        residual_rms=_column(row.residual.rms for row in rows),
        head_entropy=_heads(row.attention.entropy for row in rows),
        baseline=_heads(row.attention.baseline for row in rows),
        expert_spread=_column(np.nan if row.ffn.spread is None else row.ffn.spread for row in rows)
        if experts
        else None,
        applicability=limits,
        assumptions=(*assumptions, *((_ROUTER,) if experts else ())),
    )


def _std(row: LayerRow, role: str) -> float:
    return (row.attention.std | row.ffn.std).get(role, np.nan)


def _column(values: Iterable[float]) -> Floats | None:
    column = np.array(list(values), np.float64)
    return column if column.size else None


def _or_none(column: Floats | None) -> Floats | None:
    """None for a column that no layer has."""
    return None if column is None or np.isnan(column).all() else column


def _ratio(above: Floats | None, below: Floats | None) -> Floats | None:
    if above is None or below is None:
        return None
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)


def _heads(rows: Iterable[Floats]) -> Floats | None:
    """(layers, heads), NaN beyond the heads of layers that have fewer."""
    by_layer = list(rows)
    if not by_layer:
        return None
    table = np.full((len(by_layer), max(row.size for row in by_layer)), np.nan)
    for line, row in zip(table, by_layer, strict=True):
        line[: row.size] = row
    return table


def _limits(rows: list[LayerRow], n_layers: int, stopped: str | None) -> tuple[Limit, ...]:
    limits: list[Limit] = []
    if stopped is not None:
        where = f"from layer {len(rows)} of {n_layers} on: " if rows else ""
        limits += [Limit(score, where + stopped) for score in SCORES]
    if any("gate" not in row.ffn.std for row in rows):
        limits.append(Limit("preactivation_std.gate", "the FFN has no gate; `up` holds what its activation acts on"))
    if any(row.added.rms == 0 for row in rows):
        limits.append(
            Limit("ffn_attention_ratio", "attention adds nothing in some layers: the ratio is undefined there")
        )
    if any(np.isnan(row.attention.entropy).any() for row in rows):
        limits.append(Limit("head_entropy", "a window of one key leaves no entropy to speak of"))
    return tuple(limits)
