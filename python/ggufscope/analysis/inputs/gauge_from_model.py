"""The invariant products of `gauge`, exact, from the weights of a model: one more streamed pass over its matrices."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...arrays.compiled import ahead, compiled
from ...arrays.floats import widened
from ...models.factors import expert_factors
from ...models.heads import heads
from .gauge import Gauge, head_product
from .tensor_roles import FUSED_ATTENTION, ffn_gain_role, holder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

    from ...arrays.floats import Floats
    from ...models.model import Model, Tensor
    from .layer_table import LayerTable


@dataclass(frozen=True)
class StepLimits:
    """Sizes of the steps through a matrix.

    Attributes:
        tile_elements: decoded at a time, so that a tile stays in cache.
        step_elements: multiplied between two calls of `progress`, which may cancel.
    """

    tile_elements: int = 1 << 20
    step_elements: int = 1 << 26


DEFAULT_LIMITS = StepLimits()

LayerTensors = dict[str, list["Tensor"]]


@ahead("float32[:, ::1], float64[::1]")
@compiled
def add_column_squares(weights: npt.NDArray[np.float32], sums: Floats) -> None:  # pragma: no cover  compiled
    """Add w² of every row to the sums of the columns, in place.

    Args:
        weights: float32 (rows, columns), C-contiguous.
        sums: float64 (columns,).
    """
    n_rows, n_columns = weights.shape
    for row in range(n_rows):
        for column in range(n_columns):
            weight = np.float64(weights[row, column])
            sums[column] += weight * weight


class _Streamer:
    """Goes through tensors some rows at a time and reports how far it is."""

    def __init__(
        self, total: int, threads: int | None, progress: Callable[[int, int], object] | None, limits: StepLimits
    ) -> None:
        self._total, self._threads, self._progress, self._limits = total, threads, progress, limits
        self._done = 0

    def _steps(self, tensor: Tensor, first: int, last: int, elements: int) -> Iterator[slice]:
        """The rows from `first` to before `last`, about `elements` weights at a time."""
        step = max(1, elements // max(1, tensor.shape[-1]))
        for start in range(first, last, step):
            stop = min(last, start + step)
            yield slice(start, stop)
            self._done += tensor.n_bytes * (stop - start) // max(1, tensor.n_rows)
            if self._progress is not None:
                self._progress(min(self._done, self._total), self._total)

    def row_squares(self, tensor: Tensor, gain: Floats, first: int = 0, last: int | None = None) -> Floats:
        """Σ w² g² of the rows, (rows,)."""
        weights = np.square(gain)
        steps = self._steps(tensor, first, tensor.n_rows if last is None else last, self._limits.step_elements)
        parts = [tensor.row_products(squares=weights, rows=rows, threads=self._threads).squares for rows in steps]
        return np.concatenate([part for part in parts if part is not None] or [np.zeros(0)])

    def column_squares(self, tensor: Tensor, first: int, last: int) -> Floats:
        """Σ w² of the columns over some rows, (columns,)."""
        sums = np.zeros(tensor.shape[-1])
        for rows in self._steps(tensor, first, last, self._limits.tile_elements):
            add_column_squares(tensor.dequantize(rows, threads=self._threads), sums)
        return sums


def gauge_from_model(
    model: Model,
    table: LayerTable,
    threads: int | None = None,
    progress: Callable[[int, int], object] | None = None,
    limits: StepLimits = DEFAULT_LIMITS,
) -> Gauge:
    """The invariant products of every layer of the main stack.

    Args:
        model: open.
        table: of its profile.
        threads: for decoding; by default the cores this process may use.
        progress: called as `progress(done_bytes, total_bytes)`; may raise to cancel.
        limits: sizes of the steps.

    Raises:
        GGUFError: The file shrank since it was opened.
    """
    layers: dict[int, LayerTensors] = defaultdict(lambda: defaultdict(list))
    for tensor in model.tensors.values():
        if tensor.layer is not None and tensor.stack is None and tensor.role is not None:
            layers[tensor.layer][tensor.role].append(tensor)
    roles = {role for layer in layers.values() for role in layer}
    ffn_gain = ffn_gain_role(roles)
    matrices = [tensor for layer in layers.values() for of_role in layer.values() for tensor in of_role]
    streamer = _Streamer(sum(tensor.n_bytes for tensor in matrices), threads, progress, limits)
    by_layer = [_products(model, layers[layer], ffn_gain, streamer) for layer in table.layers.tolist()]
    products = {name: np.array([layer[name] for layer in by_layer]) for name in by_layer[0]}
    return Gauge("per head", products, table.scale_free)


def _products(model: Model, layer: LayerTensors, ffn_gain: str | None, streamer: _Streamer) -> dict[str, float]:
    sides = _attention_sides(model, layer, streamer)
    products = {
        "qk_product": head_product(sides["q"], sides["k"]),
        "vo_product": head_product(sides["o"], sides["v"]),
    }
    return products | {"ffn_product": _ffn_product(model, layer, ffn_gain, streamer)}


def _gain(layer: LayerTensors, role: str | None, columns: int) -> Floats | None:
    """The gain vector, None where there is none or it does not fit."""
    gains = layer.get(role, []) if role else []
    if len(gains) != 1 or gains[0].shape != (columns,):
        return None
    return widened(gains[0].dequantize())


def _attention_sides(model: Model, layer: LayerTensors, streamer: _Streamer) -> dict[str, Floats]:
    """Norms of the heads of q, k and v, with gains, and of each query head's columns of o; empty where not known."""
    sides: dict[str, Floats] = {kind: np.zeros(0) for kind in "qkvo"}
    for role in ("attn_q", "attn_k", "attn_v", FUSED_ATTENTION):
        for tensor in layer.get(role, [])[:1]:
            gain = _gain(layer, "attn_norm", tensor.shape[-1]) if len(tensor.shape) == 2 else None
            if gain is not None:
                squares = streamer.row_squares(tensor, gain) * _factor_squares([tensor], 1)
                sides |= _head_sides(model, tensor, squares)
    for tensor in layer.get("attn_output", [])[:1]:
        if len(tensor.shape) == 2:
            columns = streamer.column_squares(tensor, 0, tensor.n_rows)
            sides |= _head_sides(model, tensor, columns * _factor_squares([tensor], 1))
    return sides


def _head_sides(model: Model, tensor: Tensor, squares: Floats) -> dict[str, Floats]:
    """Kind → norms of its heads, from the squares of the rows (or columns) of a tensor; {} without known heads."""
    geometry = heads(model, tensor)
    if geometry is None:
        return {}
    norms = np.sqrt(squares.reshape(geometry.n_heads, -1).sum(axis=1))
    return {group.kind: norms[group.first_head : group.first_head + group.n_heads] for group in geometry.groups}


def _ffn_product(model: Model, layer: LayerTensors, gain_role: str | None, streamer: _Streamer) -> float:
    """Mean over neurons and experts of ‖row of W_up · g‖ · ‖column of W_down‖."""
    up_role, down_role = holder("up", layer), holder("down", layer)
    if up_role is None or down_role is None:
        return float("nan")
    ups, downs = layer[up_role], layer[down_role]
    if any(len({expert.shape for expert in side}) > 1 or len(side[0].shape) < 2 for side in (ups, downs)):
        return float("nan")
    gain = _gain(layer, gain_role, ups[0].shape[-1])
    if gain is None:
        return float("nan")
    ranges = [(tensor, *ends) for tensor in ups for ends in _up_rows(tensor, model.half_rows.get(tensor.name))]
    rows = np.concatenate([streamer.row_squares(tensor, gain, first, last) for tensor, first, last in ranges])
    columns = np.concatenate([_expert_columns(tensor, streamer) for tensor in downs])
    if rows.shape != columns.shape:
        return float("nan")
    # Norms before products: squares of numbers near the end of float32 pass that of float64.
    row_norms = np.sqrt(rows * _factor_squares(ups, len(rows)))
    column_norms = np.sqrt(columns * _factor_squares(downs, len(columns)))
    return float((row_norms * column_norms).mean())


def _factor_squares(tensors: Sequence[Tensor], n: int) -> Floats:
    """Squares of the factors beside matrices (NVFP4 files), by expert over all n neurons; (n,)."""
    factors = np.concatenate([expert_factors(tensor) for tensor in tensors])
    if factors.size == 0 or n % factors.size:
        return np.full(n, np.nan)
    return np.repeat(np.square(factors), n // factors.size)


def _up_rows(up: Tensor, half: int | None) -> list[tuple[int, int]]:
    """Where the rows of W_up begin and end: all, or the second half of each expert where the gate is there, too."""
    if half is None:
        return [(0, up.n_rows)]
    return [(start + half, start + 2 * half) for start in range(0, up.n_rows, 2 * half)]


def _expert_columns(down: Tensor, streamer: _Streamer) -> Floats:
    """Σ w² of the columns of each expert of W_down, expert after expert."""
    height = down.shape[-2]
    starts = range(0, down.n_rows, height) if height else range(0)
    columns = [streamer.column_squares(down, start, start + height) for start in starts]
    return np.concatenate(columns) if columns else np.zeros(0)
