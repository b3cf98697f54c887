"""One tensor as the tensor table and the name tell of it, and its bytes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..arrays.arguments import describe_type, type_name
from ..arrays.multiply import BlockRows, FactorGrid
from ..loading import lazy
from .experts import experts_in
from .kinds import kind_of_numbers
from .roles import Place, behind_the_trunk, place

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from .._core import TensorInfo
    from ..inputs.checkpoints.composing import Source
    from .factor import Factor
    from .kinds import Kind
    from .mapped import MappedModel
else:
    np = lazy("numpy")

_BYTES_COMPARED = 1 << 24  # at a time


class StoredTensor:
    """What is known of a tensor without decoding it; it keeps its model's mapping alive. See `Tensor`."""

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
        """Number of its layer, from 0; None outside the layers."""
        return self._where.layer

    @property
    def role(self) -> str | None:
        """Its part in the network, as `"attn_v"`; None for a name that says nothing. See `ggufscope.models.roles`."""
        return self._where.role

    @property
    def stack(self) -> str | None:
        """None for the main stack of layers and what is around it; `"enc"`, `"v"`, `"nextn"`, … for another."""
        return self._where.stack

    @property
    def expert(self) -> int | None:
        """Number of the expert in a file that stores each expert by itself, else None."""
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

    def block_rows(self, rows: slice | None = None) -> BlockRows:
        """The blocks of some or all rows, and factors by rows and columns; for ggufscope's own modules."""
        first, shape = self.row_range(rows)
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

    def rows_equal(self, first: int, others: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Whether rows, counted over the leading dimensions, are stored as one of them is, byte for byte; (others,)."""
        row = self._stored_rows(first, 1)
        if not self._model.is_mapped:
            return np.array([np.array_equal(row, self._stored_rows(int(other), 1)) for other in others], np.bool_)
        stored = self._stored_rows(0, self.n_rows)
        step = max(1, _BYTES_COMPARED // max(1, row.size))
        equal = [(stored[others[at : at + step]] == row).all(axis=1) for at in range(0, len(others), step)]
        return np.concatenate(equal) if equal else np.zeros(0, np.bool_)

    def _grid_of(self, first: int, count: int) -> FactorGrid | None:
        """The factors of some rows as the core takes them: as they are for a whole matrix, else row by row."""
        if self.factor is None or self.factor.grid is None or count == 0:
            return None
        if (first, count) == (0, self.n_rows) and len(self.shape) == 2:
            return (*self.factor.grid, self.factor.values())
        return 1, self.factor.grid.columns, self.factor.of_rows(self.shape, first, count).reshape(-1)

    def row_range(self, rows: slice | None) -> tuple[int, tuple[int, ...]]:
        """The first of some rows, and the shape of their numbers; for ggufscope's own modules."""
        if rows is None:
            return 0, self.shape
        if not isinstance(rows, slice):
            raise ValueError(f"rows must be a slice, not {type(rows).__name__}; other rows are tensor[rows]")
        first, last, step = rows.indices(self.n_rows)
        if step != 1:
            raise ValueError("rows must be consecutive: a slice of step 1")
        return first, (max(0, last - first), self.shape[-1] if self.shape else 1)
