"""An importance matrix: for each matrix of a model, sums of squares of what went into its columns, and how many.

E[x²] = sums / counts is what quantizers weigh the columns by. Stacks of experts have sums for each expert; an expert
that no token reached has none, which is common (`Sums.without_data`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Self

from ...arrays.floats import widened
from ...errors import ImportanceError
from ...loading import lazy
from ..experts import experts_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    import numpy as np
    import numpy.typing as npt

    from ..tensor import Tensor
else:
    np = lazy("numpy")

Form = Literal["gguf", "dat"]


@dataclass(frozen=True, eq=False)
class Sums:
    """What an importance matrix holds of one matrix, or of a stack of them.

    Attributes:
        name: of the tensor in the model.
        n_matrices: that have sums of their own; the form `.dat` tells experts apart no more than columns: 1.
        n_columns: of each.
        counts: (n_matrices,), tokens that were summed over; in the form `.dat`, chunks.
        load: the sums, float32 (n_matrices, n_columns), read from the file anew.
    """

    name: str
    n_matrices: int
    n_columns: int
    counts: npt.NDArray[np.float64]
    load: Callable[[], npt.NDArray[np.float32]] = field(repr=False)

    @property
    def without_data(self) -> list[int]:
        """The numbers of the matrices that nothing was summed for."""
        return np.flatnonzero(self.counts == 0).tolist()

    def mean_squares(self) -> npt.NDArray[np.float64]:
        """E[x²], (n_matrices, n_columns); NaN for matrices without data.

        Raises:
            ImportanceError: The file changed since it was opened.
            GGUFError: It shrank.
        """
        counts = np.where(self.counts > 0, self.counts, np.nan)
        return widened(self.load()) / counts[:, None]


class Importance:
    """An importance matrix, made by `open_importance`; a context manager.

    Attributes:
        path: of the file.
        form: `"gguf"`, or `"dat"` for the older form.
        datasets: names of the texts that it was made with; text from the file.
        chunk_count: chunks that were read; None where the file does not say.
        chunk_size: tokens of each, likewise.
        sums: by the name of the tensor they belong to, in the order of the file.
        others: names of tensors in the file that are no part of an importance matrix.
    """

    def __init__(
        self,
        path: str,
        form: Form,
        sums: dict[str, Sums],
        *,
        datasets: list[str],
        chunk_count: int | None = None,
        chunk_size: int | None = None,
        others: list[str] | None = None,
        close: Callable[[], object] | None = None,
    ) -> None:
        self.path = path
        self.form: Form = form
        self.sums = sums
        self.datasets = datasets
        self.chunk_count = chunk_count
        self.chunk_size = chunk_size
        self.others = others or []
        self._close = close

    def weights(self, tensor: Tensor) -> npt.NDArray[np.float64] | None:
        """E[x²] of each column of a model's tensor, (experts, columns); zeros for an expert without data.

        None where the file has nothing of the tensor.

        Raises:
            ImportanceError: The sums do not fit the tensor: they are another model's.
            GGUFError: The file shrank since it was opened.
        """
        sums = self.sums.get(tensor.name)
        if sums is None:
            return None
        means = self.mean_squares_of(sums, tensor.shape)
        return np.nan_to_num(means, nan=0.0)

    def mean_squares_of(self, sums: Sums, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
        """E[x²] for a tensor of this shape, (experts, columns); NaN for experts without data.

        Raises:
            ImportanceError: The sums do not fit the shape.
            GGUFError: The file shrank since it was opened.
        """
        experts = self.experts_of(sums, shape)
        means = sums.mean_squares().reshape(experts, -1)
        if self.form == "dat" and experts > 1:
            # llama.cpp writes an expert without data as ones, the only way this form has to say so.
            means[(means == 1).all(axis=1)] = np.nan
        return means

    def experts_of(self, sums: Sums, shape: tuple[int, ...]) -> int:
        """How many experts a tensor of this shape has.

        Raises:
            ImportanceError: The sums do not fit the shape.
        """
        experts, columns = experts_in(shape), shape[-1] if shape else 1
        # What is multiplied as one piece has one count, however many matrices it is made of.
        if sums.n_matrices in {1, experts} and sums.n_matrices * sums.n_columns == experts * columns:
            return experts
        held, wanted = _extent(sums.n_matrices, sums.n_columns), _extent(experts, columns)
        raise ImportanceError(
            f"{self.path}: {sums.name} has sums of {held}, and the model's tensor is {wanted}:"
            " the importance matrix is of another model"
        )

    def close(self) -> None:
        if self._close is not None:
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Importance {self.path!r}: {self.form}, {len(self.sums)} tensors>"


def _extent(n_matrices: int, n_columns: int) -> str:
    return f"{n_columns} columns" if n_matrices == 1 else f"{n_matrices} matrices of {n_columns} columns"


def checked_sums(path: str, name: str, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The sums as they are.

    Raises:
        ImportanceError: One is NaN or infinite, or negative, which no sum of squares is.
    """
    wrong = ~np.isfinite(values) | (values < 0)
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        value = float(values.reshape(-1)[place])
        raise ImportanceError(f"{path}: {name}: sum {place} is {value:g}, which no sum of squares is")
    return values
