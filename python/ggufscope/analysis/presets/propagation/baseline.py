"""The plain ranking of heads, from the weights alone: −‖W_q g‖ · ‖W_k g‖."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ....architecture.blueprint import Blueprint
from ....arrays.arguments import thread_count
from ....arrays.multiply import multiply
from .attention import baseline
from .formulas import attention_of, require_formulas

if TYPE_CHECKING:
    from ....architecture.matrices import Matrix
    from ....arrays.floats import Floats
    from ....models.model import Model


def baselines(model: Model, threads: int | None = None) -> Floats:
    """The baseline of every head, (layers, most heads of a layer), NaN where a layer has fewer; as in `Propagation`.

    Raises:
        NotApplicableError: The model has no such heads; the message says why.
    """
    require_formulas(model)
    blueprint = Blueprint.of(model)
    n_layers = blueprint.n_layers
    n_threads = thread_count(threads)
    rows = []
    for number in range(n_layers):
        layer = blueprint.layer(number)
        weights, before = attention_of(layer), layer.mixer_norms.before
        gain = np.ones(blueprint.width) if before is None else before.gain
        squares = (_row_squares(projection, gain, n_threads) for projection in (weights.q, weights.k))
        rows.append(baseline(weights.shape, *squares))
    table = np.full((n_layers, max(map(len, rows), default=0)), np.nan)
    for row, values in zip(table, rows, strict=True):
        row[: len(values)] = values
    return table


def _row_squares(matrix: Matrix, gain: Floats, threads: int) -> Floats:
    """‖row · g‖² of every row, (rows,)."""
    squares = multiply(matrix.blocks(), None, np.square(gain), None, threads).squares
    assert squares is not None  # noqa: S101
    return squares * matrix.scale**2
