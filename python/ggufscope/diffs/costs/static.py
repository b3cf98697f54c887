"""Costs of a model that is not read: the relative squared error of the weights, times a mean of the tensor's role.

    cost = role mean · Σ E[x²] (b − a)² / Σ E[x²] a² / 0.088

The role means are KL divergences that others published, of Qwen3-4B with all tensors of a role but one exact, as Q2_K,
whose relative squared error is .088. E[x²] is the mean square of the input of each column where it is known, else 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...arrays.floats import widened
from ...arrays.workers import in_order

if TYPE_CHECKING:
    from ...architecture.matrices import RowSource
    from ...arrays.floats import Floats
    from ...models.tensor import Tensor

_PUBLISHED_NMSE = 0.088
_ATTENTION = 0.0014
_ROLE_MEANS = {
    "token_embd": 0.357,
    "output": 0.357,
    "ffn_down": 0.0029,
    "ffn_up": 0.0027,
    "ffn_gate": 0.0022,
    "ffn_gate_up": 0.0027,
}
_TILE_ELEMENTS = 1 << 20


def static_cost(tensor: Tensor, rows: RowSource, importance: Floats | None, threads: int = 1) -> float:
    """The cost of a tensor with other rows.

    Args:
        tensor: of the reference.
        rows: in its place.
        importance: E[x²] by column, (columns,), or (experts, columns) of a stack; None: all columns alike.
        threads: that rows are compared in; the cost is the same for any number.
    """
    return role_mean(tensor.role) * relative_error(tensor, rows, importance, threads) / _PUBLISHED_NMSE


def role_mean(role: str | None) -> float:
    """The published mean of a role; of attention for every other one."""
    name = (role or "").removesuffix("_exps").removesuffix("_shexp")
    return _ROLE_MEANS.get(name, _ATTENTION)


def relative_error(tensor: Tensor, rows: RowSource, importance: Floats | None = None, threads: int = 1) -> float:
    """Σ w (b − a)² / Σ w a² over all weights, 0 where both are 0."""
    step = max(1, _TILE_ELEMENTS // max(1, tensor.shape[-1]))

    def sums_from(first: int) -> tuple[float, float]:
        return _sums(tensor, rows, importance, first, min(step, tensor.n_rows - first))

    error = square = 0.0
    for part in in_order(sums_from, range(0, tensor.n_rows, step), threads):
        error, square = error + part[0], square + part[1]
    return error / square if square else float(error > 0)


def _sums(tensor: Tensor, rows: RowSource, importance: Floats | None, first: int, count: int) -> tuple[float, float]:
    """Σ w (b − a)² and Σ w a² over some rows."""
    columns = tensor.shape[-1]
    exact = widened(tensor.dequantize(rows=slice(first, first + count), threads=1)).reshape(count, columns)
    other = np.empty((count, columns), np.float32)
    rows.decode_into(other, first)
    weights = _weights(tensor, importance, first, count)
    with np.errstate(invalid="ignore", over="ignore"):  # of weights that are not finite nor is the cost
        error = float(np.sum(weights * np.square(widened(other) - exact)))
        return error, float(np.sum(weights * np.square(exact)))


def _weights(tensor: Tensor, importance: Floats | None, first: int, count: int) -> Floats:
    """The weight of each column in some rows, (rows, columns), or something that is broadcast to it."""
    if importance is None:
        return np.ones(1)
    if importance.ndim == 1:
        return importance
    rows_each = tensor.n_rows // len(importance)
    return importance[np.arange(first, first + count) // rows_each]
