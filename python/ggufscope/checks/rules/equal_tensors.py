"""Matrices, or experts of one matrix, that are equal byte for byte."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Hashable
from typing import TYPE_CHECKING

from ...models.stacks import layer_ranges
from ..facts import all_equal
from ..registry import Fault, rule
from ..wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

    from ..facts import Facts, TensorFacts

    Bytes = npt.NDArray[np.uint8]
    Layer = tuple[str | None, int | None]

_SAMPLE = 4096
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
    pieces = [((each.tensor.type, each.tensor.shape), each.tensor.data.reshape(-1)) for each in matrices]
    groups = [[matrices[number] for number in group] for group in _equal(pieces)]
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
    data = matrix.tensor.data.reshape(max(1, len(matrix.experts)), -1)
    for group in _equal([(None, part) for part in data]):
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


def _equal(pieces: Sequence[tuple[Hashable, Bytes]]) -> list[list[int]]:
    """Groups of equal pieces, by number; what differs in its first bytes is not read any further."""
    candidates: dict[Hashable, list[int]] = defaultdict(list)
    for number, (key, data) in enumerate(pieces):
        candidates[key, data.size, data[:_SAMPLE].tobytes()].append(number)
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for same in candidates.values():
        for number in same if len(same) > 1 else ():
            digest = hashlib.blake2b(pieces[number][1].data).digest()
            groups[pieces[number][0], digest].append(number)
    return [group for group in groups.values() if len(group) > 1]
