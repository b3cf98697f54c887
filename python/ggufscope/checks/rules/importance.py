"""Importance matrices: sums that cannot be such, matrices without data, and another model's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import ImportanceError
from ...models.importance.gguf_form import read_gguf
from ..importance import NAME, faults_of
from ..registry import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts


@rule(
    NAME,
    "error",
    "importance matrices that are broken, without data, or of another model",
    reads="structure",
    why="Quantizers weigh every column by the mean of its squares, sums over counts. An expert that no token of the"
    " text reached has none (a note: 60 to 94 % of experts have some, usually); what is quantized without them has"
    " larger errors where it matters. With `--against MODEL` it is held against the model that it is meant for.",
    remedy="Make it again, of this model, with more and more varied text.",
)
def importance(facts: Facts) -> Iterator[Fault]:
    if facts.contents != "imatrix":
        return
    try:
        matrix = read_gguf(facts.model)
    except ImportanceError as error:
        yield Fault(str(error).removeprefix(f"{facts.model.path}: "), facts.at_file())
        return
    yield from faults_of(matrix, facts.model, facts.covers)
