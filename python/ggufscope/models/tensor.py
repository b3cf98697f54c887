"""One tensor of a model: what it is, its bytes, its weights, its statistics."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

from .._core import TensorInfo, observe_model
from ..arrays.arguments import checked_out, describe_type, thread_count, type_name
from ..arrays.factor_grids import times_grid
from ..arrays.multiply import BlockRows, FactorGrid, RowProducts, multiply
from ..arrays.statistics import TensorStatistics, whole_of
from .experts import experts_in
from .heads import group_rows
from .kinds import kind_of_numbers
from .roles import Place, behind_the_trunk, place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import numpy.typing as npt

    from ..inputs.checkpoints.composing import Source
    from .factor import Factor
    from .kinds import Kind
    from .mapped import MappedModel


class Tensor:
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
    """

    __slots__ = (
        "_info",
        "_model",
        "_place",
        "factor",
        "index",
        "kind",
        "n_bytes",
        "n_elements",
        "name",
        "shape",
        "type",
    )

    def __init__(self, model: MappedModel, index: int, info: TensorInfo) -> None:
        self._model = model
        self._info = info
        self._place: Place | None = None
        self.index = index
        self.name: str = info.name
        self.type: str = type_name(info.type)
        self.shape: tuple[int, ...] = tuple(info.shape)
        self.n_elements: int = info.n_elements
        self.n_bytes: int = info.n_bytes
        self.kind: Kind = kind_of_numbers(self.name, self.type, self.shape)
        self.factor: Factor | None = None

    @property
    def _where(self) -> Place:
        if self._place is None:
            at = place(self.name)
            extra = at.stack is None and at.layer in self._model.next_token_layers
            self._place = behind_the_trunk(at) if extra else at
        return self._place

    @property
    def layer(self) -> int | None:
        return self._where.layer

    @property
    def role(self) -> str | None:
        return self._where.role

    @property
    def stack(self) -> str | None:
        return self._where.stack

    @property
    def expert(self) -> int | None:
        return self._where.expert

    @property
    def n_experts(self) -> int:
        """Experts stored in this tensor: its first dimension, if it has three; otherwise 1."""
        return experts_in(self.shape)

    @property
    def n_parts(self) -> int:
        """Parts that the core measures apart from one another: the experts, unless they are tiny; otherwise 1."""
        return self._info.n_parts

    @property
    def n_rows(self) -> int:
        """Rows over all leading dimensions."""
        return math.prod(self.shape[:-1])

    @property
    def bits_per_weight(self) -> float | None:
        """Stored bits per weight; None for a tensor without elements."""
        return 8 * self.n_bytes / self.n_elements if self.n_elements else None

    @property
    def file(self) -> str:
        """The file that holds the tensor; of a checkpoint, the first tensor that it is made of."""
        return self._model.files[self._info.file] if self._source is None else self._source.file

    @property
    def offset(self) -> int:
        """Position of the first byte in that file."""
        return self._info.offset if self._source is None else self._source.offset

    @property
    def source(self) -> tuple[str, ...]:
        """Names of the tensors of a checkpoint that this is made of; empty for a tensor of a GGUF file."""
        return () if self._source is None else self._source.names

    def position(self, byte: int) -> int | None:
        """Position in the file of a byte of the tensor; None where a checkpoint has it elsewhere, or otherwise."""
        return self.offset + byte if self._source is None or self._source.as_it_is else None

    @property
    def _source(self) -> Source | None:
        composition = self._model.composition
        return None if composition is None else composition.sources.get(self.name)

    @property
    def data(self) -> npt.NDArray[np.uint8]:
        """The bytes as stored: a read-only view into the mapped file, shape (…, bytes per row).

        Nothing is copied; the view keeps the mapping alive after `Model.close()`. Should the file be truncated while
        it is mapped, touching the lost part of this view ends in SIGBUS; the methods here raise GGUFError instead. In a
        big-endian file (`Model.byte_order`) the bytes are big-endian too; only the methods here decode them.

        Raises:
            ValueError: The model is closed.
        """
        return self._model.core().data(self.index)

    def read(self, begin: int, size: int) -> bytes:
        """A copy of bytes as stored, counted from the tensor's first.

        Raises:
            GGUFError: The file shrank since it was opened.
            ValueError: The model is closed, or the bytes are not all of this tensor.
        """
        if not 0 <= begin <= begin + size <= self.n_bytes:
            raise ValueError(f"{self.name} has {self.n_bytes} bytes, and no {size} from {begin} on")
        return self._model.core().read(self._info.file, self._info.offset + begin, size)

    def dequantize(
        self,
        rows: slice | None = None,
        out: npt.NDArray[np.float32] | None = None,
        threads: int | None = None,
    ) -> npt.NDArray[np.float32]:
        """The numbers of the blocks as float32, exactly as ggml decodes them: without the `factor` beside them.

        Factors of single rows or blocks of a matrix, as FP8 checkpoints have them, are multiplied in.

        Args:
            rows: which rows, counted over all leading dimensions, step 1; all of them if None.
            out: where to write, C-contiguous float32 of the result's shape; a new array if None.
            threads: at most so many; by default the cores this process may use. Small ranges take one.

        Returns:
            `out`: of `shape` for all rows, otherwise (rows, columns).

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
            first, _ = self._row_range(rows)
            weights = target.reshape(-1, self.shape[-1])
            times_grid(weights, self.factor.of_rows(self.shape, first, len(weights)), self.factor.grid.columns)
        return target

    def stored_numbers(
        self,
        rows: slice | None = None,
        out: npt.NDArray[np.float32] | None = None,
        threads: int | None = None,
    ) -> npt.NDArray[np.float32]:
        """The same without any factor, for ggufscope's own modules."""
        core = self._model.core()
        first, shape = self._row_range(rows)
        target = checked_out(out, shape)
        n_threads = thread_count(threads)
        if target.size:
            core.decode(self.index, first, target, n_threads)
        return target

    def _row_range(self, rows: slice | None) -> tuple[int, tuple[int, ...]]:
        """First row and shape of the result."""
        if rows is None:
            return 0, self.shape
        if not isinstance(rows, slice):
            raise ValueError(f"rows must be a slice, not {type(rows).__name__}")
        first, last, step = rows.indices(self.n_rows)
        if step != 1:
            raise ValueError("rows must be consecutive: a slice of step 1")
        return first, (max(0, last - first), self.shape[-1] if self.shape else 1)

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
        return TensorStatistics.of(whole, n_bytes=self.n_bytes, shape=self.shape, type=self.type, name=self.name)

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

    def block_rows(self, rows: slice | None = None) -> BlockRows:
        """The blocks of some or all rows, and factors by rows and columns; for ggufscope's own modules."""
        first, shape = self._row_range(rows)
        count = self.n_rows if rows is None else shape[0]
        blocks = self._stored_rows(first, count)
        columns = self.shape[-1] if self.shape else 1
        swapped = self._model.byte_order == "big"
        return BlockRows(blocks, describe_type(self.type)["id"], columns, swapped, self._grid_of(first, count))

    def _stored_rows(self, first: int, count: int) -> npt.NDArray[np.uint8]:
        """The bytes of some rows, (rows, bytes per row); of others nothing is read."""
        if self._model.is_mapped or self.n_rows == 0:
            data = self.data
            return data.reshape(self.n_rows, data.shape[-1])[first : first + count]
        size = self.n_bytes // self.n_rows
        return np.frombuffer(self.read(first * size, count * size), np.uint8).reshape(count, size)

    def _grid_of(self, first: int, count: int) -> FactorGrid | None:
        """The factors of some rows as the core takes them: as they are for a whole matrix, else row by row."""
        if self.factor is None or self.factor.grid is None or count == 0:
            return None
        if (first, count) == (0, self.n_rows) and len(self.shape) == 2:
            return (*self.factor.grid, self.factor.values())
        return 1, self.factor.grid.columns, self.factor.of_rows(self.shape, first, count).reshape(-1)

    def __reduce__(self) -> tuple[Callable[..., Tensor], tuple[MappedModel, str]]:
        return _tensor_of, (self._model, self.name)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __repr__(self) -> str:
        return f"<Tensor {self.name!r} {self.type} {' × '.join(map(str, self.shape))}>"


GivenFactors = list[float] | tuple[int, int, list[float]]


def factors_of(tensors: Iterable[Tensor]) -> dict[int, GivenFactors]:
    """The factors of those of the tensors that have some, by position in the tensor table, as the core takes them.

    Raises:
        GGUFError: A file shrank since it was opened.
        ValueError: The model is closed.
    """
    return {tensor.index: _given(tensor.factor) for tensor in tensors if tensor.factor is not None}


def _given(factor: Factor) -> GivenFactors:
    values = factor.values().tolist()
    return values if factor.grid is None else (*factor.grid, values)


class _HasTensors(Protocol):
    """A whole model, of which a tensor knows the mapped part alone."""

    @property
    def tensors(self) -> Mapping[str, Tensor]: ...


def _tensor_of(model: _HasTensors, name: str) -> Tensor:
    """The tensor of a pickle."""
    return model.tensors[name]
