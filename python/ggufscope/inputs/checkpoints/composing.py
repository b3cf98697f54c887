"""A checkpoint as a GGUF file that is nowhere: a header in memory, its data as segments of the checkpoint's files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..._core import GGUFError, Rows, Zeros, types
from ..local_reader import LocalReader
from .converted import ConvertedParts
from .header import TensorEntry, padding, write_header
from .stored import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..reader import ByteReader
    from .key_values import KeyValue
    from .parts import ComposedTensor, Part
    from .side_files import SideFiles
    from .stored import StoredTensor
    from .viewing import View

_MOST_RUNS = 64  # of one tensor, as segments of their own

Segment = bytes | Zeros | Rows | tuple[int, int, int]


@dataclass(frozen=True)
class Source:
    """Where a tensor comes from.

    Attributes:
        tensors: of the checkpoint that it is made of.
        file: that holds the first of them.
        as_it_is: whether its bytes are those of one tensor, in their order.
    """

    tensors: tuple[StoredTensor, ...]
    file: str
    as_it_is: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the checkpoint's tensors."""
        return tuple(tensor.name for tensor in self.tensors)

    @property
    def offset(self) -> int:
        """Where the first of them begins in its file."""
        return self.tensors[0].begin


@dataclass
class Composition:
    """The arguments of `CoreModel.composed`, and notes on how they were made.

    Attributes:
        name: of the checkpoint, for error lines.
        header: metadata, tensor table and the padding behind them.
        segments: of the data, in order.
        readers: that segments speak of: the checkpoint's files, paths of those that can be mapped, and one that
            converts; closing that closes the files.
        files: names of the checkpoint's files.
        file_sizes: their bytes.
        sources: GGUF's name of a tensor → where it comes from; without those that are made of the config.
        left_out: names of tensors that the converter passes over.
        unknown: names that the converter's tables do not have.
        plain: why the tensors are seen as they are, under their own names; None of a known architecture.
        side: the files beside the weights.
        weights: the checkpoint's files, in the order of `files`.
    """

    name: str
    header: bytes
    segments: list[Segment]
    readers: list[ByteReader | str]
    side: SideFiles
    files: list[str]
    file_sizes: list[int]
    sources: dict[str, Source] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    plain: str | None = None
    weights: Sequence[ByteReader] = ()

    def ranges(self, names: Iterable[str]) -> list[list[tuple[int, int]]]:
        """Where the bytes of tensors stand in each of the checkpoint's files, as (offset, size)."""
        ranges: list[list[tuple[int, int]]] = [[] for _ in self.files]
        for name in names:
            source = self.sources.get(name)
            for tensor in () if source is None else source.tensors:
                ranges[tensor.file].append((tensor.begin, tensor.n_bytes))
        return ranges

    def read(self, file: int, offset: int, size: int) -> bytes:
        """A copy of bytes of one of the checkpoint's files.

        Raises:
            GGUFError: It changed since it was opened.
            OSError: It cannot be read.
        """
        return read_bytes(self.weights[file], offset, size)


def compose(
    name: str, view: View, keys: Sequence[KeyValue], readers: Sequence[ByteReader], side: SideFiles
) -> Composition:
    """The composed file of a view.

    Raises:
        GGUFError: Two tensors come by one name.
    """
    _refuse_names_twice(name, view)
    converted = [
        (part, tensor.dtype != part.tensor.dtype or part.plus != 0)
        for tensor in view.tensors
        for part in tensor.parts
        if _is_converted(tensor, part)
    ]
    reader = ConvertedParts(converted, readers, name)
    offsets = iter(zip(reader.begins, reader.begins[1:], strict=False))
    segments: list[Segment] = []
    entries = []
    for tensor in view.tensors:
        n_bytes = 0
        for segment, size in _segments(tensor, len(readers), offsets):
            segments.append(segment)
            n_bytes += size
        entries.append(TensorEntry(tensor.name, tensor.shape, _TYPE_IDS[tensor.dtype], n_bytes))
        if padding(n_bytes):
            segments.append(Zeros(padding(n_bytes)))
    return Composition(
        name=name,
        header=write_header(keys, entries),
        segments=segments,
        readers=[*(each.name if isinstance(each, LocalReader) else each for each in readers), reader],
        side=side,
        weights=readers,
        files=[each.name for each in readers],
        file_sizes=[each.size for each in readers],
        sources=_sources(view, readers),
        left_out=view.left_out,
        unknown=view.unknown,
    )


_TYPE_IDS = {each["name"]: each["id"] for each in types()}


def _refuse_names_twice(name: str, view: View) -> None:
    seen: dict[str, ComposedTensor] = {}
    for tensor in view.tensors:
        if tensor.name in seen:
            both = ", ".join(repr(each.parts[0].tensor.name) for each in (seen[tensor.name], tensor) if each.parts)
            raise GGUFError(f"{name}: tensor '{tensor.name}': made twice, of {both}")
        seen[tensor.name] = tensor


def _is_converted(tensor: ComposedTensor, part: Part) -> bool:
    return tensor.dtype != part.tensor.dtype or part.plus != 0 or part.transposed


def _segments(
    tensor: ComposedTensor, converting: int, offsets: Iterator[tuple[int, int]]
) -> Iterator[tuple[Segment, int]]:
    """Segments of one tensor and their sizes."""
    if tensor.contents is not None:
        yield tensor.contents, len(tensor.contents)
        return
    for part in tensor.parts:
        if _is_converted(tensor, part):
            begin, end = next(offsets)
            yield (converting, begin, end - begin), end - begin
        elif part.tensor.n_bytes:
            yield from _stored_segments(part)


def _stored_segments(part: Part) -> Iterator[tuple[Segment, int]]:
    """Segments of a part whose bytes stand in a file."""
    tensor = part.tensor
    n_rows = tensor.n_rows
    row_bytes = tensor.n_bytes // max(1, n_rows)
    if part.paired_heads:
        order = Rows(tensor.file, tensor.begin, row_bytes, n_rows, "halves_to_pairs", part.paired_heads)
        yield order, tensor.n_bytes
        return
    if part.runs is not None and len(part.runs) > _MOST_RUNS:
        rows = [row for first, n in part.runs for row in range(first, first + n)]
        yield Rows(tensor.file, tensor.begin, row_bytes, n_rows, rows), len(rows) * row_bytes
        return
    for first, n in part.runs or ((0, n_rows),):
        yield (tensor.file, tensor.begin + first * row_bytes, n * row_bytes), n * row_bytes


def _sources(view: View, readers: Sequence[ByteReader]) -> dict[str, Source]:
    return {tensor.name: _source(tensor, readers) for tensor in view.tensors if tensor.parts}


def _source(tensor: ComposedTensor, readers: Sequence[ByteReader]) -> Source:
    first, *others = tensor.parts
    moved = first.runs is not None or first.paired_heads != 0 or _is_converted(tensor, first)
    stored = tuple(part.tensor for part in tensor.parts)
    return Source(stored, readers[first.tensor.file].name, not others and not moved)
