"""The tensor table of a model: a mapping from names to tensors that also answers to positions."""

from __future__ import annotations

from collections.abc import ItemsView, KeysView, Mapping, ValuesView
from typing import TYPE_CHECKING, TypeVar, overload

from ..text.choices import near
from .tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator

Default = TypeVar("Default")


class Tensors(Mapping[str, Tensor]):
    """The tensors of a model in file order: a mapping from names, which are its keys.

    A position or a slice of positions may stand in brackets as well (`tensors[0]`, `tensors[-1]`, `tensors[:3]`);
    `in`, `get`, `==` and iterating know names alone, as those of any mapping.
    """

    def __init__(self, tensors: list[Tensor]) -> None:
        self._in_order = tensors
        self._by_name = {tensor.name: tensor for tensor in tensors}

    @overload
    def __getitem__(self, key: str | int) -> Tensor: ...
    @overload
    def __getitem__(self, key: slice) -> list[Tensor]: ...
    def __getitem__(self, key: str | int | slice) -> Tensor | list[Tensor]:
        """The tensor of a name or a position, or the tensors of a slice.

        Raises:
            KeyError: No tensor has that name; names that are like it are told.
            IndexError: There is no such position.
        """
        if not isinstance(key, str):
            return self._in_order[key]
        if key not in self._by_name:
            raise KeyError(self._unknown(key))
        return self._by_name[key]

    @overload
    def get(self, key: str, /) -> Tensor | None: ...
    @overload
    def get(self, key: str, /, default: Tensor | Default) -> Tensor | Default: ...
    def get(self, key: str, /, default: object = None) -> object:
        return self._by_name.get(key, default)

    def keys(self) -> KeysView[str]:
        return self._by_name.keys()

    def values(self) -> ValuesView[Tensor]:
        return self._by_name.values()

    def items(self) -> ItemsView[str, Tensor]:
        return self._by_name.items()

    def __contains__(self, key: object) -> bool:
        return key in self._by_name

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._in_order)

    def __repr__(self) -> str:
        return f"<Tensors: {len(self)} of them>"

    def _unknown(self, name: str) -> str:
        like = near(name, self._by_name)
        return f"no tensor {name!r}; near: {', '.join(map(repr, like))}" if like else f"no tensor {name!r}"
