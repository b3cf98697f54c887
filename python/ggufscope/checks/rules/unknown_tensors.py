"""Tensors whose names no architecture has, and those that the architecture of the file has no use for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...models.factors import INPUT_SUFFIXES, SUFFIXES
from ...text.numbers import counted
from ..registry import Fault, rule
from ..wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts


@rule(
    "unknown-tensors",
    "note",
    "tensors whose names say nothing, or that the architecture has no use for",
    reads="structure",
    why="Names are how a runtime finds tensors. One that it does not know is not used, or the file is refused; files of"
    " newer architectures, or of other programs, have such names as well.",
    remedy="Compare with what the architecture's converter writes.",
)
def unknown_tensors(facts: Facts) -> Iterator[Fault]:
    if not facts.is_model:
        return
    unknown = [tensor for tensor in facts.model.tensors.values() if tensor.role is None]
    unread = [] if facts.parts is None else facts.parts.unread
    # A factor without use is one without its matrix, which `factors` tells of.
    unread = [tensor for tensor in unread if not tensor.name.endswith((*SUFFIXES, *INPUT_SUFFIXES))]
    kinds = ((unknown, "of names that no architecture has"), (unread, "that the architecture does not use"))
    for tensors, what in kinds:
        if tensors:
            names = listed([tensor.name for tensor in tensors], 3)
            sentence = f"{counted(len(tensors), 'tensor')} {what}: {names}"
            yield Fault(sentence, facts.at_tensor(tensors[0], count=len(tensors)))
