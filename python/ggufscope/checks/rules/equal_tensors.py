"""Matrices, or experts of one matrix, that are equal byte for byte."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Hashable
from typing import TYPE_CHECKING

from ..registry import Fault, rule
from ..wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

    from ..facts import Facts

    Bytes = npt.NDArray[np.uint8]

_SAMPLE = 4096
_TIED = {"token_embd", "output"}


@rule(
    "equal-tensors",
    "warning",
    "matrices or experts that are the same, byte for byte",
    reads="weights",
    why="Training never makes two equal matrices. A conversion that wrote one layer or expert twice does, and so do"
    " models that were enlarged by copies and not trained since; that the output is a copy of the token embedding is"
    " usual, and a note.",
    remedy="Compare with the original: a merge or an upcycled mixture says so.",
)
def equal_tensors(facts: Facts) -> Iterator[Fault]:
    matrices = [each for each in facts.weights() if each.tensor.kind == "matrix" and each.statistics.get("abs_max")]
    pieces = [(each.tensor, (each.tensor.type, each.tensor.shape), each.tensor.data.reshape(-1)) for each in matrices]
    for group in _equal([(key, data) for _, key, data in pieces]):
        tensors = [pieces[number][0] for number in group]
        tied = {tensor.role for tensor in tensors} <= _TIED
        sentence = f"equal to each other: {listed([tensor.name for tensor in tensors])}"
        yield Fault(sentence, facts.at_tensor(tensors[0], count=len(tensors)), "note" if tied else None)
    for each in matrices:
        data = each.tensor.data.reshape(max(1, len(each.experts)), -1)
        zero = {number for number, fields in enumerate(each.experts) if fields.get("abs_max") == 0}
        for group in _equal([(number in zero or None, part) for number, part in enumerate(data)]):
            if group[0] in zero:
                continue
            per_expert = each.tensor.n_elements // len(each.experts)
            place = facts.at_element(each.tensor, group[0] * per_expert, experts=group, count=len(group))
            yield Fault(f"experts {listed(group)} of {each.tensor.name} are equal to each other", place)


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
