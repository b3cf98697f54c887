"""Measured quantities: figures of a trace as tables over prompts and points, and combined over prompts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..analysis.index.risk import risk_index
from ..analysis.presets.probe import ANALOGUES
from ..analysis.presets.registry import Component, Ingredient, Scale, Series
from ..arrays.means import mean_of_finite
from .matching import ENTROPY

if TYPE_CHECKING:
    from ..arrays.floats import Floats
    from ..runtime.trace_result import Trace
    from .quantities import Comparison
    from .resampling import Places

# Weights of the prompts, (m, prompts), rows adding up to 1 → the quantity at every point, (m, points)
Combine = Callable[["Floats"], "Floats"]

_COMPONENTS = tuple(Component(name, (Ingredient(name),)) for name in ANALOGUES)


@dataclass(frozen=True, eq=False)
class Measured:
    """A quantity at the points where it is defined in at least one prompt.

    Attributes:
        layers, heads: of each point, (n,); a head of −1 stands for the whole layer.
        prompts: numbers of the prompts in which all of these points are defined.
        combine: over those prompts.
        note: the reason that there are no points, or that some are missing; None where all are there.
    """

    layers: Places
    heads: Places
    prompts: Places
    combine: Combine
    note: str | None = None

    @property
    def n_points(self) -> int:
        return len(self.layers)

    def places(self, per: str) -> tuple[Places, ...]:
        """Index of the points in a table of layers and heads, or, per `"layer"`, in a column of layers."""
        return (self.layers, self.heads) if per == "head" else (self.layers,)


def by_layer(trace: Trace, figure: str, entropy: Floats | None = None) -> Floats:
    """A figure per prompt and layer, one of heads averaged over those; NaN where undefined or not in this trace.

    Args:
        trace: with the figure.
        figure: its name.
        entropy: that of heads at the positions that are compared, (prompts, layers, heads); None: over all.
    """
    document = trace.document
    if figure not in document.figures:
        return np.full((len(document.prompts), document.model.n_layers), np.nan)
    if not document.figures[figure].per_head:
        return trace.layer_figure(figure)
    table = trace.head_figure(figure) if figure != ENTROPY or entropy is None else entropy
    return mean_of_finite(table, axis=2)


def measure(
    comparison: Comparison, trace: Trace, weights: Mapping[str, float], scale: Scale, entropy: Floats | None = None
) -> Measured:
    """A quantity of a trace.

    Args:
        comparison: names the figure, and how prompts are combined.
        trace: with the figure.
        weights: of the components of the index.
        scale: of the components.
        entropy: see `by_layer`.
    """
    if comparison.figure is None:
        return _index(trace, weights, scale, entropy)
    if comparison.figure not in trace.document.figures:
        return _nothing(f"the trace has no figure {comparison.figure}")
    if comparison.per == "head":
        table = trace.head_figure(comparison.figure) if comparison.figure != ENTROPY or entropy is None else entropy
        layers, heads = np.indices(table.shape[1:]).reshape(2, -1)
        return _defined(table.reshape(len(table), -1), layers, heads, squared=False)
    table = by_layer(trace, comparison.figure, entropy)
    layers = np.arange(table.shape[1])
    return _defined(table, layers, np.full(len(layers), -1), squared=comparison.combined == "rms")


def _nothing(reason: str) -> Measured:
    none = np.empty(0, np.int64)
    return Measured(none, none, none, lambda weights: np.empty((len(weights), 0)), reason)


def _defined(table: Floats, layers: Places, heads: Places, *, squared: bool) -> Measured:
    """Points that no prompt has are left out; then prompts that lack one of the others."""
    points = np.isfinite(table).any(axis=0)
    prompts = np.flatnonzero(np.isfinite(table[:, points]).all(axis=1))
    if not points.any() or prompts.size == 0:
        return _nothing("it is not defined in any prompt" if not points.any() else "no prompt has it at every point")
    values = table[np.ix_(prompts, np.flatnonzero(points))]
    if squared:

        def combine(weights: Floats) -> Floats:
            rms: Floats = np.sqrt(weights @ np.square(values))
            return rms
    else:

        def combine(weights: Floats) -> Floats:
            mean: Floats = weights @ values
            return mean

    return Measured(layers[points], heads[points], prompts, combine)


def _index(trace: Trace, weights: Mapping[str, float], scale: Scale, entropy: Floats | None) -> Measured:
    """The risk index with its components measured, on the prompts and with the components that are whole."""
    tables = {name: by_layer(trace, figure, entropy) for name, figure in ANALOGUES.items()}
    undefined = [name for name, table in tables.items() if not np.isfinite(table).all(axis=1).any()]
    used = {name: table for name, table in tables.items() if name not in undefined and weights.get(name, 0) > 0}
    complete = [np.isfinite(table).all(axis=1) for table in used.values()]
    prompts = np.flatnonzero(np.all(complete, axis=0)) if complete else np.empty(0, np.int64)
    if prompts.size == 0:
        return _nothing("no component of it was measured at every layer")
    values = {name: table[prompts] for name, table in used.items()}
    components = [component for component in _COMPONENTS if component.name in used]

    def combine(shares: Floats) -> Floats:
        means = {name: shares @ table for name, table in values.items()}
        return np.array([_risk({name: table[row] for name, table in means.items()}) for row in range(len(shares))])

    def _risk(columns: Mapping[str, Floats]) -> Floats:
        series = {name: Series(column, "", (), gauge_invariant=True) for name, column in columns.items()}
        return risk_index(series, components, weights, scale).values

    n_layers = trace.document.model.n_layers
    note = f"without {', '.join(undefined)}, not measured at every layer" if undefined else None
    return Measured(np.arange(n_layers), np.full(n_layers, -1), prompts, combine, note)
