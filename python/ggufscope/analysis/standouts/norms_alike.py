"""Matrices of one size in every layer: their scale lives elsewhere, in the gains."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ...architecture.limits import NotApplicableError
from ...runtime.standouts import Found, LayerSeries, Standout
from ..inputs.layer_table import GAINS, MATRICES, TENSOR_NAMES
from .source import WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Collection

    from ...arrays.floats import Floats
    from ..inputs.layer_table import LayerTable
    from .source import Weights

NAME = "norms_alike"
_MOST_RANGE = 0.01  # (largest − least) / mean
_FEWEST_LAYERS = 3
# Hypothesis → the matrices that its rule reads.
_RULES = {"H2": ("q", "k"), "H3": ("v",), "H4": ("q", "k")}


@WEIGHTS.kind(
    NAME,
    "Matrices of one size",
    "Matrices whose rms weight differs by at most"
    f" {100 * _MOST_RANGE:g} % between the layers (largest less least, over the mean), of {_FEWEST_LAYERS} layers or"
    " more: training kept their scale, and what grows or shrinks with depth is in the gains.",
)
def find(weights: Weights) -> Found:
    """All such matrices together."""
    table = weights.table
    if table.n_layers < _FEWEST_LAYERS:
        raise NotApplicableError(f"there are fewer than {_FEWEST_LAYERS} layers")
    alike = {}
    for name in MATRICES:
        norms = table.matrices[name].norm
        mean = float(np.mean(norms))
        spread = float(np.ptp(norms)) / mean if mean > 0 else math.nan
        if spread <= _MOST_RANGE:
            alike[name] = (mean, spread)
    series = {
        f"{name}_gain": LayerSeries(f"rms of the gains {TENSOR_NAMES[name]}", _plain(table.gains[name].rms), True)
        for name in GAINS
        if np.isfinite(table.gains[name].rms).any()
    }
    if not alike:
        return Found(series=series)
    blind = [rule for rule, reads in _RULES.items() if any(name in alike for name in reads)]
    largest = max(spread for _, spread in alike.values())
    listed = ", ".join(f"{TENSOR_NAMES[name]} {mean:.4g}" for name, (mean, _) in alike.items())
    sentence = (
        f"Matrices have one norm in every layer, within {100 * largest:.2g} %: {listed}{_rms(table, alike)}. Their"
        f" scale lives in the gains.{_follows(blind)}"
    )
    evidence = {f"{name}_norm": mean for name, (mean, _) in alike.items()}
    return Found([Standout(NAME, None, None, {}, largest, None, evidence, sentence)], series)


def _rms(table: LayerTable, alike: Collection[str]) -> str:
    """The rms weight of those matrices, where it is 1 / √columns in all of them."""
    for name in alike:
        series = table.matrices[name]
        if not np.allclose(series.norm, np.sqrt(series.rows), rtol=_MOST_RANGE):
            return ""
    return " (rms 1/√columns)"


def _follows(blind: list[str]) -> str:
    if not blind:
        return " H2 to H5 read other weights."
    verb = "says" if len(blind) == 1 else "say"
    return f" {_joined(blind)} {verb} nothing of scale here; H5, which reads gains, does."


def _joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _plain(values: Floats) -> list[float | None]:
    return [float(value) if math.isfinite(value) else None for value in values]
