"""The plain ranking of heads, from the weights alone: −‖W_q g‖ · ‖W_k g‖."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ....architecture.blueprint import Blueprint
from ....architecture.mixers.attention import AttentionWeights
from ....arrays.arguments import thread_count
from ....arrays.multiply import multiply
from .attention import baseline

if TYPE_CHECKING:
    from ....architecture.matrices import Matrix
    from ....arrays.floats import Floats
    from ....models.model import Model


def baselines(model: Model, threads: int | None = None) -> Floats:
    """The baseline of every head, (layers, most heads of a layer); NaN where a layer has fewer, or no such heads.

    Raises:
        NotApplicableError: The architecture is not known, or a part is missing; the message says which.
    """
    blueprint = Blueprint.of(model)
    n_threads = thread_count(threads)
    layers = [blueprint.layer(number) for number in range(blueprint.n_layers)]
    shapes = [None if layer.mixer is None else layer.mixer.shape for layer in layers]
    table = np.full((len(layers), max((0 if shape is None else shape.n_heads for shape in shapes), default=0)), np.nan)
    for row, layer in zip(table, layers, strict=True):
        if isinstance(layer.mixer, AttentionWeights):
            before = layer.mixer_norms.before
            gain = np.ones(blueprint.width) if before is None else before.gain
            row[: layer.mixer.shape.n_heads] = _of_layer(layer.mixer, gain, n_threads)
    return table


def _of_layer(weights: AttentionWeights, gain: Floats, threads: int) -> Floats:
    q, k = (_row_squares(projection, gain, threads) for projection in (weights.q, weights.k))
    if weights.gated:  # behind the rows of each head are those of its gate
        q = q.reshape(weights.shape.n_heads, 2, -1)[:, 0].reshape(-1)
    return baseline(weights.shape, q, k)


def _row_squares(matrix: Matrix, gain: Floats, threads: int) -> Floats:
    """‖row · g‖² of every row, (rows,)."""
    squares = multiply(matrix.blocks(), None, np.square(gain), None, threads).squares
    assert squares is not None  # noqa: S101
    return squares * matrix.scale**2
