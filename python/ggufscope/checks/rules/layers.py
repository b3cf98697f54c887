"""Layers that the file declares and lacks, or has beyond those."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...models.roles import NEXT_TOKENS
from ...models.stacks import block_counts, layer_ranges
from ...text.numbers import counted
from ..findings import Place
from ..registry import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts


@rule(
    "layers",
    "error",
    "layers that are declared and not there, or the other way round",
    reads="structure",
    why="A runtime reads as many layers as the metadata declare. Where one is missing it refuses the file; layers"
    " beyond those are never run, and the model answers without them.",
    remedy="Get the file again; after pruning or merging layers, set `block_count` to what is there.",
)
def layers(facts: Facts) -> Iterator[Fault]:
    model = facts.model
    if not facts.is_model:
        return
    stacks = {stack: found for stack, found in model.stacks.items() if stack != NEXT_TOKENS} or {None: ()}
    declared = block_counts(model.metadata, model.architecture, stacks)
    for stack, (key, count) in declared.items():
        there = set(stacks[stack])
        if stack is None:
            there |= set(model.stacks.get(NEXT_TOKENS, ()))
        there |= _without_parts(facts, count) if stack is None else set()
        present = [layer for layer in there if layer < count]
        if len(present) < count:
            missing = _missing(there, count)
            sentence = f"{key} is {count}, and {counted(count - len(present), 'layer')} are not there: {missing}"
            yield Fault(sentence, Place(key=key, count=count - len(present)))
        surplus = sorted(layer for layer in stacks[stack] if layer >= count)  # next tokens may follow
        if surplus:
            sentence = f"layers {layer_ranges(surplus)} stand behind the {count} that {key} declares"
            yield Fault(sentence, Place(key=key, count=len(surplus)), "warning")


def _without_parts(facts: Facts, count: int) -> set[int]:
    """The layers to which the metadata give neither heads nor neurons: pruned models have such, without a tensor."""
    lists = [facts.model.metadata.get(f"{facts.model.architecture}.{key}") for key in _PARTS]
    counts = [each for each in lists if isinstance(each, np.ndarray) and each.dtype.kind in "iu"]
    if len(counts) < len(lists):
        return set()
    size = min(count, *map(len, counts))
    return set(np.flatnonzero(~np.any([each[:size] for each in counts], axis=0)).tolist())


_PARTS = ("attention.head_count", "feed_forward_length")
_MOST_LISTED = 1 << 16


def _missing(there: set[int], count: int) -> str:
    """The missing layers as ranges; behind the last present one there may be millions."""
    last = max([layer for layer in there if layer < count], default=-1)
    gaps = layer_ranges(set(range(min(last, _MOST_LISTED))) - there)
    behind = "" if last == count - 1 else f"{last + 1}" if last == count - 2 else f"{last + 1}-{count - 1}"
    return ",".join(filter(None, [gaps, behind]))
