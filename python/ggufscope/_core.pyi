"""The compiled core. Private: the public names are in `ggufscope`.

Every function releases the GIL while it works and may raise GGUFError when a mapped file shrank underneath it.
"""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, ClassVar, Literal, Self, TypeAlias, TypedDict, type_check_only

import numpy as np
import numpy.typing as npt

from .inputs.reader import ByteReader

class GGUFError(ValueError):
    """A malformed or unusable file; one line: file, then tensor or key, then byte offset."""

class UnsupportedTypeError(GGUFError):
    """A tensor type that is known by name but not decodable."""

@type_check_only
class TypeDescription(TypedDict):
    id: int
    name: str
    elements_per_block: int
    bytes_per_block: int
    scales_per_block: int
    code_bits: int
    fused: bool  # observed through sums of integers, without being decoded
    magnitudes: tuple[int, int] | None  # where fused: weights that are not 0 lie from 2^first on, below 2^second
    halves: tuple[int, ...]  # where fused: bytes of a block at which d and dmin or m begin, of half precision
    big_endian: bool
    ggml: bool  # else of safetensors alone, and in no GGUF file

def types() -> list[TypeDescription]: ...
def undecodable_type(type: int) -> str | None:  # noqa: A002
    """What an id that cannot be decoded is, as "4 (Q4_2, removed from ggml)"; None where nobody is known to use it."""

def available_isas() -> list[str]: ...
def current_isa() -> str: ...
def usable_cores() -> int:
    """The cores of this process's affinity, or of its container's quota where that is smaller (read once)."""

def usable_cores_below(root: str) -> int:
    """The same with the quota that `root` holds in proc and sys, read now."""

def cpu_quota(root: str = "/") -> int | None:
    """The cores that the control groups of this process grant, rounded up; None without a limit."""

def decode(
    blocks: npt.NDArray[np.uint8],
    type: int,  # noqa: A002
    out: npt.NDArray[np.float32],
    threads: int = 1,
    swapped: bool = False,
    isa: str = "",
) -> None: ...

@type_check_only
class _Value:
    """Compares by value (NaN equals NaN), copies and pickles; the state is bytes, of this version of ggufscope.

    Unpickling raises ValueError for bytes that are damaged or of a version with other statistics.
    """

    __hash__: ClassVar[None]  # type: ignore[assignment]
    def __eq__(self, other: object) -> bool: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: dict[int, Any]) -> Self: ...
    def __getstate__(self, /) -> bytes: ...
    def __setstate__(self, state: bytes) -> None: ...

class TensorInfo(_Value):
    """One row of the tensor table."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> int: ...
    @property
    def shape(self) -> tuple[int, ...]: ...  # NumPy order: rows first, columns (ne0) last
    @property
    def n_elements(self) -> int: ...
    @property
    def n_bytes(self) -> int: ...
    @property
    def n_parts(self) -> int: ...  # that `observe_model` observes apart from one another: its experts, otherwise 1
    @property
    def file(self) -> int: ...  # index into Model.files
    @property
    def offset(self) -> int: ...  # of the first data byte, from the start of that file

class MetadataEntry(_Value):
    """One metadata key; arrays stay in the file until `Model.value` is called."""

    @property
    def key(self) -> str: ...
    @property
    def kind(self) -> str: ...  # "uint32", "string", "array[string]", "array[array[uint8]]", …
    @property
    def length(self) -> int: ...  # of an array, 1 otherwise
    @property
    def file(self) -> int: ...

class Zeros:
    """Bytes of a composed file that are 0, as the padding between tensors."""

    def __init__(self, size: int) -> None: ...
    @property
    def size(self) -> int: ...

class Rows:
    """A run of a reader, seen as rows of `row_bytes` bytes, in another order.

    `order` is the number of the row that stands in each place, all of them below `rows`; or a name:

    * `"halves_to_pairs"`: each of `heads` equal parts holds two halves, and gives a row of the first and a row of the
      second in turn. So converters store Q and K for a rotary embedding that turns neighbours:
      `w.reshape(heads, 2, rows // heads // 2, -1).swapaxes(1, 2)`.
    * `"pairs_to_halves"`: the inverse.

    Raises ValueError where heads do not divide the rows into halves, or a row is not there.
    """

    def __init__(
        self,
        reader: int,  # index into the readers
        offset: int,
        row_bytes: int,
        rows: int,
        order: Literal["halves_to_pairs", "pairs_to_halves"] | Sequence[int],
        heads: int = 1,
    ) -> None: ...
    @property
    def reader(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def row_bytes(self) -> int: ...

# Bytes that are kept in memory, zeros, a run of a reader (its index, offset, size), or rows of one.
_Segment: TypeAlias = bytes | Zeros | tuple[int, int, int] | Rows

class Model:
    """A model: one GGUF file, or all shards of a split one; mapped, or read by readers.

    Pickling and copying hold the absolute path alone: the file is opened anew, and must be there. A closed model raises
    ValueError.

    Readers become the model's: it closes them when it is closed and nobody works with it any more, and where opening
    fails. They are called from several threads, and what they raise comes out of whichever call needed their bytes.
    Where `progress` raises, readers that have a method `cancel` are asked to let waiting threads give up. A model that
    is read by readers cannot be pickled (TypeError).
    """

    def __init__(self, path: str | PathLike[str]) -> None: ...
    @staticmethod
    def from_readers(name: str, opener: Callable[[str], ByteReader]) -> Model:
        """The model whose file is called `name`, and whose bytes are read by `opener(name)`.

        `opener` is also asked for the other shards of a split model, by their names; FileNotFoundError from it tells
        that one is missing. The head is read 4 MiB first, then doubled, until header and tensor table are in it, and
        stays in memory; nothing behind it is read until somebody asks for it.
        """
    @staticmethod
    def composed(header: bytes, segments: Sequence[_Segment], readers: Sequence[ByteReader | str], name: str) -> Model:
        """A GGUF file that is nowhere: its header, and behind it the data, segment after segment.

        `header` is all of a GGUF v3 file up to the data section, padding included. A reader that is a str is the path
        of a local file. `name` is what error lines call the file.

        Only here, tensors may have types that ggml does not have: those of safetensors.
        """
    @property
    def files(self) -> list[str]: ...
    @property
    def file_sizes(self) -> list[int]: ...
    @property
    def reading_ways(self) -> list[str | None]: ...  # of each file: "copied", "populated", "mapped"; None: not chosen
    @property
    def version(self) -> int: ...
    @property
    def byte_order(self) -> Literal["little", "big"]: ...
    @property
    def alignment(self) -> int: ...
    @property
    def tensors(self) -> list[TensorInfo]: ...  # in file order
    @property
    def metadata(self) -> list[MetadataEntry]: ...  # of the first file, in file order
    @property
    def closed(self) -> bool: ...
    def value(self, key: str, limit: int | None = None, listed: bool = False) -> Any:
        """Scalar, str, or list (its first `limit` entries). KeyError if absent.

        Numeric arrays come as NumPy arrays, or `listed`, as lists, too, for which NumPy need not be loaded.
        """
    def data(self, tensor: int) -> npt.NDArray[np.uint8]:
        """Read-only bytes of a tensor, shape (…, bytes per row).

        A view that keeps the mapping alive, or a copy where they are read by readers.
        """
    def read(self, file: int, offset: int, size: int) -> bytes:
        """A copy of bytes of a file, bounds-checked (for identity hashes)."""
    def decode(self, tensor: int, first_row: int, out: npt.NDArray[np.float32], threads: int, isa: str = "") -> None:
        """Decode rows [first_row, …) into `out` (rows counted over all leading dimensions), guarding the mapping."""
    def expect(self, tensors: Sequence[int]) -> None:
        """Announce to readers that the bytes of these tensors are about to be read, in this order.

        `observe_model` and `observe_pairs` do so themselves.
        """
    def close(self) -> None:
        """Drop this object's hold on the mapping; views that are alive keep theirs."""

def safetensors_head_size(beginning: bytes, file_size: int, name: str) -> int:
    """Bytes before the first tensor of a safetensors file, from its first eight: the length of the header, and that.

    Raises GGUFError for a length that the file has no room for, or that is over 100 MB.
    """

_SafetensorsTensor: TypeAlias = tuple[str, str, tuple[int, ...], int, int]  # name, dtype, shape, begin, end

def parse_safetensors(head: bytes, file_size: int, name: str) -> tuple[list[_SafetensorsTensor], dict[str, str]]:
    """The tensors of a safetensors file in the order of their data, and its `__metadata__`, empty where there is none.

    `head` holds the first `safetensors_head_size` bytes, or more. dtypes are those of the format that are decoded here:
    "F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2", "I64", … "U8", "BOOL". Begin and end are positions in the file.

    Raises UnsupportedTypeError for another dtype of the format, GGUFError for what the library `safetensors` refuses;
    lines begin with `name`.
    """

@type_check_only
class FieldInfo(TypedDict):
    name: str  # as in docs/metrics.md: "l2_norm", "kurtosis", …
    kind: Literal["count", "index", "number", "share", "quantiles", "histogram", "vector"]
    meaning: str  # one line with the definition
    fast: bool  # also there with fast=True
    per_head: bool  # also there for attention heads
    roll_up: bool  # meaningful for merged tensors (an element's index, or row norms, are not)

def fields() -> list[FieldInfo]: ...

class Statistics(_Value):
    """Mergeable statistics of a set of weights; the compiled side of TensorStatistics."""

    def __init__(self) -> None: ...
    @property
    def n_elements(self) -> int: ...
    def merge(self, later: Statistics) -> None:
        """Add the statistics of other weights, in place, for a roll-up: row and column norms are dropped.

        Merge in file order for reproducible bits.
        """
    def append(self, later: Statistics) -> None:
        """Add the next rows of the same tensor (its next expert), in place: row norms follow, column norms add up."""
    def copy(self) -> Statistics: ...
    def fields(self) -> dict[str, Any]:
        """Every applicable field of `fields()`; None where undefined.

        Types: count, index: int (index is flat, from the tensor's first element); number, share: float;
        quantiles: float64 array (0.1, 1, 5, 25, 50, 75, 95, 99, 99.9 %); vector: float64 array;
        histogram: (int32 bins, uint64 counts), non-empty bins only, ascending by value: bin = ±(float32 bits >> 18)
        of the magnitude, negative values as −1 − (bits >> 18).
        """

class Part(_Value):
    """What the engine found in one part of a tensor: the whole of it or, for three dimensions, one expert."""

    @property
    def tensor(self) -> int: ...  # index into the model's tensors, 0 for a buffer
    @property
    def index(self) -> int: ...  # 0, or the expert
    @property
    def statistics(self) -> Statistics: ...
    @property
    def heads(
        self,
    ) -> list[Statistics]: ...  # one per group of `group_rows` rows: moments, extremes, counts; empty without groups

_Progress: TypeAlias = Callable[
    [int, int], object
]  # (done bytes, total bytes); called in the calling thread; may raise to cancel

# Of a tensor: one number for all of it, or one for each of its equal parts. Or a grid: (rows of one factor, columns of
# one factor, factors row after row), where the last factors have fewer; experts have a grid each, one behind the other.
_Factors: TypeAlias = Sequence[float] | tuple[int, int, Sequence[float]]

def observe_model(
    model: Model,
    tensors: Sequence[int],
    group_rows: Sequence[int],  # per tensor: rows of one head, or of gate or up; 0 for none
    threads: int,
    fast: bool = False,
    sparsity_threshold: float = 1e-6,
    progress: _Progress | None = None,
    isa: str = "",
    factors: Mapping[int, _Factors] = {},  # by tensor
    parts: Mapping[int, tuple[int, int]] = {},  # by tensor: the first that is observed, and the one after the last
    way: str = "",  # of reading a mapped file: "copied", "populated" or "mapped"; "": as its first pieces show
) -> list[Part]: ...
def observe_buffer(
    blocks: npt.NDArray[np.uint8],  # contiguous
    type: int,  # noqa: A002
    rows: int,
    columns: int,
    threads: int = 1,
    fast: bool = False,
    sparsity_threshold: float = 1e-6,
    isa: str = "",
) -> Statistics: ...

@type_check_only
class PairFieldInfo(TypedDict):
    name: str
    kind: Literal["count", "index", "number", "share", "vector"]
    meaning: str  # one line with the definition; a is a weight of the reference, b the model's
    roll_up: bool  # meaningful for merged tensors

def pair_fields() -> list[PairFieldInfo]: ...

class PairStatistics(_Value):
    """Mergeable sums over the pairs of weights of two tensors of the same shape."""

    def __init__(self) -> None: ...
    @property
    def n_elements(self) -> int: ...
    def merge(self, later: PairStatistics) -> None:
        """Add other tensors', in place, for a roll-up: what is per row and column is dropped. Merge in file order."""
    def append(self, later: PairStatistics) -> None:
        """Add the next rows of the same tensor (its next expert), in place; ValueError where columns differ."""
    def fields(self) -> dict[str, Any]:
        """Every field of `pair_fields()`, typed as those of `Statistics.fields()`; None where undefined.

        Vectors are absent from merged statistics and where a tensor has more than 2^22 rows or columns.
        """

class PairPart(_Value):
    """What was found in one part of a pair: all of it or, for three dimensions, one expert."""

    @property
    def pair(self) -> int: ...  # index into the pairs asked for
    @property
    def index(self) -> int: ...  # 0, or the expert
    @property
    def statistics(self) -> PairStatistics: ...
    @property
    def identical(self) -> bool: ...  # the stored bytes are equal, the types and the factors, too

class TensorMatch:
    """Tensors of a reference and of a model by name, as indices into `Model.tensors`."""

    @property
    def pairs(self) -> list[tuple[int, int]]: ...  # same name and shape: (of the reference, of the model)
    @property
    def reshaped(self) -> list[tuple[int, int]]: ...  # same name, another shape
    @property
    def missing(self) -> list[int]: ...  # of the reference, which the model lacks
    @property
    def extra(self) -> list[int]: ...  # of the model, which the reference lacks

def match_tensors(reference: Model, model: Model) -> TensorMatch: ...
def observe_pairs(
    reference: Model,
    model: Model,
    pairs: Sequence[tuple[int, int]],  # tensors of the same shape, as `TensorMatch.pairs`
    threads: int,
    progress: _Progress | None = None,  # of the bytes of both files
    isa: str = "",
    reference_factors: Mapping[int, _Factors] = {},  # by tensor
    model_factors: Mapping[int, _Factors] = {},
) -> list[PairPart]: ...
def observe_pair_buffers(
    reference: npt.NDArray[np.uint8],  # contiguous, as is `model`
    reference_type: int,
    model: npt.NDArray[np.uint8],
    model_type: int,
    rows: int,
    columns: int,
    threads: int = 1,
    reference_swapped: bool = False,
    model_swapped: bool = False,
    isa: str = "",
    first_element: int = 0,  # position of the first pair in its tensor, where the buffers hold some of its rows
) -> PairStatistics: ...
def multiply_few(
    blocks: npt.NDArray[np.uint8],  # contiguous, whole rows
    blocks_type: int,
    columns: int,
    vectors: npt.NDArray[np.float32],  # (k, columns), contiguous
    threads: int = 1,
    swapped: bool = False,
    isa: str = "",
    factors: _Factors | None = None,
) -> npt.NDArray[np.float32]:  # (k, rows)
    ...
def row_products(
    left: npt.NDArray[np.uint8],  # contiguous, whole rows
    left_type: int,
    columns: int,
    linear: npt.NDArray[np.float64],  # (k, columns), k may be 0
    quadratic: npt.NDArray[np.float64],  # (m, columns)
    right: npt.NDArray[np.uint8] | None = None,  # in place of the second `left` in quadratic products
    right_type: int = 0,
    threads: int = 1,
    swapped: bool = False,
    isa: str = "",
    left_factors: _Factors | None = None,
    right_factors: _Factors | None = None,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:  # (k, rows) and (m, rows)
    ...
