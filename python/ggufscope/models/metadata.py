"""Metadata of a model: a mapping that reads a value when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from ..arrays.equality import equal
from ..loading import lazy
from .roles import gguf_constants

if TYPE_CHECKING:
    import numpy as np

    from .._core import Model
else:
    np = lazy("numpy")

LARGEST_COUNT = 1 << 24  # of layers, heads, channels, …: beyond any model


class Metadata(Mapping[str, Any]):
    """Key → value, in file order; of a split model the keys of its first file.

    Values are int, float, bool, str, NumPy arrays (arrays of numbers) or lists (arrays of strings or arrays). Keys,
    kinds and lengths are known without touching the file; an array, such as a vocabulary of 128 000 tokens, is read
    each time it is asked for. Two of them, or one and a dict, are equal if their keys and values are.
    """

    def __init__(self, core: Model) -> None:
        self._core = core
        self._path = core.files[0]
        self._entries = {entry.key: entry for entry in core.metadata}

    def __getitem__(self, key: str) -> Any:
        return self._value(key, None)

    def head(self, key: str, limit: int) -> Any:
        """The value, or the first `limit` entries of an array.

        Raises:
            KeyError: There is no such key.
            ValueError: The model is closed.
        """
        return self._value(key, limit)

    def listed(self, key: str, limit: int) -> Any:
        """The same with numbers of arrays in lists: NumPy is not loaded to show a few of them.

        Raises:
            KeyError: There is no such key.
            ValueError: The model is closed.
        """
        return self._value(key, limit, listed=True)

    def kind(self, key: str) -> str:
        """The stored type: `"uint32"`, `"string"`, `"array[float32]"`, ….

        Raises:
            KeyError: There is no such key.
        """
        return self._entries[key].kind

    def length(self, key: str) -> int:
        """Entries of an array; 1 for anything else.

        Raises:
            KeyError: There is no such key.
        """
        return self._entries[key].length

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __eq__(self, other: object) -> bool:
        return equal(dict(self), dict(other)) if isinstance(other, Mapping) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[type[Metadata], tuple[Model]]:
        return Metadata, (self._core,)  # read anew, from the file that is at the path by then

    def __repr__(self) -> str:
        return f"<Metadata: {len(self)} keys>"

    def _value(self, key: str, limit: int | None, *, listed: bool = False) -> Any:
        if key not in self._entries:
            raise KeyError(key)
        if self._core.closed:
            raise ValueError(f"{self._path}: the model is closed")
        return self._core.value(key, limit, listed)


def of_layer(value: Any, layer: int | None) -> Any:
    """The value for one layer, of a key that has one for all of them or an array; None where the array has none."""
    if value is None or isinstance(value, (int, float, str)):
        return value
    if isinstance(value, (list, np.ndarray)):
        return value[layer] if layer is not None and layer < len(value) else None
    return value


def as_count(value: Any) -> int | None:
    """A whole number from 0 on, of any integer type, or an array's boolean as 0 or 1; None for anything else."""
    if value is None or isinstance(value, (bool, float, str)):
        return None
    if not isinstance(value, int) and not isinstance(value, (np.integer, np.bool_)):
        return None
    return int(value) if 0 <= value <= LARGEST_COUNT else None


@cache
def _file_types() -> dict[int, str]:
    """`general.file_type` → label: 0 "F32", 15 "Q4_K_M", …, from the gguf package."""
    prefixes = ("MOSTLY_", "ALL_")
    return {
        int(member): next((member.name.removeprefix(p) for p in prefixes if member.name.startswith(p)), member.name)
        for member in gguf_constants().LlamaFileType
    }


def file_type_name(declared: object) -> str | None:
    """`"Q4_K_M"` for 15; `"unknown (99)"` for a number nobody knows, None for what is no number."""
    if isinstance(declared, bool) or not isinstance(declared, int):
        return None
    return _file_types().get(declared, f"unknown ({declared})")
