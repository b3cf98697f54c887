"""Some rows of a tensor as a view has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...arrays.arguments import thread_count
from ..viewed import SeenSide

if TYPE_CHECKING:
    import numpy as np
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
    first, last, _ = rows.indices(tensor.n_rows if view.rows is None else len(view.rows))
    return SeenSide(tensor, view, stored=True, threads=thread_count(None)).rows(first, last)
