"""Some rows of a tensor as a view has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...models.tensor import Tensor
    from ..views import SideView


def seen_rows(tensor: Tensor, view: SideView, rows: slice) -> npt.NDArray[np.float32]:
    """Rows of a tensor in the order of a view, without the factor beside it: (rows, columns).

    Args:
        tensor: of any type that can be decoded.
        view: which rows there are, and a number that is added.
        rows: consecutive rows of the view, counted over all leading dimensions.

    Raises:
        GGUFError: The file shrank since it was opened.
        ValueError: The model is closed.
    """
    if view.rows is None:
        weights = tensor.dequantize(rows)
    else:
        wanted = view.rows[rows]
        first = int(wanted.min()) if wanted.size else 0  # orders move rows within a head: the span is short
        last = int(wanted.max()) + 1 if wanted.size else 0
        weights = tensor.dequantize(slice(first, last))[wanted - first]
    with np.errstate(invalid="ignore"):  # of NaNs that signal
        return weights if view.plus == 0 else weights + np.float32(view.plus)
