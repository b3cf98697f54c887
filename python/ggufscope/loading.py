"""Names that load their modules when they are first used: who needs one module of a room pays for no other.

A package takes a while to load, too, as NumPy does, and commands that only show what a header says need none of it:
`np = lazy("numpy")` in place of the import, beside one for type checkers.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def loader(room: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a package.

    Args:
        room: its `__name__`.
        homes: names → the modules below the package that define them.
    """

    def load(name: str) -> Any:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        value = getattr(import_module(f".{home}", room), name)
        setattr(sys.modules[room], name, value)
        return value

    return load


def lazy(name: str) -> Any:
    """The module of a name if it is loaded, otherwise a stand-in that loads it when somebody asks it for anything."""
    return sys.modules.get(name) or _Lazy(name)


class _Lazy:
    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(import_module(self._name), attribute)
        setattr(self, attribute, value)
        return value
