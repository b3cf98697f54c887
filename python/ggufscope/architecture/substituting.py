"""Parts of a model with other weights in one tensor."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from .matrices import Matrix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .matrices import RowSource

Part = TypeVar("Part")


def substituted(part: Part, tensor: str, rows: RowSource) -> Part:
    """A part with other rows in every matrix of a tensor.

    Args:
        part: dataclasses and lists of them, down to matrices; what has none of the tensor's is the same object after.
        tensor: name of the tensor.
        rows: in its place.
    """
    new: Part = _substituted(part, tensor, rows, {})
    return new


def _substituted(part: Any, tensor: str, rows: RowSource, made: dict[int, Any]) -> Any:
    """The same; a matrix that stands in two places is one object afterwards, too."""
    if id(part) not in made:
        made[id(part)] = _changed(part, tensor, rows, made)
    return made[id(part)]


def _changed(part: Any, tensor: str, rows: RowSource, made: dict[int, Any]) -> Any:
    if isinstance(part, Matrix):
        return replace(part, substitute=rows) if part.tensor.name == tensor else part
    if isinstance(part, list):
        items = [_substituted(item, tensor, rows, made) for item in part]
        return part if all(new is old for new, old in zip(items, part, strict=True)) else items
    if not is_dataclass(part) or isinstance(part, type):
        return part
    old = {field.name: getattr(part, field.name) for field in fields(part)}
    new = {name: _substituted(value, tensor, rows, made) for name, value in old.items()}
    changed = {name: value for name, value in new.items() if value is not old[name]}
    return replace(part, **changed) if changed else part


def matrices_in(part: Any) -> Iterator[Matrix]:
    """All matrices of a part, in all its parts."""
    if isinstance(part, Matrix):
        yield part
    elif isinstance(part, list):
        for item in part:
            yield from matrices_in(item)
    elif is_dataclass(part) and not isinstance(part, type):
        for field in fields(part):
            yield from matrices_in(getattr(part, field.name))
