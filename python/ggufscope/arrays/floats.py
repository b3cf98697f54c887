"""The array type that annotations name, float64 of any shape, and the way from weights to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..loading import lazy

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
else:
    np = lazy("numpy")
    Floats = Any


def widened(values: npt.NDArray[Any]) -> Floats:
    """The values as float64. A file may hold NaNs that signal, of which NumPy would warn; they become quiet ones."""
    with np.errstate(invalid="ignore"):
        return values.astype(np.float64)
