"""One tensor of a model: its weights, their statistics and products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, overload

from .._core import observe_model
from ..arrays.arguments import thread_count
from ..arrays.factor_grids import times_grid
from ..arrays.multiply import RowProducts, multiply
from ..arrays.statistics import TensorStatistics, non_finite, whole_of
from ..arrays.targets import checked_out
from ..loading import lazy
from ..text.notebook import NotebookView
from .given_factors import factors_of
from .heads import group_rows
from .indexing import chosen_part, consecutive
from .stored import StoredTensor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    import numpy.typing as npt

    from .._core import TensorInfo
    from .mapped import MappedModel
else:
    np = lazy("numpy")

Out = TypeVar("Out")


class Tensor(NotebookView, StoredTensor):
    """One tensor of a model. It keeps its model's mapping alive.

    It pickles as its model and its name, and so reaches other processes; tensors of one pickle share one model there.
    Copying gives the tensor itself. Tensors compare by identity of the object.

    Attributes:
        name: as in the file.
        type: ggml's name of its type, as `"Q4_K"`.
        shape: NumPy order: (experts,) rows, columns. GGUF stores it reversed.
        n_elements: number of weights.
        n_bytes: bytes as stored.
        layer: number of its layer, None outside the layers.
        role: what it does there, as `"attn_v"`; None for a name that says nothing. See `ggufscope.models.roles`.
        stack: None for the main stack of layers and what is around it; `"enc"`, `"dec"`, `"v"`, … for another;
            `"nextn"` for blocks that predict tokens behind the next one.
        expert: number of the expert in a file that stores each expert by itself, else None.
        index: position in the tensor table.
        kind: `"matrix"`, `"vector"`, `"factor"` or `"table"`; see `ggufscope.models.kinds`.
        factor: of this matrix, which a tensor beside it holds; None without one. Statistics are of the weights with
            it; everything else here is of the blocks as stored, but where factors stand for rows or blocks of the
            matrix (`factor.grid`, FP8 checkpoints): then decoding and products have them, too.
        known_statistics: the last that `statistics()` gave, which notebooks show; None before.
    """

    __slots__ = ("known_statistics",)

    def __init__(self, model: MappedModel, index: int, info: TensorInfo) -> None:
        super().__init__(model, index, info)
        self.known_statistics: TensorStatistics | None = None

    @overload
    def dequantize(
        self, rows: slice | None = None, out: None = None, threads: int | None = None
    ) -> npt.NDArray[np.float32]: ...
    @overload
    def dequantize(self, rows: slice | None, out: Out, threads: int | None = None) -> Out: ...
    @overload
    def dequantize(self, rows: slice | None = None, *, out: Out, threads: int | None = None) -> Out: ...
    def dequantize(self, rows: slice | None = None, out: Any = None, threads: int | None = None) -> Any:
        """The numbers of the blocks as float32, exactly as ggml decodes them: without the `factor` beside them.

        Factors of single rows or blocks of a matrix, as FP8 checkpoints have them, are multiplied in.

        Args:
            rows: which rows, counted over all leading dimensions, step 1; all of them if None.
            out: where to write, as for `ggufscope.dequantize`: an array, a tensor of torch, …; a new array if None.
            threads: at most so many; by default the cores this process may use. Small ranges take one.

        Returns:
            `out`, or a new array: of `shape` for all rows, otherwise (rows, columns).

        Raises:
            ValueError: Wrong `rows`, `out` or `threads`, or the model is closed.
            GGUFError: The file shrank since it was opened.

        Example:
            >>> tensor.dequantize(rows=slice(0, 128)).shape                         # doctest: +SKIP
            (128, 4096)
            >>> tensor.dequantize() * tensor.factor.values()    # of a matrix with a factor  # doctest: +SKIP
        """
        target = self.stored_numbers(rows, out, threads)
        if self.factor is not None and self.factor.grid is not None and target.size:
            first, _ = self.row_range(rows)
            weights = target.reshape(-1, self.shape[-1])
            times_grid(weights, self.factor.of_rows(self.shape, first, len(weights)), self.factor.grid.columns)
        return target if out is None else out

    def stored_numbers(
        self, rows: slice | None = None, out: object = None, threads: int | None = None
    ) -> npt.NDArray[np.float32]:
        """The same without any factor, for ggufscope's own modules."""
        core = self._model.core()
        first, shape = self.row_range(rows)
        target = checked_out(out, shape)
        n_threads = thread_count(threads)
        if target.size:
            core.decode(self.index, first, target, n_threads)
        return target

    def __getitem__(self, key: Any) -> Any:
        """The numbers of some rows, exactly those that `dequantize()[key]` has; blocks of other rows are not read.

        Args:
            key: as of a NumPy array of this `shape`: numbers (negative ones from the end), slices of any step, `...`,
                lists, arrays and masks of rows; behind them a number or a slice of columns.

        Returns:
            A float32 array, or one number of it.

        Raises:
            IndexError: There is no such row or column, or the key is of another kind.
            ValueError: The model is closed.
            GGUFError: The file shrank since it was opened.

        Example:
            >>> tensor[-1].shape, tensor[[7, 0, 7]].shape, tensor[::100, :8].shape      # doctest: +SKIP
            ((4096,), (3, 4096), (41, 8))
        """
        if len(self.shape) < 2:
            return self.dequantize()[key]
        self._model.core()  # which says so if the model is closed, for no rows as well
        chosen = chosen_part(key, self.shape)
        out = np.empty((chosen.rows.size, self.shape[-1]), np.float32)
        for position, first, count in consecutive(chosen.rows.reshape(-1)):
            self.dequantize(slice(first, first + count), out=out[position : position + count])
        return chosen.of_rows(out)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """All numbers as an array, those of `dequantize()`, so that NumPy takes a tensor where it takes an array.

        Raises:
            ValueError: A copy is forbidden: decoded numbers stand nowhere in memory.
        """
        if copy is False:
            raise ValueError(
                f"{self.name} is decoded into a new array; its bytes are there without a copy: tensor.data"
            )
        weights = self.dequantize()
        return weights if dtype is None else weights.astype(dtype, copy=False)

    def __len__(self) -> int:
        """The length of the first dimension: experts of a stack, else rows; of a vector its numbers."""
        if not self.shape:
            raise TypeError(f"{self.name} is a single number and has no length")
        return self.shape[0]

    def __bool__(self) -> bool:
        """True, of a tensor without rows as well: it is there."""
        return True

    def statistics(self, threads: int | None = None, *, fast: bool = False, stored: bool = False) -> TensorStatistics:
        """Statistics of all weights of this tensor, times the `factor` beside it.

        Args:
            threads: at most so many; by default the cores this process may use.
            fast: leave out histogram, row and column norms and code statistics.
            stored: of the blocks as they are, without the factor.

        Returns:
            The fields of docs/metrics.md as attributes; the same bits as in a profile of the model.

        Raises:
            GGUFError: The file shrank since it was opened.
            ValueError: The model is closed, or fewer than one thread.
        """
        core = self._model.core()
        rows = group_rows(self._model, self)  # cut as in a profile, for the same bits
        factors = {} if stored else factors_of([self])
        parts = observe_model(core, [self.index], [rows], thread_count(threads), fast, factors=factors)
        whole = whole_of(parts)
        taken = TensorStatistics.of(whole, n_bytes=self.n_bytes, shape=self.shape, type=self.type, name=self.name)
        if not stored:
            self.known_statistics = taken
        return taken

    def row_products(
        self,
        x: npt.ArrayLike | None = None,
        *,
        squares: npt.ArrayLike | None = None,
        other: Tensor | None = None,
        rows: slice | None = None,
        threads: int | None = None,
    ) -> RowProducts:
        """`W x` and `(W ∘ W) y` of this tensor's rows: see `ggufscope.row_products`.

        Args:
            x: shape (columns,) or (k, columns).
            squares: y, shape (columns,) or (k, columns).
            other: a tensor V of as many rows: `(W ∘ V) y` takes the place of `(W ∘ W) y`.
            rows: which rows of both, counted over all leading dimensions, step 1; all of them if None.
            threads: at most so many; by default the cores this process may use.

        Raises:
            ValueError: Shapes that do not fit each other, wrong `rows` or `threads`, or the model is closed.
            GGUFError: The file shrank since it was opened.

        Example:
            >>> products = tensor.row_products(mean, squares=variance)              # doctest: +SKIP
            >>> products.linear, products.squares                                   # doctest: +SKIP
        """
        right = None if other is None else other.block_rows(rows)
        return multiply(self.block_rows(rows), x, squares, right, thread_count(threads))

    def __reduce__(self) -> tuple[Callable[..., Tensor], tuple[MappedModel, str]]:
        return _tensor_of, (self._model, self.name)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __repr__(self) -> str:
        known = {} if self.known_statistics is None else non_finite(self.known_statistics)
        odd = "".join(f", {count} {what}" for what, count in known.items())
        return f"<Tensor {self.name!r} {self.type} {' × '.join(map(str, self.shape))}{odd}>"


class _HasTensors(Protocol):
    """A whole model, of which a tensor knows the mapped part alone."""

    @property
    def tensors(self) -> Mapping[str, Tensor]: ...


def _tensor_of(model: _HasTensors, name: str) -> Tensor:
    """The tensor of a pickle."""
    return model.tensors[name]
