"""The error function of many numbers: polynomials about the points of a table, which processors compute side by side.

The C library's is called for one number after another, and took two thirds of a propagation's near-zero shares.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ....arrays.compiled import compiled_as_numpy

if TYPE_CHECKING:
    from ....arrays.floats import Floats

_POINTS_PER_UNIT = 32
_REACH = 6.0  # from where on erf is 1 in float64
_DEGREE = 7  # the first term left out is below (1/64)⁸ / 8! · max |d⁸ erf / dx⁸| < 1e-16


def _taylor_coefficients() -> Floats:
    """Of erf about 0, 1/32, …, 6, the lowest power first, (points, degree + 1).

    The derivatives are d^k erf / dx^k = (−1)^(k−1) H_(k−1)(x) · 2/√π · exp(−x²), H the Hermite polynomials of physics.
    """
    points = np.arange(int(_REACH * _POINTS_PER_UNIT) + 1) / _POINTS_PER_UNIT
    hermite = [np.ones_like(points), 2 * points]
    for order in range(1, _DEGREE - 1):
        hermite.append(2 * points * hermite[order] - 2 * order * hermite[order - 1])
    density = 2 / math.sqrt(math.pi) * np.exp(-np.square(points))
    powers = [(-1) ** order * hermite[order] * density / math.factorial(order + 1) for order in range(_DEGREE)]
    return np.ascontiguousarray(np.stack([np.array([math.erf(x) for x in points]), *powers], axis=1))


ERF_TABLE = _taylor_coefficients()


@compiled_as_numpy
def put_erf(values: Floats, table: Floats) -> None:
    """Replace numbers by their error function, within 4e-16 of it; NaN stays.

    Args:
        values: float64 (n,), C-contiguous.
        table: ERF_TABLE.
    """
    for k in range(values.size):
        x = values[k]
        size = min(_REACH, abs(x))  # of NaN: _REACH
        row = np.uint64(size * _POINTS_PER_UNIT + 0.5)
        d = size - row / _POINTS_PER_UNIT
        value = table[row, 7] * d + table[row, 6]
        value = value * d + table[row, 5]
        value = value * d + table[row, 4]
        value = value * d + table[row, 3]
        value = value * d + table[row, 2]
        value = value * d + table[row, 1]
        value = value * d + table[row, 0]
        values[k] = math.copysign(value, x) if x == x else x  # noqa: PLR0124  NaN differs from itself
