"""Equality of results by value: NaN equals NaN, and arrays are equal if their elements are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..loading import lazy

if TYPE_CHECKING:
    import numpy as np
else:
    np = lazy("numpy")


def equal(left: Any, right: Any) -> bool:
    """Whether two values are the same, part by part.

    NumPy's `==` gives an array, which has no truth, and NaN differs from itself: results compare by this instead.
    Objects that are no dict, list, tuple or array compare by their own `==`.

    >>> equal({"kurtosis": float("nan"), "row_l2": np.ones(2)}, {"row_l2": np.ones(2), "kurtosis": float("nan")})
    True
    """
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        return _equal_arrays(left, right)
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(value, right[key]) for key, value in left.items())
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        pairs = zip(left, right, strict=False)
        return type(left) is type(right) and len(left) == len(right) and all(equal(*pair) for pair in pairs)
    return bool(left == right) or (_is_nan(left) and _is_nan(right))


def _equal_arrays(left: object, right: object) -> bool:
    if not (isinstance(left, np.ndarray) and isinstance(right, np.ndarray)):
        return False
    return np.array_equal(left, right, equal_nan=left.dtype.kind in "fc" and right.dtype.kind in "fc")


def _is_nan(value: object) -> bool:
    return isinstance(value, (float, np.floating)) and bool(np.isnan(value))
