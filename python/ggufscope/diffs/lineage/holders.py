"""How far a weight of a finer type may lie from the number that it was made of.

Quantizers of these types choose the nearest code with the step they store, so that a weight moved by half a step. The
legacy types divide by the step before it is rounded to float16: a weight of q steps moves by q times the rounding more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...arrays.arguments import describe_type
from ...arrays.floats import widened

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from ...models.tensor import Tensor

    Blocks = npt.NDArray[np.uint8]  # (blocks, bytes per block)
    Steps = npt.NDArray[np.float64]  # (blocks, steps per block)

RUN = 32  # weights, of which all lattices cut their runs


def _first_half(blocks: Blocks) -> Steps:
    """The float16 in front of a legacy block."""
    return widened(np.ascontiguousarray(blocks[:, :2]).view("<f2"))


def _sixteen_of_q6_k(blocks: Blocks) -> Steps:
    """128 bytes of low bits, 64 of high bits, 16 scales as signed bytes, and the float16 that multiplies them."""
    scales = np.ascontiguousarray(blocks[:, 192:208]).view(np.int8).astype(np.float64)
    factors = widened(np.ascontiguousarray(blocks[:, 208:210]).view("<f2"))
    with np.errstate(invalid="ignore"):  # of a factor that is Inf
        return scales * factors


_STEPS: dict[str, Callable[[Blocks], Steps]] = {
    "Q5_0": _first_half,
    "Q5_1": _first_half,
    "Q8_0": _first_half,
    "Q6_K": _sixteen_of_q6_k,
}
_ROUNDING = {"F32": 2.0**-23, "F16": 2.0**-11, "BF16": 2.0**-8}  # of a number that was rounded once, relative
_FLUSHED = {"F32": 0.0, "F16": 2.0**-25, "BF16": 0.0}  # half the distance of subnormal numbers
HOLDERS = (*_STEPS, *_ROUNDING)


def weights_with_tolerances(tensor: Tensor, rows: slice) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The weights of some rows and how far each may have been moved, both (runs, `RUN`).

    Args:
        tensor: of one of the `HOLDERS`, whose rows `RUN` divides; little-endian where it has blocks.
        rows: consecutive rows.

    Raises:
        GGUFError: The file shrank since it was opened.
    """
    weights = widened(tensor.dequantize(rows)).reshape(-1, RUN)
    if tensor.type in _ROUNDING:
        return weights, np.abs(weights) * _ROUNDING[tensor.type] + _FLUSHED[tensor.type]
    described = describe_type(tensor.type)
    size = described["bytes_per_block"]
    row_size = tensor.n_bytes // tensor.n_rows
    first, last, _ = rows.indices(tensor.n_rows)
    blocks = np.frombuffer(tensor.read(first * row_size, (last - first) * row_size), np.uint8).reshape(-1, size)
    steps = np.abs(_STEPS[tensor.type](blocks))
    run_of_step = described["elements_per_block"] // steps.shape[1]
    wide = np.repeat(steps.reshape(-1), run_of_step).reshape(-1, RUN)
    with np.errstate(invalid="ignore", over="ignore"):
        rounding = np.maximum(np.abs(weights) * 2.0**-11, np.abs(weights) / np.maximum(wide, 2.0**-24) * 2.0**-25)
        return weights, 0.5 * wide * (1 + 2.0**-20) + rounding
