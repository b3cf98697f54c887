"""Tensors whose names no architecture has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...text.numbers import counted
from ..registry import Fault, rule
from ..wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts


@rule(
    "unknown-tensors",
    "note",
    "tensors whose names say nothing",
    reads="structure",
    why="Names are how a runtime finds tensors. One that it does not know is not used, or the file is refused; files of"
    " newer architectures, or of other programs, have such names as well.",
    remedy="Compare with what the architecture's converter writes.",
)
def unknown_tensors(facts: Facts) -> Iterator[Fault]:
    if not facts.is_model or facts.model.general_type == "adapter":
        return
    unknown = [tensor for tensor in facts.model.tensors.values() if tensor.role is None]
    if unknown:
        names = listed([tensor.name for tensor in unknown], 3)
        sentence = f"{counted(len(unknown), 'tensor')} of names that no architecture has: {names}"
        yield Fault(sentence, facts.at_tensor(unknown[0], count=len(unknown)))
