"""A declared type that is not the type of most weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...models.file_types import file_type_of
from ..findings import Place
from ..registry import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts


@rule(
    "file-type",
    "note",
    "a declared type that is not that of most weights",
    reads="structure",
    why="`general.file_type` is a label. Recipes of their own, and types that fall back where rows do not divide into"
    " blocks, leave it behind; what counts is the type of each tensor.",
    remedy="Go by the tensor types: `ggufscope inspect MODEL`.",
)
def file_type(facts: Facts) -> Iterator[Fault]:
    kinds = file_type_of(facts.model)
    if kinds.agrees is False:
        most = ", ".join(f"{name} {100 * share:.0f} %" for name, share in list(kinds.actual.items())[:3])
        yield Fault(f"declared as {kinds.declared}, and most weights are {most}", Place(key="general.file_type"))
