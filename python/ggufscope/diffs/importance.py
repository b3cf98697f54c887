"""Importance of input channels: how large what each column of a matrix multiplies is, on a text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Importance(Protocol):
    """Mean squares of inputs, as an importance matrix holds them.

    Attributes:
        file: base name of the file; None for an object in memory.
        datasets: that it was measured on, as it names them.
        n_chunks: of text that were read; None where it does not say.
    """

    @property
    def file(self) -> str | None: ...
    @property
    def datasets(self) -> list[str]: ...
    @property
    def n_chunks(self) -> int | None: ...

    def mean_squares(self, name: str) -> npt.NDArray[np.float64] | None:
        """E[x²] of each input of the matrix of that name: (columns,), or (experts, columns) of a stack.

        None where nothing is known of it; NaN in the rows of experts that read nothing.
        """
