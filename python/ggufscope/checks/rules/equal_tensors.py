"""Matrices, or experts of one matrix, that are equal byte for byte."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Hashable
from typing import TYPE_CHECKING, NamedTuple

from ...models.stacks import layer_ranges
from ..facts import all_equal
from ..pieces import bytes_of
from ..registry import Fault, rule
from ..wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...models.tensor import Tensor
    from ..facts import Facts, TensorFacts

    Layer = tuple[str | None, int | None]

_SAMPLE, _PIECE = 1 << 12, 1 << 20  # bytes
_FEWEST = 512  # elements: smaller matrices may be as they began
_TIED = {"token_embd", "output"}


@rule(
    "equal-tensors",
    "warning",
    "matrices or experts that are the same, byte for byte",
    reads="weights",
    why="Training never makes two equal matrices. A conversion that wrote one of them twice does. Models that were"
    " enlarged by copies of whole layers have them by intention, which is a note where there are two such layers and"
    " more; that the output is a copy of the token embedding is usual, and a note as well.",
    remedy="Compare with the original: a merge or an upcycled mixture says so.",
)
def equal_tensors(facts: Facts) -> Iterator[Fault]:
    matrices = [each for each in facts.trained() if _is_judged(each)]
    wholes = [((each.tensor.type, each.tensor.shape), _Part(each.tensor, 0, each.tensor.n_bytes)) for each in matrices]
    groups = [[matrices[number] for number in group] for group in _equal(wholes)]
    copied = _copied_layers(matrices, groups)
    if copied:
        layers = layer_ranges(layer for _, layer in copied if layer is not None)
        first = next(each.tensor for each in matrices if _layer(each) == copied[0])
        sentence = f"layers {layers} are copies of layers before them, matrix for matrix"
        place = facts.at_tensor(first, count=len(copied))
        yield Fault(sentence, place, "note" if len(copied) > 1 else None)
    for group in groups:
        tensors = [each.tensor for each in group if _layer(each) not in copied]
        if len(tensors) > 1:
            sentence = f"equal to each other: {listed([tensor.name for tensor in tensors])}"
            tied = {tensor.role for tensor in tensors} <= _TIED
            yield Fault(sentence, facts.at_tensor(tensors[0], count=len(tensors)), "note" if tied else None)
    for each in matrices:
        yield from _equal_experts(facts, each)


def _equal_experts(facts: Facts, matrix: TensorFacts) -> Iterator[Fault]:
    """Experts of one tensor; those of one number are told of by other rules."""
    size = matrix.tensor.n_bytes // max(1, len(matrix.experts))
    experts = [_Part(matrix.tensor, number * size, (number + 1) * size) for number in range(len(matrix.experts))]
    for group in _equal([(None, expert) for expert in experts]):
        if not all_equal(matrix.experts[group[0]]):
            per_expert = matrix.tensor.n_elements // len(matrix.experts)
            place = facts.at_element(matrix.tensor, group[0] * per_expert, experts=group, count=len(group))
            yield Fault(f"experts {listed(group)} of {matrix.tensor.name} are equal to each other", place)


def _is_judged(facts: TensorFacts) -> bool:
    tensor = facts.tensor
    place = facts.is_of_layers or tensor.role in _TIED
    return place and tensor.kind == "matrix" and tensor.n_elements >= _FEWEST and not facts.is_constant


def _layer(facts: TensorFacts) -> Layer:
    return facts.tensor.stack, facts.tensor.layer


def _copied_layers(matrices: Sequence[TensorFacts], groups: Sequence[Sequence[TensorFacts]]) -> list[Layer]:
    """The layers of several matrices all of which are equal to those of one layer before."""
    number = {id(each): at for at, group in enumerate(groups) for each in group}
    layers: dict[Layer, list[tuple[str, object]]] = defaultdict(list)
    for each in matrices:
        if each.tensor.layer is not None:
            layers[_layer(each)].append((str(each.tensor.role), number.get(id(each), each.tensor.name)))
    seen: set[tuple[tuple[str, object], ...]] = set()
    copied = []
    for layer, contents in layers.items():
        signature = tuple(sorted(contents, key=str))
        if len(contents) > 1 and signature in seen:
            copied.append(layer)
        seen.add(signature)
    return copied


class _Part(NamedTuple):
    """Some of the bytes of a tensor."""

    tensor: Tensor
    begin: int
    end: int

    @property
    def sample(self) -> bytes:
        return bytes_of(self.tensor, self.begin, min(self.end, self.begin + _SAMPLE)).tobytes()

    @property
    def digest(self) -> bytes:
        digest = hashlib.blake2b()
        for begin in range(self.begin, self.end, _PIECE):
            digest.update(bytes_of(self.tensor, begin, min(self.end, begin + _PIECE)).data)
        return digest.digest()


def _equal(parts: Sequence[tuple[Hashable, _Part]]) -> list[list[int]]:
    """Groups of equal parts, by number; what differs in its first bytes is not read any further."""
    candidates: dict[Hashable, list[int]] = defaultdict(list)
    for number, (key, part) in enumerate(parts):
        candidates[key, part.end - part.begin, part.sample].append(number)
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for same in candidates.values():
        for number in same if len(same) > 1 else ():
            groups[parts[number][0], parts[number][1].digest].append(number)
    return [group for group in groups.values() if len(group) > 1]
