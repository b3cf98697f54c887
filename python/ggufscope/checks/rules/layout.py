"""Where tensors lie in their files: gaps, padding, bytes behind the last one, and the order that llama.cpp expects."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from ...text.names import base_name
from ...text.numbers import counted
from ..findings import Place
from ..registry import Fault, rule
from ..table_ends import table_end

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...models.tensor import Tensor
    from ..facts import Facts


@rule(
    "gaps",
    "warning",
    "bytes between tensors, or in front of the first, that belong to none",
    reads="structure",
    of_gguf=True,
    why="Tensors follow each other, padded to the alignment. More bytes between two of them than that were reserved for"
    " something else: for a larger layout, as some forks of ggml use under the same type number, or by a writer of its"
    " own kind. llama.cpp refuses such a file.",
    remedy="Write the file again, as `gguf` or llama.cpp's tools do; where a fork made it, use that fork.",
)
def gaps(facts: Facts) -> Iterator[Fault]:
    for tensors in _by_file(facts):
        for before, behind in pairwise(tensors):
            end = _padded(facts, before.offset + before.n_bytes)
            if behind.offset > end:
                sentence = (
                    f"{counted(behind.offset - end, 'byte')} between {before.name} ({before.n_bytes} bytes needed,"
                    f" {behind.offset - before.offset} reserved) and {behind.name}"
                )
                place = Place(tensor=before.name, file=base_name(before.file), offset=end, count=behind.offset - end)
                yield Fault(sentence, place)
        yield from _in_front(facts, tensors)


def _in_front(facts: Facts, tensors: Sequence[Tensor]) -> Iterator[Fault]:
    """The bytes between the table and the first tensor of a file."""
    first = tensors[0] if tensors else None
    if first is None:
        return
    end = table_end(facts.model, [each for each in facts.model.tensors.values() if each.file == first.file])
    if end is not None and first.offset > _padded(facts, end):
        begin = _padded(facts, end)
        sentence = f"{counted(first.offset - begin, 'byte')} in front of the first tensor, {first.name}"
        place = Place(tensor=first.name, file=base_name(first.file), offset=begin, count=first.offset - begin)
        yield Fault(sentence, place)


@rule(
    "order",
    "warning",
    "tensors that lie in another order than the table names them",
    reads="structure",
    of_gguf=True,
    why="llama.cpp computes where a tensor lies as the running sum of the padded sizes of those before it in the table,"
    " and refuses a file that says otherwise. This reader takes the offsets as they are.",
    remedy="Write the file again, as `gguf` or llama.cpp's tools do.",
)
def order(facts: Facts) -> Iterator[Fault]:
    for file in facts.model.files:
        listed = [tensor for tensor in facts.model.tensors.values() if tensor.file == file and tensor.n_bytes]
        for before, behind in pairwise(listed):
            if behind.offset < before.offset:
                sentence = f"{behind.name} follows {before.name} in the table and lies in front of it in the file"
                yield Fault(sentence, facts.at_tensor(behind))
                break


@rule(
    "padding",
    "note",
    "a last tensor without the padding behind it",
    reads="structure",
    of_gguf=True,
    why="The data of every tensor is padded to the alignment, that of the last one, too. Some readers ask for it.",
    remedy="Nothing, where the model loads.",
)
def padding(facts: Facts) -> Iterator[Fault]:
    for tensors, size in zip(_by_file(facts), facts.model.file_sizes, strict=True):
        end = tensors[-1].offset + tensors[-1].n_bytes if tensors else 0
        missing = _padded(facts, end) - size
        if tensors and missing > 0:
            place = Place(tensor=tensors[-1].name, file=base_name(tensors[-1].file), offset=size, count=missing)
            yield Fault(f"{counted(missing, 'byte')} of padding missing behind {tensors[-1].name}", place)


@rule(
    "trailing-bytes",
    "warning",
    "bytes behind the last tensor",
    reads="structure",
    of_gguf=True,
    why="Nothing in the file speaks of them: something was appended, two downloads were joined, or the last tensor has"
    " a larger layout in the fork that wrote it.",
    remedy="Compare the size and the digest of the file with the published ones.",
)
def trailing_bytes(facts: Facts) -> Iterator[Fault]:
    for tensors, size in zip(_by_file(facts), facts.model.file_sizes, strict=True):
        end = _padded(facts, tensors[-1].offset + tensors[-1].n_bytes) if tensors else size
        if size > end:
            sentence = f"{counted(size - end, 'byte')} behind the last tensor, {tensors[-1].name}"
            place = Place(tensor=tensors[-1].name, file=base_name(tensors[-1].file), offset=end, count=size - end)
            yield Fault(sentence, place)


def _by_file(facts: Facts) -> list[list[Tensor]]:
    """The tensors with bytes of each file, as they lie in it."""
    by_file: dict[str, list[Tensor]] = {file: [] for file in facts.model.files}
    for tensor in facts.model.tensors.values():
        if tensor.n_bytes:
            by_file[tensor.file].append(tensor)
    return [sorted(tensors, key=lambda tensor: tensor.offset) for tensors in by_file.values()]


def _padded(facts: Facts, size: int) -> int:
    return -(-size // facts.model.alignment) * facts.model.alignment
