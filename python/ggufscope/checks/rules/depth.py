"""Layers whose matrices are of another size than those of the layers around them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from ..registry import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts, TensorFacts

_TIMES = 8.0
_FEWEST = 8


@rule(
    "depth",
    "note",
    "layers that break the trend of their role over the depth",
    reads="weights",
    from_statistics=True,
    why="The sizes of matrices of one role change slowly from layer to layer. One that is eight times larger or smaller"
    " than its neighbours on both sides may have lost its scale, or belong to another model; first and last layers are"
    " often odd and are left out.",
    remedy="Compare the tensor with the original.",
)
def depth(facts: Facts) -> Iterator[Fault]:
    by_role: dict[tuple[str | None, str | None], list[TensorFacts]] = defaultdict(list)
    for each in facts.trained():
        if each.is_of_layers and each.tensor.expert is None and each.statistics.get("rms"):
            by_role[each.tensor.stack, each.tensor.role].append(each)
    for tensors in by_role.values():
        if len(tensors) < _FEWEST:
            continue
        ordered = sorted(tensors, key=lambda each: each.tensor.layer or 0)
        sizes = np.log([each.statistics["rms"] for each in ordered])
        for at in range(2, len(ordered) - 2):
            around = np.concatenate([sizes[at - 2 : at], sizes[at + 1 : at + 3]])
            off = sizes[at] - np.median(around)
            if abs(off) > np.log(_TIMES) and np.ptp(around) < np.log(_TIMES) / 2:
                times = float(np.exp(abs(off)))
                relation = "larger" if off > 0 else "smaller"
                tensor = ordered[at].tensor
                sentence = f"{tensor.name} is {times:.3g} times {relation} than those of the layers around it"
                yield Fault(sentence, facts.at_tensor(tensor))
