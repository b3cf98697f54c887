"""Names of a room that load their modules when they are first used: who needs one module of it pays for no other."""

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
